//! Whether a service stands on a deployment that failed: AWS has ended it, and nothing has taken
//! back what it brought.

use serde_json::{Value, json};
use towpath_aws::signed::CODEDEPLOY;
use towpath_core::pipeline::{CodeDeployRollout, Rollout};
use towpath_deployer::failed_primary;
use towpath_deployer::ports::CallError;

use super::engine::{deployment_group, is_missing};
use super::finding::Finding;
use super::reads::{Reads, items, text};
use super::stage::{Seen, StageAt, short};

/// What a failed deployment has left in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failed {
    /// The ARN of the revision that it brought, where that is known.
    pub(crate) revision: Option<String>,
    /// What failed, and how it stands, for people.
    pub(crate) what: String,
}

/// Looks at how the last deployment of the stage's service ended.
pub(crate) async fn check<R: Reads>(reads: &R, seen: &Seen<'_>) -> Vec<Finding> {
    let check = seen.at.check("deployment");
    if let Some(owner) = &seen.row.owner {
        return vec![check.ok(format!("{owner} is being rolled out"))];
    }
    vec![match failed(reads, &seen.at, &seen.service).await {
        Ok(None) => check.ok("no failed deployment is left in place"),
        Ok(Some(failed)) => check.error(
            failed.what,
            format!("`{}` brings back what served before", way_out(&seen.at)),
        ),
        // The check of the engine says so.
        Err(error) if is_missing(error.code()) => return Vec::new(),
        Err(error) => check.unknown(&error),
    }]
}

/// The command that brings back what served before.
pub(crate) fn way_out(at: &StageAt<'_>) -> String {
    format!(
        "towpath rollback {} {}",
        at.pipeline.pipeline, at.stage.name
    )
}

/// What a failed deployment has left in place in a service, if one has.
pub(crate) async fn failed<R: Reads>(
    reads: &R,
    at: &StageAt<'_>,
    service: &Value,
) -> Result<Option<Failed>, CallError> {
    match &at.stage.rollout {
        Rollout::Rolling(_) | Rollout::Ecs(_) => Ok(failed_primary(service).map(|failed| Failed {
            what: format!(
                "{} of {} failed and was left in place ({}): {}",
                failed.deployment,
                short(&failed.revision),
                failed.progress,
                failed.reason
            ),
            revision: Some(failed.revision),
        })),
        Rollout::CodeDeploy(settings) => failed_by_codedeploy(reads, at, settings, service).await,
    }
}

/// A deployment that CodeDeploy rolls back is followed by another one, so that the last one says
/// whether something is left.
async fn failed_by_codedeploy<R: Reads>(
    reads: &R,
    at: &StageAt<'_>,
    settings: &CodeDeployRollout,
    service: &Value,
) -> Result<Option<Failed>, CallError> {
    let group = deployment_group(reads, at, settings).await?;
    let last = &group["lastAttemptedDeployment"];
    let status = text(last, "status");
    if !matches!(status, "Failed" | "Stopped") {
        return Ok(None);
    }
    let id = text(last, "deploymentId");
    let target = &at.place.service;
    let input = json!({
        "deploymentId": id,
        "targetId": format!("{}:{}", target.cluster, target.service),
    });
    let operation = "codedeploy:GetDeploymentTarget";
    let read = reads.read(&at.spot, &CODEDEPLOY, operation, input).await;
    let found = match read {
        Ok(found) => found,
        // It ended before it had made anything.
        Err(error) if has_no_target(error.code()) => return Ok(None),
        Err(error) => return Err(error),
    };
    let sets = items(&found["deploymentTarget"]["ecsTarget"], "taskSetsInfo");
    let green = sets.iter().find(|set| text(set, "taskSetLabel") == "Green");
    let Some((green, weight)) = green
        .and_then(|set| Some((set, set["trafficWeight"].as_f64()?)))
        .filter(|(_, weight)| *weight > 0.0)
    else {
        return Ok(None);
    };
    let known = items(service, "taskSets").iter();
    let mut known = known.filter(|set| text(set, "id") == text(green, "identifer"));
    let revision = known
        .next()
        .map(|set| text(set, "taskDefinition").to_owned());
    let brought = revision.as_deref().map_or("what it brought", short);
    Ok(Some(Failed {
        what: format!(
            "CodeDeploy's deployment {id} {} and was left in place: {weight}% of traffic goes to {brought}",
            status.to_lowercase()
        ),
        revision,
    }))
}

fn has_no_target(code: Option<&str>) -> bool {
    matches!(
        code,
        Some("DeploymentNotStartedException" | "DeploymentTargetDoesNotExistException")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::memory::{Answers, told};
    use crate::doctor::samples::{good, seen};

    #[tokio::test]
    async fn what_codedeploy_leaves_in_place_is_found_by_its_traffic() {
        let answers = |status: &str, weight: f64| {
            Answers::default()
                .say(
                    "codedeploy:GetDeploymentGroup",
                    json!({ "deploymentGroupInfo": { "lastAttemptedDeployment": {
                        "deploymentId": "d-1", "status": status } } }),
                )
                .say(
                    "codedeploy:GetDeploymentTarget",
                    json!({ "deploymentTarget": { "ecsTarget": { "taskSetsInfo": [
                        { "identifer": "ecs-svc/1", "taskSetLabel": "Blue", "trafficWeight": 100.0 - weight },
                        { "identifer": "ecs-svc/2", "taskSetLabel": "Green", "trafficWeight": weight },
                    ] } } }),
                )
        };
        let mut seen = seen();
        seen.service["taskSets"] = json!([{ "id": "ecs-svc/2",
            "taskDefinition": "arn:aws:ecs:eu-west-1:111111111111:task-definition/api:8" }]);
        let fine = ["ok: no failed deployment is left in place"];
        assert_eq!(
            told(&check(&answers("Succeeded", 100.0), &seen).await),
            fine
        );
        assert_eq!(told(&check(&answers("Failed", 0.0), &seen).await), fine);
        for status in ["Failed", "Stopped"] {
            let found = check(&answers(status, 10.0), &seen).await;
            let said = format!(
                "error: CodeDeploy's deployment d-1 {} and was left in place: 10% of traffic goes to api:8",
                status.to_lowercase()
            );
            assert_eq!(told(&found), [said]);
            let way_out = found[0].way_out.as_deref().unwrap_or_default();
            assert!(
                way_out.contains("towpath rollback shop-api production"),
                "{way_out}"
            );
        }
        let never = answers("Failed", 0.0).refuse(
            "codedeploy:GetDeploymentTarget",
            "DeploymentNotStartedException",
        );
        assert_eq!(told(&check(&never, &seen).await), fine);
        seen.row.owner = Some(good(8).release);
        let found = check(&answers("Failed", 10.0), &seen).await;
        assert!(
            told(&found)[0].ends_with("is being rolled out"),
            "{found:?}"
        );
    }

    #[tokio::test]
    async fn a_missing_deployment_group_is_told_once() {
        for code in [
            "ApplicationDoesNotExistException",
            "DeploymentGroupDoesNotExistException",
        ] {
            let gone = Answers::default().refuse("codedeploy:GetDeploymentGroup", code);
            assert_eq!(
                check(&gone, &seen()).await,
                [],
                "the check of the engine says it"
            );
        }
    }
}
