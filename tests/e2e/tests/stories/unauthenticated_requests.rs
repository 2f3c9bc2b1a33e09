//! Requests that nobody has signed: however many come, they cost next to nothing, and a secret that
//! was rotated is in use a minute later all the same.

use serde_json::{Value, json};
use towpath_e2e::{APPROVER, Error, World};

const TAG: &str = "3f2c1ab";
const APPROVE: &str = "towpath_approve";

/// How often the function which faces the internet has read the signing secret.
async fn reads(world: &World) -> Result<usize, Error> {
    let read = world.calls("ssm", "GetParameter").await?;
    let read = read.iter().filter(|call| {
        call["caller"] == "towpath-approval"
            && call["parameters"]["Name"] == "/towpath/slack/signing-secret"
    });
    Ok(read.count())
}

/// Calls that the function which faces the internet has made, by operation.
async fn calls(world: &World, operation: &str) -> Result<usize, Error> {
    let journal = world.lab.get("journal").await?;
    let entries = journal["entries"].as_array().cloned().unwrap_or_default();
    let made = entries
        .iter()
        .filter(|call| call["caller"] == "towpath-approval" && call["operation"] == operation);
    Ok(made.count())
}

async fn forged(world: &World, times: usize) -> Result<(), Error> {
    let forged = json!({ "signature": "not-the-signing-secret" });
    for _ in 0..times {
        let status = world.click_with(TAG, APPROVE, APPROVER, &forged).await?;
        assert_eq!(status, 401);
    }
    Ok(())
}

/// The lines about refused requests, each with how many were left out before it.
fn lines(world: &World) -> Result<Vec<u64>, Error> {
    let logs = world.function_logs()?;
    let lines = logs
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|line| line["message"] == "request refused: its signature is not Slack's");
    Ok(lines
        .map(|line| line["left_out"].as_u64().unwrap_or_default())
        .collect())
}

#[tokio::test]
async fn a_flood_of_forged_requests_reads_the_secret_once_and_is_logged_in_part()
-> Result<(), Error> {
    let world = World::start().await?;
    let digest = world.push(TAG, "healthy").await?;
    world.asks(TAG).await?;
    for unsigned in [
        json!({ "timestamp_offset_seconds": -301 }),
        json!({ "signature": "v0=A2114D57B48EAC39B9AD189DD8316235A7B4A8D21A10BD27519666489C69B503" }),
    ] {
        assert_eq!(
            world.click_with(TAG, APPROVE, APPROVER, &unsigned).await?,
            401
        );
    }
    assert_eq!(
        reads(&world).await?,
        0,
        "what no secret can verify asks for none"
    );

    forged(&world, 28).await?;
    assert_eq!(reads(&world).await?, 1);
    assert_eq!(lines(&world)?, [0; 10]);
    world.pass(61).await?;
    forged(&world, 5).await?;
    assert_eq!(reads(&world).await?, 2);
    assert_eq!(lines(&world)?[10..], [20, 0, 0, 0, 0]);
    for operation in ["Query", "GetItem", "TransactWriteItems", "PutItem"] {
        assert_eq!(calls(&world, operation).await?, 0, "{operation}");
    }

    // The secret is rotated. Within a minute of the last read the old one counts.
    let rotated = json!({ "Name": "/towpath/slack/signing-secret", "Type": "SecureString",
        "Value": "rotated-0123456789abcdef", "Overwrite": true });
    world.lab.aws("ssm", "PutParameter", &rotated).await?;
    let status = world.click_with(TAG, APPROVE, APPROVER, &json!({})).await?;
    assert_eq!(status, 401);
    world.pass(61).await?;
    let status = world.click_with(TAG, APPROVE, APPROVER, &json!({})).await?;
    assert_eq!(status, 200);
    assert_eq!(reads(&world).await?, 3);
    assert_eq!(world.ended(TAG).await?, "succeeded");
    assert_eq!(world.running("production").await?, [digest.as_str()]);
    Ok(())
}
