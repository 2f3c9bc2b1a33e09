//! Whether whoever runs this may read the key with which their orders are sealed. Its value is looked
//! at by nobody.

use serde_json::json;
use towpath_core::release::Writer;

use super::finding::{Check, Finding};
use crate::deployer::reads::{Reads, Spot};

/// Reads the key of the command line.
pub(crate) async fn check<R: Reads>(reads: &R, prefix: &str) -> Finding {
    let name = format!("/{prefix}/seals/{}", Writer::Operator);
    let check = Check {
        name: "seals",
        about: "command line",
    };
    let input = json!({ "Name": name, "WithDecryption": true });
    let read = reads.read(&Spot::Home, "ssm:GetParameter", input);
    let Err(error) = read.await else {
        return check.ok(format!("what you order can be sealed with {name}"));
    };
    match error.code() {
        Some("ParameterNotFound") => check.error(
            format!("there is no parameter {name}, so no order from the command line is acted on"),
            "apply the deployer's Terraform module of this version",
        ),
        Some("AccessDeniedException") => check.unseen(
            format!("you may not read {name}: you can neither roll back with the command line nor veto releases that are open"),
            "if you are to, allow your role ssm:GetParameter on it (the module's output operator_parameters), and kms:Decrypt if it has a key of your own",
        ),
        Some(_) | None => check.unknown(&error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployer::memory::Replies;
    use crate::doctor::report::report;

    async fn found(answers: Replies) -> String {
        report(&[check(&answers, "towpath").await]).remove(0)
    }

    #[tokio::test]
    async fn the_key_has_to_be_there_and_to_be_readable() {
        let read = json!({ "Parameter": { "Value": "hidden" } });
        assert_eq!(
            found(Replies::default().say("ssm:GetParameter", read)).await,
            "ok: what you order can be sealed with /towpath/seals/operator"
        );
        for (code, words) in [
            ("ParameterNotFound", "error: there is no parameter"),
            ("AccessDeniedException", "unknown: you may not read"),
            ("ThrottlingException", "unknown: "),
        ] {
            let told = found(Replies::default().refuse("ssm:GetParameter", code)).await;
            assert!(told.starts_with(words), "{told}");
        }
    }
}
