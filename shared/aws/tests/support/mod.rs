//! What the adapters' tests share.

#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(
    unreachable_pub,
    reason = "a test binary exports nothing, whatever its modules say"
)]

pub mod http;
pub mod moto;
pub mod releases;

use towpath_aws::Aws;
use towpath_aws::config::{
    ACCOUNT, ENDPOINT_URL, REGION, REQUESTS_TOPIC_ARN, SEAL_WRITER, SEALS_PATH, SLACK_API_URL,
    SLACK_BOT_TOKEN_PARAMETER, Settings, TABLE,
};

/// Settings for an AWS and a Slack that both are at `endpoint`.
pub fn settings(endpoint: &str) -> Settings {
    Settings::of([
        (ENDPOINT_URL, endpoint.to_owned()),
        (REGION, "eu-west-1".to_owned()),
        (ACCOUNT, "111111111111".to_owned()),
        (TABLE, "towpath".to_owned()),
        (
            REQUESTS_TOPIC_ARN,
            "arn:aws:sns:eu-west-1:111111111111:requests".to_owned(),
        ),
        (SEALS_PATH, "/towpath/seals".to_owned()),
        (SEAL_WRITER, "operator".to_owned()),
        (SLACK_API_URL, format!("{endpoint}/slack")),
        (
            SLACK_BOT_TOKEN_PARAMETER,
            "/towpath/slack/bot-token".to_owned(),
        ),
        ("AWS_ACCESS_KEY_ID", "AKIDTEST".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "secret-access-key".to_owned()),
        ("AWS_SESSION_TOKEN", "session-token".to_owned()),
    ])
}

/// AWS and Slack at `endpoint`, for one who writes anything and verifies nothing.
pub fn aws(endpoint: &str) -> Aws {
    Aws::new(settings(endpoint))
}

/// AWS at `endpoint`, as a process of that kind of writer has it.
pub fn aws_of(writer: &str, endpoint: &str) -> Aws {
    Aws::new(settings(endpoint).with(SEAL_WRITER, writer))
}
