//! Elastic Load Balancing: moto keeps the resources; the world is told where listeners forward
//! to, and a loopback port is opened for each.

use std::sync::Arc;

use serde_json::Value;

use crate::gateway::dispatch::{Answer, Incoming, forward};
use crate::lab::Lab;
use crate::listeners;
use crate::world;
use crate::xml;

/// Carries out a call of Elastic Load Balancing.
///
/// # Errors
/// As [`forward`].
pub(crate) async fn answer(lab: &Arc<Lab>, incoming: &Incoming) -> Answer {
    let request = &incoming.request;
    let mut reply = forward(lab, incoming).await?;
    if reply.status != 200 {
        return Ok(reply);
    }
    let body = String::from_utf8_lossy(&reply.body).into_owned();
    let text = |member: &str| request.input[member].as_str().map(str::to_owned);
    match request.operation.as_str() {
        "CreateLoadBalancer" | "DescribeLoadBalancers" => {
            reply.body = at_this_machine(&body).into();
        }
        "CreateListener" => {
            if let Some(arn) = xml::text(&body, "ListenerArn") {
                tell(lab, &arn, &targets(&request.input, "DefaultActions"));
                let port = text("Port").and_then(|port| port.parse().ok());
                listeners::open(lab, &arn, port.unwrap_or(0)).await;
            }
        }
        "ModifyListener" => {
            if let Some(arn) = text("ListenerArn") {
                tell(lab, &arn, &targets(&request.input, "DefaultActions"));
            }
        }
        "DeleteListener" => {
            if let Some(arn) = text("ListenerArn") {
                listeners::close(lab, &arn);
            }
        }
        "CreateRule" => {
            if let (Some(rule), Some(listener)) = (xml::text(&body, "RuleArn"), text("ListenerArn"))
            {
                tell(lab, &rule, &targets(&request.input, "Actions"));
                let priority = text("Priority").and_then(|priority| priority.parse().ok());
                let paths = paths(&request.input);
                lab.listeners
                    .add_rule(&listener, &rule, priority.unwrap_or(u32::MAX), paths);
            }
        }
        "ModifyRule" => {
            if let Some(rule) = text("RuleArn") {
                tell(lab, &rule, &targets(&request.input, "Actions"));
            }
        }
        "DeleteRule" => {
            if let Some(rule) = text("RuleArn") {
                lab.listeners.remove_rule(&rule);
            }
        }
        _ => {}
    }
    Ok(reply)
}

/// The answer with names that lead to where the listeners are.
fn at_this_machine(body: &str) -> String {
    let (begin, end) = ("<DNSName>", "</DNSName>");
    let mut parts = body.split(begin);
    let mut answer = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.split_once(end).map_or(part, |(_name, rest)| rest);
        answer.extend([begin, "localhost", end, rest]);
    }
    answer
}

fn tell(lab: &Arc<Lab>, arn: &str, targets: &[(String, f64)]) {
    if !targets.is_empty() {
        world::with(lab, |world, _now| world.forward(arn, targets));
    }
}

/// The target groups that the actions of a listener or rule forward to, with their weights.
fn targets(input: &Value, list: &str) -> Vec<(String, f64)> {
    let text = |member: String| input[member].as_str().map(str::to_owned);
    let mut targets = Vec::new();
    for n in 1..=10 {
        let action = format!("{list}.member.{n}");
        for m in 1..=5 {
            let group = format!("{action}.ForwardConfig.TargetGroups.member.{m}");
            if let Some(arn) = text(format!("{group}.TargetGroupArn")) {
                let weight = text(format!("{group}.Weight")).and_then(|weight| weight.parse().ok());
                targets.push((arn, weight.unwrap_or(1.0)));
            }
        }
        if let (true, Some(arn)) = (targets.is_empty(), text(format!("{action}.TargetGroupArn"))) {
            targets.push((arn, 1.0));
        }
    }
    targets
}

/// The path patterns of a rule's conditions; none takes every path.
fn paths(input: &Value) -> Vec<String> {
    let mut paths = Vec::new();
    for n in 1..=5 {
        let condition = format!("Conditions.member.{n}");
        if input[format!("{condition}.Field")] != "path-pattern" {
            continue;
        }
        for values in ["Values", "PathPatternConfig.Values"] {
            let value = |m| input[format!("{condition}.{values}.member.{m}")].as_str();
            paths.extend((1..=5).filter_map(value).map(str::to_owned));
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn targets_are_read_in_both_forms() {
        let plain = json!({"DefaultActions.member.1.Type": "forward", "DefaultActions.member.1.TargetGroupArn": "a"});
        assert_eq!(targets(&plain, "DefaultActions"), [("a".to_owned(), 1.0)]);
        let weighted = json!({
            "Actions.member.1.ForwardConfig.TargetGroups.member.1.TargetGroupArn": "a",
            "Actions.member.1.ForwardConfig.TargetGroups.member.1.Weight": "90",
            "Actions.member.1.ForwardConfig.TargetGroups.member.2.TargetGroupArn": "b",
            "Actions.member.1.ForwardConfig.TargetGroups.member.2.Weight": "10",
        });
        assert_eq!(
            targets(&weighted, "Actions"),
            [("a".to_owned(), 90.0), ("b".to_owned(), 10.0)]
        );
    }

    #[test]
    fn load_balancers_are_at_this_machine() {
        let body = "<A><DNSName>a.example.com</DNSName><B>1</B><DNSName>b</DNSName></A>";
        assert_eq!(
            at_this_machine(body),
            "<A><DNSName>localhost</DNSName><B>1</B><DNSName>localhost</DNSName></A>"
        );
        assert_eq!(at_this_machine("<A/>"), "<A/>");
    }

    #[test]
    fn path_conditions_are_read() {
        let input = json!({"Conditions.member.1.Field": "path-pattern", "Conditions.member.1.Values.member.1": "/api/*"});
        assert_eq!(paths(&input), ["/api/*"]);
        assert_eq!(paths(&json!({})), Vec::<String>::new());
    }
}
