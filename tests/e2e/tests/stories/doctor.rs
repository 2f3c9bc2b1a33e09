//! `towpath doctor`, beside the deployer and the services that it examines.

use serde_json::{Value, json};
use towpath_e2e::terminal::{changes_since, towpath};
use towpath_e2e::{Error, Native, World};

/// What the doctor found: `about check severity: cause`.
async fn findings(world: &World, arguments: &[&str]) -> Result<(i32, Vec<String>), Error> {
    let arguments = [&["doctor", "--output", "json"], arguments].concat();
    let (code, printed) = towpath(world, &arguments).await?;
    let report: Value = serde_json::from_str(&printed)
        .map_err(|error| Error::Story(format!("{error}: {printed}")))?;
    let findings = report["findings"].as_array().into_iter().flatten();
    let text =
        |finding: &Value, member: &str| finding[member].as_str().unwrap_or_default().to_owned();
    let found = findings.map(|finding| {
        format!(
            "{} {} {}: {}",
            text(finding, "about"),
            text(finding, "check"),
            text(finding, "severity"),
            text(finding, "cause")
        )
    });
    Ok((code, found.collect()))
}

/// What of it is not as it should be.
async fn complaints(world: &World, arguments: &[&str]) -> Result<(i32, Vec<String>), Error> {
    let (code, mut found) = findings(world, arguments).await?;
    found.retain(|finding| !finding.contains(" ok: "));
    Ok((code, found))
}

fn one(complaints: &[String], expected: &str) {
    assert!(
        complaints.iter().any(|found| found.starts_with(expected)),
        "{expected} is not among {complaints:#?}"
    );
}

/// Where AWS says that a stage's test listener is.
fn test_listener(world: &World, stage: &str) -> String {
    let url = world.shop.stage(stage).test_url.clone();
    url.unwrap_or_default().replace("127.0.0.1", "localhost")
}

#[tokio::test]
async fn a_test_listener_is_asked_whether_it_answers() -> Result<(), Error> {
    let world = World::start().await?;
    let (staging, production) = (
        test_listener(&world, "staging"),
        test_listener(&world, "production"),
    );
    let (_, found) = findings(&world, &["shop-api"]).await?;
    for (stage, at) in [("staging", &staging), ("production", &production)] {
        one(
            &found,
            &format!(
                "shop-api/{stage} test-listener ok: {at} answers 503: no task is behind it, as is \
                 usual while nothing is rolled out"
            ),
        );
    }

    world.push("3f2c1ab", "healthy").await?;
    world.asks("3f2c1ab").await?;
    let (_, found) = findings(&world, &["shop-api"]).await?;
    one(
        &found,
        &format!("shop-api/staging test-listener ok: {staging} answers 200"),
    );

    move_the_test_listener(&world).await?;
    let (code, found) = complaints(&world, &["shop-api"]).await?;
    assert_eq!(code, 0, "it may be right that it is not reached: {found:?}");
    one(
        &found,
        "shop-api/staging test-listener unknown: http://localhost:81 cannot be connected to from \
         here: connection refused",
    );
    Ok(())
}

/// Gives staging's deployment group a test listener at a port that the lab cannot open.
async fn move_the_test_listener(world: &World) -> Result<(), Error> {
    let lab = &world.lab;
    let group = json!({ "applicationName": "shop-api", "deploymentGroupName": "staging" });
    let found = lab.aws("codedeploy", "GetDeploymentGroup", &group).await?;
    let mut balancing = found["deploymentGroupInfo"]["loadBalancerInfo"].clone();
    let route = &mut balancing["targetGroupPairInfoList"][0]["testTrafficRoute"]["listenerArns"][0];
    let listener = route.as_str().unwrap_or_default().to_owned();
    let described = [
        ("Action", "DescribeListeners"),
        ("ListenerArns.member.1", listener.as_str()),
    ];
    let elb = ("elasticloadbalancing", "2015-12-01");
    let described = lab.query(elb.0, elb.1, &described).await?;
    let text = |xml: &str, name: &str| {
        let rest = xml.split_once(&format!("<{name}>")).map(|(_, rest)| rest);
        let text = rest.and_then(|rest| rest.split('<').next());
        text.unwrap_or_default().to_owned()
    };
    let (balancer, target) = (
        text(&described, "LoadBalancerArn"),
        text(&described, "TargetGroupArn"),
    );
    let create = [
        ("Action", "CreateListener"),
        ("LoadBalancerArn", balancer.as_str()),
        ("Protocol", "HTTP"),
        ("Port", "81"),
        ("DefaultActions.member.1.Type", "forward"),
        ("DefaultActions.member.1.TargetGroupArn", target.as_str()),
    ];
    let created = lab.query(elb.0, elb.1, &create).await?;
    *route = json!(text(&created, "ListenerArn"));
    let update = json!({ "applicationName": "shop-api", "currentDeploymentGroupName": "staging",
        "loadBalancerInfo": balancing });
    lab.aws("codedeploy", "UpdateDeploymentGroup", &update)
        .await?;
    Ok(())
}

