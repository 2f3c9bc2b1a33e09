//! The process of `advance` dies, its answers are lost, and AWS throttles it, at every call that
//! changes something: each release still ends well, with one deployment per stage.

use serde_json::{Value, json};
use towpath_e2e::{Error, World};

/// What changes something, and at which of its calls it goes wrong: where a release has several.
const CALLS: [(&str, &str, u64); 6] = [
    ("ecs", "RegisterTaskDefinition", 2),
    ("ecs", "UpdateService", 1),
    ("codedeploy", "CreateDeployment", 2),
    ("application-autoscaling", "RegisterScalableTarget", 1),
    ("application-autoscaling", "RegisterScalableTarget", 2),
    ("dynamodb", "TransactWriteItems", 5),
];

/// Deploys one image after another through all three stages without approval, each time with
/// another call going wrong.
async fn every_call_goes_wrong(outcome: &str) -> Result<(), Error> {
    let world = World::start().await?;
    let mut pipeline = world.shop.pipeline();
    pipeline["stages"][2]
        .as_object_mut()
        .expect("a stage")
        .remove("approval");
    world.shop.apply(&world.lab, &pipeline).await?;
    let unsuspended = world.suspended("production").await?;

    for (number, (service, operation, nth)) in CALLS.into_iter().enumerate() {
        let what = format!("{outcome} at {operation} {nth}");
        let before = Counts::of(&world).await?;
        let fault = json!([{ "service": service, "operation": operation, "caller": "towpath-advance",
            "nth": nth, "outcome": outcome }]);
        world.fail(&fault).await?;
        let tag = format!("abc{number:04}");
        let digest = world.push(&tag, "healthy").await?;
        let ended = world.ended(&tag).await?;
        assert_eq!(ended, "succeeded", "{what}: {}", world.reason(&tag).await?);
        let faulty = world.calls(service, operation).await?;
        assert_eq!(
            faulty
                .iter()
                .filter(|call| call["fault"] == outcome)
                .count(),
            number_of_faults(&CALLS[..=number], service, operation),
            "{what} was met"
        );
        world.heal().await?;

        for stage in ["test", "staging", "production"] {
            assert_eq!(
                world.running(stage).await?,
                [digest.as_str()],
                "{what}: {stage}"
            );
        }
        assert_eq!(world.suspended("production").await?, unsuspended, "{what}");
        let after = Counts::of(&world).await?;
        assert_eq!(
            after.updates - before.updates,
            1,
            "{what}: one rolling deployment"
        );
        assert_eq!(
            after.deployments - before.deployments,
            2,
            "{what}: one CodeDeploy deployment per stage"
        );
        let revisions = after.revisions - before.revisions;
        assert!(
            (3..=4).contains(&revisions),
            "{what}: {revisions} revisions for three stages"
        );
    }
    assert_eq!(world.dead_letters().await?, []);
    Ok(())
}

fn number_of_faults(calls: &[(&str, &str, u64)], service: &str, operation: &str) -> usize {
    calls
        .iter()
        .filter(|(s, o, _)| *s == service && *o == operation)
        .count()
}

/// How often AWS has carried out what must happen once.
struct Counts {
    updates: usize,
    deployments: usize,
    revisions: usize,
}

impl Counts {
    async fn of(world: &World) -> Result<Self, Error> {
        let count = async |service, operation| -> Result<usize, Error> {
            let calls = world.carried_out(service, operation).await?;
            let by_advance = |call: &&Value| call["caller"] == "towpath-advance";
            Ok(calls.iter().filter(by_advance).count())
        };
        Ok(Self {
            updates: count("ecs", "UpdateService").await?,
            deployments: count("codedeploy", "CreateDeployment").await?,
            revisions: count("ecs", "RegisterTaskDefinition").await?,
        })
    }
}

#[tokio::test]
async fn it_dies_before_the_call() -> Result<(), Error> {
    every_call_goes_wrong("crash-before").await
}

#[tokio::test]
async fn it_dies_after_the_call() -> Result<(), Error> {
    every_call_goes_wrong("crash-after").await
}

#[tokio::test]
async fn the_answer_is_lost() -> Result<(), Error> {
    every_call_goes_wrong("answer-lost").await
}

#[tokio::test]
async fn the_call_is_throttled() -> Result<(), Error> {
    every_call_goes_wrong("throttled").await
}
