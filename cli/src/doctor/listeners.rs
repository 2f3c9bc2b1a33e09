//! Target groups and listeners: there, of the right kind, leading to each other, and answering.

use serde_json::{Value, json};
use towpath_core::pipeline::{CodeDeploySettings, Controller};

use super::engine::deployment_group;
use super::finding::Finding;
use super::listener_probe;
use super::stage::StageState;
use crate::deployer::reads::{Reads, items, text};

/// Looks at the target groups of the service, and at the listeners that its engine moves.
pub(crate) async fn check<R: Reads>(reads: &R, seen: &StageState<'_>) -> Vec<Finding> {
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
    let engine = &seen.at.stage.engine;
    match engine.codedeploy() {
        Some(settings) => findings.extend(traffic_routes(reads, seen, settings).await),
        None if engine.capabilities().has_green => findings.extend(test_rules(reads, seen).await),
        None => {}
    }
    findings
}

async fn target_group<R: Reads>(reads: &R, seen: &StageState<'_>, arn: &str) -> Finding {
    let check = seen.at.check("target-group");
    let name = arn.rsplit('/').nth(1).unwrap_or(arn);
    let input = json!({ "TargetGroupArns": [arn] });
    let operation = "elasticloadbalancing:DescribeTargetGroups";
    let found = match reads.read(&seen.at.spot, operation, input).await {
        Ok(found) => found,
        Err(error) if error.code() == Some("TargetGroupNotFound") => {
            return check.error(
                format!("there is no target group {name}, to which the service is registered"),
                "correct the service's load balancer settings",
            );
        }
        Err(error) => return check.unknown(&error),
    };
    let group = items(&found, "TargetGroups").first();
    // Of CodeDeploy's pair one is led to by nothing until traffic moves.
    let is_led_to = match seen.at.stage.engine.capabilities().controller {
        Controller::CodeDeploy => true,
        Controller::Ecs => group.is_none_or(|group| !items(group, "LoadBalancerArns").is_empty()),
    };
    if !is_led_to {
        return check.error(
            format!("no listener leads to the target group {name}, so that no request reaches the service, and ECS starts no deployment"),
            "add a listener or a rule that forwards to it, or correct the service's load balancer settings",
        );
    }
    let kind = group.map_or("", |group| text(group, "TargetType"));
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
    seen: &StageState<'_>,
    settings: &CodeDeploySettings,
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
            findings.extend(without_test_listener(
                seen,
                "the stage has checks, but its deployment group has no test listener at which \
                 green could be reached",
                "give the deployment group a test listener (testTrafficRoute)",
            ));
        }
        for arn in arns {
            let listener = match described(reads, seen, what, arn).await {
                Ok(listener) => listener,
                Err(instead) => {
                    findings.push(instead);
                    continue;
                }
            };
            findings.push(leads_to(seen, what, &listener, &names));
            if what == "test" {
                findings.extend(listener_probe::check(reads, seen, &listener).await);
            }
        }
    }
    findings
}

/// ECS itself moves rules: whether the listeners of the test rules answer.
async fn test_rules<R: Reads>(reads: &R, seen: &StageState<'_>) -> Vec<Finding> {
    let mut listeners: Vec<String> = items(&seen.service, "loadBalancers")
        .iter()
        .map(|balancer| text(&balancer["advancedConfiguration"], "testListenerRule"))
        .filter_map(listener_of)
        .collect();
    listeners.sort_unstable();
    listeners.dedup();
    let mut findings = Vec::new();
    let is_balanced = !items(&seen.service, "loadBalancers").is_empty();
    // What it means for checks that there is none at all is told with the ways of its traffic.
    if listeners.is_empty() && is_balanced {
        findings.extend(without_test_listener(
            seen,
            "the stage has checks, but its service has no test listener at which green could be \
             reached",
            "give its load balancer a testListenerRule: infra/service/README.md",
        ));
    }
    for arn in listeners {
        match described(reads, seen, "test", &arn).await {
            Ok(listener) => findings.extend(listener_probe::check(reads, seen, &listener).await),
            Err(instead) => findings.push(instead),
        }
    }
    findings
}

/// The listener that a rule belongs to: its ARN is the rule's without the rule's own id.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html>
fn listener_of(rule: &str) -> Option<String> {
    // A Network Load Balancer has no rules: its listener is named instead.
    if rule.contains(":listener/") {
        return Some(rule.to_owned());
    }
    let (listener, _rule) = rule.rsplit_once('/')?;
    Some(listener.replacen(":listener-rule/", ":listener/", 1))
}

/// Green can be looked at before it serves only at a test listener.
fn without_test_listener(seen: &StageState<'_>, cause: &str, help: &str) -> Option<Finding> {
    let check = seen.at.check("listener");
    (!seen.at.stage.checks.is_empty()).then(|| check.error(cause, help))
}

