//! Reads by name, through the SDK's crates and through the client of our own: on the wire, and against
//! moto.

use serde_json::{Value, json};
use towpath_aws::At;
use towpath_deployer::ports::CallError;

use crate::support::aws;
use crate::support::http::{Reply, Server};
use crate::support::moto::Moto;
use crate::support::releases::place;

#[tokio::test]
async fn a_call_is_signed_for_its_service_and_region() {
    let server = Server::start(|_| Reply::json(200, &json!({"State": "ENABLED"})));
    let rule = aws(&server.url)
        .read(
            At::Place(&place()),
            "events:DescribeRule",
            &json!({"Name": "towpath-image-push"}),
        )
        .await
        .unwrap();
    assert_eq!(rule, json!({"State": "ENABLED"}));

    let request = &server.requests()[0];
    assert_eq!(request.header("x-amz-target"), "AWSEvents.DescribeRule");
    assert_eq!(request.json(), json!({"Name": "towpath-image-push"}));
    assert_eq!(request.header("x-amz-security-token"), "session-token");
    let authorization = request.header("authorization");
    assert!(
        authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIDTEST/")
            && authorization.contains("/eu-west-1/events/aws4_request"),
        "{authorization}"
    );
    for header in ["content-type", "host", "x-amz-date", "x-amz-target"] {
        assert!(authorization.contains(header), "{authorization}");
    }
}

/// What an SDK says of itself in its calls: of which service's crate they are.
const USER_AGENT: &str = "x-amz-user-agent";

#[tokio::test]
async fn a_service_with_a_crate_is_read_through_it_and_as_it_is() {
    let answer = json!({"services": [{"status": "ACTIVE", "ofTomorrow": {"a": 1.5}}]});
    let told = answer.clone();
    let server = Server::start(move |_| Reply::json(200, &told));
    let input = json!({"cluster": "shop", "services": ["api"], "ofTomorrow": true});
    let read = aws(&server.url)
        .read(At::Place(&place()), "ecs:DescribeServices", &input)
        .await;
    assert_eq!(read.unwrap(), answer);
    let request = &server.requests()[0];
    assert_eq!(request.operation(), "DescribeServices");
    assert_eq!(request.json(), input);
    assert!(request.header(USER_AGENT).contains("api/ecs/"));
}

#[tokio::test]
async fn what_nothing_calls_is_refused_by_name() {
    let server = Server::start(|_| Reply::json(200, &json!({})));
    for operation in ["ecs:ListServices", "lambda:GetPolicy", "s3:GetObject"] {
        let read = aws(&server.url).read(At::Home, operation, &json!({})).await;
        let error = read.unwrap_err();
        assert_eq!(error.code(), Some("InvalidRequest"), "{error}");
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn iam_is_signed_for_its_one_region() {
    let server = Server::start(|_| Reply::Answer(200, Vec::new(), b"<GetRoleResponse/>".to_vec()));
    aws(&server.url)
        .read(At::Home, "iam:GetRole", &json!({"RoleName": "r"}))
        .await
        .unwrap();
    let request = &server.requests()[0];
    assert!(request.header("authorization").contains("/us-east-1/iam/"));
    assert_eq!(request.operation(), "GetRole");
}

#[tokio::test]
async fn a_read_is_tried_again_when_that_may_help() {
    let mut tries = 0;
    let server = Server::start(move |_| {
        tries += 1;
        match tries {
            1 => Reply::error(400, "ThrottlingException", "Rate exceeded"),
            2 => Reply::json(503, &json!({"message": "later"})),
            _ => Reply::json(200, &json!({"QueueUrl": "q"})),
        }
    });
    let input = json!({"QueueName": "q"});
    let found = aws(&server.url)
        .read(At::Home, "sqs:GetQueueUrl", &input)
        .await;
    assert_eq!(found.unwrap()["QueueUrl"], "q");
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn what_a_failure_means_is_what_it_means_for_every_call() {
    let read = async |reply: fn() -> Reply| {
        let server = Server::start(move |_| reply());
        let error = aws(&server.url)
            .read(
                At::Home,
                "lambda:GetFunctionConfiguration",
                &json!({"FunctionName": "f"}),
            )
            .await
            .unwrap_err();
        (error, server.requests())
    };
    let (error, requests) =
        read(|| Reply::error(404, "ResourceNotFoundException", "no function")).await;
    assert_eq!(
        error.to_string(),
        "lambda:GetFunctionConfiguration: ResourceNotFoundException: no function"
    );
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].path, "/2015-03-31/functions/f/configuration");

    let (error, _) = read(|| Reply::Answer(200, Vec::new(), b"{".to_vec())).await;
    assert!(matches!(error, CallError::Unknown { .. }), "{error}");

    let secret = || Reply::error(403, "InvalidSignatureException", "it was 'session-token'");
    let (error, _) = read(secret).await;
    assert_eq!(error.code(), Some("InvalidSignatureException"));
    assert!(!format!("{error:?}").contains("session-token"));
}

#[tokio::test]
async fn every_protocol_is_understood_by_an_aws_of_some_one_else() {
    let moto = Moto::start().await;
    let aws = aws(&moto.url);
    let read = async |operation, input: Value| {
        let found = aws.read(At::Home, operation, &input).await;
        found.unwrap_or_else(|error| panic!("{error}"))
    };

    let rules = read("events:ListRules", json!({})).await;
    assert_eq!(rules["Rules"], json!([]));
    let queues = read("sqs:ListQueues", json!({})).await;
    assert_eq!(queues["QueueUrls"], Value::Null, "{queues}");
    let groups = read("logs:DescribeLogGroups", json!({})).await;
    assert_eq!(groups["logGroups"], json!([]));
    let repositories = read("ecr:DescribeRepositories", json!({})).await;
    assert_eq!(repositories["repositories"], json!([]));
    let groups = read("codedeploy:ListApplications", json!({})).await;
    assert_eq!(groups["applications"], json!([]));
    let alarms = read("cloudwatch:DescribeAlarms", json!({})).await;
    assert_eq!(alarms["MetricAlarms"], json!([]), "{alarms}");
    let balancers = read("elasticloadbalancing:DescribeLoadBalancers", json!({})).await;
    assert_eq!(balancers["LoadBalancers"], Value::Null, "{balancers}");
    let mappings = read(
        "lambda:ListEventSourceMappings",
        json!({"FunctionName": "f"}),
    )
    .await;
    assert_eq!(mappings["EventSourceMappings"], json!([]));

    let missing = aws
        .read(At::Home, "iam:GetRole", &json!({"RoleName": "nobody"}))
        .await
        .unwrap_err();
    assert_eq!(missing.code(), Some("NoSuchEntity"), "{missing}");
}
