//! What a request asks to be allowed: the actions, the resources and the condition keys, as the
//! Service Authorization Reference gives them.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/>

mod authorization;
mod dynamodb;
mod ecs;

use serde_json::{Value, json};

use super::policy::Context;
use crate::events::forward;
use crate::gateway::parse::Request;

/// One thing that a request needs to be allowed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Need {
    /// `service:Action`.
    pub(crate) action: String,
    /// An ARN, or `*` for an action without resource-level permissions.
    pub(crate) resource: String,
    /// Condition keys of this action.
    pub(crate) context: Context,
}

impl Need {
    fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            resource: resource.into(),
            context: Context::new(),
        }
    }

    fn with(mut self, key: &str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            self.context.insert(key.to_owned(), vec![value.to_owned()]);
        }
        self
    }
}

/// Everything that `request` needs to be allowed, but the passing of roles.
pub(crate) fn needs(request: &Request) -> Vec<Need> {
    let at = At(request);
    let action = format!("{}:{}", prefix(&request.service), request.operation);
    let mut needs = match request.service.as_str() {
        "dynamodb" => dynamodb::needs(&at),
        "ecs" => ecs::needs(&at, &action),
        "codedeploy" if request.operation == "CreateDeployment" => create_deployment(&at),
        "codedeploy" => all(&action, codedeploy(&at)),
        "ecr" => all(&action, ecr(&at)),
        "ssm" => all(&action, ssm(&at)),
        "sns" => all(&action, at.one("TopicArn").or_else(|| at.one("TargetArn"))),
        "sqs" => all(&action, sqs(&at)),
        // Everybody may ask who they are.
        "sts" if request.operation == "GetCallerIdentity" => Vec::new(),
        "sts" => all(&action, at.one("RoleArn")),
        "iam" => all(
            &action,
            at.one("RoleName")
                .map(|n| at.global("iam", &format!("role/{}", n[0]))),
        ),
        "events" if request.operation == "PutEvents" => put_events(&at, &action),
        "events" => all(&action, rule(&at)),
        "lambda" => lambda(&at),
        "application-autoscaling" => all(&action, autoscaling(&at)),
        "monitoring" => all(&action, cloudwatch(&at)),
        "logs" => all(&action, logs(&at)),
        _ => all(&action, None),
    };
    authorization::complete(&mut needs);
    for need in &mut needs {
        let mut add = |key: &str, value: &str| {
            need.context.insert(key.to_owned(), vec![value.to_owned()]);
        };
        add("aws:requestedregion", &request.region);
        add("aws:principalaccount", &request.account);
    }
    needs
}

/// The service prefix of IAM actions where it is not the name in the signature.
fn prefix(service: &str) -> &str {
    match service {
        "monitoring" => "cloudwatch",
        other => other,
    }
}

fn all(action: &str, resources: Option<Vec<String>>) -> Vec<Need> {
    match resources {
        Some(resources) if !resources.is_empty() => resources
            .into_iter()
            .map(|resource| Need::new(action, resource))
            .collect(),
        Some(_) | None => vec![Need::new(action, "*")],
    }
}

/// Reads a request's members and makes ARNs in its account and region.
struct At<'a>(&'a Request);

impl At<'_> {
    fn text(&self, member: &str) -> Option<&str> {
        self.0.input.get(member).and_then(Value::as_str)
    }

    fn one(&self, member: &str) -> Option<Vec<String>> {
        self.text(member).map(|text| vec![text.to_owned()])
    }

    fn list(&self, member: &str) -> Vec<&str> {
        let items = self.0.input.get(member).and_then(Value::as_array);
        items
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }

    fn arn(&self, service: &str, resource: &str) -> String {
        if resource.starts_with("arn:") {
            return resource.to_owned();
        }
        format!(
            "arn:aws:{service}:{}:{}:{resource}",
            self.0.region, self.0.account
        )
    }

    fn global(&self, service: &str, resource: &str) -> Vec<String> {
        vec![format!("arn:aws:{service}::{}:{resource}", self.0.account)]
    }
}

fn name_of(arn_or_name: &str) -> &str {
    arn_or_name.rsplit('/').next().unwrap_or(arn_or_name)
}

fn codedeploy(at: &At<'_>) -> Option<Vec<String>> {
    let application = at.text("applicationName")?;
    let group = at
        .text("deploymentGroupName")
        .or(at.text("currentDeploymentGroupName"));
    let groups = at.list("deploymentGroupNames");
    if !groups.is_empty() {
        let arn = |group| {
            at.arn(
                "codedeploy",
                &format!("deploymentgroup:{application}/{group}"),
            )
        };
        return Some(groups.into_iter().map(arn).collect());
    }
    Some(vec![match group {
        Some(group) => at.arn(
            "codedeploy",
            &format!("deploymentgroup:{application}/{group}"),
        ),
        None => at.arn("codedeploy", &format!("application:{application}")),
    }])
}

