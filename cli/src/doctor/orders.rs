//! Whether whoever runs this may write what an order consists of. IAM is asked about their own policies;
//! nothing is written.

use serde_json::json;
use towpath_core::release::Home;
use towpath_deployer::ports::CallError;

use super::finding::{Check, Finding};
use super::simulate::{Asked, Decision, simulate};
use crate::deployer::reads::{Reads, Spot, text};

/// One key of each kind that the orders of people write in the ledger's table, and what a policy
/// calls them. docs/security.md says which order writes which.
const WRITTEN: [(&str, &str); 5] = [
    ("RELEASE#doctor", "RELEASE#*"),
    ("SERVICE#doctor", "SERVICE#*"),
    ("VETO#doctor", "VETO#*"),
    ("ORDERS", "ORDERS"),
    ("BULLETIN#order/doctor", "BULLETIN#order/*"),
];

/// Asks IAM for each kind of keys.
pub(crate) async fn check<R: Reads>(reads: &R, prefix: &str, home: &Home) -> Finding {
    let check = Check {
        name: "orders",
        about: "command line",
    };
    let caller = match caller(reads).await {
        Ok(caller) => caller,
        Err(error) => return check.unknown(&error),
    };
    // IAM's policies do not bind it, and IAM simulates nothing for it.
    if caller.ends_with(":root") {
        return check.ok("the account's root may write every order");
    }
    let Home { account, region } = home;
    let table = format!("arn:aws:dynamodb:{region}:{account}:table/{prefix}-ledger");
    let mut denied = Vec::new();
    for (key, called) in WRITTEN {
        let asked = Asked {
            principal: &caller,
            action: "dynamodb:PutItem",
            resource: &table,
            context: json!({ "dynamodb:LeadingKeys": key }),
        };
        match simulate(reads, &Spot::Home, &asked).await {
            Ok(Decision::Allowed) => {}
            Ok(Decision::Denied(_)) => denied.push(called),
            Ok(Decision::NoPrincipal) => {
                return check.unseen(
                    format!("IAM knows no policies of {caller}, so whether you may order anything is not known"),
                    "an order that is refused says which right is missing",
                );
            }
            Err(error) => return check.unknown(&error),
        }
    }
    match denied.as_slice() {
        [] => check.ok("you may write every order"),
        [..] => check.unseen(
            format!(
                "you may not write {} of {prefix}-ledger: orders of yours that do are refused as a whole",
                denied.join(", ")
            ),
            "if you are to order, allow your role what docs/security.md lists (\"What people need\")",
        ),
    }
}

/// Whose policies count: the user, or the role of the session.
async fn caller<R: Reads>(reads: &R) -> Result<String, CallError> {
    let home = &Spot::Home;
    let caller = reads.caller_arn().await?;
    let mut parts = caller.split('/');
    match (parts.next(), parts.next()) {
        (Some(kind), Some(role)) if kind.ends_with(":assumed-role") => {
            // A session's ARN leaves out its role's path.
            // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>
            let read = reads.read(home, "iam:GetRole", json!({ "RoleName": role }));
            Ok(text(&read.await?["Role"], "Arn").to_owned())
        }
        (_, _) => Ok(caller),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployer::memory::Replies;
    use crate::deployer::memory::home;
    use crate::doctor::report::report;

    const SESSION: &str = "arn:aws:sts::111111111111:assumed-role/on-call/ada";

    fn called(arn: &str) -> Replies {
        let role = json!({ "Role": { "Arn": "arn:aws:iam::111111111111:role/people/on-call" } });
        Replies::default()
            .say("sts:GetCallerIdentity", json!(arn))
            .say("iam:GetRole", role)
    }

    fn decided(decision: &str) -> serde_json::Value {
        json!({ "EvaluationResults": [{ "EvalDecision": decision }] })
    }

    async fn found(answers: Replies) -> String {
        report(&[check(&answers, "towpath", &home()).await]).remove(0)
    }

    #[tokio::test]
    async fn each_kind_of_keys_is_asked_for_in_the_name_of_the_sessions_role() {
        const ASK: &str = "iam:SimulatePrincipalPolicy";
        let role = "role/people/on-call";
        let all = called(SESSION).say_about(ASK, role, decided("allowed"));
        assert_eq!(found(all).await, "ok: you may write every order");
        let some = called(SESSION)
            .say_about(ASK, "BULLETIN#order/", decided("implicitDeny"))
            .say_about(ASK, role, decided("allowed"));
        let some = found(some).await;
        assert!(
            some.starts_with("unknown: you may not write BULLETIN#order/* of towpath-ledger:"),
            "{some}"
        );
        let gone = found(called(SESSION).refuse(ASK, "NoSuchEntity")).await;
        assert!(
            gone.starts_with("unknown: IAM knows no policies of"),
            "{gone}"
        );
        let root = found(called("arn:aws:iam::111111111111:root")).await;
        assert_eq!(root, "ok: the account's root may write every order");
    }
}
