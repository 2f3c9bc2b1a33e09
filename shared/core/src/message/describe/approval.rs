//! People are asked, and decide.

use jiff::Timestamp;

use super::{Context, Description, Mail, because, because_in_slack, plain};
use crate::message::asking::approvers;
use crate::message::escape::{one_line, slack_text};
use crate::message::said::AlreadySaid;
use crate::message::style::{SLACK, person, to_the_second};
use crate::names::{ApprovalId, Fingerprint, MessageId, StageName};
use crate::release::{Decision, Principal, ReplyRefusal, VoidReason, reason};

pub(super) fn requested(
    told: Context<'_>,
    stage: &StageName,
    approval: &ApprovalId,
    spec: &Fingerprint,
    expires_at: Timestamp,
) -> Description {
    let until = to_the_second(expires_at);
    let described = Description::new(format!(
        "{stage}: waits for approval until {until} (request {approval}, task definition {})",
        spec.short()
    ));
    let asking = told.release.pipeline().stage(stage);
    let Some(gate) = asking.and_then(|stage| stage.approval.as_ref()) else {
        return described;
    };
    let who = approvers(gate, SLACK);
    let needed = if gate.required > 1 {
        format!(" ({} needed)", gate.required)
    } else {
        String::new()
    };
    let image = told.release.image();
    described
        .line(format!(
            ":raised_hand: *{stage}* waits for approval by {who}{needed}, until {} (request `{approval}`)",
            (SLACK.time)(expires_at)
        ))
        .mail(Mail {
            headline: format!("approve {stage}?"),
            body: format!(
                "{} waits for approval of {stage} (request {approval}), until {until}.\n\nimage: {}/{}@{}\ntask definition: {}\n",
                told.name(),
                image.registry,
                image.repository,
                image.digest,
                spec.short()
            ),
            asks: gate.sns.then(|| approval.clone()),
        })
}

pub(super) fn voted(
    said: &mut AlreadySaid,
    approval: &ApprovalId,
    by: &Principal,
    decision: Decision,
    why: Option<&str>,
) -> Description {
    let (done, in_slack) = match decision {
        Decision::Approve => ("approved", ":+1: approved"),
        Decision::Reject => {
            said.has(&reason::rejected(by, why));
            ("rejected", ":no_entry: rejected")
        }
    };
    Description::new(format!("{done} (request {approval}){}", because(why))).line(format!(
        "{in_slack} by {} (request `{approval}`){}",
        person(by),
        because_in_slack(why)
    ))
}

pub(super) fn reply_refused(
    told: Context<'_>,
    approval: &ApprovalId,
    message: &MessageId,
    why: &ReplyRefusal,
) -> Description {
    let why = &why.to_string();
    Description::bad(format!(
        "a reply to {approval} was refused (message {message}): {}",
        plain(why)
    ))
    .line(format!(
        ":warning: a reply to `{approval}` was refused (message {message}), and the request is still open: {}",
        slack_text(why)
    ))
    .mail(Mail {
        headline: format!("a reply to {approval} was refused"),
        body: format!(
            "A reply to {approval} of {} was refused, and the request is still open: {}\n\nmessage: {message}\n",
            told.name(),
            one_line(why, 2_000)
        ),
        asks: None,
    })
}

pub(super) fn voided(told: Context<'_>, approval: &ApprovalId, why: VoidReason) -> Description {
    let why = &why.to_string();
    Description::new(format!(
        "the approval {approval} no longer counts: {}",
        plain(why)
    ))
    .line(format!(
        ":leftwards_arrow_with_hook: the approval `{approval}` no longer counts: {}",
        slack_text(why)
    ))
    .mail(Mail {
        headline: format!("{approval} no longer counts"),
        body: format!(
            "The approval {approval} of {} no longer counts: {}\n",
            told.name(),
            one_line(why, 2_000)
        ),
        asks: None,
    })
}
