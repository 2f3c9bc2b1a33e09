//! ECS: everything AWS sends and takes goes through untouched.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use towpath_core::names::TaskDefinitionArn;
use towpath_deployer::ports::{CallError, Ecs};

use crate::support::aws;
use crate::support::http::{Reply, Request, Server};
use crate::support::releases::place;

const REVISION: &str = "arn:aws:ecs:eu-west-1:111111111111:task-definition/shop-api:8";

/// What a typed client would lose: fields of tomorrow, empty strings and lists, numbers of a kind.
fn lossy() -> Value {
    json!({
        "family": "shop-api",
        "containerDefinitions": [{
            "name": "app",
            "image": "",
            "command": ["sh", "-c", "", "a=b"],
            "environment": [{"name": "EMPTY", "value": ""}],
            "dockerLabels": {"x.volumetype": "k=v=w", "": ""},
            "mountPoints": [],
            "cpu": 1,
            "fieldOfTomorrow": {"deep": [1.5, {"": null}]},
        }],
        "anotherFieldOfTomorrow": true,
    })
}

/// Computes the signature of a request as AWS does and compares:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.
fn assert_signed(request: &Request) {
    let authorization = request.header("authorization");
    let part = |name: &str| {
        let (_, rest) = authorization.split_once(name).expect(name);
        rest.split(',').next().unwrap_or_default().to_owned()
    };
    let (credential, signed) = (part("Credential="), part("SignedHeaders="));
    let (key_id, scope) = credential.split_once('/').expect("a scope");
    assert_eq!(key_id, "AKIDTEST");
    assert!(scope.ends_with("/eu-west-1/ecs/aws4_request"), "{scope}");
    assert_eq!(request.header("x-amz-security-token"), "session-token");

    let headers: String = signed
        .split(';')
        .map(|name| format!("{name}:{}\n", request.header(name).trim()))
        .collect();
    let body = hex::encode(Sha256::digest(&request.body));
    let canonical = format!("POST\n{}\n\n{headers}\n{signed}\n{body}", request.path);
    let digest = hex::encode(Sha256::digest(canonical));
    let date = request.header("x-amz-date");
    let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{digest}");
    let key = scope
        .split('/')
        .fold(b"AWS4secret-access-key".to_vec(), |key, part| {
            hmac(&key, part)
        });
    assert_eq!(part("Signature="), hex::encode(hmac(&key, &to_sign)));
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut hmac = Hmac::<Sha256>::new_from_slice(key).expect("any length will do");
    hmac.update(text.as_bytes());
    hmac.finalize().into_bytes().to_vec()
}

#[tokio::test]
async fn a_task_definition_is_registered_exactly_as_it_is_and_signed() {
    let server = Server::start(|_| {
        Reply::json(
            200,
            &json!({"taskDefinition": {"taskDefinitionArn": REVISION}}),
        )
    });
    let arn = aws(&server.url)
        .register_task_definition(&place(), &lossy())
        .await
        .unwrap();
    assert_eq!(arn.as_str(), REVISION);
    let requests = server.requests_of("RegisterTaskDefinition");
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].json(), lossy());
    assert_signed(&requests[0]);
}

#[tokio::test]
async fn what_is_described_comes_back_exactly_as_it_is() {
    let server = Server::start(|request| {
        let answer = match request.operation().as_str() {
            "DescribeServices" => {
                json!({"services": [{"status": "ACTIVE", "x": lossy()}], "failures": []})
            }
            "DescribeTaskDefinition" => json!({"taskDefinition": lossy(), "tags": [], "y": ""}),
            _ => json!({"service": {"deployments": [], "x": lossy()}}),
        };
        Reply::json(200, &answer)
    });
    let aws = aws(&server.url);
    let service = aws.describe_service(&place()).await.unwrap().unwrap();
    assert_eq!(service, json!({"status": "ACTIVE", "x": lossy()}));
    let definition = aws
        .describe_task_definition(&place(), REVISION)
        .await
        .unwrap();
    assert_eq!(
        definition.unwrap(),
        json!({"taskDefinition": lossy(), "tags": [], "y": ""})
    );
    let asked = server.requests_of("DescribeTaskDefinition")[0].json();
    assert_eq!(
        asked,
        json!({"taskDefinition": REVISION, "include": ["TAGS"]})
    );

    let revision: TaskDefinitionArn = REVISION.parse().unwrap();
    let updated = aws.update_service(&place(), &revision).await.unwrap();
    assert_eq!(updated, json!({"deployments": [], "x": lossy()}));
    let sent = server.requests_of("UpdateService")[0].json();
    assert_eq!(
        sent,
        json!({"cluster": "test", "service": "shop-api", "taskDefinition": REVISION})
    );
}

#[tokio::test]
async fn a_service_that_is_missing_or_inactive_is_none() {
    for (answer, found) in [
        (
            json!({"services": [], "failures": [{"reason": "MISSING"}]}),
            true,
        ),
        (
            json!({"services": [{"status": "INACTIVE"}], "failures": []}),
            true,
        ),
        (json!({"services": [{"status": "DRAINING"}]}), false),
    ] {
        let server = Server::start(move |_| Reply::json(200, &answer));
        let service = aws(&server.url).describe_service(&place()).await.unwrap();
        assert_eq!(service.is_none(), found);
    }
    let failure = json!({"services": [], "failures": [{"reason": "ODD", "detail": "why"}]});
    let server = Server::start(move |_| Reply::json(200, &failure));
    let error = aws(&server.url)
        .describe_service(&place())
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "ecs:DescribeServices: ODD: why");
}

#[tokio::test]
async fn a_task_definition_that_does_not_exist_is_none_and_other_errors_are_errors() {
    let unknown = "Unable to describe task definition.";
    let server = Server::start(move |_| Reply::error(400, "ClientException", unknown));
    let found = aws(&server.url)
        .describe_task_definition(&place(), "shop-api")
        .await;
    assert_eq!(found, Ok(None));
    let server = Server::start(|_| Reply::error(400, "ClientException", "something else"));
    let found = aws(&server.url)
        .describe_task_definition(&place(), "shop-api")
        .await;
    assert!(matches!(found, Err(CallError::Refused { .. })), "{found:?}");
}

#[tokio::test]
async fn too_many_registrations_at_once_may_be_tried_again() {
    let said = "Too many concurrent attempts to create a new revision of the specified family.";
    let server = Server::start(move |_| Reply::error(400, "ClientException", said));
    let outcome = aws(&server.url)
        .register_task_definition(&place(), &lossy())
        .await;
    assert!(
        matches!(outcome, Err(CallError::NotDone { .. })),
        "{outcome:?}"
    );
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn the_newest_revisions_are_of_exactly_the_family() {
    let server = Server::start(|_| {
        let arn = |name: &str| format!("arn:aws:ecs:eu-west-1:111111111111:task-definition/{name}");
        let arns = [
            "shop-api:9",
            "shop-api:10",
            "shop-api-worker:99",
            "shop-api:8",
        ]
        .map(arn);
        Reply::json(200, &json!({"taskDefinitionArns": arns}))
    });
    let found = aws(&server.url)
        .newest_revisions(&place(), "shop-api", 2)
        .await
        .unwrap();
    let found: Vec<_> = found
        .iter()
        .filter_map(|arn| arn.as_str().rsplit(':').next())
        .collect();
    assert_eq!(found, ["10", "9"]);
    let asked = server.requests()[0].json();
    assert_eq!(
        asked,
        json!({"familyPrefix": "shop-api", "status": "ACTIVE", "sort": "DESC", "maxResults": 2})
    );
}
