//! Decisions that were published to the reply topic.
//!
//! One that does not count is no failure of the function: what a function fails on is kept where
//! others may read it, and the message holds a token that may still decide. It is a line of the log,
//! which is a metric as well, and, while the request that it names is open, an entry of the release,
//! of which people are told once.

use futures_util::future::join_all;
use serde_json::Value;
use towpath_core::incoming::{ReadError, sns};
use towpath_core::names::{ApprovalId, MessageId, ReleaseId};
use towpath_core::release::{Actor, Incoming, Principal, Release, ReplyRefusal};
use towpath_core::token::{self, TokenError};
use tracing::Instrument as _;

use super::SetUp;
use crate::handlers::HandlerError;
use crate::handlers::record::record_into;
use crate::handlers::stored::stored_now;
use crate::metric;
use crate::ports::{Clock, Ledger, Parameters, Secrets};
use crate::recorded::Recorded;

/// Takes each message by itself.
///
/// # Errors
/// When the ledger, the pipeline or the key cannot be read. Lambda delivers all of them again, and
/// those that are taken already are known then.
pub(super) async fn handle<P>(ports: &P, set_up: &SetUp, event: &Value) -> Result<(), HandlerError>
where
    P: Ledger + Parameters + Secrets + Clock,
{
    let replies = match sns::read(event) {
        Ok(replies) => replies,
        Err(error) => {
            log(ports, set_up, None, None, &error.to_string());
            return Ok(());
        }
    };
    let key = ports.link_key().await?;
    let recorded = replies
        .into_iter()
        .map(|reply| record_one(ports, set_up, &key, reply));
    join_all(recorded).await.into_iter().collect()
}

async fn record_one<P: Ledger + Parameters + Clock>(
    ports: &P,
    set_up: &SetUp,
    key: &[u8],
    reply: Result<sns::Reply, ReadError>,
) -> Result<(), HandlerError> {
    let reply = match reply {
        Ok(reply) => reply,
        // Which request it was for cannot be said.
        Err(error) => {
            log(ports, set_up, None, None, &error.to_string());
            return Ok(());
        }
    };
    let message = &reply.message_id;
    if reply.topic != set_up.senders.reply_topic {
        log(
            ports,
            set_up,
            Some(message),
            None,
            "it came by another topic",
        );
        return Ok(());
    }
    let (id, approval, wrong) = match token::verify(key, &reply.approval, reply.decision) {
        Ok((id, approval)) => (id, approval, None),
        Err(error) => match token::claimed(&reply.approval) {
            Some((id, approval)) => (id, approval, Some(error)),
            None => {
                log(ports, set_up, Some(message), None, &error.to_string());
                return Ok(());
            }
        },
    };
    // Whatever is logged from here on says of which release it is.
    let span = tracing::info_span!("approval", release.id = %id);
    let claimed = Claimed {
        id,
        approval,
        wrong,
    };
    let recorded = record_about(ports, set_up, claimed, &reply);
    recorded.instrument(span).await
}

/// What the token of a reply says.
struct Claimed {
    id: ReleaseId,
    approval: ApprovalId,
    /// Why the token is not valid, where it is not.
    wrong: Option<TokenError>,
}

async fn record_about<P: Ledger + Parameters + Clock>(
    ports: &P,
    set_up: &SetUp,
    claimed: Claimed,
    reply: &sns::Reply,
) -> Result<(), HandlerError> {
    let Claimed {
        id,
        approval,
        wrong,
    } = claimed;
    let message = &reply.message_id;
    let Some(release) = ports.load(&id).await? else {
        let reason = format!("there is no release {id}");
        log(ports, set_up, Some(message), Some(&id), &reason);
        return Ok(());
    };
    match wrong {
        None => vote(ports, set_up, release, approval, reply).await,
        Some(error) => {
            let refused = Refused {
                message,
                approval,
                reason: ReplyRefusal::Token { problem: error },
            };
            refuse(ports, set_up, release, refused).await
        }
    }
}

async fn vote<P: Ledger + Parameters + Clock>(
    ports: &P,
    set_up: &SetUp,
    release: Release,
    approval: ApprovalId,
    reply: &sns::Reply,
) -> Result<(), HandlerError> {
    let id = release.id().clone();
    let by = Principal::TokenHolder;
    let actor = Actor::Person(by.clone());
    let vote = Incoming::Vote {
        approval: approval.clone(),
        by,
        decision: reply.decision,
        reason: reply.reason.clone(),
        message: Some(reply.message_id.clone()),
        // Lambda delivers the reply again where this cannot be asked.
        stored: stored_now(ports, &set_up.pipelines_path, &release).await?,
    };
    match record_into(ports, release.clone(), &actor, vote).await? {
        Recorded::Added(_) => {
            tracing::info!(message.id = %reply.message_id, decision = %reply.decision, "vote written down");
            Ok(())
        }
        Recorded::Known(_) => Ok(()),
        Recorded::Refused(refusal) => {
            let refused = Refused {
                message: &reply.message_id,
                approval,
                reason: ReplyRefusal::Vote { refusal },
            };
            refuse(ports, set_up, release, refused).await
        }
        Recorded::NoSuchRelease => {
            let reason = format!("there is no release {id}");
            log(ports, set_up, Some(&reply.message_id), Some(&id), &reason);
            Ok(())
        }
    }
}

/// A message that does not count, about a request of a release that is there.
struct Refused<'a> {
    message: &'a MessageId,
    approval: ApprovalId,
    reason: ReplyRefusal,
}

/// Has people told, if they are still asked.
async fn refuse<P: Ledger + Clock>(
    ports: &P,
    set_up: &SetUp,
    release: Release,
    refused: Refused<'_>,
) -> Result<(), HandlerError> {
    let Refused {
        message,
        approval,
        reason,
    } = refused;
    let said = reason.to_string();
    log(ports, set_up, Some(message), Some(release.id()), &said);
    let actor = Actor::Function("approval".into());
    let incoming = Incoming::ReplyRefused {
        approval,
        message: message.clone(),
        reason,
    };
    record_into(ports, release, &actor, incoming).await?;
    Ok(())
}

/// Printed whatever level is logged: without the line there is no metric.
fn log<P: Clock>(
    ports: &P,
    set_up: &SetUp,
    message: Option<&MessageId>,
    release: Option<&ReleaseId>,
    reason: &str,
) {
    let refused = metric::RefusedReply {
        message,
        release,
        reason,
    };
    println!(
        "{}",
        metric::refused_reply(&set_up.function, &refused, ports.now())
    );
}