/// A deployment also reads its configuration and registers its revision:
/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/auth-and-access-control-permissions-reference.html>.
fn create_deployment(at: &At<'_>) -> Vec<Need> {
    let application = at.text("applicationName").unwrap_or_default();
    let mut needs = all("codedeploy:CreateDeployment", codedeploy(at));
    let config = at
        .text("deploymentConfigName")
        .unwrap_or("CodeDeployDefault.ECSAllAtOnce");
    needs.push(Need::new(
        "codedeploy:GetDeploymentConfig",
        at.arn("codedeploy", &format!("deploymentconfig:{config}")),
    ));
    if at.0.input.get("revision").is_some() {
        needs.push(Need::new(
            "codedeploy:RegisterApplicationRevision",
            at.arn("codedeploy", &format!("application:{application}")),
        ));
    }
    needs
}

fn ecr(at: &At<'_>) -> Option<Vec<String>> {
    let registry = at.text("registryId").unwrap_or(&at.0.account);
    let arn = |name: &str| format!("arn:aws:ecr:{}:{registry}:repository/{name}", at.0.region);
    match at.text("repositoryName") {
        Some(name) => Some(vec![arn(name)]),
        None if at.0.operation == "DescribeRepositories" => {
            let names = at.list("repositoryNames");
            Some(if names.is_empty() {
                vec![arn("*")]
            } else {
                names.into_iter().map(arn).collect()
            })
        }
        None => at.one("resourceArn"),
    }
}

fn ssm(at: &At<'_>) -> Option<Vec<String>> {
    let arn = |name: &str| {
        at.arn(
            "ssm",
            &format!(
                "parameter/{}",
                name.trim_start_matches('/').trim_end_matches('/')
            ),
        )
    };
    let names = at.list("Names");
    if !names.is_empty() {
        return Some(names.into_iter().map(arn).collect());
    }
    let name = at.text("Name").or(at.text("Path"))?;
    Some(vec![arn(name)])
}

fn sqs(at: &At<'_>) -> Option<Vec<String>> {
    let name = at.text("QueueUrl").map(name_of).or(at.text("QueueName"))?;
    Some(vec![at.arn("sqs", name)])
}

fn rule(at: &At<'_>) -> Option<Vec<String>> {
    at.text("Name")
        .map(|name| vec![at.arn("events", &format!("rule/{name}"))])
}

/// Each entry by itself, on its bus.
fn put_events(at: &At<'_>, action: &str) -> Vec<Need> {
    let bus = |name: &str| match name {
        arn if arn.starts_with("arn:") => arn.to_owned(),
        name => at.arn("events", &format!("event-bus/{name}")),
    };
    let entries = at.0.input.get("Entries").and_then(Value::as_array);
    let need = |entry: &Value| {
        let name = entry["EventBusName"].as_str().unwrap_or("default");
        let event = json!({ "source": entry["Source"], "detail-type": entry["DetailType"] });
        let mut need = Need::new(action, bus(name));
        need.context = forward::keys(&event, false);
        need
    };
    let mut needs: Vec<Need> = entries.into_iter().flatten().map(need).collect();
    needs.dedup();
    needs
}

fn lambda(at: &At<'_>) -> Vec<Need> {
    let action = match at.0.operation.as_str() {
        "Invoke" => "lambda:InvokeFunction".to_owned(),
        other => format!("lambda:{other}"),
    };
    let function = at.text("FunctionName");
    let resource = function.map(|name| {
        // An ARN or a name, either with a version or alias behind it.
        let name = name.rsplit("function:").next().unwrap_or(name);
        let name = name.split(':').next().unwrap_or(name);
        vec![at.arn("lambda", &format!("function:{name}"))]
    });
    all(&action, resource)
}

fn autoscaling(at: &At<'_>) -> Option<Vec<String>> {
    match at.0.operation.as_str() {
        // The id of a scalable target is chosen by AWS, so policies name them by wildcard.
        "RegisterScalableTarget"
        | "DeregisterScalableTarget"
        | "PutScalingPolicy"
        | "DeleteScalingPolicy" => {
            let hash = at.text("ResourceId").unwrap_or_default().replace('/', "-");
            Some(vec![at.arn(
                "application-autoscaling",
                &format!("scalable-target/{hash}"),
            )])
        }
        _ => None,
    }
}

fn cloudwatch(at: &At<'_>) -> Option<Vec<String>> {
    match at.0.operation.as_str() {
        "DescribeAlarms" => {
            let names = at.list("AlarmNames");
            let alarm = |name| at.arn("cloudwatch", &format!("alarm:{name}"));
            Some(if names.is_empty() {
                vec![alarm("*")]
            } else {
                names.into_iter().map(alarm).collect()
            })
        }
        "PutMetricAlarm" | "SetAlarmState" => at
            .text("AlarmName")
            .map(|name| vec![at.arn("cloudwatch", &format!("alarm:{name}"))]),
        _ => None,
    }
}

fn logs(at: &At<'_>) -> Option<Vec<String>> {
    if let Some(arn) = at.one("logGroupIdentifier") {
        return Some(arn);
    }
    let group = at.text("logGroupName")?;
    Some(vec![match at.text("logStreamName") {
        Some(stream) => at.arn("logs", &format!("log-group:{group}:log-stream:{stream}")),
        None => at.arn("logs", &format!("log-group:{group}")),
    }])
}

fn owned(texts: Vec<&str>) -> Vec<String> {
    texts.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;
