//! The gateway: protocols, the journal, faults, accounts, and what it does with nonsense.

use crate::harness::{Lab, send};
use crate::shop::{self, ECS};
use serde_json::{Value, json};

const PUT: &str = "AmazonSSM.PutParameter";
const GET: &str = "AmazonSSM.GetParameter";

#[tokio::test]
async fn calls_are_journaled_without_their_secrets() {
    let lab = Lab::start();
    let secret = "correct-horse-battery";
    let put = json!({"Name": "/x", "Type": "SecureString", "Value": secret});
    assert_eq!(lab.call("ssm", PUT, put).await.status, 200);
    let read = lab
        .call("ssm", GET, json!({"Name": "/x", "WithDecryption": true}))
        .await;
    assert_eq!(read.body["Parameter"]["Value"], secret);
    lab.call("ssm", GET, json!({"Name": "/missing"})).await;

    let journal = lab.look("journal").await;
    let entries = journal["entries"].as_array().expect("a list");
    let shown: Vec<_> = entries
        .iter()
        .map(|e| (e["operation"].as_str(), e["outcome"].as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            (Some("PutParameter"), Some("ok")),
            (Some("GetParameter"), Some("ok")),
            (Some("GetParameter"), Some("ParameterNotFound")),
        ]
    );
    assert_eq!(entries[0]["caller"], "root");
    assert_eq!(entries[2]["parameters"]["Name"], "/missing");
    assert!(!journal.to_string().contains(secret));
    let rest = lab.look("journal?since=2").await;
    assert_eq!(
        (rest["entries"].as_array().map(Vec::len), &rest["last"]),
        (Some(1), &json!(3))
    );
}

#[tokio::test]
async fn each_fault_has_its_effect_and_only_when_it_is_due() {
    let lab = Lab::start();
    let put =
        |value: &str| json!({"Name": "/x", "Type": "String", "Value": value, "Overwrite": true});
    let value = async || {
        lab.call("ssm", GET, json!({"Name": "/x"})).await.body["Parameter"]["Value"].clone()
    };
    lab.call("ssm", PUT, put("1")).await;
    assert_eq!(value().await, "1");

    lab.tell(
        "faults",
        json!([{"service": "ssm", "operation": "PutParameter", "nth": 1, "outcome": "throttled"}]),
    )
    .await;
    let throttled = lab.call("ssm", PUT, put("2")).await;
    assert_eq!(
        (throttled.status, &throttled.body["__type"]),
        (400, &json!("ThrottlingException"))
    );
    assert_eq!(value().await, "1");
    assert_eq!(
        lab.call("ssm", PUT, put("2")).await.status,
        200,
        "only the first"
    );

    lab.control("DELETE", "faults", json!(null)).await;
    lab.tell("faults", json!([{"service": "ssm", "operation": "PutParameter", "nth": 1, "outcome": "failed-before"}])).await;
    assert_eq!(lab.call("ssm", PUT, put("3")).await.status, 500);
    assert_eq!(value().await, "2");

    lab.tell("faults", json!([{"service": "ssm", "operation": "PutParameter", "nth": 1, "outcome": "answer-lost"}])).await;
    let lost = send(lab.json_call("A", "ssm", PUT, put("4"))).await;
    assert!(lost.is_err(), "the connection breaks: {lost:?}");
    assert_eq!(value().await, "4", "but it was done");

    lab.tell(
        "faults",
        json!([{"service": "ssm", "operation": "GetParameter", "nth": 1, "outcome": "stale"}]),
    )
    .await;
    assert_eq!(value().await, "2", "what was read before the last change");
    assert_eq!(value().await, "4");

    let journal = lab.look("journal").await;
    let entries = journal["entries"].as_array().expect("a list").iter();
    let faults: Vec<_> = entries
        .filter_map(|entry| entry["fault"].as_str())
        .collect();
    assert_eq!(
        faults,
        ["throttled", "failed-before", "answer-lost", "stale"]
    );
}

