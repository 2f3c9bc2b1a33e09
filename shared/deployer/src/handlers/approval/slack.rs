//! Decisions by a button of a release's card in Slack, which come as requests to the function URL.

use serde_json::{Value, json};
use towpath_core::incoming::{ReadError, slack, url};
use towpath_core::message::{Message, double_card};
use towpath_core::names::{ApprovalId, ParameterName, SlackUser};
use towpath_core::pipeline::Channel;
use towpath_core::release::{
    Actor, Decision, Incoming, Principal, Refusal, Release, SentMessage, StoredNow,
};
use tracing::Instrument as _;

use super::{Senders, SetUp, roll_back};
use crate::handlers::HandlerError;
use crate::handlers::record::record_into;
use crate::handlers::stored::stored_now;
use crate::per_minute::PerMinute;
use crate::ports::{Clock, Ledger, Messenger, Parameters, Secrets};
use crate::recorded::Recorded;

/// How many requests of strangers are logged in a minute: a flood of them is not to be paid for by the
/// line. Each line says how many were left out before it.
static REFUSED_REQUESTS: PerMinute = PerMinute::new(10);

/// How many people who have no say are told so in a minute: Slack takes about one message in a second
/// from the app, whoever caused it.
static TOLD_STRANGERS: PerMinute = PerMinute::new(20);

/// The one path of the function URL.
const SLACK_PATH: &str = "/slack/interactive";

/// Takes a request to the function URL.
pub(super) async fn handle<P>(
    ports: &P,
    set_up: &SetUp,
    event: &Value,
) -> Result<Value, HandlerError>
where
    P: Ledger + Parameters + Secrets + Messenger + Clock,
{
    let Ok(request) = url::read(event) else {
        return Ok(answer(400, "the request cannot be read"));
    };
    if request.path != SLACK_PATH {
        return Ok(answer(404, "there is nothing here"));
    }
    if request.method != "POST" {
        return Ok(answer(405, "only POST is answered here"));
    }
    if !is_signed(ports, &request).await? {
        if let Some(left_out) = REFUSED_REQUESTS.admit(ports.now()) {
            tracing::warn!(
                source_ip = ?request.source_ip,
                left_out,
                "request refused: its signature is not Slack's"
            );
        }
        return Ok(answer(401, "the signature does not match"));
    }
    let interaction = match slack::read(&request.body) {
        Ok(interaction) => interaction,
        Err(ReadError::Ignored(reason)) => {
            tracing::info!(reason, "interaction ignored");
            return Ok(answer(200, ""));
        }
        Err(ReadError::Malformed(problem)) => {
            tracing::warn!(problem, "interaction refused: it cannot be read");
            return Ok(answer(400, "the interaction cannot be read"));
        }
    };
    if let Some(problem) = is_foreign(&set_up.senders, &interaction) {
        tracing::warn!(problem, "interaction refused");
        return Ok(answer(403, "this is not the workspace or app that asked"));
    }
    // Whatever is logged from here on says of which release it is.
    let span = tracing::info_span!("approval", release.id = %interaction.action.release());
    let decided = by_button(ports, &set_up.pipelines_path, interaction);
    decided.instrument(span).await
}

async fn is_signed<P: Secrets + Clock>(
    ports: &P,
    request: &url::UrlRequest,
) -> Result<bool, HandlerError> {
    let header = |name: &str| request.headers.get(name).map(String::as_str);
    let signature = slack::SlackSignature::read(
        header("x-slack-request-timestamp"),
        header("x-slack-signature"),
        ports.now(),
    );
    // The secret is asked for only where it could verify something.
    let Ok(signature) = signature else {
        return Ok(false);
    };
    let secret = ports.slack_signing_secret(false).await?;
    if signature.verify(&secret, &request.body).is_ok() {
        return Ok(true);
    }
    // It may have been rotated.
    let renewed = ports.slack_signing_secret(true).await?;
    Ok(renewed != secret && signature.verify(&renewed, &request.body).is_ok())
}

fn is_foreign(senders: &Senders, interaction: &slack::Interaction) -> Option<&'static str> {
    let differs =
        |expected: &Option<String>, found: &str| expected.as_deref().is_some_and(|e| e != found);
    if differs(&senders.slack_app, &interaction.app) {
        return Some("it comes from another Slack app");
    }
    if differs(&senders.slack_team, &interaction.team) {
        return Some("it comes from another Slack workspace");
    }
    None
}

