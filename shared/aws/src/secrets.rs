//! Secrets: SecureStrings of SSM.

use towpath_core::names::ParameterName;
use towpath_deployer::ports::{CallError, Clock as _};

use crate::aws::Aws;
use crate::cache::Secret;
use crate::call::{failed, present, refused};
use crate::config::{
    LINK_KEY_PARAMETER, SLACK_BOT_TOKEN_PARAMETER, SLACK_SIGNING_SECRET_PARAMETER,
};

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

impl towpath_deployer::ports::Secrets for Aws {
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
        self.known_or_read(kind, false).await
    }

    /// A secret, at most a minute old: for when the one in use was refused, which may be because it
    /// was rotated.
    ///
    /// # Errors
    /// When its parameter is not named, does not exist or cannot be read.
    pub async fn refreshed_secret(&self, kind: SecretKind) -> Result<Secret, CallError> {
        self.known_or_read(kind, true).await
    }

    async fn known_or_read(&self, kind: SecretKind, refused: bool) -> Result<Secret, CallError> {
        let name = self.settings().secret_name(kind.setting())?;
        let known = || self.secrets().known(&name, refused, self.now());
        if let Some(known) = known() {
            return known;
        }
        let turn = self.secrets().turn(&name);
        let _turn = turn.lock().await;
        if let Some(known) = known() {
            return known;
        }
        let read = self.read_secret(&name).await;
        self.secrets().note(name, &read, self.now());
        read
    }

    async fn read_secret(&self, name: &ParameterName) -> Result<Secret, CallError> {
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
        Ok(Secret::new(value))
    }
}
