//! Who must agree before a rollout starts, and in which approval channels they can.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Span;
use crate::names::SlackUser;

/// A gate that waits until enough of the named people have approved this very digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalGate {
    /// The Slack users who may decide, by id. Nobody else can, whatever they click; whoever is taken
    /// out decides no more, also about releases that are on their way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("examples" = [["U0123456789", "U0987654321"]]))]
    pub slack: Vec<SlackUser>,
    /// Whether a reply published to the deployer's SNS reply topic, with the token that the
    /// request carried, decides too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schemars(extend("examples" = [true]))]
    pub sns: bool,
    /// How many different people must approve; 1 by default. One rejection is enough to stop,
    /// also by somebody who has approved, until the rollout, or its traffic, is about to start; it
    /// cannot be taken back. A release asks as many as were required when it began.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    #[schemars(range(min = 1), extend("examples" = [2]))]
    pub required: u8,
    /// When people are asked: before anything is changed (the default), or when green is verified
    /// and production traffic is about to move.
    #[serde(default, skip_serializing_if = "ApprovalPoint::is_default")]
    #[schemars(extend("examples" = ["before_traffic"]))]
    pub when: ApprovalPoint,
    /// How long the request stays open; 24h by default. Then the release ends as expired.
    #[serde(default = "one_day")]
    #[schemars(extend("examples" = ["48h"]))]
    pub expires: Span,
}

/// When people are asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalPoint {
    /// Before anything is changed.
    #[default]
    BeforeRollout,
    /// When green is verified and production traffic is about to move. With `codedeploy` the
    /// deployment group must wait for it (`deploymentReadyOption` with `STOP_DEPLOYMENT`), with
    /// `ecs` the service must have a `PAUSE` hook at `POST_TEST_TRAFFIC_SHIFT`, or at
    /// `PRE_PRODUCTION_TRAFFIC_SHIFT`, where there are checks at `before_traffic`.
    BeforeTraffic,
}

impl ApprovalGate {
    /// How many may decide, in all approval channels.
    #[must_use]
    pub fn count_approvers(&self) -> usize {
        self.slack.len() + usize::from(self.sns)
    }
}

impl ApprovalPoint {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde's skip_serializing_if passes a reference"
    )]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

fn one() -> u8 {
    1
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if passes a reference"
)]
fn is_one(required: &u8) -> bool {
    *required == 1
}

fn one_day() -> Span {
    Span::from_seconds(86_400)
}
