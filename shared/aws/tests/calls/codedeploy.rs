//! CodeDeploy and Application Auto Scaling: what is asked, and how answers are read.

use serde_json::json;
use towpath_core::names::DeploymentId;
use towpath_core::release::ScalingState;
use towpath_deployer::ports::{
    AutoScaling, Clock as _, CodeDeploy, DeploymentGroup, DeploymentProgress, NewDeployment, Wait,
};

use crate::support::aws;
use crate::support::http::{Reply, Server};
use crate::support::releases::{at, place};

fn deployment() -> DeploymentId {
    "d-ABCDEF123".parse().unwrap()
}

#[tokio::test]
async fn a_deployment_carries_its_mark_and_takes_itself_back() {
    let server = Server::start(|_| Reply::json(200, &json!({"deploymentId": "d-ABCDEF123"})));
    let new = NewDeployment {
        application: "shop".into(),
        group: "shop-api".into(),
        configuration: Some("CodeDeployDefault.ECSAllAtOnce".into()),
        appspec: r#"{"version":0.0}"#.into(),
        description: "towpath shop-api-0123456789abcdef test".into(),
        ignore_alarms: false,
    };
    let id = aws(&server.url)
        .create_deployment(&place(), &new)
        .await
        .unwrap();
    assert_eq!(id, deployment());
    assert_eq!(
        server.requests()[0].json(),
        json!({
            "applicationName": "shop",
            "deploymentGroupName": "shop-api",
            "deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce",
            "description": "towpath shop-api-0123456789abcdef test",
            "revision": {
                "revisionType": "AppSpecContent",
                "appSpecContent": {"content": "{\"version\":0.0}"},
            },
            "autoRollbackConfiguration": {
                "enabled": true,
                "events": [
                    "DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST",
                ],
            },
        })
    );
}

#[tokio::test]
async fn a_rollback_is_recognised_by_what_it_rolls_back() {
    let server = Server::start(|_| {
        Reply::json(
            200,
            &json!({"deploymentInfo": {
                "deploymentId": "d-ROLLBACK1",
                "status": "Succeeded",
                "completeTime": at(90).as_second(),
                "rollbackInfo": {"rollbackTriggeringDeploymentId": "d-ABCDEF123",
                                 "rollbackDeploymentId": ""},
                "errorInformation": {"code": "ALARM_ACTIVE", "message": "too\nhot"},
            }}),
        )
    });
    let id = "d-ROLLBACK1".parse().unwrap();
    let info = aws(&server.url)
        .deployment(&place(), &id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(info.status, "Succeeded");
    assert_eq!(info.ended_at, Some(at(90)));
    assert_eq!(
        (info.rolls_back, info.rolled_back_by),
        (Some(deployment()), None)
    );
    assert_eq!(info.error, Some(("ALARM_ACTIVE".into(), "too hot".into())));
}

#[tokio::test]
async fn progress_is_asked_of_the_service_and_read_from_green() {
    let server = Server::start(|_| {
        Reply::json(
            200,
            &json!({"deploymentTarget": {
                "deploymentTargetType": "ECSTarget",
                "ecsTarget": {
                    "lifecycleEvents": [
                        {"lifecycleEventName": "Install", "status": "Succeeded"},
                        {"lifecycleEventName": "EventOfTomorrow", "status": "Odd"},
                    ],
                    "taskSetsInfo": [
                        {"taskSetLabel": "Blue", "trafficWeight": 90.0},
                        {"taskSetLabel": "Green", "trafficWeight": 10.0},
                    ],
                },
            }}),
        )
    });
    let progress = aws(&server.url)
        .progress(&place(), &deployment())
        .await
        .unwrap();
    assert_eq!(progress.green_traffic, Some(10));
    let expected = [("Install", "Succeeded"), ("EventOfTomorrow", "Odd")];
    assert_eq!(
        progress.lifecycle,
        expected.map(|(n, s)| (n.to_owned(), s.to_owned()))
    );
    assert_eq!(
        server.requests()[0].json(),
        json!({"deploymentId": "d-ABCDEF123", "targetId": "test:shop-api"})
    );
}

#[tokio::test]
async fn without_a_target_nothing_has_moved_and_any_other_refusal_says_nothing() {
    let progress = async |code: &'static str| {
        let server = Server::start(move |_| Reply::error(400, code, "said"));
        aws(&server.url).progress(&place(), &deployment()).await
    };
    for code in [
        "DeploymentNotStartedException",
        "DeploymentTargetDoesNotExistException",
    ] {
        assert_eq!(progress(code).await, Ok(DeploymentProgress::default()));
    }
    for code in ["ThrottlingException", "AccessDeniedException"] {
        assert!(progress(code).await.is_err(), "{code}");
    }
}

#[tokio::test]
async fn what_does_not_exist_is_none_and_what_is_over_is_done() {
    let error = |code: &'static str| Server::start(move |_| Reply::error(400, code, "said"));
    for code in [
        "ApplicationDoesNotExistException",
        "DeploymentGroupDoesNotExistException",
    ] {
        let server = error(code);
        let found = aws(&server.url)
            .deployment_group(&place(), "shop", "shop-api")
            .await;
        assert_eq!(found, Ok(None));
    }
    let server = error("DeploymentDoesNotExistException");
    assert_eq!(
        aws(&server.url).deployment(&place(), &deployment()).await,
        Ok(None)
    );
    let server = error("DeploymentAlreadyCompletedException");
    assert_eq!(
        aws(&server.url)
            .stop_deployment(&place(), &deployment())
            .await,
        Ok(())
    );
    for code in [
        "DeploymentAlreadyCompletedException",
        "DeploymentIsNotInReadyStateException",
        "InvalidDeploymentStatusException",
    ] {
        let server = error(code);
        let told = aws(&server.url)
            .continue_deployment(&place(), &deployment(), Wait::Termination)
            .await;
        assert_eq!(told, Ok(()), "{code}");
    }
    let server = error("LifecycleEventAlreadyCompletedException");
    let answered = aws(&server.url)
        .answer_hook(None, &deployment(), "e", true)
        .await;
    assert_eq!(answered, Ok(()));
    let server = error("InvalidLifecycleEventHookExecutionStatusException");
    let answered = aws(&server.url)
        .answer_hook(None, &deployment(), "e", false)
        .await;
    let code = answered.unwrap_err().code().map(str::to_owned);
    assert_eq!(
        code.as_deref(),
        Some("InvalidLifecycleEventHookExecutionStatusException")
    );
    assert_eq!(server.requests()[0].json()["status"], "Failed");
}

