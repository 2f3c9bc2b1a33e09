//! Listeners and where they send requests: the weights that CodeDeploy and ECS shift.

use std::collections::BTreeMap;

use crate::{
    World,
    call::{Place, text},
};

/// A target group by name, since CodeDeploy names them and ECS gives their ARN.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TargetGroup {
    pub(crate) place: Place,
    pub(crate) name: String,
    /// The part of the ARN after the name; it does not distinguish.
    suffix: String,
}

impl TargetGroup {
    /// From `arn:aws:elasticloadbalancing:<region>:<account>:targetgroup/<name>/<id>`.
    pub(crate) fn of_arn(arn: &str) -> Option<Self> {
        let place = Place::of_arn(arn)?;
        let (_, rest) = arn.split_once(":targetgroup/")?;
        let (name, suffix) = rest.split_once('/').unwrap_or((rest, ""));
        Some(Self {
            place,
            name: name.to_owned(),
            suffix: suffix.to_owned(),
        })
    }

    pub(crate) fn named(place: &Place, name: &str) -> Self {
        Self {
            place: place.clone(),
            name: name.to_owned(),
            suffix: String::new(),
        }
    }

    pub(crate) fn arn(&self) -> String {
        let resource = if self.suffix.is_empty() {
            format!("targetgroup/{}", self.name)
        } else {
            format!("targetgroup/{}/{}", self.name, self.suffix)
        };
        self.place.arn("elasticloadbalancing", &resource)
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        self.place == other.place && self.name == other.name
    }
}

/// What a listener is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Production,
    Test,
}

#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) role: Role,
    pub(crate) routes: Vec<Route>,
    pub(crate) requests: u64,
}

/// One target group behind a listener.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) group: TargetGroup,
    pub(crate) weight: f64,
    /// What the group is owed: the next request goes to the one with most credit.
    credit: f64,
}

/// Every listener that anything forwards from, by ARN.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    pub(crate) by_arn: BTreeMap<String, Listener>,
    /// Full target groups, for those that are first known by name alone.
    known: Vec<TargetGroup>,
}

impl Listeners {
    /// The listener with this role; a new one forwards all to `group`.
    pub(crate) fn claim(&mut self, arn: &str, role: Role, group: &TargetGroup) {
        let listener = self
            .by_arn
            .entry(arn.to_owned())
            .or_insert_with(|| Listener {
                role,
                routes: vec![Route {
                    group: group.clone(),
                    weight: 100.0,
                    credit: 0.0,
                }],
                requests: 0,
            });
        listener.role = role;
    }

    /// Replaces where a listener forwards to.
    pub(crate) fn forward(&mut self, arn: &str, weights: &[(TargetGroup, f64)]) {
        let listener = self
            .by_arn
            .entry(arn.to_owned())
            .or_insert_with(|| Listener {
                role: Role::Production,
                routes: Vec::new(),
                requests: 0,
            });
        listener.routes = weights
            .iter()
            .map(|(group, weight)| Route {
                group: group.clone(),
                weight: weight.max(0.0),
                credit: 0.0,
            })
            .collect();
    }

    /// The weight that a target group has on a listener.
    pub(crate) fn weight(&self, arn: &str, group: &TargetGroup) -> f64 {
        let routes = self
            .by_arn
            .get(arn)
            .map(|listener| listener.routes.as_slice())
            .unwrap_or_default();
        routes
            .iter()
            .find(|route| route.group.is(group))
            .map_or(0.0, |route| route.weight)
    }

    /// Remembers a target group's full ARN.
    pub(crate) fn learn(&mut self, group: &TargetGroup) {
        if !self.known.iter().any(|known| known.is(group)) {
            self.known.push(group.clone());
        }
    }

    /// A target group by name, with its full ARN when it has been seen.
    pub(crate) fn named(&self, place: &Place, name: &str) -> TargetGroup {
        let group = TargetGroup::named(place, name);
        self.known
            .iter()
            .find(|known| known.is(&group))
            .cloned()
            .unwrap_or(group)
    }

    /// Whether any production listener sends this group requests.
    pub(crate) fn has_production_traffic(&self, group: &TargetGroup) -> bool {
        self.by_arn.values().any(|listener| {
            listener.role == Role::Production
                && listener
                    .routes
                    .iter()
                    .any(|route| route.weight > 0.0 && route.group.is(group))
        })
    }
}

impl Listener {
    /// The target group that the next request goes to. Smooth weighted round robin: at any moment
    /// each group has had its share, give or take one request.
    pub(crate) fn next(&mut self) -> Option<TargetGroup> {
        self.requests = self.requests.wrapping_add(1);
        let total: f64 = self.routes.iter().map(|route| route.weight).sum();
        if total <= 0.0 {
            return None;
        }
        for route in &mut self.routes {
            route.credit += route.weight;
        }
        let chosen = self
            .routes
            .iter_mut()
            .filter(|route| route.weight > 0.0)
            .max_by(|one, other| one.credit.total_cmp(&other.credit))?;
        chosen.credit -= total;
        Some(chosen.group.clone())
    }
}

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