/// A listener as DescribeListeners shows it, or what is to be told instead.
async fn described<R: Reads>(
    reads: &R,
    seen: &StageState<'_>,
    what: &str,
    arn: &str,
) -> Result<Value, Finding> {
    let check = seen.at.check("listener");
    let missing = || {
        check.error(
            format!("the {what} listener that the deployment names is not there"),
            "correct the load balancer settings of the deployment group or of the service, or \
             create the listener",
        )
    };
    let input = json!({ "ListenerArns": [arn] });
    let operation = "elasticloadbalancing:DescribeListeners";
    match reads.read(&seen.at.spot, operation, input).await {
        Ok(found) => {
            let listener = items(&found, "Listeners").first();
            listener.cloned().ok_or_else(missing)
        }
        Err(error) if error.code() == Some("ListenerNotFound") => Err(missing()),
        Err(error) => Err(check.unknown(&error)),
    }
}

/// Whether a listener leads to one of the two target groups.
fn leads_to(seen: &StageState<'_>, what: &str, listener: &Value, groups: &[&str]) -> Finding {
    let check = seen.at.check("listener");
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
    use crate::deployer::memory::Replies;
    use crate::deployer::memory::home;
    use crate::doctor::report::report;
    use crate::doctor::samples::{pipeline, stage_state};
    use crate::doctor::stage::StageAt;
    use towpath_core::pipeline::{EcsSettings, EngineSettings};

    fn balancer(kind: &str, forwards_to: &str, test: Value) -> Replies {
        let arn = format!("arn:aws:elasticloadbalancing:x:1:targetgroup/{forwards_to}/1");
        Replies::default()
            .say(
                "elasticloadbalancing:DescribeTargetGroups",
                json!({ "TargetGroups": [{ "TargetType": kind, "LoadBalancerArns": ["balancer"] }] }),
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
                json!({ "Listeners": [{ "Port": "80", "Protocol": "HTTP", "DefaultActions": [{ "TargetGroupArn": arn }] }] }),
            )
            .say(
                "elasticloadbalancing:DescribeLoadBalancers",
                json!({ "LoadBalancers": [{ "DNSName": "shop.elb.amazonaws.com" }] }),
            )
            .say("reach", json!(200))
    }

    #[tokio::test]
    async fn listeners_lead_to_one_of_the_two_target_groups() {
        let seen = stage_state();
        let test = json!({ "listenerArns": ["test"] });
        let found = check(&balancer("ip", "green", test.clone()), &seen).await;
        assert_eq!(
            report(&found),
            [
                "ok: blue takes targets by ip",
                "ok: production traffic comes in at 80",
                "ok: test traffic comes in at 80",
                "ok: http://shop.elb.amazonaws.com:80 answers 200"
            ]
        );
        let found = check(&balancer("instance", "other", Value::Null), &seen).await;
        assert_eq!(
            report(&found),
            [
                "error: the target group blue takes targets by instance, tasks of the network mode awsvpc are registered by ip",
                "warning: the production listener at 80 does not forward to blue or green by default",
                "error: the stage has checks, but its deployment group has no test listener at which green could be reached"
            ]
        );
        let gone = balancer("ip", "blue", test)
            .refuse("elasticloadbalancing:DescribeListeners", "ListenerNotFound");
        assert_eq!(
            report(&check(&gone, &seen).await)[2],
            "error: the test listener that the deployment names is not there"
        );
    }
    #[tokio::test]
    async fn where_ecs_moves_rules_the_listener_of_the_test_rule_is_asked() {
        let mut pipeline = pipeline();
        pipeline.stages[0].engine = EngineSettings::Ecs(EcsSettings::default());
        let home = home();
        let mut seen = stage_state();
        seen.at = StageAt::new(&pipeline, &pipeline.stages[0], &home, "towpath");
        let bare = check(&balancer("ip", "blue", Value::Null), &seen).await;
        assert_eq!(
            report(&bare)[1],
            "error: the stage has checks, but its service has no test listener at which green could be reached"
        );
        let arn = "arn:aws:elasticloadbalancing:eu-west-1:1:listener-rule/app/shop/1/2/3";
        seen.service["loadBalancers"][0]["advancedConfiguration"] =
            json!({ "testListenerRule": arn });
        let listener = "arn:aws:elasticloadbalancing:eu-west-1:1:listener/app/shop/1/2";
        assert_eq!(listener_of(arn).as_deref(), Some(listener));
        let found = check(&balancer("ip", "blue", Value::Null), &seen).await;
        assert_eq!(
            report(&found)[1..],
            ["ok: http://shop.elb.amazonaws.com:80 answers 200"]
        );
        let network = "arn:aws:elasticloadbalancing:eu-west-1:1:listener/net/shop/1/2";
        assert_eq!(listener_of(network).as_deref(), Some(network));
        // XML has no empty lists.
        let unled = balancer("ip", "blue", Value::Null).first(
            "elasticloadbalancing:DescribeTargetGroups",
            json!({ "TargetGroups": [{ "TargetType": "ip", "LoadBalancerArns": null }] }),
        );
        let told = report(&check(&unled, &seen).await);
        assert!(
            told[0].starts_with("error: no listener leads to the target group blue"),
            "{told:?}"
        );
    }
}
