//! What calls need to be allowed, by the Service Authorization Reference.

use serde_json::{Value, json};

use super::needs;
use crate::gateway::parse::{Protocol, Request};

fn request(service: &str, operation: &str, input: Value) -> Request {
    Request {
        access_key: String::new(),
        account: "1".to_owned(),
        region: "eu".to_owned(),
        service: service.to_owned(),
        operation: operation.to_owned(),
        protocol: Protocol::Json("1.1"),
        input,
    }
}

fn of(service: &str, operation: &str, input: Value) -> Vec<(String, String)> {
    needs(&request(service, operation, input))
        .into_iter()
        .map(|need| (need.action, need.resource))
        .collect()
}

/// The actions that a call of DynamoDB is made of, each with the partition keys that it names.
fn leading_keys(operation: &str, input: Value) -> Vec<(String, Vec<String>)> {
    needs(&request("dynamodb", operation, input))
        .into_iter()
        .map(|need| {
            let keys = need.context.get("dynamodb:leadingkeys");
            (need.action, keys.cloned().unwrap_or_default())
        })
        .collect()
}

#[test]
fn every_call_of_dynamodb_says_which_partition_keys_it_names() {
    let key = |key: &str| json!({"pk": {"S": key}, "sk": {"S": "s"}});
    let query = |condition: &str| {
        json!({"TableName": "t", "KeyConditionExpression": condition,
            "ExpressionAttributeNames": {"#p": "pk", "#o": "open"},
            "ExpressionAttributeValues": {":a": {"S": "a"}, ":b": {"S": "b"}}})
    };
    let mut of_index = query("#o = :b");
    of_index["IndexName"] = json!("open");
    let transaction = json!({"TransactItems": [
        {"Put": {"TableName": "t", "Item": key("a")}},
        {"Update": {"TableName": "t", "Key": key("b")}},
        {"Delete": {"TableName": "t", "Key": key("c")}},
        {"ConditionCheck": {"TableName": "t", "Key": key("d")}},
        {"Put": {"TableName": "t", "Item": key("e")}},
        {"Put": {"TableName": "t", "Item": key("a")}},
    ]});
    let reads = json!({"RequestItems": {"t": {"Keys": [key("a"), key("b")]}}});
    let writes = json!({"RequestItems": {"t": [
        {"PutRequest": {"Item": key("a")}}, {"DeleteRequest": {"Key": key("b")}},
    ]}});
    for (operation, input, expected) in [
        (
            "GetItem",
            json!({"TableName": "t", "Key": key("a")}),
            vec![("GetItem", vec!["a"])],
        ),
        (
            "PutItem",
            json!({"TableName": "t", "Item": key("a")}),
            vec![("PutItem", vec!["a"])],
        ),
        (
            "UpdateItem",
            json!({"TableName": "t", "Key": key("a")}),
            vec![("UpdateItem", vec!["a"])],
        ),
        (
            "DeleteItem",
            json!({"TableName": "t", "Key": key("a")}),
            vec![("DeleteItem", vec!["a"])],
        ),
        (
            "Query",
            query("pk = :a AND begins_with(sk, :b)"),
            vec![("Query", vec!["a"])],
        ),
        (
            "Query",
            query("sk = :b AND #p = :a"),
            vec![("Query", vec!["a"])],
        ),
        ("Query", query("pk = :nothing"), vec![("Query", vec!["?"])]),
        ("Query", of_index, vec![("Query", vec!["b"])]),
        (
            "BatchGetItem",
            reads,
            vec![("BatchGetItem", vec!["a", "b"])],
        ),
        (
            "BatchWriteItem",
            writes,
            vec![("BatchWriteItem", vec!["a", "b"])],
        ),
        (
            "PutItem",
            json!({"TableName": "t", "Item": {}}),
            vec![("PutItem", vec!["?"])],
        ),
        (
            "TransactWriteItems",
            transaction,
            vec![
                ("PutItem", vec!["a"]),
                ("UpdateItem", vec!["b"]),
                ("DeleteItem", vec!["c"]),
                ("ConditionCheckItem", vec!["d"]),
                ("PutItem", vec!["e"]),
                ("PutItem", vec!["a"]),
                ("PutItem", vec!["a", "e"]),
            ],
        ),
    ] {
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(action, keys)| {
                let keys = keys.into_iter().map(str::to_owned).collect();
                (format!("dynamodb:{action}"), keys)
            })
            .collect();
        assert_eq!(leading_keys(operation, input), expected, "{operation}");
    }
}

