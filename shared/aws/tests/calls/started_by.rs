//! How tasks are found by the text that says who started them, whichever filters ECS takes together.

use serde_json::{Value, json};
use towpath_core::names::{DeploymentId, TaskDefinitionArn};
use towpath_deployer::ports::{CallError, Ecs};

use crate::support::aws;
use crate::support::http::{Reply, Request, Server};
use crate::support::releases::place;

const WE: &str = "towpath/a/b";
const TASK: &str = "arn:aws:ecs:eu-west-1:111111111111:task/test/0123abcd";

async fn find(server: &Server) -> Result<Option<DeploymentId>, CallError> {
    let revision: TaskDefinitionArn =
        "arn:aws:ecs:eu-west-1:111111111111:task-definition/shop-api:8"
            .parse()
            .unwrap();
    aws(&server.url)
        .task_started_by(&place(), &revision, WE)
        .await
}

/// An ECS that takes `startedBy` for the only filter, and lists nothing that runs. What else is asked
/// of it is answered by `answer`.
fn strict(code: &'static str, answer: impl Fn(&Request) -> Value + Send + 'static) -> Server {
    Server::start(move |request| {
        let asked = request.json();
        let by_text = asked.get("startedBy").is_some();
        if by_text && asked.get("desiredStatus").is_some() {
            return Reply::error(400, code, "startedBy must be the only filter");
        }
        let nothing = json!({"taskArns": []});
        Reply::json(200, &if by_text { nothing } else { answer(request) })
    })
}

/// A page of a list: the tasks of the family that it names, and where the next one begins.
fn page(request: &Request) -> Value {
    match request.json()["nextToken"].as_str() {
        None => json!({"taskArns": ["arn:of/others"], "nextToken": "2"}),
        Some(_) => json!({"taskArns": [TASK]}),
    }
}

fn described(request: &Request) -> Value {
    let tasks: Value = request.json()["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|arn| {
            json!({"taskArn": arn, "startedBy": if arn == TASK { WE } else { "ecs-svc/7" },
                "stoppedReason": format!("{} stopped", arn.as_str().unwrap())})
        })
        .collect();
    json!({"tasks": tasks, "failures": []})
}

fn listed_and_described(request: &Request) -> Value {
    match request.operation().as_str() {
        "ListTasks" => page(request),
        _ => described(request),
    }
}

#[tokio::test]
async fn a_task_is_found_whether_it_runs_or_has_stopped() {
    for status in [Value::Null, json!("STOPPED")] {
        let asked_for = status.clone();
        let server = Server::start(move |request| {
            let here = request.json()["desiredStatus"] == asked_for;
            let arns = if here { json!([TASK]) } else { json!([]) };
            Reply::json(200, &json!({"taskArns": arns}))
        });
        let found = find(&server).await.unwrap();
        assert_eq!(found, Some(TASK.parse().unwrap()), "{status}");
        let asked = server.requests_of("ListTasks");
        assert_eq!(asked.len(), if status.is_null() { 1 } else { 2 });
        assert!(asked.iter().all(|it| it.json()["startedBy"] == WE));
        assert!(server.requests_of("DescribeTasks").is_empty());
    }
    let server = Server::start(|_| Reply::json(200, &json!({"taskArns": []})));
    assert_eq!(find(&server).await.unwrap(), None);
}

#[tokio::test]
async fn a_task_is_found_where_ecs_refuses_the_status_beside_who_started_it() {
    for code in ["InvalidParameterException", "ClientException"] {
        let server = strict(code, listed_and_described);
        let found = find(&server).await.unwrap();
        assert_eq!(found, Some(TASK.parse().unwrap()), "{code}");
        let asked = server.requests_of("ListTasks");
        let others: Vec<_> = asked.iter().skip(2).map(Request::json).collect();
        assert_eq!(others.len(), 2, "{others:?}");
        for other in others {
            assert_eq!(other["family"], "shop-api");
            assert_eq!(other["desiredStatus"], "STOPPED");
        }
    }
}

#[tokio::test]
async fn what_ecs_does_not_say_is_not_taken_for_no_task() {
    let denied = Server::start(|_| Reply::error(400, "AccessDeniedException", "no"));
    let error = find(&denied).await.unwrap_err();
    assert_eq!(error.code(), Some("AccessDeniedException"));
    assert_eq!(denied.requests().len(), 1);

    // The other filter is refused, too.
    let broken = Server::start(|request| match request.json().get("desiredStatus") {
        None => Reply::json(200, &json!({"taskArns": []})),
        Some(_) => Reply::error(400, "ClientException", "no"),
    });
    let error = find(&broken).await.unwrap_err();
    assert_eq!(error.code(), Some("ClientException"));

    // A list without an end.
    let endless = strict("ClientException", |request| {
        match request.operation().as_str() {
            "ListTasks" => json!({"taskArns": ["arn:of/others"], "nextToken": "more"}),
            _ => described(request),
        }
    });
    let error = find(&endless).await.unwrap_err();
    assert!(matches!(error, CallError::NotDone { .. }), "{error:?}");
    assert!(endless.requests().len() < 200);
}

#[tokio::test]
async fn stopped_tasks_of_a_service_are_told_where_ecs_refuses_the_status_too() {
    let server = strict("InvalidParameterException", listed_and_described);
    let reasons = aws(&server.url)
        .stopped_reasons(&place(), WE)
        .await
        .unwrap();
    assert_eq!(reasons, [format!("{TASK} stopped")]);
    let other = server.requests_of("ListTasks")[1].json();
    assert_eq!(other["serviceName"], "shop-api");
    assert_eq!(other["desiredStatus"], "STOPPED");
}

#[tokio::test]
async fn stopped_tasks_are_looked_up_by_the_deployment_that_started_them() {
    let server = Server::start(|request| {
        let answer = match request.operation().as_str() {
            "ListTasks" => json!({"taskArns": ["arn:aws:ecs:eu-west-1:1:task/test/1"]}),
            _ => json!({"tasks": [{
                "stoppedReason": "Essential container in task exited",
                "containers": [{"name": "app", "exitCode": 1}],
            }]}),
        };
        Reply::json(200, &answer)
    });
    let reasons = aws(&server.url)
        .stopped_reasons(&place(), "ecs-svc/7")
        .await
        .unwrap();
    assert_eq!(
        reasons,
        ["container `app` exited with code 1 (Essential container in task exited)"]
    );
    let listed = server.requests_of("ListTasks")[0].json();
    assert_eq!(listed["startedBy"], "ecs-svc/7");
    assert_eq!(listed["desiredStatus"], "STOPPED");
}
