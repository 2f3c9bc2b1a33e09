//! Slack: whether the app may do what the deployer does, and is in the channels that it posts to.

use serde_json::Value;
use towpath_aws::config::{SLACK_APP_ID, SLACK_TEAM_ID};
use towpath_core::names::SlackChannel;
use towpath_deployer::ports::CallError;

use super::finding::{Check, Finding};
use super::functions::configuration;
use crate::deployer::reads::{Reads, Spot, text};

/// Without this scope nobody is told anything.
const SCOPE: &str = "chat:write";

/// With these the deployer finds its own messages again, in public channels and in private ones.
const READING: [&str; 2] = ["channels:history", "groups:history"];

/// Looks at the app's token, which is never shown.
pub(crate) async fn check_token<R: Reads>(reads: &R, about: &str) -> Vec<Finding> {
    let check = Check {
        name: "slack-scopes",
        about,
    };
    let scopes = match reads.slack_scopes().await {
        Ok(scopes) => scopes,
        Err(error) => {
            return vec![if is_no_token(&error) {
                check.error(
                    format!("Slack does not take the token: {error}"),
                    "write the app's bot token to its parameter: docs/install.md",
                )
            } else {
                check.unknown(&error)
            }];
        }
    };
    let lacks = |scope: &&str| !scopes.iter().any(|it| it == scope);
    let reading: Vec<_> = READING.into_iter().filter(lacks).collect();
    let way_out =
        |scopes: &str| format!("add {scopes} under OAuth & Permissions, and install the app again");
    vec![if lacks(&SCOPE) {
        check.error(
            format!("the app lacks the scope {SCOPE}, so nobody is told anything"),
            way_out(SCOPE),
        )
    } else if reading.is_empty() {
        let scopes = [&[SCOPE], &READING[..]].concat().join(", ");
        check.ok(format!("the app has the scopes {scopes}"))
    } else {
        let reading = reading.join(" and ");
        check.warning(
            format!("the app lacks {reading}, so that people are told twice after a fault"),
            way_out(&reading),
        )
    }]
}

/// Whether Slack refuses the token itself, whatever is asked with it.
fn is_no_token(error: &CallError) -> bool {
    matches!(
        error.code(),
        Some(
            "invalid_auth" | "not_authed" | "token_revoked" | "token_expired" | "account_inactive"
        )
    )
}

/// Looks whether the function that takes clicks was told of the one workspace and app whose clicks
/// count. Without them, any app that knows the signing secret is listened to, in any workspace.
pub(crate) async fn check_senders<R: Reads>(reads: &R, prefix: &str) -> Vec<Finding> {
    let name = format!("{prefix}-approval");
    let check = Check {
        name: "slack-senders",
        about: &name,
    };
    let found = match configuration(reads, &Spot::Home, &name).await {
        Ok(Some(found)) => found,
        // That it is missing is said where functions are looked at.
        Ok(None) => return Vec::new(),
        Err(error) => return vec![check.unknown(&error)],
    };
    let told = &found["Environment"]["Variables"];
    let (team, app) = (text(told, SLACK_TEAM_ID), text(told, SLACK_APP_ID));
    vec![if team.is_empty() || app.is_empty() {
        check.error(
            "people decide on Slack, but the deployer knows no workspace and app there: a click counts from wherever it is signed",
            "set `slack` of infra/deployer (team_id, app_id) and apply it",
        )
    } else {
        check.ok(format!(
            "only clicks of the app {app} in the workspace {team} count"
        ))
    }]
}

