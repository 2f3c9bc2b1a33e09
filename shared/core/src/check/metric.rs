//! What a CloudWatch metric says.

use jiff::{SignedDuration, Timestamp};

use super::{Finding, Watch};
use crate::message::one_line;
use crate::pipeline::{Comparison, HookPoint, MetricCheck, OnNoData};

/// Longest name in characters that is shown.
const MAX_NAME_LEN: usize = 80;

/// The time over which a metric is taken, in whole minutes, in which CloudWatch counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
}

/// What CloudWatch counted in that time. It answers with a value for each period that has data,
/// and where its periods begin is its own choice, so that there may be more than one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// The values of the statistic.
    pub values: Vec<f64>,
    /// The numbers of samples, in the same order.
    pub samples: Vec<f64>,
}

/// The time over which the metric is taken now; `None` while not one minute of it has passed.
///
/// It is the check's window up to now. From the moment when green gets traffic, only what came
/// after the check began says something about green, so that the window does not reach further
/// back, and the minute in which the check began does not count. Before, the metric is that of the
/// version which runs, and the whole window counts.
#[must_use]
pub fn span(check: &MetricCheck, watch: &Watch) -> Option<Span> {
    let until = minute(watch.now);
    let window = SignedDuration::from(check.window);
    let from = until.checked_sub(window).unwrap_or(Timestamp::MIN);
    let from = if is_about_green(watch.at) {
        from.max(next_minute(watch.since))
    } else {
        from
    };
    (from < until).then_some(Span { from, until })
}

/// What the metric says.
#[must_use]
pub fn judge_metric(check: &MetricCheck, watch: &Watch, reading: &Reading) -> Finding {
    // The sum of nothing is -0, which would be shown.
    let samples = reading.samples.iter().sum::<f64>() + 0.0;
    let value = combine(check, reading).filter(|value| value.is_finite());
    match value {
        Some(value) if samples >= f64::from(check.minimum_samples) => {
            let detail = format!(
                "{} is {} over {}, expected {} {}",
                metric(check),
                number(value),
                samples_of(samples),
                check.must_be,
                number(check.threshold)
            );
            if check.must_be.holds(value, check.threshold) {
                Finding::Good(detail)
            } else {
                Finding::Bad(detail)
            }
        }
        Some(_) | None => too_few(check, watch, samples),
    }
}

fn too_few(check: &MetricCheck, watch: &Watch, samples: f64) -> Finding {
    // A window that has only begun says nothing about how many samples there are in one.
    let begun = is_about_green(watch.at) && !watch.has_lasted(check.window.into());
    let waits = match check.on_no_data {
        OnNoData::Wait => !watch.has_lasted(check.wait.into()),
        OnNoData::Pass | OnNoData::Fail => begun,
    };
    if waits && !watch.decide {
        return Finding::Open;
    }
    let seen = format!("{} has {}", metric(check), samples_of(samples));
    let wanted = samples_of(f64::from(check.minimum_samples));
    let compared = format!("{} {}", check.must_be, number(check.threshold));
    match check.on_no_data {
        OnNoData::Pass => Finding::Good(format!(
            "{seen}, too few to tell whether it is {compared}, which passes"
        )),
        OnNoData::Fail => Finding::Bad(format!(
            "{seen}, too few to tell whether it is {compared}: expected at least {wanted}"
        )),
        OnNoData::Wait => Finding::Bad(format!(
            "{seen} after {}, too few to tell whether it is {compared}: expected at least {wanted}",
            check.wait
        )),
    }
}

/// One value out of those of several periods. Percentiles cannot be put together, so the one that
/// fits least counts.
fn combine(check: &MetricCheck, reading: &Reading) -> Option<f64> {
    let values = || reading.values.iter().copied();
    let least = || values().reduce(f64::min);
    let most = || values().reduce(f64::max);
    match (check.statistic.as_str(), check.must_be) {
        ("Sum" | "SampleCount", _) => (!reading.values.is_empty()).then(|| values().sum()),
        ("Minimum", _) => least(),
        ("Maximum", _) => most(),
        ("Average", _) => {
            let weighed = values().zip(reading.samples.iter().copied());
            let (sum, count) = weighed.fold((0.0, 0.0), |(sum, count), (value, samples)| {
                (sum + value * samples, count + samples)
            });
            (count > 0.0).then_some(sum / count)
        }
        (_, Comparison::LessThan | Comparison::AtMost) => most(),
        (_, Comparison::AtLeast | Comparison::MoreThan) => least(),
    }
}

/// Whether green has traffic at that point, so that a metric can be about it.
fn is_about_green(at: HookPoint) -> bool {
    match at {
        HookPoint::BeforeInstall | HookPoint::AfterInstall => false,
        HookPoint::AfterTestTraffic
        | HookPoint::BeforeTraffic
        | HookPoint::AfterTraffic
        | HookPoint::Bake => true,
    }
}

fn minute(at: Timestamp) -> Timestamp {
    let second = at.as_second();
    Timestamp::from_second(second - second.rem_euclid(60)).unwrap_or(at)
}

fn next_minute(at: Timestamp) -> Timestamp {
    let begun = minute(at);
    if begun == at {
        return at;
    }
    begun
        .checked_add(SignedDuration::from_mins(1))
        .unwrap_or(Timestamp::MAX)
}

fn metric(check: &MetricCheck) -> String {
    format!(
        "{} of {} {} in {}",
        one_line(&check.statistic, MAX_NAME_LEN),
        one_line(&check.namespace, MAX_NAME_LEN),
        one_line(&check.name, MAX_NAME_LEN),
        check.window
    )
}

fn samples_of(samples: f64) -> String {
    if samples == 1.0 {
        "1 sample".to_owned()
    } else {
        format!("{} samples", number(samples))
    }
}

/// A number as people write it, with at most four decimals.
fn number(value: f64) -> String {
    let size = value.abs();
    if value != 0.0 && !(1e-3..1e15).contains(&size) {
        return format!("{value:.4e}");
    }
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests;
