//! Production in an account and region of its own: a role is assumed there, hooks run there, and what
//! happens there is reported to the deployer's account.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use towpath_e2e::rights::{self, BY_HOOK, Unused, unused_by_deployer};
use towpath_e2e::terminal::{towpath, towpath_with};
use towpath_e2e::{APPROVER, Error, TOOLS, Target, World};

const TAG: &str = "3f2c1ab";

#[tokio::test]
async fn a_release_travels_through_two_accounts() -> Result<(), Error> {
    let target = Target::default();
    let world = World::start_across(target.clone()).await?;
    let digest = world.push(TAG, "healthy").await?;
    world.asks(TAG).await?;
    assert_eq!(world.running("staging").await?, [digest.as_str()]);
    assert_eq!(world.running("production").await?, world.shop.first());

    let before = world.suspended("production").await?;
    world.click(TAG, "towpath_approve", APPROVER).await?;
    world
        .until("auto scaling is suspended meanwhile", async |world| {
            Ok(world.suspended("production").await?["DynamicScalingOutSuspended"] == true)
        })
        .await?;
    assert_eq!(world.ended(TAG).await?, "succeeded");
    assert_eq!(world.running("production").await?, [digest.as_str()]);
    assert_eq!(world.visit("production").await?, digest);
    assert_eq!(world.suspended("production").await?, before);
    assert_eq!(world.dead_letters().await?, []);

    calls_are_made_by_the_assumed_role(&world, &target).await?;
    reports_are_forwarded(&world, &target).await?;
    rights_are_needed(&world, &target).await
}

/// Whoever changed something in production's account was the assumed role, or the hook function that
/// is there; and only `advance` assumed that role.
async fn calls_are_made_by_the_assumed_role(world: &World, target: &Target) -> Result<(), Error> {
    let journal = world.lab.get("journal").await?;
    let entries = journal["entries"].as_array().cloned().unwrap_or_default();
    let there: BTreeSet<_> = entries
        .iter()
        .filter(|entry| entry["account"] == target.place.account && entry["caller"] != "root")
        .filter(|entry| entry["outcome"] == "ok")
        .map(|entry| (text(&entry["caller"]), text(&entry["operation"])))
        .collect();
    for (caller, operation) in [
        ("towpath-target", "RegisterScalableTarget"),
        ("towpath-target", "RegisterTaskDefinition"),
        ("towpath-target", "CreateDeployment"),
        ("towpath-target", "GetDeployment"),
        (
            "towpath-lifecycle-hook",
            "PutLifecycleEventHookExecutionStatus",
        ),
        ("towpath-lifecycle-hook", "TransactWriteItems"),
    ] {
        let made = there.contains(&(caller.to_owned(), operation.to_owned()));
        assert!(made, "{caller} {operation} is not among {there:#?}");
    }
    let callers: BTreeSet<_> = there.iter().map(|(caller, _)| caller.as_str()).collect();
    assert_eq!(
        callers,
        BTreeSet::from(["towpath-lifecycle-hook", "towpath-target"])
    );
    for assumed in world.calls("sts", "AssumeRole").await? {
        assert_eq!(assumed["caller"], "towpath-advance");
        assert_eq!(assumed["outcome"], "ok");
    }
    Ok(())
}

/// Each report of CodeDeploy that is news happened on the bus of production's account, was sent on from
/// there, and was taken where the deployer is.
async fn reports_are_forwarded(world: &World, target: &Target) -> Result<(), Error> {
    let there = format!("{}/{}", target.place.account, target.place.region);
    let here = format!("{}/{}", TOOLS.account, TOOLS.region);
    world
        .until("production's deployment reports its end", async |world| {
            Ok(!news(world, target, &there).await?.is_empty())
        })
        .await?;
    let (there, here) = tokio::try_join!(news(world, target, &there), news(world, target, &here))?;
    for (id, rules) in &there {
        assert_eq!(*rules, json!(["towpath-forward-codedeploy-state"]));
        let taken = here.iter().find(|(taken, _)| taken == id);
        let rules = taken.map(|(_, rules)| rules);
        assert_eq!(
            rules,
            Some(&json!(["towpath-deployment-event-codedeploy-state"]))
        );
    }
    assert_eq!(there.len(), here.len());
    Ok(())
}

