//! The chain of a ledger: edited, missing, replaced, cut off, added to. And what folds at all.

use super::given::{given, stage};
use crate::names::{Fingerprint, ReleaseId};
use crate::pipeline::Channel;
use crate::release::{
    Actor, BrokenChain, Decision, Entry, Event, NotARelease, Outcome, Release, StoredEntry,
    verify_chain,
};
use crate::sample;

type Stored = Vec<StoredEntry>;

fn ledger() -> (ReleaseId, Stored) {
    let story = given(sample::shop())
        .pushed("3f2c1ab")
        .stands_at_production()
        .asked("production", 1)
        .voted("production-1", sample::slack("U1"), Decision::Approve);
    (story.id().clone(), stored(story.release.entries()))
}

fn stored(entries: &[Entry]) -> Stored {
    entries.iter().cloned().map(Entry::into_stored).collect()
}

fn check(id: &ReleaseId, entries: &Stored, head: &(u64, Fingerprint)) -> Result<(), BrokenChain> {
    verify_chain(id, entries, Some((head.0, &head.1)))
}

fn head(entries: &Stored) -> (u64, Fingerprint) {
    let last = &entries.last().expect("an entry").entry;
    (last.sequence, last.fingerprint.clone())
}

#[test]
fn what_was_written_verifies() {
    let (id, entries) = ledger();
    assert!(entries.len() > 10);
    assert_eq!(check(&id, &entries, &head(&entries)), Ok(()));
    assert_eq!(verify_chain(&id, &entries, None), Ok(()));
}

