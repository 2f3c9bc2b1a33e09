//! What hook functions report, each in a partition of its account.

use std::time::Duration;

use serde_json::{Value, json};
use towpath_core::names::AccountId;
use towpath_core::pipeline::HookPoint;
use towpath_core::release::{CheckResult, Event, HookReport};
use towpath_deployer::drive::drive;
use towpath_deployer::handlers::advance;
use towpath_deployer::ports::{Append, AppendError, Clock as _, Ledger as _};

use crate::rollbacks::on_a_main_threads_stack;
use crate::support::aws;
use crate::support::http::{Reply, Request, Server, forward};
use crate::support::moto::{Moto, text};
use crate::support::releases::{actor, append, at, id, open, opened, planned, started};

fn report(passed: bool) -> HookReport {
    HookReport {
        stage: "test".parse().unwrap(),
        deployment: "ecs-svc/1".parse().unwrap(),
        at: HookPoint::AfterInstall,
        results: vec![CheckResult {
            check: "answers".parse().unwrap(),
            passed,
            detail: "as it is".into(),
        }],
        execution: None,
    }
}

#[tokio::test]
async fn a_hook_point_is_reported_once_and_by_who_knows_the_release_as_it_is() {
    let moto = Moto::start().await;
    let aws = aws(&moto.url);
    let (id, account): (_, AccountId) = (id('a'), "222222222222".parse().unwrap());
    let before = open(&aws, 'a', 0).await;
    let release = append(&aws, &before, &[planned(), started(1)], 1)
        .await
        .unwrap();
    let behind = aws.report(&before, &account, &report(true), at(2)).await;
    assert!(matches!(behind, Err(AppendError::Conflict)), "{behind:?}");
    assert_eq!(aws.hook_reports(&account, &id).await.unwrap(), []);

    aws.report(&release, &account, &report(true), at(3))
        .await
        .unwrap();
    let again = aws.report(&release, &account, &report(false), at(4)).await;
    assert!(matches!(again, Err(AppendError::Conflict)), "{again:?}");
    assert_eq!(
        aws.hook_reports(&account, &id).await.unwrap(),
        [report(true)]
    );
    let of = async |account: &str, point| {
        let account = account.parse().unwrap();
        aws.hook_report(&account, &id, &report(true).deployment, point)
            .await
            .unwrap()
    };
    let point = HookPoint::AfterInstall;
    assert_eq!(of("222222222222", point).await, Some(report(true)));
    assert_eq!(of("222222222222", HookPoint::AfterTraffic).await, None);
    assert_eq!(of("111111111111", point).await, None);

    // What cannot be read hides none of the others.
    let key = format!("HOOK#222222222222#{id}");
    moto.set(&key, "REPORT#d-1#after_install", "report", text("{"))
        .await;
    assert_eq!(
        aws.hook_reports(&account, &id).await.unwrap(),
        [report(true)]
    );
}

#[tokio::test]
async fn a_report_wakes_its_release_and_does_not_drive_it() {
    let moto = Moto::start().await;
    let ledger = moto.url.clone();
    let server = Server::start(move |request| forward(request, &ledger));
    let aws = aws(&server.url);
    open(&aws, 'a', 0).await;
    let key = format!("RELEASE#{}", id('a'));
    let wake = async || moto.text_of(&key, "SUMMARY", "wake").await;
    let before = wake().await;
    let delivered = |id: &str| {
        let keys = json!({ "pk": { "S": format!("HOOK#222222222222#{id}") },
            "sk": { "S": "REPORT#d-1#after_install" } });
        let record = json!({ "SequenceNumber": "1", "Keys": keys });
        json!({ "Records": [{ "eventName": "INSERT", "dynamodb": record }] })
    };
    // Whoever may report may have named a release that is not there.
    for release in [id('a'), id('f')] {
        let known = server.requests().len();
        let event = delivered(release.as_str());
        let time_left = || Duration::from_secs(60);
        let answer = advance::handle(&aws, "towpath-advance", &event, time_left);
        assert_eq!(answer.await.unwrap().batch_item_failures, []);
        let asked = server.requests().split_off(known);
        let asked: Vec<_> = asked.iter().map(Request::operation).collect();
        assert_eq!(asked, ["UpdateItem"], "{release}");
    }
    assert_ne!(wake().await, before);
}

