//! A repository of the same name in a registry of somebody else: whoever may push there could have
//! anything deployed, if a pipeline that names no registry did not mean the deployer's own.

use serde_json::{Value, json};
use towpath_e2e::terminal::towpath;
use towpath_e2e::{APPROVER, Error, Place, Shop, TOOLS, Target, World};

const OWN: &str = "3f2c1ab";
const THEIRS: &str = "deadbee";

/// Somebody else's account, and the deployer's own in another region.
const ELSEWHERE: [Place; 2] = [
    Place {
        account: "222222222222",
        region: TOOLS.region,
    },
    Place {
        account: TOOLS.account,
        region: "us-east-1",
    },
];

/// Pushes to a repository of the example's name that lets everybody look, and returns the event.
async fn push_elsewhere(world: &World, place: Place) -> Result<Value, Error> {
    let owner = world.lab.account(place);
    let name = json!({ "repositoryName": Shop::NAME });
    owner.aws("ecr", "CreateRepository", &name).await?;
    let everybody = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": "*",
        "Action": ["ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer"] }] });
    let policy = json!({ "repositoryName": Shop::NAME, "policyText": everybody.to_string() });
    owner.aws("ecr", "SetRepositoryPolicy", &policy).await?;
    let at = json!({ "account": place.account, "region": place.region });
    let digest = world.push_with(THEIRS, &at).await?;
    let mut event = world.push_event(THEIRS, &digest);
    event["account"] = json!(place.account);
    event["region"] = json!(place.region);
    Ok(event)
}

#[tokio::test]
async fn a_push_to_a_foreign_registry_opens_nothing_and_supersedes_nothing() -> Result<(), Error> {
    let world = World::start().await?;
    // Rules of another installation, or of an older one, that let everything through.
    let wide = json!({ "name": "everything", "pattern": { "source": ["aws.ecr"] },
        "function": "towpath-image-push" });
    world.lab.post("rules", &wide).await?;
    let digest = world.push(OWN, "healthy").await?;
    world.asks(OWN).await?;

    for place in ELSEWHERE {
        let event = push_elsewhere(&world, place).await?;
        world.event(&event).await?;
        let mut replication = event.clone();
        replication["detail-type"] = json!("ECR Replication Action");
        replication["detail"]["action-type"] = json!("REPLICATE");
        world.event(&replication).await?;
    }
    // The sweeper looks for lost pushes, too.
    world.pass(1_800).await?;
    let releases = world.releases().await?;
    assert_eq!(releases.len(), 1, "{releases:?}");
    for asked in world.calls("ecr", "DescribeImages").await? {
        let registry = &asked["parameters"]["registryId"];
        let asked_at = (registry, &asked["region"]);
        assert_eq!(
            asked_at,
            (&json!(TOOLS.account), &json!(TOOLS.region)),
            "nobody else's registry is asked: {asked}"
        );
    }

    world.click(OWN, "towpath_approve", APPROVER).await?;
    assert_eq!(world.ended(OWN).await?, "succeeded");
    assert_eq!(world.running("production").await?, [digest.as_str()]);
    assert_eq!(world.dead_letters().await?, []);
    Ok(())
}

#[tokio::test]
async fn a_target_account_cannot_send_pushes_here() -> Result<(), Error> {
    let target = Target::default();
    let world = World::start_across(target.clone()).await?;
    // Whoever administrates that account adds a rule to those that forward its deployments' events.
    let place = target.place;
    let bus = format!(
        "arn:aws:events:{}:{}:event-bus/default",
        TOOLS.region, TOOLS.account
    );
    let role = format!("arn:aws:iam::{}:role/towpath-forward", place.account);
    let rule = json!({ "name": "towpath-forward-ecr-push", "account": place.account, "region": place.region,
        "pattern": { "source": ["aws.ecr"] }, "bus": bus, "role": role });
    world.lab.post("rules", &rule).await?;
    push_elsewhere(&world, place).await?;
    world.rest().await?;

    let shown = world.lab.get("dead-letters").await?;
    let letters = shown["dead_letters"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let said: Vec<_> = letters
        .iter()
        .map(|letter| {
            letter["attributes"]["ERROR_MESSAGE"]
                .as_str()
                .unwrap_or_default()
        })
        .collect();
    let [said] = said[..] else {
        panic!("the bus refused it once: {letters:#?}");
    };
    assert!(
        said.contains("does not admit 222222222222 with \"ECR Image Action\""),
        "{said}"
    );
    assert_eq!(world.releases().await?, []);

    // Nor can it put an event there itself, as if it came from a service of AWS.
    let entry = json!({ "Source": "aws.ecs", "DetailType": "ECS Deployment State Change", "Detail": "{}",
        "EventBusName": bus });
    let put = json!({ "Entries": [entry] });
    let refused = world
        .lab
        .account(place)
        .aws("events", "PutEvents", &put)
        .await;
    assert!(refused.is_err(), "{refused:?}");
    Ok(())
}

#[tokio::test]
async fn a_registry_that_the_deployer_was_told_of_feeds_the_pipeline_that_names_it()
-> Result<(), Error> {
    let [theirs, _] = ELSEWHERE;
    let told = format!("{}/{}", theirs.account, theirs.region);
    let world = World::start_told_of(&[&told]).await?;
    let mut pipeline = world.shop.pipeline();
    let host = format!("{}.dkr.ecr.{}.amazonaws.com", theirs.account, theirs.region);
    pipeline["registry"] = json!(host);
    world.shop.apply(&world.lab, &pipeline).await?;

    world.push(OWN, "healthy").await?;
    world.rest().await?;
    assert_eq!(world.releases().await?, [], "home is not that registry");
    let event = push_elsewhere(&world, theirs).await?;
    world.event(&event).await?;
    world.asks(THEIRS).await?;
    let digest = event["detail"]["image-digest"].as_str().unwrap_or_default();
    assert_eq!(world.running("staging").await?, [digest]);
    assert_eq!(world.dead_letters().await?, []);

    let (_, printed) = towpath(&world, &["doctor", "--all"]).await?;
    assert!(
        printed.contains(&format!("registry: the deployer knows {host}")),
        "{printed}"
    );
    assert!(!printed.contains("takes other events"), "{printed}");
    Ok(())
}

#[tokio::test]
async fn a_registry_that_the_deployer_was_not_told_of_is_said_to_be_one() -> Result<(), Error> {
    let world = World::start().await?;
    let mut pipeline = world.shop.pipeline();
    pipeline["registry"] = json!("222222222222.dkr.ecr.eu-west-1.amazonaws.com");
    let folder = tempfile::tempdir().map_err(|error| Error::Story(error.to_string()))?;
    let file = folder.path().join("shop-api.json");
    std::fs::write(&file, pipeline.to_string()).map_err(|error| Error::Story(error.to_string()))?;
    let (_, printed) = towpath(&world, &["apply", &file.display().to_string()]).await?;
    for said in [
        "the deployer was not told of 222222222222.dkr.ecr.eu-west-1.amazonaws.com: it hears of no push there",
        "add \"222222222222/eu-west-1\" to `registries`",
    ] {
        assert!(printed.contains(said), "{printed}");
    }
    let (code, printed) = towpath(&world, &["doctor", "shop-api"]).await?;
    assert_eq!(code, 1, "{printed}");
    assert!(
        printed.contains("the deployer was not told of"),
        "{printed}"
    );
    Ok(())
}
