//! Orders, written to the ledger in AWS.

use towpath_core::names::ReleaseId;
use towpath_core::pipeline::Pipeline;
use towpath_core::release::{
    self, Actor, Event, Incoming, Order, Principal, ServiceId, ServiceRow, Subject, Summary,
};
use towpath_deployer::handlers::{Recorded, record};
use towpath_deployer::ports::{
    AppendError, Clock as _, Directives as _, Issue, Issued, Ledger as _, Notify, OrderLog, Trail,
};
use towpath_taskdef::image::{Digest, Tag};

use super::Installed;
use crate::deployer::Deployer as _;
use crate::deployer::orders::Orders;
use crate::output::Failure;

impl Orders for Installed {
    async fn caller(&self) -> Result<Principal, Failure> {
        Ok(Principal::Aws(self.caller.arn.clone()))
    }

    async fn record(
        &self,
        release: &ReleaseId,
        by: &Principal,
        incoming: Incoming,
    ) -> Result<Recorded, Failure> {
        let actor = Actor::Person(by.clone());
        Ok(record(&self.aws, release, &actor, incoming).await?)
    }

    async fn open(
        &self,
        release: &ReleaseId,
        by: &Principal,
        events: &[Event],
    ) -> Result<bool, Failure> {
        let actor = Actor::Person(by.clone());
        match self.aws.open(release, events, &actor, self.aws.now()).await {
            Ok(()) => Ok(true),
            Err(AppendError::Conflict) => Ok(false),
            Err(
                error @ (AppendError::ServiceCondition
                | AppendError::Deployment(_)
                | AppendError::Call(_)),
            ) => Err(error.into()),
        }
    }

    async fn issue(
        &self,
        subject: &Subject,
        order: Order,
        by: &Principal,
        reason: &str,
        pipelines: &[Pipeline],
        tag: Option<&Tag>,
    ) -> Result<Issued, Failure> {
        let home = self.home().await?;
        let issue = Issue {
            subject,
            order,
            by,
            reason,
            at: self.aws.now(),
            notify: Notify {
                home: &home,
                pipelines,
                tag,
            },
        };
        Ok(self.aws.issue(issue).await?)
    }

    async fn trail(&self, subject: &Subject) -> Result<Trail, Failure> {
        Ok(self.aws.trail(subject).await?)
    }

    async fn order_log(&self) -> Result<OrderLog, Failure> {
        Ok(self.aws.order_log().await?)
    }

    async fn service_and_orders(
        &self,
        service: &ServiceId,
    ) -> Result<(ServiceRow, Trail), Failure> {
        Ok(self.aws.service_and_orders(service).await?)
    }

    async fn wake(&self, release: &ReleaseId) -> Result<(), Failure> {
        Ok(self.aws.wake(release, self.aws.now()).await?)
    }

    async fn veto(&self, digest: &Digest) -> Result<Option<release::Block>, Failure> {
        Ok(self.aws.veto(digest).await?)
    }

    async fn open_releases(&self) -> Result<Vec<Summary>, Failure> {
        let listed = self.aws.open_releases(usize::MAX).await?;
        Ok(listed.into_iter().map(|one| one.summary).collect())
    }
}
