//! The deployer's functions: there, running, fed, and of this command's version.

use serde_json::{Value, json};
use towpath_aws::version::{self, Version};

use super::finding::{Check, Finding};
use crate::deployer::description::Function;
use crate::deployer::reads::{Reads, Spot, items, text};

/// Looks at one function.
pub(crate) async fn check<R: Reads>(reads: &R, function: &Function) -> Vec<Finding> {
    let check = Check {
        name: "function",
        about: &function.name,
    };
    let found = match configuration(reads, &Spot::Home, &function.name).await {
        Ok(Some(found)) => found,
        Ok(None) => {
            return vec![check.error(
                "the function is not there",
                "apply the deployer's Terraform module; --prefix and --region name where it is",
            )];
        }
        Err(error) => return vec![check.unknown(&error)],
    };
    let mut findings = vec![state(&check, &found), version_of(&function.name, &found)];
    if function.has_stream {
        findings.push(stream(reads, &function.name).await);
    }
    findings
}

/// A function's configuration; none where there is no such function.
pub(crate) async fn configuration<R: Reads>(
    reads: &R,
    spot: &Spot,
    name: &str,
) -> Result<Option<Value>, towpath_deployer::ports::CallError> {
    let input = json!({ "FunctionName": name });
    let read = reads.read(spot, "lambda:GetFunctionConfiguration", input);
    match read.await {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
        Err(error) => Err(error),
    }
}

/// <https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html>
pub(crate) fn state(check: &Check<'_>, configuration: &Value) -> Finding {
    let state = text(configuration, "State");
    let update = text(configuration, "LastUpdateStatus");
    let reason = |member: &str| match text(configuration, member) {
        "" => String::new(),
        reason => format!(": {reason}"),
    };
    if state == "Failed" {
        return check.error(
            format!("the function cannot run{}", reason("StateReason")),
            "mend what the reason names, and apply the Terraform module again",
        );
    }
    // An idle function is taken down, and its next invocation fails while it is brought back.
    if state == "Inactive" {
        return check.warning(
            "the function is inactive, so that its next invocation fails",
            "invoke it once, and wait until its state is Active",
        );
    }
    if state == "Pending" {
        return check.warning(
            format!("the function cannot run yet{}", reason("StateReason")),
            "run doctor again when its state is Active",
        );
    }
    if update == "Failed" {
        return check.error(
            format!(
                "the last update of the function failed{}",
                reason("LastUpdateStatusReason")
            ),
            "mend what the reason names, and apply the Terraform module again",
        );
    }
    check.ok("can run")
}

fn version_of(name: &str, configuration: &Value) -> Finding {
    let check = Check {
        name: "version",
        about: name,
    };
    let installed = text(
        &configuration["Environment"]["Variables"],
        version::VARIABLE,
    );
    if installed.is_empty() {
        return check.unseen(
            "the function does not say which version it is",
            "install it from a package of `make package` with the Terraform module of that version",
        );
    }
    let own = Version::own();
    if own.is_of(installed) {
        check.ok(installed)
    } else {
        check.warning(
            format!("the function is {installed}, this command is {own}"),
            "use the command of the deployer's version, or upgrade the deployer: docs/install.md",
        )
    }
}

async fn stream<R: Reads>(reads: &R, name: &str) -> Finding {
    let check = Check {
        name: "stream",
        about: name,
    };
    let input = json!({ "FunctionName": name });
    let read = reads.read(&Spot::Home, "lambda:ListEventSourceMappings", input);
    let found = match read.await {
        Ok(found) => found,
        Err(error) => return check.unknown(&error),
    };
    let mappings = items(&found, "EventSourceMappings");
    let of_a_table = |one: &&Value| text(one, "EventSourceArn").contains(":dynamodb:");
    match mappings.iter().find(of_a_table) {
        None => check.error(
            "nothing feeds the function from the ledger's stream, so no release moves",
            "apply the deployer's Terraform module again",
        ),
        Some(mapping) if matches!(text(mapping, "State"), "Enabled" | "Enabling" | "Updating") => {
            check.ok("the ledger's stream feeds the function")
        }
        Some(mapping) => check.error(
            format!(
                "the event source mapping is {}, so no release moves",
                text(mapping, "State")
            ),
            format!(
                "aws lambda update-event-source-mapping --enabled --uuid {}",
                text(mapping, "UUID")
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployer::description;
    use crate::deployer::memory::Replies;
    use crate::deployer::memory::home;
    use crate::doctor::report::report;

    fn advance() -> Function {
        let functions = description::functions("towpath", &home()).unwrap();
        functions.into_iter().find(|one| one.has_stream).unwrap()
    }

    fn installed(state: &str, version: &str) -> Replies {
        Replies::default()
            .say(
                "lambda:GetFunctionConfiguration",
                json!({ "State": state, "StateReason": "the role is gone", "LastUpdateStatus": "Successful",
                    "Environment": { "Variables": { "TOWPATH_VERSION": version } } }),
            )
            .say("lambda:ListEventSourceMappings", json!({ "EventSourceMappings": [
                { "State": "Enabled", "EventSourceArn": "arn:aws:dynamodb:eu-west-1:1:table/t/stream/x" }] }))
    }

    #[tokio::test]
    async fn a_function_can_run_is_fed_and_says_its_version() {
        let own = Version::own().to_string();
        let found = check(&installed("Active", &own), &advance()).await;
        assert_eq!(
            report(&found),
            [
                "ok: can run".to_owned(),
                format!("ok: {own}"),
                "ok: the ledger's stream feeds the function".to_owned()
            ]
        );
    }

    #[tokio::test]
    async fn what_keeps_a_function_from_its_work_is_named() {
        let disabled = json!({ "EventSourceMappings": [
            { "State": "Disabled", "UUID": "u", "EventSourceArn": "arn:aws:dynamodb:x" }] });
        let answers =
            installed("Failed", "0.0.1 (abc)").first("lambda:ListEventSourceMappings", disabled);
        let found = check(&answers, &advance()).await;
        let own = Version::own();
        assert_eq!(
            report(&found),
            [
                "error: the function cannot run: the role is gone".to_owned(),
                format!("warning: the function is 0.0.1 (abc), this command is {own}"),
                "error: the event source mapping is Disabled, so no release moves".to_owned()
            ]
        );
        let gone = Replies::default().refuse(
            "lambda:GetFunctionConfiguration",
            "ResourceNotFoundException",
        );
        assert_eq!(
            report(&check(&gone, &advance()).await),
            ["error: the function is not there"]
        );
    }
}
