//! People's orders about services and images: how they look in the table, and how they get there.
//!
//! | | `pk` | `sk` | attributes |
//! |---|---|---|---|
//! | order | that of the service's row or the veto | `D#<sequence, 12 digits>` | `at`, `by`, `order`, `reason`, `epoch`, `owned`, `lifted`, `place`, `previous`, `before`, `fingerprint`, `writer` |
//! | its place among all orders | `ORDERS` | `O#<place, 12 digits>` | `subject`, `sequence`, `fingerprint` |
//! | the last of all orders | `ORDERS` | `ORDERS` | `place`, `fingerprint` |
//!
//! The row itself keeps `directive` and `directive_fingerprint`: the last order about it. An order,
//! its place among all, what it changes in the row, and the bulletins by which people are told of it
//! are one transaction, under the conditions that the order is the next one and that the row still is
//! as its writer saw it.

use std::time::Duration;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::builders::{PutBuilder, UpdateBuilder};
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem, Update};
use jiff::Timestamp;
use towpath_core::bulletin::{Announced, Bulletin};
use towpath_core::image::Digest;
use towpath_core::names::{BulletinId, Fingerprint, ReleaseId};
use towpath_core::release::{
    Directive, Logged, Order, Principal, ServiceId, ServiceRow, Subject, Upon,
};

use super::bulletin;
use super::item::{
    BadItem, Item, SERVICE, VETO, number, optional, parsed, parsed_json, parsed_number,
    row_of as service_row_of, service_key, string, text, veto_key,
};
use super::read::paged;
use super::write::writer;
use crate::aws::Aws;
use crate::call::{classify, refused, unreadable};
use crate::ports::{AppendError, CallError, Directives, Issue, Issued, OrderLog, Trail};

const OPERATION: &str = "dynamodb:TransactWriteItems";
const GET: &str = "dynamodb:GetItem";
const QUERY: &str = "dynamodb:Query";

/// The code by which DynamoDB refuses for want of a right.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>
const ACCESS_DENIED: &str = "AccessDeniedException";

