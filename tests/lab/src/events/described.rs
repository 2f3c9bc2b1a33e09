//! The API's view of the rules that the description makes: shown, enabled and disabled. Rules that
//! somebody makes through the API are moto's.
//! <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DescribeRule.html>

use serde_json::{Value, json};

use crate::gateway::dispatch::{Answer, Incoming, forward, reply};
use crate::gateway::parse::Request;
use crate::lab::Lab;

/// A rule as it is described.
struct Described<'a> {
    name: String,
    function: String,
    pattern: Option<&'a Value>,
    schedule: Option<&'a str>,
    input: Option<&'a Value>,
}

/// Whether the lab answers the call itself.
pub(crate) fn handles(lab: &Lab, request: &Request) -> bool {
    let settings = &lab.settings;
    let is_ours = matches!(
        request.operation.as_str(),
        "DescribeRule" | "ListTargetsByRule" | "EnableRule" | "DisableRule"
    );
    is_ours
        && !settings.bare
        && request.account == settings.account
        && request.region == settings.region
        && find(lab, name_of(request)).is_some()
}

/// Answers it.
///
/// # Errors
/// Never: [`handles`] has found the rule.
pub(crate) fn answer(lab: &Lab, incoming: &Incoming) -> Answer {
    let request = &incoming.request;
    let name = name_of(request);
    let Some(rule) = find(lab, name) else {
        return Ok(reply(incoming, &json!({})));
    };
    let (account, region) = (&request.account, &request.region);
    Ok(match request.operation.as_str() {
        "EnableRule" | "DisableRule" => {
            let enabled = request.operation == "EnableRule";
            lab.buses.set_enabled(account, region, name, enabled);
            reply(incoming, &json!({}))
        }
        "ListTargetsByRule" => {
            let arn = format!(
                "arn:aws:lambda:{region}:{account}:function:{}",
                rule.function
            );
            let mut target = json!({ "Id": rule.function, "Arn": arn });
            if let Some(input) = rule.input {
                target["Input"] = json!(input.to_string());
            }
            reply(incoming, &json!({ "Targets": [target] }))
        }
        _ => {
            let shown = shown(lab, &rule);
            reply(incoming, &shown)
        }
    })
}

/// `ListRules`, with those of the description beside those that somebody made.
///
/// # Errors
/// When moto cannot be reached.
pub(crate) async fn list(lab: &Lab, incoming: &Incoming) -> Answer {
    let request = &incoming.request;
    let made = forward(lab, incoming).await?;
    let settings = &lab.settings;
    let bus = request.input["EventBusName"].as_str().unwrap_or("default");
    if (&request.account, &request.region) != (&settings.account, &settings.region)
        || bus != "default"
    {
        return Ok(made);
    }
    let prefix = request.input["NamePrefix"].as_str().unwrap_or_default();
    let own = all(lab).into_iter();
    let own = own.filter(|rule| rule.name.starts_with(prefix));
    let own: Vec<Value> = own.map(|rule| shown(lab, &rule)).collect();
    Ok(made.with_members("Rules", |all| all.extend(own)))
}

/// The rule as it is shown.
fn shown(lab: &Lab, rule: &Described<'_>) -> Value {
    let name = &rule.name;
    let (account, region) = (&lab.settings.account, &lab.settings.region);
    let enabled = lab.buses.is_enabled(account, region, name);
    let mut shown = json!({
        "Name": name,
        "Arn": format!("arn:aws:events:{region}:{account}:rule/{name}"),
        "EventBusName": "default",
        "State": if enabled { "ENABLED" } else { "DISABLED" },
    });
    if let Some(pattern) = rule.pattern {
        shown["EventPattern"] = json!(pattern.to_string());
    }
    if let Some(schedule) = rule.schedule {
        shown["ScheduleExpression"] = json!(schedule);
    }
    shown
}

fn name_of(request: &Request) -> &str {
    let member = if request.operation == "ListTargetsByRule" {
        "Rule"
    } else {
        "Name"
    };
    request.input[member].as_str().unwrap_or_default()
}

fn find<'a>(lab: &'a Lab, name: &str) -> Option<Described<'a>> {
    all(lab).into_iter().find(|rule| rule.name == name)
}

/// All rules of the description.
fn all(lab: &Lab) -> Vec<Described<'_>> {
    let mut all = Vec::new();
    for (short, described) in &lab.description.functions {
        let function = lab.description.function_name(short);
        let triggers = &described.triggers;
        all.extend(triggers.events.iter().map(|event| Described {
            name: format!("{function}-{}", event.name),
            function: function.clone(),
            pattern: Some(&event.pattern),
            schedule: None,
            input: event.input.as_ref(),
        }));
        all.extend(triggers.schedules.iter().map(|scheduled| Described {
            name: format!("{function}-{}", scheduled.name),
            function: function.clone(),
            pattern: None,
            schedule: Some(&scheduled.expression),
            input: scheduled.input.as_ref(),
        }));
    }
    all
}
