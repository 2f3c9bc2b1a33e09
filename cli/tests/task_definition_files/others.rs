//! What people give for a task definition and is something else.

use serde_json::{Value, json};

/// Files that are no task definitions, beside those in the folder.
pub(super) const OTHERS: [(&str, &str); 49] = [
    (
        "arn",
        "arn:aws:ecs:eu-central-1:111111111111:task-definition/web:7\n",
    ),
    ("revision", "web:7"),
    (
        "arn in quotes",
        "\"arn:aws:ecs:eu-central-1:111111111111:task-definition/web:7\"",
    ),
    ("spaces only", " \n\t\n"),
    ("a bom only", "\u{feff}"),
    (
        "error",
        "\nAn error occurred (ClientException) when calling the DescribeTaskDefinition operation: Unable to describe task definition.",
    ),
    ("table", "-----------------\n|  DescribeTaskDefinition  |\n"),
    ("text", "TASKDEFINITION\t256\tweb\t512\tawsvpc\t7\tACTIVE\n"),
    ("page", "<!DOCTYPE html>\n<html><body>502</body></html>"),
    (
        "trailing comma in a list",
        "{\"family\": \"web\", \"containerDefinitions\": [{}, ]}",
    ),
    (
        "comment at an end",
        "{\n  \"family\": \"web\", // the web\n  \"containerDefinitions\": []\n}",
    ),
    ("comment as a block", "/* web */\n{\"family\": \"web\"}"),
    (
        "comment with a hash",
        "{\n  # the web\n  \"family\": \"web\"\n}",
    ),
    (
        "comment after",
        "{\"family\": \"web\", \"containerDefinitions\": []} // end",
    ),
    (
        "cut off",
        "{\"family\": \"web\", \"containerDefinitions\": [{\"name\": \"a",
    ),
    (
        "second value",
        "{\"family\": \"web\", \"containerDefinitions\": []}\n{\"family\": \"web2\"}",
    ),
    (
        "missing comma",
        "{\n  \"family\": \"web\"\n  \"containerDefinitions\": []\n}",
    ),
    ("line break in a text", "{\"family\": \"we\nb\"}"),
    ("typographic quotes", "{“family”: “web”}"),
    ("python", "{'family': 'web', 'essential': True}"),
    ("python words", "{\"family\": \"web\", \"essential\": True}"),
    (
        "jsonnet with local",
        "local image = 'nginx';\n{ family: 'web' }",
    ),
    ("json5", "{family: \"web\", containerDefinitions: []}"),
    ("javascript", "module.exports = {family: 'web'}"),
    (
        "terraform",
        "resource \"aws_ecs_task_definition\" \"web\" {\n  family = \"web\"\n}\n",
    ),
    ("terraform map", "{\n  family = \"web\"\n}"),
    ("terraform reference", "{\"family\": var.family}"),
    (
        "template of jinja",
        "{\"family\": \"web\", \"cpu\": {{ cpu }}}",
    ),
    (
        "template with a condition",
        "{{% if x %}\"family\": \"web\"}",
    ),
    (
        "template of erb",
        "{\"family\": \"web\", \"cpu\": <%= cpu %>}",
    ),
    ("template of make", "{\"family\": \"web\", \"cpu\": $(CPU)}"),
    (
        "template of envsubst",
        "{\"family\": \"web\", \"cpu\": $CPU}",
    ),
    (
        "yaml in flow",
        "---\nfamily: web\ncontainerDefinitions: [{name: app, image: nginx}]\n",
    ),
    ("yaml with a comment", "# the web\nfamily: web\n"),
    (
        "cloudformation in yaml",
        "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  Web:\n    Type: AWS::ECS::TaskDefinition\n",
    ),
    (
        "properties in yaml",
        "Family: web\nContainerDefinitions:\n  - Name: app\n",
    ),
    ("compose", "services:\n  web:\n    image: nginx\n"),
    ("kubernetes", "apiVersion: apps/v1\nkind: Deployment\n"),
    (
        "appspec",
        "version: 0.0\nResources:\n  - TargetService:\n      Type: AWS::ECS::Service\n",
    ),
    ("pipeline", "pipeline: shop\nrepository: shop\nstages: []\n"),
    ("toml", "[web]\nfamily = \"web\"\n"),
    ("tfvars", "family = \"web\"\ncpu = 256\n"),
    ("compose, version 1", "web:\n  image: nginx\n"),
    (
        "compose with extensions",
        "x-common: &common\n  restart: always\nservices:\n  web:\n    <<: *common\n    image: nginx\n",
    ),
    (
        "copilot",
        "name: api\ntype: Backend Service\nimage:\n  build: Dockerfile\n",
    ),
    ("workflow", "on: push\njobs:\n  build:\n    steps: []\n"),
    ("buildspec", "version: 0.2\nphases:\n  build: {}\n"),
    (
        "cloudformation with tags",
        "Resources:\n  Web:\n    Properties:\n      Family: !Ref Name\n",
    ),
    ("not utf-8", ""),
];

