//! Secrets: SecureStrings of SSM, kept in memory for a few minutes so that a rotated one is soon
//! in use, and never shown.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use towpath_core::names::ParameterName;

use crate::aws::Aws;
use crate::call::{failed, present, refused};
use crate::config::{
    LINK_KEY_PARAMETER, SLACK_BOT_TOKEN_PARAMETER, SLACK_SIGNING_SECRET_PARAMETER,
};
use crate::ports::{CallError, Clock};

/// How long a secret is kept before it is read again.
const KEPT: SignedDuration = SignedDuration::from_secs(300);

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

/// Which secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    /// The token with which messages are posted to Slack.
    SlackBotToken,
    /// The secret with which Slack signs its requests.
    SlackSigningSecret,
    /// The key of decision tokens and links.
    LinkKey,
}

impl SecretKind {
    /// The setting that names its parameter.
    fn setting(self) -> &'static str {
        match self {
            Self::SlackBotToken => SLACK_BOT_TOKEN_PARAMETER,
            Self::SlackSigningSecret => SLACK_SIGNING_SECRET_PARAMETER,
            Self::LinkKey => LINK_KEY_PARAMETER,
        }
    }
}

/// The secrets that were read, each with the time when it was.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    read: Mutex<BTreeMap<ParameterName, (Secret, Timestamp)>>,
}

impl Secrets {
    fn fresh(&self, name: &ParameterName, now: Timestamp) -> Option<Secret> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let (secret, at) = read.get(name)?;
        // A clock that was set back must not keep a secret for longer.
        (now.duration_since(*at).abs() < KEPT).then(|| secret.clone())
    }

    fn keep(&self, name: ParameterName, secret: Secret, now: Timestamp) {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.insert(name, (secret, now));
    }
}

impl crate::ports::Secrets for Aws {
    async fn slack_signing_secret(&self, renew: bool) -> Result<Vec<u8>, CallError> {
        let secret = if renew {
            self.refreshed_secret(SecretKind::SlackSigningSecret)
                .await?
        } else {
            self.secret(SecretKind::SlackSigningSecret).await?
        };
        Ok(secret.expose().as_bytes().to_vec())
    }

    async fn link_key(&self) -> Result<Vec<u8>, CallError> {
        let secret = self.secret(SecretKind::LinkKey).await?;
        Ok(secret.expose().as_bytes().to_vec())
    }
}

impl Aws {
    /// A secret, at most five minutes old.
    ///
    /// # Errors
    /// When its parameter is not named, does not exist or cannot be read.
    pub async fn secret(&self, kind: SecretKind) -> Result<Secret, CallError> {
        let name = self.settings().secret_name(kind.setting())?;
        match self.secrets().fresh(&name, self.now()) {
            Some(secret) => Ok(secret),
            None => self.read_secret(name).await,
        }
    }

    /// A secret as it is now: for when the one in use was refused, which may be because it was
    /// rotated.
    ///
    /// # Errors
    /// When its parameter is not named, does not exist or cannot be read.
    pub async fn refreshed_secret(&self, kind: SecretKind) -> Result<Secret, CallError> {
        let name = self.settings().secret_name(kind.setting())?;
        self.read_secret(name).await
    }

    async fn read_secret(&self, name: ParameterName) -> Result<Secret, CallError> {
        const OPERATION: &str = "ssm:GetParameter";
        let set = self.clients().home().await?;
        let answer = set
            .ssm()
            .get_parameter()
            .name(name.as_str())
            .with_decryption(true)
            .send()
            .await
            .map_err(failed(OPERATION))?;
        let parameter = present(OPERATION, "parameter", answer.parameter)?;
        let value = present(OPERATION, "value", parameter.value)?;
        let value = value.trim();
        if value.is_empty() {
            return Err(refused(
                OPERATION,
                "EmptySecret",
                format_args!("the parameter {name} is empty"),
            ));
        }
        let secret = Secret::new(value);
        self.secrets().keep(name, secret.clone(), self.now());
        Ok(secret)
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
        secrets.keep(name(), secret, Timestamp::UNIX_EPOCH);
        assert!(!format!("{secrets:?}").contains("xoxb"));
    }

    #[test]
    fn a_secret_is_kept_for_five_minutes() {
        let secrets = Secrets::default();
        let read_at = Timestamp::UNIX_EPOCH;
        secrets.keep(name(), Secret::new("xoxb-1"), read_at);
        let after = |seconds| secrets.fresh(&name(), read_at + SignedDuration::from_secs(seconds));
        assert_eq!(after(299).unwrap().expose(), "xoxb-1");
        assert!(after(300).is_none());
        assert!(after(-300).is_none());
    }
}
