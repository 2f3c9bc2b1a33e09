//! The command line, beside the deployer that it looks into.

use serde_json::Value;
use towpath_e2e::terminal::{changes_since, towpath};
use towpath_e2e::{APPROVER, Error, World};

#[tokio::test]
async fn plan_history_status_and_audit_tell_what_was_and_what_would_be() -> Result<(), Error> {
    let world = World::start().await?;
    let digest = world.push("3f2c1ab", "healthy").await?;
    world.asks("3f2c1ab").await?;

    let before = world.lab.get("journal").await?["last"].clone();
    let plan = [
        "plan",
        "shop-api",
        "--stage",
        "production",
        "--image",
        "3f2c1ab",
    ];
    let (code, printed) = towpath(&world, &plan).await?;
    assert_eq!(code, 1, "it would change: {printed}");
    assert!(printed.contains(&digest), "{printed}");
    assert!(printed.contains(APPROVER), "{printed}");
    assert!(
        printed.contains("auto scaling  suspended meanwhile"),
        "{printed}"
    );
    assert_eq!(changes_since(&world, &before).await?, Vec::<String>::new());

    world.click("3f2c1ab", "towpath_approve", APPROVER).await?;
    assert_eq!(world.ended("3f2c1ab").await?, "succeeded");

    let (code, printed) = towpath(&world, &plan).await?;
    assert_eq!(code, 0, "no perpetual diff: {printed}");
    assert!(
        printed.contains("the same: nothing is deployed"),
        "{printed}"
    );

    let (code, printed) = towpath(&world, &["history", "shop-api", "--output", "json"]).await?;
    assert_eq!(code, 0, "{printed}");
    let history: Value = serde_json::from_str(&printed).unwrap_or_default();
    let release = find(&history, "release").unwrap_or_default();
    let (code, printed) = towpath(&world, &["history", &release]).await?;
    assert_eq!(code, 0, "{printed}");
    assert!(
        printed.contains(&format!("Slack user {APPROVER}")),
        "who approved: {printed}"
    );
    let (code, printed) = towpath(&world, &["audit", &release]).await?;
    assert_eq!(code, 0, "{printed}");
    let (code, printed) = towpath(&world, &["status"]).await?;
    assert_eq!(code, 0, "{printed}");
    assert!(printed.contains("production"), "{printed}");

    edit_an_entry(&world, &release).await?;
    let (code, printed) = towpath(&world, &["audit", &release]).await?;
    assert_eq!(code, 1, "{printed}");
    assert!(printed.contains("entry 2 was edited"), "{printed}");
    Ok(())
}

/// The first text under that key, wherever it is.
fn find(value: &Value, key: &str) -> Option<String> {
    match value {
        Value::Object(object) => object
            .get(key)
            .and_then(Value::as_str)
            .map(str::to_owned)
            .or_else(|| object.values().find_map(|value| find(value, key))),
        Value::Array(items) => items.iter().find_map(|value| find(value, key)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// What nobody may do.
async fn edit_an_entry(world: &World, release: &str) -> Result<(), Error> {
    let edit = serde_json::json!({
        "TableName": "towpath-ledger",
        "Key": { "pk": { "S": format!("RELEASE#{release}") }, "sk": { "S": "E#000000000002" } },
        "UpdateExpression": "SET #event = :event, #type = :type",
        "ExpressionAttributeNames": { "#event": "event", "#type": "type" },
        "ExpressionAttributeValues": {
            ":event": { "S": "{\"type\":\"notified\",\"channel\":\"slack\",\"through\":1}" },
            ":type": { "S": "notified" },
        },
    });
    world.lab.aws("dynamodb", "UpdateItem", &edit).await?;
    Ok(())
}
