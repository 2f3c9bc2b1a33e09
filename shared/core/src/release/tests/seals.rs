//! Who may write what, and that a seal proves it for one entry in one place.

use proptest::prelude::*;

use super::stored::version_1;
use crate::names::ReleaseId;
use crate::release::{
    BrokenSeal, Event, KeyState, Seal, SealKey, StoredEntry, Writer, keys_of, unvouched,
    verify_seals,
};

fn key(writer: Writer, version: u64) -> SealKey {
    let key = format!("{version:04}-{:-<40}", writer.name());
    SealKey::new(version, key.as_bytes()).unwrap()
}

/// All kinds have keys of the versions 2 and 3; 1 counts no more.
fn known(writer: Writer, version: u64) -> KeyState {
    match version {
        1 => KeyState::Withdrawn(key(writer, version)),
        2 | 3 => KeyState::Counts(key(writer, version)),
        _ => KeyState::Unknown,
    }
}

/// Who would have written it.
fn writer_of(event: &Event) -> Writer {
    let may = |writer: &Writer| writer.may_write(event);
    Writer::ALL.into_iter().find(may).expect("a writer")
}

/// A ledger with nearly every kind of event, sealed as its writers would have.
fn sealed() -> (ReleaseId, Vec<StoredEntry>) {
    let (release, mut entries) = version_1();
    for stored in &mut entries {
        let writer = writer_of(&stored.entry.event);
        stored.seal = Some(key(writer, 2).seal(writer, &release, stored));
    }
    (release, entries)
}

fn verify(release: &ReleaseId, entries: &[StoredEntry]) -> Result<(), BrokenSeal> {
    verify_seals(release, entries, known)
}

#[test]
fn what_decides_and_what_is_done_is_written_by_advance_alone() {
    let (_, entries) = sealed();
    for stored in &entries {
        let writers: Vec<_> = Writer::ALL
            .into_iter()
            .filter(|writer| writer.may_write(&stored.entry.event))
            .collect();
        let event = &stored.entry.event;
        let expected: &[Writer] = if matches!(event, Event::Opened { rollback: None, .. }) {
            &[Writer::ImagePush, Writer::Sweeper, Writer::Operator]
        } else if matches!(event, Event::DeploymentReported { .. }) {
            &[Writer::DeploymentEvent]
        } else if matches!(event, Event::Voted { .. }) {
            &[Writer::Approval]
        } else if matches!(event, Event::RollbackRequested { .. }) {
            &[Writer::Approval, Writer::Operator]
        } else if matches!(event, Event::Vetoed { .. }) {
            &[Writer::Operator]
        } else {
            &[Writer::Advance]
        };
        assert_eq!(writers, expected, "{event:?}");
    }
}

#[test]
fn what_was_sealed_verifies_also_after_its_key_was_changed() {
    let (release, mut entries) = sealed();
    assert_eq!(verify(&release, &entries), Ok(()));
    let last = entries.last_mut().unwrap();
    let writer = writer_of(&last.entry.event);
    last.seal = Some(key(writer, 3).seal(writer, &release, last));
    assert_eq!(verify(&release, &entries), Ok(()));
    assert!(keys_of(&entries).contains(&(writer, 3)));
}

#[test]
fn a_key_that_counts_no_more_or_is_not_there_proves_nothing() {
    let (release, entries) = sealed();
    for version in [1, 4] {
        let mut stored = entries[0].clone();
        let writer = writer_of(&stored.entry.event);
        stored.seal = Some(key(writer, version).seal(writer, &release, &stored));
        let broken = verify(&release, &[stored]).unwrap_err();
        let expected = if version == 1 {
            BrokenSeal::Withdrawn {
                entry: 1,
                writer,
                version,
            }
        } else {
            BrokenSeal::NoKey {
                entry: 1,
                writer,
                version,
            }
        };
        assert_eq!(broken, expected);
    }
    let mut unsealed = entries[0].clone();
    unsealed.seal = None;
    assert_eq!(verify(&release, &[unsealed]), Err(BrokenSeal::Missing(1)));
}