#[tokio::test]
async fn what_a_caller_has_seen_is_there_however_stale_the_answer() {
    let lab = Lab::start();
    let shop = shop::open(&lab).await;
    let network = json!({"awsvpcConfiguration": {"subnets": [shop.subnet]}});
    let create = json!({"cluster": "staging", "serviceName": "shop", "taskDefinition": shop.definition,
        "desiredCount": 1, "launchType": "FARGATE", "networkConfiguration": network});
    let created = lab.ok("ecs", format!("{ECS}.CreateService"), create).await;
    let arn = created["service"]["currentServiceDeployment"].clone();
    assert!(arn.is_string(), "{created}");
    let stale = |nth: u64| json!({"operation": "DescribeServiceDeployments", "nth": nth, "outcome": "stale"});
    lab.tell("faults", json!([stale(1), stale(2), stale(4)]))
        .await;
    let describe = async || {
        let asked = json!({"serviceDeploymentArns": [arn]});
        let operation = format!("{ECS}.DescribeServiceDeployments");
        let described = lab.ok("ecs", operation, asked).await;
        let reason = described["failures"][0]["reason"].clone();
        (
            described["serviceDeployments"].as_array().map(Vec::len),
            reason,
        )
    };
    for _ in 0..2 {
        assert_eq!(
            describe().await,
            (Some(0), json!("MISSING")),
            "not seen yet"
        );
    }
    for _ in 0..2 {
        assert_eq!(describe().await, (Some(1), Value::Null), "seen");
    }
}

#[tokio::test]
async fn a_function_can_be_crashed_at_its_own_call() {
    let lab = Lab::start();
    let create = json!({"repositoryName": "shop-api"});
    lab.call(
        "ecr",
        "AmazonEC2ContainerRegistry_V20150921.CreateRepository",
        create,
    )
    .await;
    let target = "AmazonEC2ContainerRegistry_V20150921.DescribeImages";
    let call = json!({"call": {"service": "ecr", "target": target, "input": {"repositoryName": "shop-api"}}});
    let fine = lab
        .invoke("lab-echo", "RequestResponse", call.clone())
        .await;
    assert_eq!(fine.body["status"], 200, "{fine:?}");

    lab.tell("faults", json!([{"caller": "lab-echo", "operation": "DescribeImages", "nth": 1, "outcome": "crash-after"}])).await;
    let crashed = lab.invoke("lab-echo", "RequestResponse", call).await;
    assert_eq!(crashed.body["errorType"], "Runtime.ExitError");
    let journal = lab.look("journal").await;
    let entry = journal["entries"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|e| e["fault"] == "crash-after")
        .cloned();
    assert_eq!(
        entry.map(|entry| entry["outcome"].clone()),
        Some(json!("ok")),
        "the call itself was carried out"
    );
}

#[tokio::test]
async fn parameters_have_the_date_of_the_labs_time() {
    let lab = Lab::start();
    let written = async |value: &str| {
        let input =
            json!({"Name": "/shop/pipeline", "Value": value, "Type": "String", "Overwrite": true});
        let put = lab.call("ssm", "AmazonSSM.PutParameter", input).await;
        assert_eq!(put.status, 200, "{put:?}");
        let now: jiff::Timestamp = lab.look("clock").await["now"]
            .as_str()
            .and_then(|now| now.parse().ok())
            .expect("a time");
        now.as_second()
    };
    let first = written("1").await;
    lab.advance(30 * 24 * 3600).await;
    let second = written("2").await;
    assert!(second >= first + 30 * 24 * 3600);
    let reads = [
        ("GetParameter", json!({"Name": "/shop/pipeline"})),
        ("GetParameters", json!({"Names": ["/shop/pipeline"]})),
        ("GetParametersByPath", json!({"Path": "/shop"})),
    ];
    for (operation, input) in reads {
        let read = lab
            .call("ssm", &format!("AmazonSSM.{operation}"), input)
            .await;
        let parameters = [&read.body["Parameter"], &read.body["Parameters"][0]];
        let date = parameters
            .iter()
            .find_map(|it| it["LastModifiedDate"].as_f64());
        let apart = date.expect("a date") - second as f64;
        assert!(apart.abs() < 2.0, "{operation}: {apart} s apart");
    }
}

