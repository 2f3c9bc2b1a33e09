//! Whether a service stands on a deployment that failed: AWS has ended it, and nothing has taken
//! back what it brought.

use serde_json::{Value, json};
use towpath_core::pipeline::CodeDeploySettings;
use towpath_core::release::{Revision, ServiceRow};
use towpath_deployer::failed_primary;
use towpath_deployer::ports::CallError;

use super::engine::{deployment_group, is_missing};
use super::finding::Finding;
use super::stage::{StageAt, StageState, short};
use crate::deployer::reads::{Reads, items, text};

/// What a failed deployment has left in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failed {
    /// The revision that it brought, where that is known.
    pub(crate) revision: Option<Revision>,
    /// What failed, and how it stands, for people.
    pub(crate) what: String,
}

/// Looks at how the last deployment of the stage's service ended.
pub(crate) async fn check<R: Reads>(reads: &R, seen: &StageState<'_>) -> Vec<Finding> {
    let check = seen.at.check("deployment");
    if let Some(owner) = &seen.row.owner {
        return vec![check.ok(format!("{owner} is being rolled out"))];
    }
    vec![match failed(reads, &seen.at, &seen.service).await {
        Ok(None) => check.ok("no failed deployment is left in place"),
        Ok(Some(failed)) => match help(&seen.at, &seen.row) {
            WayOut::FirstPush(help) => check.warning(failed.what, help),
            WayOut::Back(help) => check.error(failed.what, help),
        },
        // The check of the engine says so.
        Err(error) if is_missing(error.code()) => return Vec::new(),
        Err(error) => check.unknown(&error),
    }]
}

/// What to do about a failed deployment that was left in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WayOut {
    /// No release was ever here, so that nothing is wrong with one: a service that is new has
    /// nothing to run yet.
    FirstPush(String),
    /// Something is to be brought back, or mended.
    Back(String),
}

impl WayOut {
    /// For people.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::FirstPush(text) | Self::Back(text) => text,
        }
    }
}

/// What to do about a failed deployment in a service, by what the ledger knows of that.
pub(crate) fn help(at: &StageAt<'_>, row: &ServiceRow) -> WayOut {
    let rollback = format!(
        "towpath rollback {} {}",
        at.pipeline.pipeline, at.stage.name
    );
    if row.is_new() {
        return WayOut::FirstPush(
            "no release was deployed here yet: push the first image, and its release takes the \
             place of what failed"
                .into(),
        );
    }
    WayOut::Back(match &row.last_good {
        Some(_) => format!("`{rollback}` returns to what served before"),
        None => format!(
            "no release has succeeded here yet: push an image that mends it, or \
             `{rollback} --to FAMILY:REVISION` brings back what ran before the release"
        ),
    })
}

/// What a failed deployment has left in place in a service, if one has.
pub(crate) async fn failed<R: Reads>(
    reads: &R,
    at: &StageAt<'_>,
    service: &Value,
) -> Result<Option<Failed>, CallError> {
    if let Some(settings) = at.stage.engine.codedeploy() {
        return failed_by_codedeploy(reads, at, settings, service).await;
    }
    Ok(failed_primary(service).map(|failed| Failed {
        what: format!(
            "{} of {} failed and was left in place ({}): {}",
            failed.deployment,
            short(&failed.revision),
            failed.progress,
            failed.reason
        ),
        revision: failed.revision.parse().ok(),
    }))
}

