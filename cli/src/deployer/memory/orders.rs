//! Orders, kept in memory.

use std::collections::BTreeMap;

use towpath_core::bulletin::{Announced, Bulletin};
use towpath_core::names::{BulletinId, ReleaseId};
use towpath_core::pipeline::Pipeline;
use towpath_core::release::{
    self, Accepted, Block, Directive, Event, Incoming, Instruction, Logged, Order, Principal,
    ServiceId, ServiceRow, Subject, SubjectState, Summary, accept,
};
use towpath_deployer::handlers::Recorded;
use towpath_deployer::ports::{Issued, OrderLog, Trail};
use towpath_taskdef::image::{Digest, Tag};

use super::{Memory, home};
use crate::deployer::Deployer as _;
use crate::deployer::orders::Orders;
use crate::output::Failure;

#[derive(Default)]
pub(crate) struct Ordered {
    pub(crate) trails: BTreeMap<Subject, Trail>,
    pub(crate) log: OrderLog,
    /// Why subjects are held or vetoed, of those that were ordered about.
    pub(crate) standing: BTreeMap<Subject, Option<Block>>,
    pub(crate) recorded: Vec<(ReleaseId, Vec<Event>)>,
    pub(crate) opened: Vec<(ReleaseId, Vec<Event>)>,
    pub(crate) woken: Vec<ReleaseId>,
    pub(crate) bulletins: Vec<(BulletinId, Bulletin)>,
}

/// Who runs the commands.
pub(crate) const ARN: &str = "arn:aws:iam::111111111111:user/ada";

impl Memory {
    fn active(&self, subject: &Subject) -> Option<Block> {
        match self.ordered.borrow().standing.get(subject) {
            Some(standing) => standing.clone(),
            None => match subject {
                Subject::Service(service) => self.services.get(service)?.hold.clone(),
                Subject::Image(_) => None,
            },
        }
    }
}

impl Orders for Memory {
    async fn caller(&self) -> Result<Principal, Failure> {
        Ok(Principal::Aws(ARN.into()))
    }

    async fn record(
        &self,
        release: &ReleaseId,
        _by: &Principal,
        incoming: Incoming,
    ) -> Result<Recorded, Failure> {
        let Some(found) = self.release(release).await? else {
            return Ok(Recorded::NoSuchRelease);
        };
        Ok(match accept(&found, incoming, self.now()) {
            Ok(Accepted::Add(events)) => {
                let recorded = &mut self.ordered.borrow_mut().recorded;
                recorded.push((release.clone(), events));
                Recorded::Added(Box::new(found))
            }
            Ok(Accepted::Known) => Recorded::Known(Box::new(found)),
            Err(refusal) => Recorded::Refused(refusal),
        })
    }

    async fn open(
        &self,
        release: &ReleaseId,
        _by: &Principal,
        events: &[Event],
    ) -> Result<bool, Failure> {
        let opened = &mut self.ordered.borrow_mut().opened;
        let new = !opened.iter().any(|(known, _)| known == release);
        if new {
            opened.push((release.clone(), events.to_vec()));
        }
        Ok(new)
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
        let standing = self.active(subject);
        if standing.is_some() == order.sets() {
            return Ok(Issued::AlreadySo(standing));
        }
        let mut ordered = self.ordered.borrow_mut();
        let (epoch, owned) = match subject {
            Subject::Service(service) => {
                let row = self.services.get(service).cloned().unwrap_or_default();
                (row.epoch, row.owner.is_some())
            }
            Subject::Image(_) => (0, false),
        };
        let last_of_all = ordered.log.head.clone();
        let trail = ordered.trails.entry(subject.clone()).or_default();
        let upon = SubjectState {
            last: trail.head.clone(),
            last_of_all,
            active: standing.map(|block| block.text()),
            epoch,
            owned,
        };
        let instruction = Instruction {
            by: by.clone(),
            order,
            reason: reason.to_owned(),
        };
        let directive = Directive::next(&upon, subject, self.now(), instruction);
        let Announced { bulletins, untold } =
            Bulletin::of_order(subject, &directive, &home(), pipelines, tag);
        trail.head = Some((directive.sequence, directive.fingerprint.clone()));
        trail.directives.push(directive.clone());
        ordered.log.head = Some((directive.place, directive.fingerprint.clone()));
        ordered.log.orders.push(Logged {
            place: directive.place,
            subject: subject.clone(),
            sequence: directive.sequence,
            fingerprint: directive.fingerprint.clone(),
        });
        let standing = order.sets().then(|| directive.block());
        ordered.standing.insert(subject.clone(), standing);
        ordered.bulletins.extend(bulletins);
        let directive = Box::new(directive);
        Ok(Issued::Written {
            directive,
            not_notified: untold,
        })
    }

    async fn trail(&self, subject: &Subject) -> Result<Trail, Failure> {
        let trails = &self.ordered.borrow().trails;
        Ok(trails.get(subject).cloned().unwrap_or_default())
    }

    async fn order_log(&self) -> Result<OrderLog, Failure> {
        Ok(self.ordered.borrow().log.clone())
    }

    async fn service_and_orders(
        &self,
        service: &ServiceId,
    ) -> Result<(ServiceRow, Trail), Failure> {
        let subject = Subject::Service(service.clone());
        let mut row = self.services.get(service).cloned().unwrap_or_default();
        row.hold = self.active(&subject);
        Ok((row, self.trail(&subject).await?))
    }

    async fn wake(&self, release: &ReleaseId) -> Result<(), Failure> {
        self.ordered.borrow_mut().woken.push(release.clone());
        Ok(())
    }

    async fn veto(&self, digest: &Digest) -> Result<Option<release::Block>, Failure> {
        Ok(self.active(&Subject::Image(*digest)))
    }

    async fn open_releases(&self) -> Result<Vec<Summary>, Failure> {
        let open = self.summaries.values().filter(|one| one.open);
        Ok(open.cloned().collect())
    }
}
