//! What the states of CloudWatch alarms say.

use super::Finding;
use crate::message::one_line;
use crate::names::AlarmName;
use crate::pipeline::AlarmCheck;

/// Longest name in characters that is shown.
const MAX_NAME_LEN: usize = 80;

/// Longest reason in characters that is shown.
const MAX_REASON_LEN: usize = 200;

/// Most alarms that are told apart.
const MAX_SHOWN: usize = 5;

/// An alarm as it stands:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    pub name: String,
    /// `OK`, `ALARM`, `INSUFFICIENT_DATA`, or what AWS adds some day.
    pub state: String,
    /// Why it is in that state, in CloudWatch's words.
    pub reason: String,
}

/// What the alarms of a check say. An alarm that does not exist says nothing, and then it cannot be
/// told that all is well.
#[must_use]
pub fn judge_alarms(check: &AlarmCheck, alarms: &[Alarm]) -> Finding {
    let faults: Vec<_> = check
        .names
        .iter()
        .filter_map(|name| fault(check, name, alarms))
        .collect();
    let (expected, count) = (expected(check), check.names.len());
    if faults.is_empty() {
        return Finding::Good(match check.names.as_slice() {
            [name] => format!("alarm `{}` is {expected}", shown(name)),
            _ => format!("{count} alarms are {expected}"),
        });
    }
    let untold = faults.len().saturating_sub(MAX_SHOWN);
    let mut told: Vec<_> = faults.into_iter().take(MAX_SHOWN).collect();
    if untold > 0 {
        told.push(format!("{untold} more are not {expected}"));
    }
    Finding::Bad(format!("{}; expected {expected}", told.join("; ")))
}

fn fault(check: &AlarmCheck, name: &AlarmName, alarms: &[Alarm]) -> Option<String> {
    let known = alarms.iter().find(|alarm| alarm.name == name.as_str());
    let name = shown(name);
    let Some(alarm) = known else {
        return Some(format!("alarm `{name}` does not exist"));
    };
    let fine = match alarm.state.as_str() {
        "OK" => true,
        "INSUFFICIENT_DATA" => check.insufficient_data_is_ok,
        _ => false,
    };
    if fine {
        return None;
    }
    let state = one_line(&alarm.state, MAX_NAME_LEN);
    let reason = one_line(&alarm.reason, MAX_REASON_LEN);
    Some(match reason.as_str() {
        "" => format!("alarm `{name}` is {state}"),
        reason => format!("alarm `{name}` is {state} ({reason})"),
    })
}

fn expected(check: &AlarmCheck) -> &'static str {
    if check.insufficient_data_is_ok {
        "OK or INSUFFICIENT_DATA"
    } else {
        "OK"
    }
}

fn shown(name: &AlarmName) -> String {
    one_line(name.as_str(), MAX_NAME_LEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &[&str]) -> AlarmCheck {
        AlarmCheck {
            names: names.iter().map(|name| name.parse().unwrap()).collect(),
            insufficient_data_is_ok: false,
        }
    }

    fn alarm(name: &str, state: &str, reason: &str) -> Alarm {
        Alarm {
            name: name.into(),
            state: state.into(),
            reason: reason.into(),
        }
    }

    #[test]
    fn alarms_that_are_ok_are_good() {
        let alarms = [alarm("a", "OK", ""), alarm("b", "OK", "Threshold OK")];
        assert_eq!(
            judge_alarms(&check(&["a"]), &alarms),
            Finding::Good("alarm `a` is OK".into())
        );
        assert_eq!(
            judge_alarms(&check(&["a", "b"]), &alarms),
            Finding::Good("2 alarms are OK".into())
        );
    }

    #[test]
    fn an_alarm_says_its_name_its_state_and_why() {
        let alarms = [
            alarm("a", "OK", ""),
            alarm("5xx", "ALARM", "Threshold\nCrossed: 7 > 5"),
        ];
        assert_eq!(
            judge_alarms(&check(&["a", "5xx"]), &alarms),
            Finding::Bad("alarm `5xx` is ALARM (Threshold Crossed: 7 > 5); expected OK".into())
        );
    }

    #[test]
    fn what_does_not_exist_or_cannot_tell_is_not_ok() {
        let alarms = [alarm("young", "INSUFFICIENT_DATA", "Unchecked")];
        assert_eq!(
            judge_alarms(&check(&["gone", "young"]), &alarms),
            Finding::Bad(
                "alarm `gone` does not exist; alarm `young` is INSUFFICIENT_DATA (Unchecked); \
                 expected OK"
                    .into()
            )
        );
        let lenient = AlarmCheck {
            insufficient_data_is_ok: true,
            ..check(&["young"])
        };
        assert_eq!(
            judge_alarms(&lenient, &alarms),
            Finding::Good("alarm `young` is OK or INSUFFICIENT_DATA".into())
        );
        let tomorrow = [alarm("young", "MUTED", "")];
        assert!(matches!(judge_alarms(&lenient, &tomorrow), Finding::Bad(_)));
    }

    #[test]
    fn many_alarms_are_told_within_bounds() {
        let names: Vec<_> = (0..100)
            .map(|n| format!("{n}{}", "x".repeat(200)))
            .collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let alarms: Vec<_> = names
            .iter()
            .map(|name| alarm(name, "ALARM", &"y".repeat(900)))
            .collect();
        let Finding::Bad(detail) = judge_alarms(&check(&names), &alarms) else {
            panic!("a hundred alarms are not OK");
        };
        assert!(detail.contains("95 more are not OK"), "{detail}");
        assert!(detail.chars().count() < 2_000, "{}", detail.len());
    }
}
