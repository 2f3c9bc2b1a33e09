//! The ledger.

use jiff::Timestamp;
use towpath_core::names::{AccountId, DeploymentId, PipelineName, ReleaseId};
use towpath_core::pipeline::HookPoint;
use towpath_core::release::{
    Actor, Block, Candidate, Event, HookReport, Release, ServiceId, ServiceRow,
};
use towpath_deployer::ports::{Append, AppendError, CallError, Ledger, LoadError, OpenRelease};
use towpath_taskdef::image::Digest;

use super::Port;
use crate::deliver::Key;
use crate::fate::How;

const QUERY: &str = "dynamodb:Query";
const GET: &str = "dynamodb:GetItem";
const UPDATE: &str = "dynamodb:UpdateItem";
const WRITE: &str = "dynamodb:TransactWriteItems";

impl Ledger for Port {
    async fn load(&self, id: &ReleaseId) -> Result<Option<Release>, LoadError> {
        self.call(QUERY, How::ReadLedger, |simulation, _| {
            Ok(simulation.ledger.release(id).cloned())
        })
        .await
    }

    async fn load_unverified(&self, id: &ReleaseId) -> Result<Option<Release>, LoadError> {
        self.load(id).await
    }

    async fn close(&self, release: &Release) -> Result<(), CallError> {
        let id = release.id();
        self.call(UPDATE, How::WriteLedger, |simulation, _| {
            simulation.violated(format!("{id} is closed, and nothing of it is not trusted"));
            Ok(())
        })
        .await
    }

    async fn open(
        &self,
        id: &ReleaseId,
        events: &[Event],
        actor: &Actor,
        at: Timestamp,
    ) -> Result<(), AppendError> {
        self.call(WRITE, How::WriteLedger, |simulation, _| {
            simulation.ledger.open(id, events, actor, at)?;
            simulation.note_written(id);
            simulation.judge_written(events);
            simulation.wake(Key::Release(id.clone()));
            Ok(())
        })
        .await
    }

    async fn append(&self, append: Append<'_>) -> Result<Release, AppendError> {
        if append.events.is_empty() {
            return Ok(append.release.clone());
        }
        self.call(WRITE, How::WriteLedger, |simulation, _| {
            let appended = simulation.ledger.append(&append)?;
            simulation.note_written(append.release.id());
            if append.wake {
                simulation.wake(Key::Release(append.release.id().clone()));
            }
            simulation.check_written(&append, &appended);
            simulation.judge_written(append.events);
            Ok(appended.release)
        })
        .await
    }

    async fn release_of(&self, deployment: &DeploymentId) -> Result<Option<ReleaseId>, CallError> {
        self.call(GET, How::ReadLedger, |simulation, _| {
            Ok(simulation.ledger.release_of(deployment))
        })
        .await
    }

    async fn newest(
        &self,
        pipeline: &PipelineName,
    ) -> Result<Option<(ReleaseId, Timestamp)>, CallError> {
        self.call(QUERY, How::ReadLedger, |simulation, _| {
            Ok(simulation.ledger.newest(pipeline))
        })
        .await
    }

    async fn veto(&self, digest: &Digest) -> Result<Option<Block>, CallError> {
        self.call(GET, How::ReadLedger, |simulation, _| {
            Ok(simulation.ledger.orders.veto(digest))
        })
        .await
    }

    async fn service(&self, id: &ServiceId) -> Result<ServiceRow, LoadError> {
        self.call(GET, How::ReadLedger, |simulation, _| {
            Ok(simulation.ledger.row(id))
        })
        .await
    }

    async fn dequeue(&self, service: &ServiceId, waiting: &Candidate) -> Result<(), CallError> {
        self.call(UPDATE, How::WriteLedger, |simulation, _| {
            simulation.ledger.dequeue(service, &waiting.release);
            Ok(())
        })
        .await
    }

    async fn hook_reports(
        &self,
        account: &AccountId,
        id: &ReleaseId,
    ) -> Result<Vec<HookReport>, CallError> {
        self.call(QUERY, How::ReadLedger, |simulation, _| {
            Ok(simulation.ledger.hook_reports(account, id))
        })
        .await
    }

    async fn hook_report(
        &self,
        account: &AccountId,
        id: &ReleaseId,
        deployment: &DeploymentId,
        at: HookPoint,
    ) -> Result<Option<HookReport>, CallError> {
        self.call(GET, How::ReadLedger, |simulation, _| {
            Ok(simulation.ledger.hook_report(account, id, deployment, at))
        })
        .await
    }

    async fn report(
        &self,
        release: &Release,
        account: &AccountId,
        report: &HookReport,
        _at: Timestamp,
    ) -> Result<(), AppendError> {
        self.call(WRITE, How::WriteLedger, |simulation, _| {
            simulation.ledger.report(release, account, report)?;
            simulation.wake(Key::Report(account.clone(), release.id().clone()));
            Ok(())
        })
        .await
    }

    async fn wake(&self, id: &ReleaseId, at: Timestamp) -> Result<(), CallError> {
        self.call(UPDATE, How::WriteLedger, |simulation, _| {
            if !simulation.ledger.woken(id, at) {
                return Err(CallError::Refused {
                    operation: UPDATE,
                    code: "ConditionalCheckFailedException".into(),
                    message: format!("there is no release {id}"),
                });
            }
            simulation.wake(Key::Release(id.clone()));
            Ok(())
        })
        .await
    }

    async fn wake_due(
        &self,
        release: &OpenRelease,
        _at: Timestamp,
        again: Timestamp,
    ) -> Result<bool, CallError> {
        self.call(UPDATE, How::WriteLedger, |simulation, _| {
            let is_due = simulation.ledger.woken_as_due(release, again);
            if is_due {
                simulation.wake(Key::Release(release.release.clone()));
            }
            Ok(is_due)
        })
        .await
    }

    async fn set_due(&self, release: &Release, due: Option<Timestamp>) -> Result<(), CallError> {
        self.call(UPDATE, How::WriteLedger, |simulation, _| {
            simulation.ledger.set_due(release, due);
            Ok(())
        })
        .await
    }

    async fn watched(&self, limit: usize) -> Result<Vec<OpenRelease>, CallError> {
        self.call(QUERY, How::ReadLedger, |simulation, _| {
            let mut watched = simulation.ledger.watched();
            watched.truncate(limit);
            Ok(watched)
        })
        .await
    }
}