/// What the sort keys of orders begin with.
const DIRECTIVE: &str = "D#";
/// The partition of the list of all orders, and the sort key of its head.
const ORDERS: &str = "ORDERS";
/// What the sort keys of the list's items begin with.
const PLACE: &str = "O#";

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
            told,
        } = issue;
        if !order.fits(subject) {
            let problem = format!("{order} is no order about {subject}");
            return Err(refused(OPERATION, "InvalidRequest", problem).into());
        }
        let mut pause = PAUSE;
        for _ in 0..TRIES {
            let (row, last_of_all) =
                tokio::try_join!(self.subject_row(subject), self.last_of_all())?;
            if order.sets() == row.active.is_some() {
                return Ok(Issued::AlreadySo(row.active));
            }
            let upon = Upon { last_of_all, ..row };
            let reason = reason.to_owned();
            let directive = Directive::next(&upon, subject, at, by.clone(), order, reason);
            let Announced { bulletins, untold } =
                Bulletin::of_order(subject, &directive, told.home, told.pipelines);
            match self
                .write_directive(subject, &directive, &upon, &bulletins)
                .await
            {
                Ok(()) => {
                    let directive = Box::new(directive);
                    return Ok(Issued::Written { directive, untold });
                }
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

    async fn let_go(
        &self,
        service: &ServiceId,
        owner: &ReleaseId,
        reason: &str,
        at: Timestamp,
    ) -> Result<bool, CallError> {
        let subject = Subject::Service(service.clone());
        let (key, sort) = keys(&subject);
        let mut pause = PAUSE;
        for _ in 0..TRIES {
            let (row, last_of_all) =
                tokio::try_join!(self.item(key.clone(), sort), self.last_of_all())?;
            let Some(row) = row.filter(|row| string(row, "owner") == Ok(owner.as_str())) else {
                return Ok(false);
            };
            let row = row_of(&row, &subject)
                .map_err(|error| unreadable(GET, format_args!("the row of {service}: {error}")))?;
            let upon = Upon { last_of_all, ..row };
            let (by, reason) = (Principal::Deployer, reason.to_owned());
            // A service has one owner at an epoch: the order is about this one's.
            let directive = Directive::next(&upon, &subject, at, by, Order::LetGo, reason);
            // Whoever has it let go tells people of the release.
            match self.write_directive(&subject, &directive, &upon, &[]).await {
                Ok(()) => return Ok(true),
                Err(AppendError::Call(error)) => return Err(error),
                Err(AppendError::Behind | AppendError::Service | AppendError::Deployment(_)) => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
            }
        }
        Err(CallError::NotDone {
            operation: OPERATION,
            message: format!("others got in the way of letting {service} go"),
        })
    }

    async fn trail(&self, subject: &Subject) -> Result<Trail, CallError> {
        let items = self.subject_items(subject).await?;
        trail_of(&items, subject)
            .map_err(|error| unreadable(QUERY, format_args!("{subject}: {error}")))
    }

    async fn order_log(&self) -> Result<OrderLog, CallError> {
        let query = self.query().await?;
        let query = query
            .key_condition_expression("pk = :orders")
            .expression_attribute_values(":orders", text(ORDERS))
            .consistent_read(true);
        let items = paged(query, usize::MAX).await?;
        log_of(&items).map_err(|error| unreadable(QUERY, format_args!("all orders: {error}")))
    }

    async fn service_and_orders(&self, id: &ServiceId) -> Result<(ServiceRow, Trail), CallError> {
        let subject = Subject::Service(id.clone());
        let items = self.subject_items(&subject).await?;
        let read = || {
            let row = row_item(&items, SERVICE).map_or(Ok(ServiceRow::default()), service_row_of);
            Ok::<_, BadItem>((row?, trail_of(&items, &subject)?))
        };
        read().map_err(|error| unreadable(QUERY, format_args!("the row of {id}: {error}")))
    }

    async fn veto_and_orders(&self, digest: &Digest) -> Result<(Option<String>, Trail), CallError> {
        let subject = Subject::Image(*digest);
        let items = self.subject_items(&subject).await?;
        let read = || {
            let active = row_item(&items, VETO).map_or(Ok(None), |item| optional(item, "active"));
            Ok::<_, BadItem>((active?, trail_of(&items, &subject)?))
        };
        read().map_err(|error| unreadable(QUERY, format_args!("the veto of {digest}: {error}")))
    }
}

impl Aws {
    /// A subject's row and the orders about it.
    async fn subject_items(&self, subject: &Subject) -> Result<Vec<Item>, CallError> {
        let (key, _) = keys(subject);
        let query = self.query().await?;
        let query = query
            .key_condition_expression("pk = :subject")
            .expression_attribute_values(":subject", key)
            .consistent_read(true);
        let mut items = Vec::new();
        // A query may see one half of an order that is being written.
        for _ in 0..READS {
            items = paged(query.clone(), usize::MAX).await?;
            let whole = trail_of(&items, subject).is_ok_and(|trail| {
                let last = trail.directives.last().map(|last| last.sequence);
                last == trail.head.as_ref().map(|(sequence, _)| *sequence)
            });
            if whole {
                break;
            }
        }
        Ok(items)
    }

    async fn last_of_all(&self) -> Result<Option<(u64, Fingerprint)>, CallError> {
        let head = self.item(text(ORDERS), ORDERS).await?;
        head.map(|item| head_of(&item))
            .transpose()
            .map_err(|error| unreadable(GET, format_args!("the last of all orders: {error}")))
    }

    async fn subject_row(&self, subject: &Subject) -> Result<Upon, CallError> {
        let (key, sort) = keys(subject);
        match self.item(key, sort).await? {
            None => Ok(Upon::default()),
            Some(item) => row_of(&item, subject)
                .map_err(|error| unreadable(GET, format_args!("the row of {subject}: {error}"))),
        }
    }

    /// Writes the order and what it changes; `Behind` when the row is not as it was seen any more.
    async fn write_directive(
        &self,
        subject: &Subject,
        directive: &Directive,
        seen: &Upon,
        bulletins: &[(BulletinId, Bulletin)],
    ) -> Result<(), AppendError> {
        let table = self.settings().table().map_err(CallError::from)?;
        let set = self.clients().ledger().await?;
        let writer = writer(Some(&directive.fingerprint));
        let invalid = |error| refused(OPERATION, "InvalidRequest", error);
        let mut items = transaction(&table, subject, directive, seen, &writer).map_err(invalid)?;
        for (id, bulletin) in bulletins {
            items.push(bulletin::put(&table, id, bulletin).map_err(invalid)?);
        }
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
            Some(_) | None => naming_rights(classify(OPERATION, &error), subject, bulletins).into(),
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

/// A refusal for want of a right, with the rights that an order takes: IAM's words name the table, and
/// not the keys by which a policy may narrow down what of it somebody writes.
fn naming_rights(
    error: CallError,
    subject: &Subject,
    bulletins: &[(BulletinId, Bulletin)],
) -> CallError {
    match error {
        CallError::Refused {
            operation,
            code,
            message,
        } if code == ACCESS_DENIED => {
            let rows = match subject {
                Subject::Service(_) => "SERVICE#*",
                Subject::Image(_) => "VETO#*",
            };
            let told = match bulletins {
                [] => "",
                [..] => " and, for the message to people, BULLETIN#order/*",
            };
            let message = format!(
                "{message}; an order takes dynamodb:PutItem and dynamodb:UpdateItem on the table's keys {rows}, ORDERS{told} (docs/security.md of Towpath, \"What people need\")"
            );
            CallError::Refused {
                operation,
                code,
                message,
            }
        }
        CallError::Refused { .. } | CallError::NotDone { .. } | CallError::Unknown { .. } => error,
    }
}

/// What a subject's row says about orders.
fn row_of(item: &Item, subject: &Subject) -> Result<Upon, BadItem> {
    let last = match item.get("directive") {
        None => None,
        Some(_) => Some((
            parsed_number(item, "directive")?,
            parsed(item, "directive_fingerprint")?,
        )),
    };
    Ok(Upon {
        last,
        last_of_all: None,
        active: optional(item, active(subject))?,
        epoch: match item.get("epoch") {
            None => 0,
            Some(_) => parsed_number(item, "epoch")?,
        },
        owned: item.contains_key("owner"),
    })
}

fn row_item<'a>(items: &'a [Item], row: &str) -> Option<&'a Item> {
    items.iter().find(|item| string(item, "sk") == Ok(row))
}

fn head_of(item: &Item) -> Result<(u64, Fingerprint), BadItem> {
    Ok((parsed_number(item, "place")?, parsed(item, "fingerprint")?))
}

fn log_of(items: &[Item]) -> Result<OrderLog, BadItem> {
    let mut log = OrderLog::default();
    for item in items {
        let key = string(item, "sk")?;
        if key == ORDERS {
            log.head = Some(head_of(item)?);
        } else {
            log.orders.push(Logged {
                place: place_of(key, PLACE)?,
                subject: parsed(item, "subject")?,
                sequence: parsed_number(item, "sequence")?,
                fingerprint: parsed(item, "fingerprint")?,
            });
        }
    }
    Ok(log)
}

/// The number at the end of a sort key.
fn place_of(key: &str, prefix: &str) -> Result<u64, BadItem> {
    let number = key.strip_prefix(prefix).unwrap_or(key);
    number.parse().map_err(|_| BadItem::Wrong {
        item: key.to_owned(),
        attribute: "sk",
        problem: "not the place of an order".into(),
    })
}

fn trail_of(items: &[Item], subject: &Subject) -> Result<Trail, BadItem> {
    let mut trail = Trail::default();
    let (_, row) = keys(subject);
    for item in items {
        let key = string(item, "sk")?;
        if key == row {
            trail.head = row_of(item, subject)?.last;
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
    Ok(Directive {
        sequence: place_of(string(item, "sk")?, DIRECTIVE)?,
        at: parsed(item, "at")?,
        by: parsed_json(item, "by")?,
        order: parsed_json(item, "order")?,
        reason: string(item, "reason")?.to_owned(),
        epoch: parsed_number(item, "epoch")?,
        owned: parsed_json(item, "owned")?,
        lifted: optional(item, "lifted")?,
        place: parsed_number(item, "place")?,
        previous: optional(item, "previous")?,
        before: optional(item, "before")?,
        fingerprint: parsed(item, "fingerprint")?,
    })
}

fn transaction(
    table: &str,
    subject: &Subject,
    directive: &Directive,
    seen: &Upon,
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
        ("epoch".into(), number(directive.epoch)),
        ("owned".into(), text(directive.owned)),
        ("place".into(), number(directive.place)),
        ("fingerprint".into(), text(&directive.fingerprint)),
        ("writer".into(), text(writer)),
    ]);
    let further = [
        ("previous", directive.previous.as_ref().map(text)),
        ("before", directive.before.as_ref().map(text)),
        ("lifted", directive.lifted.as_ref().map(text)),
    ];
    for (name, value) in further {
        item.extend(value.map(|value| (name.into(), value)));
    }
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression("attribute_not_exists(pk)");
    let update = update(table, subject, directive, seen);
    let listed = Put::builder()
        .table_name(table)
        .item("pk", text(ORDERS))
        .item("sk", text(format!("{PLACE}{:012}", directive.place)))
        .item("subject", text(subject))
        .item("sequence", number(directive.sequence))
        .item("fingerprint", text(&directive.fingerprint))
        .condition_expression("attribute_not_exists(pk)");
    Ok(vec![
        TransactWriteItem::builder().put(put.build()?).build(),
        TransactWriteItem::builder().update(update.build()?).build(),
        TransactWriteItem::builder().put(listed.build()?).build(),
        TransactWriteItem::builder()
            .put(last_of_all(table, directive, seen).build()?)
            .build(),
    ])
}

/// The order is the last of all, if none has been given since.
fn last_of_all(table: &str, directive: &Directive, seen: &Upon) -> PutBuilder {
    let put = Put::builder()
        .table_name(table)
        .item("pk", text(ORDERS))
        .item("sk", text(ORDERS))
        .item("place", number(directive.place))
        .item("fingerprint", text(&directive.fingerprint));
    match &seen.last_of_all {
        None => put.condition_expression("attribute_not_exists(pk)"),
        Some((place, _)) => put
            .condition_expression("#place = :before")
            .expression_attribute_names("#place", "place")
            .expression_attribute_values(":before", number(place)),
    }
}

/// What the order changes in its subject's row. A lifted hold is the one that was seen, and
/// accepts whatever runs there.
fn update(table: &str, subject: &Subject, directive: &Directive, seen: &Upon) -> UpdateBuilder {
    let (key, sort) = keys(subject);
    let set = "SET #directive = :sequence, #print = :print";
    let expression = match directive.order {
        Order::Hold | Order::Veto => format!("{set}, #active = :active"),
        Order::LiftHold => format!("{set} REMOVE #active, #baseline"),
        Order::LetGo => format!("{set}, #active = :active REMOVE #owner, #baseline"),
        Order::LiftVeto => format!("{set} REMOVE #active"),
    };
    let unchanged = match &seen.active {
        None => "attribute_not_exists(#active)",
        Some(_) => "#active = :seen",
    };
    let next = match &seen.last {
        None => "attribute_not_exists(#directive)",
        Some(_) => "#directive = :before",
    };
    // Where the order has its place between two rollouts.
    let during = match (subject, seen.owned) {
        (Subject::Image(_), _) => "",
        (Subject::Service(_), true) => " AND attribute_exists(#owner)",
        (Subject::Service(_), false) => " AND attribute_not_exists(#owner)",
    };
    let epoch = match (subject, seen.epoch) {
        (Subject::Image(_), _) => "",
        (Subject::Service(_), 0) => " AND attribute_not_exists(#epoch)",
        (Subject::Service(_), _) => " AND #epoch = :epoch",
    };
    let mut update = Update::builder()
        .table_name(table)
        .key("pk", key)
        .key("sk", text(sort))
        .update_expression(expression)
        .condition_expression(format!("{unchanged} AND {next}{during}{epoch}"))
        .expression_attribute_names("#directive", "directive")
        .expression_attribute_names("#print", "directive_fingerprint")
        .expression_attribute_names("#active", active(subject))
        .expression_attribute_values(":sequence", number(directive.sequence))
        .expression_attribute_values(":print", text(&directive.fingerprint));
    if directive.order.sets() {
        update = update.expression_attribute_values(":active", text(directive.words()));
    }
    if matches!(directive.order, Order::LiftHold | Order::LetGo) {
        update = update.expression_attribute_names("#baseline", "baseline");
    }
    if let Some(active) = &seen.active {
        update = update.expression_attribute_values(":seen", text(active));
    }
    if let Some((sequence, _)) = &seen.last {
        update = update.expression_attribute_values(":before", number(sequence));
    }
    if let Subject::Service(_) = subject {
        update = update
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_names("#epoch", "epoch");
    }
    if !epoch.is_empty() && seen.epoch > 0 {
        update = update.expression_attribute_values(":epoch", number(seen.epoch));
    }
    update
}
