//! What leads traffic to a service that ECS itself rolls out, and what that means for its checks.

use serde_json::json;
use towpath_core::release::Checkpoints;
use towpath_deployer::{TrafficMechanism, current_revision, remarks};

use super::finding::Finding;
use super::stage::StageState;
use crate::deployer::reads::{Reads, items};

/// The mechanisms of the service, or what is to be told instead.
pub(crate) async fn of<R: Reads>(
    reads: &R,
    seen: &StageState<'_>,
) -> Result<Vec<TrafficMechanism>, Finding> {
    let shown = TrafficMechanism::of(&seen.service, None);
    // A gateway is shown by the service's revision only.
    let (true, Some(arn)) = (
        shown == [TrafficMechanism::Unknown],
        current_revision(&seen.service),
    ) else {
        return Ok(shown);
    };
    let input = json!({ "serviceRevisionArns": [arn] });
    let read = reads.read(&seen.at.spot, "ecs:DescribeServiceRevisions", input);
    let answer = read
        .await
        .map_err(|error| seen.at.check("traffic").unknown(&error))?;
    let revision = items(&answer, "serviceRevisions").first();
    Ok(TrafficMechanism::of(&seen.service, revision))
}

/// What is told of them.
pub(crate) fn findings(seen: &StageState<'_>, traffic: &[TrafficMechanism]) -> Vec<Finding> {
    let check = seen.at.check("traffic");
    let remarks = remarks(traffic, &Checkpoints::of(seen.at.stage));
    if remarks.is_empty() {
        let ways = traffic.iter().map(|way| check.ok(way.to_string()));
        return ways.collect();
    }
    let help = "what checks and approvals can wait for with each way of traffic: docs/operations.md#services-without-a-load-balancer";
    let remarks = remarks.into_iter();
    remarks
        .map(|remark| check.warning(remark.to_string(), help))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::deployer::memory::Replies;
    use crate::doctor::report::report as words;
    use crate::doctor::samples::stage_state;

    async fn found(answers: &Replies, service: Value) -> Vec<String> {
        let mut seen = stage_state();
        seen.service = service;
        match of(answers, &seen).await {
            Ok(traffic) => words(&findings(&seen, &traffic)),
            Err(instead) => words(&[instead]),
        }
    }

    #[tokio::test]
    async fn a_gateway_is_found_in_the_service_revision_and_a_headless_service_is_said_to_be_one() {
        let bare = json!({ "currentServiceRevisions": [{ "arn": "revision" }] });
        let revision = |connectors: Value| {
            let described = json!({ "serviceRevisions": [{ "gatewayConnectors": connectors }] });
            Replies::default().say("ecs:DescribeServiceRevisions", described)
        };
        let gateway = revision(json!([{ "portName": "http" }]));
        let told = found(&gateway, bare.clone()).await;
        assert!(told[0].contains("testTrafficRules"), "{told:?}");
        let headless = found(&revision(json!([])), bare.clone()).await;
        assert!(
            headless[0].starts_with("warning: ECS shifts no traffic"),
            "{headless:?}"
        );
        assert!(headless[1].contains("test listener"), "{headless:?}");
        let denied = Replies::default().refuse("ecs:DescribeServiceRevisions", "AccessDenied");
        let told = found(&denied, bare).await;
        assert!(told[0].starts_with("unknown: "), "{told:?}");
        let old = found(&Replies::default(), json!({})).await;
        assert!(old[0].contains("cannot be told"), "{old:?}");
    }
}
