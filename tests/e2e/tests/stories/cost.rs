//! What a release costs: the counts that `docs/cost.md` reckons with are those of the lab.

use std::collections::BTreeMap;

use serde_json::Value;
use towpath_e2e::{APPROVER, Error, World};

const TAG: &str = "3f2c1ab";

/// What serves everywhere before it.
const EARLIER: &str = "1d2e3f4";

#[tokio::test]
async fn a_release_through_three_stages_costs_what_the_document_says() -> Result<(), Error> {
    let world = World::start().await?;
    through(&world, EARLIER).await?;
    let since = world.lab.get("journal").await?["last"].clone();
    let before = invocations(&world).await?;
    through(&world, TAG).await?;

    let mut counted = calls(&world, &since.to_string()).await?;
    for (function, invoked) in invocations(&world).await? {
        let earlier = before.get(&function).copied().unwrap_or_default();
        // The sweeper runs every minute, whatever is released.
        if function != "sweeper" {
            counted.insert(format!("invocations of `{function}`"), invoked - earlier);
        }
    }
    let documented = documented()?;
    assert_eq!(
        documented.keys().collect::<Vec<_>>(),
        counted.keys().collect::<Vec<_>>()
    );
    let wrong: Vec<_> = documented
        .iter()
        .filter(|(what, most)| !is_near(counted[*what], **most))
        .collect();
    assert!(
        wrong.is_empty(),
        "documented: {wrong:?}, found: {counted:?}"
    );
    Ok(())
}

/// Has a tag go through all stages, until everybody has been told.
async fn through(world: &World, tag: &str) -> Result<(), Error> {
    world.push(tag, "healthy").await?;
    world.asks(tag).await?;
    world.click(tag, "towpath_approve", APPROVER).await?;
    assert_eq!(world.ended(tag).await?, "succeeded");
    world.rest().await
}

/// A bound that is kept, and that still says something.
fn is_near(found: u64, most: u64) -> bool {
    found <= most && most <= 2 * found + 5
}

/// The rows of the document's table of counts.
fn documented() -> Result<BTreeMap<String, u64>, Error> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cost.md");
    let document =
        std::fs::read_to_string(path).map_err(|error| Error::Story(format!("{path}: {error}")))?;
    let (_, table) = document
        .split_once("| of one release | at most |\n|---|---|\n")
        .expect("a table of counts");
    let rows = table.lines().take_while(|line| line.starts_with('|'));
    let cells = rows.map(|row| row.trim_matches('|').split_once('|').expect("two cells"));
    let row = |(what, most): (&str, &str)| {
        let most = most.trim().parse().expect("a number");
        (what.trim().to_owned(), most)
    };
    Ok(cells.map(row).collect())
}

async fn invocations(world: &World) -> Result<BTreeMap<String, u64>, Error> {
    let shown = world.lab.get("functions").await?;
    let functions = shown["functions"].as_array().cloned().unwrap_or_default();
    let short = |function: &Value| {
        let name = function["name"].as_str().unwrap_or_default();
        name.replace("towpath-", "")
    };
    Ok(functions
        .iter()
        .map(|function| {
            (
                short(function),
                function["invocations"].as_u64().unwrap_or(0),
            )
        })
        .collect())
}

/// The calls that are paid for, of all functions but the sweeper.
async fn calls(world: &World, since: &str) -> Result<BTreeMap<String, u64>, Error> {
    let journal = world.lab.get(&format!("journal?since={since}")).await?;
    let mut counted = BTreeMap::new();
    let mut count = |what: &str, times: usize| {
        *counted.entry(what.to_owned()).or_default() += u64::try_from(times).unwrap_or(u64::MAX);
    };
    for entry in journal["entries"].as_array().into_iter().flatten() {
        let text = |name: &str| entry[name].as_str().unwrap_or_default();
        let caller = text("caller");
        if !caller.starts_with("towpath-") || caller == "towpath-sweeper" {
            continue;
        }
        match (text("service"), text("operation")) {
            ("dynamodb", "TransactWriteItems") => {
                let items = entry["parameters"]["TransactItems"].as_array();
                let items = items.cloned().unwrap_or_default();
                let entries = items.iter().filter(|item| is_entry(item)).count();
                count("transactions", 1);
                count("entries in transactions", entries);
                count("other items in transactions", items.len() - entries);
            }
            ("dynamodb", "UpdateItem") => count("single updates", 1),
            ("dynamodb", "Query") => count("queries", 1),
            ("dynamodb", "GetItem") => count("single reads", 1),
            ("sns", "Publish") => count("messages to the request topic", 1),
            ("ssm", "GetParameter" | "GetParameters")
                if entry["parameters"]["WithDecryption"] == true =>
            {
                count("secrets read", 1);
            }
            // Not paid for: ECS, CodeDeploy, auto scaling, ECR, and Slack.
            _ => {}
        }
    }
    Ok(counted)
}

fn is_entry(item: &Value) -> bool {
    let key = item.pointer("/Put/Key/sk/S").and_then(Value::as_str);
    key.is_some_and(|key| key.starts_with("E#"))
}