#[tokio::test]
async fn a_log_group_gets_another_key_and_loses_it() {
    let lab = Lab::start();
    let logs = async |operation: &str, input: Value| {
        lab.call("logs", &format!("Logs_20140328.{operation}"), input)
            .await
    };
    let key = "arn:aws:kms:eu-central-1:111111111111:key/2";
    let change = json!({"logGroupName": "/shop", "kmsKeyId": key});
    let missing = logs("AssociateKmsKey", change.clone()).await;
    assert_eq!(missing.body["__type"], "ResourceNotFoundException");
    logs(
        "CreateLogGroup",
        json!({"logGroupName": "/shop", "kmsKeyId": "arn:aws:kms:eu-central-1:111111111111:key/1"}),
    )
    .await;
    let shown = async || {
        let described = logs("DescribeLogGroups", json!({"logGroupNamePrefix": "/shop"})).await;
        described.body["logGroups"][0]["kmsKeyId"].clone()
    };
    assert!(
        shown()
            .await
            .as_str()
            .is_some_and(|key| key.ends_with("/1"))
    );
    assert_eq!(logs("AssociateKmsKey", change).await.status, 200);
    assert_eq!(shown().await, key);
    logs("DisassociateKmsKey", json!({"logGroupName": "/shop"})).await;
    assert_eq!(shown().await, Value::Null);
    logs("DeleteLogGroup", json!({"logGroupName": "/shop"})).await;
    logs(
        "CreateLogGroup",
        json!({"logGroupName": "/shop", "kmsKeyId": key}),
    )
    .await;
    assert_eq!(shown().await, key);
}

#[tokio::test]
async fn accounts_are_apart_and_roles_lead_from_one_to_the_other() {
    let lab = Lab::start();
    let target = "AmazonEC2ContainerServiceV20141113.CreateCluster";
    let list = "AmazonEC2ContainerServiceV20141113.ListClusters";
    lab.call_as(
        "222222222222",
        "ecs",
        target,
        json!({"clusterName": "prod"}),
    )
    .await;
    lab.call_as(
        "222222222222",
        "ssm",
        PUT,
        json!({"Name": "/x", "Type": "String", "Value": "theirs"}),
    )
    .await;

    let role = "arn:aws:iam::222222222222:role/target";
    let parameters = [
        ("Action", "AssumeRole"),
        ("Version", "2011-06-15"),
        ("RoleArn", role),
        ("RoleSessionName", "me"),
    ];
    let assumed = lab.query("AKIAROOT", "sts", &parameters).await;
    assert_eq!(assumed.status, 200, "{assumed:?}");
    let xml = assumed.body.as_str().expect("XML");
    let key = xml
        .split_once("<AccessKeyId>")
        .and_then(|(_, rest)| rest.split_once('<'))
        .expect("a key")
        .0;

    let theirs = lab.call_as(key, "ecs", list, json!({})).await;
    assert_eq!(
        theirs.body["clusterArns"],
        json!(["arn:aws:ecs:eu-central-1:222222222222:cluster/prod"])
    );
    assert_eq!(
        lab.call("ecs", list, json!({})).await.body["clusterArns"],
        json!([])
    );
    assert_eq!(
        lab.call_as(key, "ssm", GET, json!({"Name": "/x"}))
            .await
            .body["Parameter"]["Value"],
        "theirs"
    );
    assert_eq!(
        lab.call("ssm", GET, json!({"Name": "/x"})).await.status,
        400
    );
    let me = lab
        .query(key, "sts", &[("Action", "GetCallerIdentity")])
        .await;
    let me = me.body.as_str().expect("XML");
    assert!(
        me.contains("arn:aws:sts::222222222222:assumed-role/target/me"),
        "{me}"
    );
}

