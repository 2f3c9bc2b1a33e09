//! Secrets: kept in memory for a few minutes so that a rotated one is soon in use, and never shown.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use towpath_core::names::ParameterName;
use towpath_deployer::ports::CallError;

use super::{KEPT, is_within};

/// How long after it was read a secret that was refused is not read anew. Whoever sends something
/// with a wrong signature could otherwise have Parameter Store asked each time, whose throughput the
/// whole account shares.
const RENEWED_AFTER: SignedDuration = SignedDuration::from_secs(60);

/// How long a secret that could not be read is not asked for again.
const RETRIED_AFTER: SignedDuration = SignedDuration::from_secs(10);

/// A secret's value. It has no `Display`, and its `Debug` shows nothing of it.
#[derive(Clone)]
pub struct Secret(Arc<str>);

impl Secret {
    /// A secret of this value.
    #[must_use]
    pub fn new(value: impl Into<Arc<str>>) -> Self {
        Self(value.into())
    }

    /// The value, for where it has to go.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// What came of reading the secrets.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    read: Mutex<BTreeMap<ParameterName, Read>>,
    /// Held while a secret is read, so that two that need it at once read it once.
    turns: Mutex<BTreeMap<ParameterName, Turn>>,
}

type Turn = Arc<tokio::sync::Mutex<()>>;

#[derive(Debug, Default)]
struct Read {
    /// The secret as it was read last, and when.
    secret: Option<(Secret, Timestamp)>,
    /// Why it could not be read since then, and when.
    failure: Option<(CallError, Timestamp)>,
}

impl Read {
    fn not_older_than(&self, age: SignedDuration, now: Timestamp) -> Option<Secret> {
        let (secret, at) = self.secret.as_ref()?;
        is_within(age, *at, now).then(|| secret.clone())
    }
}

impl Secrets {
    /// What is known of a secret, unless it is to be read now. Where one that was in use was
    /// `refused`, what is known counts for a shorter time.
    pub(crate) fn known(
        &self,
        name: &ParameterName,
        refused: bool,
        now: Timestamp,
    ) -> Option<Result<Secret, CallError>> {
        let all = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let read = all.get(name)?;
        let failed = read.failure.as_ref();
        if let Some((failure, _)) = failed.filter(|(_, at)| is_within(RETRIED_AFTER, *at, now)) {
            let kept = read.not_older_than(KEPT, now);
            return Some(kept.ok_or_else(|| failure.clone()));
        }
        let age = if refused { RENEWED_AFTER } else { KEPT };
        read.not_older_than(age, now).map(Ok)
    }

    pub(crate) fn turn(&self, name: &ParameterName) -> Turn {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.entry(name.clone()).or_default().clone()
    }

    pub(crate) fn note(
        &self,
        name: ParameterName,
        outcome: &Result<Secret, CallError>,
        now: Timestamp,
    ) {
        let mut all = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let read = all.entry(name).or_default();
        match outcome {
            Ok(secret) => {
                read.secret = Some((secret.clone(), now));
                read.failure = None;
            }
            Err(error) => read.failure = Some((error.clone(), now)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> ParameterName {
        "/towpath/slack/bot-token".parse().unwrap()
    }

    #[test]
    fn a_secret_is_never_printed() {
        let secret = Secret::new("xoxb-1");
        assert_eq!(format!("{secret:?}"), "Secret");
        let secrets = Secrets::default();
        secrets.note(name(), &Ok(secret), Timestamp::UNIX_EPOCH);
        assert!(!format!("{secrets:?}").contains("xoxb"));
    }

    fn unreadable() -> Result<Secret, CallError> {
        Err(CallError::NotDone {
            operation: "ssm:GetParameter",
            message: "throttled".into(),
        })
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(10_000 + seconds).unwrap()
    }

    #[test]
    fn a_secret_is_kept_for_five_minutes_and_for_one_when_it_was_refused() {
        for (refused, seconds, after_success, after_failure) in [
            (false, 0, false, false),
            (false, 9, false, false),
            (false, 10, false, true),
            (false, 299, false, true),
            (false, 300, true, true),
            (false, -300, true, true),
            (true, 9, false, false),
            (true, 10, false, true),
            (true, 59, false, true),
            (true, 60, true, true),
            (true, -60, true, true),
        ] {
            for (outcome, expected) in [
                (Ok(Secret::new("xoxb-1")), after_success),
                (unreadable(), after_failure),
            ] {
                let secrets = Secrets::default();
                secrets.note(name(), &outcome, at(0));
                let known = secrets.known(&name(), refused, at(seconds));
                assert_eq!(known.is_none(), expected, "refused: {refused}, {seconds} s");
                assert!(known.is_none_or(|known| known.is_ok() == outcome.is_ok()));
            }
        }
    }

    #[test]
    fn a_secret_that_cannot_be_read_anew_stays_in_use_for_as_long_as_it_is_kept() {
        let secrets = Secrets::default();
        secrets.note(name(), &Ok(Secret::new("xoxb-1")), at(0));
        secrets.note(name(), &unreadable(), at(60));
        for refused in [false, true] {
            let known = secrets.known(&name(), refused, at(69)).unwrap();
            assert_eq!(known.unwrap().expose(), "xoxb-1");
        }
        assert!(secrets.known(&name(), false, at(70)).is_some());
        assert!(secrets.known(&name(), true, at(70)).is_none());
        secrets.note(name(), &unreadable(), at(301));
        assert!(secrets.known(&name(), false, at(302)).unwrap().is_err());
    }
}
