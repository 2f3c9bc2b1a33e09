//! Whether a test listener answers whoever asks it from this machine.

use serde_json::{Value, json};
use towpath_aws::Reached;
use towpath_core::target::CheckUrl;

use super::finding::{Check, Finding};
use super::functions;
use super::stage::StageState;
use crate::deployer::reads::{Reads, items, text};

/// Asks a listener, as DescribeListeners shows it, at the name of its load balancer. Nothing where it
/// does not speak HTTP.
pub(crate) async fn check<R: Reads>(
    reads: &R,
    seen: &StageState<'_>,
    listener: &Value,
) -> Option<Finding> {
    let check = seen.at.check("test-listener");
    let scheme = match text(listener, "Protocol") {
        "HTTP" => "http",
        "HTTPS" => "https",
        _ => return None,
    };
    let input = json!({ "LoadBalancerArns": [text(listener, "LoadBalancerArn")] });
    let operation = "elasticloadbalancing:DescribeLoadBalancers";
    let found = match reads.read(&seen.at.spot, operation, input).await {
        Ok(found) => found,
        Err(error) => return Some(check.unknown(&error)),
    };
    let balancer = items(&found, "LoadBalancers").first()?;
    let (host, port) = (text(balancer, "DNSName"), text(listener, "Port"));
    let shown = format!("{scheme}://{host}:{port}");
    let url: CheckUrl = match format!("{shown}/").parse() {
        Ok(url) => url,
        Err(error) => {
            return Some(check.warning(
                format!("no check can ask the test listener: {error}"),
                "give the test listener a port that checks may use: docs/pipelines.md",
            ));
        }
    };
    Some(match reads.reach(&url).await {
        Reached::Answered(status) => answered(&check, seen, &shown, status),
        // A certificate is for the service's own name, not for that of its load balancer.
        Reached::Untrusted(_) => check.ok(format!("{shown} takes connections")),
        Reached::Unreached(why) if text(balancer, "Scheme") == "internal" => {
            unreached_inside(reads, seen, &check, &shown, &why).await
        }
        Reached::Unreached(why) => check.unseen(
            format!("{shown} cannot be connected to from here: {why}"),
            "that is right where the security group admits the hook function alone (`test_cidrs` of \
             infra/service); otherwise mend the security group, or look from where it is reached",
        ),
    })
}

/// What a status says:
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html>.
fn answered(check: &Check<'_>, seen: &StageState<'_>, shown: &str, status: u16) -> Finding {
    let is_rolling_out = seen.row.owner.is_some();
    match status {
        // The load balancer's own answer where a target group has no targets.
        503 if is_rolling_out => check.ok(format!(
            "{shown} answers 503: no task is behind it yet, while a release is rolled out"
        )),
        503 => check.ok(format!(
            "{shown} answers 503: no task is behind it, as is usual while nothing is rolled out"
        )),
        502 | 504 if is_rolling_out => check.ok(format!(
            "{shown} answers {status}: the tasks behind it do not answer yet, while a release is \
             rolled out"
        )),
        502 | 504 => check.warning(
            format!(
                "{shown} answers {status}: the tasks behind it do not answer the load balancer, \
                 although nothing is rolled out"
            ),
            "see why: aws elbv2 describe-target-health for the target groups of the service",
        ),
        status => check.ok(format!("{shown} answers {status}")),
    }
}