async fn by_button<P>(
    ports: &P,
    pipelines: &ParameterName,
    interaction: slack::Interaction,
) -> Result<Value, HandlerError>
where
    P: Ledger + Parameters + Messenger + Clock,
{
    let slack::Interaction {
        channel,
        user,
        is_outsider,
        action,
        message_ts,
        ..
    } = interaction;
    let id = action.release();
    if is_outsider {
        tracing::warn!(%user, "click refused: the person is not of this workspace");
        let problem = "only members of this workspace may decide";
        return Ok(whisper_to_stranger(ports, &channel, &user, problem).await);
    }
    let release = ports.load(id).await?;
    let release = match release {
        Some(release) => on_its_card(release, &channel),
        None => Err("there is no such release"),
    };
    let release = match release {
        Ok(release) => release,
        Err(problem) => {
            tracing::warn!(channel, "click refused: it is not on the release's card");
            return Ok(whisper_to_stranger(ports, &channel, &user, problem).await);
        }
    };
    // Slack waits three seconds for an answer, and a person can click again.
    let stored = match stored_now(ports, pipelines, &release).await {
        Ok(stored) => stored,
        Err(error) => {
            tracing::warn!(%error, "the pipeline as it is stored now could not be read");
            StoredNow::Unknown("the pipeline as it is stored now could not be read".into())
        }
    };
    let has_ended = release.conclusion().is_some();
    let double = double(&release, &channel, &message_ts);
    let problem = match action {
        slack::ButtonAction::Decide { decision, value } => {
            let by = Principal::Slack(user.clone());
            vote(ports, release, value.approval, by, decision, stored).await?
        }
        slack::ButtonAction::RollBack { value } => {
            roll_back::roll_back(ports, release, &value.stage, &user, stored).await?
        }
    };
    // Whoever has to try again does so where they have clicked.
    let is_done_with = problem.is_none() || has_ended;
    let answer = match problem {
        Some(problem) => whisper(ports, &channel, &user, &problem).await,
        None => answer(200, ""),
    };
    if let Some((double, text)) = double.filter(|_| is_done_with)
        && let Err(error) = ports.edit(Channel::Slack, &double, &text).await
    {
        // What was decided stands, and whoever clicks there again is heard again.
        tracing::warn!(%error, "a card that was posted twice could not be made to ask nobody");
    }
    Ok(answer)
}

/// The message that was clicked on, where it is not the card that the ledger knows, and what takes its
/// place: of that one nobody had heard that it was posted. What is decided on it counts like on the other,
/// and from then on it asks nobody any more.
fn double(release: &Release, channel: &str, clicked: &str) -> Option<(SentMessage, Message)> {
    let card = release.notified(Channel::Slack).card?;
    let double = SentMessage {
        to: channel.to_owned(),
        id: clicked.to_owned(),
    };
    let text = double_card(Channel::Slack, &release.overview())?;
    (card.message != double).then_some((double, text))
}

/// Why the vote does not count, if it does not.
async fn vote<P: Ledger + Clock>(
    ports: &P,
    release: Release,
    approval: ApprovalId,
    by: Principal,
    decision: Decision,
    stored: StoredNow,
) -> Result<Option<String>, HandlerError> {
    let id = release.id().clone();
    let actor = Actor::Person(by.clone());
    let vote = Incoming::Vote {
        approval,
        by,
        decision,
        reason: None,
        message: None,
        stored,
    };
    Ok(match record_into(ports, release, &actor, vote).await? {
        Recorded::Added(_) => {
            tracing::info!(by = %actor, %decision, "vote written down");
            None
        }
        Recorded::Known(_) => None,
        Recorded::Refused(refusal) => Some(refused(&refusal)),
        Recorded::NoSuchRelease => Some(format!("there is no release {id}")),
    })
}

/// The release, if the click came from its card's channel; else why it decides nothing. Who may see
/// the card is the channel's to say, so a button with the same value that somebody has posted
/// elsewhere, in a channel that is shared with another company say, is no way to decide. A card that was
/// about to be posted may be there, though nobody has heard of it.
fn on_its_card(release: Release, channel: &str) -> Result<Release, &'static str> {
    let known = release.notified(Channel::Slack);
    let own = release.pipeline().notify.slack.as_ref();
    match known.card {
        Some(card) if card.message.to == channel => Ok(release),
        Some(_) => Err("this is not the release's card; decide on the card in its own channel"),
        None if known.telling.is_some() && own.is_some_and(|own| own.as_str() == channel) => {
            Ok(release)
        }
        None => Err("the release's card is just being posted; click again in a moment"),
    }
}

/// The same for somebody of whom there may be any number: those beyond the bound are told nothing.
async fn whisper_to_stranger<P: Messenger + Clock>(
    ports: &P,
    channel: &str,
    user: &SlackUser,
    problem: &str,
) -> Value {
    match TOLD_STRANGERS.admit(ports.now()) {
        Some(_) => whisper(ports, channel, user, problem).await,
        None => answer(200, ""),
    }
}

/// Tells the person alone why their click did nothing, and Slack that it arrived.
async fn whisper<P: Messenger>(ports: &P, channel: &str, user: &SlackUser, problem: &str) -> Value {
    if let Err(error) = ports.whisper(channel, user, problem).await {
        // The refusal stands whether or not the person could be told.
        tracing::warn!(%error, "a refusal could not be shown to the person");
    }
    answer(200, "")
}

pub(super) fn refused(refusal: &Refusal) -> String {
    tracing::warn!(%refusal, "click refused");
    refusal.to_string()
}

/// An answer of the function URL. It never carries anything of the request.
pub(super) fn answer(status: u16, text: &str) -> Value {
    json!({
        "statusCode": status,
        "headers": { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" },
        "body": text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Terraform tells people to give Slack the function URL with this path.
    #[test]
    fn slack_is_told_the_path_that_is_answered() {
        let described = include_str!("../../../../../infra/functions.json");
        let described: Value = serde_json::from_str(described).unwrap();
        let url = &described["functions"]["approval"]["triggers"]["url"];
        assert_eq!(url["path"], SLACK_PATH);
    }
}
