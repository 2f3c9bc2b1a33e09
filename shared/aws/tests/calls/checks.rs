//! What checks ask of ECS, CloudWatch and CloudWatch Logs, and what the answers are taken for.

use serde_json::{Value, json};
use towpath_aws::Aws;
use towpath_core::check::{Alarm, LogStream, MetricSpan, Reading};
use towpath_core::names::DeploymentId;
use towpath_core::pipeline::MetricCheck;
use towpath_deployer::ports::{CallError, Ecs, Logs, Metrics};

use crate::support::aws;
use crate::support::http::{Reply, Server};
use crate::support::moto::Moto;
use crate::support::releases::place;

const TASK: &str = "arn:aws:ecs:eu-west-1:111111111111:task/test/0123abcd";

fn task() -> DeploymentId {
    TASK.parse().unwrap()
}

fn always(status: u16, answer: Value) -> Server {
    Server::start(move |_| Reply::json(status, &answer))
}

#[tokio::test]
async fn a_task_is_run_exactly_as_asked_and_once() {
    let document =
        json!({"taskDefinition": "shop-api:8", "clientToken": "t", "fieldOfTomorrow": []});
    let server = always(200, json!({"tasks": [{"taskArn": TASK}], "failures": []}));
    let ran = aws(&server.url).run_task(&place(), &document).await;
    assert_eq!(ran.unwrap(), task());
    assert_eq!(server.requests_of("RunTask")[0].json(), document);

    let server = Server::start(|_| Reply::error(500, "ServerException", "later"));
    let lost = aws(&server.url).run_task(&place(), &document).await;
    assert!(matches!(lost, Err(CallError::Unknown { .. })), "{lost:?}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn no_room_is_not_a_refusal() {
    let run = async |server: Server| {
        let ran = aws(&server.url).run_task(&place(), &json!({})).await;
        ran.unwrap_err()
    };
    let failures =
        |reason: &str| always(200, json!({"tasks": [], "failures": [{"reason": reason}]}));
    for reason in [
        "RESOURCE:MEMORY",
        "AGENT",
        "Capacity is unavailable at this time. Please try again later",
    ] {
        let error = run(failures(reason)).await;
        assert!(matches!(error, CallError::NotDone { .. }), "{error:?}");
    }
    let error = run(failures("MISSING")).await;
    assert_eq!(error.code(), Some("MISSING"), "{error:?}");
    let message = "Capacity is unavailable at this time. Please try again later or in a different availability zone";
    let full = Server::start(move |_| Reply::error(400, "ClientException", message));
    let error = run(full).await;
    assert!(matches!(error, CallError::NotDone { .. }), "{error:?}");
    let wrong =
        Server::start(|_| Reply::error(400, "InvalidParameterException", "Override for container"));
    assert_eq!(run(wrong).await.code(), Some("InvalidParameterException"));
}

#[tokio::test]
async fn a_task_is_described_and_stopped_even_if_nobody_knows_it() {
    let described = json!({"taskArn": TASK, "lastStatus": "RUNNING", "fieldOfTomorrow": ""});
    let server = always(200, json!({"tasks": [described], "failures": []}));
    let found = aws(&server.url).task(&place(), &task()).await.unwrap();
    assert_eq!(found, Some(described));
    let server = always(
        200,
        json!({"tasks": [], "failures": [{"arn": TASK, "reason": "MISSING"}]}),
    );
    assert_eq!(
        aws(&server.url).task(&place(), &task()).await.unwrap(),
        None
    );

    let stop = async |server: &Server| {
        aws(&server.url)
            .stop_task(&place(), &task(), "enough")
            .await
    };
    let server = always(200, json!({"task": {"taskArn": TASK}}));
    stop(&server).await.unwrap();
    assert_eq!(
        server.requests_of("StopTask")[0].json(),
        json!({"cluster": place().service.cluster, "task": TASK, "reason": "enough"})
    );
    let gone = Server::start(|_| {
        Reply::error(
            400,
            "InvalidParameterException",
            "The referenced task was not found.",
        )
    });
    stop(&gone).await.unwrap();
    let denied = Server::start(|_| Reply::error(400, "AccessDeniedException", "no"));
    assert_eq!(
        stop(&denied).await.unwrap_err().code(),
        Some("AccessDeniedException")
    );
}

#[tokio::test]
async fn alarms_of_both_kinds_are_read() {
    let alarm = |name: &str, state: &str| json!({"AlarmName": name, "StateValue": state, "StateReason": "because"});
    let server = always(
        200,
        json!({"MetricAlarms": [alarm("a", "OK")], "CompositeAlarms": [alarm("b", "ALARM")]}),
    );
    let names = ["a", "b", "gone"].map(|name| name.parse().unwrap());
    let found = aws(&server.url).alarms(&place(), &names).await.unwrap();
    let expected = [("a", "OK"), ("b", "ALARM")].map(|(name, state)| Alarm {
        name: name.into(),
        state: state.into(),
        reason: "because".into(),
    });
    assert_eq!(found, expected);
    assert_eq!(
        server.requests_of("DescribeAlarms")[0].json(),
        json!({"AlarmNames": ["a", "b", "gone"], "AlarmTypes": ["MetricAlarm", "CompositeAlarm"], "MaxRecords": 100})
    );
}

fn check() -> MetricCheck {
    serde_json::from_value(
        json!({"namespace": "Shop", "name": "Latency", "dimensions": {"Service": "shop-api"},
        "statistic": "Average", "must_be": "less_than", "threshold": 1, "window": "10m"}),
    )
    .unwrap()
}

fn span() -> MetricSpan {
    MetricSpan {
        from: "2026-03-01T12:00:00Z".parse().unwrap(),
        until: "2026-03-01T12:10:00Z".parse().unwrap(),
    }
}

#[tokio::test]
async fn a_metric_and_the_number_of_its_samples_are_read_at_once() {
    let result =
        |id: &str, values: Value| json!({"Id": id, "StatusCode": "Complete", "Values": values});
    let server = always(
        200,
        json!({"MetricDataResults": [result("samples", json!([3.0, 1])), result("value", json!([0.5, 2]))]}),
    );
    let reading = aws(&server.url).metric(&place(), &check(), span()).await;
    let expected = Reading {
        values: vec![0.5, 2.0],
        samples: vec![3.0, 1.0],
    };
    assert_eq!(reading.unwrap(), expected);
    let asked = server.requests();
    assert_eq!(asked.len(), 1);
    let metric = json!({"Namespace": "Shop", "MetricName": "Latency", "Dimensions": [{"Name": "Service", "Value": "shop-api"}]});
    let query = |id: &str, stat: &str| json!({"Id": id, "MetricStat": {"Metric": metric, "Period": 600, "Stat": stat}});
    assert_eq!(
        asked[0].json(),
        json!({"MetricDataQueries": [query("value", "Average"), query("samples", "SampleCount")],
            "StartTime": 1_772_366_400, "EndTime": 1_772_367_000, "ScanBy": "TimestampAscending"})
    );
}

#[tokio::test]
async fn a_metric_that_is_not_complete_is_not_known() {
    let partial = |status: &str| {
        let result = |id: &str| json!({"Id": id, "StatusCode": status, "Values": [1.0]});
        always(
            200,
            json!({"MetricDataResults": [result("value"), result("samples")]}),
        )
    };
    let read = async |aws: Aws| aws.metric(&place(), &check(), span()).await;
    for server in [
        partial("PartialData"),
        partial("InternalError"),
        always(200, json!({})),
    ] {
        let reading = read(aws(&server.url)).await;
        assert!(
            matches!(reading, Err(CallError::Unknown { .. })),
            "{reading:?}"
        );
    }
}

#[tokio::test]
async fn a_log_is_read_from_its_end_and_in_its_own_region() {
    let server = always(
        200,
        json!({"events": [{"message": "one"}, {"message": "two"}], "nextForwardToken": "f"}),
    );
    let stream = LogStream {
        region: "eu-central-1".parse().unwrap(),
        group: "/ecs/shop".into(),
        stream: "app/app/0123abcd".into(),
    };
    let lines = aws(&server.url).log_lines(&place(), &stream).await;
    assert_eq!(lines.unwrap(), ["one", "two"]);
    let request = &server.requests_of("GetLogEvents")[0];
    assert!(
        request
            .header("authorization")
            .contains("/eu-central-1/logs/")
    );
    assert_eq!(
        request.json(),
        json!({"logGroupName": "/ecs/shop", "logStreamName": "app/app/0123abcd", "limit": 10, "startFromHead": false})
    );
}

#[tokio::test]
async fn moto_understands_what_cloudwatch_is_asked() {
    let moto = Moto::start().await;
    let aws = aws(&moto.url);
    assert_eq!(
        aws.alarms(&place(), &["a".parse().unwrap()]).await.unwrap(),
        []
    );
    let reading = aws.metric(&place(), &check(), span()).await;
    assert_eq!(reading.unwrap(), Reading::default());
}
