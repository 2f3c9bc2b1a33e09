//! Orders about services and images, and the rows that they change.

use std::collections::BTreeMap;

use towpath_core::bulletin::Bulletin;
use towpath_core::names::{Fingerprint, ReleaseId};
use towpath_core::release::{
    Block, Directive, Instruction, Logged, Order, Principal, ServiceId, Subject, SubjectState,
};
use towpath_deployer::ports::{Issue, Issued, OrderLog, Trail};
use towpath_taskdef::image::Digest;

use super::Ledger;

/// All orders, and the vetoes that they make. What they make of services is in their rows.
#[derive(Default)]
pub(crate) struct Orders {
    about: BTreeMap<Subject, Vec<Directive>>,
    vetoes: BTreeMap<Digest, Block>,
    log: Vec<Logged>,
}

impl Orders {
    /// Why the image is vetoed, if it is.
    pub(crate) fn veto(&self, digest: &Digest) -> Option<Block> {
        self.vetoes.get(digest).cloned()
    }

    pub(crate) fn about(&self, subject: &Subject) -> &[Directive] {
        self.about.get(subject).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn trail(&self, subject: &Subject) -> Trail {
        let directives = self.about(subject).to_vec();
        let head = directives.last();
        Trail {
            head: head.map(|last| (last.sequence, last.fingerprint.clone())),
            broken: Vec::new(),
            directives,
        }
    }

    pub(crate) fn log(&self) -> OrderLog {
        OrderLog {
            orders: self.log.clone(),
            head: self.last_of_all(),
        }
    }

    fn last_of_all(&self) -> Option<(u64, Fingerprint)> {
        let last = self.log.last()?;
        Some((last.place, last.fingerprint.clone()))
    }

    fn write(&mut self, subject: &Subject, directive: &Directive) {
        self.log.push(Logged {
            place: directive.place,
            subject: subject.clone(),
            sequence: directive.sequence,
            fingerprint: directive.fingerprint.clone(),
        });
        let about = self.about.entry(subject.clone()).or_default();
        about.push(directive.clone());
    }
}

impl Ledger {
    fn upon(&self, subject: &Subject) -> SubjectState {
        let last = self.orders.trail(subject).head;
        let last_of_all = self.orders.last_of_all();
        match subject {
            Subject::Image(digest) => SubjectState {
                last,
                last_of_all,
                active: self.orders.veto(digest).map(|veto| veto.text()),
                ..SubjectState::default()
            },
            Subject::Service(service) => {
                let row = self.row(service);
                SubjectState {
                    last,
                    last_of_all,
                    active: row.hold.map(|hold| hold.text()),
                    epoch: row.epoch,
                    owned: row.owner.is_some(),
                }
            }
        }
    }

    /// Writes an order with what it changes, and returns the bulletins that tell of it.
    pub(crate) fn issue(
        &mut self,
        issue: &Issue<'_>,
    ) -> (Issued, Vec<towpath_core::names::BulletinId>) {
        let upon = self.upon(issue.subject);
        if issue.order.sets() == upon.active.is_some() {
            let standing = upon.active.as_deref().map(Block::read);
            return (Issued::AlreadySo(standing), Vec::new());
        }
        let instruction = Instruction {
            by: issue.by.clone(),
            order: issue.order,
            reason: issue.reason.to_owned(),
        };
        let directive = Directive::next(&upon, issue.subject, issue.at, instruction);
        let told = issue.notify;
        let announced = Bulletin::of_order(
            issue.subject,
            &directive,
            told.home,
            told.pipelines,
            told.tag,
        );
        self.carry_out(issue.subject, &directive);
        let mut ids = Vec::new();
        for (id, bulletin) in &announced.bulletins {
            self.put_bulletin(id, bulletin);
            ids.push(id.clone());
        }
        let written = Issued::Written {
            directive: Box::new(directive),
            not_notified: announced.untold,
        };
        (written, ids)
    }

    /// Takes a service from a release that is not driven. Whether it had it.
    pub(crate) fn let_go(
        &mut self,
        service: &ServiceId,
        owner: &ReleaseId,
        order: &LetGo<'_>,
    ) -> bool {
        if self.row(service).owner.as_ref() != Some(owner) {
            return false;
        }
        let subject = Subject::Service(service.clone());
        let upon = self.upon(&subject);
        let instruction = Instruction {
            by: Principal::Deployer,
            order: Order::LetGo,
            reason: order.reason.to_owned(),
        };
        let directive = Directive::next(&upon, &subject, order.at, instruction);
        self.carry_out(&subject, &directive);
        true
    }

    fn carry_out(&mut self, subject: &Subject, directive: &Directive) {
        self.orders.write(subject, directive);
        match subject {
            Subject::Image(digest) => match directive.order() {
                Some(Order::Veto) => {
                    self.orders.vetoes.insert(*digest, directive.block());
                }
                Some(Order::LiftVeto) => {
                    self.orders.vetoes.remove(digest);
                }
                Some(Order::Hold | Order::LiftHold | Order::LetGo) | None => {}
            },
            Subject::Service(service) => {
                let row = self.rows.entry(service.clone()).or_default();
                match directive.order() {
                    Some(Order::Hold) => row.hold = Some(directive.block()),
                    Some(Order::LiftHold) => {
                        row.hold = None;
                        row.baseline = None;
                    }
                    Some(Order::LetGo) => {
                        row.hold = Some(directive.block());
                        row.owner = None;
                        row.baseline = None;
                    }
                    Some(Order::Veto | Order::LiftVeto) | None => {}
                }
            }
        }
    }
}

/// Why and when a service is let go.
pub(crate) struct LetGo<'a> {
    pub(crate) reason: &'a str,
    pub(crate) at: jiff::Timestamp,
}