#[tokio::test]
async fn a_service_that_ecs_shifts_is_examined_with_its_hooks() -> Result<(), Error> {
    let native = Native::asking();
    let world = World::start_native(&native).await?;
    world
        .lab
        .post("clock/advance", &json!({ "seconds": 120 }))
        .await?;
    let (code, found) = complaints(&world, &[]).await?;
    assert_eq!(found, Vec::<String>::new());
    assert_eq!(code, 0);

    let mut pipeline = native.pipeline(world.shop.stage("production"));
    pipeline["stages"][0]["checks"][0]["at"] = json!("after_install");
    world.shop.apply(&world.lab, &pipeline).await?;
    let forget = [
        ("Action", "DeleteRolePolicy"),
        ("RoleName", "ecs-hooks"),
        ("PolicyName", "own"),
    ];
    world.lab.query("iam", "2010-05-08", &forget).await?;
    let others = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
        "Principal": { "Service": "ecs-tasks.amazonaws.com" }, "Action": "sts:AssumeRole" }] })
    .to_string();
    let trust = [
        ("Action", "UpdateAssumeRolePolicy"),
        ("RoleName", "ecs-hooks"),
        ("PolicyDocument", others.as_str()),
    ];
    world.lab.query("iam", "2010-05-08", &trust).await?;
    let (code, found) = complaints(&world, &[]).await?;
    assert_eq!(code, 1);
    for expected in [
        "shop-api/production lifecycle-hooks error: there are checks at after_install, but the \
         service has no lifecycle hook to `towpath-lifecycle-hook` at POST_SCALE_UP",
        "shop-api/production hook-role error: arn:aws:iam::111111111111:role/ecs-hooks does not \
         trust ecs.amazonaws.com",
        "shop-api/production hook-invoke error: arn:aws:iam::111111111111:role/ecs-hooks may not \
         call arn:aws:lambda:eu-central-1:111111111111:function:towpath-lifecycle-hook",
    ] {
        one(&found, expected);
    }
    Ok(())
}

#[tokio::test]
async fn the_doctor_is_content_with_the_example_and_names_what_is_planted() -> Result<(), Error> {
    let world = World::start().await?;
    world
        .lab
        .post("clock/advance", &json!({ "seconds": 120 }))
        .await?;
    let before = world.lab.get("journal").await?["last"].clone();
    let (code, found) = complaints(&world, &[]).await?;
    assert_eq!(found, Vec::<String>::new());
    assert_eq!(code, 0);
    assert_eq!(changes_since(&world, &before).await?, Vec::<String>::new());

    plant(&world).await?;
    let (code, found) = complaints(&world, &[]).await?;
    assert_eq!(code, 1);
    for expected in [
        "towpath-image-push-ecr-push rule error: the rule is disabled",
        "towpath-image-push-dead-letters dead-letters error: 1 that could not be handled",
        "shop-api repository warning: tags can be overwritten (MUTABLE)",
        "shop-api slack-channel error: the app is not in the channel",
        "shop-api/test logs error: there is no log group /ecs/shop-api",
        "shop-api/staging hook error: there is no function towpath-hook-that-is-gone",
        "shop-api/staging port error: the load balancer sends traffic to port 8080 of app, which \
         shop-api-staging:2 maps to 9090 only",
        "shop-api/staging trust error: the role arn:aws:iam::111111111111:role/towpath-target does \
         not trust arn:aws:iam::111111111111:role/towpath-advance",
        "shop-api/production auto-scaling error: scaling in, scaling out, schedules suspended",
        "shop-api/production secrets error: the execution role may not read",
        "shop-api/production engine error: the stage rolls out by `rolling`, but the service is set \
         up for `codedeploy`",
        "broken pipeline error: /towpath/pipelines/shop-api/broken cannot be used",
    ] {
        one(&found, expected);
    }
    let (code, printed) = towpath(&world, &["doctor", "shop-api"]).await?;
    assert_eq!(code, 1);
    assert!(printed.contains("→ aws logs create-log-group"), "{printed}");
    assert!(!printed.contains("xoxb-"), "{printed}");
    Ok(())
}

