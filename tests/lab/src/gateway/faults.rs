//! Faults on demand: the outcomes that a call can have, injected by rule.

use std::collections::HashMap;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::errors::Failure;
use crate::lock::lock;

/// A rule: which calls meet which fault.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// Service as in the journal; absent: all.
    pub(crate) service: Option<String>,
    /// Operation as in the journal; absent: all.
    pub(crate) operation: Option<String>,
    /// Caller as in the journal; absent: all.
    pub(crate) caller: Option<String>,
    /// A text in what the call asks for, such as a service's name; absent: any.
    pub(crate) about: Option<String>,
    /// Members that the call has, all of them; absent: any.
    pub(crate) having: Option<Vec<String>>,
    /// Only the nth matching call from now, counted from 1.
    pub(crate) nth: Option<u64>,
    /// Every so manieth matching call; with neither `nth` nor `every` nor `first`, each.
    pub(crate) every: Option<u64>,
    /// Only so many matching calls from now, the first ones.
    pub(crate) first: Option<u64>,
    /// The members of an answer to a write that are stale; absent: all.
    pub(crate) members: Option<Vec<String>>,
    /// What happens.
    pub(crate) outcome: Outcome,
    /// Milliseconds for `latency-ms` where the outcome does not say.
    pub(crate) ms: Option<u64>,
}

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    /// Refused with the service's throttling error; nothing happened.
    Throttled,
    /// Refused because of what is asked for; nothing happened.
    Refused,
    /// Answered with an internal error; nothing happened.
    FailedBefore,
    /// Carried out, but the connection breaks before the answer.
    AnswerLost,
    /// A read is answered as it would have been before the last change it saw; an update of a
    /// service is carried out, and its answer shows the service as it was.
    Stale,
    /// Carried out after a delay in real milliseconds.
    LatencyMs(u64),
    /// The calling function's process is killed, and nothing happened.
    CrashBefore,
    /// The call is carried out, then the calling function's process is killed.
    CrashAfter,
}

impl<'de> Deserialize<'de> for Outcome {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let value = Value::deserialize(from)?;
        let latency = value.get("latency-ms").and_then(Value::as_u64);
        let text = value.as_str().unwrap_or_default();
        let in_brackets = text
            .strip_prefix("latency-ms(")
            .and_then(|rest| rest.strip_suffix(')'));
        match (text, latency, in_brackets.map(str::parse)) {
            (_, Some(ms), _) | (_, None, Some(Ok(ms))) => Ok(Self::LatencyMs(ms)),
            ("latency-ms", ..) => Ok(Self::LatencyMs(0)),
            ("throttled", ..) => Ok(Self::Throttled),
            ("refused", ..) => Ok(Self::Refused),
            ("failed-before", ..) => Ok(Self::FailedBefore),
            ("answer-lost", ..) => Ok(Self::AnswerLost),
            ("stale", ..) => Ok(Self::Stale),
            ("crash-before", ..) => Ok(Self::CrashBefore),
            ("crash-after", ..) => Ok(Self::CrashAfter),
            _ => Err(D::Error::custom(
                "outcome has to be throttled, refused, failed-before, answer-lost, stale, latency-ms(N), crash-before or crash-after",
            )),
        }
    }
}

impl Outcome {
    /// The name used in the journal.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Refused => "refused",
            Self::FailedBefore => "failed-before",
            Self::AnswerLost => "answer-lost",
            Self::Stale => "stale",
            Self::LatencyMs(_) => "latency-ms",
            Self::CrashBefore => "crash-before",
            Self::CrashAfter => "crash-after",
        }
    }
}

/// The rules in force and the answers that stale reads may repeat.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    rules: Mutex<Vec<(Fault, u64)>>,
    reads: Mutex<HashMap<String, Reads>>,
}

/// The fault that a call meets.
#[derive(Debug)]
pub(crate) struct Met {
    /// What happens.
    pub(crate) outcome: Outcome,
    /// The members of the answer that are stale; `None`: all.
    pub(crate) members: Option<Vec<String>>,
}

/// The last two different answers to the same read.
#[derive(Debug, Clone)]
struct Reads {
    before: Option<String>,
    last: String,
}

/// What a read answered before the last change that it saw.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Earlier {
    /// Nothing: it was never made before.
    NeverRead,
    /// The same as now: it has seen no change.
    Unchanged,
    Before(String),
}

const MAX_READS: usize = 10_000;

