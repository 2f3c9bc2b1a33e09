//! What never fires is told with a way out that fires, and what can fire is not refused.

use serde_json::{Value, json};

use super::*;

fn never(key: &str, value: Value) -> Vec<String> {
    let mut text = json!({
        "pipeline": "shop", "repository": "shop",
        "stages": [{
            "name": "test", "cluster": "c", "service": "s", "containers": ["app"], "engine": {"rolling": {}}
        }]
    });
    match key.strip_prefix("stage ") {
        Some(key) => text["stages"][0][key] = value,
        None => text[key] = value,
    }
    let pipeline = Pipeline::from_json(&text.to_string()).unwrap();
    let told = |one: Problem| format!("{}: {}", one.path, one.help);
    pipeline.never().into_iter().map(told).collect()
}

#[test]
fn what_never_fires_is_told_with_the_way_out() {
    for (key, value, expected) in [
        (
            "repository",
            "111111111111.dkr.ecr.eu-central-1.amazonaws.com/team/shop",
            "repository: write `repository: team/shop`, and `registry: 111111111111.dkr.ecr.eu-central-1.amazonaws.com` if it is not the deployer's own",
        ),
        (
            "repository",
            "ghcr.io/team/shop",
            "such as `repository: shop`",
        ),
        (
            "repository",
            "docker.io/library/nginx",
            "such as `repository: nginx`",
        ),
        (
            "repository",
            "public.ecr.aws/team/shop",
            "such as `repository: shop`",
        ),
        (
            "repository",
            "europe-docker.pkg.dev/team/shop",
            "such as `repository: shop`",
        ),
        ("registry", "ghcr.io", "or leave `registry` out"),
        ("registry", "docker.io", "or leave `registry` out"),
        ("registry", "public.ecr.aws", "or leave `registry` out"),
        (
            "registry",
            "111111111111.dkr.ecr.eu-central-1a.amazonaws.com",
            "as ECR shows it",
        ),
        (
            "stage region",
            "eu-central-1a",
            "stages.0.region: write `eu-central-1`",
        ),
        (
            "stage region",
            "eu-central1",
            "stages.0.region: write its code",
        ),
    ] {
        let told = never(key, value.into());
        assert_eq!(told.len(), 1, "{value}: {told:?}");
        assert!(told[0].contains(expected), "{value}: {told:?}");
    }
    let told = never("tags", json!({"glob": "latest"}));
    assert!(
        told[0].starts_with("tags.glob: write one that a tag keeps"),
        "{told:?}"
    );
    let codedeploy = |configuration: &str| json!({"codedeploy": {"application": "a", "group": "g", "configuration": configuration}});
    let told = never(
        "stage engine",
        codedeploy("CodeDeployDefault.ECSCanary10percent5Minutes"),
    );
    assert_eq!(
        told,
        [
            "stages.0.engine.codedeploy.configuration: write `CodeDeployDefault.ECSCanary10Percent5Minutes`"
        ]
    );
    assert_eq!(
        never("stage engine", codedeploy("CodeDeployDefault.OneAtATime")).len(),
        1
    );
    assert_eq!(never("stage engine", codedeploy("Own.ECSCanary")), [""; 0]);
}

#[test]
fn what_can_fire_is_not_refused() {
    for (key, value) in [
        ("repository", json!("team/shop")),
        ("repository", json!("my.team/shop")),
        ("repository", json!("docker-hub/library/nginx")),
        (
            "registry",
            json!("111111111111.dkr.ecr.eu-central-1.amazonaws.com"),
        ),
        (
            "registry",
            json!("111111111111.dkr-ecr.us-gov-west-1.on.aws"),
        ),
        ("stage region", json!("us-gov-west-1")),
        ("stage region", json!("ap-southeast-4")),
        ("tags", json!({"glob": "latest-*"})),
    ] {
        assert_eq!(never(key, value), [""; 0], "{key}");
    }
}

#[test]
fn a_hook_elsewhere_is_never_called() {
    let stage = |function: &str| {
        let rollout = json!({"codedeploy": {"application": "a", "group": "g", "hook": function}});
        let text = json!({
            "pipeline": "shop", "repository": "shop",
            "stages": [{
                "name": "test", "cluster": "c", "service": "s", "containers": ["app"], "engine": rollout,
                "account": "222222222222", "role": {"arn": "arn:aws:iam::222222222222:role/towpath"},
            }]
        });
        Pipeline::from_json(&text.to_string())
            .unwrap()
            .never()
            .len()
    };
    assert_eq!(stage("towpath-lifecycle-hook"), 0);
    assert_eq!(
        stage("arn:aws:lambda:eu-west-1:222222222222:function:towpath-lifecycle-hook"),
        0
    );
    assert_eq!(
        stage("arn:aws:lambda:eu-west-1:111111111111:function:towpath-lifecycle-hook"),
        1
    );
}

