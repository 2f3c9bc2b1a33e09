//! A repository of the same name in a registry of somebody else: whoever may push there could have
//! anything deployed, if a pipeline that names no registry did not mean the deployer's own.

use serde_json::{Value, json};
use towpath_e2e::{APPROVER, Error, Place, Shop, TOOLS, World};

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
