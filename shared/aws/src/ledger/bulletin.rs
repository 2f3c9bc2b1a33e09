//! How bulletins look in the table.
//!
//! | | `pk` | `sk` | attributes |
//! |---|---|---|---|
//! | bulletin | `BULLETIN#<id>` | `BULLETIN` | `bulletin`, `at`, `notified_<channel>` of each channel in which it is told; `sending_since` and `sending_until` once it may have been told; while it is not told everywhere `open` and `due`; `wake`; `problem`, what a pipeline is stuck at |
//!
//! `open` is `"bulletin"`, so that the index `open` has the bulletins apart from the releases; `due`
//! and `wake` are those of a release's summary. What a pipeline is stuck at stays open when it is
//! told, as `"stuck"`, until it is mended: the same problem is not told again meanwhile. Another one
//! is put in its place, which `at` tells from it: whoever was telling the first one writes nothing
//! about the second.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use jiff::Timestamp;
use towpath_core::bulletin::{Bulletin, News};
use towpath_core::names::BulletinId;
use towpath_core::pipeline::Channel;
use towpath_deployer::ports::{Bulletins, CallError, OpenBulletin, Sending};

use super::item::{BadItem, Item, parsed, parsed_json, sortable, string, text};
use super::read::{paged, readable};
use super::summary::{Attention, OPEN_INDEX};
use super::wake::{AsLongAs, Row, where_it_holds, whether_it_holds};
use crate::aws::Aws;
use crate::call::{classify, refused, unreadable};

const GET: &str = "dynamodb:GetItem";
const PUT: &str = "dynamodb:PutItem";

/// The sort key of a bulletin.
const BULLETIN: &str = "BULLETIN";
/// The value of the attribute `open` of a bulletin that is to be told.
const OPEN: &str = "bulletin";
/// Its value where what was told is not mended.
const STUCK: &str = "stuck";
/// The condition that the row is that of the bulletin which was read, and open.
const IS_READ: &str = "#still_open = :still_open AND #at = :at";
/// When it was about to be told first, and until when whoever is may still tell it.
const SENDING_SINCE: &str = "sending_since";
const SENDING_UNTIL: &str = "sending_until";
/// How many pipelines that are stuck are looked at in one go.
const MAX_STUCK: usize = 1_000;

impl Bulletins for Aws {
    async fn announce(&self, id: &BulletinId, bulletin: &Bulletin) -> Result<bool, CallError> {
        let put = self.put_bulletin(id, bulletin).await?;
        written(put.condition_expression("attribute_not_exists(pk)")).await
    }

    async fn announce_problem(
        &self,
        id: &BulletinId,
        bulletin: &Bulletin,
    ) -> Result<bool, CallError> {
        let problem = match &bulletin.news {
            News::PipelineStuck { problem, .. } => problem.clone(),
            News::TagNotTaken { .. }
            | News::Hold { .. }
            | News::Veto { .. }
            | News::NotTrusted { .. } => {
                return Err(refused(
                    PUT,
                    "InvalidRequest",
                    "no pipeline is stuck at that",
                ));
            }
        };
        let put = self.put_bulletin(id, bulletin).await?;
        let put = put
            .item("problem", text(&problem))
            .condition_expression("attribute_not_exists(#problem) OR #problem <> :problem")
            .expression_attribute_names("#problem", "problem")
            .expression_attribute_values(":problem", text(&problem));
        written(put).await
    }

    async fn open_problems(&self) -> Result<Vec<BulletinId>, CallError> {
        let query = self.query().await?;
        let query = query
            .index_name(OPEN_INDEX)
            .key_condition_expression("#open = :open")
            .expression_attribute_names("#open", "open")
            .expression_attribute_values(":open", text(STUCK));
        Ok(readable(&paged(query, MAX_STUCK).await?, id_of))
    }

    async fn withdraw(&self, id: &BulletinId) -> Result<(), CallError> {
        let update = self.update_of(row(id, STUCK)).await?;
        let update = update
            .update_expression("REMOVE #still_open, #due, #problem")
            .expression_attribute_names("#due", "due")
            .expression_attribute_names("#problem", "problem");
        where_it_holds(update).await
    }

