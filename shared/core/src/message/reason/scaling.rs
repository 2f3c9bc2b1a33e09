//! What of auto scaling people are told, and what they have to do themselves.

use crate::release::{ActionKind, ScalableTarget, ScalingState, ServiceId};

impl ScalableTarget {
    /// What people should know of that; `None` where it is not so.
    #[must_use]
    pub fn forced(&self, desired: u32) -> Option<String> {
        let within = self.forced_from(desired)?;
        Some(format!(
            "the service wants {desired} tasks, its scalable target is for {} to {}, and AWS would change that to {within} with any call about the target",
            self.least, self.most
        ))
    }

    /// That it was left as it was found, for people, where it was to be suspended or put back.
    #[must_use]
    pub fn left(&self, desired: u32, restoring: bool) -> String {
        let forced = self.forced(desired).unwrap_or_default();
        match restoring {
            true => format!("could not {}: {forced}", ActionKind::RestoreScaling),
            false => format!("auto scaling is not suspended: {forced}"),
        }
    }

    /// From when on a call about the target leaves the desired count as it is; `None` where it does
    /// now.
    #[must_use]
    pub fn once(&self, desired: u32) -> Option<String> {
        let within = self.forced_from(desired)?;
        let bound = if within > desired { "least" } else { "most" };
        Some(format!("once the service wants at {bound} {within} tasks"))
    }

    /// How the target is set to that, for whoever has to do it themselves: a command, and when it
    /// may be run.
    #[must_use]
    pub fn way_to(&self, state: ScalingState, desired: u32, service: &ServiceId) -> String {
        let command = state.command(service);
        match self.once(desired) {
            Some(once) => format!("{once}, run `{command}`"),
            None => format!("run `{command}`"),
        }
    }
}

impl ScalingState {
    /// The command that sets the service's scalable target to this, for whoever has to do it
    /// themselves: <https://docs.aws.amazon.com/cli/latest/reference/application-autoscaling/register-scalable-target.html>.
    #[must_use]
    pub fn command(self, service: &ServiceId) -> String {
        let Self {
            dynamic_in,
            dynamic_out,
            scheduled,
        } = self;
        let ServiceId {
            account: _,
            region,
            cluster,
            service,
        } = service;
        format!(
            "aws application-autoscaling register-scalable-target --region {region} \
             --service-namespace ecs --scalable-dimension ecs:service:DesiredCount \
             --resource-id service/{cluster}/{service} --suspended-state \
             DynamicScalingInSuspended={dynamic_in},DynamicScalingOutSuspended={dynamic_out},\
             ScheduledScalingSuspended={scheduled}"
        )
    }
}
