//! The gateway's question: may this caller make this call?

use serde_json::{Value, json};

use super::policy::{Context, Verdict};
use super::principals::Caller;
use super::resources::{Need, needs};
use crate::gateway::identity::Principal;
use crate::gateway::parse::Request;
use crate::lab::Lab;
use crate::lock::lock;
use crate::world::Call;

/// A refusal, as IAM words it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "User: {caller} is not authorized to perform: {action} on resource: {resource} because no {missing} policy allows the {action} action"
)]
pub(crate) struct Denied {
    /// ARN of the session.
    pub(crate) caller: String,
    /// `service:Action`.
    pub(crate) action: String,
    /// ARN or `*`.
    pub(crate) resource: String,
    /// The kind of policy that would have to allow it.
    pub(crate) missing: &'static str,
}

/// Checks everything that `request` needs, including the passing of roles and the policies of
/// resources in other accounts.
///
/// # Errors
/// The first thing that the caller's role, or the resource's policy, does not allow.
pub(crate) fn check(lab: &Lab, caller: &Principal, request: &Request) -> Result<(), Denied> {
    let mut all = match deployments(lab, request) {
        Some(groups) => groups,
        None => needs(request),
    };
    all.extend(passed_roles(lab, request));
    for need in all {
        if let Some(missing) = missing(lab, caller, &need) {
            return Err(Denied {
                caller: caller.arn.clone(),
                action: need.action,
                resource: need.resource,
                missing,
            });
        }
    }
    Ok(())
}

/// The kind of policy that does not allow what is needed; `None` when it is allowed.
fn missing(lab: &Lab, caller: &Principal, need: &Need) -> Option<&'static str> {
    let principal = Caller::Principal {
        arn: caller.trusted_as(),
        account: &caller.account,
    };
    let mut context = need.context.clone();
    context.extend(principal.context());
    let elsewhere = is_elsewhere(&caller.account, need);
    let let_in = elsewhere.then(|| {
        let said = lab
            .resource_policies
            .decide(&need.resource, &need.action, &principal, &context);
        matches!(said, Verdict::Allowed { .. })
    });
    if let_in == Some(true) && lab.managed_keys.keep(&need.resource) {
        return Some("key");
    }
    match &caller.role {
        Some(role)
            if !lab
                .roles
                .allows(role, &need.action, &need.resource, &context) =>
        {
            Some("identity-based")
        }
        Some(_) | None => (let_in == Some(false)).then_some("resource-based"),
    }
}

/// Whether the resource is in another account, and of a kind that lets other accounts in by a
/// policy of its own. Roles do so by their trust policies, which are STS's matter.
fn is_elsewhere(account: &str, need: &Need) -> bool {
    let mut parts = need.resource.split(':').skip(2);
    let (service, owner) = (parts.next(), parts.nth(1));
    matches!(service, Some("dynamodb" | "events" | "ecr"))
        && owner.is_some_and(|owner| !["", "*", account].contains(&owner))
}

/// Deployments are named by id, but allowed by their deployment group:
/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/auth-and-access-control-permissions-reference.html>.
fn deployments(lab: &Lab, request: &Request) -> Option<Vec<Need>> {
    if request.service != "codedeploy" {
        return None;
    }
    let input = &request.input;
    let one = input["deploymentId"].as_str();
    let many = input["deploymentIds"].as_array();
    if one.is_none() && many.is_none() {
        return None;
    }
    let many = many.into_iter().flatten().filter_map(Value::as_str);
    let ids: Vec<&str> = one.into_iter().chain(many).collect();
    let arn = |id: &str| {
        let found = ask(
            lab,
            request,
            "codedeploy",
            "GetDeployment",
            &json!({ "deploymentId": id }),
        );
        let info = &found["deploymentInfo"];
        let application = info["applicationName"].as_str().unwrap_or("*");
        let group = info["deploymentGroupName"].as_str().unwrap_or("*");
        format!(
            "arn:aws:codedeploy:{}:{}:deploymentgroup:{application}/{group}",
            request.region, request.account
        )
    };
    let need = |id| Need {
        action: format!("codedeploy:{}", request.operation),
        resource: arn(id),
        context: Context::new(),
    };
    Some(ids.into_iter().map(need).collect())
}

/// The roles that a call hands to a service:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html>.
fn passed_roles(lab: &Lab, request: &Request) -> Vec<Need> {
    if request.service != "ecs" {
        return Vec::new();
    }
    let input = &request.input;
    let mut passed: Vec<(Value, &str)> = Vec::new();
    let mut task_roles = |holder: &Value| {
        for member in ["taskRoleArn", "executionRoleArn"] {
            passed.push((holder[member].clone(), "ecs-tasks.amazonaws.com"));
        }
    };
    match request.operation.as_str() {
        "RegisterTaskDefinition" => task_roles(input),
        "RunTask" => {
            task_roles(&input["overrides"]);
            let named = json!({ "taskDefinition": input["taskDefinition"] });
            let found = ask(lab, request, "ecs", "DescribeTaskDefinition", &named);
            task_roles(&found["taskDefinition"]);
        }
        "CreateService" | "UpdateService" => {
            let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
            let mut service = vec![input["role"].clone()];
            for balancer in list(&input["loadBalancers"]) {
                service.push(balancer["advancedConfiguration"]["roleArn"].clone());
            }
            for hook in list(&input["deploymentConfiguration"]["lifecycleHooks"]) {
                service.push(hook["roleArn"].clone());
            }
            passed.extend(service.into_iter().map(|role| (role, "ecs.amazonaws.com")));
        }
        _ => {}
    }
    let mut needs: Vec<Need> = passed
        .into_iter()
        .filter_map(|(role, service)| Some((role.as_str()?.to_owned(), service)))
        .filter(|(role, _)| !role.is_empty())
        .map(|(role, service)| {
            let resource = if role.starts_with("arn:") {
                role
            } else {
                format!("arn:aws:iam::{}:role/{role}", request.account)
            };
            let key = "iam:passedtoservice".to_owned();
            Need {
                action: "iam:PassRole".to_owned(),
                resource,
                context: Context::from([(key, vec![service.to_owned()])]),
            }
        })
        .collect();
    needs.dedup();
    needs
}

/// Reads from the simulated services on the lab's own behalf; nothing found is `null`.
fn ask(lab: &Lab, request: &Request, service: &str, operation: &str, input: &Value) -> Value {
    let call = Call {
        account: &request.account,
        region: &request.region,
        principal: "root",
        service,
        operation,
        input,
    };
    lock(&lab.world)
        .call(&call, lab.clock.now())
        .unwrap_or_default()
}