/// An internal load balancer is there for its VPC: what counts is that the hook function is in one.
async fn unreached_inside<R: Reads>(
    reads: &R,
    seen: &StageState<'_>,
    check: &Check<'_>,
    shown: &str,
    why: &str,
) -> Finding {
    let from_here = format!("{shown} is internal, and cannot be connected to from here ({why})");
    let Some(hook) = seen.at.stage.engine.hook() else {
        return check.ok(from_here);
    };
    match functions::configuration(reads, &seen.at.spot, hook.as_str()).await {
        Ok(Some(found)) if items(&found["VpcConfig"], "SubnetIds").is_empty() => check.error(
            format!("{shown} is internal, and {hook} is in no VPC, so that no check reaches it"),
            "put the function into the load balancer's VPC: `hook_network` of infra/deployer, or of \
             infra/target-account for another account",
        ),
        Ok(Some(_)) => check.ok(format!("{from_here}; {hook} is in a VPC")),
        // The check of the hook says why.
        Ok(None) | Err(_) => check.ok(from_here),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployer::memory::Replies;
    use crate::doctor::report::report;
    use crate::doctor::samples::stage_state;

    const SHOWN: &str = "http://shop-1.elb.amazonaws.com:9001";

    fn listener(protocol: &str, port: &str) -> Value {
        json!({ "LoadBalancerArn": "balancer", "Protocol": protocol, "Port": port })
    }

    fn balancer(scheme: &str) -> Replies {
        Replies::default().say(
            "elasticloadbalancing:DescribeLoadBalancers",
            json!({ "LoadBalancers": [{ "DNSName": "shop-1.elb.amazonaws.com", "Scheme": scheme }] }),
        )
    }

    async fn found(answers: Replies, seen: &StageState<'_>) -> Vec<String> {
        let found = check(&answers, seen, &listener("HTTP", "9001")).await;
        report(found.as_slice())
    }

    #[tokio::test]
    async fn what_a_status_means_depends_on_whether_a_release_is_rolled_out() {
        let idle = stage_state();
        let mut rolling = stage_state();
        rolling.row.owner = Some("shop-api-0123456789abcdef".parse().unwrap());
        for (status, at, expected) in [
            (200, &idle, "ok: SHOWN answers 200"),
            (302, &idle, "ok: SHOWN answers 302"),
            (404, &idle, "ok: SHOWN answers 404"),
            (
                503,
                &idle,
                "ok: SHOWN answers 503: no task is behind it, as is usual while nothing is rolled out",
            ),
            (
                503,
                &rolling,
                "ok: SHOWN answers 503: no task is behind it yet, while a release is rolled out",
            ),
            (
                502,
                &idle,
                "warning: SHOWN answers 502: the tasks behind it do not answer the load balancer, \
                 although nothing is rolled out",
            ),
            (
                504,
                &rolling,
                "ok: SHOWN answers 504: the tasks behind it do not answer yet, while a release is \
                 rolled out",
            ),
        ] {
            let answers = balancer("internet-facing").say_about(
                "reach",
                "shop-1.elb.amazonaws.com:9001/",
                json!(status),
            );
            let told = found(answers, at).await;
            assert_eq!(told, [expected.replace("SHOWN", SHOWN)]);
        }
    }

    #[tokio::test]
    async fn a_listener_that_cannot_be_reached_from_here_is_no_error() {
        let seen = stage_state();
        let facing = balancer("internet-facing").refuse("reach", "no connection in time");
        assert_eq!(
            found(facing, &seen).await,
            [format!(
                "unknown: {SHOWN} cannot be connected to from here: no connection in time"
            )]
        );
        let trusted = balancer("internet-facing").refuse("reach", "Untrusted");
        let over_tls = check(&trusted, &seen, &listener("HTTPS", "9001")).await;
        assert_eq!(
            report(over_tls.as_slice()),
            ["ok: https://shop-1.elb.amazonaws.com:9001 takes connections"]
        );
    }

    #[tokio::test]
    async fn an_internal_one_needs_a_hook_function_in_its_vpc() {
        let seen = stage_state();
        let inside = |subnets: Value| {
            balancer("internal").refuse("reach", "timed out").say(
                "lambda:GetFunctionConfiguration",
                json!({ "VpcConfig": { "SubnetIds": subnets } }),
            )
        };
        assert_eq!(
            found(inside(json!(["subnet-1"])), &seen).await,
            [format!(
                "ok: {SHOWN} is internal, and cannot be connected to from here (timed out); \
                 towpath-lifecycle-hook is in a VPC"
            )]
        );
        assert_eq!(
            found(inside(json!([])), &seen).await,
            [format!(
                "error: {SHOWN} is internal, and towpath-lifecycle-hook is in no VPC, so that no \
                 check reaches it"
            )]
        );
        let reached = balancer("internal").say("reach", json!(200));
        assert_eq!(
            found(reached, &seen).await,
            [format!("ok: {SHOWN} answers 200")]
        );
    }

    #[tokio::test]
    async fn only_what_can_be_asked_is_asked() {
        let seen = stage_state();
        let answers = balancer("internet-facing");
        assert_eq!(check(&answers, &seen, &listener("TCP", "80")).await, None);
        let barred = check(&answers, &seen, &listener("HTTP", "25")).await;
        let barred = report(barred.as_slice());
        assert!(
            barred[0].starts_with("warning: no check can ask the test listener: "),
            "{barred:?}"
        );
    }
}
