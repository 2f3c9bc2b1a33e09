//! Two accounts: what one may do in the other, and that both have to agree.

use serde_json::{Value, json};

use crate::harness::{Answer, Lab};

const OTHER: &str = "222222222222";
const FORWARD: &str = "arn:aws:iam::222222222222:role/forward";
const READER: &str = "arn:aws:iam::222222222222:role/reader";
const TABLE: &str = "arn:aws:dynamodb:eu-central-1:111111111111:table/lab-ledger";

fn bus(account: &str) -> String {
    format!("arn:aws:events:eu-central-1:{account}:event-bus/default")
}

/// Rules that send the other account's events here and, in vain, back again.
async fn forward(lab: &Lab, role: Option<&str>) {
    let pattern = json!({"source": ["towpath"]});
    let here = bus("111111111111");
    lab.tell("roles", json!({
        "arn": FORWARD,
        "statements": [{"actions": ["events:PutEvents"], "resources": [here]}],
        "trust": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "events.amazonaws.com"},
            "Condition": {"ArnLike": {"aws:SourceArn": format!("arn:aws:events:*:{OTHER}:rule/*")}}}],
    })).await;
    for rule in [
        json!({"name": "out", "account": OTHER, "pattern": pattern, "bus": here, "role": role}),
        json!({"name": "back", "pattern": pattern, "bus": bus(OTHER), "role": role}),
        json!({"name": "in", "pattern": pattern, "function": "lab-echo"}),
    ] {
        lab.tell("rules", rule).await;
    }
}

async fn admit(lab: &Lab) {
    let permission =
        json!({"StatementId": "other", "Principal": OTHER, "Action": "events:PutEvents"});
    let admitted = lab
        .call("events", "AWSEvents.PutPermission", permission)
        .await;
    assert_eq!(admitted.status, 200, "{admitted:?}");
}

async fn put_event(lab: &Lab) {
    let entries = json!({"Entries": [{"Source": "towpath", "DetailType": "t", "Detail": "{}"}]});
    lab.call_as(OTHER, "events", "AWSEvents.PutEvents", entries)
        .await;
    lab.idle().await;
}

#[tokio::test]
async fn another_accounts_events_are_forwarded_once() {
    let lab = Lab::start();
    forward(&lab, Some(FORWARD)).await;
    admit(&lab).await;
    put_event(&lab).await;
    let received = lab.received("lab-echo");
    assert_eq!(received.len(), 1);
    assert_eq!(received[0]["account"], OTHER, "an event keeps its account");
}

#[tokio::test]
async fn an_event_that_may_not_be_forwarded_is_a_dead_letter_that_says_why() {
    let lab = Lab::start();
    forward(&lab, Some(FORWARD)).await;
    put_event(&lab).await;
    admit(&lab).await;
    forward(&lab, None).await;
    put_event(&lab).await;
    assert!(lab.received("lab-echo").is_empty());
    let letters = lab.look("dead-letters").await;
    let reasons: Vec<_> = letters["dead_letters"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|letter| letter["attributes"]["ERROR_MESSAGE"].as_str().expect("why"))
        .collect();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(
        reasons[0].contains("does not admit 222222222222"),
        "{reasons:?}"
    );
    assert!(reasons[1].contains("has no RoleArn"), "{reasons:?}");
}

/// An access key of a role in the other account that its own statements let read the table.
async fn reader(lab: &Lab) -> String {
    lab.tell(
        "roles",
        json!({
            "arn": READER,
            "statements": [{"actions": ["dynamodb:*"], "resources": [TABLE]}],
            "trust": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": OTHER}}],
        }),
    )
    .await;
    let parameters = [
        ("Action", "AssumeRole"),
        ("RoleArn", READER),
        ("RoleSessionName", "s"),
    ];
    let answer = lab.query(OTHER, "sts", &parameters).await;
    let xml = answer.body.as_str().expect("XML").to_owned();
    let (_, rest) = xml.split_once("<AccessKeyId>").expect("a key");
    rest.split('<').next().expect("a key").to_owned()
}

async fn get(lab: &Lab, key: &str, table: &str) -> Answer {
    let input = json!({"TableName": table, "Key": {"pk": {"S": "R#1"}, "sk": {"S": "1"}}});
    lab.call_as(key, "dynamodb", "DynamoDB_20120810.GetItem", input)
        .await
}

