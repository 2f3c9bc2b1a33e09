//! How a pushed image behaves once it runs. A behaviour belongs to the image's digest; whatever
//! task runs the digest inherits it.

use std::str::FromStr;

/// What the containers of an image do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Behaviour {
    /// Starts, stays up, answers 200.
    #[default]
    Healthy,
    /// Starts, stays up, answers 500.
    UnhealthyGreen,
    /// Starts and exits with code 1.
    CrashLoop,
    /// Starts, stays up, answers 200 after three seconds.
    Slow,
    /// Answers 200 on a test listener and 500 once it has production traffic.
    DegradesAfterShift,
}

/// A behaviour that nobody knows.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error(
    "unknown behaviour '{0}': use healthy, unhealthy-green, crash-loop, slow or degrades-after-shift"
)]
pub struct UnknownBehaviour(String);

impl Behaviour {
    /// The name used in requests and overviews.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::UnhealthyGreen => "unhealthy-green",
            Self::CrashLoop => "crash-loop",
            Self::Slow => "slow",
            Self::DegradesAfterShift => "degrades-after-shift",
        }
    }
}

impl FromStr for Behaviour {
    type Err = UnknownBehaviour;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        [
            Self::Healthy,
            Self::UnhealthyGreen,
            Self::CrashLoop,
            Self::Slow,
            Self::DegradesAfterShift,
        ]
        .into_iter()
        .find(|behaviour| behaviour.name() == name)
        .ok_or_else(|| UnknownBehaviour(name.to_owned()))
    }
}