/// A deployment that CodeDeploy rolls back is followed by another one, so that the last one says
/// whether something is left.
async fn failed_by_codedeploy<R: Reads>(
    reads: &R,
    at: &StageAt<'_>,
    settings: &CodeDeploySettings,
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
    let read = reads.read(&at.spot, operation, input).await;
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
        .and_then(|set| text(set, "taskDefinition").parse::<Revision>().ok());
    let brought = revision.as_ref().map_or("what it brought", Revision::short);
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
    use crate::deployer::memory::Replies;
    use crate::doctor::report::report;
    use crate::doctor::samples::{good_release, stage_state};

    #[tokio::test]
    async fn what_codedeploy_leaves_in_place_is_found_by_its_traffic() {
        let answers = |status: &str, weight: f64| {
            Replies::default()
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
        let mut seen = stage_state();
        seen.service["taskSets"] = json!([{ "id": "ecs-svc/2",
            "taskDefinition": "arn:aws:ecs:eu-west-1:111111111111:task-definition/api:8" }]);
        seen.row.last_good = Some(good_release(7));
        let fine = ["ok: no failed deployment is left in place"];
        assert_eq!(
            report(&check(&answers("Succeeded", 100.0), &seen).await),
            fine
        );
        assert_eq!(report(&check(&answers("Failed", 0.0), &seen).await), fine);
        for status in ["Failed", "Stopped"] {
            let found = check(&answers(status, 10.0), &seen).await;
            let said = format!(
                "error: CodeDeploy's deployment d-1 {} and was left in place: 10% of traffic goes to api:8",
                status.to_lowercase()
            );
            assert_eq!(report(&found), [said]);
            let help = found[0].help.as_deref().unwrap_or_default();
            assert!(
                help.contains("towpath rollback shop-api production"),
                "{help}"
            );
        }
        let never = answers("Failed", 0.0).refuse(
            "codedeploy:GetDeploymentTarget",
            "DeploymentNotStartedException",
        );
        assert_eq!(report(&check(&never, &seen).await), fine);
        seen.row.owner = Some(good_release(8).release);
        let found = check(&answers("Failed", 10.0), &seen).await;
        assert!(
            report(&found)[0].ends_with("is being rolled out"),
            "{found:?}"
        );
    }

    #[tokio::test]
    async fn what_failed_before_the_first_release_is_no_error_and_makes_way_for_a_push() {
        let mut seen = stage_state();
        let text = "
pipeline: shop-api
repository: shop/api
stages:
  - { name: test, cluster: shop, service: api, containers: [app], engine: { rolling: {} } }
";
        let linter = crate::lint::Linter::new().unwrap();
        let pipeline: &'static _ = Box::leak(Box::new(
            linter.lint(text, crate::lint::Format::Yaml).unwrap(),
        ));
        seen.at = StageAt::new(pipeline, &pipeline.stages[0], seen.at.home, "towpath");
        seen.service["deployments"] = json!([{ "id": "ecs-svc/1", "status": "PRIMARY",
            "rolloutState": "FAILED", "rolloutStateReason": "tasks failed to start.",
            "taskDefinition": "arn:aws:ecs:eu-west-1:111111111111:task-definition/api:1" }]);
        let told_of = async |seen: &StageState<'_>| {
            let found = check(&Replies::default(), seen).await;
            let help = found[0].help.clone().unwrap_or_default();
            (report(&found)[0].clone(), help)
        };
        let (cause, help) = told_of(&seen).await;
        assert!(
            cause.starts_with("warning: ecs-svc/1 of api:1 failed"),
            "{cause}"
        );
        assert!(help.contains("push the first image"), "{help}");
        assert!(!help.contains("rollback"), "{help}");
        // The first release has failed: there is something to mend, and nothing good to go back to.
        seen.row.taken_by = Some(good_release(1).release);
        let (cause, help) = told_of(&seen).await;
        assert!(cause.starts_with("error: "), "{cause}");
        let back = "`towpath rollback shop-api test --to FAMILY:REVISION`";
        assert!(
            help.contains("no release has succeeded here yet") && help.contains(back),
            "{help}"
        );
        seen.row.last_good = Some(good_release(1));
        let (_, help) = told_of(&seen).await;
        assert_eq!(
            help,
            "`towpath rollback shop-api test` returns to what served before"
        );
    }

    #[tokio::test]
    async fn a_missing_deployment_group_is_told_once() {
        for code in [
            "ApplicationDoesNotExistException",
            "DeploymentGroupDoesNotExistException",
        ] {
            let gone = Replies::default().refuse("codedeploy:GetDeploymentGroup", code);
            assert_eq!(
                check(&gone, &stage_state()).await,
                [],
                "the check of the engine says it"
            );
        }
    }
}
