//! CloudWatch alarms that must not be in alarm.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::names::AlarmName;

/// CloudWatch alarms, metric or composite, of which each must be in the state `OK`:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html>.
/// An alarm that does not exist, or has too little data to tell, is not OK. At `bake` they are
/// watched until the bake time is over; the first that goes off rolls the stage back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlarmCheck {
    /// The names of the alarms, in the stage's account and region.
    #[schemars(extend("examples" = [["shop-api-5xx"]]))]
    pub names: Vec<AlarmName>,
    /// Whether an alarm with too little data to tell counts as OK; it does not by default.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schemars(extend("examples" = [true]))]
    pub insufficient_data_is_ok: bool,
}
