//! A deployment and the lifecycle events it goes through.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use super::{
    appspec::AppSpec,
    event::{Event, Lifecycle},
    traffic::Traffic,
};
use crate::{
    World,
    call::{ApiError, Call, Place},
    elb::TargetGroup,
};

/// `status` of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Created,
    InProgress,
    Ready,
    Succeeded,
    Failed,
    Stopped,
}

impl Status {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Created => "Created",
            Self::InProgress => "InProgress",
            Self::Ready => "Ready",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Stopped => "Stopped",
        }
    }

    pub(super) fn is_over(self) -> bool {
        match self {
            Self::Succeeded | Self::Failed | Self::Stopped => true,
            Self::Created | Self::InProgress | Self::Ready => false,
        }
    }
}

/// Where a deployment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Not begun.
    Queued,
    /// In this lifecycle event.
    At(Event),
    /// Waits to be told that traffic may shift.
    ReadyWait,
    /// All traffic has shifted; the original still runs.
    TerminationWait,
    /// The rollback of another deployment is under way.
    RollingBack,
    Over,
}

/// Who made a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Creator {
    User,
    Rollback,
}

impl Creator {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Rollback => "codeDeployRollback",
        }
    }
}

/// `rollbackInfo`: the deployment that rolls this one back, or the one that this one rolls back.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum RollbackInfo {
    RolledBackBy(String),
    RollsBack(String),
}

/// Which endings are rolled back.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct AutoRollback {
    /// As configured, for Describe.
    pub(super) configured: Value,
    pub(super) on_failure: bool,
    pub(super) on_alarm: bool,
    pub(super) on_request: bool,
}

#[derive(Debug)]
pub(super) struct Deployment {
    pub(super) id: String,
    /// Position in the order of creation.
    pub(super) number: u64,
    pub(super) place: Place,
    pub(super) application: String,
    pub(super) group: String,
    pub(super) group_id: String,
    pub(super) config: String,
    pub(super) traffic: Traffic,
    pub(super) creator: Creator,
    pub(super) description: Option<String>,
    pub(super) content: String,
    pub(super) sha256: String,
    pub(super) previous_sha256: Option<String>,
    pub(super) spec: AppSpec,
    pub(super) status: Status,
    pub(super) stage: Stage,
    pub(super) error: Option<(&'static str, String)>,
    pub(super) created_at: Timestamp,
    pub(super) started_at: Option<Timestamp>,
    pub(super) completed_at: Option<Timestamp>,
    pub(super) updated_at: Timestamp,
    /// ARN of the ECS service.
    pub(super) service: String,
    pub(super) original: Option<String>,
    pub(super) replacement: Option<String>,
    pub(super) blue: TargetGroup,
    pub(super) green: TargetGroup,
    pub(super) production: Vec<String>,
    pub(super) test: Vec<String>,
    /// Percent of production traffic that the replacement has.
    pub(super) green_share: u64,
    pub(super) lifecycle: Vec<Lifecycle>,
    /// The roles that have looked at the target since the function of the present event was called.
    pub(super) looked: BTreeSet<String>,
    pub(super) rollback: AutoRollback,
    pub(super) rollback_info: Option<RollbackInfo>,
    pub(super) alarms: Vec<String>,
    pub(super) override_alarms: Option<Value>,
    /// Parts of the group's settings as they were when it was created.
    pub(super) blue_green: Value,
    pub(super) style: Value,
    pub(super) balancers: Value,
    pub(super) termination_started: bool,
}

impl Deployment {
    /// Minutes to wait for ContinueDeployment before traffic shifts, when the group wants that.
    pub(super) fn ready_wait(&self) -> Option<u64> {
        let option = self.blue_green.get("deploymentReadyOption")?;
        (crate::call::text(option, "actionOnTimeout") == Some("STOP_DEPLOYMENT")).then(|| {
            option
                .get("waitTimeInMinutes")
                .and_then(Value::as_u64)
                .unwrap_or_default()
        })
    }

    /// Minutes that the original lives on after the shift; `None`: it is kept.
    pub(super) fn termination_wait(&self) -> Option<u64> {
        let option = self
            .blue_green
            .get("terminateBlueInstancesOnDeploymentSuccess");
        let action = option.and_then(|option| crate::call::text(option, "action"));
        let wait = option
            .and_then(|option| option.get("terminationWaitTimeInMinutes"))
            .and_then(Value::as_u64)
            .unwrap_or_default();
        (action != Some("KEEP_ALIVE")).then_some(wait)
    }

    pub(super) fn hook(&self, event: Event) -> Option<&str> {
        let found = self.spec.hooks.iter().find(|(held, _)| *held == event);
        found.map(|(_, function)| function.as_str())
    }

    pub(super) fn event_mut(&mut self, event: Event) -> Option<&mut Lifecycle> {
        self.lifecycle.iter_mut().find(|held| held.event == event)
    }

    /// `<cluster>:<service>`.
    pub(super) fn target_id(&self) -> String {
        let resource = self
            .service
            .split_once(":service/")
            .map_or("", |(_, resource)| resource);
        resource.replacen('/', ":", 1)
    }
}

/// The deployment that a call names, in the caller's account and region.
pub(super) fn find<'a>(world: &'a World, call: &Call) -> Result<&'a Deployment, ApiError> {
    let id = call.str("deploymentId").unwrap_or_default();
    if id.is_empty() {
        return Err(ApiError::new(
            "DeploymentIdRequiredException",
            "Deployment id must be specified",
        ));
    }
    let tail = id.strip_prefix("d-").unwrap_or_default();
    if tail.is_empty()
        || !tail
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    {
        return Err(ApiError::new(
            "InvalidDeploymentIdException",
            format!("Invalid deployment id: {id}"),
        ));
    }
    world
        .codedeploy
        .deployments
        .get(id)
        .filter(|held| held.place == call.place())
        .ok_or_else(|| {
            ApiError::new(
                "DeploymentDoesNotExistException",
                format!("The deployment {id} could not be found"),
            )
        })
}
