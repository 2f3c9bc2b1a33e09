//! What hook functions report.

use std::collections::BTreeMap;

use towpath_core::names::{AccountId, DeploymentId, ReleaseId};
use towpath_core::pipeline::HookPoint;
use towpath_core::release::{HookReport, Release};
use towpath_deployer::ports::AppendError;

use super::Ledger;

/// The reports about a release, in the order of their keys.
type OfRelease = BTreeMap<(DeploymentId, HookPoint), HookReport>;

/// Reports, each in a partition of its account and release.
#[derive(Default)]
pub(crate) struct Reports(BTreeMap<(AccountId, ReleaseId), OfRelease>);

impl Ledger {
    pub(crate) fn hook_reports(&self, account: &AccountId, id: &ReleaseId) -> Vec<HookReport> {
        let key = (account.clone(), id.clone());
        let reports = self.reports.0.get(&key).into_iter().flatten();
        reports.map(|(_, report)| report.clone()).collect()
    }

    pub(crate) fn hook_report(
        &self,
        account: &AccountId,
        id: &ReleaseId,
        deployment: &DeploymentId,
        at: HookPoint,
    ) -> Option<HookReport> {
        let reports = self.reports.0.get(&(account.clone(), id.clone()))?;
        reports.get(&(deployment.clone(), at)).cloned()
    }

    /// Writes a report down, if nobody has written to the release since it was loaded.
    pub(crate) fn report(
        &mut self,
        release: &Release,
        account: &AccountId,
        report: &HookReport,
    ) -> Result<(), AppendError> {
        let stored = self.release(release.id()).map(|it| it.entries().len());
        if stored != Some(release.entries().len()) {
            return Err(AppendError::Conflict);
        }
        let key = (account.clone(), release.id().clone());
        let reports = self.reports.0.entry(key).or_default();
        let point = (report.deployment.clone(), report.at);
        if reports.contains_key(&point) {
            return Err(AppendError::Conflict);
        }
        reports.insert(point, report.clone());
        Ok(())
    }
}
