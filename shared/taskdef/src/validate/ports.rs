//! Rules for port mappings: each has a port, and no port is mapped twice.
//!
//! From [the API](https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html).

use std::collections::BTreeMap;

use serde_json::Value;

use super::fields::is_spelling;
use super::place::{Placed, containers, quoted};
use super::{Finding, Rule};
use crate::document::TaskDefinition;
use crate::repeated;

/// The ports that are taken, by protocol and the first of each range: its last one, and whose it is.
type Taken<'a> = BTreeMap<(&'a str, u64), (u64, &'a str)>;

pub(super) fn check(definition: &TaskDefinition, findings: &mut Vec<Finding>) {
    let mode = definition.network_mode().unwrap_or("bridge");
    let mut taken = Taken::new();
    for container in containers(definition) {
        for (index, mapping) in container.list("portMappings").iter().enumerate() {
            let field = format!("portMappings/{index}");
            if mode == "none" {
                findings.push(container.error(
                    Rule::PortsWithoutNetwork,
                    &field,
                    "it maps a port although the network mode is none",
                    "remove portMappings or set another networkMode",
                ));
                continue;
            }
            findings.extend(check_mapping(&container, mapping, &field, mode));
            findings.extend(check_twice(&container, mapping, &field, mode, &mut taken));
        }
    }
}

fn check_mapping(
    container: &Placed<'_>,
    mapping: &Value,
    field: &str,
    mode: &str,
) -> Option<Finding> {
    let members = mapping.as_object()?;
    let inside = ["containerPort", "containerPortRange"];
    let is_given = members
        .keys()
        .any(|name| inside.iter().any(|known| is_spelling(name, known)));
    if !is_given {
        return Some(container.error(
            Rule::PortMissing,
            field,
            "the mapping has no containerPort",
            "add the port that the container listens at, such as {\"containerPort\": 8080}",
        ));
    }
    let range = members.get("containerPortRange").and_then(Value::as_str);
    if let Some(text) = range.filter(|text| ports_of(text).is_none()) {
        return Some(container.error(
            Rule::PortRange,
            &format!("{field}/containerPortRange"),
            format!("{} is no range of ports", quoted(text)),
            "write the first and a higher last port, from 1 to 65535, as in \"8000-8010\"",
        ));
    }
    let port = |field| mapping.get(field).and_then(Value::as_u64);
    let (host, inside) = (port("hostPort").unwrap_or(0), port("containerPort"));
    if matches!(mode, "awsvpc" | "host") && host != 0 && inside != Some(host) {
        let inside = inside.map_or_else(|| "no port".to_owned(), |port| format!("port {port}"));
        return Some(container.error(
            Rule::AwsvpcHostPort,
            &format!("{field}/hostPort"),
            format!(
                "hostPort {host} is not its containerPort ({inside}), as network mode {mode} needs"
            ),
            "leave hostPort out",
        ));
    }
    None
}

/// The first and the last port of `FIRST-LAST`.
fn ports_of(range: &str) -> Option<(u64, u64)> {
    let (first, last) = range.split_once('-')?;
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (1 <= first && first < last && last <= 65_535).then_some((first, last))
}

/// A port of the host is mapped once in a task
/// ([refused](https://github.com/aws/amazon-ecs-agent/issues/1220)). In awsvpc and host mode it is the
/// container's; in bridge mode it is free unless one is named. TCP and UDP have ports of their own.
fn check_twice<'a>(
    container: &Placed<'a>,
    mapping: &'a Value,
    field: &str,
    mode: &str,
    taken: &mut Taken<'a>,
) -> Option<Finding> {
    let port = |field| mapping.get(field).and_then(Value::as_u64);
    let host = match mode {
        "bridge" => port("hostPort").filter(|port| *port != 0),
        _ => port("containerPort"),
    };
    let range = mapping.get("containerPortRange").and_then(Value::as_str);
    let (first, last) = match host {
        Some(port) => (port, port),
        None if mode != "bridge" => range.and_then(ports_of)?,
        None => return None,
    };
    let protocol = mapping.get("protocol").and_then(Value::as_str);
    let protocol = protocol.unwrap_or("tcp");
    let before = taken
        .range((protocol, 0)..=(protocol, last))
        .next_back()
        .filter(|(_, (end, _))| *end >= first)
        .map(|(_, (_, owner))| *owner);
    let Some(owner) = before else {
        taken.insert((protocol, first), (last, container.name()));
        return None;
    };
    let ports = if first == last {
        format!("port {first}")
    } else {
        format!("one of the ports {first} to {last}")
    };
    let also = if owner == container.name() {
        "by two of its mappings".to_owned()
    } else {
        format!("by container {} as well", quoted(owner))
    };
    Some(container.error(
        Rule::PortTwice,
        field,
        format!(
            "{ports} ({}) is mapped {also}, and a task has each port once",
            repeated(protocol)
        ),
        "remove one of the mappings, or let the container listen at another port",
    ))
}