/// One reader may take the first of two equal keys and another the last, so that what was written is
/// the text, and not what somebody reads in it.
#[test]
fn a_text_that_says_the_same_in_other_bytes_is_an_edit() {
    let (id, entries) = ledger();
    for index in 0..entries.len() {
        let sequence = entries[index].entry.sequence;
        for edit in [
            |text: &str| text.replacen('{', "{ ", 1),
            |text: &str| text.replacen('{', r#"{"type":"opened","#, 1),
            |text: &str| format!("{text}\n"),
            |text: &str| text.replacen(r#""type""#, r#""\u0074ype""#, 1),
        ] {
            let mut entries = entries.clone();
            let text = &mut entries[index].text.event;
            *text = edit(text);
            assert_eq!(
                verify_chain(&id, &entries, None),
                Err(BrokenChain::Edited(sequence)),
                "{}",
                entries[index].text.event
            );
        }
    }
}

#[test]
fn any_edit_of_any_entry_is_found_where_it_is() {
    let (id, entries) = ledger();
    for index in 0..entries.len() {
        let sequence = entries[index].entry.sequence;
        let edited = |edit: &dyn Fn(&mut StoredEntry)| {
            let mut entries = entries.clone();
            edit(&mut entries[index]);
            verify_chain(&id, &entries, None)
        };
        let broken = Err(BrokenChain::Edited(sequence));
        let mine = r#"{"type":"notified","channel":"slack","through":1}"#;
        assert_eq!(edited(&|one| one.text.event = mine.into()), broken);
        let at = sample::minute(99).to_string();
        assert_eq!(edited(&|one| one.text.at = at.clone()), broken);
        let somebody = r#"{"person":{"slack":"U9"}}"#;
        assert_eq!(edited(&|one| one.text.actor = somebody.into()), broken);
        let print = Fingerprint::of("mine");
        assert_eq!(edited(&|one| one.entry.fingerprint = print.clone()), broken);
    }
}

#[test]
fn an_entry_of_another_release_is_an_edit() {
    let (_, entries) = ledger();
    let other = "shop-api-0123456789abcdef".parse().unwrap();
    assert_eq!(
        verify_chain(&other, &entries, None),
        Err(BrokenChain::Edited(1))
    );
}

#[test]
fn a_missing_entry_is_named() {
    let (id, entries) = ledger();
    for index in 0..entries.len() - 1 {
        let mut entries = entries.clone();
        let gone = entries.remove(index).entry;
        assert_eq!(
            verify_chain(&id, &entries, None),
            Err(BrokenChain::Missing(gone.sequence))
        );
    }
    let mut doubled = entries.clone();
    doubled.insert(3, entries[2].clone());
    assert_eq!(
        verify_chain(&id, &doubled, None),
        Err(BrokenChain::Missing(4))
    );
}

#[test]
fn an_entry_that_was_written_anew_is_found_by_the_one_after_it() {
    let (id, entries) = ledger();
    for index in 0..entries.len() {
        let mut entries = entries.clone();
        let before = head(&entries);
        let previous = (index > 0).then(|| entries[index - 1].entry.clone());
        let forged = Entry::after(
            previous.as_ref().map(|p| (p.sequence, &p.fingerprint)),
            &id,
            sample::minute(5),
            Actor::Person(sample::slack("U9")),
            Event::Notified {
                channel: Channel::Slack,
                through: 9,
            },
        );
        let sequence = forged.sequence;
        entries[index] = stored(&[forged]).remove(0);
        let last = index + 1 == entries.len();
        let expected = if last {
            BrokenChain::Head {
                expected: sequence,
                found: sequence,
            }
        } else {
            BrokenChain::Replaced(sequence)
        };
        assert_eq!(check(&id, &entries, &before), Err(expected));
    }
}

#[test]
fn what_was_cut_off_or_added_does_not_match_the_head() {
    let (id, entries) = ledger();
    let head = head(&entries);
    for keep in 0..entries.len() {
        let cut = entries[..keep].to_vec();
        assert_eq!(
            verify_chain(&id, &cut, None),
            Ok(()),
            "by itself it is whole"
        );
        assert_eq!(
            check(&id, &cut, &head),
            Err(BrokenChain::Head {
                expected: head.0,
                found: keep as u64,
            })
        );
    }
    let added = Entry::after(
        Some((head.0, &head.1)),
        &id,
        sample::minute(5),
        Actor::Person(sample::slack("U9")),
        Event::Notified {
            channel: Channel::Slack,
            through: 9,
        },
    );
    let mut longer = entries;
    longer.extend(stored(&[added]));
    assert_eq!(
        check(&id, &longer, &head),
        Err(BrokenChain::Head {
            expected: head.0,
            found: head.0 + 1,
        })
    );
}

#[test]
fn nothing_and_what_is_not_opened_is_no_release() {
    let (id, entries) = ledger();
    let entries: Vec<_> = entries.into_iter().map(|one| one.entry).collect();
    assert_eq!(
        Release::fold(id.clone(), Vec::new()),
        Err(NotARelease::Empty)
    );
    let rest = entries[1..].to_vec();
    assert_eq!(Release::fold(id.clone(), rest), Err(NotARelease::NotOpened));
    assert!(Release::fold(id, entries).is_ok());
}

#[test]
fn an_event_of_a_stage_that_does_not_exist_changes_nothing() {
    let story = given(sample::shop()).pushed("3f2c1ab");
    let after = story.clone().planned("nowhere", sample::plan());
    assert_eq!(after.release.rollouts(), story.release.rollouts());
    assert_eq!(after.release.stage_position(&stage("nowhere")), None);
}

#[test]
fn an_event_of_a_stage_where_the_release_does_not_stand_changes_nothing() {
    let story = given(sample::shop())
        .pushed("3f2c1ab")
        .deploying_at_test()
        .ended("test", Outcome::Succeeded, Some(8));
    let late = story
        .clone()
        .at(9)
        .ended("test", Outcome::Failed, None)
        .ended("production", Outcome::Failed, None)
        .planned("production", sample::plan())
        .took("test", 2);
    assert_eq!(late.release.rollouts(), story.release.rollouts());
    let over = story.ended("staging", Outcome::Succeeded, None).ended(
        "production",
        Outcome::Succeeded,
        None,
    );
    let late = over
        .clone()
        .at(9)
        .ended("production", Outcome::Failed, None);
    assert_eq!(late.release.rollouts(), over.release.rollouts());
}
