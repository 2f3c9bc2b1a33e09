//! The AppSpec of an ECS deployment, as JSON.
//!
//! <https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-resources.html>

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::event::Event;
use crate::call::{ApiError, array, strings, text};

/// What an AppSpec says.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct AppSpec {
    pub(super) task_definition: String,
    pub(super) container: String,
    pub(super) port: u64,
    /// Settings of the task set that override the service's.
    pub(super) settings: Map<String, Value>,
    pub(super) hooks: Vec<(Event, String)>,
}

pub(super) fn sha256(content: &str) -> String {
    hex::encode(Sha256::digest(content.as_bytes()))
}

/// Takes the content out of a revision and checks its hash when one is given.
pub(super) fn content(revision: &Value) -> Result<String, ApiError> {
    let kind = text(revision, "revisionType").unwrap_or_default();
    let holder = match kind {
        "AppSpecContent" => revision.get("appSpecContent"),
        "String" => revision.get("string"),
        "S3" | "GitHub" => {
            return Err(ApiError::new(
                "RevisionDoesNotExistException",
                "The specified revision does not exist: only AppSpecContent revisions can be read here.",
            ));
        }
        _unknown => return Err(refuse("revisionType must be AppSpecContent")),
    };
    let holder = holder.ok_or_else(|| refuse("appSpecContent must be given"))?;
    let content = text(holder, "content").filter(|content| !content.is_empty());
    let content = content.ok_or_else(|| refuse("appSpecContent.content must be given"))?;
    match text(holder, "sha256") {
        Some(expected) if !expected.eq_ignore_ascii_case(&sha256(content)) => Err(refuse(
            "The sha256 does not match the content of the AppSpec file",
        )),
        Some(_) | None => Ok(content.to_owned()),
    }
}

pub(super) fn parse(content: &str) -> Result<AppSpec, ApiError> {
    let spec: Value = serde_json::from_str(content)
        .map_err(|error| refuse(&format!("it cannot be parsed: {error}")))?;
    let version = spec.get("version");
    let version_is_zero = version.and_then(Value::as_f64) == Some(0.0)
        || version
            .and_then(Value::as_str)
            .is_some_and(|version| version == "0.0");
    if !version_is_zero {
        return Err(refuse("the version must be 0.0"));
    }
    let resources = member(&spec, "Resources", "resources").and_then(Value::as_array);
    let target = match resources.map(Vec::as_slice) {
        Some([one]) => one.as_object().and_then(|one| one.values().next()),
        Some(_) | None => None,
    };
    let target =
        target.ok_or_else(|| refuse("there must be exactly one TargetService in Resources"))?;
    if text(target, "Type") != Some("AWS::ECS::Service") {
        return Err(refuse("the resource's Type must be AWS::ECS::Service"));
    }
    let properties = target
        .get("Properties")
        .ok_or_else(|| refuse("Properties are missing"))?;
    let task_definition = text(properties, "TaskDefinition")
        .filter(|arn| arn.starts_with("arn:"))
        .ok_or_else(|| refuse("TaskDefinition must be the ARN of a task definition"))?;
    let balancer = properties
        .get("LoadBalancerInfo")
        .ok_or_else(|| refuse("LoadBalancerInfo is missing"))?;
    let container =
        text(balancer, "ContainerName").ok_or_else(|| refuse("ContainerName is missing"))?;
    let port = balancer
        .get("ContainerPort")
        .and_then(Value::as_u64)
        .ok_or_else(|| refuse("ContainerPort must be a number"))?;
    Ok(AppSpec {
        task_definition: task_definition.to_owned(),
        container: container.to_owned(),
        port,
        settings: settings(properties)?,
        hooks: hooks(&spec)?,
    })
}