/// Breaks what a team breaks.
async fn plant(world: &World) -> Result<(), Error> {
    let lab = &world.lab;
    let rule = json!({ "Name": "towpath-image-push-ecr-push" });
    lab.aws("events", "DisableRule", &rule).await?;
    let queue = json!({ "QueueName": "towpath-image-push-dead-letters" });
    let queue = lab.aws("sqs", "GetQueueUrl", &queue).await?;
    let letter = json!({ "QueueUrl": queue["QueueUrl"], "MessageBody": "{}" });
    lab.aws("sqs", "SendMessage", &letter).await?;
    let mutable = json!({ "repositoryName": "shop-api", "imageTagMutability": "MUTABLE" });
    lab.aws("ecr", "PutImageTagMutability", &mutable).await?;
    let channel = json!({ "id": "C0DEPLOYS01", "name": "deploys", "is_member": false });
    lab.post("slack/channels", &channel).await?;
    let group = json!({ "logGroupName": "/ecs/shop-api" });
    lab.aws("logs", "DeleteLogGroup", &group).await?;
    let policy = [
        ("Action", "DeleteRolePolicy"),
        ("RoleName", "shop-api-execution"),
        ("PolicyName", "secrets"),
    ];
    lab.query("iam", "2010-05-08", &policy).await?;
    let trust = json!({ "Statement": [{ "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": { "AWS": "arn:aws:iam::999999999999:role/somebody-else" } }] })
    .to_string();
    let role = [
        ("Action", "CreateRole"),
        ("RoleName", "towpath-target"),
        ("AssumeRolePolicyDocument", trust.as_str()),
    ];
    lab.query("iam", "2010-05-08", &role).await?;
    let target = json!({ "ServiceNamespace": "ecs", "ResourceId": "service/production/shop-api",
        "ScalableDimension": "ecs:service:DesiredCount", "SuspendedState": {
            "DynamicScalingInSuspended": true, "DynamicScalingOutSuspended": true,
            "ScheduledScalingSuspended": true } });
    lab.aws("application-autoscaling", "RegisterScalableTarget", &target)
        .await?;
    move_the_port(world).await?;
    let mut pipeline = world.shop.pipeline();
    let staging = &mut pipeline["stages"][1];
    staging["base"] = json!("family");
    staging["account"] = json!("111111111111");
    staging["role"] = json!({ "arn": "arn:aws:iam::111111111111:role/towpath-target" });
    staging["engine"]["codedeploy"]["hook"] = json!("towpath-hook-that-is-gone");
    let production = &mut pipeline["stages"][2];
    production["engine"] = json!({ "rolling": {} });
    production["checks"] = json!([]);
    world.shop.apply(lab, &pipeline).await?;
    let broken = json!({ "pipeline": "broken", "repository": "shop-api", "stages": [] });
    world.shop.apply(lab, &broken).await
}

/// Registers a revision of the staging service's family whose container listens elsewhere.
async fn move_the_port(world: &World) -> Result<(), Error> {
    let elsewhere = json!([{ "containerPort": 9090, "protocol": "tcp" }]);
    world
        .register_edited("shop-api-staging", |edited| {
            edited["containerDefinitions"][0]["portMappings"] = elsewhere;
        })
        .await?;
    Ok(())
}
