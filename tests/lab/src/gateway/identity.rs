//! Access keys and who they belong to.

use std::collections::HashMap;
use std::sync::Mutex;

use crate::lock::lock;

/// Who makes a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Principal {
    /// Twelve-digit account of the credentials.
    pub(crate) account: String,
    /// As IAM names it in messages: the session's ARN, or the account's root.
    pub(crate) arn: String,
    /// The role whose statements hold; `None`: everything is allowed.
    pub(crate) role: Option<String>,
    /// Name for people: the function's name, the role's name or `root`.
    pub(crate) name: String,
    /// The execution environment that was given these credentials.
    pub(crate) environment: Option<u64>,
}

/// Which access key belongs to whom.
#[derive(Debug)]
pub(crate) struct Identities {
    default_account: String,
    keys: Mutex<HashMap<String, Principal>>,
}

impl Identities {
    /// Unknown access keys belong to the root of `default_account`.
    pub(crate) fn new(default_account: &str) -> Self {
        Self {
            default_account: default_account.to_owned(),
            keys: Mutex::default(),
        }
    }

    /// Remembers whose key it is.
    pub(crate) fn remember(&self, access_key: &str, principal: Principal) {
        lock(&self.keys).insert(access_key.to_owned(), principal);
    }

    /// Forgets a key, as when its execution environment has ended.
    pub(crate) fn forget(&self, access_key: &str) {
        lock(&self.keys).remove(access_key);
    }

    /// Who signs with `access_key`. Keys of functions and of assumed roles are known; a key of
    /// twelve digits is the root of that account; any other is the root of the default account.
    pub(crate) fn of(&self, access_key: &str) -> Principal {
        if let Some(principal) = lock(&self.keys).get(access_key) {
            return principal.clone();
        }
        let is_account = access_key.len() == 12 && access_key.bytes().all(|b| b.is_ascii_digit());
        Principal::root(if is_account {
            access_key
        } else {
            &self.default_account
        })
    }
}

impl Principal {
    /// The root of an account, who may do everything.
    pub(crate) fn root(account: &str) -> Self {
        Self {
            account: account.to_owned(),
            arn: format!("arn:aws:iam::{account}:root"),
            role: None,
            name: "root".to_owned(),
            environment: None,
        }
    }

    /// A session of a role.
    pub(crate) fn session(role_arn: &str, session: &str) -> Self {
        let account = role_arn.split(':').nth(4).unwrap_or_default().to_owned();
        let role_name = role_arn.rsplit('/').next().unwrap_or_default().to_owned();
        Self {
            arn: format!("arn:aws:sts::{account}:assumed-role/{role_name}/{session}"),
            account,
            role: Some(role_arn.to_owned()),
            name: role_name,
            environment: None,
        }
    }

    /// The ARN that trust policies name: the role's, not the session's.
    pub(crate) fn trusted_as(&self) -> &str {
        self.role.as_deref().unwrap_or(&self.arn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_twelve_digits_are_accounts_and_sessions_are_remembered() {
        let identities = Identities::new("111111111111");
        assert_eq!(identities.of("AKIAANY").account, "111111111111");
        assert_eq!(
            identities.of("222222222222").arn,
            "arn:aws:iam::222222222222:root"
        );

        let session = Principal::session("arn:aws:iam::333333333333:role/path/deployer", "s1");
        identities.remember("ASIA1", session);
        let known = identities.of("ASIA1");
        assert_eq!(
            known.arn,
            "arn:aws:sts::333333333333:assumed-role/deployer/s1"
        );
        assert_eq!(known.account, "333333333333");
    }
}
