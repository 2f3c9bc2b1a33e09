//! Roles of other accounts.

use serde_json::json;
use towpath_aws::Aws;
use towpath_aws::config::Settings;
use towpath_core::message::Message;
use towpath_core::pipeline::Destination;
use towpath_core::pipeline::Role;
use towpath_core::release::Place;
use towpath_deployer::ports::{CodeDeploy, Ecs, Ledger, Messenger};

use crate::sent::card_key as key;
use crate::support::http::{Reply, Server};
use crate::support::releases::{id, new_deployment, place};
use crate::support::{aws, settings};

/// A stage in another account, with a role to be assumed there.
fn elsewhere() -> Place {
    let mut place = place();
    place.service.account = "222222222222".parse().unwrap();
    place.service.region = "us-east-1".parse().unwrap();
    place.role = Some(Role {
        arn: "arn:aws:iam::222222222222:role/towpath-target"
            .parse()
            .unwrap(),
        external_id: Some("from-us".into()),
    });
    place
}

#[tokio::test]
async fn a_role_that_is_not_to_be_had_is_named_with_the_way_out() {
    let server = Server::start(|_| {
        Reply::Answer(
            403,
            Vec::new(),
            br#"<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
                <Code>AccessDenied</Code><Message>User: arn:aws:sts::111111111111:assumed-role/towpath-advance/towpath-advance
                is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::222222222222:role/towpath-target</Message>
                </Error><RequestId>1</RequestId></ErrorResponse>"#
                .to_vec(),
        )
    });
    let error = aws(&server.url)
        .describe_service(&elsewhere())
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("AccessDenied"));
    let said = error.to_string();
    assert!(said.starts_with("sts:AssumeRole: AccessDenied:"), "{said}");
    assert!(
        said.contains("arn:aws:iam::222222222222:role/towpath-target"),
        "{said}"
    );
    assert!(said.contains("external id that the stage names"), "{said}");
    assert!(
        !said.contains("from-us"),
        "an external id is not told: {said}"
    );
}

#[tokio::test]
async fn a_role_is_assumed_once_for_all_services() {
    let server = Server::start(|request| match request.operation().as_str() {
        "AssumeRole" => Reply::Answer(
            200,
            Vec::new(),
            br#"<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
                <AssumeRoleResult><Credentials><AccessKeyId>ASIATARGET</AccessKeyId>
                <SecretAccessKey>s</SecretAccessKey><SessionToken>target-token</SessionToken>
                <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult>
                </AssumeRoleResponse>"#
                .to_vec(),
        ),
        "DescribeServices" => Reply::json(200, &json!({"services": [], "failures": []})),
        _ => Reply::json(200, &json!({"deployments": []})),
    });
    let aws = aws(&server.url);
    aws.describe_service(&elsewhere()).await.unwrap();
    aws.describe_service(&elsewhere()).await.unwrap();
    aws.recent_deployments(&elsewhere(), "shop", "shop-api")
        .await
        .unwrap();
    aws.describe_service(&place()).await.unwrap();

    let assumed = server.requests_of("AssumeRole");
    assert_eq!(assumed.len(), 1);
    let form = String::from_utf8(assumed[0].body.clone()).unwrap();
    assert!(form.contains("ExternalId=from-us"), "{form}");
    assert!(form.contains("RoleSessionName=towpath"), "{form}");
    assert!(form.contains("towpath-target"), "{form}");
    let signed_by = |request: &crate::support::http::Request| {
        let authorization = request.header("authorization").to_owned();
        (
            authorization.contains("ASIATARGET") && authorization.contains("/us-east-1/"),
            request.header("x-amz-security-token").to_owned(),
        )
    };
    let described = server.requests_of("DescribeServices");
    assert_eq!(signed_by(&described[0]), (true, "target-token".into()));
    assert_eq!(signed_by(&described[2]), (false, "session-token".into()));
    let listed = server.requests_of("ListDeployments");
    assert_eq!(signed_by(&listed[0]), (true, "target-token".into()));
}

#[tokio::test]
async fn a_role_that_may_not_be_assumed_is_a_refusal_that_says_so() {
    let server = Server::start(|_| {
        Reply::Answer(
            403,
            Vec::new(),
            br#"<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>
                <Type>Sender</Type><Code>AccessDenied</Code>
                <Message>not authorized to perform: sts:AssumeRole</Message></Error>
                </ErrorResponse>"#
                .to_vec(),
        )
    });
    let error = aws(&server.url)
        .create_deployment(&elsewhere(), &new_deployment())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "sts:AssumeRole: AccessDenied: not authorized to perform: sts:AssumeRole; the role has to \
         trust the role that calls, with exactly the external id that the stage names under `role`"
    );
    assert!(server.requests_of("CreateDeployment").is_empty());
}

#[test]
fn calls_may_be_made_from_any_thread() {
    fn is_send<T: Send>(_: &T) {}
    let aws = Aws::new(Settings::of([]));
    let (id, place) = (id('a'), place());
    is_send(&aws.load(&id));
    is_send(&aws.describe_service(&place));
    let message = Message {
        subject: None,
        text: String::new(),
        blocks: None,
    };
    is_send(&aws.send(&Destination::Sns, &message, None, &key()));
}

#[test]
fn building_everything_needs_nothing() {
    // No table, no network: nothing is read or built before it is needed.
    let aws = Aws::new(settings("http://127.0.0.1:1"));
    assert!(!format!("{aws:?}").contains("secret-access-key"));
}