/// Looks whether the app can post to a channel.
pub(crate) async fn check_channel<R: Reads>(
    reads: &R,
    about: &str,
    channel: &SlackChannel,
) -> Vec<Finding> {
    let check = Check {
        name: "slack-channel",
        about,
    };
    let found = match reads.slack_channel(channel.as_str()).await {
        Ok(found) => found,
        // The check of the token says so.
        Err(error) if is_no_token(&error) => return Vec::new(),
        Err(error) => {
            return vec![match error.code() {
                Some("channel_not_found") => check.error(
                    format!("the app sees no channel {channel}"),
                    "invite the app to it (/invite), or correct notify.slack: it is the id in the \
                     channel's details",
                ),
                Some("missing_scope") => check.unseen(
                    format!("the app may not look at {channel}"),
                    "add the scope channels:read (groups:read for a private channel) to let doctor \
                     look",
                ),
                Some(_) | None => check.unknown(&error),
            }];
        }
    };
    let is = |member: &str| found[member] == Value::Bool(true);
    let name = text(&found, "name");
    vec![if is("is_archived") {
        check.error(
            format!("the channel #{name} is archived"),
            "unarchive it, or name another channel in notify.slack",
        )
    } else if !is("is_member") {
        check.error(
            format!("the app is not in the channel #{name}, so it cannot post there"),
            format!("invite it: /invite in #{name}"),
        )
    } else {
        check.ok(format!("the app is in #{name}"))
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployer::memory::Replies;
    use crate::doctor::report::report;
    use serde_json::json;

    #[tokio::test]
    async fn the_token_needs_a_scope_and_had_better_have_others() {
        let scopes = |scopes| Replies::default().say("slack:auth.test", scopes);
        for (answers, expected) in [
            (
                scopes(json!([
                    "users:read",
                    "chat:write",
                    "channels:history",
                    "groups:history"
                ])),
                "ok: the app has the scopes chat:write, channels:history, groups:history",
            ),
            (
                scopes(json!(["users:read", "chat:write"])),
                "warning: the app lacks channels:history and groups:history, so that people are told twice after a fault",
            ),
            (
                scopes(json!(["groups:history", "chat:write"])),
                "warning: the app lacks channels:history, so that people are told twice after a fault",
            ),
            (
                scopes(json!([])),
                "error: the app lacks the scope chat:write, so nobody is told anything",
            ),
            (
                Replies::default().refuse("slack:auth.test", "invalid_auth"),
                "error: Slack does not take the token: slack:auth.test: invalid_auth: refused",
            ),
            (
                Replies::default().refuse("slack:auth.test", "AccessDeniedException"),
                "unknown: slack:auth.test: AccessDeniedException: refused",
            ),
        ] {
            assert_eq!(report(&check_token(&answers, "towpath").await), [expected]);
        }
    }

    #[tokio::test]
    async fn clicks_count_from_one_workspace_and_app_only() {
        let told_of = |variables: Value| {
            Replies::default().say(
                "lambda:GetFunctionConfiguration",
                json!({ "Environment": { "Variables": variables } }),
            )
        };
        let both = json!({ "TOWPATH_SLACK_TEAM_ID": "T1", "TOWPATH_SLACK_APP_ID": "A1" });
        assert_eq!(
            report(&check_senders(&told_of(both), "towpath").await),
            ["ok: only clicks of the app A1 in the workspace T1 count"]
        );
        for variables in [json!({}), json!({ "TOWPATH_SLACK_TEAM_ID": "T1" })] {
            let found = report(&check_senders(&told_of(variables), "towpath").await);
            assert!(
                found[0].starts_with("error: people decide on Slack, but"),
                "{found:?}"
            );
        }
    }

    #[tokio::test]
    async fn the_app_has_to_be_in_the_channel() {
        let channel = "C0123456789".parse().unwrap();
        let seen = |archived: bool, member: bool| {
            Replies::default().say(
                "slack:conversations.info",
                json!({ "name": "deploys", "is_archived": archived, "is_member": member }),
            )
        };
        let refused = |code| Replies::default().refuse("slack:conversations.info", code);
        for (answers, expected) in [
            (seen(false, true), "ok: the app is in #deploys"),
            (
                seen(false, false),
                "error: the app is not in the channel #deploys, so it cannot post there",
            ),
            (seen(true, true), "error: the channel #deploys is archived"),
            (
                refused("channel_not_found"),
                "error: the app sees no channel C0123456789",
            ),
            (
                refused("missing_scope"),
                "unknown: the app may not look at C0123456789",
            ),
        ] {
            let found = check_channel(&answers, "shop-api", &channel).await;
            assert_eq!(report(&found), [expected]);
        }
        let again = check_channel(&refused("invalid_auth"), "shop-api", &channel).await;
        assert_eq!(again, [], "the check of the token says it");
    }
}
