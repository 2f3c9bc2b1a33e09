//! How orders look in the table.
//!
//! | | `pk` | `sk` | attributes |
//! |---|---|---|---|
//! | order | that of the service's row or the veto | `D#<sequence, 12 digits>` | `at`, `said`: JSON text, `epoch`, `owned`, `lifted`, `place`, `previous`, `before`, `fingerprint`, `writer` |
//! | its place among all orders | `ORDERS` | `O#<place, 12 digits>` | `subject`, `sequence`, `fingerprint` |
//! | the last of all orders | `ORDERS` | `ORDERS` | `place`, `fingerprint` |

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::builders::{PutBuilder, UpdateBuilder};
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem, Update};
use towpath_core::names::Fingerprint;
use towpath_core::release::{BrokenTrail, Directive, Logged, Order, Said, Subject, SubjectState};
use towpath_deployer::ports::{OrderLog, Trail};

use crate::ledger::item::{
    BadItem, Item, SERVICE, VETO, number, optional, parsed, parsed_json, parsed_number,
    service_key, string, text, veto_key,
};

/// What the sort keys of orders begin with.
const DIRECTIVE: &str = "D#";
/// The partition of the list of all orders, and the sort key of its head.
pub(super) const ORDERS: &str = "ORDERS";
/// What the sort keys of the list's items begin with.
const PLACE: &str = "O#";

/// What a subject's row says about orders.
pub(super) fn row_of(item: &Item, subject: &Subject) -> Result<SubjectState, BadItem> {
    let last = match item.get("directive") {
        None => None,
        Some(_) => Some((
            parsed_number(item, "directive")?,
            parsed(item, "directive_fingerprint")?,
        )),
    };
    Ok(SubjectState {
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

pub(super) fn row_item<'a>(items: &'a [Item], row: &str) -> Option<&'a Item> {
    items.iter().find(|item| string(item, "sk") == Ok(row))
}

pub(super) fn head_of(item: &Item) -> Result<(u64, Fingerprint), BadItem> {
    Ok((parsed_number(item, "place")?, parsed(item, "fingerprint")?))
}

pub(super) fn log_of(items: &[Item]) -> Result<OrderLog, BadItem> {
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

pub(super) fn trail_of(items: &[Item], subject: &Subject) -> Result<Trail, BadItem> {
    let mut trail = Trail::default();
    let (_, row) = keys(subject);
    for item in items {
        let key = string(item, "sk")?;
        if key == row {
            trail.head = row_of(item, subject)?.last;
        } else if key.starts_with(DIRECTIVE) {
            match directive_of(item) {
                Ok(directive) => trail.directives.push(directive),
                Err(bad) => trail.broken.push(BrokenTrail::Unreadable {
                    sequence: place_of(key, DIRECTIVE)?,
                    problem: bad.to_string(),
                }),
            }
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
pub(super) fn keys(subject: &Subject) -> (AttributeValue, &'static str) {
    match subject {
        Subject::Service(service) => (service_key(service), SERVICE),
        Subject::Image(digest) => (veto_key(digest), VETO),
    }
}

pub(super) fn sort_key(sequence: u64) -> String {
    format!("{DIRECTIVE}{sequence:012}")
}

fn directive_of(item: &Item) -> Result<Directive, BadItem> {
    Ok(Directive {
        sequence: place_of(string(item, "sk")?, DIRECTIVE)?,
        at: parsed(item, "at")?,
        said: Said::read(string(item, "said")?),
        epoch: parsed_number(item, "epoch")?,
        owned: parsed_json(item, "owned")?,
        lifted: optional(item, "lifted")?,
        place: parsed_number(item, "place")?,
        previous: optional(item, "previous")?,
        before: optional(item, "before")?,
        fingerprint: parsed(item, "fingerprint")?,
    })
}

pub(super) fn transaction(
    table: &str,
    subject: &Subject,
    directive: &Directive,
    seen: &SubjectState,
    writer: &str,
) -> Result<Vec<TransactWriteItem>, BuildError> {
    let (key, _) = keys(subject);
    let mut item = Item::from([
        ("pk".into(), key),
        ("sk".into(), text(sort_key(directive.sequence))),
        ("at".into(), text(directive.at)),
        ("said".into(), text(directive.said.text())),
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
    let update = update(table, subject, directive, seen)?;
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
fn last_of_all(table: &str, directive: &Directive, seen: &SubjectState) -> PutBuilder {
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
fn update(
    table: &str,
    subject: &Subject,
    directive: &Directive,
    seen: &SubjectState,
) -> Result<UpdateBuilder, BuildError> {
    let (key, sort) = keys(subject);
    let set = "SET #directive = :sequence, #print = :print";
    let order = directive.order();
    let expression = match order {
        Some(Order::Hold | Order::Veto) => format!("{set}, #active = :active"),
        Some(Order::LiftHold) => format!("{set} REMOVE #active, #baseline"),
        Some(Order::LetGo) => format!("{set}, #active = :active REMOVE #owner, #baseline"),
        Some(Order::LiftVeto) => format!("{set} REMOVE #active"),
        None => set.to_owned(),
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
    if order.is_some_and(Order::sets) {
        update = update.expression_attribute_values(":active", text(directive.block().text()));
    }
    if matches!(order, Some(Order::LiftHold | Order::LetGo)) {
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
    Ok(update)
}
