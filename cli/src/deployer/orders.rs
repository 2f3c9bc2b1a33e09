//! What people order of the deployer: to roll stages back, to hold them, to veto images.

use towpath_core::names::ReleaseId;
use towpath_core::pipeline::Pipeline;
use towpath_core::release::{
    self, Event, Incoming, Order, Principal, ServiceId, ServiceRow, Subject, Summary,
};
use towpath_deployer::handlers::Recorded;
use towpath_deployer::ports::{Issued, OrderLog, Trail};
use towpath_taskdef::image::{Digest, Tag};

use super::Deployer;
use crate::output::Failure;

/// The orders. None of them changes a deployment: they are written to the ledger, and the deployer
/// acts on them.
pub(crate) trait Orders: Deployer {
    /// Who gives them.
    async fn caller(&self) -> Result<Principal, Failure>;
    /// Takes a fact into the ledger of a release.
    async fn record(
        &self,
        release: &ReleaseId,
        by: &Principal,
        incoming: Incoming,
    ) -> Result<Recorded, Failure>;
    /// Opens a release; whether it was not there before.
    async fn open(
        &self,
        release: &ReleaseId,
        by: &Principal,
        events: &[Event],
    ) -> Result<bool, Failure>;
    /// Writes an order about a service or an image, with what it changes. The people of the pipelines
    /// that it concerns are told: of those that may be concerned, `pipelines`; of an image by `tag`, where one is known.
    async fn issue(
        &self,
        subject: &Subject,
        order: Order,
        by: &Principal,
        reason: &str,
        pipelines: &[Pipeline],
        tag: Option<&Tag>,
    ) -> Result<Issued, Failure>;
    /// Every order about a service or an image.
    async fn trail(&self, subject: &Subject) -> Result<Trail, Failure>;
    /// The list of all orders.
    async fn order_log(&self) -> Result<OrderLog, Failure>;
    /// A service's row, with the orders about it.
    async fn service_and_orders(&self, service: &ServiceId)
    -> Result<(ServiceRow, Trail), Failure>;
    /// Has the deployer look at a release.
    async fn wake(&self, release: &ReleaseId) -> Result<(), Failure>;
    /// Why an image is vetoed, if it is.
    async fn veto(&self, digest: &Digest) -> Result<Option<release::Block>, Failure>;
    /// The releases of all pipelines that are on their way.
    async fn open_releases(&self) -> Result<Vec<Summary>, Failure>;
}
