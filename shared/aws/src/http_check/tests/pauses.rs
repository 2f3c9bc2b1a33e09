//! The pauses between requests, in paused time.

use std::cell::RefCell;

use super::*;

/// Statuses to answer with, and the seconds at which each was asked for.
async fn rehearse(check: &HttpCheck, time_left: u64, statuses: &[u16]) -> (Verdict, Vec<u64>) {
    let begun = Instant::now();
    let asked = RefCell::new(Vec::new());
    let verdict = repeat(check, Duration::from_secs(time_left), async || {
        let at = asked.borrow().len();
        asked.borrow_mut().push(begun.elapsed().as_secs());
        Ok(Answer {
            outcome: Ok(Response {
                status: statuses[at],
                body: Vec::new(),
                truncated: false,
                elapsed_ms: 0,
            }),
        })
    })
    .await;
    (verdict, asked.into_inner())
}

#[tokio::test(start_paused = true)]
async fn it_pauses_between_requests_and_stops_when_it_knows() {
    let check = check(
        "http://green.test/",
        &json!({ "attempts": 5, "successes": 2, "interval": "10s" }),
    );
    let (verdict, asked) = rehearse(&check, 3_600, &[500, 200, 500, 200, 500]).await;
    assert!(verdict.passed);
    assert_eq!(asked, [0, 10, 20, 30]);
    let (verdict, asked) = rehearse(&check, 3_600, &[500; 5]).await;
    assert!(!verdict.passed);
    assert_eq!(asked, [0, 10, 20, 30]);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_could_not_have_its_time_is_not_begun() {
    let check = check(
        "http://green.test/",
        &json!({ "attempts": 3, "successes": 3, "interval": "10s", "timeout": "5s" }),
    );
    let (verdict, asked) = rehearse(&check, 24, &[200; 3]).await;
    assert_eq!(asked, [0, 10]);
    assert_eq!(
        verdict.detail,
        "GET http://green.test/ answered 200 as expected in 2 of 2 attempts, expected 200 in at \
         least 3 of 3; there was no time for 1 more"
    );
    let (_, asked) = rehearse(&check, 4, &[200; 3]).await;
    assert!(asked.is_empty());
}
