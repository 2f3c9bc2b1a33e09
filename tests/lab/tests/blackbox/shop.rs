//! A shop to deploy: a cluster, a repository with an image, a load balancer with two target groups
//! and two listeners.

use serde_json::{Value, json};

use crate::harness::{Lab, send};

pub(crate) const ECR: &str = "AmazonEC2ContainerRegistry_V20150921";
pub(crate) const ECS: &str = "AmazonEC2ContainerServiceV20141113";
const ROOT: &str = "AKIAROOT";

/// What was set up.
pub(crate) struct Shop {
    pub(crate) subnet: String,
    pub(crate) groups: Vec<String>,
    /// Production and test.
    pub(crate) listeners: Vec<String>,
    pub(crate) first: Value,
    pub(crate) definition: String,
}

/// Sets it up in moto and in the simulated services.
pub(crate) async fn open(lab: &Lab) -> Shop {
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
    Shop {
        subnet,
        groups,
        listeners,
        first,
        definition,
    }
}

/// The address of a listener's loopback port.
pub(crate) async fn url(lab: &Lab, arn: &str) -> String {
    let ports = lab.look("listeners").await;
    let mut all = ports["listeners"].as_array().expect("a list").iter();
    let open = all
        .find(|listener| listener["arn"] == arn)
        .expect("an open listener");
    format!("{}/health", open["url"].as_str().expect("a URL"))
}

/// The image that answers there.
pub(crate) async fn image(lab: &Lab, url: &str) -> Value {
    let answer = send(lab.client.get(url)).await.expect("an answer");
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["image"].clone()
}

/// Calls that have to succeed.
impl Lab {
    pub(crate) async fn ok(&self, service: &str, target: String, input: Value) -> Value {
        let answer = self.call(service, &target, input).await;
        assert_eq!(answer.status, 200, "{target}: {answer:?}");
        answer.body
    }

    /// A query call; the text of the first element with the given name.
    pub(crate) async fn element(
        &self,
        service: &str,
        name: &str,
        parameters: &[(&str, &str)],
    ) -> String {
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

    pub(crate) async fn register(&self, digest: &Value) -> String {
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
