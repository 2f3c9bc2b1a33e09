//! Scheduled rules on virtual time.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html>

use jiff::SignedDuration;

/// Why an expression is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ScheduleError {
    /// Valid in AWS, but not in the lab.
    #[error("'{0}': the lab runs rate(…) only, not cron(…)")]
    Cron(String),
    /// Not valid in AWS either.
    #[error(
        "'{0}' is not a schedule: use rate(1 minute), rate(5 minutes), rate(1 hour) or rate(2 days)"
    )]
    Form(String),
}

/// The time from one event to the next.
///
/// # Errors
/// When the expression is not a rate as EventBridge takes it.
pub(crate) fn period(expression: &str) -> Result<SignedDuration, ScheduleError> {
    let form = || ScheduleError::Form(expression.to_owned());
    if expression.starts_with("cron(") {
        return Err(ScheduleError::Cron(expression.to_owned()));
    }
    let inner = expression
        .strip_prefix("rate(")
        .and_then(|rest| rest.strip_suffix(')'))
        .ok_or_else(form)?;
    let (count, unit) = inner.split_once(' ').ok_or_else(form)?;
    let count: i64 = count
        .parse()
        .ok()
        .filter(|&count| (1..=1_000_000).contains(&count))
        .ok_or_else(form)?;
    // A singular unit for one, a plural for more.
    let minutes = match (count, unit) {
        (1, "minute") | (2.., "minutes") => 1,
        (1, "hour") | (2.., "hours") => 60,
        (1, "day") | (2.., "days") => 24 * 60,
        _ => return Err(form()),
    };
    Ok(SignedDuration::from_mins(count.saturating_mul(minutes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_as_eventbridge_reads_them() {
        assert_eq!(period("rate(1 minute)"), Ok(SignedDuration::from_mins(1)));
        assert_eq!(period("rate(2 hours)"), Ok(SignedDuration::from_hours(2)));
        for wrong in [
            "rate(1 minutes)",
            "rate(5 minute)",
            "rate(0 minutes)",
            "rate(-1 day)",
            "every minute",
            "rate(5)",
        ] {
            assert!(
                matches!(period(wrong), Err(ScheduleError::Form(_))),
                "{wrong}"
            );
        }
        assert!(matches!(
            period("cron(0 12 * * ? *)"),
            Err(ScheduleError::Cron(_))
        ));
    }
}
