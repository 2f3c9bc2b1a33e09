//! Calls of lifecycle hooks: by
//! [CodeDeploy](https://docs.aws.amazon.com/codedeploy/latest/userguide/tutorial-ecs-with-hooks-create-hooks.html)
//! and by
//! [ECS](https://docs.aws.amazon.com/AmazonECS/latest/developerguide/lambda-lifecycle-hooks.html)
//! itself.

use std::collections::BTreeMap;

use serde_json::Value;

use super::ReadError;
use super::arn::{EcsArn, EcsResource};
use super::fields::{Fields, kind};
use crate::names::DeploymentId;
use crate::pipeline::HookPoint;
use crate::release::ServiceId;

/// Longest id of a hook's execution in bytes. CodeDeploy sends some 300, encrypted.
const MAX_EXECUTION_LEN: usize = 2_048;

/// Most service revisions that share traffic in one call; there are two.
const MAX_WEIGHTS: usize = 16;

/// A deployment asks whether it may go on.
#[derive(Debug, Clone, PartialEq)]
pub enum Hook {
    /// CodeDeploy asks, without saying at which lifecycle event: `GetDeploymentTarget` tells.
    CodeDeploy {
        deployment: DeploymentId,
        /// What the answer has to carry.
        execution: String,
    },
    /// ECS asks.
    Ecs(Box<EcsHook>),
}

/// ECS asks, in the course of a native blue/green, linear or canary deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct EcsHook {
    /// The stage that the deployment is in.
    pub stage: LifecycleStage,
    pub service: ServiceId,
    /// The ARN of the service revision that is being deployed: green. During a rollback, too.
    pub target_revision: String,
    /// The ARN of the service deployment. `None` in the flat form of the payload, which older
    /// documentation shows.
    pub deployment: Option<DeploymentId>,
    /// The id of this execution, for the log. `None` in the flat form.
    pub execution: Option<String>,
    /// How the test traffic is shared, in percent by service revision.
    pub test_traffic: BTreeMap<String, f64>,
    /// How the production traffic is shared, in percent by service revision.
    pub production_traffic: BTreeMap<String, f64>,
}

/// A stage of a native deployment:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentLifecycleHook.html>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LifecycleStage {
    /// More than one service revision was active when the deployment began.
    ReconcileService,
    /// Green has not been started.
    PreScaleUp,
    /// Green runs, without traffic.
    PostScaleUp,
    /// Test traffic moves to green.
    TestTrafficShift,
    /// Test traffic is on green.
    PostTestTrafficShift,
    /// Production traffic is about to move, by one step where it moves in steps.
    PreProductionTrafficShift,
    /// Production traffic moves to green, by one step where it moves in steps.
    ProductionTrafficShift,
    /// Production traffic is on green.
    PostProductionTrafficShift,
    /// A stage that Towpath does not know: the text that came, empty where none did.
    Unknown(String),
}

impl LifecycleStage {
    fn of(text: &str) -> Self {
        match text {
            "RECONCILE_SERVICE" => Self::ReconcileService,
            "PRE_SCALE_UP" => Self::PreScaleUp,
            "POST_SCALE_UP" => Self::PostScaleUp,
            "TEST_TRAFFIC_SHIFT" => Self::TestTrafficShift,
            "POST_TEST_TRAFFIC_SHIFT" => Self::PostTestTrafficShift,
            "PRE_PRODUCTION_TRAFFIC_SHIFT" => Self::PreProductionTrafficShift,
            "PRODUCTION_TRAFFIC_SHIFT" => Self::ProductionTrafficShift,
            "POST_PRODUCTION_TRAFFIC_SHIFT" => Self::PostProductionTrafficShift,
            other => Self::Unknown(crate::message::one_line(other, 80)),
        }
    }

    /// The point at which a rollout's checks run here; `None` where none do.
    #[must_use]
    pub fn point(&self) -> Option<HookPoint> {
        match self {
            Self::PreScaleUp => Some(HookPoint::BeforeInstall),
            Self::PostScaleUp => Some(HookPoint::AfterInstall),
            Self::PostTestTrafficShift => Some(HookPoint::AfterTestTraffic),
            Self::PreProductionTrafficShift => Some(HookPoint::BeforeTraffic),
            Self::PostProductionTrafficShift => Some(HookPoint::AfterTraffic),
            Self::ReconcileService
            | Self::TestTrafficShift
            | Self::ProductionTrafficShift
            | Self::Unknown(_) => None,
        }
    }
}

impl EcsHook {
    /// Whether this call is part of a rollback, which must not be held up.
    ///
    /// ECS calls the hooks of the two shifting stages again while it rolls back, with green still
    /// as the target, and says no more about it than that green gets nothing and another revision
    /// gets something. At the other stages such weights are what a deployment begins with.
    #[must_use]
    pub fn is_rollback(&self) -> bool {
        let weights = match &self.stage {
            LifecycleStage::TestTrafficShift => &self.test_traffic,
            LifecycleStage::ProductionTrafficShift => &self.production_traffic,
            LifecycleStage::ReconcileService
            | LifecycleStage::PreScaleUp
            | LifecycleStage::PostScaleUp
            | LifecycleStage::PostTestTrafficShift
            | LifecycleStage::PreProductionTrafficShift
            | LifecycleStage::PostProductionTrafficShift
            | LifecycleStage::Unknown(_) => return false,
        };
        let green = weights.get(&self.target_revision).copied();
        green == Some(0.0) && weights.values().any(|weight| *weight > 0.0)
    }
}

