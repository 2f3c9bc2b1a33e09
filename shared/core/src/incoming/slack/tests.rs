//! Clicks, and what only looks like one.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::incoming::fixtures::fixture;
use crate::incoming::url;

/// The sample of a click, on the button that approves.
fn click() -> Value {
    let mut payload = fixture("slack-block-actions");
    payload["actions"][0]["action_id"] = json!(APPROVE);
    payload["actions"][0]["value"] =
        json!(r#"{"release":"shop-api-0123456789abcdef","approval":"production-1"}"#);
    payload
}

fn form(payload: &Value) -> Vec<u8> {
    form_urlencoded::Serializer::new(String::new())
        .append_pair("payload", &payload.to_string())
        .finish()
        .into_bytes()
}

fn refused(change: impl FnOnce(&mut Value)) -> String {
    let mut payload = click();
    change(&mut payload);
    read(&form(&payload)).unwrap_err().to_string()
}

#[test]
fn a_click_says_who_decided_what() {
    let interaction = read(&form(&click())).unwrap();
    assert_eq!(
        interaction,
        Interaction {
            app: "AABA1ABCD".into(),
            team: "T9TK3CUKW".into(),
            channel: "CBR2V3XEX".into(),
            user: "UA8RXUSPL".parse().unwrap(),
            user_name: "jtorrance".into(),
            is_outsider: false,
            message_ts: "1581136311.002000".into(),
            action: ButtonAction::Decide {
                decision: Decision::Approve,
                value: ButtonValue {
                    release: "shop-api-0123456789abcdef".parse().unwrap(),
                    approval: "production-1".parse().unwrap(),
                },
            },
        }
    );
}

#[test]
fn the_other_button_rejects() {
    let mut payload = click();
    payload["actions"][0]["action_id"] = json!(REJECT);
    let ButtonAction::Decide { decision, .. } = read(&form(&payload)).unwrap().action else {
        panic!("it decides");
    };
    assert_eq!(decision, Decision::Reject);
}

#[test]
fn the_button_that_rolls_back_says_what_and_where() {
    let mut payload = click();
    payload["actions"][0]["action_id"] = json!(ROLL_BACK);
    payload["actions"][0]["value"] =
        json!(r#"{"release":"shop-api-0123456789abcdef","stage":"production"}"#);
    let action = read(&form(&payload)).unwrap().action;
    assert_eq!(action.release().as_str(), "shop-api-0123456789abcdef");
    let value = RollBackValue {
        release: "shop-api-0123456789abcdef".parse().unwrap(),
        stage: "production".parse().unwrap(),
    };
    assert_eq!(action, ButtonAction::RollBack { value });
    // One button's value behind another button's name means nothing.
    let mixed = refused(|p| p["actions"][0]["action_id"] = json!(ROLL_BACK));
    assert!(mixed.contains("names no release and stage"), "{mixed}");
}

#[test]
fn a_signed_request_to_the_url_is_verified_and_read() {
    let request = url::read(&fixture("lambda-url-slack-interactive")).unwrap();
    let signature = SlackSignature::read(
        request.header("x-slack-request-timestamp"),
        request.header("x-slack-signature"),
        Timestamp::from_second(1_700_000_000).unwrap(),
    );
    let verified = signature
        .unwrap()
        .verify(b"test_signing_secret", &request.body);
    assert_eq!(verified, Ok(()));
    // The sample is a click on another app's button.
    assert_eq!(
        read(&request.body).unwrap_err(),
        ReadError::Ignored("`deploy_approve` is no button of Towpath".into())
    );
}

#[test]
fn somebody_from_elsewhere_is_told_apart() {
    let is_outsider = |change: fn(&mut Value)| {
        let mut payload = click();
        change(&mut payload);
        read(&form(&payload)).unwrap().is_outsider
    };
    assert!(is_outsider(|p| p["user"]["team_id"] = json!("TOTHER")));
    // What Slack does not say is not assumed.
    assert!(is_outsider(|p| p["user"]["team_id"] = json!(null)));
    assert!(is_outsider(|p| {
        p["user"]["team_id"] = json!("E0THER");
        p["enterprise"] = json!({ "id": "E12345", "name": "Example" });
    }));
    assert!(!is_outsider(|p| {
        p["user"]["team_id"] = json!("E12345");
        p["enterprise"] = json!({ "id": "E12345", "name": "Example" });
    }));
}

#[test]
fn other_interactions_are_ignored() {
    assert_eq!(
        refused(|p| p["type"] = json!("view_submission")),
        "ignored: `view_submission` is no click on a button"
    );
    assert_eq!(
        read(&form(&json!({ "type": "view_closed" }))).unwrap_err(),
        ReadError::Ignored("`view_closed` is no click on a button".into())
    );
}

#[test]
fn what_slack_would_not_send_is_malformed() {
    for (change, expected) in [
        (
            (|p| p["actions"] = json!([])) as fn(&mut Value),
            "a click on 0 buttons at once",
        ),
        (
            |p| {
                let action = p["actions"][0].clone();
                p["actions"] = json!([action, action]);
            },
            "a click on 2 buttons at once",
        ),
        (
            |p| p["actions"][0]["value"] = json!("{}"),
            "actions[0].value: names no request",
        ),
        (
            |p| {
                p["actions"][0]["value"] = json!(
                    r#"{"release":"shop-api-0123456789abcdef","approval":"production-1","by":"me"}"#
                );
            },
            "actions[0].value: names no request",
        ),
        (
            |p| p["actions"][0]["value"] = json!("x".repeat(2_049)),
            "actions[0].value has 2049 bytes, and at most 2048 are taken",
        ),
        (
            |p| p["channel"]["id"] = json!("COTHER"),
            "container.channel_id: another channel than channel.id",
        ),
        (
            |p| p["container"]["type"] = json!("view"),
            "container.type: the button is not in a message",
        ),
        (
            |p| p["container"]["message_ts"] = json!("1581136311"),
            "container.message_ts: not the ts of a message",
        ),
        (
            |p| p["api_app_id"] = json!("a b"),
            "api_app_id: not an id of Slack",
        ),
        (
            |p| p["user"]["id"] = json!("jtorrance"),
            "user.id: `jtorrance` is not the id of a Slack user: use the id from the member's \
             profile, such as U0123456789 (names change, ids do not)",
        ),
    ] {
        assert_eq!(refused(change), format!("malformed: {expected}"));
    }
    assert_eq!(
        refused(|p| p["user"] = json!(["UA8RXUSPL"])),
        "malformed: user is a list, not an object"
    );
    assert_eq!(
        refused(|p| {
            p["actions"][0]["value"] = json!(r#"["shop-api-0123456789abcdef","production-1"]"#);
        }),
        "malformed: actions[0].value: names no request"
    );
}

#[test]
fn a_name_cannot_disturb_the_log() {
    let mut payload = click();
    payload["user"]["username"] = json!(format!("jt\u{202e}\n{}", "x".repeat(200)));
    let name = read(&form(&payload)).unwrap().user_name;
    assert!(!name.contains(['\u{202e}', '\n']) && name.chars().count() == 80);
}

#[test]
fn the_form_has_one_payload_and_it_is_json() {
    for (body, expected) in [
        (&b""[..], "the form has no payload"),
        (b"ssl_check=1&token=x", "the form has no payload"),
        (
            b"payload=%7B%7D&payload=%7B%7D",
            "the form has two payloads",
        ),
        (
            b"payload=%7B",
            "the payload is not JSON, has a key twice, or is nested too deeply (line 1, column 1)",
        ),
        (
            b"payload=%ff%fe",
            "the payload is not JSON, has a key twice, or is nested too deeply (line 1, column 1)",
        ),
        (
            b"payload=%7B%22type%22:1,%22type%22:2%7D",
            "the payload is not JSON, has a key twice, or is nested too deeply (line 1, column 16)",
        ),
        (b"payload=%7B%7D", "the payload has no `type`"),
        (b"payload=[]", "the payload is a list, not an object"),
    ] {
        assert_eq!(
            read(body).unwrap_err().to_string(),
            format!("malformed: {expected}")
        );
    }
}

/// Two readers of a text with two equal keys can read two things of it.
#[test]
fn a_key_that_is_there_twice_is_refused_at_every_depth() {
    let text = click().to_string();
    for (from, to) in [
        (
            r#""type":"block_actions""#,
            r#""type":"view_closed","type":"block_actions""#,
        ),
        (
            r#""id":"UA8RXUSPL""#,
            r#""id":"U0123456789","id":"UA8RXUSPL""#,
        ),
        (
            r#"{\"release\":"#,
            r#"{\"approval\":\"test-1\",\"release\":"#,
        ),
    ] {
        let twice = text.replacen(from, to, 1);
        assert_ne!(twice, text, "{from}");
        let form: String = form_urlencoded::Serializer::new(String::new())
            .append_pair("payload", &twice)
            .finish();
        assert!(
            matches!(read(form.as_bytes()), Err(ReadError::Malformed(_))),
            "{to}"
        );
    }
}

#[test]
fn size_and_depth_are_bounded() {
    let large = vec![b'a'; MAX_BODY + 1];
    assert_eq!(
        read(&large).unwrap_err().to_string(),
        "malformed: the body has more than 65536 bytes"
    );
    let mut deep = click();
    let mut nested = json!([]);
    for _ in 0..100 {
        nested = json!([nested]);
    }
    deep["message"]["blocks"] = nested.clone();
    assert!(read(&form(&deep)).is_ok());
    for _ in 0..100 {
        nested = json!([nested]);
    }
    deep["message"]["blocks"] = nested;
    let error = read(&form(&deep)).unwrap_err().to_string();
    assert!(
        error.starts_with("malformed: the payload is not JSON"),
        "{error}"
    );
    let hostile = format!("payload={}", "[".repeat(60_000));
    assert!(read(hostile.as_bytes()).is_err());
}
