//! What is found in AWS, and what is said of what is not.

use super::*;
use crate::deployer::memory::Memory;
use crate::deployer::memory::Replies;
use crate::init::stage;

fn wish() -> Wish {
    Wish {
        registry: None,
        pipeline: "shop-api".parse().unwrap(),
        repository: "shop/api".parse().unwrap(),
        slack: None,
        approvers: Vec::new(),
        stages: vec![stage("production=shop/api").unwrap()],
    }
}

/// A service with this controller and strategy, whose container `app` runs this image.
fn service(controller: &str, strategy: &str, image: &str) -> Replies {
    let service = json!({ "status": "ACTIVE", "taskDefinition": "api:7",
        "deploymentController": { "type": controller },
        "deploymentConfiguration": { "strategy": strategy } });
    let containers = json!([{ "name": "app", "image": image },
        { "name": "proxy", "image": "public.ecr.aws/nginx/nginx:1" }]);
    Replies::default()
        .say("ecs:DescribeServices", json!({ "services": [service] }))
        .say(
            "ecs:DescribeTaskDefinition",
            json!({ "taskDefinition": { "containerDefinitions": containers } }),
        )
        .say("ecr:DescribeRepositories", json!({}))
}

async fn surveyed(answers: Replies, wish: &Wish) -> Result<Survey, String> {
    let mut deployer = Memory::new();
    deployer.answers = answers;
    let found = survey(&deployer, "towpath", wish).await;
    found.map_err(|failure| failure.to_string())
}

const OWN: &str = "111111111111.dkr.ecr.eu-west-1.amazonaws.com/shop/api:1";

#[tokio::test]
async fn engine_containers_and_registry_are_found() {
    let found = surveyed(service("ECS", "CANARY", OWN), &wish())
        .await
        .unwrap();
    assert_eq!(found.stages[0].engine, ecs_found(None));
    assert_eq!(found.stages[0].containers, ["app"]);
    assert_eq!(found.registry, None);

    let shared = "333333333333.dkr.ecr.eu-west-1.amazonaws.com/shop/api:1";
    let found = surveyed(service("", "", shared), &wish()).await.unwrap();
    assert_eq!(found.stages[0].engine, rolling_found());
    let registry = found.registry.unwrap();
    assert_eq!(
        registry.to_string(),
        "333333333333.dkr.ecr.eu-west-1.amazonaws.com"
    );
}

#[test]
fn the_hook_is_the_function_that_the_service_calls() {
    let calling = |functions: &[&str]| {
        let hooks: Vec<_> = functions
            .iter()
            .map(|name| json!({ "hookTargetArn": format!("arn:aws:lambda:x:1:function:{name}") }))
            .chain([json!({ "targetType": "PAUSE" })])
            .collect();
        json!({ "deploymentConfiguration": { "lifecycleHooks": hooks } })
    };
    let ours = "towpath-lifecycle-hook";
    let found = |functions: &[&str]| called_hook(&calling(functions), ours);
    assert_eq!(found(&["smoke-tests", ours]).as_deref(), Some(ours));
    let live = "towpath-lifecycle-hook:live";
    assert_eq!(found(&[live]).as_deref(), Some(live));
    assert_eq!(found(&["smoke-tests", "towpath-lifecycle-hook-2"]), None);
    assert_eq!(called_hook(&json!({}), ours), None);
}

#[tokio::test]
async fn the_deployment_group_is_the_one_that_targets_the_service() {
    let group = |service: &str| {
        json!({ "deploymentGroupInfo": {
            "ecsServices": [{ "clusterName": "shop", "serviceName": service }],
            "deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce" } })
    };
    let with_group = |service_of_group| {
        service("CODE_DEPLOY", "", OWN)
            .say(
                "codedeploy:ListApplications",
                json!({ "applications": ["other", "shop"] }),
            )
            .say(
                "codedeploy:ListDeploymentGroups",
                json!({ "deploymentGroups": ["production"] }),
            )
            .say_about("codedeploy:GetDeploymentGroup", "other", group("else"))
            .say("codedeploy:GetDeploymentGroup", group(service_of_group))
            .refuse(
                "lambda:GetFunctionConfiguration",
                "ResourceNotFoundException",
            )
    };
    let found = surveyed(with_group("api"), &wish()).await.unwrap();
    assert_eq!(
        found.stages[0].engine,
        code_deploy_found(
            CodeDeploySettings {
                application: "shop".parse().unwrap(),
                group: "production".parse().unwrap(),
                configuration: None,
                container: None,
                port: None,
                hook: None,
            },
            "CodeDeployDefault.ECSAllAtOnce",
        )
    );
    let none = surveyed(with_group("web"), &wish()).await.unwrap_err();
    assert!(none.contains("no deployment group targets it"), "{none}");
}

