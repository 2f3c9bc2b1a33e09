//! Stories that are left to chance, which only depend on a number.

use std::fmt;
use std::str::FromStr;

use serde_json::{Value, json};
use towpath_core::pipeline::Pipeline;
use towpath_core::release::ScalingState;

use crate::dice::Dice;
use crate::pipelines;
use crate::story::{Story, simulate};

/// The longest tape of a story.
const LENGTH: usize = 700;

/// How many stories are told at most to make one shorter.
const ATTEMPTS: usize = 400;

/// A story that is left to chance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Random {
    /// Which pipeline it is about.
    pipeline: usize,
    tape: Vec<u8>,
}

/// The pipelines, each with the auto scaling that there is at first.
fn about(which: usize) -> (Pipeline, ScalingState) {
    let stages = [
        pipelines::rolling(),
        pipelines::codedeploy(),
        pipelines::native(),
    ];
    let engine = which % 3;
    let stage = || stages[engine].clone();
    let gate = if engine == 0 {
        "before_rollout"
    } else {
        "before_traffic"
    };
    let asked = |stage: Value| pipelines::approved(stage, gate);
    let pipeline = match which / 3 % 6 {
        0 => pipelines::of(json!([stage()])),
        1 => pipelines::of(json!([asked(stage())])),
        2 => pipelines::of(json!([pipelines::careful(asked(stage()))])),
        3 => pipelines::arriving(json!([asked(stage())]), "queue"),
        4 => pipelines::arriving(json!([asked(stage())]), "require_reapproval"),
        _ => pipelines::of(Value::Array(stages.to_vec())),
    };
    let bits = which / 18 % 8;
    let scaling = ScalingState {
        dynamic_in: bits & 1 > 0,
        dynamic_out: bits & 2 > 0,
        scheduled: bits & 4 > 0,
    };
    (pipeline, scaling)
}

impl Random {
    /// The story of a number.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut dice = Dice::seeded(seed, LENGTH + 2);
        let pipeline = dice.roll(256) + 256 * dice.roll(256);
        let length = LENGTH - usize::try_from(seed % 7).unwrap_or_default() * LENGTH / 8;
        let tape = (0..length).map(|_| u8::try_from(dice.roll(256)).unwrap_or_default());
        Self {
            pipeline,
            tape: tape.collect(),
        }
    }

    /// Tells it.
    #[must_use]
    pub fn tell(&self) -> Story {
        let (pipeline, scaling) = about(self.pipeline);
        simulate(pipeline, Dice::new(self.tape.clone()), scaling, None)
    }

    fn fails(&self) -> bool {
        !self.tell().violations().is_empty()
    }

    /// A story that fails, and has as few decisions as can be found soon.
    #[must_use]
    pub fn shrunk(mut self) -> Self {
        let mut attempts = 0;
        let mut size = self.tape.len() / 2;
        while size > 0 && attempts < ATTEMPTS {
            let mut at = 0;
            let mut shorter = false;
            while at < self.tape.len() && attempts < ATTEMPTS {
                let end = (at + size).min(self.tape.len());
                let mut without = self.clone();
                without.tape.drain(at..end);
                let mut kinder = self.clone();
                kinder.tape[at..end].fill(0);
                attempts += 1;
                if without.fails() {
                    self = without;
                    shorter = true;
                    continue;
                }
                attempts += 1;
                if kinder != self && kinder.fails() {
                    self = kinder;
                    shorter = true;
                }
                at = end;
            }
            if !shorter || size > 1 {
                size /= 2;
            }
        }
        self
    }
}

impl fmt::Display for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "random#{}:", self.pipeline)?;
        self.tape
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Random {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let told = text.strip_prefix("random#").unwrap_or(text);
        if let Ok(seed) = told.parse() {
            return Ok(Self::of(seed));
        }
        let (pipeline, tape) = told
            .split_once(':')
            .ok_or("a story is random#PIPELINE:TAPE")?;
        let pipeline = pipeline
            .parse()
            .map_err(|error| format!("{pipeline}: {error}"))?;
        let tape = hex::decode(tape).map_err(|error| format!("{tape}: {error}"))?;
        Ok(Self { pipeline, tape })
    }
}
