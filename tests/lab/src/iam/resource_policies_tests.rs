use serde_json::json;

use super::*;
use crate::gateway::parse::Protocol;

const TABLE: &str = "arn:aws:dynamodb:eu-central-1:111111111111:table/ledger";
const BUS: &str = "arn:aws:events:eu-central-1:111111111111:event-bus/default";

fn request(service: &str, operation: &str, input: Value) -> Request {
    Request {
        access_key: String::new(),
        account: "111111111111".to_owned(),
        region: "eu-central-1".to_owned(),
        service: service.to_owned(),
        operation: operation.to_owned(),
        protocol: Protocol::Json("1.1"),
        input,
    }
}

fn role(name: &str) -> String {
    format!("arn:aws:iam::222222222222:role/{name}")
}

fn allows(policies: &ResourcePolicies, resource: &str, action: &str, role: &str) -> bool {
    allows_key(policies, resource, action, role, "RELEASE#1")
}

/// Whether the policy lets the role do that to items under a partition key.
fn allows_key(
    policies: &ResourcePolicies,
    resource: &str,
    action: &str,
    role: &str,
    key: &str,
) -> bool {
    let caller = Caller::Principal {
        arn: role,
        account: "222222222222",
    };
    let mut context = caller.context();
    context.insert("dynamodb:leadingkeys".to_owned(), vec![key.to_owned()]);
    matches!(
        policies.decide(resource, action, &caller, &context),
        Verdict::Allowed { .. }
    )
}

#[test]
fn a_table_lets_an_account_write_under_keys_of_its_own_only() {
    let policies = ResourcePolicies::default();
    let policy = json!({ "Statement": [{
        "Effect": "Allow", "Principal": { "AWS": ["arn:aws:iam::222222222222:root"] },
        "Action": ["dynamodb:PutItem"], "Resource": TABLE,
        "Condition": { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["HOOK#${aws:PrincipalAccount}#*"] } },
    }] });
    let put = json!({ "ResourceArn": TABLE, "Policy": policy.to_string() });
    policies.observe(&request("dynamodb", "PutResourcePolicy", put));

    for (key, expected) in [
        ("HOOK#222222222222#shop-api-1", true),
        ("HOOK#333333333333#shop-api-1", false),
        ("RELEASE#shop-api-1", false),
    ] {
        let may = allows_key(&policies, TABLE, "dynamodb:PutItem", &role("hook"), key);
        assert_eq!(may, expected, "{key}");
    }
}

#[test]
fn a_table_lets_in_exactly_the_role_that_its_policy_names() {
    let policies = ResourcePolicies::default();
    let policy = json!({ "Statement": [{
        "Effect": "Allow", "Principal": { "AWS": ["arn:aws:iam::222222222222:root"] },
        "Action": ["dynamodb:Query"], "Resource": TABLE,
        "Condition": { "ArnEquals": { "aws:PrincipalArn": [role("hook")] } },
    }] });
    let put = json!({ "ResourceArn": TABLE, "Policy": policy.to_string() });
    policies.observe(&request("dynamodb", "PutResourcePolicy", put));

    assert!(allows(&policies, TABLE, "dynamodb:Query", &role("hook")));
    assert!(!allows(&policies, TABLE, "dynamodb:Scan", &role("hook")));
    assert!(!allows(&policies, TABLE, "dynamodb:Query", &role("other")));

    let delete = json!({ "ResourceArn": TABLE });
    policies.observe(&request("dynamodb", "DeleteResourcePolicy", delete));
    assert!(!allows(&policies, TABLE, "dynamodb:Query", &role("hook")));
}

#[test]
fn a_bus_lets_in_the_accounts_that_were_added_to_its_policy() {
    let policies = ResourcePolicies::default();
    let put = |account: &str| {
        let input =
            json!({ "StatementId": account, "Principal": account, "Action": "events:PutEvents" });
        policies.observe(&request("events", "PutPermission", input));
    };
    put("333333333333");
    assert!(!allows(
        &policies,
        BUS,
        "events:PutEvents",
        &role("forward")
    ));
    put("222222222222");
    assert!(allows(&policies, BUS, "events:PutEvents", &role("forward")));
    let remove = json!({ "StatementId": "222222222222" });
    policies.observe(&request("events", "RemovePermission", remove));
    assert!(!allows(
        &policies,
        BUS,
        "events:PutEvents",
        &role("forward")
    ));
}

#[test]
fn the_policy_of_a_repository_is_about_itself() {
    let policies = ResourcePolicies::default();
    let policy = json!({ "Statement": [{ "Effect": "Allow", "Principal": { "AWS": "222222222222" },
        "Action": "ecr:DescribeImages" }] });
    let set = json!({ "repositoryName": "shop", "policyText": policy.to_string() });
    policies.observe(&request("ecr", "SetRepositoryPolicy", set));
    let shop = "arn:aws:ecr:eu-central-1:111111111111:repository/shop";
    assert!(allows(&policies, shop, "ecr:DescribeImages", &role("any")));
    let other = "arn:aws:ecr:eu-central-1:111111111111:repository/other";
    assert!(!allows(
        &policies,
        other,
        "ecr:DescribeImages",
        &role("any")
    ));
}
