//! What a hook function reports: a deployment asked at a hook point, and these checks have come out
//! so.
//!
//! A hook function runs in the account of the service and writes no entries. It puts its reports into
//! a partition of its account, which DynamoDB admits only that account to, and `advance` takes over
//! what concerns a stage of that account. What an account says about another one's stages is never
//! looked at.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Accepted, CheckResult, Event, Incoming, Release, accept};
use crate::names::{AccountId, CheckName, DeploymentId, StageName};
use crate::pipeline::HookPoint;

/// What a hook function reports of one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HookReport {
    pub stage: StageName,
    /// The deployment that asked.
    pub deployment: DeploymentId,
    pub at: HookPoint,
    /// What came out of the checks that the function runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<CheckResult>,
    /// What CodeDeploy's answer has to carry, if others are to give it later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
}

/// Longest text in bytes of a report that is taken over: a check's detail, or an execution's id.
const MAX_TEXT_LEN: usize = 4096;

/// Why a report is not taken over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotTheirs {
    /// The stage is not in that account, or not in the pipeline at all.
    #[error("the release has no stage `{stage}` in {account}")]
    Stage {
        stage: StageName,
        account: AccountId,
    },
    /// The check is not one of that hook point, or others run it.
    #[error("the hook function runs no check `{check}` at {at} of {stage}")]
    Check {
        check: CheckName,
        at: HookPoint,
        stage: StageName,
    },
    /// A text is longer than any that a hook function writes.
    #[error("it is longer than any that a hook function writes")]
    TooLong,
}

impl HookReport {
    /// The report as a fact about a release.
    #[must_use]
    pub fn incoming(self) -> Incoming {
        Incoming::Checked {
            stage: self.stage,
            deployment: self.deployment,
            at: self.at,
            results: self.results,
            execution: self.execution,
        }
    }

    /// What the report of an account's hook function adds to `release`; nothing, if it is known or
    /// does not matter any more.
    ///
    /// # Errors
    /// Why a hook function of that account has no business to say so.
    pub fn accept_into(
        self,
        release: &Release,
        account: &AccountId,
        now: Timestamp,
    ) -> Result<Vec<Event>, NotTheirs> {
        let not_there = || NotTheirs::Stage {
            stage: self.stage.clone(),
            account: account.clone(),
        };
        let position = release.stage_position(&self.stage).ok_or_else(not_there)?;
        let service = release.service_id(position);
        let stage = release.pipeline().stage(&self.stage);
        let (Some(service), Some(stage)) = (service, stage) else {
            return Err(not_there());
        };
        if service.account != *account {
            return Err(not_there());
        }
        let runs = |result: &&CheckResult| {
            stage
                .checks_at(self.at)
                .any(|check| check.name == result.check && check.kind.runs_in_hook_function())
        };
        if let Some(result) = self.results.iter().find(|result| !runs(result)) {
            return Err(NotTheirs::Check {
                check: result.check.clone(),
                at: self.at,
                stage: self.stage.clone(),
            });
        }
        let details = self.results.iter().map(|result| &result.detail);
        if details
            .chain(&self.execution)
            .any(|text| text.len() > MAX_TEXT_LEN)
        {
            return Err(NotTheirs::TooLong);
        }
        match accept(release, self.incoming(), now) {
            Ok(Accepted::Add(events)) => Ok(events),
            Ok(Accepted::Known) | Err(_) => Ok(Vec::new()),
        }
    }
}

/// The account whose hook function may have something to report about what is being rolled out now.
#[must_use]
pub fn reporting_account(release: &Release) -> Option<AccountId> {
    release.active_rollout()?;
    let (stage, _) = release.current()?;
    if stage.checks.is_empty() {
        return None;
    }
    Some(release.service_id(release.stage_index())?.account)
}
