//! Whether the log groups that the task definition names are there.

use std::collections::BTreeSet;

use serde_json::json;

use super::finding::Finding;
use super::stage::StageState;
use crate::deployer::reads::{Reads, Spot, items, text};

/// Looks for each log group of the driver `awslogs`:
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html>.
pub(crate) async fn check<R: Reads>(reads: &R, seen: &StageState<'_>) -> Vec<Finding> {
    let check = seen.at.check("logs");
    let groups: BTreeSet<(String, String)> = seen
        .containers()
        .iter()
        .map(|container| &container["logConfiguration"])
        .filter(|log| text(log, "logDriver") == "awslogs")
        .map(|log| &log["options"])
        .filter(|options| text(options, "awslogs-create-group") != "true")
        .map(|options| {
            let member = |name| text(options, name).to_owned();
            (member("awslogs-group"), member("awslogs-region"))
        })
        .collect();
    let mut findings = Vec::new();
    for (group, region) in &groups {
        let elsewhere = region.as_str() != seen.at.place.service.region.as_str();
        if elsewhere && !region.is_empty() && matches!(seen.at.spot, Spot::Place(_)) {
            findings.push(check.unseen(
                format!("{group} is in {region}, which is not looked into"),
                "see there whether it exists",
            ));
            continue;
        }
        let spot = match region.parse() {
            Ok(region) if elsewhere => Spot::Region(region),
            Ok(_) | Err(_) => seen.at.spot.clone(),
        };
        let input = json!({ "logGroupNamePrefix": group });
        let read = reads.read(&spot, "logs:DescribeLogGroups", input);
        findings.push(match read.await {
            Ok(found) => {
                let mut found = items(&found, "logGroups").iter();
                if found.any(|one| text(one, "logGroupName") == group) {
                    check.ok(format!("{group} is there"))
                } else {
                    check.error(
                        format!("there is no log group {group}, so no task would start"),
                        format!("aws logs create-log-group --log-group-name {group}"),
                    )
                }
            }
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
    async fn the_whole_name_counts_and_not_its_beginning() {
        let there = |name: &str| {
            Replies::default().say(
                "logs:DescribeLogGroups",
                json!({ "logGroups": [{ "logGroupName": name }] }),
            )
        };
        let mut seen = stage_state();
        assert_eq!(
            report(&check(&there("/ecs/api"), &seen).await),
            ["ok: /ecs/api is there"]
        );
        assert_eq!(
            report(&check(&there("/ecs/api-2"), &seen).await),
            ["error: there is no log group /ecs/api, so no task would start"]
        );
        let options =
            &mut seen.definition["containerDefinitions"][0]["logConfiguration"]["options"];
        options["awslogs-create-group"] = json!("true");
        assert!(check(&there("x"), &seen).await.is_empty());
    }
}
