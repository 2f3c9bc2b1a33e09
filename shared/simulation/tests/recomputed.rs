//! A service's row that somebody has edited is found, whichever of its fields it was. That one which
//! nobody has edited is not is checked in every story.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use towpath_core::pipeline::Pipeline;
use towpath_core::release::{
    Block, Candidate, Directive, GoodRelease, Instruction, Order, Principal, Recomputed, Release,
    Revision, Said, ScalingState, ServiceId, ServiceRow, Subject, SubjectState, verify_row,
};
use towpath_simulation::{Dice, Story, pipelines, simulate};

fn shop() -> Pipeline {
    let production = pipelines::approved(pipelines::native(), "before_rollout");
    pipelines::of(json!([
        pipelines::rolling(),
        pipelines::codedeploy(),
        production
    ]))
}

fn story(dice: Dice) -> Story {
    simulate(shop(), dice, ScalingState::default(), None)
}

/// Somebody who was never there.
fn nobody() -> Candidate {
    Candidate {
        release: "shop-api-ffffffffffffffff".parse().expect("a release"),
        tag: "fffffff".parse().expect("a tag"),
        arrived_at: dawn(),
    }
}

fn dawn() -> Timestamp {
    "2026-03-02T09:00:00Z".parse().expect("a timestamp")
}

fn much_later() -> Timestamp {
    dawn() + SignedDuration::from_hours(1_000)
}

/// A revision that nobody has registered.
fn evil_revision() -> Revision {
    "arn:aws:ecs:eu-west-1:111111111111:task-definition/shop:666"
        .parse()
        .expect("the ARN of a revision")
}