/// What CodeDeploy has reported of production on a bus, but for that a deployment has begun: the ids,
/// and which rules have taken each.
async fn news(world: &World, target: &Target, bus: &str) -> Result<Vec<(String, Value)>, Error> {
    let shown = world.lab.get("events").await?;
    let events = shown["events"].as_array().cloned().unwrap_or_default();
    let of_production = events.iter().filter(|event| {
        event["bus"] == bus
            && event["event"]["account"] == target.place.account
            && event["event"]["source"] == "aws.codedeploy"
            && event["event"]["detail"]["state"] != "START"
    });
    Ok(of_production
        .map(|event| (text(&event["event"]["id"]), event["rules"].clone()))
        .collect())
}

/// What the roles of production's account may do and did not, beside what the stage's role did not.
const UNUSED: [Unused; 1] = [(
    "target",
    "ecs:UpdateService",
    "stages that are rolled out by ECS",
)];

/// The roles have exactly the rights that the Terraform module grants (see `Target`): none was
/// missing, and each was used or has its reason.
async fn rights_are_needed(world: &World, target: &Target) -> Result<(), Error> {
    let unused = unused_by_deployer("target").chain(BY_HOOK).chain(UNUSED);
    rights::are_needed(world, target.place.account, unused).await
}

#[tokio::test]
async fn a_wrong_external_id_ends_the_release_with_the_role_and_the_way_out() -> Result<(), Error> {
    let target = Target {
        external_id: "an-id-that-somebody-guessed",
        ..Target::default()
    };
    let world = World::start_across(target.clone()).await?;
    let digest = world.push(TAG, "healthy").await?;

    assert_eq!(world.ended(TAG).await?, "failed");
    let reason = world.reason(TAG).await?;
    assert!(reason.contains(&target.role()), "{reason}");
    assert!(
        reason.contains("external id that the stage names"),
        "{reason}"
    );
    assert!(!reason.contains(target.external_id), "{reason}");
    assert_eq!(world.running("staging").await?, [digest.as_str()]);
    assert_eq!(world.running("production").await?, world.shop.first());
    let assumed = world.calls("sts", "AssumeRole").await?;
    assert!(!assumed.is_empty());
    for call in assumed {
        assert_eq!(call["outcome"], "AccessDenied");
    }
    let card = world.card(TAG).await?.expect("its card");
    assert!(
        card.replies.join("\n").contains("towpath-target"),
        "{card:?}"
    );
    Ok(())
}

