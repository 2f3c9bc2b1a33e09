//! Whether the orders about a stage or an image are what was written.

use std::io::Write;

use serde::Serialize;
use towpath_core::names::ReleaseId;
use towpath_core::release::{BrokenTrail, Directive, Order, Subject};

use super::edited::{Edited, write_edited};
use crate::deployer::orders::Orders;
use crate::describe::{counted, safe, time};
use crate::output::{BAD, Failure, GOOD, NAME, QUIET};

/// What was found about the orders of one subject.
#[derive(Debug, Serialize)]
pub(super) struct AuditedOrders {
    /// The stage or the image, as it was named.
    subject: String,
    pub(super) intact: bool,
    /// The orders, the first one first.
    orders: Vec<Directive>,
    /// The fingerprint of the last order, which stands for all before it.
    head: Option<String>,
    /// Where and how they are not what was written.
    problem: Option<String>,
    /// The order at which they are not, where it is one.
    order: Option<u64>,
    /// What the image's row says otherwise.
    differences: Vec<Edited>,
}

impl AuditedOrders {
    pub(super) fn all(&self) -> &[Directive] {
        &self.orders
    }

    /// These releases were told that the image is vetoed, which somebody must have ordered.
    pub(super) fn missed<'a>(&mut self, told: impl Iterator<Item = &'a ReleaseId>) {
        if self
            .orders
            .iter()
            .any(|one| one.order() == Some(Order::Veto))
        {
            return;
        }
        let told: Vec<_> = told.map(ReleaseId::as_str).collect();
        if !told.is_empty() && self.problem.is_none() {
            let told = told.join(", ");
            self.intact = false;
            self.problem = Some(format!(
                "there is no order to veto it, and one has stopped {told}: it was removed, or the entry is not true"
            ));
        }
    }

    /// Whether there is anything to be told: an order, or that something is not intact.
    pub(super) fn is_to_be_told(&self) -> bool {
        !self.intact || !self.orders.is_empty()
    }

    /// The row says otherwise, if it does.
    pub(super) fn edited(&mut self, edited: Option<Edited>) {
        self.intact &= edited.is_none();
        self.differences.extend(edited);
    }
}

pub(super) async fn audit<D: Orders>(
    deployer: &D,
    name: String,
    subject: &Subject,
) -> Result<AuditedOrders, Failure> {
    let trail = deployer.trail(subject).await?;
    let broken = trail.verify(subject).err();
    Ok(AuditedOrders {
        subject: name,
        intact: broken.is_none(),
        head: trail.head.map(|(_, print)| print.as_str().to_owned()),
        problem: broken.as_ref().map(ToString::to_string),
        order: match broken {
            Some(
                BrokenTrail::Unreadable {
                    sequence: order, ..
                }
                | BrokenTrail::Missing(order)
                | BrokenTrail::Edited(order)
                | BrokenTrail::Replaced(order),
            ) => Some(order),
            Some(BrokenTrail::Head { .. }) | None => None,
        },
        orders: trail.directives,
        differences: Vec::new(),
    })
}

pub(super) fn write_text(out: &mut dyn Write, one: &AuditedOrders) -> Result<(), Failure> {
    let name = &one.subject;
    match (&one.problem, &one.head) {
        (Some(problem), _) => {
            writeln!(
                out,
                "{BAD}NOT INTACT{BAD:#} {NAME}{name}{NAME:#}: {problem}"
            )?;
        }
        (None, _) if !one.intact => writeln!(
            out,
            "{BAD}NOT INTACT{BAD:#} {NAME}{name}{NAME:#}: its row says otherwise than the orders"
        )?,
        (None, None) => writeln!(out, "{GOOD}intact{GOOD:#} {NAME}{name}{NAME:#}: no orders")?,
        (None, Some(head)) => writeln!(
            out,
            "{GOOD}intact{GOOD:#} {NAME}{name}{NAME:#}: {}, the last is {head}",
            counted(one.orders.len() as u64, "order")
        )?,
    }
    for order in &one.orders {
        writeln!(
            out,
            "{QUIET}{:>4}{QUIET:#}  {}  {}",
            order.sequence,
            time(order.at),
            safe(&order.block().to_string())
        )?;
    }
    write_edited(out, &one.differences)
}
