//! A pipeline and what is in AWS for it, for tests of the checks.

use serde_json::json;
use towpath_core::pipeline::Pipeline;
use towpath_core::release::{GoodRelease, Home, ServiceRow};
use towpath_taskdef::image::Digest;

use super::stage::{StageAt, StageState};
use crate::deployer::memory::{PUSHED, home};
use crate::lint::{Format, Linter};

/// A pipeline with one stage, which CodeDeploy rolls out.
pub(crate) fn pipeline() -> Pipeline {
    let text = "
pipeline: shop-api
repository: shop/api
stages:
  - name: production
    cluster: shop
    service: api
    containers: [app]
    engine: { codedeploy: { application: shop, group: production, hook: towpath-lifecycle-hook } }
    checks: [{ name: health, http: { url: 'http://test.shop.example.com/health' } }]
";
    Linter::new().unwrap().lint(text, Format::Yaml).unwrap()
}

/// Its stage, with everything in AWS as it should be. The pipeline and the account live as long as
/// the tests.
pub(crate) fn stage_state() -> StageState<'static> {
    let pipeline: &'static Pipeline = Box::leak(Box::new(pipeline()));
    let home: &'static Home = Box::leak(Box::new(home()));
    let revision = "arn:aws:ecs:eu-west-1:111111111111:task-definition/api:7";
    StageState {
        at: StageAt::new(pipeline, &pipeline.stages[0], home, "towpath"),
        row: ServiceRow::default(),
        service: json!({
            "status": "ACTIVE",
            "taskDefinition": revision,
            "deploymentController": { "type": "CODE_DEPLOY" },
            "loadBalancers": [{ "containerName": "app", "containerPort": 8080,
                "targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/blue/1" }],
        }),
        definition: json!({
            "taskDefinitionArn": revision,
            "networkMode": "awsvpc",
            "executionRoleArn": "arn:aws:iam::111111111111:role/execution",
            "taskRoleArn": "arn:aws:iam::111111111111:role/task",
            "containerDefinitions": [{
                "name": "app",
                "portMappings": [{ "containerPort": 8080 }],
                "secrets": [{ "name": "DATABASE_URL", "valueFrom": "/database-url" }],
                "logConfiguration": { "logDriver": "awslogs", "options": {
                    "awslogs-group": "/ecs/api", "awslogs-region": "eu-west-1" } },
            }],
        }),
    }
}

/// The last good release, which runs as this revision.
pub(crate) fn good_release(revision: u32) -> GoodRelease {
    GoodRelease {
        release: "shop-api-0123456789abcdef".parse().unwrap(),
        digest: Some(Digest::of(b"image")),
        is_from_before: false,
        revision: format!("arn:aws:ecs:eu-west-1:111111111111:task-definition/api:{revision}")
            .parse()
            .unwrap(),
        anew: None,
        at: PUSHED,
    }
}
