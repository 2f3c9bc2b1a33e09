//! The kinds of writers: which functions write, and people.

use std::fmt;
use std::str::FromStr;

/// A kind of writer, each with a key of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Writer {
    /// The function that pushes wake.
    ImagePush,
    /// The function that people's decisions reach.
    Approval,
    /// The function that AWS's reports of deployments reach.
    DeploymentEvent,
    /// The function that finds what got lost.
    Sweeper,
    /// The function that drives releases.
    Advance,
    /// People with the command line.
    Operator,
}

impl Writer {
    pub const ALL: [Self; 6] = [
        Self::ImagePush,
        Self::Approval,
        Self::DeploymentEvent,
        Self::Sweeper,
        Self::Advance,
        Self::Operator,
    ];

    /// The name: the function's, as `infra/functions.json` has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ImagePush => "image-push",
            Self::Approval => "approval",
            Self::DeploymentEvent => "deployment-event",
            Self::Sweeper => "sweeper",
            Self::Advance => "advance",
            Self::Operator => "operator",
        }
    }
}

impl fmt::Display for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no kind of writer's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no kind of writer: it is image-push, approval, deployment-event, sweeper, advance or operator"
)]
pub struct NoWriter(String);

impl FromStr for Writer {
    type Err = NoWriter;

    fn from_str(text: &str) -> Result<Self, NoWriter> {
        let named = Self::ALL.into_iter().find(|writer| writer.name() == text);
        named.ok_or_else(|| NoWriter(text.to_owned()))
    }
}
