//! Amazon CloudWatch Logs:
//! <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/Welcome.html>.

use serde_json::json;
use towpath_core::check::LogStream;
use towpath_core::release::Place;
use towpath_deployer::ports::{CallError, Logs};

use crate::aws::Aws;
use crate::json_api::LOGS;

const GET_LOG_EVENTS: &str = "logs:GetLogEvents";

/// How many lines of a log are read.
const LINES: u8 = 10;

impl Logs for Aws {
    async fn log_lines(&self, place: &Place, stream: &LogStream) -> Result<Vec<String>, CallError> {
        // A log may be in another region than what writes it.
        let mut place = place.clone();
        place.service.region = stream.region.clone();
        let input = json!({
            "logGroupName": stream.group,
            "logStreamName": stream.stream,
            "limit": LINES,
            "startFromHead": false,
        });
        let set = self.clients().at(&place).await?;
        let answer = set.read(&LOGS, GET_LOG_EVENTS, &input).await?;
        let events = answer["events"].as_array().into_iter().flatten();
        Ok(events
            .filter_map(|event| event["message"].as_str())
            .map(ToOwned::to_owned)
            .collect())
    }
}