impl Faults {
    /// Adds rules; their counts start now.
    pub(crate) fn add(&self, faults: Vec<Fault>) {
        lock(&self.rules).extend(faults.into_iter().map(|fault| (fault, 0)));
    }

    /// The rules in force.
    pub(crate) fn list(&self) -> Vec<Fault> {
        lock(&self.rules)
            .iter()
            .map(|(fault, _)| fault.clone())
            .collect()
    }

    /// Takes all rules away.
    pub(crate) fn clear(&self) {
        lock(&self.rules).clear();
    }

    /// What happens to a call, which counts.
    pub(crate) fn meet(
        &self,
        service: &str,
        operation: &str,
        caller: &str,
        input: &Value,
    ) -> Option<Outcome> {
        let met = self.met(service, operation, caller, input);
        met.map(|met| met.outcome)
    }

    /// Counts a call and says which fault it meets: that of the first rule that is due.
    pub(crate) fn met(
        &self,
        service: &str,
        operation: &str,
        caller: &str,
        input: &Value,
    ) -> Option<Met> {
        let is =
            |wanted: &Option<String>, actual: &str| wanted.as_deref().is_none_or(|w| w == actual);
        let is_about = |text: &Option<String>| {
            let text = text.as_deref();
            text.is_none_or(|text| input.to_string().contains(text))
        };
        let has = |members: &Option<Vec<String>>| {
            let mut members = members.iter().flatten();
            members.all(|member| input.get(member).is_some())
        };
        let mut met = None;
        for (fault, seen) in lock(&self.rules).iter_mut() {
            if !(is(&fault.service, service)
                && is(&fault.operation, operation)
                && is(&fault.caller, caller)
                && is_about(&fault.about)
                && has(&fault.having))
            {
                continue;
            }
            *seen += 1;
            let due = match (fault.nth, fault.every) {
                (Some(nth), _) => *seen == nth,
                (None, Some(every)) => every > 0 && *seen % every == 0,
                (None, None) => true,
            };
            let due = due && fault.first.is_none_or(|first| *seen <= first);
            if due && met.is_none() {
                let outcome = if fault.outcome == Outcome::LatencyMs(0) {
                    Outcome::LatencyMs(fault.ms.unwrap_or(100))
                } else {
                    fault.outcome
                };
                met = Some(Met {
                    outcome,
                    members: fault.members.clone(),
                });
            }
        }
        met
    }

    /// Remembers the answer to a read.
    pub(crate) fn remember(&self, key: &str, answer: &str) {
        let mut reads = lock(&self.reads);
        // Old reads are forgotten all at once: what is stale has to be recent to be believed.
        if reads.len() > MAX_READS {
            reads.clear();
        }
        match reads.get_mut(key) {
            Some(read) if read.last == *answer => {}
            Some(read) => {
                let last = std::mem::replace(&mut read.last, answer.to_owned());
                read.before = Some(last);
            }
            None => {
                let last = answer.to_owned();
                reads.insert(key.to_owned(), Reads { before: None, last });
            }
        }
    }

    /// What a read answered before the last change that it saw, given what it answers now.
    pub(crate) fn earlier(&self, key: &str, now: &str) -> Earlier {
        match lock(&self.reads).get(key) {
            None => Earlier::NeverRead,
            Some(read) if read.last != now => Earlier::Before(read.last.clone()),
            Some(read) => match &read.before {
                None => Earlier::Unchanged,
                Some(before) => Earlier::Before(before.clone()),
            },
        }
    }
}

/// The error with which a service throttles.
pub(crate) fn throttled(service: &str) -> Failure {
    let (status, code) = match service {
        "dynamodb" => (400, "ProvisionedThroughputExceededException"),
        "sns" | "elasticloadbalancing" | "iam" | "sts" | "monitoring" => (400, "Throttling"),
        "lambda" => (429, "TooManyRequestsException"),
        _ => (400, "ThrottlingException"),
    };
    Failure::new(status, code, "Rate exceeded")
}

/// The error with which a service refuses what is asked for.
pub(crate) fn refused(service: &str) -> Failure {
    let code = match service {
        "ecs" | "ecr" | "lambda" | "logs" => "InvalidParameterException",
        "dynamodb" | "ssm" | "application-autoscaling" => "ValidationException",
        _ => "InvalidParameter",
    };
    Failure::new(400, code, "The parameters cannot be used together.")
}