    async fn bulletin(&self, id: &BulletinId) -> Result<Option<OpenBulletin>, CallError> {
        let Some(item) = self.item(key(id), BULLETIN).await? else {
            return Ok(None);
        };
        if !matches!(string(&item, "open"), Ok(OPEN)) {
            return Ok(None);
        }
        let open = open_bulletin(&item)
            .map_err(|error| unreadable(GET, format_args!("the bulletin {id}: {error}")))?;
        if !open.bulletin.is_under(id) {
            tracing::error!(bulletin.id = %id, "a bulletin is not told: it is of another kind than its id says");
            return Ok(None);
        }
        Ok(Some(open))
    }

    async fn set_sending(
        &self,
        id: &BulletinId,
        read: &OpenBulletin,
        sending: Sending,
    ) -> Result<bool, CallError> {
        let mut update = self.as_read(id, read).await?;
        let mut as_known = "attribute_not_exists(#until)";
        if let Some(known) = read.sending {
            as_known = "#until = :known";
            update = update.expression_attribute_values(":known", text(sortable(known.until)));
        }
        let update = update
            .condition_expression(format!("{IS_READ} AND {as_known}"))
            // Or the stream would have it told once more.
            .update_expression("REMOVE #wake SET #since = :since, #until = :until")
            .expression_attribute_names("#wake", "wake")
            .expression_attribute_names("#since", SENDING_SINCE)
            .expression_attribute_names("#until", SENDING_UNTIL)
            .expression_attribute_values(":since", text(sortable(sending.since)))
            .expression_attribute_values(":until", text(sortable(sending.until)));
        whether_it_holds(update).await
    }

    async fn set_notified(
        &self,
        id: &BulletinId,
        read: &OpenBulletin,
        notified: &BTreeSet<Channel>,
        due: Option<Timestamp>,
    ) -> Result<(), CallError> {
        let mut set = Vec::new();
        let mut remove = vec!["#wake"];
        let mut update = self.as_read(id, read).await?;
        update = update.expression_attribute_names("#wake", "wake");
        for channel in notified {
            let name = format!("#{channel}");
            set.push(format!("{name} = :notified"));
            update = update
                .expression_attribute_names(name, notified_in(*channel))
                .expression_attribute_values(":notified", AttributeValue::Bool(true));
        }
        if due.is_some() || !Bulletin::is_of_stuck(id) {
            update = update.expression_attribute_names("#due", "due");
        }
        match due {
            Some(due) => {
                set.push("#due = :due".into());
                update = update.expression_attribute_values(":due", text(sortable(due)));
            }
            None if Bulletin::is_of_stuck(id) => {
                set.push("#still_open = :stuck".into());
                update = update.expression_attribute_values(":stuck", text(STUCK));
            }
            None => remove.extend(["#still_open", "#due"]),
        }
        let mut expression = format!("REMOVE {}", remove.join(", "));
        if !set.is_empty() {
            expression = format!("{expression} SET {}", set.join(", "));
        }
        where_it_holds(update.update_expression(expression)).await
    }

    async fn due_bulletins(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<BulletinId>, CallError> {
        let query = self.query().await?;
        let query = query
            .index_name(OPEN_INDEX)
            .key_condition_expression("#open = :open AND #due <= :now")
            .expression_attribute_names("#open", "open")
            .expression_attribute_names("#due", "due")
            .expression_attribute_values(":open", text(OPEN))
            .expression_attribute_values(":now", text(sortable(now)));
        Ok(readable(&paged(query, limit).await?, id_of))
    }

    async fn wake_bulletin(&self, id: &BulletinId, at: Timestamp) -> Result<(), CallError> {
        where_it_holds(self.wakes(row(id, OPEN), at).await?).await
    }
}

impl Aws {
    /// An update of the bulletin that was read, as long as it is open and no other one is in its
    /// place.
    async fn as_read(
        &self,
        id: &BulletinId,
        read: &OpenBulletin,
    ) -> Result<UpdateItemFluentBuilder, CallError> {
        let update = self.update_of(row(id, OPEN)).await?;
        Ok(update
            .condition_expression(IS_READ)
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":at", text(sortable(read.bulletin.at))))
    }

