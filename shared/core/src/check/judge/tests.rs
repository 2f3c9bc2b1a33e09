//! Answers, and what is said of them.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::check::Response;

fn check(settings: &serde_json::Value) -> HttpCheck {
    let mut check = json!({ "url": "http://green.test/health" });
    for (key, value) in settings.as_object().unwrap() {
        check[key] = value.clone();
    }
    serde_json::from_value(check).unwrap()
}

fn plain() -> HttpCheck {
    check(&json!({}))
}

fn answer(status: u16, body: &str) -> Answer {
    Answer {
        outcome: Ok(Response {
            status,
            body: body.as_bytes().to_vec(),
            truncated: false,
            elapsed_ms: 12,
        }),
    }
}

fn slow(elapsed_ms: u64) -> Answer {
    let mut answer = answer(200, "");
    if let Ok(response) = &mut answer.outcome {
        response.elapsed_ms = elapsed_ms;
    }
    answer
}

fn truncated(body: &str) -> Answer {
    let mut answer = answer(200, body);
    if let Ok(response) = &mut answer.outcome {
        response.truncated = true;
    }
    answer
}

fn nothing(reason: &str) -> Answer {
    Answer {
        outcome: Err(reason.to_owned()),
    }
}

fn failed(http: &HttpCheck, answers: &[Answer]) -> String {
    let verdict = judge(http, answers);
    assert!(!verdict.passed, "{}", verdict.detail);
    verdict.detail
}

fn passed(http: &HttpCheck, answers: &[Answer]) -> String {
    let verdict = judge(http, answers);
    assert!(verdict.passed, "{}", verdict.detail);
    verdict.detail
}

#[test]
fn one_good_answer_is_enough_unless_more_are_asked_for() {
    assert_eq!(
        passed(&plain(), &[answer(503, ""), answer(200, "")]),
        "GET http://green.test/health answered 200 as expected in 1 of 2 attempts, within 12 ms"
    );
    let two = check(&json!({ "attempts": 3, "successes": 2 }));
    assert_eq!(
        failed(&two, &[answer(200, ""), answer(503, ""), answer(503, "")]),
        "GET http://green.test/health answered 503 in 2 of 3 attempts, expected 200 in at least 2"
    );
}

#[test]
fn a_failure_names_what_came_and_what_was_expected() {
    let bad = [answer(500, "secret"), answer(500, ""), answer(500, "")];
    assert_eq!(
        failed(&plain(), &bad),
        "GET http://green.test/health answered 500 in 3 of 3 attempts, expected 200 in at least 1"
    );
}

#[test]
fn different_failures_are_told_apart() {
    let answers = [
        nothing("connection refused"),
        answer(500, ""),
        nothing("connection refused"),
    ];
    assert_eq!(
        failed(&plain(), &answers),
        "GET http://green.test/health failed (connection refused) in 2 of 3 attempts and \
         answered 500 in 1, expected 200 in at least 1"
    );
    let five = check(&json!({ "attempts": 5 }));
    let answers = [500, 501, 502, 503, 504].map(|status| answer(status, ""));
    assert_eq!(
        failed(&five, &answers),
        "GET http://green.test/health answered 500 in 1 of 5 attempts, answered 501 in 1, \
         answered 502 in 1 and failed otherwise in 2, expected 200 in at least 1"
    );
}

#[test]
fn a_slow_answer_is_none() {
    let one = check(&json!({ "attempts": 2, "timeout": "2s" }));
    assert_eq!(
        failed(&one, &[slow(2_001), slow(2_600)]),
        "GET http://green.test/health took 2600 ms in 2 of 2 attempts, expected 200 within 2s \
         in at least 1"
    );
    assert!(judge(&one, &[slow(2_000)]).passed);
}

#[test]
fn a_body_is_searched_and_not_shown() {
    let ready = check(&json!({ "attempts": 1, "body_contains": "ready" }));
    assert!(judge(&ready, &[answer(200, "all ready now")]).passed);
    assert_eq!(
        failed(&ready, &[answer(200, "password=hunter2")]),
        "GET http://green.test/health answered 200 but its body lacks \"ready\" in 1 of 1 attempt, \
         expected 200 with \"ready\" in its body in at least 1"
    );
    assert_eq!(
        failed(&ready, &[truncated("x")]),
        "GET http://green.test/health answered 200 but the first 64 KiB of its body lack \
         \"ready\" in 1 of 1 attempt, expected 200 with \"ready\" in its body in at least 1"
    );
}

