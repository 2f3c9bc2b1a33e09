//! A hook function reports from its own account, and is heard about the stages of that account only.

use serde_json::{Value, json};
use towpath_e2e::{APPROVER, Error, Stolen, TOOLS, Target, World};

const TAG: &str = "3f2c1ab";

/// What a hook function would report about a stage.
fn report(account: &str, release: &str, deployment: &Value, stage: &str) -> Value {
    let report = json!({
        "stage": stage, "deployment": deployment, "at": "after_test_traffic",
        "results": [{ "check": "health", "passed": false, "detail": "forged" }],
    });
    let deployment = deployment.as_str().unwrap_or_default();
    json!({ "TableName": format!("arn:aws:dynamodb:{}:{}:table/towpath-ledger", TOOLS.region, TOOLS.account), "Item": {
        "pk": { "S": format!("HOOK#{account}#{release}") },
        "sk": { "S": format!("REPORT#{deployment}#after_test_traffic/{stage}") },
        "report": { "S": report.to_string() },
        "wake": { "S": "1@now" },
    } })
}

async fn put(session: &Stolen<'_>, item: &Value) -> Result<(), Error> {
    session.aws("dynamodb", "PutItem", item).await.map(drop)
}

fn is_denied(answer: Result<(), Error>) -> bool {
    answer.is_err_and(|error| error.to_string().contains("AccessDenied"))
}

#[tokio::test]
async fn a_hook_function_of_one_account_does_not_answer_for_a_stage_of_another() -> Result<(), Error>
{
    let target = Target::default();
    let world = World::start_across(target.clone()).await?;
    let digest = world.push(TAG, "healthy").await?;
    world.asks(TAG).await?;
    let release = world.release(TAG).await?.id;
    let started = world.events_named(TAG, "deployment_started").await?;
    let staging = &started.last().expect("staging's deployment")["deployment"];
    let reported = world.events_named(TAG, "checked").await?;
    assert_eq!(reported.len(), 1, "staging's: {reported:#?}");

    let there = Stolen::of(&world.lab, &target.hook_role()).await?;
    let account = target.place.account;
    let for_home = report(TOOLS.account, &release, staging, "staging");
    assert!(is_denied(put(&there, &for_home).await));
    let mut entry = report(account, &release, staging, "staging");
    entry["Item"]["pk"] = json!({ "S": format!("RELEASE#{release}") });
    entry["Item"]["sk"] = json!({ "S": "E#000000000999" });
    assert!(is_denied(put(&there, &entry).await));
    let here = format!("arn:aws:iam::{}:role/towpath-lifecycle-hook", TOOLS.account);
    let here = Stolen::of(&world.lab, &here).await?;
    let for_target = report(account, &release, staging, "production");
    assert!(is_denied(put(&here, &for_target).await));
    assert!(is_denied(put(&here, &entry).await));

    // In its own partition it may say what it likes; nobody listens to what it says of elsewhere.
    put(&there, &report(account, &release, staging, "staging")).await?;
    put(&there, &report(account, &release, staging, "nowhere")).await?;
    world.click(TAG, "towpath_approve", APPROVER).await?;
    assert_eq!(world.ended(TAG).await?, "succeeded");
    assert_eq!(world.running("production").await?, [digest.as_str()]);
    let reported = world.events_named(TAG, "checked").await?;
    let stages: Vec<_> = reported.iter().map(|checked| &checked["stage"]).collect();
    assert_eq!(stages, ["staging", "production"], "{reported:#?}");
    assert!(
        !reported
            .iter()
            .any(|checked| checked.to_string().contains("forged"))
    );
    assert_eq!(world.dead_letters().await?, []);
    Ok(())
}
