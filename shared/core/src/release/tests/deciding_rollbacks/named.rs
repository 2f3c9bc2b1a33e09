//! What is named, by which rules it is brought back, and what is looked up for it.

use super::*;
use crate::release::Lookup;

#[test]
fn what_is_named_is_brought_back_whatever_serves() {
    let case = Case::new().serving(Serving::Runs(sample::revision(4)));
    let last = || Some(case.last.id().clone());
    assert_eq!(
        case.brings_back(to(&case.first)),
        (sample::revision(8), last())
    );
    assert_eq!(
        case.brings_back(to(&case.last)),
        (sample::revision(9), None)
    );
    // A rollback that is named stands for what it brought back.
    for (before, expected) in [(false, 8), (true, 7)] {
        let rollback = rolling_back(None, &case.first, before);
        let case = Case::new().knows(&rollback);
        let (revision, _) = case.brings_back(to(&rollback));
        assert_eq!(revision, sample::revision(expected));
    }
    for (name, expected, before) in [
        ("shop:9", 9, false),
        ("shop:8", 8, false),
        ("shop:7", 7, true),
        (sample::revision(7).as_str(), 7, true),
    ] {
        let (rollback, _) = case.opens(to_revision(name));
        assert_eq!(
            (rollback.revision, rollback.is_from_before),
            (sample::revision(expected), before),
            "{name}"
        );
    }
    // Of what the row does not know, the pipeline's newest releases do.
    let older = succeeded("5555555", 2, 3);
    let mut case = Case::new().knows(&older);
    let unreadable: ReleaseId = "shop-api-0123456789abcdef".parse().expect("an id");
    case.facts.newest = Some(vec![unreadable.clone(), older.id().clone()]);
    let case = case.finds(&unreadable, Found::Unreadable("edited".into()));
    assert_eq!(
        case.brings_back(to_revision("shop:3")).0,
        sample::revision(3)
    );
    assert_eq!(
        case.brings_back(to_revision("shop:2")).0,
        sample::revision(2)
    );
}

#[test]
fn what_cannot_be_brought_back_is_refused_with_the_way_out() {
    let case = || Case::new();
    let (first, last) = (case().first, case().last);
    let nowhere: ReleaseId = "shop-api-0123456789abcdef".parse().expect("an id");
    let elsewhere = {
        let mut json = sample::shop_json();
        json["stages"][0]["cluster"] = "old".into();
        let story = given(sample::silent(sample::pipeline(json))).pushed("6666666");
        let story = story.planned("test", sample::plan()).took("test", 1);
        story.ended("test", Outcome::Succeeded, Some(3)).release
    };
    let named = |id: &ReleaseId| RollbackOf::To(now(), RollbackTarget::Release(id.clone()));
    let renamed = RollbackOf::Release {
        release: last.id().clone(),
        stage: stage("nowhere"),
    };
    let unreadable = || Found::Unreadable("entry 2 was edited".into());
    for (case, of, expected) in [
        (
            case().row(|row| row.history.clear()),
            the_stage(),
            "nothing is known that served in test before what runs now",
        ),
        (
            case().row(|row| row.history.clear()),
            on_its_card(&last),
            "nothing is known that served in test before what runs now",
        ),
        (
            case().row(|row| row.last_good = None),
            the_stage(),
            "no release has succeeded in test yet",
        ),
        (
            case().finds(first.id(), unreadable()),
            the_stage(),
            "cannot be read (entry 2 was edited): `towpath rollback` with --to",
        ),
        (
            case().finds(first.id(), unreadable()),
            on_its_card(&last),
            "cannot be read (entry 2 was edited): `towpath rollback` with --to",
        ),
        (
            case().finds(first.id(), Found::Missing),
            on_its_card(&last),
            "there is no release shop-api-",
        ),
        (
            case().finds(&nowhere, Found::Missing),
            named(&nowhere),
            "there is no release shop-api-0123456789abcdef: `towpath history`",
        ),
        (
            case().knows(&elsewhere),
            to(&elsewhere),
            "went to 111111111111/eu-west-1/old/api, and test is 111111111111/eu-west-1/test/api now",
        ),
        (
            case(),
            to_revision("shop:1"),
            "the ledger does not know that shop:1 ran in test",
        ),
        (case(), renamed, "the pipeline has no stage `nowhere`"),
    ] {
        let said = case.refuses(of.clone());
        assert!(said.contains(expected), "{of:?}: {said}");
    }
}

#[test]
fn the_rules_are_those_of_what_was_good_last_unless_they_cannot_be_read() {
    // The stage has been renamed since the first release, and the service is still its own.
    let mut json = sample::shop_json();
    json["stages"][0]["name"] = "trial".into();
    let story = given(sample::silent(sample::pipeline(json))).pushed("2222222");
    let story = story.planned("trial", sample::plan()).took("trial", 1);
    let last = story.ended("trial", Outcome::Succeeded, Some(9)).release;
    let id = last.id().clone();
    let case = || {
        let id = id.clone();
        Case::new().row(|row| row.last_good.as_mut().expect("a good one").release = id)
    };
    let called = |found: Found| {
        let case = case().finds(&id, found);
        let (rollback, _) = case.opens(the_stage());
        rollback.stage
    };
    assert_eq!(
        called(Found::Release(Box::new(last.clone()))),
        stage("trial")
    );
    assert_eq!(called(Found::Missing), stage("test"));
    assert_eq!(called(Found::Unreadable("edited".into())), stage("test"));
    // Its configuration is in its first entry.
    for (trusted, expected) in [(0, "test"), (1, "trial")] {
        let found = Found::Release(Box::new(distrusted(last.clone(), trusted)));
        assert_eq!(called(found), stage(expected), "{trusted}");
    }
}

#[test]
fn it_is_said_what_is_to_be_looked_up_and_no_more_than_that() {
    let Case {
        facts, first, last, ..
    } = Case::new();
    let row = facts.row.clone().expect("the row");
    let asked = |of: &RollbackOf| {
        let (mut known, mut asked) = (RollbackFacts::default(), Vec::new());
        while let RollbackDecision::Lookup(lookup) =
            decide_rollback(&request(of.clone(), somebody()), &known)
        {
            assert!(!asked.contains(&lookup), "{lookup:?} was answered");
            asked.push(lookup.clone());
            match lookup {
                Lookup::Row(_) => known.row = Some(row.clone()),
                Lookup::Release(id) => {
                    let found = facts.releases.get(&id).cloned();
                    known.releases.insert(id, found.unwrap_or(Found::Missing));
                }
                Lookup::Serving(_) => known.serving = Some(Serving::NotKnown),
                Lookup::Newest(_) => known.newest = Some(Vec::new()),
            }
        }
        asked
    };
    let release = |release: &Release| Lookup::Release(release.id().clone());
    let the_row = || Lookup::Row(service());
    let pipeline = || Lookup::Newest(sample::shop().pipeline);
    assert_eq!(
        asked(&the_stage()),
        [
            the_row(),
            Lookup::Serving(service()),
            release(&first),
            release(&last)
        ]
    );
    assert_eq!(
        asked(&on_its_card(&last)),
        [release(&last), the_row(), release(&first)]
    );
    assert_eq!(
        asked(&to(&first)),
        [the_row(), release(&first), release(&last)]
    );
    assert_eq!(
        asked(&to_revision("shop:1")),
        [the_row(), release(&last), release(&first), pipeline()]
    );
}
