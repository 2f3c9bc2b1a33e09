//! Listeners and where they send requests: the weights that CodeDeploy and ECS shift.

use std::collections::BTreeMap;

use crate::call::Place;

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

/// Every listener, and every rule of a listener, that anything forwards from, by ARN.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    pub(crate) by_arn: BTreeMap<String, Listener>,
    /// Full target groups, for those that are first known by name alone.
    known: Vec<TargetGroup>,
}

impl Listeners {
    /// Gives a listener its role. One that forwards nowhere yet forwards all to `group`.
    pub(crate) fn claim(&mut self, arn: &str, role: Role, group: &TargetGroup) {
        let listener = self
            .by_arn
            .entry(arn.to_owned())
            .or_insert_with(|| Listener {
                role,
                routes: Vec::new(),
                requests: 0,
            });
        listener.role = role;
        if listener.routes.is_empty() {
            listener.routes.push(Route {
                group: group.clone(),
                weight: 100.0,
                credit: 0.0,
            });
        }
    }

    /// The same for a rule that is there only to reach this target group: whatever the listener
    /// does by default, the rule forwards to `group`.
    pub(crate) fn claim_rule(&mut self, arn: &str, role: Role, group: &TargetGroup) {
        self.claim(arn, role, group);
        if self.weight(arn, group) <= 0.0 {
            self.forward(arn, &[(group.clone(), 100.0)]);
        }
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

    /// Shifts between two target groups wherever a listener forwards to one of them: by default
    /// and in its rules.
    pub(crate) fn shift(&mut self, listener: &str, weights: &[(TargetGroup, f64); 2]) {
        let role = self
            .by_arn
            .get(listener)
            .map_or(Role::Production, |held| held.role);
        let concerned = |held: &Listener| {
            held.routes
                .iter()
                .any(|route| weights.iter().any(|(group, _)| group.is(&route.group)))
        };
        let rules: Vec<String> = self
            .by_arn
            .iter()
            .filter(|(arn, held)| listener_of(arn).as_deref() == Some(listener) && concerned(held))
            .map(|(arn, _)| arn.clone())
            .collect();
        let by_default = self.by_arn.get(listener).is_none_or(concerned);
        for arn in rules
            .iter()
            .map(String::as_str)
            .chain(by_default.then_some(listener))
        {
            self.forward(arn, weights);
            if let Some(held) = self.by_arn.get_mut(arn) {
                held.role = role;
            }
        }
    }

    /// The most weight that a target group has on a listener or on one of its rules.
    pub(crate) fn weight_behind(&self, listener: &str, group: &TargetGroup) -> f64 {
        self.by_arn
            .keys()
            .filter(|arn| *arn == listener || listener_of(arn).as_deref() == Some(listener))
            .map(|arn| self.weight(arn, group))
            .fold(0.0, f64::max)
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

impl Listeners {
    /// The listener of this ARN; one without a default of its own is represented by its rule.
    pub(crate) fn reached(&mut self, arn: &str) -> Option<&mut Listener> {
        let known = if self.by_arn.contains_key(arn) {
            arn.to_owned()
        } else {
            self.by_arn
                .keys()
                .find(|rule| listener_of(rule).as_deref() == Some(arn))?
                .clone()
        };
        self.by_arn.get_mut(&known)
    }
}

/// The listener that a rule belongs to: `listener-rule/app/<name>/<id>/<listener>/<rule>`.
fn listener_of(rule: &str) -> Option<String> {
    let (prefix, path) = rule.split_once(":listener-rule/")?;
    let (listener, _) = path.rsplit_once('/')?;
    Some(format!("{prefix}:listener/{listener}"))
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
