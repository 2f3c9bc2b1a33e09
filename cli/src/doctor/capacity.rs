//! Whether the capacity providers that a service's tasks run on are there, and take tasks.

use serde_json::{Value, json};

use super::finding::Finding;
use super::stage::StageState;
use crate::deployer::reads::{Reads, items, text};

/// Looks at the capacity providers of the service, or of its primary task set.
pub(crate) async fn check<R: Reads>(reads: &R, seen: &StageState<'_>) -> Vec<Finding> {
    let check = seen.at.check("capacity");
    let names = named(&seen.service);
    if names.is_empty() {
        return Vec::new();
    }
    let input = json!({ "capacityProviders": names });
    let operation = "ecs:DescribeCapacityProviders";
    let found = match reads.read(&seen.at.spot, operation, input).await {
        Ok(found) => found,
        Err(error) => return vec![check.unknown(&error)],
    };
    let status = |name: &str| {
        let mut all = items(&found, "capacityProviders").iter();
        all.find(|it| text(it, "name") == name)
    };
    let help = "put the service on another capacity provider (capacityProviderStrategy), or create this one again";
    let findings = names.iter().map(|name| match status(name) {
        None => check.error(
            format!("there is no capacity provider {name}, on which the service's tasks are to run, so no task would start"),
            help,
        ),
        // <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProvider.html>
        Some(it) => match (text(it, "status"), text(it, "updateStatus")) {
            ("ACTIVE", "DELETE_IN_PROGRESS") => check.error(
                format!("the capacity provider {name} is being deleted, so no task would start"),
                help,
            ),
            ("ACTIVE" | "", _) => check.ok(format!("{name} takes tasks")),
            (status, _) => check.error(
                format!("the capacity provider {name} is {status}, so no task would start"),
                help,
            ),
        },
    });
    findings.collect()
}

/// The providers by name, without those of Fargate, which every account has.
fn named(service: &Value) -> Vec<&str> {
    let sets = items(service, "taskSets").iter();
    let primary = sets.filter(|set| text(set, "status") == "PRIMARY");
    let mut names: Vec<_> = std::iter::once(service)
        .chain(primary)
        .flat_map(|it| items(it, "capacityProviderStrategy"))
        .map(|it| text(it, "capacityProvider"))
        .filter(|name| !["", "FARGATE", "FARGATE_SPOT"].contains(name))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployer::memory::Replies;
    use crate::doctor::report::report;
    use crate::doctor::samples::stage_state;

    #[tokio::test]
    async fn a_capacity_provider_that_was_deleted_takes_no_tasks() {
        let mut seen = stage_state();
        let answers = Replies::default().say(
            "ecs:DescribeCapacityProviders",
            json!({ "capacityProviders": [
                { "name": "big", "status": "ACTIVE" },
                { "name": "old", "status": "INACTIVE" },
                { "name": "going", "status": "ACTIVE", "updateStatus": "DELETE_IN_PROGRESS" },
            ] }),
        );
        // Those of Fargate are not asked about.
        assert_eq!(check(&Replies::default(), &seen).await, []);
        let on = |names: &[&str]| {
            let strategy = names.iter().map(|it| json!({ "capacityProvider": it }));
            Value::Array(strategy.collect())
        };
        seen.service["capacityProviderStrategy"] = on(&["FARGATE_SPOT", "big", "old"]);
        seen.service["taskSets"] = json!([
            { "status": "PRIMARY", "capacityProviderStrategy": on(&["going", "gone"]) },
            { "status": "ACTIVE", "capacityProviderStrategy": on(&["of-another"]) },
        ]);
        assert_eq!(
            report(&check(&answers, &seen).await),
            [
                "ok: big takes tasks",
                "error: the capacity provider going is being deleted, so no task would start",
                "error: there is no capacity provider gone, on which the service's tasks are to run, so no task would start",
                "error: the capacity provider old is INACTIVE, so no task would start",
            ]
        );
    }
}
