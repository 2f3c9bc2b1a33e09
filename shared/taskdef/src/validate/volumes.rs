//! Rules for volumes and where they are mounted.
//!
//! From the API on
//! [volumes](https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Volume.html) and
//! [mount points](https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_MountPoint.html), and
//! [the guide](https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::fields::is_spelling;
use super::place::{Placed, containers, is_set, listed, quoted};
use super::task::is_name;
use super::{Finding, Rule};
use crate::document::TaskDefinition;

/// What a volume may be, of which it is one.
const KINDS: [&str; 6] = [
    "configuredAtLaunch",
    "dockerVolumeConfiguration",
    "efsVolumeConfiguration",
    "fsxWindowsFileServerVolumeConfiguration",
    "host",
    "s3filesVolumeConfiguration",
];

pub(super) fn check(definition: &TaskDefinition, findings: &mut Vec<Finding>) {
    let volumes = definition.document().get("volumes");
    let volumes = volumes.and_then(Value::as_array).map(Vec::as_slice);
    let mut names = BTreeMap::new();
    let mut at_launch = None;
    for (index, volume) in volumes.unwrap_or_default().iter().enumerate() {
        let Some(volume) = volume.as_object() else {
            continue;
        };
        findings.extend(check_name(volume, index));
        let name = volume.get("name").and_then(Value::as_str);
        if let Some(name) = name
            && let Some(first) = names.insert(name, index)
        {
            findings.push(Finding::error(
                Rule::VolumeNameTwice,
                format!("/volumes/{index}/name"),
                format!(
                    "the volume at /volumes/{first} is named {} as well",
                    quoted(name)
                ),
                "give each volume a name of its own",
            ));
        }
        check_kind(volume, index, &mut at_launch, findings);
    }
    let names: BTreeSet<&str> = names.into_keys().collect();
    for container in containers(definition) {
        for (index, mount) in container.list("mountPoints").iter().enumerate() {
            if let Some(mount) = mount.as_object() {
                let field = format!("mountPoints/{index}");
                findings.extend(check_source(&container, mount, &field, &names));
                findings.extend(check_path(&container, mount, &field));
            }
        }
    }
}

fn check_name(volume: &Map<String, Value>, index: usize) -> Option<Finding> {
    let path = format!("/volumes/{index}");
    match volume.get("name") {
        Some(Value::String(name)) if is_name(name) => None,
        Some(Value::String(name)) => Some(Finding::error(
            Rule::VolumeName,
            format!("{path}/name"),
            format!(
                "volume {} is not named with 1 to 255 letters, digits, `_` and `-`",
                quoted(name)
            ),
            "rename it",
        )),
        Some(_) => None,
        None if volume.keys().any(|name| is_spelling(name, "name")) => None,
        None => Some(Finding::error(
            Rule::VolumeName,
            path,
            "the volume has no name, so that nothing can mount it".to_owned(),
            "name it",
        )),
    }
}

fn check_kind(
    volume: &Map<String, Value>,
    index: usize,
    at_launch: &mut Option<usize>,
    findings: &mut Vec<Finding>,
) {
    let kinds: Vec<&str> = KINDS
        .into_iter()
        .filter(|kind| volume.get(*kind).is_some_and(is_set))
        .collect();
    if let [_, _, ..] = kinds.as_slice() {
        findings.push(Finding::error(
            Rule::VolumeKind,
            format!("/volumes/{index}"),
            format!(
                "the volume has {}, of which it can be one",
                kinds.join(" and ")
            ),
            "make a volume of each",
        ));
    }
    if volume.get("configuredAtLaunch") == Some(&Value::Bool(true))
        && let Some(first) = at_launch.replace(index)
    {
        findings.push(Finding::error(
            Rule::VolumeKind,
            format!("/volumes/{index}/configuredAtLaunch"),
            format!("the volume at /volumes/{first} is configured at launch as well, and a task can have one such"),
            "remove one of them",
        ));
    }
    // https://github.com/aws/amazon-ecs-cli/issues/11
    let path = volume.get("host").and_then(|host| host.get("sourcePath"));
    if path.and_then(Value::as_str) == Some("") {
        findings.push(Finding::error(
            Rule::VolumeKind,
            format!("/volumes/{index}/host/sourcePath"),
            "sourcePath is empty".to_owned(),
            "leave sourcePath out for an empty volume, or name a folder of the host",
        ));
    }
}

/// ECS [knows](https://github.com/ansible/ansible/issues/35751) no other volume than those of the task.
fn check_source(
    container: &Placed<'_>,
    mount: &Map<String, Value>,
    field: &str,
    names: &BTreeSet<&str>,
) -> Option<Finding> {
    match mount.get("sourceVolume") {
        Some(Value::String(name)) if names.contains(name.as_str()) => None,
        Some(Value::String(name)) => Some(container.error(
            Rule::VolumeMissing,
            &format!("{field}/sourceVolume"),
            format!(
                "it mounts volume {}, which is not among the task's volumes",
                quoted(name)
            ),
            if names.is_empty() {
                format!(
                    "add {{\"name\": {}}} to the task's volumes, or remove the mount point",
                    quoted(name)
                )
            } else {
                format!(
                    "name one of {}, or add the volume to the task's volumes",
                    listed(names.iter().copied())
                )
            },
        )),
        Some(_) => None,
        None if mount.keys().any(|name| is_spelling(name, "sourceVolume")) => None,
        None => Some(container.error(
            Rule::MountPoint,
            field,
            "the mount point names no volume",
            "set sourceVolume to the name of one of the task's volumes",
        )),
    }
}

fn check_path(container: &Placed<'_>, mount: &Map<String, Value>, field: &str) -> Option<Finding> {
    let is_given = match mount.get("containerPath") {
        Some(path) => path.as_str() != Some(""),
        None => mount.keys().any(|name| is_spelling(name, "containerPath")),
    };
    (!is_given).then(|| {
        container.error(
            Rule::MountPoint,
            field,
            "the mount point has no containerPath",
            "set containerPath to where the container is to see the volume",
        )
    })
}