    /// A bulletin that nobody has been told, to be written.
    async fn put_bulletin(
        &self,
        id: &BulletinId,
        bulletin: &Bulletin,
    ) -> Result<PutItemFluentBuilder, CallError> {
        let table = self.settings().table()?;
        let item =
            bulletin_item(id, bulletin).map_err(|error| refused(PUT, "InvalidRequest", error))?;
        let set = self.clients().ledger().await?;
        Ok(set
            .dynamodb()
            .put_item()
            .table_name(table)
            .set_item(Some(item)))
    }
}

/// Writes a bulletin. Whether its condition held.
async fn written(put: PutItemFluentBuilder) -> Result<bool, CallError> {
    match put.send().await {
        Ok(_) => Ok(true),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(PutItemError::is_conditional_check_failed_exception) =>
        {
            Ok(false)
        }
        Err(error) => Err(classify(PUT, &error)),
    }
}

/// A bulletin, as long as it is open in this way: one that was closed meanwhile stays so.
fn row(id: &BulletinId, open: &'static str) -> Row {
    Row {
        key: key(id),
        sort: BULLETIN,
        as_long_as: AsLongAs::OpenAs(open),
    }
}

/// What puts a bulletin down in the transaction of the order that it tells of, whose conditions are
/// its own.
pub(super) fn put(
    table: &str,
    id: &BulletinId,
    bulletin: &Bulletin,
) -> Result<TransactWriteItem, BuildError> {
    let item = bulletin_item(id, bulletin).map_err(|error| BuildError::other(error.to_string()))?;
    let put = Put::builder().table_name(table).set_item(Some(item));
    Ok(TransactWriteItem::builder().put(put.build()?).build())
}

fn key(id: &BulletinId) -> AttributeValue {
    text(format!("{BULLETIN}#{id}"))
}

/// The item of a bulletin that nobody has been told.
pub(super) fn bulletin_item(
    id: &BulletinId,
    bulletin: &Bulletin,
) -> Result<Item, serde_json::Error> {
    let attention = Attention::woken(bulletin.at);
    Ok(Item::from([
        ("pk".into(), key(id)),
        ("sk".into(), text(BULLETIN)),
        ("bulletin".into(), text(serde_json::to_string(bulletin)?)),
        ("at".into(), text(sortable(bulletin.at))),
        ("open".into(), text(OPEN)),
        ("due".into(), text(attention.due_text())),
        (
            "wake".into(),
            text(attention.wake_text(0).unwrap_or_default()),
        ),
    ]))
}

fn open_bulletin(item: &Item) -> Result<OpenBulletin, BadItem> {
    let sending = if item.contains_key(SENDING_SINCE) {
        Some(Sending {
            since: parsed(item, SENDING_SINCE)?,
            until: parsed(item, SENDING_UNTIL)?,
        })
    } else {
        None
    };
    Ok(OpenBulletin {
        sending,
        bulletin: parsed_json(item, "bulletin")?,
        notified: Channel::ALL
            .into_iter()
            .filter(|channel| item.contains_key(&notified_in(*channel)))
            .collect(),
    })
}

/// The attribute that says that people of a channel were notified.
fn notified_in(channel: Channel) -> String {
    format!("notified_{channel}")
}

fn id_of(item: &Item) -> Result<BulletinId, BadItem> {
    let key = string(item, "pk")?;
    let id = key
        .strip_prefix(BULLETIN)
        .and_then(|key| key.strip_prefix('#'));
    id.unwrap_or(key)
        .parse()
        .map_err(|error: towpath_core::names::InvalidName| BadItem::Wrong {
            item: BULLETIN.into(),
            attribute: "pk",
            problem: error.to_string(),
        })
}
