//! What DynamoDB makes of a service's row is what the core says that each change makes of it: the
//! same changes are allowed, and the same rows come out.

use std::collections::BTreeSet;

use towpath_aws::Aws;
use towpath_core::release::{
    Event, Home, Order, Outcome, Principal, Release, ServiceRow, Subject, service_change,
};
use towpath_deployer::ports::{AppendError, Directives, Issue, Ledger, Notify};

use crate::support::aws;
use crate::support::moto::Moto;
use crate::support::releases::{
    actor, append, at, blocked, ended, held, id, load, open_under, planned, rollback,
    rollout_ended, service, started,
};

/// SplitMix64: <https://doi.org/10.1145/2714064.2660195>.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % 1_000_000).unwrap() % sides
    }
}

/// The plan that is read of that row.
fn planned_on(row: &ServiceRow) -> Event {
    let Event::Planned { stage, mut plan } = planned() else {
        panic!("it is planned");
    };
    plan.service = row.clone();
    Event::Planned { stage, plan }
}

/// The rollout succeeded with a revision of its own.
fn succeeded_with(number: u64) -> Event {
    let arn = format!("arn:aws:ecs:eu-west-1:111111111111:task-definition/shop-api:{number}");
    let Event::RolloutEnded {
        stage,
        outcome,
        reason,
        ..
    } = rollout_ended(Outcome::Succeeded)
    else {
        panic!("it has ended");
    };
    Event::RolloutEnded {
        stage,
        outcome,
        reason,
        revision: Some(arn.parse().unwrap()),
    }
}

/// Something that may happen to the release next, likely or not.
fn next_event(dice: &mut Dice, release: &Release, row: &ServiceRow) -> Vec<Event> {
    let epoch = row.epoch + [1, 1, 1, 0, 2][dice.roll(5)];
    match (release.active_rollout().is_some(), dice.roll(8)) {
        (true, 0..=2) => vec![succeeded_with(row.epoch), ended()],
        (true, 3) => vec![rollout_ended(Outcome::Failed), ended()],
        (true, 4) => vec![held(), rollout_ended(Outcome::RolledBack), ended()],
        (true, _) => vec![held()],
        (false, 0..=2) => vec![planned_on(row)],
        (false, 3) => vec![planned_on(row), blocked("somebody")],
        (false, 4) => vec![planned_on(row), held()],
        (false, 5) => vec![rollout_ended(Outcome::Expired), ended()],
        (false, _) => vec![planned_on(row), started(epoch)],
    }
}

/// Somebody lifts the hold.
async fn lift(aws: &Aws, second: i64) {
    let home = Home {
        account: "111111111111".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
    };
    let issue = Issue {
        subject: &Subject::Service(service()),
        order: Order::LiftHold,
        by: &Principal::Aws("arn:aws:iam::111111111111:user/ada".into()),
        reason: "it is over",
        at: at(second),
        notify: Notify {
            home: &home,
            pipelines: &[],
            tag: None,
        },
    };
    aws.issue(issue).await.unwrap();
}

/// Has things happen to releases under one policy, and tells what the row was written to have.
async fn story(aws: &Aws, policy: &str, dice: &mut Dice) -> BTreeSet<&'static str> {
    let mut seen = BTreeSet::new();
    let mut row = ServiceRow::default();
    let mut releases = Vec::new();
    for digit in ['a', 'b', 'c', 'd'] {
        let pushed = i64::try_from(dice.roll(30)).unwrap();
        open_under(aws, policy, digit, pushed).await;
        releases.push(id(digit));
    }
    let (back, opened) = rollback(&load(aws, 'a').await);
    aws.open(&back, &opened, &actor(), at(40)).await.unwrap();
    releases.push(back);
    for second in 50..110 {
        if row.hold.is_some() && dice.roll(3) == 0 {
            lift(aws, second).await;
            (row.hold, row.baseline) = (None, None);
        }
        let id = &releases[dice.roll(releases.len())];
        let release = aws.load(id).await.unwrap().unwrap();
        if release.conclusion().is_some() {
            continue;
        }
        let events = next_event(dice, &release, &row);
        let change = service_change(&release, &events, at(second));
        let expected = match &change {
            None => Ok(row.clone()),
            Some(change) => row.changed(change),
        };
        let found = append(aws, &release, &events, second).await;
        match (&expected, found) {
            (Ok(_), Ok(_)) => {}
            (Err(_), Err(AppendError::ServiceCondition)) => {
                seen.insert("refused");
            }
            (_, found) => panic!("{policy}: {change:?} of {row:?}: {expected:?}, {found:?}"),
        }
        row = expected.unwrap_or(row);
        let stored = aws.service(&service()).await.unwrap();
        assert_eq!(stored, row, "{policy}: after {change:?}");
        seen.extend(row.owner.iter().map(|_| "owner"));
        seen.extend(row.last_good.iter().map(|_| "last_good"));
        seen.extend(row.hold.iter().map(|_| "hold"));
        seen.extend(row.history.iter().map(|_| "history"));
        seen.extend(row.waiting.iter().map(|_| "waiting"));
        seen.extend(row.candidate.iter().map(|_| "candidate"));
    }
    seen
}

#[tokio::test]
async fn dynamodb_and_the_core_agree_about_every_change() {
    let mut seen = BTreeSet::new();
    for seed in 0..8 {
        for policy in ["newest_wins", "queue"] {
            let moto = Moto::start().await;
            seen.extend(story(&aws(&moto.url), policy, &mut Dice(seed)).await);
        }
    }
    let all = [
        "candidate",
        "history",
        "last_good",
        "hold",
        "owner",
        "refused",
        "waiting",
    ];
    assert_eq!(seen, all.into(), "every part of a row was written");
}