#[tokio::test]
async fn what_is_not_there_is_named_with_the_way_out() {
    let image = "111111111111.dkr.ecr.eu-west-1.amazonaws.com/shop/web:1";
    let refused = surveyed(service("ECS", "", image), &wish())
        .await
        .unwrap_err();
    assert!(
        refused.contains("no container runs an image of shop/api: app runs")
            && refused.contains("--container production=NAME"),
        "{refused}"
    );
    let mut named = wish();
    named.stages[0].containers = vec!["proxy".parse().unwrap()];
    let found = surveyed(service("ECS", "", image), &named).await.unwrap();
    assert_eq!(found.stages[0].containers, ["proxy"]);
    named.stages[0].containers = vec!["web".parse().unwrap()];
    let refused = surveyed(service("ECS", "", image), &named)
        .await
        .unwrap_err();
    assert!(
        refused.contains("no container web, but app, proxy"),
        "{refused}"
    );

    let nowhere =
        service("ECS", "", OWN).refuse("ecs:DescribeServices", "ClusterNotFoundException");
    let refused = surveyed(nowhere, &wish()).await.unwrap_err();
    assert!(refused.contains("there is no cluster shop"), "{refused}");
    let external = surveyed(service("EXTERNAL", "", OWN), &wish())
        .await
        .unwrap_err();
    assert!(external.contains("no engine works with"), "{external}");
    let missing =
        service("ECS", "", OWN).refuse("ecr:DescribeRepositories", "RepositoryNotFoundException");
    let refused = surveyed(missing, &wish()).await.unwrap_err();
    assert!(
        refused.contains("there is no repository shop/api"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_mistyped_repository_is_told_before_anybody_is_asked_for_a_container() {
    let missing =
        service("ECS", "", OWN).refuse("ecr:DescribeRepositories", "RepositoryNotFoundException");
    let mut mistyped = wish();
    mistyped.repository = "shop/apo".parse().unwrap();
    let refused = surveyed(missing.clone(), &mistyped).await.unwrap_err();
    let own = "111111111111.dkr.ecr.eu-west-1.amazonaws.com";
    assert_eq!(
        refused,
        format!(
            "there is no repository shop/apo in {own}: create it, or correct --repository; did you \
             mean `shop/api`, which stage production runs?"
        )
    );
    mistyped.repository = "checkout".parse().unwrap();
    let refused = surveyed(missing.clone(), &mistyped).await.unwrap_err();
    assert!(refused.ends_with("or correct --repository"), "{refused}");
    // What runs was in the repository that is named, but not in the registry.
    let mut elsewhere = wish();
    elsewhere.registry = Some(
        "111111111111.dkr.ecr.us-east-1.amazonaws.com"
            .parse()
            .unwrap(),
    );
    let refused = surveyed(missing, &elsewhere).await.unwrap_err();
    assert!(
        refused.starts_with("there is no repository shop/api in 111111111111.dkr.ecr.us-east-1"),
        "{refused}"
    );
}

#[tokio::test]
async fn the_registry_that_is_named_is_the_one_that_is_written() {
    let mut named = wish();
    named.registry = Some(
        "111111111111.dkr.ecr.eu-west-1.amazonaws.com"
            .parse()
            .unwrap(),
    );
    let found = surveyed(service("ECS", "", OWN), &named).await.unwrap();
    assert_eq!(found.registry, None, "it is the deployer's own");
    let theirs = "333333333333.dkr.ecr.eu-west-1.amazonaws.com";
    named.registry = Some(theirs.parse().unwrap());
    let refused = surveyed(service("ECS", "", OWN), &named).await.unwrap_err();
    assert!(
        refused.contains("no container runs an image of"),
        "{refused}"
    );
    let image = format!("{theirs}/shop/api:1");
    let unseen =
        service("ECS", "", &image).refuse("ecr:DescribeRepositories", "AccessDeniedException");
    let found = surveyed(unseen, &named).await.unwrap();
    assert_eq!(found.registry.unwrap().to_string(), theirs);
}
