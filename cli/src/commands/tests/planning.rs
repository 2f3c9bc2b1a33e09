//! `towpath plan`, against a service in memory.

use serde_json::json;
use towpath_core::names::{Fingerprint, TaskDefinitionArn};
use towpath_core::release::{
    BaseRevision, Block, Plan, Principal, Remark, ScalableTarget, ScalingState, ServiceRow,
};
use towpath_deployer::ports::ImageDetail;
use towpath_taskdef::TaskDefinition;

use super::*;

const DIGEST: &str = "sha256:7f5b2640fe6fb4f46592dfd3410c4a79dac4f89e4782432e0378abcd12345678";

/// A deployer whose shop runs an older image.
fn shop() -> Memory {
    let mut deployer = Memory::new();
    deployer.keep(SHOP);
    let current: TaskDefinitionArn = "arn:aws:ecs:eu-west-1:111111111111:task-definition/shop:7"
        .parse()
        .unwrap();
    let running = TaskDefinition::from_register(json!({
        "family": "shop",
        "containerDefinitions": [
            { "name": "app", "image": "example/shop@sha256:0000000000000000000000000000000000000000000000000000000000000000" },
            { "name": "migrations", "image": "example/shop@sha256:0000000000000000000000000000000000000000000000000000000000000000" },
        ],
    }));
    let plan = Plan {
        base: BaseRevision::Revision(current.clone()),
        previous: current,
        spec: Fingerprint::of("rendered"),
        reuse: None,
        images: Vec::new(),
        platforms: Default::default(),
        desired_count: 2,
        scaling: Some(ScalableTarget {
            state: ScalingState::default(),
            least: 1,
            most: 4,
        }),
        target: None,
        paced_minutes: 0,
        ready_minutes: None,
        remarks: Vec::new(),
        cannot_roll_back: None,
        drift: None,
        veto: None,
        unknown_fields: vec!["/newField".into()],
        service: ServiceRow::default(),
    };
    deployer.preview = Some((running.unwrap(), plan));
    let image = ImageDetail {
        digest: DIGEST.parse().unwrap(),
        tags: vec!["3f2c1ab".parse().unwrap()],
        pushed_at: jiff::Timestamp::UNIX_EPOCH,
    };
    deployer.images.insert("3f2c1ab".parse().unwrap(), image);
    deployer
}

#[test]
fn plan_shows_what_changes_who_is_asked_and_what_is_suspended() {
    let deployer = shop();
    let text = no(
        &deployer,
        &[
            "plan",
            "shop-api",
            "--stage",
            "production",
            "--image",
            "3f2c1ab",
        ],
    );
    insta::assert_snapshot!(text);
    let report = json(&no(
        &deployer,
        &[
            "plan",
            "shop-api",
            "--stage",
            "production",
            "--image",
            "shop/api:3f2c1ab",
            "--output",
            "json",
        ],
    ));
    assert_eq!(report["engine"], "codedeploy");
    assert_eq!(report["same"], false);
    assert_eq!(report["suspends_auto_scaling"], true);
    assert_eq!(report["approval"]["required"], 2);
    assert_eq!(report["approval"]["when"], "before_rollout");
}

