//! Faults that are not left to chance: which call meets which fate.

use std::ops::RangeInclusive;

use crate::simulation::Fate;

/// Some calls that meet a fate.
#[derive(Debug, Clone)]
pub struct Fault {
    operation: &'static str,
    function: Option<&'static str>,
    /// Which of the calls, counted from 1.
    calls: RangeInclusive<usize>,
    fate: Fate,
}

impl Fault {
    /// The first call of the operation meets the fate.
    #[must_use]
    pub fn of(operation: &'static str, fate: Fate) -> Self {
        Self {
            operation,
            function: None,
            calls: 1..=1,
            fate,
        }
    }

    /// Only calls of this function count.
    #[must_use]
    pub fn by(self, function: &'static str) -> Self {
        let function = Some(function);
        Self { function, ..self }
    }

    /// These calls meet it, counted from 1.
    #[must_use]
    pub fn calls(self, calls: RangeInclusive<usize>) -> Self {
        Self { calls, ..self }
    }
}

/// Faults, and how many of the calls that they are about were made.
#[derive(Debug, Default)]
pub(crate) struct Script {
    faults: Vec<(Fault, usize)>,
}

impl Script {
    pub(crate) fn new(faults: &[Fault]) -> Self {
        let faults = faults.iter().map(|fault| (fault.clone(), 0)).collect();
        Self { faults }
    }

    /// What a call meets, where that is written: the first fault that is about it decides.
    pub(crate) fn fate(&mut self, operation: &str, function: &str) -> Option<Fate> {
        let mut fate = None;
        for (fault, made) in &mut self.faults {
            let of_function = fault.function.is_none_or(|it| it == function);
            if fault.operation == operation && of_function {
                *made += 1;
                if fault.calls.contains(made) {
                    fate = fate.or(Some(fault.fate));
                }
            }
        }
        fate
    }
}
