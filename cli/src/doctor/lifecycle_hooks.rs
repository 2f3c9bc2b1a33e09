//! Whether a service that ECS itself rolls out waits for everything that its stage wants, and whether
//! ECS may call the hook function:
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html>.

use serde_json::{Value, json};
use towpath_core::pipeline::EngineKind;
use towpath_deployer::{hooks_to, unmet};

use super::engine::fitting;
use super::finding::Finding;
use super::simulate::{Asked, Decision, simulate};
use super::stage::{StageState, short};
use super::{functions, traffic, trust};
use crate::deployer::reads::{Reads, items, text};

/// Who assumes the role of a lifecycle hook.
const ECS: &str = "ecs.amazonaws.com";

/// Looks at the service's lifecycle hooks; nothing where the stage or the service has another engine.
pub(crate) async fn check<R: Reads>(reads: &R, seen: &StageState<'_>) -> Vec<Finding> {
    // The check of the engine says when only one of them is for ECS.
    if seen.at.stage.engine.kind() != EngineKind::Ecs
        || fitting(&seen.service) != Ok(EngineKind::Ecs)
    {
        return Vec::new();
    }
    let check = seen.at.check("lifecycle-hooks");
    let traffic = match traffic::of(reads, seen).await {
        Ok(traffic) => traffic,
        Err(instead) => return vec![instead],
    };
    let problems = unmet(&seen.service, seen.at.stage, &traffic);
    let mut findings: Vec<_> = problems
        .into_iter()
        .map(|problem| {
            check.error(
                problem.to_string(),
                "no release is rolled out before that: infra/service/README.md shows a service that fits",
            )
        })
        .collect();
    if findings.is_empty() {
        findings.push(check.ok("the service waits for everything that the stage wants"));
    }
    findings.extend(traffic::findings(seen, &traffic));
    findings.extend(others(reads, seen).await);
    let Some(function) = seen.at.stage.engine.hook() else {
        return findings;
    };
    let mut asked = Vec::new();
    for hook in hooks_to(&seen.service, function) {
        let pair = (text(hook, "roleArn"), text(hook, "hookTargetArn"));
        if asked.contains(&pair) {
            continue;
        }
        findings.push(trusts(reads, seen, pair.0).await);
        findings.push(may_invoke(reads, seen, pair).await);
        asked.push(pair);
    }
    findings
}

/// The functions of others that the service's lifecycle hooks call: one that is not there, or cannot
/// run, fails each deployment.
async fn others<R: Reads>(reads: &R, seen: &StageState<'_>) -> Vec<Finding> {
    let check = seen.at.check("hook");
    let own = seen.at.stage.engine.hook();
    let own: Vec<_> = own.map_or_else(Vec::new, |own| hooks_to(&seen.service, own));
    let hooks = items(&seen.service["deploymentConfiguration"], "lifecycleHooks").iter();
    let mut arns: Vec<_> = hooks
        .filter(|hook| !own.contains(hook))
        .map(|hook| text(hook, "hookTargetArn"))
        .filter(|arn| !arn.is_empty())
        .collect();
    arns.sort_unstable();
    arns.dedup();
    let mut findings = Vec::new();
    for arn in arns {
        findings.push(match functions::configuration(reads, &seen.at.spot, arn).await {
            Ok(Some(found)) => {
                let state = functions::state(&check, &found);
                Finding {
                    cause: format!("{}: {}", short(arn), state.cause),
                    ..state
                }
            }
            Ok(None) => check.error(
                format!("there is no function {arn}, which the service's lifecycle hooks call, so that each deployment is rolled back"),
                "take the hook out of the service's deployment configuration, or create the function again",
            ),
            Err(error) => check.unknown(&error),
        });
    }
    findings
}

/// Whether ECS may assume the hook's role.
async fn trusts<R: Reads>(reads: &R, seen: &StageState<'_>, role: &str) -> Finding {
    let check = seen.at.check("hook-role");
    let input = json!({ "RoleName": short(role) });
    match reads.read(&seen.at.spot, "iam:GetRole", input).await {
        Ok(found) => {
            let policy = trust::decoded(text(&found["Role"], "AssumeRolePolicyDocument"));
            if trust::lets_in(&policy, ECS) {
                check.ok(format!("ECS may assume {role}"))
            } else {
                check.error(
                    format!("{role} does not trust {ECS}, so that every hook would fail"),
                    format!("name {ECS} as a principal of its trust policy"),
                )
            }
        }
        Err(error) if error.code() == Some("NoSuchEntity") => check.error(
            format!("there is no role {role}, with which ECS would call the hook function"),
            "name a role that there is as the `roleArn` of the service's lifecycle hook",
        ),
        Err(error) => check.unknown(&error),
    }
}

