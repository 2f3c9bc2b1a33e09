//! Contradictions within one stage.

use towpath_taskdef::repeated_key;

use super::values::{value_of, variable_name};
use super::{checks, repeated, tags};
use crate::names::{MAX_PARAMETER_ARN, Partition, begins};
use crate::pipeline::finding::{Found, named};
use crate::pipeline::{ApprovalGate, ApprovalPoint, Base, Pipeline, Stage, stored};

/// Most containers of a task definition:
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html>.
const MAX_CONTAINERS: usize = 10;

/// Most people who may decide at one gate.
const MAX_APPROVERS: usize = 50;

/// Shortest time in seconds in which a rollout can be judged at all.
const MIN_TIMEOUT: u32 = 60;

pub(super) fn find(pipeline: &Pipeline, stage: &Stage, path: &str, found: &mut Found) {
    containers(stage, path, found);
    place(stage, path, found);
    template(stage, &format!("{path}.base.parameter"), found);
    environment(stage, path, found);
    docker_labels(stage, path, found);
    tags::find(pipeline, stage, path, found);
    if let Some(gate) = &stage.approval {
        approval(pipeline, gate, &format!("{path}.approval"), found);
        approval_point(stage, gate, &format!("{path}.approval.when"), found);
    }
    checks::find(stage, path, found);
    if stage.timeout.seconds() < MIN_TIMEOUT {
        found.add(
            format!("{path}.timeout"),
            format!("no rollout ends within {}", stage.timeout),
            "give it at least 1m",
        );
    }
}

fn containers(stage: &Stage, path: &str, found: &mut Found) {
    let path = format!("{path}.containers");
    if stage.containers.is_empty() {
        found.add(
            &path,
            "no container would get the new image",
            "name at least one container of the task definition",
        );
    }
    if stage.containers.len() > MAX_CONTAINERS {
        found.add(
            &path,
            format!("{} containers are too many", stage.containers.len()),
            format!("a task definition has at most {MAX_CONTAINERS}"),
        );
    }
    if let Some((index, name)) = repeated(&stage.containers) {
        found.add(
            format!("{path}.{index}"),
            format!("container `{}` is named twice", named(name)),
            "name it once",
        );
    }
}

fn place(stage: &Stage, path: &str, found: &mut Found) {
    match (&stage.account, &stage.role) {
        (None, None) => {}
        // The deployer's own account needs no key, so the key means another account.
        (Some(_), None) => found.add(
            format!("{path}.account"),
            "a stage in another account needs a role there",
            "name under `role` one that the deployer may assume, or leave `account` out for the deployer's own",
        ),
        (None, Some(role)) => found.add(
            format!("{path}.role"),
            "a role without `account` leaves open which account the stage is in",
            format!("add `account: \"{}\"`, the account of the role", role.arn.account()),
        ),
        (Some(account), Some(role)) if account.as_str() != role.arn.account() => found.add(
            format!("{path}.role.arn"),
            format!("the role is in account {}, the stage in {account}", role.arn.account()),
            "name a role in the stage's account",
        ),
        (Some(_), Some(_)) => {}
    }
    // What STS takes: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>.
    let external_id = stage
        .role
        .as_ref()
        .and_then(|role| role.external_id.as_deref());
    let fits = |id: &str| {
        (2..=1224).contains(&id.len())
            && id
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c))
    };
    if external_id.is_some_and(|id| !fits(id)) {
        found.add(
            format!("{path}.role.external_id"),
            "STS would not take this external id",
            "use 2 to 1224 letters, digits and _ + = , . @ : / -",
        );
    }
}