/// The error with which a service fails without having done anything.
pub(crate) fn failed_before(service: &str) -> Failure {
    let code = match service {
        "ecs" | "ecr" => "ServerException",
        "dynamodb" | "ssm" => "InternalServerError",
        "lambda" => "ServiceException",
        "application-autoscaling" => "InternalServiceException",
        _ => "InternalFailure",
    };
    Failure::new(500, code, "An internal error occurred.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn faults(list: Value) -> Faults {
        let faults = Faults::default();
        faults.add(serde_json::from_value(list).expect("faults"));
        faults
    }

    #[test]
    fn the_nth_call_fails_once_and_every_other_one_again_and_again() {
        let faults = faults(json!([
            {"service": "ecs", "operation": "UpdateService", "nth": 2, "outcome": "answer-lost"},
            {"service": "ssm", "every": 2, "outcome": "throttled"},
        ]));
        let ecs: Vec<_> = (0..4)
            .map(|_| faults.meet("ecs", "UpdateService", "root", &Value::Null))
            .collect();
        assert_eq!(ecs, [None, Some(Outcome::AnswerLost), None, None]);
        let ssm: Vec<_> = (0..4)
            .map(|_| faults.meet("ssm", "GetParameter", "root", &Value::Null))
            .collect();
        assert_eq!(
            ssm,
            [
                None,
                Some(Outcome::Throttled),
                None,
                Some(Outcome::Throttled)
            ]
        );
        assert_eq!(
            faults.meet("ecr", "DescribeImages", "root", &Value::Null),
            None
        );
        faults.clear();
        assert_eq!(
            faults.meet("ssm", "GetParameter", "root", &Value::Null),
            None
        );
    }

    #[test]
    fn only_the_first_calls_fail() {
        let faults = faults(json!([{"service": "ecs", "first": 2, "outcome": "stale"}]));
        let met: Vec<_> = (0..4)
            .map(|_| faults.meet("ecs", "UpdateService", "root", &Value::Null))
            .collect();
        assert_eq!(
            met,
            [Some(Outcome::Stale), Some(Outcome::Stale), None, None]
        );
    }

    #[test]
    fn only_calls_about_something_fail() {
        let faults = faults(json!([{"about": "shop-api", "nth": 1, "outcome": "throttled"}]));
        let update = |service: &str| json!({"cluster": "test", "service": service});
        let met = |service| faults.meet("ecs", "UpdateService", "root", &update(service));
        assert_eq!(met("shop-web"), None);
        assert_eq!(met("shop-api"), Some(Outcome::Throttled));
        assert_eq!(met("shop-api"), None);
    }

    #[test]
    fn only_calls_that_have_all_of_the_members_fail() {
        let faults =
            faults(json!([{"having": ["startedBy", "desiredStatus"], "outcome": "refused"}]));
        let met = |input: Value| faults.meet("ecs", "ListTasks", "root", &input);
        assert_eq!(met(json!({"startedBy": "a"})), None);
        assert_eq!(met(json!({"desiredStatus": "STOPPED"})), None);
        let both = json!({"startedBy": "a", "desiredStatus": "STOPPED"});
        assert_eq!(met(both), Some(Outcome::Refused));
    }

    #[test]
    fn latency_is_written_in_three_ways() {
        for outcome in [json!("latency-ms(250)"), json!({"latency-ms": 250})] {
            let faults = faults(json!([{ "outcome": outcome }]));
            assert_eq!(
                faults.meet("a", "B", "c", &Value::Null),
                Some(Outcome::LatencyMs(250))
            );
        }
        let faults = faults(json!([{ "outcome": "latency-ms", "ms": 250 }]));
        assert_eq!(
            faults.meet("a", "B", "c", &Value::Null),
            Some(Outcome::LatencyMs(250))
        );
        assert!(serde_json::from_value::<Fault>(json!({"outcome": "explode"})).is_err());
    }

    #[test]
    fn a_stale_read_shows_what_was_before_the_last_change() {
        let faults = Faults::default();
        assert_eq!(faults.earlier("read", "1"), Earlier::NeverRead);
        faults.remember("read", "1");
        assert_eq!(faults.earlier("read", "1"), Earlier::Unchanged);
        assert_eq!(faults.earlier("read", "2"), Earlier::Before("1".into()));
        faults.remember("read", "2");
        assert_eq!(faults.earlier("read", "2"), Earlier::Before("1".into()));
    }
}