/// Reads what a hook function is called with.
///
/// # Errors
/// [`ReadError::Malformed`] for anything but a call of a hook.
pub fn read(payload: &Value) -> Result<Hook, ReadError> {
    let fields = Fields::of(payload, "the payload")?;
    let by_code_deploy = fields.has("DeploymentId") || fields.has("LifecycleEventHookExecutionId");
    let by_ecs = fields.has("executionDetails") || fields.has("targetServiceRevisionArn");
    match (by_code_deploy, by_ecs) {
        (true, false) => Ok(Hook::CodeDeploy {
            deployment: fields.name("DeploymentId")?,
            execution: execution(&fields, "LifecycleEventHookExecutionId")?
                .ok_or_else(|| fields.lacks("LifecycleEventHookExecutionId"))?,
        }),
        (false, true) => Ok(Hook::Ecs(Box::new(ecs(&fields)?))),
        (true, true) => Err(ReadError::malformed(
            "the payload is a hook's of CodeDeploy and of ECS at once",
        )),
        (false, false) => Err(ReadError::malformed(
            "the payload is neither a hook's of CodeDeploy nor of ECS",
        )),
    }
}

fn ecs(fields: &Fields<'_>) -> Result<EcsHook, ReadError> {
    let details = if fields.has("executionDetails") {
        fields.object("executionDetails")?
    } else {
        fields.clone()
    };
    let target_revision = details.text("targetServiceRevisionArn")?;
    let stage = fields.optional_text("lifecycleStage")?.unwrap_or_default();
    let service = service(&details, target_revision)?;
    Ok(EcsHook {
        stage: LifecycleStage::of(stage),
        deployment: deployment(fields, &service)?,
        service,
        target_revision: target_revision.to_owned(),
        execution: execution(fields, "executionId")?,
        test_traffic: weights(&details, "testTrafficWeights")?,
        production_traffic: weights(&details, "productionTrafficWeights")?,
    })
}

/// The service, in the cluster that the revision's ARN names: the service's own may be of the old
/// form, without it.
fn service(details: &Fields<'_>, revision: &str) -> Result<ServiceId, ReadError> {
    let revision = EcsArn::read(revision)?;
    let service = EcsArn::read(details.text("serviceArn")?)?;
    let EcsResource::ServiceRevision(cluster, of_service) = revision.resource else {
        return Err(details.broken("targetServiceRevisionArn", &"not a service revision"));
    };
    let EcsResource::Service(named, name) = service.resource else {
        return Err(details.broken("serviceArn", &"not a service"));
    };
    let agree = service.account == revision.account
        && service.region == revision.region
        && name == of_service
        && named.is_none_or(|named| named == cluster);
    if !agree {
        return Err(details.broken(
            "targetServiceRevisionArn",
            &"a revision of another service than serviceArn",
        ));
    }
    Ok(ServiceId {
        account: service.account,
        region: service.region,
        cluster,
        service: name,
    })
}

fn deployment(fields: &Fields<'_>, service: &ServiceId) -> Result<Option<DeploymentId>, ReadError> {
    let Some(text) = fields.optional_text("resourceArn")? else {
        return Ok(None);
    };
    match EcsArn::read(text)?.resource {
        EcsResource::ServiceDeployment(cluster, name)
            if cluster == service.cluster && name == service.service =>
        {
            fields.name("resourceArn").map(Some)
        }
        EcsResource::ServiceDeployment(..)
        | EcsResource::ServiceRevision(..)
        | EcsResource::Service(..) => {
            Err(fields.broken("resourceArn", &"not a deployment of this service"))
        }
    }
}

fn weights(details: &Fields<'_>, key: &str) -> Result<BTreeMap<String, f64>, ReadError> {
    let Some(value) = details.value(key) else {
        return Ok(BTreeMap::new());
    };
    let Value::Object(map) = value else {
        return Err(details.broken(key, &format!("{}, not an object", kind(value))));
    };
    if map.len() > MAX_WEIGHTS {
        return Err(details.broken(key, &format!("more than {MAX_WEIGHTS} revisions")));
    }
    map.iter()
        .map(|(revision, weight)| match weight.as_f64() {
            Some(percent) if (0.0..=100.0).contains(&percent) => Ok((revision.clone(), percent)),
            Some(_) | None => Err(details.broken(key, &"a weight that is not from 0 to 100")),
        })
        .collect()
}

fn execution(fields: &Fields<'_>, key: &str) -> Result<Option<String>, ReadError> {
    let Some(text) = fields.optional_text(key)? else {
        return Ok(None);
    };
    if text.len() <= MAX_EXECUTION_LEN && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(Some(text.to_owned()))
    } else {
        Err(fields.broken(key, &"not the id of an execution"))
    }
}

#[cfg(test)]
mod tests;
