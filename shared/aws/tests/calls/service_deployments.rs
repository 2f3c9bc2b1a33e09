//! Service deployments of ECS: what is asked, and what each answer is taken for.

use serde_json::{Value, json};
use towpath_core::names::{DeploymentId, PauseId};
use towpath_deployer::ports::{CallError, Ecs, PauseAnswer};

use crate::support::aws;
use crate::support::http::{Reply, Request, Server};
use crate::support::releases::place;

const ARN: &str = "arn:aws:ecs:eu-west-1:111111111111:service-deployment/test/shop-api/";

fn deployment(name: &str) -> DeploymentId {
    format!("{ARN}{name}").parse().unwrap()
}

fn answering(answer: Value) -> Server {
    Server::start(move |_| Reply::json(200, &answer))
}

#[tokio::test]
async fn states_and_stages_of_tomorrow_come_back_as_they_are() {
    let described = json!({
        "serviceDeploymentArn": format!("{ARN}one"),
        "status": "STATUS_OF_TOMORROW",
        "lifecycleStage": "PRE_PRODUCTION_TRAFFIC_SHIFT",
        "lifecycleHookDetails": [{"hookId": "h", "targetType": "TYPE_OF_TOMORROW"}],
        "fieldOfTomorrow": true,
    });
    let server = answering(json!({"serviceDeployments": [described], "failures": []}));
    let found = aws(&server.url)
        .service_deployment(&place(), &deployment("one"))
        .await;
    assert_eq!(found, Ok(Some(described)));
    assert_eq!(
        server.requests_of("DescribeServiceDeployments")[0].json(),
        json!({"serviceDeploymentArns": [format!("{ARN}one")]})
    );
}

#[tokio::test]
async fn a_deployment_that_is_missing_is_none_and_other_failures_are_errors() {
    let failing = |reason: &str| {
        answering(json!({"serviceDeployments": [], "failures": [{"reason": reason}]}))
    };
    let server = failing("MISSING");
    let found = aws(&server.url)
        .service_deployment(&place(), &deployment("one"))
        .await;
    assert_eq!(found, Ok(None));
    let server = failing("ODD");
    let error = aws(&server.url)
        .service_deployment(&place(), &deployment("one"))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "ecs:DescribeServiceDeployments: ODD: ECS gives no detail"
    );
}

#[tokio::test]
async fn deployments_are_listed_with_the_newest_first_however_ecs_lists_them() {
    let brief = |name: &str, at: f64| {
        json!({"serviceDeploymentArn": format!("{ARN}{name}"), "createdAt": at,
            "targetServiceRevisionArn": format!("of-{name}"), "status": "SUCCESSFUL"})
    };
    let first = json!({"serviceDeployments": [brief("one", 1.0)], "nextToken": "more"});
    let last = json!({"serviceDeployments": [brief("three", 3.5), brief("two", 3.25)]});
    let server = Server::start(move |request| {
        let is_first = request.json().get("nextToken").is_none();
        Reply::json(200, if is_first { &first } else { &last })
    });
    let aws = aws(&server.url);
    let listed = aws.recent_service_deployments(&place()).await.unwrap();
    let ids: Vec<_> = listed.iter().map(|brief| brief.id.clone()).collect();
    assert_eq!(ids, ["three", "two", "one"].map(deployment));
    assert_eq!(listed[0].target.as_deref(), Some("of-three"));
    let asked: Vec<_> = server
        .requests_of("ListServiceDeployments")
        .iter()
        .map(Request::json)
        .collect();
    assert_eq!(asked[0]["maxResults"], 100);
    assert_eq!(asked[1]["nextToken"], "more");
    assert_eq!(asked[0]["createdAt"], Value::Null, "ECS may refuse it");
}

#[tokio::test]
async fn a_service_revision_tells_its_task_definition() {
    let definition = "arn:aws:ecs:eu-west-1:111111111111:task-definition/shop-api:8";
    let server = answering(json!({"serviceRevisions": [{"taskDefinition": definition}]}));
    let found = aws(&server.url)
        .task_definition_of(&place(), "revision")
        .await;
    assert_eq!(found, Ok(Some(definition.parse().unwrap())));
    let asked = server.requests_of("DescribeServiceRevisions")[0].json();
    assert_eq!(asked, json!({"serviceRevisionArns": ["revision"]}));
    let server = answering(json!({"failures": [{"reason": "MISSING"}]}));
    let found = aws(&server.url)
        .task_definition_of(&place(), "revision")
        .await;
    assert_eq!(found, Ok(None));
}

#[tokio::test]
async fn a_stop_asks_for_a_rollback_and_what_is_over_counts_as_stopped() {
    let server = answering(json!({"serviceDeploymentArn": format!("{ARN}one")}));
    let stopped = aws(&server.url)
        .stop_service_deployment(&place(), &deployment("one"))
        .await;
    assert_eq!(stopped, Ok(()));
    assert_eq!(
        server.requests_of("StopServiceDeployment")[0].json(),
        json!({"serviceDeploymentArn": format!("{ARN}one"), "stopType": "ROLLBACK"})
    );
    for (code, over) in [
        ("ConflictException", true),
        ("InvalidParameterException", false),
    ] {
        let server = Server::start(move |_| Reply::error(400, code, "no"));
        let stopped = aws(&server.url)
            .stop_service_deployment(&place(), &deployment("one"))
            .await;
        assert_eq!(stopped.is_ok(), over, "{code}");
    }
}

#[tokio::test]
async fn going_on_is_never_left_to_what_ecs_takes_an_omission_for() {
    let server = answering(json!({"serviceDeploymentArn": format!("{ARN}one")}));
    let pause: PauseId = "ecs-pause-1".parse().unwrap();
    let (place, one) = (place(), deployment("one"));
    for (at, answer, action) in [
        (0, PauseAnswer::Continue, "CONTINUE"),
        (1, PauseAnswer::RollBack, "ROLLBACK"),
    ] {
        let went = aws(&server.url)
            .answer_pause(&place, &one, &pause, answer)
            .await;
        assert_eq!(went, Ok(()));
        assert_eq!(
            server.requests_of("ContinueServiceDeployment")[at].json(),
            json!({"serviceDeploymentArn": format!("{ARN}one"), "hookId": "ecs-pause-1", "action": action})
        );
    }
    let server = Server::start(|_| Reply::error(400, "InvalidParameterException", "no"));
    let went = aws(&server.url)
        .answer_pause(&place, &one, &pause, PauseAnswer::Continue)
        .await;
    assert!(matches!(went, Err(CallError::Refused { .. })), "{went:?}");
}