/// Platform version, network and capacity providers, spelled as ECS does.
fn settings(properties: &Value) -> Result<Map<String, Value>, ApiError> {
    let mut settings = Map::new();
    if let Some(version) = text(properties, "PlatformVersion") {
        settings.insert("platformVersion".to_owned(), Value::from(version));
    }
    if let Some(network) = properties.get("NetworkConfiguration") {
        let vpc = member(network, "AwsvpcConfiguration", "awsvpcConfiguration")
            .ok_or_else(|| refuse("NetworkConfiguration needs AwsvpcConfiguration"))?;
        let (subnets, groups) = (strings(vpc, "Subnets"), strings(vpc, "SecurityGroups"));
        let public = text(vpc, "AssignPublicIp");
        let (false, false, Some(public)) = (subnets.is_empty(), groups.is_empty(), public) else {
            return Err(refuse(
                "NetworkConfiguration must be complete or absent: Subnets, SecurityGroups and AssignPublicIp",
            ));
        };
        let vpc = json!({"subnets": subnets, "securityGroups": groups, "assignPublicIp": public});
        settings.insert(
            "networkConfiguration".to_owned(),
            json!({"awsvpcConfiguration": vpc}),
        );
    }
    let providers: Vec<Value> = array(properties, "CapacityProviderStrategy")
        .iter()
        .map(|item| {
            json!({
                "capacityProvider": text(item, "CapacityProvider"),
                "weight": item.get("Weight").and_then(Value::as_u64).unwrap_or_default(),
                "base": item.get("Base").and_then(Value::as_u64).unwrap_or_default(),
            })
        })
        .collect();
    if !providers.is_empty() {
        settings.insert(
            "capacityProviderStrategy".to_owned(),
            Value::from(providers),
        );
    }
    Ok(settings)
}

fn hooks(spec: &Value) -> Result<Vec<(Event, String)>, ApiError> {
    let mut hooks = Vec::new();
    let listed = member(spec, "Hooks", "hooks").and_then(Value::as_array);
    for entry in listed.into_iter().flatten() {
        for (name, function) in entry.as_object().into_iter().flatten() {
            let event = Event::hookable(name)
                .ok_or_else(|| refuse(&format!("{name} is not a hook of ECS deployments")))?;
            let function = function.as_str().filter(|function| !function.is_empty());
            let function = function
                .ok_or_else(|| refuse(&format!("the hook {name} must name one function")))?;
            if hooks.iter().any(|(held, _)| *held == event) {
                return Err(refuse(&format!("the hook {name} is given twice")));
            }
            hooks.push((event, function.to_owned()));
        }
    }
    Ok(hooks)
}

fn member<'a>(value: &'a Value, upper: &str, lower: &str) -> Option<&'a Value> {
    value.get(upper).or_else(|| value.get(lower))
}

fn refuse(why: &str) -> ApiError {
    ApiError::new(
        "InvalidRevisionException",
        format!("The AppSpec file is not valid: {why}"),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Event, content, parse, sha256};

    fn example() -> serde_json::Value {
        let text = include_str!("../../../../fixtures/events/codedeploy-appspec-ecs.json");
        serde_json::from_str(text).expect("the documented example is JSON")
    }

    #[test]
    fn the_documented_example_is_understood() {
        let spec = parse(&example().to_string()).expect("the documented example is valid");
        assert_eq!(spec.container, "SampleApplicationName");
        assert_eq!(spec.port, 80);
        assert_eq!(spec.hooks.len(), 5);
        assert_eq!(
            spec.hooks.first().map(|(event, _)| *event),
            Some(Event::BeforeInstall)
        );
        assert_eq!(spec.settings.get("platformVersion"), Some(&json!("LATEST")));
        assert_eq!(
            spec.settings.get("networkConfiguration"),
            Some(&json!({"awsvpcConfiguration": {
                "subnets": ["subnet-1234abcd", "subnet-5678abcd"],
                "securityGroups": ["sg-12345678"],
                "assignPublicIp": "ENABLED",
            }}))
        );
    }

    #[test]
    fn what_is_not_an_appspec_is_an_invalid_revision() {
        let mut port = example();
        port["Resources"][0]["TargetService"]["Properties"]["LoadBalancerInfo"]["ContainerPort"] =
            json!("80");
        let mut network = example();
        network["Resources"][0]["TargetService"]["Properties"]["NetworkConfiguration"] =
            json!({"AwsvpcConfiguration": {"Subnets": ["subnet-1"]}});
        let mut hook = example();
        hook["Hooks"] = json!([{"Install": "function"}]);
        let mut version = example();
        version["version"] = json!(1);
        for bad in [port, network, hook, version, json!({}), json!("text")] {
            let error = parse(&bad.to_string()).expect_err("it lacks something");
            assert_eq!(error.code, "InvalidRevisionException", "{bad}");
        }
        assert_eq!(
            parse("version: 0.0").expect_err("YAML is not JSON").code,
            "InvalidRevisionException"
        );
    }

    #[test]
    fn a_hash_that_is_given_must_match() {
        let revision = |hash: &str| json!({"revisionType": "AppSpecContent", "appSpecContent": {"content": "{}", "sha256": hash}});
        assert_eq!(content(&revision(&sha256("{}"))).as_deref(), Ok("{}"));
        let error = content(&revision(&sha256("[]"))).expect_err("another content's hash");
        assert_eq!(error.code, "InvalidRevisionException");
    }
}
