//! Reading a name. What is no text gets the kind's own way out: a number has lost its leading zeros.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, Visitor};

use super::InvalidName;

/// A name of a kind, of which a text is read.
pub struct Name<T> {
    kind: &'static str,
    rule: &'static str,
    name: PhantomData<T>,
}

impl<T> Name<T> {
    pub fn new(kind: &'static str, rule: &'static str) -> Self {
        let name = PhantomData;
        Self { kind, rule, name }
    }
}

impl<T: TryFrom<String, Error = InvalidName>> Visitor<'_> for Name<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} as text: {}", self.kind, self.rule)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        self.visit_string(text.to_owned())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<T, E> {
        T::try_from(text).map_err(E::custom)
    }
}
