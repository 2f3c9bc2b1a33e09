//! Whether the deployer's roles have a right too many, or one too few: what they may do beside what
//! they did on a road on which nothing goes wrong.

use std::collections::BTreeSet;

use serde_json::json;

use crate::lab::Error;
use crate::world::World;

/// Looked at only after a crash, a lost answer or a race of two writers, to find out what was done.
/// Whether two writers meet on the main road is a matter of chance.
pub const LOST: &str = "evidence of what was done";
/// Told in `checks.rs`.
const CHECKS: &str = "checks that the deployer runs itself";
/// Told in `native.rs`.
const NATIVE: &str = "services whose traffic ECS itself moves";
/// Told in `failing_images.rs`.
const STOPPED: &str = "saying why tasks stopped";

/// A right that was not used: whose it is, without `towpath-`, and why it is there.
pub type Unused = (&'static str, &'static str, &'static str);

/// What the hook function does not do on such a road.
pub const BY_HOOK: [Unused; 3] = [
    ("lifecycle-hook", "dynamodb:GetItem", NATIVE),
    ("lifecycle-hook", "ecs:DescribeServiceDeployments", NATIVE),
    ("lifecycle-hook", "ecs:DescribeServiceRevisions", NATIVE),
];

/// What whoever changes deployments does not do on such a road.
const BY_DEPLOYER: [(&str, &str); 20] = [
    ("cloudwatch:DescribeAlarms", CHECKS),
    ("cloudwatch:GetMetricData", CHECKS),
    ("codedeploy:PutLifecycleEventHookExecutionStatus", CHECKS),
    ("ecs:RunTask", CHECKS),
    ("ecs:StopTask", CHECKS),
    ("logs:GetLogEvents", CHECKS),
    ("ecs:ContinueServiceDeployment", NATIVE),
    ("ecs:DescribeServiceDeployments", NATIVE),
    ("ecs:DescribeServiceRevisions", NATIVE),
    ("ecs:ListServiceDeployments", NATIVE),
    ("ecs:StopServiceDeployment", NATIVE),
    ("codedeploy:BatchGetDeployments", LOST),
    ("codedeploy:ListDeployments", LOST),
    ("ecs:ListTaskDefinitions", LOST),
    ("ecs:DescribeTasks", STOPPED),
    ("ecs:ListTasks", STOPPED),
    (
        "codedeploy:GetApplicationRevision",
        "CodeDeploy's own examples grant it to whoever creates deployments",
    ),
    (
        "codedeploy:ContinueDeployment",
        "letting traffic through, and making room in a group that only keeps old tasks",
    ),
    ("codedeploy:StopDeployment", "rolling back a rollout"),
    (
        "ecs:TagResource",
        "AWS asks for it where a revision is registered with tags; the lab does not",
    ),
];

/// The rights that `role`, which changes deployments, does not use on such a road.
pub fn unused_by_deployer(role: &'static str) -> impl Iterator<Item = Unused> {
    BY_DEPLOYER
        .into_iter()
        .map(move |(action, why)| (role, action, why))
}

/// The deployer's roles in an account used every right but these, and missed none.
///
/// # Errors
/// What they missed, what nothing needs, and what was used although it is said not to be, unless
/// that is evidence after a race.
pub async fn are_needed(
    world: &World,
    account: &str,
    unused: impl IntoIterator<Item = Unused>,
) -> Result<(), Error> {
    let report = world.lab.get("iam").await?;
    let own = format!("arn:aws:iam::{account}:role/towpath-");
    let mut found = BTreeSet::new();
    let mut wrong = Vec::new();
    for (role, rights) in report["roles"].as_object().into_iter().flatten() {
        let Some(role) = role.strip_prefix(&own) else {
            continue;
        };
        if rights["refused"] != json!([]) {
            wrong.push(format!("{role} was refused {}", rights["refused"]));
        }
        let never = rights["never_used"].as_array().into_iter().flatten();
        let actions = never.filter_map(|right| right["action"].as_str());
        found.extend(actions.map(|action| format!("{role} {action}")));
    }
    for (role, action, why) in unused {
        if !found.remove(&format!("{role} {action}")) && why != LOST {
            wrong.push(format!("{role} used {action}; it is no exception ({why})"));
        }
    }
    wrong.extend(
        found
            .into_iter()
            .map(|right| format!("nothing needs {right}")),
    );
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Error::Story(wrong.join("; ")))
    }
}
