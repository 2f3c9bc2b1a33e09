//! One blue/green deployment through all of it: load balancer in moto, service and deployment in
//! the simulated services, a hook in a real process, requests through real ports.

use serde_json::{Value, json};

use crate::harness::{Lab, send};

const ECR: &str = "AmazonEC2ContainerRegistry_V20150921";
const ECS: &str = "AmazonEC2ContainerServiceV20141113";
const CODEDEPLOY: &str = "CodeDeploy_20141006";
const ROOT: &str = "AKIAROOT";

/// Calls that have to succeed.
impl Lab {
    async fn ok(&self, service: &str, target: String, input: Value) -> Value {
        let answer = self.call(service, &target, input).await;
        assert_eq!(answer.status, 200, "{target}: {answer:?}");
        answer.body
    }

    /// A query call; the text of the first element with the given name.
    async fn element(&self, service: &str, name: &str, parameters: &[(&str, &str)]) -> String {
        let answer = self.query(ROOT, service, parameters).await;
        assert_eq!(answer.status, 200, "{parameters:?}: {answer:?}");
        let xml = answer.body.as_str().expect("XML").to_owned();
        let found = xml
            .split_once(&format!("<{name}>"))
            .and_then(|(_, rest)| rest.split_once('<'));
        found
            .unwrap_or_else(|| panic!("no {name} in {xml}"))
            .0
            .to_owned()
    }

    async fn register(&self, digest: &Value) -> String {
        let registry = "111111111111.dkr.ecr.eu-central-1.amazonaws.com";
        let image = format!("{registry}/shop-api@{}", digest.as_str().expect("a digest"));
        let definition = json!({
            "family": "shop", "networkMode": "awsvpc", "cpu": "256", "memory": "512",
            "requiresCompatibilities": ["FARGATE"],
            "executionRoleArn": "arn:aws:iam::111111111111:role/task-execution",
            "containerDefinitions": [{"name": "app", "image": image, "portMappings": [{"containerPort": 8080}]}],
        });
        let registered = self
            .ok("ecs", format!("{ECS}.RegisterTaskDefinition"), definition)
            .await;
        registered["taskDefinition"]["taskDefinitionArn"]
            .as_str()
            .expect("an ARN")
            .to_owned()
    }
}

