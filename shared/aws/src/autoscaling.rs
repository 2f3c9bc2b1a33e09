//! Application Auto Scaling of ECS services.

use std::time::Duration;

use aws_sdk_applicationautoscaling::types::{ScalableDimension, ServiceNamespace, SuspendedState};
use towpath_core::release::{Place, ScalableTarget, ScalingState};
use towpath_deployer::backoff::pauses;
use towpath_deployer::ports::{AutoScaling, CallError};

use crate::aws::Aws;
use crate::call::{classify, failed};

const DESCRIBE: &str = "application-autoscaling:DescribeScalableTargets";
const REGISTER: &str = "application-autoscaling:RegisterScalableTarget";

/// How often a change is tried again while another one is being made.
const MORE_TRIES: usize = 3;
/// The shortest pause before.
const PAUSE: Duration = Duration::from_millis(200);

impl AutoScaling for Aws {
    async fn scaling(&self, place: &Place) -> Result<Option<ScalableTarget>, CallError> {
        let set = self.clients().at(place).await?;
        let answer = set
            .autoscaling()
            .describe_scalable_targets()
            .service_namespace(ServiceNamespace::Ecs)
            .resource_ids(resource_id(place))
            .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
            .send()
            .await
            .map_err(failed(DESCRIBE))?;
        let target = answer
            .scalable_targets
            .unwrap_or_default()
            .into_iter()
            .next();
        Ok(target.map(|target| ScalableTarget {
            state: state_of(target.suspended_state.as_ref()),
            least: bound(target.min_capacity),
            most: bound(target.max_capacity),
        }))
    }

    async fn set_scaling(&self, place: &Place, state: ScalingState) -> Result<(), CallError> {
        let set = self.clients().at(place).await?;
        let mut pauses = pauses(PAUSE, MORE_TRIES);
        loop {
            // Without minimum and maximum, which stay as they are. All three flags, because what is
            // left out of a suspended state counts as not suspended.
            let sent = set
                .autoscaling()
                .register_scalable_target()
                .service_namespace(ServiceNamespace::Ecs)
                .resource_id(resource_id(place))
                .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
                .suspended_state(suspended(state))
                .send()
                .await;
            let Err(error) = sent else {
                return Ok(());
            };
            let busy = error
                .as_service_error()
                .is_some_and(|error| error.is_concurrent_update_exception());
            let error = classify(REGISTER, &error);
            if !busy {
                return Err(error);
            }
            let Some(pause) = pauses.next() else {
                return Err(CallError::NotDone {
                    operation: REGISTER,
                    message: error.to_string(),
                });
            };
            tokio::time::sleep(pause).await;
        }
    }
}

/// No count of tasks is negative.
fn bound(capacity: i32) -> u32 {
    u32::try_from(capacity).unwrap_or_default()
}

fn resource_id(place: &Place) -> String {
    format!(
        "service/{}/{}",
        place.service.cluster, place.service.service
    )
}

fn suspended(state: ScalingState) -> SuspendedState {
    SuspendedState::builder()
        .dynamic_scaling_in_suspended(state.dynamic_in)
        .dynamic_scaling_out_suspended(state.dynamic_out)
        .scheduled_scaling_suspended(state.scheduled)
        .build()
}

fn state_of(state: Option<&SuspendedState>) -> ScalingState {
    let flag = |read: fn(&SuspendedState) -> Option<bool>| state.and_then(read).unwrap_or(false);
    ScalingState {
        dynamic_in: flag(SuspendedState::dynamic_scaling_in_suspended),
        dynamic_out: flag(SuspendedState::dynamic_scaling_out_suspended),
        scheduled: flag(SuspendedState::scheduled_scaling_suspended),
    }
}