/// The pipeline with one value changed: what is told, as problem and way out.
fn problems(pointer: &str, value: Value) -> Vec<(String, String)> {
    let mut text = json!({
        "pipeline": "shop", "repository": "shop", "notify": {"slack": "C0123456789"},
        "stages": [{
            "name": "test", "cluster": "c", "service": "s", "containers": ["app"], "engine": {"ecs": {}},
            "account": "222222222222", "region": "eu-west-1",
            "role": {"arn": "arn:aws:iam::222222222222:role/towpath"},
            "approval": {"slack": ["U0123456789"]},
        }]
    });
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    text.pointer_mut(parent).unwrap()[key] = value;
    let pipeline = Pipeline::from_json(&text.to_string()).unwrap();
    let told = |one: Problem| (format!("{}: {}", one.path, one.problem), one.help);
    pipeline.never().into_iter().map(told).collect()
}

/// What is told of each value, and that what is said to be written instead is told nothing.
#[test]
fn each_value_is_named_and_its_way_out_is_taken() {
    let role = "arn:aws:iam::222222222222:role/towpath";
    let ecr = "111111111111.dkr.ecr.eu-west-1.amazonaws.com";
    for (pointer, bad, problem, help, instead) in [
        (
            "/repository",
            "a",
            "repository: `a` is too short",
            "`repository: shop`",
            "shop",
        ),
        (
            "/repository",
            "ghcr.io",
            "`ghcr.io` is a registry whose pushes are not told",
            "`repository: shop`",
            "shop",
        ),
        (
            "/repository",
            "lscr.io/linuxserver/nginx",
            "`lscr.io` is a registry",
            "`repository: nginx`",
            "nginx",
        ),
        (
            "/repository",
            "nvcr.io/nvidia/cuda",
            "`nvcr.io` is a registry",
            "`repository: cuda`",
            "cuda",
        ),
        (
            "/repository",
            "10.0.0.1/team/shop",
            "`10.0.0.1` is a registry",
            "`repository: shop`",
            "shop",
        ),
        (
            "/repository",
            "localhost/shop",
            "`localhost` is a registry",
            "`repository: shop`",
            "shop",
        ),
        (
            "/repository",
            "shop.azurecr.io/a",
            "`shop.azurecr.io` is a registry",
            "`repository: shop`",
            "shop",
        ),
        (
            "/repository",
            "registry.example.com/team/shop",
            "`registry.example.com` is",
            "`repository: shop`",
            "shop",
        ),
        (
            "/repository",
            ecr,
            "is a registry, and no part",
            "`repository: shop`",
            "shop",
        ),
        (
            "/repository",
            "11111111111.dkr.ecr.eu-west-1.amazonaws.com/team/shop",
            "its account `11111111111` has 11 digits, and not 12",
            "write `repository: team/shop` alone",
            "team/shop",
        ),
        (
            "/repository",
            "111111111111.ecr.eu-west-1.amazonaws.com/shop",
            "is no private registry of ECR",
            "write `repository: shop` alone",
            "shop",
        ),
        (
            "/registry",
            "1111111111111.dkr.ecr.eu-west-1.amazonaws.com",
            "its account `1111111111111` has 13 digits",
            ecr,
            ecr,
        ),
        (
            "/registry",
            "111111111111",
            "registry: this is no private registry",
            ecr,
            ecr,
        ),
        (
            "/registry",
            "nvcr.io",
            "this is no private registry",
            ecr,
            ecr,
        ),
        (
            "/registry",
            "111111111111.dkr.ecr.eu-wst-1.amazonaws.com",
            "`eu-wst-1` is no region",
            ecr,
            ecr,
        ),
        (
            "/stages/0/region",
            "uk-west-1",
            "stages.0.region: `uk-west-1` is no region",
            "`eu-west-1`",
            "eu-west-1",
        ),
        (
            "/stages/0/region",
            "eu-middle-1",
            "`eu-middle-1` is no region",
            "`eu-west-1`",
            "eu-west-1",
        ),
        (
            "/stages/0/region",
            "us-east-1b",
            "`us-east-1b` is no region",
            "write `us-east-1`",
            "us-east-1",
        ),
        (
            "/stages/0/role/arn",
            "arn:aws-cn:iam::222222222222:role/towpath",
            "is in partition `aws-cn`, and region `eu-west-1` in `aws`",
            role,
            role,
        ),
        (
            "/stages/0/role/arn",
            "arn:aws-china:iam::222222222222:role/towpath",
            "role/towpath` is in another partition than AWS has",
            role,
            role,
        ),
        (
            "/stages/0/engine/ecs",
            "arn:aws-cn:lambda:eu-west-1:222222222222:function:towpath-lifecycle-hook",
            "is in partition `aws-cn`, and region `eu-west-1` in `aws`",
            "`towpath-lifecycle-hook`",
            "towpath-lifecycle-hook",
        ),
        (
            "/stages/0/engine/ecs",
            "arn:aws:lambda:eu-west-1:222222222222:layer:towpath:1",
            "is no function of Lambda",
            "`towpath-lifecycle-hook`",
            "arn:aws:lambda:eu-west-1:222222222222:function:towpath-lifecycle-hook:live",
        ),
        (
            "/notify/slack",
            "C012",
            "notify.slack: `C012` is too short",
            "C0123456789",
            "C0123456789",
        ),
        (
            "/stages/0/approval/slack",
            "U0123456",
            "slack.0: `U0123456` is too short",
            "U0123456789",
            "U0123456789",
        ),
        (
            "/operators",
            "U1",
            "operators.0: `U1` is too short",
            "U0123456789",
            "U0123456789",
        ),
        (
            "/tags",
            "/^v\\d+$/",
            "tags.regex: `/^v\\d+$/` takes no tag",
            "leave the slashes out: `^v\\d+$`",
            "^v\\d+$",
        ),
        (
            "/tags",
            "/main/i",
            "`/main/i` takes no tag",
            "`(?i)main`",
            "(?i)main",
        ),
        (
            "/tags",
            "team/.*",
            "`team/.*` takes no tag",
            "letters, digits and _ . -",
            "team.*",
        ),
        (
            "/tags",
            "/a b/",
            "`/a b/` takes no tag",
            "letters, digits and _ . -",
            "a.b",
        ),
    ] {
        let value = |text: &str| match pointer {
            "/tags" => json!({"regex": text}),
            "/operators" | "/stages/0/approval/slack" => json!([text]),
            "/stages/0/engine/ecs" => json!({"hook": text}),
            _ => json!(text),
        };
        let found = problems(pointer, value(bad));
        assert_eq!(found.len(), 1, "{bad}: {found:?}");
        let (shown, way) = &found[0];
        assert!(shown.contains(problem), "{bad}: {shown}");
        assert!(way.contains(help), "{bad}: {way}");
        assert_eq!(problems(pointer, value(instead)), [], "{instead}");
    }
}