#[tokio::test]
async fn a_table_is_reached_from_another_account_by_its_arn_when_its_policy_agrees() {
    let lab = Lab::start();
    lab.put("R#1", "1", json!({"data": {"S": "here"}})).await;
    let key = reader(&lab).await;
    let refused = get(&lab, &key, TABLE).await;
    assert_eq!(refused.body["__type"], "AccessDeniedException");
    let message = refused.body["message"].as_str().expect("a message");
    assert!(
        message.ends_with("because no resource-based policy allows the dynamodb:GetItem action"),
        "{message}"
    );

    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::222222222222:root"}, "Action": ["dynamodb:GetItem", "dynamodb:PutItem"],
        "Resource": TABLE, "Condition": {"ArnEquals": {"aws:PrincipalArn": READER}}}]});
    let put = json!({"ResourceArn": TABLE, "Policy": policy.to_string()});
    let stored = lab
        .call("dynamodb", "DynamoDB_20120810.PutResourcePolicy", put)
        .await;
    assert_eq!(stored.status, 200, "{stored:?}");

    assert_eq!(
        get(&lab, &key, TABLE).await.body["Item"]["data"]["S"],
        "here"
    );
    let by_name = get(&lab, &key, "lab-ledger").await;
    assert_eq!(
        by_name.body["__type"], "AccessDeniedException",
        "that is a table of the caller's account"
    );
    let root = get(&lab, OTHER, TABLE).await;
    assert_eq!(
        root.body["__type"], "AccessDeniedException",
        "the policy names one role"
    );
    let elsewhere = get(
        &lab,
        "AKIAROOT",
        &TABLE.replace("eu-central-1", "eu-west-1"),
    )
    .await;
    assert_eq!(elsewhere.body["__type"], "ValidationException");

    let item = json!({"pk": {"S": "RELEASE#2"}, "sk": {"S": "1"}});
    let transaction = json!({"TransactItems": [{"Put": {"TableName": TABLE, "Item": item}}]});
    let target = "DynamoDB_20120810.TransactWriteItems";
    let written = lab.call_as(&key, "dynamodb", target, transaction).await;
    assert_eq!(written.status, 200, "{written:?}");
    lab.idle().await;
    let fed = lab.received("lab-feed");
    let keys: Vec<&Value> = fed
        .iter()
        .flat_map(|event| event["Records"].as_array().into_iter().flatten())
        .map(|record| &record["dynamodb"]["Keys"]["pk"]["S"])
        .collect();
    assert!(
        keys.contains(&&json!("RELEASE#2")),
        "the stream tells of it: {fed:?}"
    );
}

/// An access key of a role in the other account that the table's policy admits, with such statements.
async fn admitted(lab: &Lab, conditions: &Value) -> String {
    let actions = json!(["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"]);
    let statement =
        json!({"sid": "Own", "actions": actions, "resources": [TABLE], "conditions": conditions});
    lab.tell("roles", json!({"arn": READER, "statements": [statement]}))
        .await;
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::222222222222:root"}, "Action": actions,
        "Resource": TABLE, "Condition": conditions}]});
    let put = json!({"ResourceArn": TABLE, "Policy": policy.to_string()});
    let target = "DynamoDB_20120810.PutResourcePolicy";
    assert_eq!(lab.call("dynamodb", target, put).await.status, 200);
    let stolen = lab.tell("credentials", json!({"role": READER})).await;
    stolen["access_key"].as_str().expect("a key").to_owned()
}

#[tokio::test]
async fn an_account_writes_and_reads_under_its_own_keys_only() {
    let lab = Lab::start();
    let own = json!({"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["HOOK#${aws:PrincipalAccount}#*"]}});
    let key = admitted(&lab, &own).await;
    let call = async |operation: &str, input: Value| {
        let target = format!("DynamoDB_20120810.{operation}");
        let answer = lab.call_as(&key, "dynamodb", &target, input).await;
        answer.status
    };
    let item = |partition: &str| json!({"pk": {"S": partition}, "sk": {"S": "1"}});
    for (partition, expected) in [
        ("HOOK#222222222222#a", 200),
        ("HOOK#333333333333#a", 400),
        ("RELEASE#a", 400),
    ] {
        let put = json!({"TableName": TABLE, "Item": item(partition)});
        assert_eq!(call("PutItem", put).await, expected, "{partition}");
        let put = json!({"Put": {"TableName": TABLE, "Item": item(partition)}});
        let mine = json!({"Put": {"TableName": TABLE, "Item": item("HOOK#222222222222#b")}});
        let both = json!({"TransactItems": [mine, put]});
        assert_eq!(
            call("TransactWriteItems", both).await,
            expected,
            "{partition}"
        );
        let get = json!({"TableName": TABLE, "Key": item(partition)});
        assert_eq!(call("GetItem", get).await, expected, "{partition}");
        let query = json!({"TableName": TABLE, "KeyConditionExpression": "pk = :p",
            "ExpressionAttributeValues": {":p": {"S": partition}}});
        assert_eq!(call("Query", query).await, expected, "{partition}");
    }
}

#[tokio::test]
async fn a_table_under_an_aws_managed_key_lets_no_other_account_in() {
    let lab = Lab::start();
    let key = admitted(&lab, &json!({})).await;
    assert_eq!(get(&lab, &key, TABLE).await.status, 200);
    let encrypt = async |specification: Value| {
        let input = json!({"TableName": "lab-ledger", "SSESpecification": specification});
        let target = "DynamoDB_20120810.UpdateTable";
        assert_eq!(lab.call("dynamodb", target, input).await.status, 200);
    };
    encrypt(json!({"Enabled": true})).await;
    let refused = get(&lab, &key, TABLE).await;
    assert_eq!(refused.body["__type"], "AccessDeniedException");
    let message = refused.body["message"].as_str().expect("a message");
    assert!(message.contains("no key policy allows"), "{message}");
    let home = get(&lab, "AKIAROOT", "lab-ledger").await;
    assert_eq!(home.status, 200, "{home:?}");
    encrypt(
        json!({"Enabled": true, "KMSMasterKeyId": "arn:aws:kms:eu-central-1:111111111111:key/1"}),
    )
    .await;
    assert_eq!(get(&lab, &key, TABLE).await.status, 200);
}
