//! The role of a stage: whether `advance` may assume it, and nobody else.

use serde_json::{Value, json};
use towpath_core::pipeline::Role;

use super::finding::{Finding, is_denied};
use super::simulate::{Asked, Decision, simulate};
use super::stage::StageAt;
use super::trust::{self, Trust};
use crate::deployer::reads::{Reads, Spot, text};

/// Looks at the stage's role; nothing where it has none.
pub(crate) async fn check<R: Reads>(reads: &R, at: &StageAt<'_>) -> Vec<Finding> {
    let Some(role) = &at.stage.role else {
        return Vec::new();
    };
    vec![
        trusts(reads, at, role).await,
        may_assume(reads, at, role).await,
    ]
}

/// Who the role trusts.
async fn trusts<R: Reads>(reads: &R, at: &StageAt<'_>, role: &Role) -> Finding {
    let check = at.check("trust");
    let name = role.arn.as_str().rsplit('/').next().unwrap_or_default();
    let input = json!({ "RoleName": name });
    let document = match reads.read(&at.spot, "iam:GetRole", input).await {
        Ok(found) => trust::decoded(text(&found["Role"], "AssumeRolePolicyDocument")),
        Err(error) if error.code() == Some("NoSuchEntity") => {
            return check.error(
                format!("there is no role {}", role.arn),
                "apply infra/target-account there, and name its output `role` in the stage",
            );
        }
        Err(error) if is_denied(&error) => return tried(reads, at, role).await,
        Err(error) => return check.unknown(&error),
    };
    let advance = &at.advance;
    match trust::read(&document, advance, role.external_id.as_deref()) {
        Trust::Exactly => check.ok("trusts advance, and nobody else"),
        Trust::NotAtAll => check.error(
            format!("the role {} does not trust {advance}", role.arn),
            "name exactly that role as the principal of its trust policy: infra/target-account",
        ),
        Trust::OtherExternalId => check.error(
            "the role's trust policy asks for another external id than the stage gives",
            "write the external id that the trust policy asks for as role.external_id of the stage",
        ),
        Trust::WithoutExternalId => check.warning(
            "the role's trust policy asks for no external id",
            "ask for one (sts:ExternalId) and name it in the stage: infra/target-account",
        ),
        Trust::Others(others) => check.warning(
            format!("the role trusts others than advance: {}", others.join(", ")),
            format!("let its trust policy name {advance} and nobody else"),
        ),
    }
}

/// Where the trust policy may not be read, assuming the role tells at least something: a session
/// is made and thrown away.
async fn tried<R: Reads>(reads: &R, at: &StageAt<'_>, role: &Role) -> Finding {
    let check = at.check("trust");
    let account = &at.place.service.account;
    let look = format!("look with a profile of that account: --in {account}=PROFILE");
    match reads.assume(role).await {
        Ok(()) => check.warning(
            "the role can be assumed with your own credentials, and not by advance alone",
            format!("let its trust policy name {} and nobody else", at.advance),
        ),
        Err(error) if is_denied(&error) => check.unseen(
            "you may not assume the role, which is right; whether advance may cannot be seen from \
             here",
            look,
        ),
        Err(error) => check.unknown(&error),
    }
}

/// Whether `advance`'s own policies let it assume the role.
async fn may_assume<R: Reads>(reads: &R, at: &StageAt<'_>, role: &Role) -> Finding {
    let check = at.check("assume-role");
    let asked = Asked {
        principal: &at.advance,
        action: "sts:AssumeRole",
        resource: role.arn.as_str(),
        context: Value::Null,
    };
    match simulate(reads, &Spot::Home, &asked).await {
        Ok(Decision::Allowed) => check.ok("advance may assume the role"),
        Ok(Decision::Denied(why)) => check.error(
            format!("advance may not assume {} ({why})", role.arn),
            format!(
                "add {} to `target_accounts` of infra/deployer; the role is named <prefix>-target",
                at.place.service.account
            ),
        ),
        Ok(Decision::NoPrincipal) => check.error(
            format!("there is no role {}", at.advance),
            "apply the deployer's Terraform module; --prefix and --region name where it is",
        ),
        Err(error) => check.unknown(&error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployer::memory::Replies;
    use crate::deployer::memory::home;
    use crate::doctor::report::report;
    use crate::doctor::samples::pipeline;

    const ADVANCE: &str = "arn:aws:iam::111111111111:role/towpath-advance";

    async fn found(answers: Replies) -> Vec<String> {
        let (home, mut pipeline) = (home(), pipeline());
        pipeline.stages[0].account = Some("222222222222".parse().unwrap());
        pipeline.stages[0].role = Some(Role {
            arn: "arn:aws:iam::222222222222:role/towpath-target"
                .parse()
                .unwrap(),
            external_id: Some("shop".into()),
        });
        let at = StageAt::new(&pipeline, &pipeline.stages[0], &home, "towpath");
        report(&check(&answers, &at).await)
    }

    fn trusting(principal: &str) -> Replies {
        let policy = json!({ "Statement": [{ "Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": { "AWS": principal },
            "Condition": { "StringEquals": { "sts:ExternalId": "shop" } } }] });
        decided("allowed").say(
            "iam:GetRole",
            json!({ "Role": { "AssumeRolePolicyDocument": policy.to_string() } }),
        )
    }

    fn decided(decision: &str) -> Replies {
        let result = json!({ "EvaluationResults": [{ "EvalDecision": decision }] });
        Replies::default().say("iam:SimulatePrincipalPolicy", result)
    }

    #[tokio::test]
    async fn a_role_trusts_advance_and_advance_may_assume_it() {
        assert_eq!(
            found(trusting(ADVANCE)).await,
            [
                "ok: trusts advance, and nobody else",
                "ok: advance may assume the role"
            ]
        );
        assert_eq!(
            found(trusting("arn:aws:iam::1:role/other")).await[0],
            format!(
                "error: the role arn:aws:iam::222222222222:role/towpath-target does not trust {ADVANCE}"
            )
        );
        let missing = decided("implicitDeny").refuse("iam:GetRole", "NoSuchEntity");
        assert_eq!(
            found(missing).await,
            [
                "error: there is no role arn:aws:iam::222222222222:role/towpath-target",
                "error: advance may not assume arn:aws:iam::222222222222:role/towpath-target (implicitDeny)"
            ]
        );
    }

    #[tokio::test]
    async fn where_the_policy_may_not_be_read_the_role_is_tried() {
        let closed = || decided("allowed").refuse("iam:GetRole", "AccessDenied");
        let denied = closed().refuse("sts:AssumeRole", "AccessDenied");
        assert!(found(denied).await[0].starts_with("unknown: you may not assume the role"));
        let open = closed().say("sts:AssumeRole", json!({ "Credentials": {} }));
        assert_eq!(
            found(open).await[0],
            "warning: the role can be assumed with your own credentials, and not by advance alone"
        );
    }
}
