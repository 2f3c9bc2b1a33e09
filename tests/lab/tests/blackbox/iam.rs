//! Roles are enforced: what a function's statements do not allow is refused as IAM refuses it.

use serde_json::{Value, json};

use crate::harness::{Answer, Lab};

const ECR: &str = "AmazonEC2ContainerRegistry_V20150921";
const ECS: &str = "AmazonEC2ContainerServiceV20141113";

/// A call that the function makes with its own credentials.
async fn as_function(lab: &Lab, service: &str, target: &str, input: Value) -> Value {
    let event = json!({"call": {"service": service, "target": target, "input": input}});
    let Answer { body, .. } = lab.invoke("lab-echo", "RequestResponse", event).await;
    body
}

#[tokio::test]
async fn a_function_may_do_what_its_statements_allow_and_nothing_else() {
    let lab = Lab::start();
    for name in ["shop-api", "other"] {
        lab.call(
            "ecr",
            &format!("{ECR}.CreateRepository"),
            json!({"repositoryName": name}),
        )
        .await;
    }
    let images = format!("{ECR}.DescribeImages");

    let allowed = as_function(&lab, "ecr", &images, json!({"repositoryName": "shop-api"})).await;
    assert_eq!(allowed["status"], 200, "{allowed}");

    let resource = as_function(&lab, "ecr", &images, json!({"repositoryName": "other"})).await;
    assert_eq!(
        (&resource["status"], &resource["body"]["__type"]),
        (&json!(400), &json!("AccessDeniedException"))
    );
    let message = resource["body"]["message"].as_str().expect("a message");
    assert!(
        message.starts_with("User: arn:aws:sts::111111111111:assumed-role/lab-echo/lab-echo is not authorized to perform: ecr:DescribeImages on resource: arn:aws:ecr:eu-central-1:111111111111:repository/other"),
        "{message}"
    );

    let action = as_function(
        &lab,
        "ecs",
        &format!("{ECS}.UpdateService"),
        json!({"service": "x"}),
    )
    .await;
    assert_eq!(action["body"]["__type"], "AccessDeniedException");

    let report = lab.look("iam").await;
    let role = &report["roles"]["arn:aws:iam::111111111111:role/lab-echo"];
    let never: Vec<_> = role["never_used"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|n| n["action"].as_str())
        .collect();
    assert_eq!(
        never,
        [
            Some("ecr:ListImages"),
            Some("ecs:RegisterTaskDefinition"),
            Some("iam:PassRole"),
            Some("codedeploy:PutLifecycleEventHookExecutionStatus")
        ]
    );
    assert_eq!(role["refused"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn roles_are_passed_only_where_the_statement_lets_them_go() {
    let lab = Lab::start();
    let register = |role: &str| {
        json!({
            "family": "shop", "taskRoleArn": format!("arn:aws:iam::111111111111:role/{role}"),
            "containerDefinitions": [{"name": "app", "image": "shop-api", "memory": 128}],
        })
    };
    let target = format!("{ECS}.RegisterTaskDefinition");
    let passed = as_function(&lab, "ecs", &target, register("task-shop")).await;
    assert_eq!(passed["status"], 200, "{passed}");
    // Not the role: the session of it.
    assert_eq!(
        passed["body"]["taskDefinition"]["registeredBy"],
        "arn:aws:sts::111111111111:assumed-role/lab-echo/lab-echo"
    );
    let refused = as_function(&lab, "ecs", &target, register("administrator")).await;
    let message = refused["body"]["message"].as_str().expect("a message");
    assert!(
        message.contains("iam:PassRole on resource: arn:aws:iam::111111111111:role/administrator"),
        "{message}"
    );
}

#[tokio::test]
async fn a_role_of_another_account_is_assumed_with_its_external_id_and_no_other_way() {
    let lab = Lab::start();
    let role = "arn:aws:iam::222222222222:role/target";
    let other = "arn:aws:iam::111111111111:role/deployer";
    lab.tell(
        "roles",
        json!({
            "arn": role,
            "trust": {"Statement": [{
                "Effect": "Allow", "Principal": {"AWS": other}, "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": "e-1"}},
            }]},
            "statements": [{"Effect": "Allow", "Action": "ecs:ListClusters", "Resource": "*"}],
        }),
    )
    .await;
    lab.tell("roles", json!({
        "arn": other,
        "trust": [{"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "sts:AssumeRole"}],
        "statements": [{"actions": ["sts:AssumeRole"], "resources": [role]}],
    })).await;
    let assume = async |key: &str, role: &str, external: &str| {
        let parameters = [
            ("Action", "AssumeRole"),
            ("RoleArn", role),
            ("RoleSessionName", "s"),
            ("ExternalId", external),
        ];
        let answer = lab.query(key, "sts", &parameters).await;
        let xml = answer.body.as_str().expect("XML").to_owned();
        xml.split_once("<AccessKeyId>")
            .and_then(|(_, rest)| rest.split_once('<'))
            .map(|(key, _)| key.to_owned())
    };

    let deployer = assume("AKIAROOT", other, "-x")
        .await
        .expect("the account trusts itself");
    assert_eq!(
        assume("AKIAROOT", role, "e-1").await,
        None,
        "the role trusts one principal only"
    );
    assert_eq!(
        assume(&deployer, role, "e-2").await,
        None,
        "the external id is wrong"
    );
    let target = assume(&deployer, role, "e-1")
        .await
        .expect("trusted and allowed");

    let clusters = lab
        .call_as(&target, "ecs", &format!("{ECS}.ListClusters"), json!({}))
        .await;
    assert_eq!(clusters.status, 200);
    let refused = lab
        .call_as(
            &target,
            "ecs",
            &format!("{ECS}.CreateCluster"),
            json!({"clusterName": "x"}),
        )
        .await;
    assert_eq!(refused.body["__type"], "AccessDeniedException");
}

#[tokio::test]
async fn roles_made_through_the_iam_api_count_as_well() {
    let lab = Lab::start();
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"sts:AssumeRole"}]}"#;
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ecs:List*","Resource":"*"}]}"#;
    let create = [
        ("Action", "CreateRole"),
        ("RoleName", "reader"),
        ("AssumeRolePolicyDocument", trust),
    ];
    assert_eq!(lab.query("AKIAROOT", "iam", &create).await.status, 200);
    let put = [
        ("Action", "PutRolePolicy"),
        ("RoleName", "reader"),
        ("PolicyName", "p"),
        ("PolicyDocument", policy),
    ];
    assert_eq!(lab.query("AKIAROOT", "iam", &put).await.status, 200);
    let role = "arn:aws:iam::111111111111:role/reader";
    let assume = [
        ("Action", "AssumeRole"),
        ("RoleArn", role),
        ("RoleSessionName", "s"),
    ];
    let answer = lab.query("AKIAROOT", "sts", &assume).await;
    let xml = answer.body.as_str().expect("XML");
    let key = xml
        .split_once("<AccessKeyId>")
        .and_then(|(_, rest)| rest.split_once('<'))
        .expect("a key")
        .0;
    assert_eq!(
        lab.call_as(key, "ecs", &format!("{ECS}.ListClusters"), json!({}))
            .await
            .status,
        200
    );
    let refused = lab
        .call_as(key, "ecs", &format!("{ECS}.CreateCluster"), json!({}))
        .await;
    assert_eq!(refused.body["__type"], "AccessDeniedException");
}