/// Whether the hook's role may call the function.
async fn may_invoke<R: Reads>(
    reads: &R,
    seen: &StageState<'_>,
    (role, function): (&str, &str),
) -> Finding {
    let check = seen.at.check("hook-invoke");
    let asked = Asked {
        principal: role,
        action: "lambda:InvokeFunction",
        resource: function,
        context: Value::Null,
    };
    match simulate(reads, &seen.at.spot, &asked).await {
        Ok(Decision::Allowed) => check.ok(format!("{role} may call {function}")),
        Ok(Decision::Denied(why)) => check.error(
            format!("{role} may not call {function} ({why}), so that every hook would fail"),
            "allow the role lambda:InvokeFunction on the function",
        ),
        Ok(Decision::NoPrincipal) => check.error(
            format!("there is no role {role}"),
            "name a role that there is as the `roleArn` of the service's lifecycle hook",
        ),
        Err(error) => check.unknown(&error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployer::memory::Replies;
    use crate::deployer::memory::home;
    use crate::doctor::engine::check_parts;
    use crate::doctor::report::report;
    use crate::doctor::samples::{pipeline, stage_state};
    use crate::doctor::stage::StageAt;
    use towpath_core::pipeline::{ApprovalGate, ApprovalPoint, EngineSettings, Pipeline};

    const FUNCTION: &str = "arn:aws:lambda:eu-west-1:111111111111:function:towpath-lifecycle-hook";
    const ROLE: &str = "arn:aws:iam::111111111111:role/ecs-hooks";

    fn native() -> Pipeline {
        let mut pipeline = pipeline();
        let settings = json!({ "ecs": { "hook": "towpath-lifecycle-hook" } });
        pipeline.stages[0].engine = serde_json::from_value::<EngineSettings>(settings).unwrap();
        pipeline
    }

    fn service(hooks: &Value) -> Value {
        json!({
            "deploymentController": { "type": "ECS" },
            "deploymentConfiguration": { "strategy": "BLUE_GREEN", "lifecycleHooks": hooks },
            "loadBalancers": [{ "targetGroupArn": "blue", "advancedConfiguration": {
                "alternateTargetGroupArn": "green", "productionListenerRule": "r",
                "testListenerRule": "t", "roleArn": "r" } }],
        })
    }

    fn to_ours(stages: Value) -> Value {
        json!({ "hookTargetArn": FUNCTION, "roleArn": ROLE, "lifecycleStages": stages })
    }

    async fn found(answers: &Replies, pipeline: &Pipeline, service: Value) -> Vec<String> {
        let home = home();
        let mut seen = stage_state();
        seen.at = StageAt::new(pipeline, &pipeline.stages[0], &home, "towpath");
        seen.service = service;
        report(&check(answers, &seen).await)
    }

    fn trusting(service: &str) -> Replies {
        let policy = json!({ "Statement": { "Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": { "Service": service } } });
        Replies::default()
            .say(
                "iam:GetRole",
                json!({ "Role": { "AssumeRolePolicyDocument": policy.to_string() } }),
            )
            .say(
                "iam:SimulatePrincipalPolicy",
                json!({ "EvaluationResults": [{ "EvalDecision": "allowed" }] }),
            )
    }

    #[tokio::test]
    async fn ecs_calls_the_function_at_the_stages_of_the_checks() {
        let pipeline = native();
        let after = json!([to_ours(json!(["POST_TEST_TRAFFIC_SHIFT"]))]);
        let answers = trusting(ECS);
        assert_eq!(
            found(&answers, &pipeline, service(&after)).await,
            [
                "ok: the service waits for everything that the stage wants".to_owned(),
                "ok: ECS shifts the traffic of its load balancer".to_owned(),
                format!("ok: ECS may assume {ROLE}"),
                format!("ok: {ROLE} may call {FUNCTION}"),
            ]
        );
        let before = json!([to_ours(json!(["PRE_SCALE_UP"]))]);
        let told = found(&answers, &pipeline, service(&before)).await;
        assert!(
            told[0].starts_with("error: there are checks at after_test_traffic, but the service"),
            "{told:?}"
        );
    }

    #[tokio::test]
    async fn traffic_that_waits_for_people_needs_a_pause() {
        let mut pipeline = native();
        pipeline.stages[0].checks.clear();
        pipeline.stages[0].approval = Some(
            serde_json::from_value::<ApprovalGate>(
                json!({ "sns": true, "when": "before_traffic", "expires": "1h" }),
            )
            .unwrap(),
        );
        let gate = pipeline.stages[0].approval.as_ref().unwrap();
        assert_eq!(gate.when, ApprovalPoint::BeforeTraffic);
        let answers = Replies::default();
        let told = found(&answers, &pipeline, service(&json!([]))).await;
        assert!(told[0].contains("the service does not pause"), "{told:?}");
        let pause =
            json!([{ "targetType": "PAUSE", "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"] }]);
        let told = found(&answers, &pipeline, service(&pause)).await;
        assert_eq!(
            told,
            [
                "ok: the service waits for everything that the stage wants",
                "ok: ECS shifts the traffic of its load balancer",
            ]
        );
    }

    #[tokio::test]
    async fn a_role_that_ecs_cannot_use_is_named_once() {
        let pipeline = native();
        let twice = json!([
            to_ours(json!(["POST_TEST_TRAFFIC_SHIFT"])),
            to_ours(json!(["POST_SCALE_UP"]))
        ]);
        let answers = trusting("ecs-tasks.amazonaws.com").first(
            "iam:SimulatePrincipalPolicy",
            json!({ "EvaluationResults": [{ "EvalDecision": "implicitDeny" }] }),
        );
        let told = found(&answers, &pipeline, service(&twice)).await;
        assert_eq!(
            told[2..],
            [
                format!(
                    "error: {ROLE} does not trust ecs.amazonaws.com, so that every hook would fail"
                ),
                format!(
                    "error: {ROLE} may not call {FUNCTION} (implicitDeny), so that every hook would \
                     fail"
                ),
            ]
        );
    }

    #[tokio::test]
    async fn functions_of_others_have_to_be_there_and_awake() {
        let pipeline = native();
        let theirs = |name: &str| {
            json!({ "hookTargetArn": format!("arn:aws:lambda:eu-west-1:111111111111:function:{name}"),
                "roleArn": ROLE, "lifecycleStages": ["PRE_SCALE_UP"] })
        };
        let hooks = json!([theirs("idle"), theirs("fine"), theirs("idle")]);
        let state = |name, state: &str| {
            (
                "lambda:GetFunctionConfiguration",
                name,
                json!({ "State": state }),
            )
        };
        let answers = [state("idle", "Inactive"), state("fine", "Active")]
            .into_iter()
            .fold(Replies::default(), |all, (operation, about, answer)| {
                all.say_about(operation, about, answer)
            });
        let told = found(&answers, &pipeline, service(&hooks)).await;
        assert_eq!(
            told[2..],
            [
                "ok: arn:aws:lambda:eu-west-1:111111111111:function:fine: can run",
                "warning: arn:aws:lambda:eu-west-1:111111111111:function:idle: the function is inactive, so that its next invocation fails",
            ]
        );
        let gone = Replies::default().refuse(
            "lambda:GetFunctionConfiguration",
            "ResourceNotFoundException",
        );
        let told = found(&gone, &pipeline, service(&json!([theirs("gone")]))).await;
        assert!(
            told[2].starts_with("error: there is no function arn:aws:lambda:"),
            "{told:?}"
        );
    }

    #[tokio::test]
    async fn a_service_of_another_engine_is_left_to_the_check_of_the_engine() {
        let rolling = json!({ "deploymentController": { "type": "ECS" } });
        assert_eq!(
            found(&Replies::default(), &native(), rolling).await,
            Vec::<String>::new()
        );
    }

    #[tokio::test]
    async fn the_hook_function_is_looked_for() {
        let (pipeline, home) = (native(), home());
        let at = StageAt::new(&pipeline, &pipeline.stages[0], &home, "towpath");
        let gone = Replies::default().refuse(
            "lambda:GetFunctionConfiguration",
            "ResourceNotFoundException",
        );
        let told = report(&check_parts(&gone, &at).await);
        assert_eq!(
            told,
            [
                "error: there is no function towpath-lifecycle-hook in 111111111111/eu-west-1, so every hook would fail"
            ]
        );
    }
}
