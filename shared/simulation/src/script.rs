//! Faults that are not left to chance: which call meets which fate.

use std::ops::RangeInclusive;

use jiff::{SignedDuration, Timestamp};

use crate::fate::Fate;

/// Some calls that meet a fate.
#[derive(Debug, Clone)]
pub struct Fault {
    which: Which,
    fate: Fate,
}

/// The calls that a fault is about.
#[derive(Debug, Clone)]
enum Which {
    /// Calls of an operation, counted from 1.
    Of {
        operation: &'static str,
        function: Option<&'static str>,
        calls: RangeInclusive<usize>,
    },
    /// One call of the whole story, counted from 1.
    Call(usize),
    /// Each call of an operation for some time, from that call of it on.
    Outage {
        operation: String,
        first: usize,
        lasts: SignedDuration,
    },
}

impl Fault {
    /// The first call of the operation meets the fate.
    #[must_use]
    pub fn of(operation: &'static str, fate: Fate) -> Self {
        let which = Which::Of {
            operation,
            function: None,
            calls: 1..=1,
        };
        Self { which, fate }
    }

    /// One call of the whole story meets it, counted from 1.
    #[must_use]
    pub fn at(call: usize, fate: Fate) -> Self {
        let which = Which::Call(call);
        Self { which, fate }
    }

    /// The operation is out for a time that begins with that call of it, counted from 1.
    #[must_use]
    pub fn outage(operation: &str, first: usize, lasts: SignedDuration, fate: Fate) -> Self {
        let operation = operation.to_owned();
        let which = Which::Outage {
            operation,
            first,
            lasts,
        };
        Self { which, fate }
    }

    /// Only calls of this function count.
    #[must_use]
    pub fn by(mut self, by: &'static str) -> Self {
        if let Which::Of { function, .. } = &mut self.which {
            *function = Some(by);
        }
        self
    }

    /// These calls meet it, counted from 1.
    #[must_use]
    pub fn calls(mut self, which: RangeInclusive<usize>) -> Self {
        if let Which::Of { calls, .. } = &mut self.which {
            *calls = which;
        }
        self
    }
}

/// Faults, and how many of the calls that they are about were made.
#[derive(Debug, Default)]
pub(crate) struct Script {
    faults: Vec<Written>,
    /// How many calls were made.
    made: usize,
}

/// A fault, with what was seen of its calls.
#[derive(Debug)]
struct Written {
    fault: Fault,
    made: usize,
    /// Until when an outage lasts that has begun.
    until: Option<Timestamp>,
}

impl Script {
    pub(crate) fn new(faults: &[Fault]) -> Self {
        let written = |fault: &Fault| Written {
            fault: fault.clone(),
            made: 0,
            until: None,
        };
        Self {
            faults: faults.iter().map(written).collect(),
            made: 0,
        }
    }

    /// Whether some call is answered with what was so before.
    pub(crate) fn is_stale_somewhere(&self) -> bool {
        self.faults.iter().any(|it| it.fault.fate == Fate::Stale)
    }

    /// How many calls were made.
    pub(crate) fn made(&self) -> usize {
        self.made
    }

    /// What a call meets, where that is written: the first fault that is about it decides.
    pub(crate) fn fate(&mut self, operation: &str, function: &str, now: Timestamp) -> Option<Fate> {
        self.made += 1;
        let mut fate = None;
        for written in &mut self.faults {
            if written.meets(self.made, operation, function, now) {
                fate = fate.or(Some(written.fault.fate));
            }
        }
        fate
    }
}

impl Written {
    /// Whether it is about this call, which counts.
    fn meets(&mut self, number: usize, operation: &str, function: &str, now: Timestamp) -> bool {
        match &self.fault.which {
            Which::Call(call) => *call == number,
            Which::Of {
                operation: of,
                function: by,
                calls,
            } => {
                if *of != operation || by.is_some_and(|by| by != function) {
                    return false;
                }
                self.made += 1;
                calls.contains(&self.made)
            }
            Which::Outage {
                operation: of,
                first,
                lasts,
            } => {
                if of != operation {
                    return false;
                }
                self.made += 1;
                if self.made >= *first {
                    now < *self.until.get_or_insert(now + *lasts)
                } else {
                    false
                }
            }
        }
    }
}