#[test]
fn plan_does_not_take_what_is_being_rolled_out_for_what_runs() {
    let mut deployer = shop();
    let traffic = SHOP.replace("required: 2", "required: 2\n      when: before_traffic");
    deployer.keep(&traffic);
    let rolling: ReleaseId = "shop-api-0123456789abcdef".parse().unwrap();
    let served = "arn:aws:ecs:eu-west-1:111111111111:task-definition/shop:6";
    if let Some((_, plan)) = &mut deployer.preview {
        plan.reuse = Some(plan.previous.clone());
        plan.service.owner = Some(rolling.clone());
        plan.service.baseline = Some(served.parse().unwrap());
    }
    let plan = [
        "plan",
        "shop-api",
        "--stage",
        "production",
        "--image",
        "3f2c1ab",
    ];
    let text = yes(&deployer, &plan);
    for said in [
        &format!("task-definition/shop:7, by {rolling}: {served} may still have the traffic"),
        "would run     what is being rolled out",
        "when green is verified and traffic is about to move (before_traffic)",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(!text.contains("runs now      "), "{text}");
    // Before anything has started the service shows what serves.
    if let Some((_, plan)) = &mut deployer.preview {
        plan.previous = served.parse().unwrap();
    }
    assert!(no(&deployer, &plan).contains(&format!("runs now      {served}")));
}

#[test]
fn plan_says_what_should_be_known_of_the_service() {
    let mut deployer = shop();
    if let Some((_, plan)) = &mut deployer.preview {
        plan.remarks = vec![Remark::Headless];
    }
    let text = no(
        &deployer,
        &["plan", "shop-api", "--stage", "test", "--image", "3f2c1ab"],
    );
    assert!(
        text.contains("know that     ECS shifts no traffic"),
        "{text}"
    );
}

#[test]
fn plan_says_that_the_image_is_vetoed() {
    let mut deployer = shop();
    let plan = ["plan", "shop-api", "--stage", "test", "--image", "3f2c1ab"];
    assert!(!no(&deployer, &plan).contains("vetoed"));
    if let Some((_, plan)) = &mut deployer.preview {
        plan.veto = Some(Block::veto(Principal::Aws("ada".into()), "it loses orders"));
    }
    let text = never(&deployer, &plan);
    assert!(
        text.contains("vetoed        ada vetoed the image: it loses orders"),
        "{text}"
    );
}

#[test]
fn plan_says_when_nothing_would_be_deployed() {
    let mut deployer = shop();
    if let Some((_, plan)) = &mut deployer.preview {
        plan.reuse = Some(plan.previous.clone());
    }
    let text = yes(
        &deployer,
        &["plan", "shop-api", "--stage", "test", "--image", "3f2c1ab"],
    );
    assert!(text.contains("the same: nothing is deployed"), "{text}");
}

#[test]
fn plan_names_what_is_wrong_and_the_way_out() {
    let deployer = shop();
    let failure = |arguments: &[&str]| towpath(&deployer, arguments).0.unwrap_err();
    let said = failure(&["plan", "shop-api", "--stage", "prod", "--image", "3f2c1ab"]);
    assert_eq!(
        said,
        "pipeline `shop-api` has no stage `prod`; it has test, staging, production"
    );
    let said = failure(&["plan", "shop-api", "--stage", "test", "--image", "abcdef0"]);
    assert!(
        said.contains("has no image `abcdef0`: push it, or add its digest"),
        "{said}"
    );
    // What is refused anyway is not to be pushed.
    for (tag, said) in [
        (
            "latest",
            "and a push of it would be refused: `latest` names",
        ),
        (
            "main",
            "and a push of it would be ignored: it is not a commit",
        ),
    ] {
        let error = failure(&["plan", "shop-api", "--stage", "test", "--image", tag]);
        assert!(error.contains(said), "{error}");
    }
    let own = "111111111111.dkr.ecr.eu-west-1.amazonaws.com";
    for foreign in [
        "other/api",
        "other/shop/api",
        "shop/api.evil.example",
        "222222222222.dkr.ecr.eu-west-1.amazonaws.com/shop/api",
        "111111111111.dkr.ecr.us-east-1.amazonaws.com/shop/api",
        "docker.io/shop/api",
    ] {
        let image = format!("{foreign}:3f2c1ab");
        let said = failure(&["plan", "shop-api", "--stage", "test", "--image", &image]);
        assert_eq!(
            said,
            format!("the pipeline takes images of {own}/shop/api, not of {image}")
        );
    }
    let said = failure(&["plan", "other", "--stage", "test", "--image", "3f2c1ab"]);
    assert!(said.starts_with("there is no pipeline `other`"), "{said}");
}

#[test]
fn plan_takes_an_image_by_its_tag_or_by_its_name_in_the_pipelines_registry() {
    let deployer = shop();
    for name in [
        "",
        "shop/api:",
        "111111111111.dkr.ecr.eu-west-1.amazonaws.com/shop/api:",
        "111111111111.dkr-ecr.eu-west-1.on.aws/shop/api:",
    ] {
        let image = format!("{name}3f2c1ab");
        let text = no(
            &deployer,
            &["plan", "shop-api", "--stage", "test", "--image", &image],
        );
        assert!(
            text.contains("111111111111.dkr.ecr.eu-west-1.amazonaws.com/shop/api@"),
            "{text}"
        );
    }
}

#[test]
fn an_image_that_was_not_pushed_yet_is_planned_by_its_digest() {
    let deployer = shop();
    let image = format!("abcdef0@{DIGEST}");
    let text = no(
        &deployer,
        &["plan", "shop-api", "--stage", "test", "--image", &image],
    );
    assert!(text.contains(DIGEST), "{text}");
}

#[test]
fn plan_says_that_a_tag_would_be_ignored() {
    let deployer = shop();
    let image = format!("pr-12@{DIGEST}");
    let text = never(
        &deployer,
        &["plan", "shop-api", "--stage", "test", "--image", &image],
    );
    assert!(
        text.contains("a push would be ignored: it is not a commit hash"),
        "{text}"
    );
}