#[tokio::test]
async fn a_blue_green_deployment_goes_through_all_parts() {
    let lab = Lab::start();

    // Given a service behind a load balancer with a production and a test listener.
    let vpc = lab
        .element(
            "ec2",
            "vpcId",
            &[("Action", "DescribeVpcs"), ("Version", "2016-11-15")],
        )
        .await;
    let subnet = lab
        .element(
            "ec2",
            "subnetId",
            &[("Action", "DescribeSubnets"), ("Version", "2016-11-15")],
        )
        .await;
    let elb = [("Version", "2015-12-01")];
    let balancer = [
        ("Action", "CreateLoadBalancer"),
        elb[0],
        ("Name", "shop"),
        ("Subnets.member.1", &subnet),
    ];
    let balancer = lab
        .element("elasticloadbalancing", "LoadBalancerArn", &balancer)
        .await;
    let mut groups = Vec::new();
    for name in ["blue", "green"] {
        let group = [
            ("Action", "CreateTargetGroup"),
            elb[0],
            ("Name", name),
            ("Protocol", "HTTP"),
            ("Port", "8080"),
            ("VpcId", &vpc),
            ("TargetType", "ip"),
        ];
        groups.push(
            lab.element("elasticloadbalancing", "TargetGroupArn", &group)
                .await,
        );
    }
    let mut listeners = Vec::new();
    for port in ["80", "81"] {
        let listener = [
            ("Action", "CreateListener"),
            elb[0],
            ("LoadBalancerArn", &balancer),
            ("Protocol", "HTTP"),
            ("Port", port),
            ("DefaultActions.member.1.Type", "forward"),
            ("DefaultActions.member.1.TargetGroupArn", &groups[0]),
        ];
        listeners.push(
            lab.element("elasticloadbalancing", "ListenerArn", &listener)
                .await,
        );
    }
    lab.ok(
        "ecr",
        format!("{ECR}.CreateRepository"),
        json!({"repositoryName": "shop-api"}),
    )
    .await;
    let first = lab
        .tell("push", json!({"repository": "shop-api", "tag": "aaaaaaa"}))
        .await["digest"]
        .clone();
    let definition = lab.register(&first).await;
    lab.ok(
        "ecs",
        format!("{ECS}.CreateCluster"),
        json!({"clusterName": "staging"}),
    )
    .await;
    lab.ok("ecs", format!("{ECS}.CreateService"), json!({
        "cluster": "staging", "serviceName": "shop", "taskDefinition": definition, "desiredCount": 2,
        "launchType": "FARGATE", "deploymentController": {"type": "CODE_DEPLOY"},
        "loadBalancers": [{"targetGroupArn": groups[0], "containerName": "app", "containerPort": 8080}],
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": [subnet]}},
    })).await;
    lab.ok(
        "codedeploy",
        format!("{CODEDEPLOY}.CreateApplication"),
        json!({"applicationName": "shop", "computePlatform": "ECS"}),
    )
    .await;
    lab.ok("codedeploy", format!("{CODEDEPLOY}.CreateDeploymentGroup"), json!({
        "applicationName": "shop", "deploymentGroupName": "staging",
        "serviceRoleArn": "arn:aws:iam::111111111111:role/codedeploy",
        "deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce",
        "ecsServices": [{"clusterName": "staging", "serviceName": "shop"}],
        "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        "blueGreenDeploymentConfiguration": {
            "deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT"},
            "terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE", "terminationWaitTimeInMinutes": 5},
        },
        "loadBalancerInfo": {"targetGroupPairInfoList": [{
            "targetGroups": [{"name": "blue"}, {"name": "green"}],
            "prodTrafficRoute": {"listenerArns": [listeners[0]]},
            "testTrafficRoute": {"listenerArns": [listeners[1]]},
        }]},
    })).await;
    lab.advance(300).await;
    let ports = lab.look("listeners").await;
    let url = |arn: &str| {
        let mut all = ports["listeners"].as_array().expect("a list").iter();
        let open = all
            .find(|listener| listener["arn"] == arn)
            .expect("an open listener");
        format!("{}/health", open["url"].as_str().expect("a URL"))
    };
    let (production, test) = (url(&listeners[0]), url(&listeners[1]));
    let image = async |url: &str| {
        let answer = send(lab.client.get(url)).await.expect("an answer");
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body["image"].clone()
    };
    assert_eq!(image(&production).await, first);

    // When another image is deployed, with a hook that looks at green.
    let second = lab
        .tell("push", json!({"repository": "shop-api", "tag": "bbbbbbb"}))
        .await["digest"]
        .clone();
    let definition = lab.register(&second).await;
    let specification = json!({
        "version": 0.0,
        "Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": {
            "TaskDefinition": definition, "LoadBalancerInfo": {"ContainerName": "app", "ContainerPort": 8080},
        }}}],
        "Hooks": [{"AfterAllowTestTraffic": "lab-echo"}],
    });
    let created = lab.ok("codedeploy", format!("{CODEDEPLOY}.CreateDeployment"), json!({
        "applicationName": "shop", "deploymentGroupName": "staging",
        "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": specification.to_string()}},
    })).await;
    let id = created["deploymentId"].clone();
    let hooked = |lab: &Lab| {
        lab.received("lab-echo")
            .iter()
            .any(|event| event["DeploymentId"] == id)
    };
    while !hooked(&lab) {
        assert_eq!(
            image(&production).await,
            first,
            "production stays while green starts"
        );
        lab.tell("clock/next", Value::Null).await;
    }

    // Then green was seen at the test listener before production, and production follows.
    assert_eq!(image(&test).await, second);
    lab.advance(600).await;
    assert_eq!(image(&production).await, second);
    let deployment = lab
        .ok(
            "codedeploy",
            format!("{CODEDEPLOY}.GetDeployment"),
            json!({"deploymentId": id}),
        )
        .await;
    assert_eq!(deployment["deploymentInfo"]["status"], "Succeeded");
    let events = lab.look("events").await;
    let states: Vec<_> = events["events"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|published| published["event"]["detail"]["deploymentId"] == id)
        .filter_map(|published| published["event"]["detail"]["state"].as_str())
        .collect();
    assert_eq!(
        (states.first(), states.last()),
        (Some(&"START"), Some(&"SUCCESS"))
    );
    assert!(
        lab.look("overview")
            .await
            .to_string()
            .contains(second.as_str().expect("a digest"))
    );
}
