//! People's orders about services and images: how they look in the table, and how they get there.
//!
//! | | `pk` | `sk` | attributes |
//! |---|---|---|---|
//! | order | that of the service's row or the veto | `D#<sequence, 12 digits>` | `at`, `by`, `order`, `reason`, `previous`, `fingerprint`, `writer` |
//!
//! The row itself keeps `directive` and `directive_fingerprint`: the last order about it. An order
//! and what it changes in the row are one transaction, under the conditions that the order is the
//! next one and that the row still is as its writer saw it.

use std::time::Duration;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem, Update};
use towpath_core::names::Fingerprint;
use towpath_core::release::{Directive, Order, Subject};

use super::item::{
    BadItem, Item, SERVICE, VETO, number, optional, parsed, parsed_json, parsed_number,
    service_key, string, text, veto_key,
};
use super::read::paged;
use super::write::writer;
use crate::aws::Aws;
use crate::call::{classify, refused, unreadable};
use crate::ports::{AppendError, CallError, Directives, Issue, Issued, Trail};

const OPERATION: &str = "dynamodb:TransactWriteItems";
const GET: &str = "dynamodb:GetItem";
const QUERY: &str = "dynamodb:Query";

/// What the sort keys of orders begin with.
const DIRECTIVE: &str = "D#";

/// How often an order that another writer got in the way of is tried.
const TRIES: u32 = 5;
/// The pause after the first such try; it doubles.
const PAUSE: Duration = Duration::from_millis(40);

/// How often orders are read until they and their head fit together.
const READS: u32 = 3;

impl Directives for Aws {
    async fn issue(&self, issue: Issue<'_>) -> Result<Issued, AppendError> {
        let Issue {
            subject,
            order,
            by,
            reason,
            at,
        } = issue;
        if !order.fits(subject) {
            let problem = format!("{order} is no order about {subject}");
            return Err(refused(OPERATION, "InvalidRequest", problem).into());
        }
        let mut pause = PAUSE;
        for _ in 0..TRIES {
            let row = self.subject_row(subject).await?;
            if order.sets() == row.active.is_some() {
                return Ok(Issued::AlreadySo(row.active));
            }
            let last = row
                .head
                .as_ref()
                .map(|(sequence, print)| (*sequence, print));
            let directive =
                Directive::after(last, subject, at, by.clone(), order, reason.to_owned());
            match self.write_directive(subject, &directive, &row).await {
                Ok(()) => return Ok(Issued::Written(Box::new(directive))),
                Err(AppendError::Behind) => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                Err(
                    error @ (AppendError::Service
                    | AppendError::Deployment(_)
                    | AppendError::Call(_)),
                ) => return Err(error),
            }
        }
        Err(AppendError::Behind)
    }

    async fn trail(&self, subject: &Subject) -> Result<Trail, CallError> {
        let (key, _) = keys(subject);
        let query = self.query().await?;
        let query = query
            .key_condition_expression("pk = :subject")
            .expression_attribute_values(":subject", key)
            .consistent_read(true);
        let mut trail = Trail::default();
        // A query may see one half of an order that is being written.
        for _ in 0..READS {
            let items = paged(query.clone(), usize::MAX).await?;
            trail = trail_of(&items, subject)
                .map_err(|error| unreadable(QUERY, format_args!("{subject}: {error}")))?;
            let last = trail.directives.last().map(|last| last.sequence);
            if last == trail.head.as_ref().map(|(sequence, _)| *sequence) {
                break;
            }
        }
        Ok(trail)
    }
}

impl Aws {
    async fn subject_row(&self, subject: &Subject) -> Result<Row, CallError> {
        let (key, sort) = keys(subject);
        match self.item(key, sort).await? {
            None => Ok(Row::default()),
            Some(item) => row_of(&item, subject)
                .map_err(|error| unreadable(GET, format_args!("the row of {subject}: {error}"))),
        }
    }

    /// Writes the order and what it changes; `Behind` when the row is not as it was seen any more.
    async fn write_directive(
        &self,
        subject: &Subject,
        directive: &Directive,
        seen: &Row,
    ) -> Result<(), AppendError> {
        let table = self.settings().table().map_err(CallError::from)?;
        let set = self.clients().ledger().await?;
        let writer = writer(Some(&directive.fingerprint));
        let items = transaction(&table, subject, directive, seen, &writer)
            .map_err(|error| refused(OPERATION, "InvalidRequest", error))?;
        let sent = set
            .dynamodb()
            .transact_write_items()
            .set_transact_items(Some(items))
            .client_request_token(&writer)
            .send()
            .await;
        let Err(error) = sent else {
            return Ok(());
        };
        let problem = match error.as_service_error() {
            Some(
                TransactWriteItemsError::TransactionCanceledException(_)
                | TransactWriteItemsError::TransactionInProgressException(_),
            ) => AppendError::Behind,
            Some(_) | None => classify(OPERATION, &error).into(),
        };
        // The order that is in the way may be ours, written by a try whose answer was lost.
        let (key, _) = keys(subject);
        let there = self.item(key, &sort_key(directive.sequence)).await;
        match there {
            Ok(Some(item)) if string(&item, "writer") == Ok(&writer) => Ok(()),
            Ok(_) | Err(_) => Err(problem),
        }
    }
}

