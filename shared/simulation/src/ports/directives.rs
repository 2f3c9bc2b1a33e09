//! Orders.

use jiff::Timestamp;
use towpath_core::names::ReleaseId;
use towpath_core::release::{Block, ServiceId, ServiceRow, Subject};
use towpath_deployer::ports::{AppendError, CallError, Directives, Issue, Issued, OrderLog, Trail};
use towpath_taskdef::image::Digest;

use super::Port;
use crate::deliver::Key;
use crate::fate::How;
use crate::ledger::LetGo;

const QUERY: &str = "dynamodb:Query";
const WRITE: &str = "dynamodb:TransactWriteItems";

impl Directives for Port {
    async fn issue(&self, issue: Issue<'_>) -> Result<Issued, AppendError> {
        self.call(WRITE, How::WriteLedger, |simulation, _| {
            let (issued, bulletins) = simulation.ledger.issue(&issue);
            for id in bulletins {
                simulation.wake(Key::Bulletin(id));
            }
            Ok(issued)
        })
        .await
    }

    async fn let_go_of(
        &self,
        service: &ServiceId,
        owner: &ReleaseId,
        reason: &str,
        at: Timestamp,
    ) -> Result<bool, CallError> {
        self.call(WRITE, How::WriteLedger, |simulation, _| {
            simulation.violated(format!("{owner} loses {service}, and is trusted: {reason}"));
            let order = LetGo { reason, at };
            Ok(simulation.ledger.let_go(service, owner, &order))
        })
        .await
    }

    async fn trail(&self, subject: &Subject) -> Result<Trail, CallError> {
        self.call(QUERY, How::ReadLedger, |simulation, _| {
            Ok(simulation.ledger.orders.trail(subject))
        })
        .await
    }

    async fn order_log(&self) -> Result<OrderLog, CallError> {
        self.call(QUERY, How::ReadLedger, |simulation, _| {
            Ok(simulation.ledger.orders.log())
        })
        .await
    }

    async fn service_and_orders(&self, id: &ServiceId) -> Result<(ServiceRow, Trail), CallError> {
        self.call(QUERY, How::ReadLedger, |simulation, _| {
            let subject = Subject::Service(id.clone());
            let trail = simulation.ledger.orders.trail(&subject);
            Ok((simulation.ledger.row(id), trail))
        })
        .await
    }

    async fn veto_and_orders(&self, digest: &Digest) -> Result<(Option<Block>, Trail), CallError> {
        self.call(QUERY, How::ReadLedger, |simulation, _| {
            let orders = &simulation.ledger.orders;
            let trail = orders.trail(&Subject::Image(*digest));
            Ok((orders.veto(digest), trail))
        })
        .await
    }
}
