//! What others tell the world about listeners, and may ask.

use crate::{World, call::text, elb::TargetGroup};

/// Learns the target groups of a new service.
pub(crate) fn adopt_service(world: &mut World, arn: &str) {
    let Some(service) = world.ecs.services.get(arn) else {
        return;
    };
    let balancers = service
        .settings
        .get("loadBalancers")
        .and_then(|value| value.as_array())
        .cloned();
    for balancer in balancers.into_iter().flatten() {
        let alternate = balancer
            .get("advancedConfiguration")
            .and_then(|advanced| text(advanced, "alternateTargetGroupArn"));
        for group in [text(&balancer, "targetGroupArn"), alternate]
            .into_iter()
            .flatten()
        {
            if let Some(group) = TargetGroup::of_arn(group) {
                world.elb.learn(&group);
            }
        }
    }
}

impl World {
    /// Tells where a listener forwards to, as `CreateListener`, `ModifyListener` or a rule say:
    /// target group ARNs with weights. CodeDeploy and ECS shift these weights later on.
    pub fn forward(&mut self, listener_arn: &str, targets: &[(String, f64)]) {
        let weights: Vec<(TargetGroup, f64)> = targets
            .iter()
            .filter_map(|(arn, weight)| Some((TargetGroup::of_arn(arn)?, *weight)))
            .collect();
        for (group, _) in &weights {
            self.elb.learn(group);
        }
        self.elb.forward(listener_arn, &weights);
    }

    /// Where a listener forwards to now: target group ARNs with weights, for `DescribeListeners`.
    #[must_use]
    pub fn forwards(&self, listener_arn: &str) -> Vec<(String, f64)> {
        let routes = self
            .elb
            .by_arn
            .get(listener_arn)
            .map(|held| held.routes.as_slice());
        routes
            .unwrap_or_default()
            .iter()
            .map(|route| (route.group.arn(), route.weight))
            .collect()
    }
}
