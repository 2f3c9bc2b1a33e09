//! The metric `Invocations` of the lab's functions:
//! <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html>.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::gateway::dispatch::{Answer, Incoming, reply};
use crate::gateway::parse::{Protocol, Request};
use crate::lab::Lab;
use crate::lock::lock;

/// Whether the lab answers the call itself: for the functions that it runs, whoever made them, in the protocols that have JSON
/// behind them.
pub(crate) fn handles(lab: &Lab, request: &Request) -> bool {
    let input = &request.input;
    request.operation == "GetMetricStatistics"
        && matches!(request.protocol, Protocol::Json(_))
        && input["Namespace"] == "AWS/Lambda"
        && input["MetricName"] == "Invocations"
        && function_name(input).is_some_and(|name| {
            let found = lab.lambda.find(&request.account, &request.region, name);
            found.is_some()
        })
}

/// The sums of each period in which the function was invoked.
///
/// # Errors
/// Never.
pub(crate) fn answer(lab: &Lab, incoming: &Incoming) -> Answer {
    let request = &incoming.request;
    let input = &request.input;
    let second = |member: &str| input[member].as_f64().unwrap_or_default();
    let (from, until) = (second("StartTime"), second("EndTime"));
    let period = input["Period"]
        .as_i64()
        .filter(|&period| period > 0)
        .unwrap_or(60);
    let name = function_name(input).unwrap_or_default();
    let function = lab.lambda.find(&request.account, &request.region, name);
    let mut sums: BTreeMap<i64, u64> = BTreeMap::new();
    if let Some(function) = function {
        for at in &lock(&function.stats).invoked_at {
            let at = at.as_second();
            #[expect(
                clippy::cast_precision_loss,
                reason = "seconds of our century are exact"
            )]
            let in_time = (at as f64) >= from && (at as f64) < until;
            if in_time {
                *sums.entry(at - at.rem_euclid(period)).or_default() += 1;
            }
        }
    }
    let points: Vec<Value> = sums
        .iter()
        .map(|(at, sum)| json!({ "Timestamp": at, "Sum": sum, "Unit": "Count" }))
        .collect();
    let shown = json!({ "Label": "Invocations", "Datapoints": points });
    Ok(reply(incoming, &shown))
}

fn function_name(input: &Value) -> Option<&str> {
    let dimensions = input["Dimensions"].as_array()?;
    let named = dimensions
        .iter()
        .find(|one| one["Name"] == "FunctionName")?;
    named["Value"].as_str()
}
