//! What a hook function reports, and about which stages it is listened to.

use serde_json::json;

use super::given::{Story, given};
use crate::pipeline::HookPoint;
use crate::release::{CheckResult, Event, HookReport, NotTheirs, reporting_account};
use crate::sample;

const HOME: &str = "111111111111";
const OTHER: &str = "222222222222";

/// Staging in that account is being rolled out, with a check that its hook function runs and one
/// that it does not.
fn deploying_in(account: &str) -> Story {
    let mut shop = sample::shop_json();
    let stages = shop["stages"].as_array_mut().expect("stages");
    stages.remove(0);
    stages[0]["account"] = json!(account);
    let role = format!("arn:aws:iam::{account}:role/towpath");
    stages[0]["role"] = json!({ "arn": role, "external_id": "towpath-shop-1" });
    let checks = stages[0]["checks"].as_array_mut().expect("checks");
    checks.push(json!({ "name": "errors", "alarm": { "names": ["errors"] } }));
    given(sample::silent(sample::pipeline(shop)))
        .pushed("3f2c1ab")
        .planned("staging", sample::plan())
        .took("staging", 1)
        .registered(8)
        .suspended()
        .started("d-1")
}

fn report(stage: &str, check: &str) -> HookReport {
    HookReport {
        stage: stage.parse().unwrap(),
        deployment: "d-1".parse().unwrap(),
        at: HookPoint::AfterTestTraffic,
        results: vec![CheckResult {
            check: check.parse().unwrap(),
            passed: true,
            detail: "as it is".into(),
        }],
        execution: Some("execution".into()),
    }
}

fn accepted(story: &Story, account: &str, report: HookReport) -> Result<Vec<Event>, NotTheirs> {
    report.accept_into(&story.release, &account.parse().unwrap(), story.now)
}

#[test]
fn an_account_is_listened_to_about_its_own_stages() {
    for (stage_in, from) in [(HOME, HOME), (HOME, OTHER), (OTHER, HOME), (OTHER, OTHER)] {
        let story = deploying_in(stage_in);
        let account = reporting_account(&story.release).expect("an account");
        assert_eq!(account.as_str(), stage_in);
        let events = accepted(&story, from, report("staging", "answers"));
        if stage_in == from {
            let events = events.expect("it is theirs");
            assert!(
                matches!(
                    events.as_slice(),
                    [Event::Checked { .. }, Event::HookCalled { .. }]
                ),
                "{events:?}"
            );
        } else {
            let error = events.unwrap_err();
            assert!(matches!(error, NotTheirs::Stage { .. }), "{error}");
        }
    }
}

#[test]
fn a_report_is_taken_over_once() {
    let story = deploying_in(OTHER);
    let events = accepted(&story, OTHER, report("staging", "answers")).unwrap();
    let story = events.into_iter().fold(story, Story::happened);
    assert_eq!(
        accepted(&story, OTHER, report("staging", "answers")),
        Ok(vec![])
    );
}

#[test]
fn a_hook_function_says_nothing_about_checks_that_others_run() {
    let story = deploying_in(OTHER);
    for check in ["errors", "invented"] {
        let error = accepted(&story, OTHER, report("staging", check)).unwrap_err();
        assert!(matches!(error, NotTheirs::Check { .. }), "{error}");
    }
    let elsewhere = HookReport {
        at: HookPoint::AfterTraffic,
        ..report("staging", "answers")
    };
    let error = accepted(&story, OTHER, elsewhere).unwrap_err();
    assert!(matches!(error, NotTheirs::Check { .. }), "{error}");
    for stage in ["production", "nowhere"] {
        // Production is in that account, too, but the check is not one of its.
        assert!(accepted(&story, OTHER, report(stage, "answers")).is_err());
    }
    let mut long = report("staging", "answers");
    long.results[0].detail = "x".repeat(5_000);
    assert_eq!(accepted(&story, OTHER, long), Err(NotTheirs::TooLong));
}

#[test]
fn nobody_is_listened_to_before_a_rollout_and_where_nothing_is_checked() {
    let story = given(sample::silent_shop()).pushed("3f2c1ab");
    assert_eq!(reporting_account(&story.release), None);
    let unchecked = story.planned("test", sample::plan()).took("test", 1);
    assert_eq!(reporting_account(&unchecked.release), None);
}
