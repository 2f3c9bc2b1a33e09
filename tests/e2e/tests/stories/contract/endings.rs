//! Rollouts that go through, and rollouts that do not work out.

use serde_json::json;
use towpath_e2e::Error;

use super::calls;
use super::cell::Cell;
use super::engine::{self, Engine};
use super::polls::Ending;
use super::service::CLUSTER;

const TAG: &str = "3f2c1ab";

pub(crate) async fn success(cell: &Cell) -> Result<(), Error> {
    let since = calls::last(cell).await?;
    let new = cell.push(TAG, "healthy").await?;
    cell.until("auto scaling is suspended meanwhile", async || {
        let suspended = cell.auto_scaling().await?;
        Ok(suspended[2]["DynamicScalingOutSuspended"] == true)
    })
    .await?;
    if cell.engine.has_green() {
        assert_eq!(cell.serves().await?, cell.old, "nothing has moved yet");
    }
    let ending = Ending {
        outcome: "succeeded",
        because: &["serves in production"],
        serves: &new,
        hold: None,
        within: 10,
    };
    cell.ends(TAG, &ending).await?;
    calls::until_started(cell, &since, cell.engine.most_calls()).await
}

pub(crate) async fn failed_check(cell: &Cell) -> Result<(), Error> {
    cell.push(TAG, "unhealthy-green").await?;
    // What was watched after it served is held back as well; what never served is not.
    let (because, hold): (&[_], _) = match cell.engine {
        Engine::Rolling => (
            &["check `health` failed at bake"],
            Some("check `health` failed"),
        ),
        Engine::CodeDeploy | Engine::Ecs => (&["check `health` failed", "answered 500"], None),
    };
    let ending = Ending {
        outcome: "rolled_back",
        because,
        serves: &cell.old,
        hold,
        within: 15,
    };
    cell.ends(TAG, &ending).await
}

pub(crate) async fn alarm(cell: &Cell) -> Result<(), Error> {
    let lab = &cell.together.lab;
    let alarm = [
        ("Action", "PutMetricAlarm"),
        ("AlarmName", cell.name),
        ("MetricName", "errors"),
        ("Namespace", "Shop"),
        ("Statistic", "Sum"),
        ("ComparisonOperator", "GreaterThanThreshold"),
        ("Threshold", "0"),
        ("Period", "60"),
        ("EvaluationPeriods", "1"),
    ];
    lab.query("monitoring", "2010-08-01", &alarm).await?;
    let quiet = json!({ "name": cell.name, "state": "OK" });
    lab.post("alarms", &quiet).await?;

    let new = cell.push(TAG, "healthy").await?;
    cell.until("the new version serves", async || {
        Ok(cell.serves().await? == new)
    })
    .await?;
    cell.together.pass(2).await?;
    assert_eq!(cell.ledger().outcome(TAG).await?, None, "it is watched");
    let on = json!({ "name": cell.name, "state": "ALARM" });
    lab.post("alarms", &on).await?;
    let ending = Ending {
        outcome: "rolled_back",
        because: &["check `errors` failed at bake", cell.name],
        serves: &cell.old,
        hold: Some(cell.name),
        within: 10,
    };
    cell.ends(TAG, &ending).await
}

pub(crate) async fn crash_loop(cell: &Cell) -> Result<(), Error> {
    cell.push(TAG, "crash-loop").await?;
    // ECS gives up by itself; CodeDeploy would wait for an hour, so the stage's time limit ends it.
    let because = match cell.engine {
        Engine::Rolling => "ECS deployment circuit breaker: rolling back",
        Engine::Ecs => "ECS deployment circuit breaker: tasks failed to start",
        Engine::CodeDeploy => "it did not finish within 10m",
    };
    let ending = Ending {
        outcome: "rolled_back",
        because: &[because, "container `app` exited with code 1"],
        serves: &cell.old,
        hold: None,
        within: 20,
    };
    cell.ends(TAG, &ending).await
}

/// ECS gives up and leaves it at that: some of the old tasks, and none of the new ones.
pub(crate) async fn left_halfway(cell: &Cell) -> Result<(), Error> {
    cell.push(TAG, "crash-loop").await?;
    let ending = Ending {
        outcome: "rolled_back",
        because: &[
            "ECS deployment circuit breaker: tasks failed to start",
            "container `app` exited with code 1",
        ],
        serves: &cell.old,
        hold: None,
        within: 20,
    };
    cell.ends(TAG, &ending).await
}

/// What has production traffic already is condemned, and AWS leaves it at that.
pub(crate) async fn left_serving(cell: &Cell) -> Result<(), Error> {
    let lab = &cell.together.lab;
    let new = cell.push(TAG, "healthy").await?;
    cell.started(TAG).await?;
    let because = match cell.engine {
        Engine::Rolling | Engine::Ecs => {
            cell.until("the new version serves", async || {
                Ok(cell.serves().await? == new)
            })
            .await?;
            let on = json!({ "name": cell.name, "state": "ALARM" });
            lab.post("alarms", &on).await?;
            "ECS deployment alarms: alarm detected"
        }
        Engine::CodeDeploy => {
            let started = cell.deployment(TAG).await?;
            cell.until("some of the traffic has moved", async || {
                Ok(engine::green_traffic(cell, &started).await? == 10.0)
            })
            .await?;
            engine::stop(cell, TAG, false).await?;
            "10% of traffic goes to the new version"
        }
    };
    let ending = Ending {
        outcome: "rolled_back",
        because: &[because],
        serves: &cell.old,
        hold: None,
        within: 20,
    };
    cell.ends(TAG, &ending).await
}

/// What wants no tasks is deployed to all the same: the next task that is started is new.
pub(crate) async fn scaled_to_zero(cell: &Cell) -> Result<(), Error> {
    scale(cell, 0).await?;
    cell.until("no task is left", async || {
        Ok(cell.serves().await?.is_empty())
    })
    .await?;
    let since = calls::last(cell).await?;
    let new = cell.push(TAG, "healthy").await?;
    let ending = Ending {
        outcome: "succeeded",
        because: &["wants no tasks now", "nothing of it has run there"],
        serves: "",
        hold: None,
        within: 10,
    };
    cell.ends(TAG, &ending).await?;
    let woken = calls::by_functions(cell, &since).await?;
    assert!(
        woken
            .iter()
            .all(|call| call["operation"] != "RegisterScalableTarget"),
        "it is asleep: {woken:#?}"
    );
    scale(cell, 2).await?;
    cell.until("the new version serves", async || {
        Ok(cell.serves().await? == new)
    })
    .await?;
    cell.stands(TAG, &new, None).await
}

async fn scale(cell: &Cell, tasks: u32) -> Result<(), Error> {
    let input = json!({ "cluster": CLUSTER, "service": cell.name, "desiredCount": tasks });
    cell.together
        .lab
        .aws("ecs", "UpdateService", &input)
        .await?;
    Ok(())
}