#[tokio::test]
async fn a_group_names_its_platform_and_services() {
    let server = Server::start(|_| {
        Reply::json(
            200,
            &json!({"deploymentGroupInfo": {"computePlatform": "ECS",
                "deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce",
                "loadBalancerInfo": {"targetGroupPairInfoList": [{"prodTrafficRoute": {"listenerArns": ["prod"]},
                    "testTrafficRoute": {"listenerArns": ["test"]}}]},
                "ecsServices": [{"clusterName": "test", "serviceName": "shop-api"}]}}),
        )
    });
    let group = aws(&server.url)
        .deployment_group(&place(), "shop", "shop-api")
        .await
        .unwrap();
    let expected = DeploymentGroup {
        platform: "ECS".into(),
        targets: vec![("test".into(), "shop-api".into())],
        configuration: Some("CodeDeployDefault.ECSAllAtOnce".into()),
        listeners: vec!["prod".into()],
        ready_minutes: None,
    };
    assert_eq!(group, Some(expected));
}

#[tokio::test]
async fn recent_deployments_are_read_to_the_end_in_batches_and_come_newest_first() {
    let server = Server::start(|request| {
        let answer = match request.operation().as_str() {
            "ListDeployments" => {
                let page =
                    |of: std::ops::Range<u32>| -> Vec<_> { of.map(|n| format!("d-{n}")).collect() };
                match request.json().get("nextToken") {
                    None => json!({"deployments": page(0..20), "nextToken": "more"}),
                    Some(_) => json!({"deployments": page(20..30)}),
                }
            }
            _ => {
                let ids = request.json()["deploymentIds"]
                    .as_array()
                    .cloned()
                    .unwrap_or_default();
                let infos: Vec<_> = ids
                    .iter()
                    .map(|id| {
                        let number: u32 = id.as_str().unwrap()[2..].parse().unwrap();
                        json!({"deploymentId": id, "status": "Stopped", "createTime": number})
                    })
                    .collect();
                json!({"deploymentsInfo": infos})
            }
        };
        Reply::json(200, &answer)
    });
    let aws = aws(&server.url);
    let found = aws
        .recent_deployments(&place(), "shop", "shop-api")
        .await
        .unwrap();
    let ids: Vec<_> = found.iter().map(|info| info.id.as_str()).collect();
    assert_eq!((ids.len(), ids[0], ids[29]), (30, "d-29", "d-0"));
    let asked = server.requests_of("BatchGetDeployments");
    let mut sizes: Vec<_> = asked
        .iter()
        .map(|asked| asked.json()["deploymentIds"].as_array().map_or(0, Vec::len))
        .collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [5, 25]);
    let listed = server.requests_of("ListDeployments")[0].json();
    let start = listed["createTimeRange"]["start"].as_f64().unwrap();
    let days = (aws.now().as_second() as f64 - start) / 86_400.0;
    assert!((6.9..7.1).contains(&days), "{days}");
}

#[tokio::test]
async fn scaling_is_read_and_set_with_all_three_flags_and_nothing_else() {
    let mut busy = 2;
    let server = Server::start(move |request| match request.operation().as_str() {
        "DescribeScalableTargets" => Reply::json(
            200,
            &json!({"ScalableTargets": [{
                "ServiceNamespace": "ecs", "ResourceId": "service/test/shop-api",
                "ScalableDimension": "ecs:service:DesiredCount",
                "MinCapacity": 1, "MaxCapacity": 4, "RoleARN": "r", "CreationTime": 1,
                "SuspendedState": {"DynamicScalingOutSuspended": true},
            }]}),
        ),
        _ if busy > 0 => {
            busy -= 1;
            Reply::error(400, "ConcurrentUpdateException", "later")
        }
        _ => Reply::json(200, &json!({})),
    });
    let aws = aws(&server.url);
    let found = aws.scaling(&place()).await.unwrap().unwrap();
    let expected = ScalingState {
        dynamic_in: false,
        dynamic_out: true,
        scheduled: false,
    };
    let bounds = (found.least, found.most);
    assert_eq!((found.state, bounds), (expected, (1, 4)));
    aws.set_scaling(&place(), expected).await.unwrap();
    let sent = server.requests_of("RegisterScalableTarget");
    assert_eq!(sent.len(), 3);
    assert_eq!(
        sent[2].json(),
        json!({
            "ServiceNamespace": "ecs",
            "ResourceId": "service/test/shop-api",
            "ScalableDimension": "ecs:service:DesiredCount",
            "SuspendedState": {
                "DynamicScalingInSuspended": false,
                "DynamicScalingOutSuspended": true,
                "ScheduledScalingSuspended": false,
            },
        })
    );
}

#[tokio::test]
async fn a_service_without_a_scalable_target_has_no_scaling() {
    let server = Server::start(|_| Reply::json(200, &json!({"ScalableTargets": []})));
    assert_eq!(aws(&server.url).scaling(&place()).await, Ok(None));
}