#[test]
fn what_comes_close_is_not_refused() {
    for (pointer, good) in [
        ("/repository", "ab"),
        ("/repository", "a/b"),
        // As ECR's own pattern has it.
        ("/repository", "a__b"),
        ("/repository", "a--b"),
        ("/repository", "com.example.shop/api"),
        ("/repository", "registry.v2/shop"),
        ("/repository", "1.2.3/shop"),
        ("/repository", "10.0.0.1.2/shop"),
        ("/repository", "mirror/ghcr.io/team/shop"),
        ("/repository", "ghcr.io-mirror/team/shop"),
        ("/repository", "localhost-tools/shop"),
        (
            "/registry",
            "111111111111.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
        ),
        (
            "/registry",
            "111111111111.dkr.ecr.eusc-de-east-1.amazonaws.eu",
        ),
        ("/stages/0/region", "ap-southeast-7"),
        ("/stages/0/region", "mx-central-1"),
        ("/notify/slack", "G01234567"),
        ("/operators", "W01234567"),
        ("/operators", "USLACKBOT"),
    ] {
        let value = match pointer {
            "/operators" => json!([good]),
            _ => json!(good),
        };
        assert_eq!(problems(pointer, value), [], "{good}");
    }
    for (region, partition) in [
        ("cn-northwest-1", "aws-cn"),
        ("us-gov-east-1", "aws-us-gov"),
        ("us-iso-west-1", "aws-iso"),
        ("us-isob-east-1", "aws-iso-b"),
        ("eu-isoe-west-1", "aws-iso-e"),
        ("us-isof-south-1", "aws-iso-f"),
        ("eusc-de-east-1", "aws-eusc"),
        ("il-central-1", "aws"),
    ] {
        let text = json!({
            "pipeline": "shop", "repository": "shop",
            "stages": [{
                "name": "test", "cluster": "c", "service": "s", "containers": ["app"],
                "account": "222222222222", "region": region,
                "role": {"arn": format!("arn:{partition}:iam::222222222222:role/towpath")},
                "engine": {"ecs": {"hook": format!("arn:{partition}:lambda:{region}:222222222222:function:hook")}},
            }]
        });
        let pipeline = Pipeline::from_json(&text.to_string()).unwrap();
        assert_eq!(pipeline.never(), [], "{region}");
    }
}
