//! A checked newtype for a name that a file or an event may carry, so that hostile text is refused
//! once, at the edge, and never travels further: [`name!`](crate::name) makes one.

mod partition;
#[doc(hidden)]
pub mod read;

pub use partition::Partition;

/// A name that breaks the rules of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{shown}` is not {kind}: use {rule}")]
pub struct InvalidName {
    shown: String,
    kind: &'static str,
    rule: &'static str,
}

impl InvalidName {
    /// The text is not of the kind, such as `a pipeline name`; the rule says what is.
    #[must_use]
    pub fn new(text: &str, kind: &'static str, rule: &'static str) -> Self {
        let shown = crate::repeated(text);
        Self { shown, kind, rule }
    }

    /// What is wrong, without the way out.
    #[must_use]
    pub fn problem(&self) -> String {
        format!("`{}` is not {}", self.shown, self.kind)
    }

    /// What to write instead.
    #[must_use]
    pub fn help(&self) -> String {
        format!("use {}", self.rule)
    }
}

/// Makes a kind of name: its documentation, its type, what it is called, what is to be written, whether
/// a text is one, and the pattern that says the same in a schema, if a pattern can.
#[macro_export]
macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $rule:literal, $valid:expr $(, $pattern:literal)?) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize)]
        #[serde(into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl ::std::convert::TryFrom<String> for $name {
            type Error = $crate::names::InvalidName;

            fn try_from(text: String) -> Result<Self, $crate::names::InvalidName> {
                let valid: fn(&str) -> bool = $valid;
                if valid(&text) {
                    Ok(Self(text))
                } else {
                    Err($crate::names::InvalidName::new(&text, $kind, $rule))
                }
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                from.deserialize_string($crate::names::read::Name::new($kind, $rule))
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::names::InvalidName;

            fn from_str(text: &str) -> Result<Self, $crate::names::InvalidName> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl ::schemars::JsonSchema for $name {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                // The pattern lets an editor tell before `towpath lint` does.
                ::schemars::json_schema!({
                    "type": "string",
                    "description": concat!($kind, ": ", $rule)
                    $(, "pattern": $pattern)?
                })
            }
        }
    };
}

name!(
    /// An AWS account id.
    AccountId,
    "an AWS account id",
    "12 digits, in quotes (as a number it loses its leading zeros)",
    |t| t.len() == 12 && t.bytes().all(|b| b.is_ascii_digit()),
    r"^[0-9]{12}$"
);
name!(
    /// An AWS region code, such as `eu-west-1`.
    Region,
    "an AWS region",
    "a region code such as eu-west-1",
    |t| (5..=32).contains(&t.len())
        && t.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-')),
    r"^[a-z0-9-]{5,32}$"
);

/// Whether a text begins so, in whatever capitals.
pub fn begins(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}