/// Which prefix the deployer has is not in the pipeline, so that any is taken here.
fn template(stage: &Stage, path: &str, found: &mut Found) {
    let Base::Parameter(name) = &stage.base else {
        return;
    };
    let shown = name.as_str();
    // SSM takes no name that begins so, and knows no way up.
    let is_taken = |prefix: &str| ["aws", "ssm"].iter().any(|own| begins(prefix, own));
    let dots = |level: &str| matches!(level, "." | "..");
    let longest = longest_parameter(stage);
    match stored::template_prefix(name) {
        None => found.add(
            path,
            format!("the deployer may not read `{}`", named(name)),
            "store the template below /towpath/templates/, or below that of the prefix that the deployer was installed with",
        ),
        Some(prefix) if is_taken(prefix) => found.add(
            path,
            format!("`{}` begins with `{}`, which SSM keeps for AWS", named(name), &prefix[..3]),
            "store the template below /towpath/templates/, or below that of the prefix that the deployer was installed with",
        ),
        Some(_) if shown.split('/').any(dots) => found.add(
            path,
            format!("`{}` has dots for a level, which lead to no other place in SSM", named(name)),
            "write the whole path out, such as /towpath/templates/shop",
        ),
        Some(_) if shown.len() > longest => found.add(
            path,
            format!(
                "`{}` has {} characters, and SSM takes {longest} in the stage's region",
                named(name),
                shown.len()
            ),
            "shorten it",
        ),
        Some(_) => {}
    }
}

/// Longest name of a parameter in the stage's region, in characters: SSM counts its ARN with it.
fn longest_parameter(stage: &Stage) -> usize {
    let before = stage.region.as_ref().map_or(0, |region| {
        let partition = Partition::of(region).id;
        format!("arn:{partition}:ssm:{region}:111111111111:parameter").len()
    });
    MAX_PARAMETER_ARN.saturating_sub(before)
}

fn environment(stage: &Stage, path: &str, found: &mut Found) {
    for (container, variables) in &stage.environment {
        let path = format!("{path}.environment.{container}");
        for (name, value) in variables {
            variable_name(name, &format!("{path}.{name}"), found);
            value_of(name, value, &path, found);
        }
    }
}

fn docker_labels(stage: &Stage, path: &str, found: &mut Found) {
    for (container, labels) in &stage.docker_labels {
        let path = format!("{path}.docker_labels.{container}");
        for (name, value) in labels {
            if name.is_empty() || name.chars().any(char::is_control) {
                found.add(
                    format!("{path}.{name}"),
                    format!("`{}` is not the name of a label", repeated_key(name)),
                    "use a name such as com.example.commit",
                );
            }
            value_of(name, value, &path, found);
        }
    }
}

fn approval(pipeline: &Pipeline, gate: &ApprovalGate, path: &str, found: &mut Found) {
    if let Some((index, user)) = repeated(&gate.slack) {
        found.add(
            format!("{path}.slack.{index}"),
            format!("{user} is named twice"),
            "name each person once: one person is one vote",
        );
    }
    if gate.slack.len() > MAX_APPROVERS {
        found.add(
            format!("{path}.slack"),
            format!("{} approvers are too many", gate.slack.len()),
            format!("name at most {MAX_APPROVERS}"),
        );
    }
    let people = gate.count_approvers();
    if people == 0 {
        found.add(
            path,
            "nobody could approve",
            "name Slack users under `slack`, or set `sns: true`",
        );
    } else if gate.required == 0 || usize::from(gate.required) > people {
        found.add(
            format!("{path}.required"),
            format!("{} approvals can never be had from {people}", gate.required),
            format!("ask for 1 to {people}, the number of those who may approve"),
        );
    }
    if !gate.slack.is_empty() && pipeline.notify.slack.is_none() {
        found.add(
            format!("{path}.slack"),
            "people on Slack may decide, but are never asked there",
            "name the channel under the pipeline's `notify.slack`",
        );
    }
    if gate.sns && !pipeline.notify.sns {
        found.add(
            format!("{path}.sns"),
            "a reply by SNS may decide, but the request is never published",
            "set the pipeline's `notify.sns: true`",
        );
    }
}

fn approval_point(stage: &Stage, gate: &ApprovalGate, path: &str, found: &mut Found) {
    match gate.when {
        ApprovalPoint::BeforeTraffic if !stage.engine.capabilities().has_green => found.add(
            path,
            "a rolling update has no moment before traffic moves",
            "ask `before_rollout`, or roll out with `codedeploy` or `ecs`",
        ),
        ApprovalPoint::BeforeTraffic | ApprovalPoint::BeforeRollout => {}
    }
}