/// A way to edit one field; what it is left as may be what it was.
type Edit = (&'static str, fn(&mut ServiceRow));

const EDITS: [Edit; 9] = [
    ("epoch", |row| row.epoch += 1),
    ("owner", |row| {
        let somebody = nobody().release;
        row.owner = row.owner.is_none().then_some(somebody);
    }),
    ("taken_by", |row| {
        row.taken_by = Some(nobody().release);
    }),
    ("last_good", |row| {
        row.last_good = evil(row.last_good.as_ref())
    }),
    ("history", |row| {
        let first = evil(row.history.first());
        row.history = first.into_iter().collect();
    }),
    ("baseline", |row| row.baseline = Some(evil_revision())),
    ("hold", |row| {
        row.hold = Some(Block::hold(Principal::Deployer, "nobody said so"))
    }),
    ("candidate", |row| {
        if let Some(candidate) = &mut row.candidate {
            candidate.arrived_at -= SignedDuration::from_hours(100);
        }
    }),
    ("waiting", |row| {
        row.waiting.push(nobody());
    }),
];

fn evil(good: Option<&GoodRelease>) -> Option<GoodRelease> {
    let mut good = good?.clone();
    good.revision = evil_revision();
    Some(good)
}

#[test]
fn every_field_that_is_edited_is_found() {
    let mut found_by_audit = BTreeSet::new();
    let mut found_before_a_plan = BTreeSet::new();
    for seed in 0..15 {
        let story = story(Dice::seeded(seed, 700));
        let releases = story.releases();
        let services: BTreeSet<ServiceId> = releases
            .iter()
            .flat_map(|release| (0..3).filter_map(|index| release.service_id(index)))
            .collect();
        for service in &services {
            let row = story.row(service);
            let orders = story.orders(service);
            let told = Recomputed::of(service, &releases, &orders, true);
            for (field, edit) in EDITS {
                let mut edited = row.clone();
                edit(&mut edited);
                if edited == row {
                    continue;
                }
                let fields: Vec<_> = told
                    .differences(&edited)
                    .iter()
                    .map(|it| it.field)
                    .collect();
                assert_eq!(fields, [field], "seed {seed}: {row:#?}");
                found_by_audit.insert(field);
                let last = edited.taken_by.as_ref();
                let last = last.and_then(|last| releases.iter().find(|one| one.id() == last));
                if verify_row(service, &edited, Some(&orders), last).is_err() {
                    found_before_a_plan.insert(field);
                }
            }
        }
    }
    let all: BTreeSet<_> = EDITS.iter().map(|(field, _)| *field).collect();
    assert_eq!(found_by_audit, all);
    // Who waits is asked of the row alone, and a hold that is there may be another release's.
    let acted_upon = all
        .into_iter()
        .filter(|field| !["waiting", "hold"].contains(field));
    assert_eq!(found_before_a_plan, acted_upon.collect());
}

#[test]
fn a_hold_that_is_gone_is_missed_until_it_was_lifted() {
    let story = story(Dice::new(Vec::new()));
    let release = story.releases().remove(0);
    let service = release.service_id(0).expect("a stage");
    let row = story.row(&service);
    let subject = Subject::Service(service.clone());
    let by = Principal::Aws("arn:aws:iam::111111111111:user/ada".into());
    let mut upon = SubjectState {
        epoch: row.epoch,
        ..SubjectState::default()
    };
    let mut give = |order: Order, why: &str| {
        let instruction = Instruction {
            by: by.clone(),
            order,
            reason: why.into(),
        };
        let given = Directive::next(&upon, &subject, much_later(), instruction);
        upon = SubjectState {
            last: Some((given.sequence, given.fingerprint.clone())),
            last_of_all: Some((given.place, given.fingerprint.clone())),
            active: order.sets().then(|| given.block().text()),
            ..upon.clone()
        };
        given
    };
    let mut orders = vec![give(Order::Hold, "the sale begins")];
    let fields = |row: &ServiceRow, orders: &[Directive]| -> Vec<&str> {
        let verified = verify_row(&service, row, Some(orders), Some(&release));
        let found = verified.err().unwrap_or_default();
        found.iter().map(|one| one.field).collect()
    };
    let held = ServiceRow {
        hold: Some(orders[0].block()),
        ..row.clone()
    };
    assert_eq!(fields(&held, &orders), [""; 0]);
    assert_eq!(fields(&row, &orders), ["hold"]);
    // Who has ordered something at a later epoch has seen a later row.
    let mut later = orders.clone();
    later[0].epoch = row.epoch + 1;
    assert_eq!(fields(&row, &later), ["epoch"]);
    orders.push(give(Order::LiftHold, "it is over"));
    let lifted = ServiceRow {
        baseline: None,
        ..row.clone()
    };
    assert_eq!(fields(&lifted, &orders), [""; 0]);
    // What is accepted as it runs is not what Towpath left.
    assert_eq!(fields(&row, &orders), ["baseline"]);
}

#[test]
fn a_service_that_was_let_go_is_known_by_the_order_and_by_what_is_trusted() {
    let story = story(Dice::new(Vec::new()));
    let release = story.releases().remove(0);
    let service = release.service_id(0).expect("a stage");
    // As it was while it had the service.
    let had = (1..release.entries().len())
        .map(|count| {
            let entries = release.entries()[..count].to_vec();
            Release::fold(release.id().clone(), entries).expect("a release")
        })
        .find(|before| before.active_rollout().is_some())
        .expect("a rollout");
    let epoch = had.active_rollout().expect("a rollout").epoch;
    let subject = Subject::Service(service.clone());
    let upon = SubjectState {
        epoch,
        owned: true,
        ..SubjectState::default()
    };
    let at = much_later();
    let instruction = Instruction {
        by: Principal::Deployer,
        order: Order::LetGo,
        reason: "the ledger of it is not trusted".to_owned(),
    };
    let order = Directive::next(&upon, &subject, at, instruction);
    let upon = SubjectState {
        last: Some((order.sequence, order.fingerprint.clone())),
        last_of_all: Some((order.place, order.fingerprint.clone())),
        active: Some(order.block().text()),
        owned: false,
        ..upon
    };
    let instruction = Instruction {
        by: Principal::Aws("arn:aws:iam::111111111111:user/ada".into()),
        order: Order::LiftHold,
        reason: "seen".into(),
    };
    let lift = Directive::next(&upon, &subject, at, instruction);

    let owned = Recomputed::of(&service, [&had], &[], true).row;
    assert_eq!(owned.owner.as_ref(), Some(release.id()));
    let held = ServiceRow {
        owner: None,
        hold: Some(order.block()),
        baseline: None,
        candidate: Some(Candidate::of(&had)),
        ..owned.clone()
    };
    let lifted = ServiceRow {
        hold: None,
        ..held.clone()
    };
    let fields = |row: &ServiceRow, orders: &[Directive], last: Option<&Release>| -> Vec<&str> {
        let found = verify_row(&service, row, Some(orders), last).err();
        let found = found.unwrap_or_default();
        found.iter().map(|one| one.field).collect()
    };
    let orders = [order, lift];
    assert_eq!(fields(&held, &orders[..1], Some(&had)), [""; 0]);
    assert_eq!(fields(&lifted, &orders, Some(&had)), [""; 0]);
    // What was ordered may have done that, where this version does not understand it.
    let mut unread = orders.clone();
    unread[0].said = Said::read(r#"{"by":"deployer","order":"freeze","reason":"the sale"}"#);
    let still_has_it = ServiceRow {
        candidate: held.candidate.clone(),
        ..owned
    };
    for row in [&still_has_it, &held, &lifted] {
        assert_eq!(fields(row, &unread[..1], Some(&had)), [""; 0]);
    }
    unread[0].epoch -= 1;
    assert_eq!(fields(&held, &unread[..1], Some(&had)), ["owner"]);
    // Without the order nobody has let it go, nor does the hold go by itself.
    assert_eq!(fields(&held, &[], Some(&had)), ["owner"]);
    assert_eq!(fields(&lifted, &orders[..1], Some(&had)), ["hold"]);
    // Nothing is known of whoever is not trusted at all.
    assert!(fields(&lifted, &orders, None).contains(&"epoch"));
}