#[test]
fn the_last_entry_of_advance_vouches_for_those_before_it() {
    let (release, mut entries) = sealed();
    let by_advance = |stored: &StoredEntry| writer_of(&stored.entry.event) == Writer::Advance;
    let last = entries.iter().rposition(by_advance).unwrap();
    entries[0].seal = None;
    assert_eq!(unvouched(&entries), &entries[last..]);
    assert_eq!(verify(&release, unvouched(&entries)), Ok(()));
    // Whoever only says so vouches for nothing.
    let mut claimed = entries[..2].to_vec();
    claimed[1].seal = Some(key(Writer::Approval, 2).seal(Writer::Advance, &release, &claimed[1]));
    assert_eq!(unvouched(&claimed).len(), 1);
    assert!(verify(&release, unvouched(&claimed)).is_err());
    // Without any, all are verified.
    assert_eq!(unvouched(&entries[..1]), &entries[..1]);
    assert!(unvouched(&[]).is_empty());
}

#[test]
fn a_key_that_protects_nothing_is_refused_and_none_is_shown() {
    let error = SealKey::new(1, &[7; 31]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the key has 31 bytes: generate one of at least 32 random bytes"
    );
    let shown = format!("{:?}", SealKey::new(1, &[b'x'; 32]).unwrap());
    assert_eq!(shown, "SealKey { version: 1, .. }");
}

fn a_writer() -> impl Strategy<Value = Writer> {
    proptest::sample::select(Writer::ALL.to_vec())
}

proptest! {
    #[test]
    fn a_writer_of_one_kind_cannot_write_as_another(
        place in any::<proptest::sample::Index>(),
        holds in a_writer(),
        says in a_writer(),
    ) {
        let (release, entries) = sealed();
        let mut stored = place.get(&entries).clone();
        stored.seal = Some(key(holds, 2).seal(says, &release, &stored));
        let is_theirs = holds == says && says.may_write(&stored.entry.event);
        prop_assert_eq!(verify(&release, &[stored]).is_ok(), is_theirs);
    }

    #[test]
    fn a_seal_fits_one_entry_in_one_place(
        place in any::<proptest::sample::Index>(),
        change in 0_u8..7,
    ) {
        let (release, entries) = sealed();
        let mut stored = place.get(&entries).clone();
        let mut of = release;
        match change {
            0 => of = "shop-api-0000000000000000".parse().unwrap(),
            1 => stored.entry.sequence += 1,
            2 => {
                let fingerprint = stored.entry.fingerprint.clone();
                stored.entry.previous = Some(fingerprint);
            }
            3 => stored.text.at.push('0'),
            4 => stored.text.actor.push(' '),
            5 => stored.text.event.push(' '),
            _ => {
                // The same key under another version is another key.
                let seal = stored.seal.unwrap().to_string().replace("/2/", "/3/");
                stored.seal = Some(seal.parse().unwrap());
            }
        }
        let broken = verify(&of, &[stored]).unwrap_err();
        prop_assert!(matches!(broken, BrokenSeal::Forged { .. }), "{broken}");
    }

    #[test]
    fn a_seal_is_written_in_one_way(place in any::<proptest::sample::Index>(), text in "\\PC*") {
        let (_, entries) = sealed();
        let seal = place.get(&entries).seal.unwrap();
        let written = seal.to_string();
        prop_assert_eq!(written.parse(), Ok(seal));
        let shouted = written.to_ascii_uppercase();
        prop_assert!(shouted.parse::<Seal>().is_err());
        prop_assert!(written.replace("/2/", "/02/").parse::<Seal>().is_err());
        if let Ok(seal) = text.parse::<Seal>() {
            prop_assert_eq!(seal.to_string(), text);
        }
    }
}
