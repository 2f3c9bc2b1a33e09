//! People's orders about services and images, and the deployer's own: how they get into the table.
//! How they look there, `items` says.
//!
//! The row itself keeps `directive` and `directive_fingerprint`: the last order about it. An order,
//! its place among all, what it changes in the row, and the bulletins by which people are told of it
//! are one transaction, under the conditions that the order is the next one and that the row still is
//! as its writer saw it.

mod items;

use std::time::Duration;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use jiff::Timestamp;
use towpath_core::bulletin::{Announced, Bulletin};
use towpath_core::names::{BulletinId, Fingerprint, ReleaseId};
use towpath_core::release::{
    Block, Directive, Instruction, Order, Principal, ServiceId, ServiceRow, Subject, SubjectState,
};
use towpath_deployer::backoff::pauses;
use towpath_deployer::ports::{AppendError, CallError, Directives, Issue, Issued, OrderLog, Trail};
use towpath_taskdef::image::Digest;

use self::items::{
    ORDERS, head_of, keys, log_of, row_item, row_of, sort_key, trail_of, transaction,
};
use super::bulletin;
use super::cancelled::{condition_failed, failure};
use super::item::{
    BadItem, Item, SERVICE, VETO, optional_block, row_of as service_row_of, string, text,
};
use super::read::paged;
use super::write::writer;
use crate::aws::Aws;
use crate::call::{classify, refused, unreadable};

const OPERATION: &str = "dynamodb:TransactWriteItems";
const GET: &str = "dynamodb:GetItem";
const QUERY: &str = "dynamodb:Query";

/// The code by which DynamoDB refuses for want of a right.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>
const ACCESS_DENIED: &str = "AccessDeniedException";

/// How often an order that another writer got in the way of is tried again.
const MORE_TRIES: usize = 4;
/// The shortest pause before.
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
            notify: told,
        } = issue;
        if !order.fits(subject) {
            let problem = format!("{order} is no order about {subject}");
            return Err(refused(OPERATION, "InvalidRequest", problem).into());
        }
        patiently(async || {
            let (row, last_of_all) =
                tokio::try_join!(self.subject_row(subject), self.last_of_all())?;
            if order.sets() == row.active.is_some() {
                let standing = row.active.as_deref().map(Block::read);
                return Ok(Issued::AlreadySo(standing));
            }
            let upon = SubjectState { last_of_all, ..row };
            let instruction = Instruction {
                by: by.clone(),
                order,
                reason: reason.to_owned(),
            };
            let directive = Directive::next(&upon, subject, at, instruction);
            let Announced { bulletins, untold } =
                Bulletin::of_order(subject, &directive, told.home, told.pipelines, told.tag);
            self.write_directive(subject, &directive, &upon, &bulletins)
                .await?;
            let directive = Box::new(directive);
            Ok(Issued::Written {
                directive,
                not_notified: untold,
            })
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
        let subject = Subject::Service(service.clone());
        let (key, sort) = keys(&subject);
        let done = patiently(async || {
            let (row, last_of_all) =
                tokio::try_join!(self.item(key.clone(), sort), self.last_of_all())?;
            let Some(row) = row.filter(|row| string(row, "owner") == Ok(owner.as_str())) else {
                return Ok(false);
            };
            let row = row_of(&row, &subject)
                .map_err(|error| unreadable(GET, format_args!("the row of {service}: {error}")))?;
            let upon = SubjectState { last_of_all, ..row };
            let instruction = Instruction {
                by: Principal::Deployer,
                order: Order::LetGo,
                reason: reason.to_owned(),
            };
            // A service has one owner at an epoch: the order is about this one's.
            let directive = Directive::next(&upon, &subject, at, instruction);
            // Whoever has it let go tells people of the release.
            self.write_directive(&subject, &directive, &upon, &[])
                .await?;
            Ok(true)
        });
        done.await.map_err(|error| match error {
            AppendError::Call(error) => error,
            AppendError::Conflict | AppendError::ServiceCondition | AppendError::Deployment(_) => {
                CallError::NotDone {
                    operation: OPERATION,
                    message: format!("others got in the way of letting {service} go"),
                }
            }
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

    async fn veto_and_orders(&self, digest: &Digest) -> Result<(Option<Block>, Trail), CallError> {
        let subject = Subject::Image(*digest);
        let items = self.subject_items(&subject).await?;
        let read = || {
            let active =
                row_item(&items, VETO).map_or(Ok(None), |item| optional_block(item, "active"));
            Ok::<_, BadItem>((active?, trail_of(&items, &subject)?))
        };
        read().map_err(|error| unreadable(QUERY, format_args!("the veto of {digest}: {error}")))
    }
}

/// Decides and writes anew as long as another writer gets in the way.
async fn patiently<T>(write: impl AsyncFn() -> Result<T, AppendError>) -> Result<T, AppendError> {
    for pause in pauses(PAUSE, MORE_TRIES) {
        match write().await {
            Err(AppendError::Conflict) => tokio::time::sleep(pause).await,
            done => return done,
        }
    }
    write().await
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
                // What cannot be read is not read better a second time.
                !trail.broken.is_empty() || last == trail.head.map(|(sequence, _)| sequence)
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

    async fn subject_row(&self, subject: &Subject) -> Result<SubjectState, CallError> {
        let (key, sort) = keys(subject);
        match self.item(key, sort).await? {
            None => Ok(SubjectState::default()),
            Some(item) => row_of(&item, subject)
                .map_err(|error| unreadable(GET, format_args!("the row of {subject}: {error}"))),
        }
    }

    /// Writes the order and what it changes; [`AppendError::Conflict`] when the row is not as it was seen any more.
    async fn write_directive(
        &self,
        subject: &Subject,
        directive: &Directive,
        seen: &SubjectState,
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
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                let reasons = cancelled.cancellation_reasons();
                match failure(OPERATION, reasons) {
                    Some(error) if !reasons.iter().any(condition_failed) => error.into(),
                    // The other transaction may have been another order.
                    Some(_) | None => AppendError::Conflict,
                }
            }
            Some(TransactWriteItemsError::TransactionInProgressException(_)) => {
                AppendError::Conflict
            }
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
