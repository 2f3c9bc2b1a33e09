//! Calls that do not go well: the release ends as if they had, and everything happens once.

use serde_json::{Value, json};
use towpath_e2e::Error;

use super::calls;
use super::cell::Cell;
use super::polls::Ending;

const TAG: &str = "3f2c1ab";

pub(crate) async fn throttled(cell: &Cell) -> Result<(), Error> {
    let rules = json!([{ "caller": "towpath-advance", "about": cell.name, "every": 3, "outcome": "throttled" }]);
    succeeds_all_the_same(cell, &rules, "throttled", 3).await
}

pub(crate) async fn lost_answers(cell: &Cell) -> Result<(), Error> {
    let (service, operation) = cell.engine.start();
    let lost = |service: &str, operation: &str, nth: u64| {
        json!({ "caller": "towpath-advance", "about": cell.name, "service": service, "operation": operation,
            "nth": nth, "outcome": "answer-lost" })
    };
    let rules = json!([
        lost("ecs", "RegisterTaskDefinition", 1),
        lost("application-autoscaling", "RegisterScalableTarget", 1),
        lost(service, operation, 1),
        lost("application-autoscaling", "RegisterScalableTarget", 3),
        lost("dynamodb", "TransactWriteItems", 2),
    ]);
    succeeds_all_the_same(cell, &rules, "answer-lost", 3).await
}

pub(crate) async fn stale_answer(cell: &Cell) -> Result<(), Error> {
    let (service, operation) = cell.engine.start();
    let rules = json!([{ "caller": "towpath-advance", "about": cell.name, "service": service,
        "operation": operation, "outcome": "stale" }]);
    succeeds_all_the_same(cell, &rules, "stale", 1).await
}

async fn succeeds_all_the_same(
    cell: &Cell,
    rules: &Value,
    fault: &str,
    at_least: usize,
) -> Result<(), Error> {
    let since = calls::last(cell).await?;
    cell.together.lab.post("faults", rules).await?;
    let new = cell.push(TAG, "healthy").await?;
    let ending = Ending {
        outcome: "succeeded",
        because: &["serves in production"],
        serves: &new,
        hold: None,
        within: 20,
    };
    cell.ends(TAG, &ending).await?;
    let made = calls::by_functions(cell, &since).await?;
    let met = made.iter().filter(|call| call["fault"] == fault).count();
    assert!(met >= at_least, "only {met} calls were {fault}");
    let (service, operation) = cell.engine.start();
    let started = made.iter().filter(|call| {
        call["service"] == service && call["operation"] == operation && call["outcome"] == "ok"
    });
    assert_eq!(started.count(), 1, "there is one deployment");
    Ok(())
}
