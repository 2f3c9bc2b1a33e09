//! Who is calling: what the ledger names as the person behind a command.

use towpath_core::names::AccountId;
use towpath_deployer::ports::CallError;

use crate::aws::Aws;
use crate::call::{failed, present, unreadable};

const OPERATION: &str = "sts:GetCallerIdentity";

/// The AWS principal whose credentials are in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Its account.
    pub account: AccountId,
    /// Its ARN.
    pub arn: String,
}

impl Aws {
    /// Who is calling. It needs no permission.
    ///
    /// # Errors
    /// When there are no credentials, or the call fails.
    pub async fn caller(&self) -> Result<Caller, CallError> {
        let set = self.clients().home().await?;
        let answer = set
            .sts()
            .get_caller_identity()
            .send()
            .await
            .map_err(failed(OPERATION))?;
        let account = present(OPERATION, "account", answer.account)?;
        Ok(Caller {
            account: account
                .parse()
                .map_err(|error| unreadable(OPERATION, error))?,
            arn: present(OPERATION, "ARN", answer.arn)?,
        })
    }
}