#[tokio::test]
async fn cbor_is_answered_with_cbor() {
    let lab = Lab::start();
    let mut body = Vec::new();
    let input = json!({"applicationName": "shop", "computePlatform": "ECS"});
    ciborium::into_writer(&input, &mut body).expect("CBOR");
    let auth = "AWS4-HMAC-SHA256 Credential=a/20260101/eu-central-1/codedeploy/aws4_request";
    let call = async |operation: &str, body: Vec<u8>| {
        let url = format!(
            "{}/service/CodeDeploy_20141006/operation/{operation}",
            lab.base
        );
        let request = lab
            .client
            .post(url)
            .header("authorization", auth)
            .header("smithy-protocol", "rpc-v2-cbor");
        let response = request.body(body).send().await.expect("an answer");
        let (status, kind) = (
            response.status(),
            response.headers()["content-type"].clone(),
        );
        assert_eq!(kind, "application/cbor");
        let bytes = response.bytes().await.expect("a body");
        let value: ciborium::Value = ciborium::from_reader(bytes.as_ref()).expect("CBOR");
        (status.as_u16(), format!("{value:?}"))
    };
    assert_eq!(call("CreateApplication", body.clone()).await.0, 200);
    let (status, error) = call("CreateApplication", body.clone()).await;
    assert!(
        status == 400 && error.contains("ApplicationAlreadyExistsException"),
        "{error}"
    );
    let (_, shown) = call("GetApplication", body).await;
    assert!(
        shown.contains("createTime\"), Tag(1,"),
        "times are tagged: {shown}"
    );
}

#[tokio::test]
async fn of_many_writers_with_the_same_condition_one_wins() {
    let lab = Lab::start();
    let put = || async {
        let input = json!({
            "TableName": "lab-ledger", "Item": {"pk": {"S": "RACE"}, "sk": {"S": "1"}},
            "ConditionExpression": "attribute_not_exists(pk)",
        });
        lab.call("dynamodb", "DynamoDB_20120810.PutItem", input)
            .await
    };
    let (a, b, c, d) = tokio::join!(put(), put(), put(), put());
    let won = [a, b, c, d]
        .iter()
        .filter(|answer| answer.status == 200)
        .count();
    assert_eq!(won, 1);
}

#[tokio::test]
async fn nonsense_is_refused_and_the_lab_goes_on() {
    let lab = Lab::start();
    let long = "x".repeat(100_000);
    let nested = "[".repeat(100_000);
    let auth = |scope: &str| format!("AWS4-HMAC-SHA256 Credential={scope}");
    let good = "a/20260101/eu-central-1/ecs/aws4_request";
    for (headers, body) in [
        (vec![], String::new()),
        (vec![("authorization", auth(""))], String::new()),
        (
            vec![
                ("authorization", auth(good)),
                ("x-amz-target", "ECS.UpdateService".to_owned()),
            ],
            nested.clone(),
        ),
        (
            vec![("authorization", auth(good)), ("x-amz-target", long)],
            "{}".to_owned(),
        ),
        (
            vec![
                ("authorization", auth(good)),
                ("x-amz-target", "X.RegisterTaskDefinition".to_owned()),
            ],
            "[]".to_owned(),
        ),
        (
            vec![
                ("authorization", auth(good)),
                ("x-amz-target", "X.UpdateService".to_owned()),
            ],
            "{\"service\":{}}".to_owned(),
        ),
        (
            vec![("authorization", auth("a/b/../ecs/aws4_request"))],
            "\u{0}".to_owned(),
        ),
    ] {
        let mut request = lab.client.post(&lab.base).body(body);
        for (name, value) in &headers {
            request = request.header(*name, value);
        }
        // An error of the connection is an answer, too: headers may be too long to read.
        if let Ok(answer) = send(request).await {
            assert!(
                (400..500).contains(&answer.status),
                "{headers:?}: {answer:?}"
            );
        }
    }
    for (control, body) in [
        ("push", json!({})),
        ("events", json!([])),
        ("faults", json!([{"outcome": "x"}])),
        ("slack/click", json!({})),
        ("nothing", json!({})),
    ] {
        let answer = lab.control("POST", control, body).await;
        assert!(
            (400..500).contains(&answer.status) && answer.body["message"].is_string(),
            "{control}: {answer:?}"
        );
    }
    let large = lab
        .client
        .post(&lab.base)
        .body(vec![b'x'; 21 * 1024 * 1024]);
    if let Ok(answer) = send(large).await {
        assert_eq!(answer.status, 413);
    }
    assert_eq!(lab.look("health").await["status"], "ok");
}
