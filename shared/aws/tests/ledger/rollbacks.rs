//! What a rollback brings back is what the good release's own entries say, whatever its own first
//! entry or the service's row says.

use std::time::Duration;

use towpath_core::names::ReleaseId;
use towpath_core::release::{Event, Outcome, Rollback};
use towpath_deployer::drive::{Driven, drive};
use towpath_deployer::ports::Ledger;

use crate::support::aws;
use crate::support::http::{Reply, Request, Server, forward};
use crate::support::moto::Moto;
use crate::support::releases::{
    actor, append, at, ended, id, open, planned, rollback, rollout_ended, started,
};

/// The stack of a function's main thread: a debug build of the loop needs more than a test's thread
/// has.
const STACK: usize = 8 << 20;

pub(crate) fn on_a_main_threads_stack<F: Future<Output = ()> + 'static>(story: fn() -> F) {
    let run = move || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().build().unwrap().block_on(story());
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(run);
    thread.unwrap().join().unwrap();
}

/// Opens the rollback to a release that succeeded with revision 8, changed by `forge`, and drives
/// it: how it goes, and which operations of ECS that change something were called on the way.
async fn driven(
    forge: impl FnOnce(&mut Rollback),
    succeeds: bool,
) -> (Driven, String, Vec<String>) {
    let moto = Moto::start().await;
    let ledger = moto.url.clone();
    let server = Server::start(move |request| {
        let target = request.header("x-amz-target");
        match target.starts_with("DynamoDB") || target.starts_with("AmazonSSM") {
            true => forward(request, &ledger),
            false => Reply::error(400, "ThrottlingException", "not now"),
        }
    });
    let aws = aws(&server.url);
    let good = open(&aws, 'a', 0).await;
    let good = append(&aws, &good, &[planned(), started(1)], 1)
        .await
        .unwrap();
    let (id, mut opened) = rollback(&good);
    if succeeds {
        let ended = [rollout_ended(Outcome::Succeeded), ended()];
        append(&aws, &good, &ended, 2).await.unwrap();
    }
    let Event::Opened {
        rollback: Some(rollback),
        ..
    } = &mut opened[0]
    else {
        panic!("it opens a rollback");
    };
    forge(rollback);
    aws.open(&id, &opened, &actor(), at(3)).await.unwrap();
    let driven = drive(&aws, &id, &actor(), || Duration::from_secs(60))
        .await
        .unwrap();
    let release = aws.load(&id).await.unwrap().unwrap();
    let reason = release.conclusion().map(|it| it.reason.to_string());
    let ecs = |it: &Request| it.header("x-amz-target").starts_with("AmazonEC2Container");
    let asked = server.requests().into_iter().filter(ecs);
    let changes = asked
        .map(|it| it.operation())
        .filter(|it| !it.starts_with("Describe"));
    (driven, reason.unwrap_or_default(), changes.collect())
}

#[test]
fn a_rollback_to_what_the_good_release_did_not_run_with_is_refused() {
    on_a_main_threads_stack(forged);
}

async fn forged() {
    let evil = "arn:aws:ecs:eu-west-1:111111111111:task-definition/shop-api:66";
    let other: ReleaseId = id('b');
    let revision = |rollback: &mut Rollback| rollback.revision = evil.parse().unwrap();
    let (driven_on, reason, changes) = driven(revision, true).await;
    assert_eq!(driven_on, Driven::Done);
    assert!(
        reason.contains("by the entries of") && reason.contains(evil),
        "{reason}"
    );
    assert_eq!(changes, Vec::<String>::new());
    let (_, reason, _) = driven(|rollback| rollback.good_release = other, true).await;
    assert!(reason.contains("the ledger has no release"), "{reason}");
    let (_, reason, _) = driven(|_| {}, false).await;
    assert!(reason.contains("never served in"), "{reason}");
}

#[test]
fn a_rollback_to_what_the_good_release_ran_with_goes_on() {
    on_a_main_threads_stack(founded);
}

async fn founded() {
    let (driven_on, reason, _) = driven(|_| {}, true).await;
    assert!(matches!(driven_on, Driven::TryLater(_)), "{driven_on:?}");
    assert_eq!(reason, "");
}
