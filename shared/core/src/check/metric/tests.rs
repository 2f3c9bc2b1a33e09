use serde_json::{Value, json};

use super::*;

fn check(changes: Value) -> MetricCheck {
    let mut keys = json!({"namespace": "AWS/ApplicationELB", "name": "HTTPCode_Target_5XX_Count",
        "statistic": "Sum", "must_be": "at_most", "threshold": 5, "window": "5m"});
    for (key, value) in changes.as_object().unwrap() {
        keys[key] = value.clone();
    }
    serde_json::from_value(keys).unwrap()
}

fn at(text: &str) -> Timestamp {
    format!("2026-03-01T{text}Z").parse().unwrap()
}

fn watch(point: HookPoint, since: &str, now: &str) -> Watch {
    Watch {
        at: point,
        since: at(since),
        now: at(now),
        decide: false,
    }
}

fn reading(values: &[f64], samples: &[f64]) -> Reading {
    Reading {
        values: values.to_vec(),
        samples: samples.to_vec(),
    }
}

fn later() -> Watch {
    watch(HookPoint::Bake, "12:00:00", "12:30:00")
}

#[test]
fn the_window_ends_with_the_last_whole_minute() {
    let watch = watch(HookPoint::BeforeInstall, "12:00:10", "12:00:40");
    let span = span(&check(json!({})), &watch).unwrap();
    assert_eq!((span.from, span.until), (at("11:55:00"), at("12:00:00")));
}

#[test]
fn with_traffic_on_green_only_what_came_since_counts() {
    let span = |now| span(&check(json!({})), &watch(HookPoint::Bake, "12:00:10", now));
    assert_eq!(span("12:00:40"), None);
    assert_eq!(span("12:01:59"), None);
    let begun = span("12:03:20").unwrap();
    assert_eq!((begun.from, begun.until), (at("12:01:00"), at("12:03:00")));
    let full = span("12:30:00").unwrap();
    assert_eq!((full.from, full.until), (at("12:25:00"), at("12:30:00")));
}

#[test]
fn the_value_is_compared_and_told_with_the_threshold() {
    let finding = judge_metric(&check(json!({})), &later(), &reading(&[5.0], &[40.0]));
    let detail = "Sum of AWS/ApplicationELB HTTPCode_Target_5XX_Count in 5m is 5 over 40 samples, \
         expected at most 5";
    assert_eq!(finding, Finding::Good(detail.into()));
    let slow = check(json!({"statistic": "p99", "must_be": "less_than", "threshold": 0.25}));
    let finding = judge_metric(&slow, &later(), &reading(&[0.250_04], &[1.0]));
    let detail = "p99 of AWS/ApplicationELB HTTPCode_Target_5XX_Count in 5m is 0.25 over 1 sample, \
         expected less than 0.25";
    assert_eq!(finding, Finding::Bad(detail.into()));
}

#[test]
fn several_periods_become_one_value() {
    let of = |statistic: &str, must_be: &str| {
        let check = check(json!({"statistic": statistic, "must_be": must_be}));
        combine(&check, &reading(&[1.0, 4.0], &[3.0, 1.0]))
    };
    for (statistic, must_be, value) in [
        ("Sum", "at_most", 5.0),
        ("SampleCount", "at_least", 5.0),
        ("Minimum", "at_most", 1.0),
        ("Maximum", "at_most", 4.0),
        ("Average", "at_most", 1.75),
        ("p99", "at_most", 4.0),
        ("p99", "less_than", 4.0),
        ("p10", "at_least", 1.0),
        ("p10", "more_than", 1.0),
    ] {
        assert_eq!(of(statistic, must_be), Some(value), "{statistic} {must_be}");
        let nothing = combine(&check(json!({"statistic": statistic})), &Reading::default());
        assert_eq!(nothing, None, "{statistic}");
    }
}

#[test]
fn too_few_samples_are_waited_for_and_then_fail() {
    let check = check(json!({"minimum_samples": 100, "wait": "10m"}));
    let judge = |now| {
        let watch = watch(HookPoint::AfterTraffic, "12:00:00", now);
        judge_metric(&check, &watch, &reading(&[0.0], &[99.0]))
    };
    assert_eq!(judge("12:09:59"), Finding::Open);
    let Finding::Bad(detail) = judge("12:10:00") else {
        panic!("the wait is over");
    };
    assert_eq!(
        detail,
        "Sum of AWS/ApplicationELB HTTPCode_Target_5XX_Count in 5m has 99 samples after 10m, too \
         few to tell whether it is at most 5: expected at least 100 samples"
    );
}

#[test]
fn no_data_is_what_the_check_says_once_its_window_has_passed() {
    for (on_no_data, passes) in [("pass", true), ("fail", false)] {
        let check = check(json!({"on_no_data": on_no_data}));
        let judge = |watch| judge_metric(&check, &watch, &Reading::default());
        let green = |now| judge(watch(HookPoint::AfterTraffic, "12:00:00", now));
        assert_eq!(green("12:04:59"), Finding::Open, "{on_no_data}");
        let passed = |finding: Finding| finding.verdict().map(|verdict| verdict.passed);
        assert_eq!(passed(green("12:05:00")), Some(passes));
        // What runs has had its time.
        let before = watch(HookPoint::BeforeInstall, "12:00:00", "12:00:00");
        assert_eq!(passed(judge(before)), Some(passes));
    }
}

#[test]
fn what_is_to_be_decided_is_decided() {
    for on_no_data in ["wait", "pass", "fail"] {
        let check = check(json!({"on_no_data": on_no_data}));
        let watch = Watch {
            decide: true,
            ..watch(HookPoint::Bake, "12:00:00", "12:01:00")
        };
        let finding = judge_metric(&check, &watch, &Reading::default());
        assert_ne!(finding, Finding::Open, "{on_no_data}");
    }
}

#[test]
fn numbers_are_told_as_people_write_them() {
    for (value, text) in [
        (0.0, "0"),
        (5.0, "5"),
        (-1.5, "-1.5"),
        (0.1 + 0.2, "0.3"),
        (100.0, "100"),
        (0.000_012, "1.2000e-5"),
        (2e18, "2.0000e18"),
    ] {
        assert_eq!(number(value), text);
    }
}
