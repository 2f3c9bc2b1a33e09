//! Amazon CloudWatch:
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/Welcome.html>.

use jiff::SignedDuration;
use serde_json::{Value, json};
use towpath_core::check::{Alarm, MetricSpan, Reading};
use towpath_core::names::AlarmName;
use towpath_core::pipeline::MetricCheck;
use towpath_core::release::Place;
use towpath_deployer::ports::{CallError, Metrics};

use crate::aws::Aws;
use crate::call::unreadable;
use crate::json_api::CLOUDWATCH;

const DESCRIBE_ALARMS: &str = "cloudwatch:DescribeAlarms";
const GET_METRIC_DATA: &str = "cloudwatch:GetMetricData";

/// The ids of the two queries of a metric.
const VALUE: &str = "value";
const SAMPLES: &str = "samples";

impl Metrics for Aws {
    async fn alarms(&self, place: &Place, names: &[AlarmName]) -> Result<Vec<Alarm>, CallError> {
        let input = json!({
            "AlarmNames": names,
            // Composite alarms are left out unless they are asked for.
            "AlarmTypes": ["MetricAlarm", "CompositeAlarm"],
            "MaxRecords": 100,
        });
        let set = self.clients().at(place).await?;
        let answer = set.read(&CLOUDWATCH, DESCRIBE_ALARMS, &input).await?;
        let kinds = ["MetricAlarms", "CompositeAlarms"];
        let listed = kinds.iter().filter_map(|kind| answer[kind].as_array());
        Ok(listed.flatten().map(alarm).collect())
    }

    async fn metric(
        &self,
        place: &Place,
        check: &MetricCheck,
        span: MetricSpan,
    ) -> Result<Reading, CallError> {
        let dimensions: Vec<_> = check
            .dimensions
            .iter()
            .map(|(name, value)| json!({"Name": name, "Value": value}))
            .collect();
        let period = SignedDuration::from(check.window).as_secs();
        let query = |id: &str, statistic: &str| {
            json!({
                "Id": id,
                "MetricStat": {
                    "Metric": {"Namespace": check.namespace, "MetricName": check.name, "Dimensions": dimensions},
                    "Period": period,
                    "Stat": statistic,
                },
            })
        };
        let input = json!({
            "MetricDataQueries": [query(VALUE, &check.statistic), query(SAMPLES, "SampleCount")],
            "StartTime": span.from.as_second(),
            "EndTime": span.until.as_second(),
            "ScanBy": "TimestampAscending",
        });
        let set = self.clients().at(place).await?;
        let answer = set.read(&CLOUDWATCH, GET_METRIC_DATA, &input).await?;
        Ok(Reading {
            values: numbers(&answer, VALUE)?,
            samples: numbers(&answer, SAMPLES)?,
        })
    }
}

fn alarm(described: &Value) -> Alarm {
    let text = |key: &str| described[key].as_str().unwrap_or_default().to_owned();
    Alarm {
        name: text("AlarmName"),
        state: text("StateValue"),
        reason: text("StateReason"),
    }
}

/// The values of a query. What is not complete is not known.
fn numbers(answer: &Value, id: &str) -> Result<Vec<f64>, CallError> {
    let results = answer["MetricDataResults"].as_array();
    let result = results
        .into_iter()
        .flatten()
        .find(|result| result["Id"] == id);
    let Some(result) = result else {
        return Err(unreadable(
            GET_METRIC_DATA,
            format_args!("it has no result `{id}`"),
        ));
    };
    if result["StatusCode"] != "Complete" {
        return Err(unreadable(
            GET_METRIC_DATA,
            format_args!("the result `{id}` is {}", result["StatusCode"]),
        ));
    }
    let values = result["Values"].as_array().into_iter().flatten();
    Ok(values.filter_map(Value::as_f64).collect())
}
