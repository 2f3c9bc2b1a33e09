//! What each way of failing is taken for, and how often a call is tried.

use serde_json::json;
use towpath_aws::Aws;
use towpath_aws::config::{ENDPOINT_URL, REGION, Settings};
use towpath_deployer::ports::{CallError, CodeDeploy, Ecs, Ledger};

use crate::support::aws;
use crate::support::http::{Reply, Server};
use crate::support::releases::{id, new_deployment, place};

/// Creates a deployment against a server that always replies this, and returns the error and how
/// often it was asked.
async fn create(reply: fn() -> Reply) -> (CallError, usize) {
    let server = Server::start(move |_| reply());
    let error = aws(&server.url)
        .create_deployment(&place(), &new_deployment())
        .await
        .unwrap_err();
    (error, server.requests().len())
}

#[tokio::test]
async fn a_change_without_a_token_is_tried_once_whatever_happens() {
    let (error, tries) = create(|| Reply::Hangup).await;
    assert!(matches!(error, CallError::Unknown { .. }), "{error}");
    assert_eq!(tries, 1);

    let (error, tries) = create(|| Reply::error(500, "InternalFailure", "oops")).await;
    assert!(matches!(error, CallError::Unknown { .. }), "{error}");
    assert_eq!(tries, 1);

    let (error, tries) = create(|| Reply::error(400, "ThrottlingException", "Rate exceeded")).await;
    assert!(matches!(error, CallError::NotDone { .. }), "{error}");
    assert_eq!(tries, 1);

    let answer = || Reply::Answer(200, Vec::new(), b"{\"deploymentId\": ".to_vec());
    let (error, tries) = create(answer).await;
    assert!(matches!(error, CallError::Unknown { .. }), "{error}");
    assert_eq!(tries, 1);

    let (error, tries) = create(|| Reply::json(200, &json!({}))).await;
    assert!(matches!(error, CallError::Unknown { .. }), "{error}");
    assert_eq!(tries, 1);

    let (error, tries) =
        create(|| Reply::error(400, "DeploymentLimitExceededException", "one is active")).await;
    assert_eq!(error.code(), Some("DeploymentLimitExceededException"));
    assert_eq!(
        error.to_string(),
        "codedeploy:CreateDeployment: DeploymentLimitExceededException: one is active"
    );
    assert_eq!(tries, 1);
}

#[tokio::test]
async fn no_other_change_without_a_token_is_repeated_either() {
    let server = Server::start(|_| Reply::Hangup);
    let aws = aws(&server.url);
    let revision = "arn:aws:ecs:eu-west-1:111111111111:task-definition/shop-api:8";
    let outcomes = [
        aws.update_service(&place(), &revision.parse().unwrap())
            .await
            .err(),
        aws.register_task_definition(&place(), &json!({}))
            .await
            .err(),
        aws.stop_deployment(&place(), &"d-1".parse().unwrap())
            .await
            .err(),
    ];
    for outcome in outcomes {
        assert!(
            matches!(outcome, Some(CallError::Unknown { .. })),
            "{outcome:?}"
        );
    }
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_was_never_connected() {
    let server = Server::start(|_| Reply::Hangup);
    let endpoint = server.url.replace("http://", "https://");
    let error = aws(&endpoint)
        .create_deployment(&place(), &new_deployment())
        .await
        .unwrap_err();
    assert!(matches!(error, CallError::NotDone { .. }), "{error}");
    assert!(server.requests_of("CreateDeployment").is_empty());
}

#[tokio::test]
async fn a_read_is_repeated() {
    let mut tries = 0;
    let server = Server::start(move |_| {
        tries += 1;
        match tries {
            1 => Reply::Hangup,
            2 => Reply::error(400, "ThrottlingException", "Rate exceeded"),
            _ => Reply::json(200, &json!({"services": [], "failures": []})),
        }
    });
    let found = aws(&server.url).describe_service(&place()).await.unwrap();
    assert_eq!(found, None);
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn what_never_connected_was_not_done() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let error = aws(&format!("http://{address}"))
        .create_deployment(&place(), &new_deployment())
        .await
        .unwrap_err();
    assert!(matches!(error, CallError::NotDone { .. }), "{error}");
}

#[tokio::test]
async fn an_errors_message_is_one_short_line_without_secrets() {
    let long = || {
        Reply::error(
            400,
            "InvalidRoleException",
            &format!("a\nb\u{1b}{}", "x".repeat(999)),
        )
    };
    let (error, _) = create(long).await;
    let CallError::Refused { message, .. } = &error else {
        panic!("{error}");
    };
    assert!(
        message.starts_with("a b xxx") && message.ends_with('…'),
        "{message}"
    );
    assert_eq!(message.chars().count(), 501);

    let signature = || {
        Reply::error(
            403,
            "InvalidSignatureException",
            "The Canonical String should have been 'x-amz-security-token:session-token'",
        )
    };
    let (error, _) = create(signature).await;
    assert_eq!(error.code(), Some("InvalidSignatureException"));
    assert!(
        !format!("{error} {error:?}").contains("session-token"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_missing_setting_is_refused_by_its_name() {
    let nothing = Aws::new(Settings::of([]));
    let error = nothing.load(&id('a')).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "configuration: Configuration: the environment variable TOWPATH_TABLE is not set"
    );
    let no_credentials = Settings::of([
        (ENDPOINT_URL, "http://127.0.0.1:1".into()),
        (REGION, "eu-west-1".into()),
    ]);
    let error = Aws::new(no_credentials).caller().await.unwrap_err();
    assert!(error.to_string().contains("AWS_ACCESS_KEY_ID"), "{error}");
}