#[test]
fn each_call_needs_its_action_on_its_resource() {
    for (service, operation, input, action, resource) in [
        (
            "ecs",
            "UpdateService",
            json!({"cluster": "prod", "service": "shop"}),
            "ecs:UpdateService",
            "arn:aws:ecs:eu:1:service/prod/shop",
        ),
        (
            "ecs",
            "UpdateService",
            json!({"service": "arn:aws:ecs:eu:1:service/prod/shop"}),
            "ecs:UpdateService",
            "arn:aws:ecs:eu:1:service/prod/shop",
        ),
        (
            "ecs",
            "RegisterTaskDefinition",
            json!({"family": "shop"}),
            "ecs:RegisterTaskDefinition",
            "arn:aws:ecs:eu:1:task-definition/shop:*",
        ),
        (
            "ecs",
            "DescribeTaskDefinition",
            json!({"taskDefinition": "shop"}),
            "ecs:DescribeTaskDefinition",
            "*",
        ),
        (
            "ecs",
            "ListTasks",
            json!({"cluster": "prod"}),
            "ecs:ListTasks",
            "*",
        ),
        (
            "codedeploy",
            "ListDeployments",
            json!({"applicationName": "a", "deploymentGroupName": "g"}),
            "codedeploy:ListDeployments",
            "arn:aws:codedeploy:eu:1:deploymentgroup:a/g",
        ),
        (
            "ecr",
            "DescribeImages",
            json!({"repositoryName": "r", "registryId": "2"}),
            "ecr:DescribeImages",
            "arn:aws:ecr:eu:2:repository/r",
        ),
        (
            "ssm",
            "GetParametersByPath",
            json!({"Path": "/a/b/"}),
            "ssm:GetParametersByPath",
            "arn:aws:ssm:eu:1:parameter/a/b",
        ),
        (
            "sns",
            "Publish",
            json!({"TopicArn": "arn:aws:sns:eu:1:t"}),
            "sns:Publish",
            "arn:aws:sns:eu:1:t",
        ),
        (
            "sqs",
            "SendMessage",
            json!({"QueueUrl": "http://x/1/q"}),
            "sqs:SendMessage",
            "arn:aws:sqs:eu:1:q",
        ),
        (
            "lambda",
            "Invoke",
            json!({"FunctionName": "f:live"}),
            "lambda:InvokeFunction",
            "arn:aws:lambda:eu:1:function:f",
        ),
        (
            "monitoring",
            "DescribeAlarms",
            json!({"AlarmNames": ["a"]}),
            "cloudwatch:DescribeAlarms",
            "arn:aws:cloudwatch:eu:1:alarm:a",
        ),
        (
            "events",
            "PutEvents",
            json!({"Entries": [{}, {}]}),
            "events:PutEvents",
            "arn:aws:events:eu:1:event-bus/default",
        ),
        (
            "sts",
            "AssumeRole",
            json!({"RoleArn": "arn:aws:iam::2:role/x"}),
            "sts:AssumeRole",
            "arn:aws:iam::2:role/x",
        ),
        (
            "application-autoscaling",
            "DescribeScalableTargets",
            json!({}),
            "application-autoscaling:DescribeScalableTargets",
            "*",
        ),
        (
            "dynamodb",
            "Query",
            json!({"TableName": "t", "IndexName": "i"}),
            "dynamodb:Query",
            "arn:aws:dynamodb:eu:1:table/t/index/i",
        ),
    ] {
        let expected = vec![(action.to_owned(), resource.to_owned())];
        assert_eq!(
            of(service, operation, input),
            expected,
            "{service}:{operation}"
        );
    }
}

#[test]
fn a_transaction_needs_the_actions_it_is_made_of() {
    let input = json!({"TransactItems": [
        {"Put": {"TableName": "t", "Item": {"pk": {"S": "a"}}}},
        {"ConditionCheck": {"TableName": "u", "Key": {"pk": {"S": "b"}}}},
    ]});
    assert_eq!(
        of("dynamodb", "TransactWriteItems", input),
        [
            (
                "dynamodb:PutItem".to_owned(),
                "arn:aws:dynamodb:eu:1:table/t".to_owned()
            ),
            (
                "dynamodb:ConditionCheckItem".to_owned(),
                "arn:aws:dynamodb:eu:1:table/u".to_owned()
            ),
        ]
    );
}

#[test]
fn several_services_are_several_needs() {
    let input = json!({"cluster": "c", "services": ["a", "b"]});
    let resources: Vec<String> = of("ecs", "DescribeServices", input)
        .into_iter()
        .map(|need| need.1)
        .collect();
    assert_eq!(
        resources,
        [
            "arn:aws:ecs:eu:1:service/c/a",
            "arn:aws:ecs:eu:1:service/c/b"
        ]
    );
}

#[test]
fn creating_a_deployment_reads_its_configuration_and_registers_its_revision() {
    let input = json!({
        "applicationName": "a", "deploymentGroupName": "g", "deploymentConfigName": "c", "revision": {},
    });
    let needed = of("codedeploy", "CreateDeployment", input);
    let expected = [
        ("codedeploy:CreateDeployment", "deploymentgroup:a/g"),
        ("codedeploy:GetDeploymentConfig", "deploymentconfig:c"),
        ("codedeploy:RegisterApplicationRevision", "application:a"),
    ];
    let expected = expected.map(|(action, resource)| {
        (
            action.to_owned(),
            format!("arn:aws:codedeploy:eu:1:{resource}"),
        )
    });
    assert_eq!(needed, expected);
    assert_eq!(of("sts", "GetCallerIdentity", json!({})), []);
}
