//! Target groups and listeners: there, of the right kind, and leading to each other.

use serde_json::{Value, json};
use towpath_aws::signed::ELB;
use towpath_core::pipeline::{CodeDeployRollout, Rollout};

use super::engine::deployment_group;
use super::finding::Finding;
use super::reads::{Reads, items, text};
use super::stage::Seen;

/// Looks at the target groups of the service and, with CodeDeploy, at its listeners.
pub(crate) async fn check<R: Reads>(reads: &R, seen: &Seen<'_>) -> Vec<Finding> {
    let sets = items(&seen.service, "taskSets").iter();
    let balancers = items(&seen.service, "loadBalancers").iter();
    let mut arns: Vec<&str> = balancers
        .chain(sets.flat_map(|set| items(set, "loadBalancers")))
        .map(|one| text(one, "targetGroupArn"))
        .filter(|arn| !arn.is_empty())
        .collect();
    arns.sort_unstable();
    arns.dedup();
    let mut findings = Vec::new();
    for arn in arns {
        findings.push(target_group(reads, seen, arn).await);
    }
    if let Rollout::CodeDeploy(settings) = &seen.at.stage.rollout {
        findings.extend(traffic_routes(reads, seen, settings).await);
    }
    findings
}

async fn target_group<R: Reads>(reads: &R, seen: &Seen<'_>, arn: &str) -> Finding {
    let check = seen.at.check("target-group");
    let name = arn.rsplit('/').nth(1).unwrap_or(arn);
    let input = json!({ "TargetGroupArns": [arn] });
    let operation = "elasticloadbalancing:DescribeTargetGroups";
    let found = match reads.read(&seen.at.spot, &ELB, operation, input).await {
        Ok(found) => found,
        Err(error) if error.code() == Some("TargetGroupNotFound") => {
            return check.error(
                format!("there is no target group {name}, to which the service is registered"),
                "correct the service's load balancer settings",
            );
        }
        Err(error) => return check.unknown(&error),
    };
    let kind = items(&found, "TargetGroups").first();
    let kind = kind.map_or("", |group| text(group, "TargetType"));
    let network = text(&seen.definition, "networkMode");
    let wanted = if network == "awsvpc" {
        "ip"
    } else {
        "instance"
    };
    if kind == wanted {
        check.ok(format!("{name} takes targets by {kind}"))
    } else {
        check.error(
            format!("the target group {name} takes targets by {kind}, tasks of the network mode {network} are registered by {wanted}"),
            format!("make a target group of the type {wanted}"),
        )
    }
}

async fn traffic_routes<R: Reads>(
    reads: &R,
    seen: &Seen<'_>,
    settings: &CodeDeployRollout,
) -> Vec<Finding> {
    let Ok(group) = deployment_group(reads, &seen.at, settings).await else {
        // The check of the engine says why.
        return Vec::new();
    };
    let pairs = items(&group["loadBalancerInfo"], "targetGroupPairInfoList");
    let Some(pair) = pairs.first() else {
        return vec![seen.at.check("listener").error(
            "the deployment group has no pair of target groups to shift traffic between",
            "give it a loadBalancerInfo with two target groups and a production listener",
        )];
    };
    let names: Vec<&str> = items(pair, "targetGroups")
        .iter()
        .map(|one| text(one, "name"))
        .collect();
    let mut findings = Vec::new();
    for (route, what) in [
        ("prodTrafficRoute", "production"),
        ("testTrafficRoute", "test"),
    ] {
        let arns = items(&pair[route], "listenerArns").iter();
        let arns: Vec<&str> = arns.filter_map(Value::as_str).collect();
        if arns.is_empty() && what == "test" {
            findings.extend(without_test_listener(seen));
        }
        for arn in arns {
            findings.push(listener(reads, seen, what, arn, &names).await);
        }
    }
    findings
}

/// Green can be looked at before it serves only at a test listener.
fn without_test_listener(seen: &Seen<'_>) -> Option<Finding> {
    let check = seen.at.check("listener");
    let stage = seen.at.stage;
    (!stage.checks.is_empty()).then(|| {
        check.error(
            "the stage has checks, but its deployment group has no test listener at which green \
             could be reached",
            "give the deployment group a test listener (testTrafficRoute)",
        )
    })
}

