//! What a rollout would do, read from AWS just before it does it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use towpath_taskdef::image::Platform;

use super::{Block, DifferentPlaces, Remark, RollbackImpossible, ServiceId, ServiceRow};
use crate::names::{ContainerName, Fingerprint, ParameterName, TaskDefinitionArn};

/// What a rollout would do: which revision it starts from, what would be registered, and what has
/// to be put back afterwards. It holds no task definition, since those may carry secrets: a
/// revision is immutable, so its ARN and the changes describe the result exactly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The revision that the service runs now.
    pub previous: TaskDefinitionArn,
    /// What the new revision is rendered from.
    pub base: BaseRevision,
    /// The fingerprint of the rendered task definition: what an approval is bound to.
    pub spec: Fingerprint,
    /// An active revision that already says exactly what would be registered, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reuse: Option<TaskDefinitionArn>,
    pub images: Vec<ImageChange>,
    /// What the image is for, as far as it is known.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub platforms: BTreeSet<Platform>,
    /// How many tasks the service wants.
    pub desired_count: u32,
    /// The service's scalable target as it was found, if there is one, and the stage suspends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scaling: Option<ScalableTarget>,
    /// Where CodeDeploy sends traffic; `None` for engines that need no telling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<DeploymentTarget>,
    /// How many minutes the service's own configuration takes for shifting and baking, which the
    /// rollout gets besides its time.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub paced_minutes: u32,
    /// For how many minutes at most the deployment waits before traffic moves; `None` when it does
    /// not wait, or for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_minutes: Option<u32>,
    /// What people should know of how the service is set up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<Remark>,
    /// Why what runs now could not be brought back, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cannot_roll_back: Option<RollbackImpossible>,
    /// Where what runs differs from what Towpath left, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<DifferentPlaces>,
    /// Why the image may not be rolled out, if it was vetoed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub veto: Option<Block>,
    /// Fields of the task definition that this version does not know. They are kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown_fields: Vec<String>,
    /// The service's row in the ledger when the plan was made.
    pub service: ServiceRow,
}

impl Plan {
    /// What is suspended of the scalable target, if more of it is to be: one that is suspended
    /// altogether gets no call, and neither does one that AWS would scale for it.
    #[must_use]
    pub fn suspends(&self) -> Option<ScalingState> {
        let target = self.scaling?;
        let state = target.state;
        (state != ScalingState::SUSPENDED && target.forced_from(self.desired_count).is_none())
            .then_some(state)
    }

    /// Whether the service already runs what would be deployed.
    #[must_use]
    pub fn runs_already(&self) -> bool {
        self.reuse.as_ref() == Some(&self.previous)
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if passes a reference"
)]
fn is_zero(minutes: &u32) -> bool {
    *minutes == 0
}

/// What a new revision is rendered from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BaseRevision {
    /// An immutable revision.
    Revision(TaskDefinitionArn),
    /// One version of a template in SSM.
    Parameter {
        /// The parameter's name.
        name: ParameterName,
        version: i64,
    },
}

/// One container's image, before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageChange {
    pub container: ContainerName,
    /// The image it has in the base.
    pub from: String,
    /// The image it gets, by digest.
    pub to: String,
}

/// The scalable target of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScalableTarget {
    /// What is suspended of it.
    #[serde(flatten)]
    pub state: ScalingState,
    /// The least number of tasks.
    #[serde(default)]
    pub least: u32,
    /// The greatest number of tasks.
    #[serde(default = "any_number")]
    pub most: u32,
}

/// The bound of a target whose bounds were not written down.
fn any_number() -> u32 {
    u32::MAX
}

impl ScalableTarget {
    /// To what AWS changes the desired count at each registration of the target, whatever it is for,
    /// if the count is outside of the bounds:
    /// <https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html>.
    #[must_use]
    pub fn forced_from(&self, desired: u32) -> Option<u32> {
        let within = desired.max(self.least).min(self.most);
        (within != desired).then_some(within)
    }

    /// What people should know before the service is rolled out to.
    #[must_use]
    pub fn remark(&self, desired: u32, service: &ServiceId) -> Option<Remark> {
        if self.state == ScalingState::SUSPENDED {
            return Some(Remark::ScalingSuspended {
                target: *self,
                desired,
                service: service.clone(),
            });
        }
        let forced = self.forced_from(desired).is_some();
        forced.then_some(Remark::ScalingLeft {
            target: *self,
            desired,
        })
    }
}

/// Which parts of a service's auto scaling are suspended:
/// <https://docs.aws.amazon.com/autoscaling/application/APIReference/API_SuspendedState.html>.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScalingState {
    /// Whether scaling in by a policy is suspended.
    pub dynamic_in: bool,
    /// Whether scaling out by a policy is suspended.
    pub dynamic_out: bool,
    /// Whether scheduled scaling is suspended.
    pub scheduled: bool,
}

impl ScalingState {
    /// Everything suspended.
    pub const SUSPENDED: Self = Self {
        dynamic_in: true,
        dynamic_out: true,
        scheduled: true,
    };
}

/// What CodeDeploy is told of the service, read from the service itself: an AppSpec that still
/// names the revision that runs now.
/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-resources.html#reference-appspec-file-structure-resources-ecs>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeploymentTarget(pub Value);
