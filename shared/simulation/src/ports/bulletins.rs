//! Bulletins.

use std::collections::BTreeSet;

use jiff::Timestamp;
use towpath_core::bulletin::Bulletin;
use towpath_core::names::BulletinId;
use towpath_core::pipeline::Channel;
use towpath_deployer::ports::{Bulletins, CallError, OpenBulletin, Sending, WAKE_GRACE};

use super::Port;
use crate::deliver::Key;
use crate::fate::How;
use crate::ledger::Open;
use crate::simulation::Simulation;

const PUT: &str = "dynamodb:PutItem";
const GET: &str = "dynamodb:GetItem";
const QUERY: &str = "dynamodb:Query";
const UPDATE: &str = "dynamodb:UpdateItem";

impl Bulletins for Port {
    async fn announce(&self, id: &BulletinId, bulletin: &Bulletin) -> Result<bool, CallError> {
        self.call(PUT, How::WriteLedger, |simulation, _| {
            let is_new = !simulation.ledger.bulletins.contains_key(id);
            if is_new {
                put(simulation, id, bulletin);
            }
            Ok(is_new)
        })
        .await
    }

    async fn announce_problem(
        &self,
        id: &BulletinId,
        bulletin: &Bulletin,
    ) -> Result<bool, CallError> {
        self.call(PUT, How::WriteLedger, |simulation, _| {
            let is_new = !simulation.ledger.knows_problem(id, bulletin);
            if is_new {
                put(simulation, id, bulletin);
            }
            Ok(is_new)
        })
        .await
    }

    async fn open_problems(&self) -> Result<Vec<BulletinId>, CallError> {
        self.call(QUERY, How::ReadLedger, |simulation, _| {
            let all = simulation.ledger.bulletins.iter();
            let stuck = all.filter(|(_, it)| it.open == Open::Stuck);
            Ok(stuck.map(|(id, _)| id.clone()).collect())
        })
        .await
    }

    async fn withdraw(&self, id: &BulletinId) -> Result<(), CallError> {
        self.call(UPDATE, How::WriteLedger, |simulation, _| {
            simulation.ledger.withdraw(id);
            Ok(())
        })
        .await
    }

    async fn bulletin(&self, id: &BulletinId) -> Result<Option<OpenBulletin>, CallError> {
        self.call(GET, How::ReadLedger, |simulation, _| {
            let open = simulation.ledger.open_bulletin(id, Open::ToTell);
            Ok(open.map(|stored| OpenBulletin {
                bulletin: stored.bulletin.clone(),
                notified: stored.notified.clone(),
                sending: stored.sending,
            }))
        })
        .await
    }

    async fn set_sending(
        &self,
        id: &BulletinId,
        read: &OpenBulletin,
        sending: Sending,
    ) -> Result<bool, CallError> {
        self.call(UPDATE, How::WriteLedger, |simulation, _| {
            let open = simulation.ledger.open_bulletin(id, Open::ToTell);
            let Some(stored) = open.filter(|it| it.is(read) && it.sending == read.sending) else {
                return Ok(false);
            };
            stored.sending = Some(sending);
            Ok(true)
        })
        .await
    }

    async fn set_notified(
        &self,
        id: &BulletinId,
        read: &OpenBulletin,
        notified: &BTreeSet<Channel>,
        due: Option<Timestamp>,
    ) -> Result<(), CallError> {
        self.call(UPDATE, How::WriteLedger, |simulation, _| {
            let open = simulation.ledger.open_bulletin(id, Open::ToTell);
            if let Some(stored) = open.filter(|stored| stored.is(read)) {
                stored.notified.extend(notified);
                stored.due = due;
                stored.open = match due {
                    Some(_) => Open::ToTell,
                    None if Bulletin::is_of_stuck(id) => Open::Stuck,
                    None => Open::Closed,
                };
            }
            Ok(())
        })
        .await
    }

    async fn due_bulletins(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<BulletinId>, CallError> {
        self.call(QUERY, How::ReadLedger, |simulation, _| {
            let all = simulation.ledger.bulletins.iter();
            let due = all
                .filter(|(_, it)| it.open == Open::ToTell && it.due.is_some_and(|due| due <= now));
            Ok(due.map(|(id, _)| id.clone()).take(limit).collect())
        })
        .await
    }

    async fn wake_bulletin(&self, id: &BulletinId, at: Timestamp) -> Result<(), CallError> {
        self.call(UPDATE, How::WriteLedger, |simulation, _| {
            if let Some(stored) = simulation.ledger.open_bulletin(id, Open::ToTell) {
                stored.due = Some(at + WAKE_GRACE);
                simulation.wake(Key::Bulletin(id.clone()));
            }
            Ok(())
        })
        .await
    }
}

fn put(simulation: &mut Simulation, id: &BulletinId, bulletin: &Bulletin) {
    simulation.ledger.put_bulletin(id, bulletin);
    simulation.wake(Key::Bulletin(id.clone()));
}
