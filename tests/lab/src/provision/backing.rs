//! What functions need of services that moto keeps.

use serde_json::{Value, json};

use super::Done;
use crate::description::Description;
use crate::lab::Lab;
use crate::slack::{api, click};
use crate::xml;

/// What Slack's token and secret are in a new lab.
const TOKEN: &str = "xoxb-lab-0000000000-towpath";
const SIGNING_SECRET: &str = "lab00signing00secret00towpath000";

/// The ledger's table, with its stream and indexes.
pub(super) async fn table(lab: &Lab) -> Done {
    let table = &lab.description.table;
    let created = lab
        .moto
        .json(
            lab.home(),
            "dynamodb",
            "DynamoDB_20120810.CreateTable",
            &create_table(&lab.description),
        )
        .await?;
    if let Some(arn) = created["TableDescription"]["LatestStreamArn"].as_str() {
        // Set once: this is the first to know.
        let _ = lab.streams.arn.set(arn.to_owned());
    } else {
        tracing::warn!(table = table.name, "the table has no stream");
    }
    Ok(())
}

fn create_table(description: &Description) -> Value {
    let table = &description.table;
    let key = |partition: &str, sort: Option<&str>| {
        let mut schema = vec![json!({ "AttributeName": partition, "KeyType": "HASH" })];
        schema.extend(sort.map(|sort| json!({ "AttributeName": sort, "KeyType": "RANGE" })));
        schema
    };
    let mut attributes = vec!["pk", "sk"];
    let mut indexes = Vec::new();
    for index in &table.indexes {
        let names = std::iter::once(index.partition.as_str()).chain(index.sort.as_deref());
        attributes.extend(names);
        indexes.push(json!({
            "IndexName": index.name,
            "KeySchema": key(&index.partition, index.sort.as_deref()),
            "Projection": { "ProjectionType": "ALL" },
        }));
    }
    attributes.sort_unstable();
    attributes.dedup();
    let attributes: Vec<Value> = attributes
        .into_iter()
        .map(|name| json!({ "AttributeName": name, "AttributeType": "S" }))
        .collect();
    let mut input = json!({
        "TableName": table.name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": attributes,
        "KeySchema": key("pk", Some("sk")),
        "StreamSpecification": { "StreamEnabled": true, "StreamViewType": table.stream_view_type },
    });
    if !indexes.is_empty() {
        input["GlobalSecondaryIndexes"] = Value::Array(indexes);
    }
    input
}

pub(super) async fn topics(lab: &Lab) -> Done {
    for name in lab.description.topics.values() {
        let answer = lab
            .moto
            .query(
                lab.home(),
                "sns",
                "CreateTopic",
                "2010-03-31",
                &[("Name", name)],
            )
            .await?;
        tracing::debug!(topic = ?xml::text(&answer, "TopicArn"), "created");
    }
    Ok(())
}

/// A queue for dead letters.
pub(super) async fn queue(lab: &Lab, name: &str) -> Done {
    let input = json!({ "QueueName": name, "Attributes": { "MessageRetentionPeriod": "1209600" } });
    lab.moto
        .json(lab.home(), "sqs", "AmazonSQS.CreateQueue", &input)
        .await?;
    Ok(())
}

/// A value for each parameter of the description, all of which are secrets.
pub(super) async fn secrets(lab: &Lab) -> Done {
    for (key, name) in &lab.description.parameters {
        let value = match key.as_str() {
            api::TOKEN_PARAMETER => TOKEN.to_owned(),
            click::SECRET_PARAMETER => SIGNING_SECRET.to_owned(),
            _ => lab.ids.token(),
        };
        let input = json!({ "Name": name, "Value": value, "Type": "SecureString" });
        lab.moto
            .json(lab.home(), "ssm", "AmazonSSM.PutParameter", &input)
            .await?;
    }
    Ok(())
}

/// The parameter by which the command line finds the deployer.
pub(super) async fn installation(lab: &Lab) -> Done {
    let value = json!({ "version": env!("CARGO_PKG_VERSION") }).to_string();
    let input = json!({ "Name": lab.description.installation, "Value": value, "Type": "String" });
    lab.moto
        .json(lab.home(), "ssm", "AmazonSSM.PutParameter", &input)
        .await?;
    Ok(())
}