/// What a subject's row says about orders.
#[derive(Debug, Default)]
struct Row {
    /// Why it is held or vetoed, if it is.
    active: Option<String>,
    /// The last order about it.
    head: Option<(u64, Fingerprint)>,
}

fn row_of(item: &Item, subject: &Subject) -> Result<Row, BadItem> {
    let head = match item.get("directive") {
        None => None,
        Some(_) => Some((
            parsed_number(item, "directive")?,
            parsed(item, "directive_fingerprint")?,
        )),
    };
    Ok(Row {
        active: optional(item, active(subject))?,
        head,
    })
}

fn trail_of(items: &[Item], subject: &Subject) -> Result<Trail, BadItem> {
    let mut trail = Trail::default();
    let (_, row) = keys(subject);
    for item in items {
        let key = string(item, "sk")?;
        if key == row {
            trail.head = row_of(item, subject)?.head;
        } else if key.starts_with(DIRECTIVE) {
            trail.directives.push(directive_of(item)?);
        }
    }
    Ok(trail)
}

/// The attribute that says why the subject is held or vetoed.
fn active(subject: &Subject) -> &'static str {
    match subject {
        Subject::Service(_) => "hold",
        Subject::Image(_) => "active",
    }
}

/// The keys of the subject's row.
fn keys(subject: &Subject) -> (AttributeValue, &'static str) {
    match subject {
        Subject::Service(service) => (service_key(service), SERVICE),
        Subject::Image(digest) => (veto_key(digest), VETO),
    }
}

fn sort_key(sequence: u64) -> String {
    format!("{DIRECTIVE}{sequence:012}")
}

fn directive_of(item: &Item) -> Result<Directive, BadItem> {
    let key = string(item, "sk")?;
    let sequence = key.strip_prefix(DIRECTIVE).unwrap_or(key);
    Ok(Directive {
        sequence: sequence.parse().map_err(|_| BadItem::Wrong {
            item: key.to_owned(),
            attribute: "sk",
            problem: "not the place of an order".into(),
        })?,
        at: parsed(item, "at")?,
        by: parsed_json(item, "by")?,
        order: parsed_json(item, "order")?,
        reason: string(item, "reason")?.to_owned(),
        previous: optional(item, "previous")?,
        fingerprint: parsed(item, "fingerprint")?,
    })
}

fn transaction(
    table: &str,
    subject: &Subject,
    directive: &Directive,
    seen: &Row,
    writer: &str,
) -> Result<Vec<TransactWriteItem>, BuildError> {
    let (key, _) = keys(subject);
    let json = |value: serde_json::Result<String>| {
        value
            .map(text)
            .map_err(|error| BuildError::other(error.to_string()))
    };
    let mut item = Item::from([
        ("pk".into(), key),
        ("sk".into(), text(sort_key(directive.sequence))),
        ("at".into(), text(directive.at)),
        ("by".into(), json(serde_json::to_string(&directive.by))?),
        (
            "order".into(),
            json(serde_json::to_string(&directive.order))?,
        ),
        ("reason".into(), text(&directive.reason)),
        ("fingerprint".into(), text(&directive.fingerprint)),
        ("writer".into(), text(writer)),
    ]);
    if let Some(previous) = &directive.previous {
        item.insert("previous".into(), text(previous));
    }
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression("attribute_not_exists(pk)");
    let update = update(table, subject, directive, seen);
    Ok(vec![
        TransactWriteItem::builder().put(put.build()?).build(),
        TransactWriteItem::builder().update(update.build()?).build(),
    ])
}

/// What the order changes in its subject's row. A lifted hold is the one that was seen, and
/// accepts whatever runs there.
fn update(table: &str, subject: &Subject, directive: &Directive, seen: &Row) -> UpdateBuilder {
    let (key, sort) = keys(subject);
    let set = "SET #directive = :sequence, #print = :print";
    let expression = match directive.order {
        Order::Hold | Order::Veto => format!("{set}, #active = :active"),
        Order::LiftHold => format!("{set} REMOVE #active, #baseline"),
        Order::LiftVeto => format!("{set} REMOVE #active"),
    };
    let unchanged = match &seen.active {
        None => "attribute_not_exists(#active)",
        Some(_) => "#active = :seen",
    };
    let next = match &seen.head {
        None => "attribute_not_exists(#directive)",
        Some(_) => "#directive = :before",
    };
    let mut update = Update::builder()
        .table_name(table)
        .key("pk", key)
        .key("sk", text(sort))
        .update_expression(expression)
        .condition_expression(format!("{unchanged} AND {next}"))
        .expression_attribute_names("#directive", "directive")
        .expression_attribute_names("#print", "directive_fingerprint")
        .expression_attribute_names("#active", active(subject))
        .expression_attribute_values(":sequence", number(directive.sequence))
        .expression_attribute_values(":print", text(&directive.fingerprint));
    if directive.order.sets() {
        update = update.expression_attribute_values(":active", text(directive.words()));
    }
    if directive.order == Order::LiftHold {
        update = update.expression_attribute_names("#baseline", "baseline");
    }
    if let Some(active) = &seen.active {
        update = update.expression_attribute_values(":seen", text(active));
    }
    if let Some((sequence, _)) = &seen.head {
        update = update.expression_attribute_values(":before", number(sequence));
    }
    update
}