async fn listener<R: Reads>(
    reads: &R,
    seen: &Seen<'_>,
    what: &str,
    arn: &str,
    groups: &[&str],
) -> Finding {
    let check = seen.at.check("listener");
    let input = json!({ "ListenerArns": [arn] });
    let operation = "elasticloadbalancing:DescribeListeners";
    let found = match reads.read(&seen.at.spot, &ELB, operation, input).await {
        Ok(found) => found,
        Err(error) if error.code() == Some("ListenerNotFound") => {
            return check.error(
                format!("the {what} listener that the deployment group names is not there"),
                "correct loadBalancerInfo of the deployment group, or create the listener",
            );
        }
        Err(error) => return check.unknown(&error),
    };
    let Some(listener) = items(&found, "Listeners").first() else {
        return check.error(
            format!("the {what} listener that the deployment group names is not there"),
            "correct loadBalancerInfo of the deployment group, or create the listener",
        );
    };
    // XML has no numbers.
    let port = text(listener, "Port");
    let forwards = forwarded(listener);
    if forwards.iter().any(|name| groups.contains(&name.as_str())) {
        return check.ok(format!("{what} traffic comes in at {port}"));
    }
    check.warning(
        format!(
            "the {what} listener at {port} does not forward to {} by default",
            groups.join(" or ")
        ),
        "traffic may be led there by the listener's rules, which are not looked at; otherwise \
         correct its default action",
    )
}

/// The names of the target groups that a listener forwards to by default.
fn forwarded(listener: &Value) -> Vec<String> {
    let actions = items(listener, "DefaultActions").iter();
    let arns = actions.flat_map(|action| {
        let weighted = items(&action["ForwardConfig"], "TargetGroups").iter();
        let weighted = weighted.map(|one| text(one, "TargetGroupArn"));
        weighted.chain(std::iter::once(text(action, "TargetGroupArn")))
    });
    arns.filter_map(|arn| arn.rsplit('/').nth(1).map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::memory::{Answers, told};
    use crate::doctor::samples::seen;

    fn balancer(kind: &str, forwards_to: &str, test: Value) -> Answers {
        let arn = format!("arn:aws:elasticloadbalancing:x:1:targetgroup/{forwards_to}/1");
        Answers::default()
            .say(
                "elasticloadbalancing:DescribeTargetGroups",
                json!({ "TargetGroups": [{ "TargetType": kind }] }),
            )
            .say(
                "codedeploy:GetDeploymentGroup",
                json!({ "deploymentGroupInfo": { "loadBalancerInfo": { "targetGroupPairInfoList": [{
                    "targetGroups": [{ "name": "blue" }, { "name": "green" }],
                    "prodTrafficRoute": { "listenerArns": ["prod"] },
                    "testTrafficRoute": test }] } } }),
            )
            .say(
                "elasticloadbalancing:DescribeListeners",
                json!({ "Listeners": [{ "Port": "80", "DefaultActions": [{ "TargetGroupArn": arn }] }] }),
            )
    }

    #[tokio::test]
    async fn listeners_lead_to_one_of_the_two_target_groups() {
        let seen = seen();
        let test = json!({ "listenerArns": ["test"] });
        let found = check(&balancer("ip", "green", test.clone()), &seen).await;
        assert_eq!(
            told(&found),
            [
                "ok: blue takes targets by ip",
                "ok: production traffic comes in at 80",
                "ok: test traffic comes in at 80"
            ]
        );
        let found = check(&balancer("instance", "other", Value::Null), &seen).await;
        assert_eq!(
            told(&found),
            [
                "error: the target group blue takes targets by instance, tasks of the network mode awsvpc are registered by ip",
                "warning: the production listener at 80 does not forward to blue or green by default",
                "error: the stage has checks, but its deployment group has no test listener at which green could be reached"
            ]
        );
        let gone = balancer("ip", "blue", test)
            .refuse("elasticloadbalancing:DescribeListeners", "ListenerNotFound");
        assert_eq!(
            told(&check(&gone, &seen).await)[2],
            "error: the test listener that the deployment group names is not there"
        );
    }
}