#[tokio::test]
async fn the_command_line_looks_into_the_other_account_with_a_profile_for_it() -> Result<(), Error>
{
    let target = Target::default();
    let world = World::start_across(target.clone()).await?;
    let account = target.place.account;
    let (_, printed) = towpath(&world, &["doctor", "shop-api"]).await?;
    assert!(
        printed.contains(&format!(
            "name a profile of your own for the account: --in {account}=PROFILE"
        )),
        "{printed}"
    );

    // As an administrator has it: their own account in the environment, others as profiles.
    let folder = tempfile::tempdir().map_err(|error| Error::Story(error.to_string()))?;
    let file = |name: &str, text: String| -> Result<String, Error> {
        let path = folder.path().join(name);
        std::fs::write(&path, text).map_err(|error| Error::Story(error.to_string()))?;
        Ok(path.display().to_string())
    };
    let config = file(
        "config",
        "[profile production]\nregion = us-east-1\n[profile empty]\n".into(),
    )?;
    let keys =
        format!("[production]\naws_access_key_id = {account}\naws_secret_access_key = none\n");
    let credentials = file("credentials", keys)?;
    let variables = [
        ("AWS_CONFIG_FILE", config.as_str()),
        ("AWS_SHARED_CREDENTIALS_FILE", credentials.as_str()),
    ];

    let before = world.lab.get("journal").await?["last"].clone();
    let within = format!("{account}=production");
    let doctor = ["doctor", "shop-api", "--all", "--in", &within];
    let (_, printed) = towpath_with(&world, &variables, &doctor).await?;
    assert!(
        printed.contains("ok      engine: codedeploy, with the deployment controller CODE_DEPLOY"),
        "{printed}"
    );
    assert!(!printed.contains("=PROFILE"), "{printed}");
    let journal = world.lab.get(&format!("journal?since={before}")).await?;
    let calls: Vec<_> = journal["entries"]
        .as_array()
        .into_iter()
        .flatten()
        .collect();
    let there = |call: &&&Value| call["account"] == json!(account);
    assert!(
        calls
            .iter()
            .filter(there)
            .all(|call| call["caller"] == "root"),
        "nobody's role was assumed: {calls:#?}"
    );
    assert!(
        calls
            .iter()
            .filter(there)
            .any(|call| call["operation"] == "DescribeServices")
    );

    for (profile, problem) in [("nobody", "`nobody`"), ("empty", "`empty`")] {
        let within = format!("{account}={profile}");
        let doctor = ["doctor", "shop-api", "--in", &within];
        let (code, printed) = towpath_with(&world, &variables, &doctor).await?;
        assert_eq!(code, 2, "{printed}");
        assert!(
            printed.contains(&format!(
                "--in {within}: the profile {problem} gives no credentials"
            )) && printed.contains("aws configure list-profiles"),
            "{printed}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_target_account_that_forwards_nothing_is_followed_by_asking() -> Result<(), Error> {
    let target = Target {
        forwards: false,
        ..Target::default()
    };
    let world = World::start_across(target).await?;
    let digest = world.push(TAG, "healthy").await?;
    world.asks(TAG).await?;
    world.click(TAG, "towpath_approve", APPROVER).await?;

    assert_eq!(world.ended(TAG).await?, "succeeded");
    assert_eq!(world.running("production").await?, [digest.as_str()]);
    let started = world.events_named(TAG, "deployment_started").await?;
    let production = &started.last().expect("a deployment")["deployment"];
    let reported = world.events_named(TAG, "deployment_reported").await?;
    assert!(
        reported
            .iter()
            .all(|report| report["deployment"] != *production),
        "nothing was reported from there: {reported:#?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_check_that_cannot_be_written_down_moves_no_traffic() -> Result<(), Error> {
    let target = Target {
        admitted: false,
        ..Target::default()
    };
    let world = World::start_across(target).await?;
    world.push(TAG, "healthy").await?;
    world.asks(TAG).await?;
    world.click(TAG, "towpath_approve", APPROVER).await?;

    assert_eq!(world.ended(TAG).await?, "rolled_back");
    assert_eq!(world.running("production").await?, world.shop.first());
    assert_eq!(world.visit("production").await?, world.shop.initial);
    let reason = world.reason(TAG).await?;
    assert!(reason.contains("HOOK_EXECUTION_FAILURE"), "{reason}");
    let checks = world.events_named(TAG, "checked").await?;
    assert!(
        checks.iter().all(|check| check["stage"] == "staging"),
        "{checks:#?}"
    );
    let answered = world
        .carried_out("codedeploy", "PutLifecycleEventHookExecutionStatus")
        .await?;
    let last = answered.last().expect("an answer");
    assert_eq!(last["parameters"]["status"], "Failed");
    world.pass(600).await?;
    let letters = world.dead_letters().await?;
    let [letter] = letters.as_slice() else {
        panic!("one dead letter says why: {letters:?}");
    };
    assert_eq!(letter.function, "lifecycle-hook");
    assert!(
        letter.reason.contains("no resource-based policy allows"),
        "{}",
        letter.reason
    );
    Ok(())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
