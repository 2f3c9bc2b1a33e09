//! What people read of a release that waits (I6): at which stage it does, and until when, which is not
//! over where nothing happens.

use jiff::{SignedDuration, Timestamp};

use super::told::Card;

/// How long something may take that is done as soon as it is due.
const SOON: SignedDuration = SignedDuration::from_mins(3);

/// What does not hold of a card while nothing happens.
pub(super) fn wrong<'a>(
    card: &Card,
    mut stages: impl Iterator<Item = &'a str>,
    (calm_since, now): (Timestamp, Timestamp),
) -> Option<String> {
    if card.has_ended() {
        return None;
    }
    let text = &card.text;
    let names_stage = stages.any(|stage| text.contains(&format!(": {stage}: ")));
    if !names_stage {
        return Some(format!(
            "I6: a card does not say where its release waits: {text}"
        ));
    }
    let over = times(text).find(|until| calm_since.max(*until) + SOON < now)?;
    Some(format!(
        "I6: a card says at {now} what is until {over}: {text}"
    ))
}

/// A rollback that waits for a hold, though nothing is to keep it (I7).
pub(super) fn is_kept(text: &str) -> Option<String> {
    let is_kept = text
        .split_once(": on hold: ")
        .is_some_and(|(of, _)| of.contains(" back to "));
    is_kept.then(|| format!("I7: a rollback waits: {text}"))
}

/// The times up to which a text says that something is so.
fn times(text: &str) -> impl Iterator<Item = Timestamp> {
    let words: Vec<_> = text.split([' ', ';', ',']).collect();
    let until = words.windows(2).filter_map(|pair| {
        let [word, time] = pair else { return None };
        ["until", "by"].contains(word).then(|| time.parse().ok())?
    });
    until.collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::sample::{card, minute};
    use crate::judge::told::Told;

    /// What is wrong with a card that says so, an hour after faults have stopped.
    fn problem(text: &str) -> Option<String> {
        let mut told = Told::default();
        told.posted("1", None, &card(text, false), minute(0));
        let cards: Vec<_> = told.cards().cloned().collect();
        wrong(&cards[0], ["test"].into_iter(), (minute(0), minute(60)))
    }

    #[test]
    fn a_wait_without_a_stage_or_whose_time_is_over_is_found() {
        let until = |minutes| format!("shop aaaaaaa: test: waits, until {}", minute(minutes));
        assert_eq!(problem(&until(61)), None);
        assert!(problem(&until(10)).is_some());
        assert!(problem("shop aaaaaaa: waits").is_some());
        assert_eq!(problem("shop aaaaaaa: succeeded"), None);
    }

    #[test]
    fn a_rollback_that_is_kept_by_a_hold_is_found() {
        let kept = "shop: test back to bbbbbbb: test: on hold: somebody held it";
        assert!(is_kept(kept).is_some());
        assert_eq!(
            is_kept("shop aaaaaaa: test: on hold: somebody held it"),
            None
        );
    }
}
