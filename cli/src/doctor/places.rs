//! Where an event has to have happened for a rule to take it: the deployer's own account and region,
//! as `infra/functions.json` says, and beside them those that the Terraform module was told of.

use serde_json::{Map, Value};
use towpath_taskdef::image::Ecr;

const ALTERNATIVES: &str = "$or";

/// A rule's pattern, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pattern {
    /// Each with the accounts and regions that it takes events of; what is absent is not asked for.
    places: Vec<Map<String, Value>>,
    /// What is asked of an event beside its place.
    rest: Map<String, Value>,
}

impl Pattern {
    pub(crate) fn of(pattern: &Value) -> Self {
        let mut rest = pattern.as_object().cloned().unwrap_or_default();
        let places = match rest.remove(ALTERNATIVES) {
            Some(Value::Array(places)) => places
                .into_iter()
                .map(|place| place.as_object().cloned().unwrap_or_default())
                .collect(),
            Some(_) | None => {
                let keys = ["account", "region"];
                let named = keys.into_iter().filter_map(|key| rest.remove_entry(key));
                vec![named.collect()]
            }
        };
        Self { places, rest }
    }

    /// Whether this is the described pattern, with or without more places.
    pub(crate) fn is_described(&self, described: &Self) -> bool {
        let known = |place| self.places.contains(place);
        self.rest == described.rest && described.places.iter().all(known)
    }

    /// Whether an event of that registry is taken.
    pub(crate) fn takes(&self, registry: Ecr<'_>) -> bool {
        self.places.iter().any(|place| {
            let asks = |key: &str, value: &str| match place.get(key) {
                Some(Value::Array(values)) => values.iter().any(|one| one == value),
                Some(_) => false,
                None => true,
            };
            asks("account", registry.account) && asks("region", registry.region)
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn home() -> Value {
        json!({ "source": ["aws.ecr"], "account": ["111111111111"], "region": ["eu-west-1"] })
    }

    fn two_places() -> Value {
        json!({ "source": ["aws.ecr"], "$or": [
            { "account": ["111111111111"], "region": ["eu-west-1"] },
            { "account": ["222222222222"], "region": ["us-east-1"] },
        ] })
    }

    #[test]
    fn a_rule_may_take_more_places_than_are_described_and_not_fewer() {
        let described = Pattern::of(&home());
        for (installed, expected) in [
            (home(), true),
            (two_places(), true),
            (json!({ "source": ["aws.ecr"] }), false),
            (
                json!({ "source": ["aws.ecr"], "account": ["111111111111"] }),
                false,
            ),
            (
                json!({ "source": ["aws.ecs"], "account": ["111111111111"], "region": ["eu-west-1"] }),
                false,
            ),
        ] {
            let is_described = Pattern::of(&installed).is_described(&described);
            assert_eq!(is_described, expected, "{installed}");
        }
    }

    #[test]
    fn a_registry_is_heard_of_where_account_and_region_are_those_of_one_place() {
        for (account, region, by_home, by_told) in [
            ("111111111111", "eu-west-1", true, true),
            ("222222222222", "us-east-1", false, true),
            ("111111111111", "us-east-1", false, false),
            ("333333333333", "eu-west-1", false, false),
        ] {
            let registry = Ecr { account, region };
            assert_eq!(
                Pattern::of(&home()).takes(registry),
                by_home,
                "{registry:?}"
            );
            assert_eq!(
                Pattern::of(&two_places()).takes(registry),
                by_told,
                "{registry:?}"
            );
        }
    }
}
