//! Orders about services and images.

use jiff::Timestamp;
use towpath_core::names::{Fingerprint, PipelineName, ReleaseId};
use towpath_core::pipeline::Pipeline;
use towpath_core::release::{
    Block, BrokenTrail, Directive, Home, Logged, Order, Principal, ServiceId, ServiceRow, Subject,
    verify_trail,
};
use towpath_taskdef::image::{Digest, Tag};

use super::{AppendError, CallError};

/// An order that somebody gives.
#[derive(Debug, Clone, Copy)]
pub struct Issue<'a> {
    /// What it is about.
    pub subject: &'a Subject,
    pub order: Order,
    /// Who gives it.
    pub by: &'a Principal,
    /// Why, in their words.
    pub reason: &'a str,
    pub at: Timestamp,
    /// Whose people are told of it.
    pub notify: Notify<'a>,
}

/// Whose people are told of an order.
#[derive(Debug, Clone, Copy)]
pub struct Notify<'a> {
    /// The deployer's own account and region.
    pub home: &'a Home,
    /// The pipelines that it may concern, as they are stored now. Of an order about a service those
    /// are told that have a stage there.
    pub pipelines: &'a [Pipeline],
    /// A tag by which people know the image, of an order about one.
    pub tag: Option<&'a Tag>,
}

/// What became of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Issued {
    /// It counts, and is written down.
    Written {
        /// The order.
        directive: Box<Directive>,
        /// The pipelines whose people are not told, because it concerns more audiences than one
        /// order can tell.
        not_notified: Vec<PipelineName>,
    },
    /// It was so before, and nothing was written. Why the subject is held or vetoed, if it is.
    AlreadySo(Option<Block>),
}

/// Every order about one subject, as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trail {
    /// The orders, the first one first.
    pub directives: Vec<Directive>,
    /// The orders that are there and cannot be read, the first one first.
    pub broken: Vec<BrokenTrail>,
    /// The sequence and fingerprint of the last one, as the subject's row keeps them.
    pub head: Option<(u64, Fingerprint)>,
}

impl Trail {
    /// Checks that the orders are what was written about the subject.
    ///
    /// # Errors
    /// The first place where they are not.
    pub fn verify(&self, subject: &Subject) -> Result<(), BrokenTrail> {
        if let Some(broken) = self.broken.first() {
            return Err(broken.clone());
        }
        let head = self.head.as_ref();
        let head = head.map(|(sequence, print)| (*sequence, print));
        verify_trail(subject, &self.directives, head)
    }
}

/// The list of all orders, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderLog {
    pub orders: Vec<Logged>,
    /// The place and fingerprint of the last one, as the list's head keeps them.
    pub head: Option<(u64, Fingerprint)>,
}

/// What is ordered about services and images.
pub trait Directives {
    /// Writes an order, what it changes and the bulletins that tell people of it in one transaction,
    /// so that none of them is there without the others. [`AppendError::Conflict`] when others got in the way again
    /// and again; a refusal for want of a right names all the rights that it takes.
    async fn issue(&self, issue: Issue<'_>) -> Result<Issued, AppendError>;
    /// Takes a service from a release that is not driven, and puts it on hold, by an order of the
    /// deployer's own. Whether that release had it.
    async fn let_go_of(
        &self,
        service: &ServiceId,
        owner: &ReleaseId,
        reason: &str,
        at: Timestamp,
    ) -> Result<bool, CallError>;
    /// The orders about a subject.
    async fn trail(&self, subject: &Subject) -> Result<Trail, CallError>;
    /// The list of all orders.
    async fn order_log(&self) -> Result<OrderLog, CallError>;
    /// A service's row, the empty one when there is none yet, with the orders about it: one Query,
    /// strongly consistent.
    async fn service_and_orders(&self, id: &ServiceId) -> Result<(ServiceRow, Trail), CallError>;
    /// Why an image is vetoed by its row, with the orders about it: one Query, strongly consistent.
    async fn veto_and_orders(&self, digest: &Digest) -> Result<(Option<Block>, Trail), CallError>;
}