/// JSON of something else.
pub(super) fn documents() -> Vec<(&'static str, Value)> {
    let container = json!({"name": "app", "image": "nginx"});
    vec![
        (
            "template",
            json!({"Resources": {"Web": {"Type": "AWS::ECS::TaskDefinition"}}}),
        ),
        (
            "capitals around",
            json!({"TaskDefinition": {"Family": "web"}}),
        ),
        (
            "a function",
            json!({"family": "web", "containerDefinitions": [{"name": "app", "image": {"Fn::Sub": "${Image}"}}]}),
        ),
        (
            "a role by reference",
            json!({"family": "web", "containerDefinitions": [], "taskRoleArn": {"Ref": "Role"}}),
        ),
        ("one container", container.clone()),
        (
            "containers without family",
            json!({"containerDefinitions": [container]}),
        ),
        (
            "terraform's names",
            json!({"family": "web", "container_definitions": "[]"}),
        ),
        (
            "containers as text",
            json!({"family": "web", "containerDefinitions": "[{\"name\":\"app\"}]"}),
        ),
        ("everything as text", json!("{\"family\": \"web\"}")),
        (
            "definitions",
            json!([{"family": "web", "containerDefinitions": []}]),
        ),
        (
            "names",
            json!({"taskDefinitionArns": ["arn:aws:ecs:x:1:task-definition/web:7"]}),
        ),
        (
            "services",
            json!({"services": [{"taskDefinition": "arn:aws:ecs:x:1:task-definition/web:7"}], "failures": []}),
        ),
        (
            "image definitions",
            json!([{"name": "app", "imageUri": "nginx"}]),
        ),
        (
            "dockerrun",
            json!({"AWSEBDockerrunVersion": 2, "containerDefinitions": []}),
        ),
        (
            "an error",
            json!({"__type": "ClientException", "message": "no"}),
        ),
        (
            "an empty skeleton",
            json!({
                "family": "", "taskRoleArn": "", "executionRoleArn": "", "networkMode": "host",
                "containerDefinitions": [{"name": "", "image": "", "cpu": 0, "links": [""]}], "cpu": "", "memory": "",
            }),
        ),
        (
            "properties alone",
            json!({"Properties": {"Family": "web", "ContainerDefinitions": []}}),
        ),
        (
            "a resource without its type",
            json!({"Web": {"Properties": {"Family": "web"}}}),
        ),
        (
            "terraform's state",
            json!({"format_version": "1.0", "values": {"root_module": {}}}),
        ),
        (
            "definitions in an answer",
            json!({"taskDefinitions": [{"family": "web", "containerDefinitions": []}]}),
        ),
        (
            "an answer about task sets",
            json!({"taskSets": [], "failures": []}),
        ),
        (
            "compose as json",
            json!({"name": "shop", "services": {"web": {"image": "nginx"}}}),
        ),
        ("nothing", json!({})),
        ("an empty list", json!([])),
        ("a number", json!(7)),
    ]
}