#[test]
fn values_are_looked_up_in_json() {
    let http = check(&json!({ "attempts": 1, "json": { "/status": "ok", "/db/latency": 2 } }));
    let good = r#"{"status":"ok","db":{"latency":2.0},"token":"hunter2"}"#;
    assert!(judge(&http, &[answer(200, good)]).passed);
    for (body, seen, expected) in [
        (
            r#"{"status":"down","db":{"latency":2}}"#,
            "/status is \"down\"",
            "/status \"ok\"",
        ),
        (
            r#"{"status":"ok","db":{"latency":"2"}}"#,
            "/db/latency is \"2\"",
            "/db/latency 2",
        ),
        (
            r#"{"status":"ok","db":{"latency":null}}"#,
            "/db/latency is null",
            "/db/latency 2",
        ),
        (
            r#"{"status":"ok"}"#,
            "/db/latency is missing",
            "/db/latency 2",
        ),
        (
            r#"{"status":{"password":"hunter2"},"db":{"latency":2}}"#,
            "/status is an object",
            "/status \"ok\"",
        ),
        ("<html>", "its body is not JSON", "a body of JSON"),
    ] {
        assert_eq!(
            failed(&http, &[answer(200, body)]),
            format!(
                "GET http://green.test/health answered 200 but {seen} in 1 of 1 attempt, \
                 expected 200 with {expected} in at least 1"
            )
        );
    }
    assert_eq!(
        failed(&http, &[truncated(good)]),
        "GET http://green.test/health answered 200 but its body has more than 64 KiB in 1 of 1 \
         attempt, expected 200 with a body of JSON in at least 1"
    );
}

#[test]
fn a_value_is_shown_short_and_harmless() {
    let http = check(&json!({ "attempts": 1, "json": { "/status": "ok" } }));
    let body = json!({ "status": format!("\n\u{202e}{}", "x".repeat(500)) });
    let detail = failed(&http, &[answer(200, &body.to_string())]);
    assert!(!detail.contains(['\n', '\u{202e}']), "{detail}");
    assert!(detail.chars().count() < 300, "{detail}");
    let shown = failed(&http, &[nothing(&"x\n".repeat(500))]);
    assert!(
        shown.chars().count() < 300 && !shown.contains('\n'),
        "{shown}"
    );
}

#[test]
fn it_stops_when_nothing_can_change_any_more() {
    let http = check(&json!({ "attempts": 5, "successes": 3 }));
    let (good, bad) = (answer(200, ""), answer(500, ""));
    let run = |answers: &[&Answer]| {
        let answers: Vec<_> = answers.iter().map(|&answer| answer.clone()).collect();
        decided(&http, &answers)
    };
    assert!(!run(&[]));
    assert!(!run(&[&good, &good]));
    assert!(run(&[&good, &good, &good]));
    assert!(!run(&[&bad, &bad]));
    assert!(run(&[&bad, &bad, &bad]));
    assert!(!run(&[&good, &bad, &good, &bad]));
    let early = vec![bad.clone(); 3];
    assert_eq!(
        failed(&http, &early),
        "GET http://green.test/health answered 500 in 3 of 3 attempts, expected 200 in at least \
         3 of 5"
    );
}

#[test]
fn too_little_time_is_a_failure_that_says_so() {
    let http = check(&json!({ "attempts": 3, "successes": 2 }));
    assert_eq!(
        failed(&http, &[]),
        "GET http://green.test/health was never asked for, expected 200 in at least 2 of 3; \
         there was no time for 3 more"
    );
    assert_eq!(
        failed(&http, &[answer(200, "")]),
        "GET http://green.test/health answered 200 as expected in 1 of 1 attempt, expected 200 \
         in at least 2 of 3; there was no time for 2 more"
    );
}

#[test]
fn a_check_that_asks_for_nothing_passes_nothing() {
    let http = check(&json!({ "attempts": 0, "successes": 0 }));
    assert!(decided(&http, &[]));
    assert!(!judge(&http, &[]).passed);
    assert!(!judge(&http, &[answer(200, "")]).passed);
}

fn any_answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        Just(answer(200, r#"{"status":"ok"}"#)),
        Just(answer(200, r#"{"status":"down"}"#)),
        any::<u16>().prop_map(|status| answer(status, "")),
        any::<u64>().prop_map(slow),
        "\\PC{0,20}".prop_map(|reason| nothing(&reason)),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(|body| Answer {
            outcome: Ok(Response {
                status: 200,
                body,
                truncated: false,
                elapsed_ms: 1,
            })
        }),
    ]
}

proptest! {
    #[test]
    fn what_is_decided_stays_so(
        attempts in 0_u8..7,
        successes in 0_u8..7,
        answers in proptest::collection::vec(any_answer(), 0..9),
    ) {
        let http = check(&json!({
            "attempts": attempts, "successes": successes, "json": { "/status": "ok" }
        }));
        let mut settled: Option<bool> = None;
        for made in 0..=answers.len() {
            let verdict = judge(&http, &answers[..made]);
            prop_assert!(!verdict.detail.contains('\n'));
            if let Some(before) = settled {
                prop_assert_eq!(verdict.passed, before);
                prop_assert!(decided(&http, &answers[..made]));
            } else if decided(&http, &answers[..made]) {
                settled = Some(verdict.passed);
            } else {
                prop_assert!(!verdict.passed);
            }
        }
        if answers.len() >= usize::from(attempts) {
            prop_assert!(settled.is_some());
        }
    }
}
