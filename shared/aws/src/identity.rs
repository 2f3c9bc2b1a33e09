//! Who is calling: what the ledger names as the person behind a command.

use towpath_core::names::AccountId;
use towpath_core::pipeline::Role;
use towpath_deployer::ports::CallError;

use crate::aws::Aws;
use crate::call::{failed, present, unreadable};

const OPERATION: &str = "sts:GetCallerIdentity";
const ASSUME: &str = "sts:AssumeRole";

/// How AWS's logs name a session that is made to see whether it can be.
const TRIAL: &str = "towpath-doctor";
/// The shortest time for which a session may be had, in seconds:
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>.
const MIN_SECONDS: i32 = 900;

/// The AWS principal whose credentials are in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub account: AccountId,
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

    /// Assumes a role, and throws the session away: only whether that is allowed is told.
    ///
    /// # Errors
    /// When it is not, or the call fails.
    pub async fn assume(&self, role: &Role) -> Result<(), CallError> {
        let set = self.clients().home().await?;
        set.sts()
            .assume_role()
            .role_arn(role.arn.as_str())
            .role_session_name(TRIAL)
            .set_external_id(role.external_id.clone())
            .duration_seconds(MIN_SECONDS)
            .send()
            .await
            .map_err(failed(ASSUME))?;
        Ok(())
    }
}
