//! What `infra/` says about the functions' rights and events, read as the Terraform modules read it.

use std::path::Path;

use serde_json::{Value, json};

use crate::account::{Place, TOOLS};
use crate::lab::{Error, workspace};

/// `infra/functions.json`.
#[derive(Debug)]
pub(crate) struct Described(String);

impl Described {
    pub(crate) fn read() -> Result<Self, Error> {
        read("infra/functions.json").map(Self)
    }

    /// The statements of a function's role, were it in that place.
    fn statements(&self, function: &str, at: Place) -> Result<Vec<Value>, Error> {
        let described = self.at(at)?;
        let statements = described["functions"][function]["statements"].as_array();
        statements
            .cloned()
            .ok_or_else(|| Error::Story(format!("functions.json describes no {function}")))
    }

    /// The statements that are about the ledger, wherever the function is.
    pub(crate) fn ledger_statements(&self, function: &str) -> Result<Vec<Value>, Error> {
        let mut statements = self.statements(function, TOOLS)?;
        statements.retain(is_about_the_ledger);
        Ok(statements)
    }

    /// The statements that are not about the ledger, were the function in that place.
    pub(crate) fn other_statements(&self, function: &str, at: Place) -> Result<Vec<Value>, Error> {
        let mut statements = self.statements(function, at)?;
        statements.retain(|statement| !is_about_the_ledger(statement));
        Ok(statements)
    }

    /// The policy by which `infra/deployer/accounts.tf` lets others send a function's events to a bus.
    pub(crate) fn bus_policy(
        &self,
        senders: &str,
        function: &str,
        bus: &str,
    ) -> Result<Value, Error> {
        let events = self.events(function, TOOLS)?;
        let all = |member: &str| -> Vec<&Value> {
            let named = events.iter().map(|event| &event["pattern"][member]);
            named
                .flat_map(|values| values.as_array().into_iter().flatten())
                .collect()
        };
        Ok(
            json!({ "Version": "2012-10-17", "Statement": [{ "Sid": "towpath-stages", "Effect": "Allow",
            "Principal": { "AWS": [senders] }, "Action": "events:PutEvents", "Resource": bus,
            "Condition": {
                "Bool": { "events:eventBusInvocation": "true" },
                "Null": { "events:source": "false" },
                "ForAllValues:StringEquals": { "events:source": all("source") },
                "StringEquals": { "events:detail-type": all("detail-type") },
            } }] }),
        )
    }

    /// The events that a function is triggered by, were it in that place.
    pub(crate) fn events(&self, function: &str, at: Place) -> Result<Vec<Value>, Error> {
        let described = self.at(at)?;
        let events = described["functions"][function]["triggers"]["events"].as_array();
        Ok(events.cloned().unwrap_or_default())
    }

    fn at(&self, place: Place) -> Result<Value, Error> {
        let filled = self
            .0
            .replace("${account}", place.account)
            .replace("${region}", place.region)
            .replace("${prefix}", "towpath");
        parse(&filled)
    }
}

/// As the Terraform modules tell them apart, too.
fn is_about_the_ledger(statement: &Value) -> bool {
    let sid = statement["sid"].as_str();
    sid.is_some_and(|sid| sid.starts_with("Ledger"))
}

/// The statements of `advance` that `infra/target-account` leaves out beside those about the ledger,
/// because they are about the deployer's own account. Read from the module, so that stories see what
/// it grants.
pub(crate) fn kept_at_home() -> Result<Vec<String>, Error> {
    let module = read("infra/target-account/description.tf")?;
    let listed = module
        .split_once("&& !contains(")
        .and_then(|(_, rest)| rest.split_once(", statement.sid)"))
        .ok_or_else(|| Error::Story("target-account lists no statements to leave out".into()))?;
    serde_json::from_str(listed.0).map_err(unusable)
}

fn read(path: &str) -> Result<String, Error> {
    let path = workspace().join(Path::new(path));
    std::fs::read_to_string(&path)
        .map_err(|error| Error::Story(format!("{}: {error}", path.display())))
}

fn parse(json: &str) -> Result<Value, Error> {
    serde_json::from_str(json).map_err(unusable)
}

fn unusable(error: serde_json::Error) -> Error {
    Error::Story(format!("what infra/ describes is not JSON: {error}"))
}