/// The call by which a hook function writes a report down.
fn put(item: &Value) -> Request {
    let body = json!({ "TableName": "towpath", "Item": item }).to_string();
    let headers = [
        ("x-amz-target", "DynamoDB_20120810.PutItem".to_owned()),
        ("content-type", "application/x-amz-json-1.0".to_owned()),
        ("content-length", body.len().to_string()),
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIDTEST/20261123/eu-west-1/dynamodb/aws4_request, \
             SignedHeaders=host, Signature=0"
                .to_owned(),
        ),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value));
    Request {
        path: "/".into(),
        headers: headers.to_vec(),
        body: body.into_bytes(),
    }
}

#[test]
fn what_is_reported_while_a_deployment_is_looked_at_is_why_it_failed() {
    on_a_main_threads_stack(reported_meanwhile);
}

async fn reported_meanwhile() {
    let moto = Moto::start().await;
    let ledger = moto.url.clone();
    let report = HookReport {
        deployment: "d-1".parse().unwrap(),
        ..report(false)
    };
    let item = json!({ "pk": { "S": format!("HOOK#111111111111#{}", id('a')) },
        "sk": { "S": "REPORT#d-1#after_install" },
        "report": { "S": serde_json::to_string(&report).unwrap() } });
    let server = Server::start(move |request| match request.operation().as_str() {
        "GetDeployment" => {
            let Reply::Answer(200, ..) = forward(&put(&item), &ledger) else {
                panic!("the report is not written");
            };
            let why = json!({ "code": "HOOK_EXECUTION_FAILURE", "message": "a hook said no" });
            let info = json!({ "deploymentId": "d-1", "status": "Failed", "errorInformation": why,
                "completeTime": 1_700_000_000 });
            Reply::json(200, &json!({ "deploymentInfo": info }))
        }
        "GetDeploymentTarget" => {
            let of = json!({ "status": "Failed", "lifecycleEvents": [], "taskSetsInfo": [] });
            let target = json!({ "deploymentTargetType": "ECSTarget", "ecsTarget": of });
            Reply::json(200, &json!({ "deploymentTarget": target }))
        }
        _ if request.header("x-amz-target").starts_with("DynamoDB") => forward(request, &ledger),
        _ if request.header("x-amz-target").starts_with("AmazonSSM") => forward(request, &ledger),
        _ => Reply::error(400, "ThrottlingException", "not now"),
    });
    let aws = aws(&server.url);
    let Event::Opened {
        mut pipeline,
        version,
        home,
        image,
        rollback,
    } = opened('a', 0)
    else {
        panic!("it opens a release");
    };
    let stage = json!({ "name": "test", "cluster": "test", "service": "shop-api",
        "containers": ["app"],
        "engine": { "codedeploy": { "application": "shop", "group": "api", "hook": "hook" } },
        "checks": [{ "name": "answers", "at": "after_install",
            "http": { "url": "http://shop.example/" } }] });
    pipeline.stages = vec![serde_json::from_value(stage).unwrap()];
    let opened = Event::Opened {
        pipeline,
        version,
        home,
        image,
        rollback,
    };
    aws.open(&id('a'), &[opened], &actor(), at(0))
        .await
        .unwrap();
    let release = aws.load(&id('a')).await.unwrap().unwrap();
    let revision = "arn:aws:ecs:eu-west-1:111111111111:task-definition/shop-api:8";
    let begun = [
        planned(),
        started(1),
        Event::Registered {
            revision: revision.parse().unwrap(),
            found: false,
        },
        Event::DeploymentStarted {
            deployment: "d-1".parse().unwrap(),
            alias: None,
            found: false,
        },
        Event::DeploymentReported {
            deployment: "d-1".parse().unwrap(),
            state: "FAILURE".into(),
        },
    ];
    // Its time is not up.
    let append = Append {
        release: &release,
        events: &begun,
        actor: &actor(),
        at: aws.now(),
        wake: false,
        due: None,
    };
    aws.append(append).await.unwrap();
    drive(&aws, &id('a'), &actor(), || Duration::from_secs(60))
        .await
        .unwrap();
    let release = aws.load(&id('a')).await.unwrap().unwrap();
    let reason = release.conclusion().map(|it| it.reason.to_string());
    let reason = reason.unwrap_or_default();
    assert!(
        reason.contains("check `answers` failed at after_install"),
        "{reason}"
    );
}
