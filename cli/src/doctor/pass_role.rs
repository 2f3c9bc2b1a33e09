//! Whether whoever registers the task definition may pass its roles to ECS:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html>.

use serde_json::json;

use super::finding::Finding;
use super::simulate::{Asked, Decision, simulate};
use super::stage::StageState;
use crate::deployer::reads::{Reads, text};

/// Asks IAM for each role of the task definition.
pub(crate) async fn check<R: Reads>(reads: &R, seen: &StageState<'_>) -> Vec<Finding> {
    let check = seen.at.check("pass-role");
    let deployer = seen.at.deployer_role();
    let mut findings = Vec::new();
    for member in ["executionRoleArn", "taskRoleArn"] {
        let passed = text(&seen.definition, member);
        if passed.is_empty() {
            continue;
        }
        let asked = Asked {
            principal: deployer,
            action: "iam:PassRole",
            resource: passed,
            context: json!({ "iam:PassedToService": "ecs-tasks.amazonaws.com" }),
        };
        findings.push(match simulate(reads, &seen.at.spot, &asked).await {
            Ok(Decision::Allowed) => check.ok(format!("{passed} may be passed to ECS")),
            Ok(Decision::Denied(why)) => check.error(
                format!("{deployer} may not pass {passed} to ECS ({why}), so no revision can be registered"),
                "add the role to `task_role_arns` of infra/deployer, or of infra/target-account for \
                 another account",
            ),
            Ok(Decision::NoPrincipal) => check.error(
                format!("there is no role {deployer}"),
                "apply infra/deployer, or infra/target-account for another account",
            ),
            Err(error) => check.unknown(&error),
        });
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployer::memory::Replies;
    use crate::doctor::report::report;
    use crate::doctor::samples::stage_state;

    #[tokio::test]
    async fn each_role_of_the_task_definition_is_asked_for() {
        let seen = stage_state();
        let decided = |decision: &str| {
            Replies::default().say(
                "iam:SimulatePrincipalPolicy",
                json!({ "EvaluationResults": [{ "EvalDecision": decision }] }),
            )
        };
        assert_eq!(
            report(&check(&decided("allowed"), &seen).await),
            [
                "ok: arn:aws:iam::111111111111:role/execution may be passed to ECS",
                "ok: arn:aws:iam::111111111111:role/task may be passed to ECS"
            ]
        );
        let denied = report(&check(&decided("implicitDeny"), &seen).await);
        assert_eq!(
            denied[0],
            "error: arn:aws:iam::111111111111:role/towpath-advance may not pass \
             arn:aws:iam::111111111111:role/execution to ECS (implicitDeny), so no revision can be \
             registered"
        );
        let gone = Replies::default().refuse("iam:SimulatePrincipalPolicy", "NoSuchEntity");
        assert_eq!(
            report(&check(&gone, &seen).await)[0],
            "error: there is no role arn:aws:iam::111111111111:role/towpath-advance"
        );
    }
}
