//! Whether the sweeper, which finds what got lost, has run lately.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::finding::{Check, Finding};
use crate::deployer::reads::{Reads, Spot, items};

/// The time that is looked back: it runs each minute, and metrics come some minutes late.
const LATELY: SignedDuration = SignedDuration::from_mins(15);

/// Looks for invocations of the sweeper in the last minutes.
pub(crate) async fn check<R: Reads>(reads: &R, function: &str, now: Timestamp) -> Vec<Finding> {
    let check = Check {
        name: "alive",
        about: function,
    };
    let input = json!({
        "Namespace": "AWS/Lambda",
        "MetricName": "Invocations",
        "Dimensions": [{ "Name": "FunctionName", "Value": function }],
        "StartTime": (now - LATELY).as_second(),
        "EndTime": now.as_second(),
        "Period": 60,
        "Statistics": ["Sum"],
    });
    let read = reads.read(&Spot::Home, "cloudwatch:GetMetricStatistics", input);
    let found = match read.await {
        Ok(found) => found,
        Err(error) => return vec![check.unknown(&error)],
    };
    let sums = items(&found, "Datapoints").iter();
    let sum: f64 = sums.filter_map(|point| number(&point["Sum"])).sum();
    let minutes = LATELY.as_mins();
    vec![if sum > 0.0 {
        check.ok(format!("ran {sum:.0} times in the last {minutes} minutes"))
    } else {
        check.error(
            format!(
                "has not run in the last {minutes} minutes: what gets lost stays lost, and nothing \
                 that is due is looked at"
            ),
            "see whether its rules are enabled, and whether the account's concurrency is used up \
             (the metric Throttles)",
        )
    }]
}

/// A number, which XML has as text.
fn number(value: &Value) -> Option<f64> {
    value
        .as_f64()
        .or_else(|| value.as_str().and_then(|text| text.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployer::memory::Replies;
    use crate::doctor::report::report;

    #[tokio::test]
    async fn a_sweeper_that_stands_still_is_an_error() {
        let ran = |points: Value| {
            Replies::default().say(
                "cloudwatch:GetMetricStatistics",
                json!({ "Datapoints": points }),
            )
        };
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1);
        let alive = check(&ran(json!([{ "Sum": 9.0 }, { "Sum": "5" }])), "s", now).await;
        assert_eq!(report(&alive), ["ok: ran 14 times in the last 15 minutes"]);
        let still = check(&ran(Value::Null), "s", now).await;
        assert!(report(&still)[0].starts_with("error: has not run in the last 15 minutes"));
    }
}
