//! Controls that set something up or make something happen in the lab itself.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, ControlError};
use crate::description::Asynchronous;
use crate::events::bus::{self, Rule, Target};
use crate::events::pattern::Pattern;
use crate::gateway::faults::Fault;
use crate::gateway::identity::Principal;
use crate::iam::policy::Statement;
use crate::lab::Lab;
use crate::lambda::function::Config;
use crate::lambda::permission;
use crate::lock::lock;
use crate::slack::click::{self, Click, ClickError};
use crate::slack::workspace::{Channel, User};

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    Many(Vec<Fault>),
    One(Fault),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Role {
    arn: String,
    /// A trust policy, or its list of statements.
    trust: Option<Value>,
    /// Statements in the form of `functions.json` or of a policy document.
    #[serde(default)]
    statements: Vec<Statement>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stolen {
    /// The role's ARN.
    role: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRule {
    name: String,
    pattern: Value,
    account: Option<String>,
    region: Option<String>,
    /// A function's name or ARN.
    function: Option<String>,
    /// What the function gets instead of the event.
    input: Option<Value>,
    /// ARN of another account's or region's default bus.
    bus: Option<String>,
    /// The role that EventBridge assumes to reach that bus.
    role: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewFunction {
    name: String,
    account: Option<String>,
    region: Option<String>,
    /// A function of the description whose binary, memory, timeout and environment it takes over.
    like: Option<String>,
    /// Its binary, where it is not `like` another.
    binary: Option<PathBuf>,
    role: Option<String>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    timeout_seconds: Option<u64>,
    memory_mb: Option<u32>,
    reserved_concurrency: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Recycle {
    name: String,
}

/// Publishes an event; members that every event has are filled in.
pub(super) fn event(lab: &Arc<Lab>, mut event: Value) -> Answer {
    let Some(members) = event.as_object_mut() else {
        return Err(ControlError::Input("an event is an object".to_owned()));
    };
    if !members.contains_key("source") || !members.contains_key("detail-type") {
        return Err(ControlError::Input(
            "an event needs source and detail-type".to_owned(),
        ));
    }
    for (name, value) in [
        ("version", json!("0")),
        ("id", json!(lab.ids.uuid())),
        ("account", json!(lab.settings.account)),
        ("region", json!(lab.settings.region)),
        (
            "time",
            json!(lab.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        ),
        ("resources", json!([])),
        ("detail", json!({})),
    ] {
        members.entry(name).or_insert(value);
    }
    let id = event["id"].clone();
    // The payloads of documentation and captures name accounts of their own; here they come from
    // the functions' account, whose bus has the rules.
    let (account, region) = (&lab.settings.account, &lab.settings.region);
    bus::publish_on(lab, account, region, &event, false);
    Ok(json!({ "id": id }))
}

/// Adds faults.
pub(super) fn faults(lab: &Lab, body: OneOrMany) -> Answer {
    lab.faults.add(match body {
        OneOrMany::Many(faults) => faults,
        OneOrMany::One(fault) => vec![fault],
    });
    Ok(json!({ "faults": lab.faults.list() }))
}

/// Sets a role up, in any account.
pub(super) fn role(lab: &Lab, body: &Role) -> Answer {
    if !body.arn.starts_with("arn:aws:iam::") || !body.arn.contains(":role/") {
        return Err(ControlError::Input(
            "arn has to be that of an IAM role".to_owned(),
        ));
    }
    lab.roles
        .put_policy(&body.arn, "lab", body.statements.clone());
    if let Some(trust) = &body.trust {
        lab.roles.put_trust(&body.arn, trust);
    }
    Ok(json!({ "arn": body.arn }))
}

/// Gives out credentials of a role, as somebody has them who got hold of a session.
pub(super) fn credentials(lab: &Lab, body: &Stolen) -> Answer {
    if !lab.roles.knows(&body.role) {
        let problem = format!("there is no role {}", body.role);
        return Err(ControlError::Missing(problem));
    }
    let access_key = format!("ASIA{}", lab.ids.token());
    let session = Principal::session(&body.role, "stolen");
    lab.identities.remember(&access_key, session);
    Ok(json!({ "access_key": access_key }))
}

/// Adds a rule, on any account's default bus.
pub(super) fn rule(lab: &Lab, body: &NewRule) -> Answer {
    let pattern =
        Pattern::new(&body.pattern).map_err(|error| ControlError::Input(error.to_string()))?;
    let account = body
        .account
        .clone()
        .unwrap_or_else(|| lab.settings.account.clone());
    let region = body
        .region
        .clone()
        .unwrap_or_else(|| lab.settings.region.clone());
    let target = match (&body.function, &body.bus) {
        (Some(name), None) => Target::Function {
            function: lab.lambda.find(&account, &region, name).ok_or_else(|| {
                ControlError::Missing(format!("there is no function '{name}' in {account}"))
            })?,
            input: body.input.clone(),
            retries: 185,
            age_seconds: 86_400,
        },
        (None, Some(arn)) => match arn.split(':').collect::<Vec<_>>().as_slice() {
            ["arn", _, "events", region, account, "event-bus/default"] => Target::Bus {
                account: (*account).to_owned(),
                region: (*region).to_owned(),
                role: body.role.clone(),
            },
            _ => {
                return Err(ControlError::Input(
                    "bus has to be the ARN of a default event bus".to_owned(),
                ));
            }
        },
        _ => {
            return Err(ControlError::Input(
                "a rule has either a function or a bus".to_owned(),
            ));
        }
    };
    let rule = Rule {
        account,
        region,
        name: body.name.clone(),
        pattern: Some(pattern),
        target,
    };
    if let Target::Function { function, .. } = &rule.target {
        // As the console does.
        permission::grant(
            lab,
            &rule.name,
            "events.amazonaws.com",
            &rule.arn(),
            function,
        );
    }
    lab.buses.add(rule);
    Ok(json!({ "name": body.name }))
}

/// Adds a function, in any account.
pub(super) fn function(lab: &Lab, body: &NewFunction) -> Answer {
    let settings = &lab.settings;
    let account = body
        .account
        .clone()
        .unwrap_or_else(|| settings.account.clone());
    let region = body
        .region
        .clone()
        .unwrap_or_else(|| settings.region.clone());
    let like = match &body.like {
        None => None,
        Some(short) => {
            let name = lab.description.function_name(short);
            let found = lab.lambda.find(&settings.account, &settings.region, &name);
            Some(found.ok_or_else(|| {
                ControlError::Missing(format!("there is no function '{short}' to be like"))
            })?)
        }
    };
    let like = like.as_ref().map(|function| &function.config);
    let binary = body
        .binary
        .clone()
        .or_else(|| like.map(|like| like.binary.clone()));
    let binary = binary.ok_or_else(|| {
        ControlError::Input("a function needs a binary, or one to be like".to_owned())
    })?;
    let mut environment = like
        .map(|like| like.environment.clone())
        .unwrap_or_default();
    environment.extend(body.environment.clone());
    let default_role = || format!("arn:aws:iam::{account}:role/{}", body.name);
    let config = Config {
        role_arn: body.role.clone().unwrap_or_else(default_role),
        account,
        region,
        name: body.name.clone(),
        description: String::new(),
        binary,
        memory_mb: body
            .memory_mb
            .or(like.map(|like| like.memory_mb))
            .unwrap_or(128),
        timeout: body
            .timeout_seconds
            .map(Duration::from_secs)
            .or(like.map(|like| like.timeout))
            .unwrap_or(Duration::from_secs(3)),
        reserved_concurrency: body.reserved_concurrency,
        environment,
        asynchronous: like.map_or_else(Asynchronous::default, |like| like.asynchronous.clone()),
        dead_letters: None,
    };
    let function = lab.lambda.add(config);
    Ok(json!({ "arn": function.config.arn(), "role": function.config.role_arn }))
}

/// Ends a function's idle processes, as a deployment of new code does.
pub(super) fn recycle(lab: &Lab, body: &Recycle) -> Answer {
    let settings = &lab.settings;
    let full = lab.description.function_name(&body.name);
    let function = [&body.name, &full]
        .into_iter()
        .find_map(|name| lab.lambda.find(&settings.account, &settings.region, name))
        .ok_or_else(|| ControlError::Missing(format!("there is no function '{}'", body.name)))?;
    let idle = std::mem::take(&mut lock(&function.pool).idle);
    for environment in &idle {
        environment.kill();
    }
    Ok(json!({ "ended": idle.len() }))
}

/// Clicks a button.
pub(super) async fn click(lab: &Arc<Lab>, body: &Click) -> Answer {
    click::send(lab, body).await.map_err(|error| match error {
        ClickError::Message { .. }
        | ClickError::Nowhere { .. }
        | ClickError::Button { .. }
        | ClickError::Function => ControlError::Missing(error.to_string()),
    })
}

/// Sets a channel up.
pub(super) fn channel(lab: &Lab, body: Channel) -> Answer {
    let shown = json!(body);
    lab.slack.put_channel(body);
    Ok(shown)
}

/// Sets a person up.
pub(super) fn user(lab: &Lab, body: User) -> Answer {
    let shown = json!(body);
    lab.slack.put_user(body);
    Ok(shown)
}
