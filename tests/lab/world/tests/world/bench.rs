//! The bench that every test works at: a world, a clock, and what it has emitted so far.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use towpath_lab_world::{ApiError, Behaviour, Call, DataPlaneAnswer, Effect, Push, World};

pub(crate) const ACCOUNT: &str = "111111111111";
pub(crate) const REGION: &str = "eu-central-1";
pub(crate) const PRODUCTION: &str =
    "arn:aws:elasticloadbalancing:eu-central-1:111111111111:listener/app/shop/1111/prod";
pub(crate) const TEST: &str =
    "arn:aws:elasticloadbalancing:eu-central-1:111111111111:listener/app/shop/1111/test";
const BLUE: &str = "arn:aws:elasticloadbalancing:eu-central-1:111111111111:targetgroup/blue/aaaa";
pub(crate) const GREEN: &str =
    "arn:aws:elasticloadbalancing:eu-central-1:111111111111:targetgroup/green/bbbb";

pub(crate) struct Bench {
    pub(crate) world: World,
    pub(crate) now: Timestamp,
    pub(crate) events: Vec<Value>,
    /// Function and payload of each invocation.
    pub(crate) invocations: Vec<(String, Value)>,
    pub(crate) tokens: Vec<u64>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let now: Timestamp = "2026-11-23T09:00:00Z".parse().expect("a valid time");
        Self {
            world: World::new(7, now),
            now,
            events: Vec::new(),
            invocations: Vec::new(),
            tokens: Vec::new(),
        }
    }

    /// A world with a cluster, a repository and one good image `v1`.
    pub(crate) fn with_image() -> Self {
        let mut bench = Self::new();
        bench.ecs("CreateCluster", json!({"clusterName": "shop"}));
        bench.ecr("CreateRepository", json!({"repositoryName": "shop-api"}));
        bench.push("v1", Behaviour::Healthy);
        bench
    }

    pub(crate) fn attempt(
        &mut self,
        service: &str,
        operation: &str,
        input: &Value,
    ) -> Result<Value, ApiError> {
        assert!(
            World::handles(service, operation),
            "{service} {operation} is not handled"
        );
        let call = Call {
            account: ACCOUNT,
            region: REGION,
            principal: "root",
            service,
            operation,
            input,
        };
        let answer = self.world.call(&call, self.now);
        self.collect();
        answer
    }

    pub(crate) fn ecs(&mut self, operation: &str, input: Value) -> Value {
        self.attempt("ecs", operation, &input)
            .unwrap_or_else(|error| panic!("{operation}: {error}"))
    }

    pub(crate) fn ecr(&mut self, operation: &str, input: Value) -> Value {
        self.attempt("ecr", operation, &input)
            .unwrap_or_else(|error| panic!("{operation}: {error}"))
    }

    pub(crate) fn codedeploy(&mut self, operation: &str, input: Value) -> Value {
        self.attempt("codedeploy", operation, &input)
            .unwrap_or_else(|error| panic!("{operation}: {error}"))
    }

    pub(crate) fn autoscaling(&mut self, operation: &str, input: Value) -> Value {
        self.attempt("application-autoscaling", operation, &input)
            .unwrap_or_else(|error| panic!("{operation}: {error}"))
    }

    /// The code of the error that a call must be answered with.
    pub(crate) fn refused(&mut self, service: &str, operation: &str, input: Value) -> String {
        match self.attempt(service, operation, &input) {
            Ok(answer) => panic!("{operation} should have been refused, but: {answer}"),
            Err(error) => error.code,
        }
    }

    pub(crate) fn push(&mut self, tag: &str, behaviour: Behaviour) -> String {
        let push = Push {
            repository: "shop-api".to_owned(),
            tag: Some(tag.to_owned()),
            behaviour,
            ..Push::default()
        };
        let digest = self
            .world
            .push(ACCOUNT, REGION, &push, self.now)
            .expect("the push is taken");
        self.collect();
        digest
    }

    /// Lets time pass.
    pub(crate) fn pass(&mut self, seconds: i64) {
        self.now = self
            .now
            .checked_add(SignedDuration::from_secs(seconds))
            .expect("time goes on");
        self.world.advance(self.now);
        self.collect();
    }

    /// Lets time pass from one due moment to the next, until a condition holds; fails when nothing
    /// is due any more or `limit` seconds have passed.
    pub(crate) fn until(&mut self, limit: i64, what: &str, done: impl Fn(&mut Self) -> bool) {
        let end = self
            .now
            .checked_add(SignedDuration::from_secs(limit))
            .expect("time goes on");
        while !done(self) {
            let due = self
                .world
                .next_due()
                .unwrap_or_else(|| panic!("nothing is due, yet not: {what}"));
            assert!(due <= end, "not within {limit} s: {what}");
            self.now = self.now.max(due);
            self.world.advance(self.now);
            self.collect();
        }
    }

    pub(crate) fn collect(&mut self) {
        for effect in self.world.take_effects() {
            match effect {
                Effect::Emit(event) => self.events.push(event),
                Effect::Invoke {
                    function,
                    payload,
                    token,
                    ..
                } => {
                    self.invocations.push((function, payload));
                    self.tokens.extend(token);
                }
            }
        }
    }

    /// One detail member of all events of a type, in order.
    pub(crate) fn details(&self, detail_type: &str, member: &str) -> Vec<String> {
        self.events
            .iter()
            .filter(|event| event["detail-type"] == detail_type)
            .map(|event| {
                event["detail"][member]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect()
    }

    pub(crate) fn image(tag: &str) -> String {
        format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/shop-api:{tag}")
    }

    /// Registers a revision of `shop-api` that runs this tag; answers with its ARN.
    pub(crate) fn register(&mut self, tag: &str) -> String {
        let answer = self.ecs(
            "RegisterTaskDefinition",
            json!({
                "family": "shop-api",
                "networkMode": "awsvpc",
                "requiresCompatibilities": ["FARGATE"],
                "cpu": "256",
                "memory": "512",
                "containerDefinitions": [{
                    "name": "app",
                    "image": Self::image(tag),
                    "portMappings": [{"containerPort": 8080}],
                }],
            }),
        );
        text(&answer["taskDefinition"]["taskDefinitionArn"])
    }

    /// A service in front of which the production listener stands.
    pub(crate) fn service(
        &mut self,
        controller: &str,
        desired: u64,
        configuration: Value,
    ) -> Value {
        let definition = self.register("v1");
        let answer = self.ecs(
            "CreateService",
            json!({
                "cluster": "shop",
                "serviceName": "api",
                "taskDefinition": definition,
                "desiredCount": desired,
                "launchType": "FARGATE",
                "deploymentController": {"type": controller},
                "deploymentConfiguration": configuration,
                "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}},
                "loadBalancers": [{"targetGroupArn": BLUE, "containerName": "app", "containerPort": 8080}],
            }),
        );
        self.world.forward(PRODUCTION, &[(BLUE.to_owned(), 1.0)]);
        self.pass(60);
        answer["service"].clone()
    }

    /// A service of two tasks that ECS shifts itself, with a production and a test rule.
    pub(crate) fn native_service(&mut self, configuration: Value) {
        let definition = self.register("v1");
        let rule = |listener: &str| {
            format!(
                "{}/rule1",
                listener.replace(":listener/", ":listener-rule/")
            )
        };
        self.ecs(
            "CreateService",
            json!({
                "cluster": "shop",
                "serviceName": "api",
                "taskDefinition": definition,
                "desiredCount": 2,
                "launchType": "FARGATE",
                "deploymentConfiguration": configuration,
                "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}},
                "loadBalancers": [{
                    "targetGroupArn": BLUE, "containerName": "app", "containerPort": 8080,
                    "advancedConfiguration": {
                        "alternateTargetGroupArn": GREEN,
                        "productionListenerRule": rule(PRODUCTION),
                        "testListenerRule": rule(TEST),
                        "roleArn": "arn:aws:iam::111111111111:role/ecs-elb",
                    },
                }],
            }),
        );
        self.pass(60);
    }

    pub(crate) fn answer(&mut self, token: u64, answer: Result<Value, String>) {
        self.world.function_answered(token, answer, self.now);
        self.collect();
    }

    pub(crate) fn describe(&mut self) -> Value {
        self.ecs(
            "DescribeServices",
            json!({"cluster": "shop", "services": ["api"]}),
        )["services"][0]
            .clone()
    }

    pub(crate) fn get(&mut self, listener: &str) -> DataPlaneAnswer {
        self.world.request(listener, "/health", self.now)
    }

    /// How many of ten requests to production are answered by this digest.
    pub(crate) fn share(&mut self, digest: &str) -> usize {
        (0..10)
            .filter(|_| self.get(PRODUCTION).body.contains(digest))
            .count()
    }
}

pub(crate) fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}

pub(crate) fn pairs(given: &[(&str, &str)]) -> Vec<(String, String)> {
    given
        .iter()
        .map(|(one, other)| ((*one).to_owned(), (*other).to_owned()))
        .collect()
}
