//! Whether the alarms that are to stop a bad deployment are there: ECS, CodeDeploy and checks take no
//! alarm for a quiet one.

use serde_json::{Value, json};
use towpath_core::pipeline::CheckKind;

use super::engine::deployment_group;
use super::finding::Finding;
use super::stage::StageState;
use crate::deployer::reads::{Reads, items, text};

/// How many alarms one call describes:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html>.
const AT_ONCE: usize = 100;

/// Looks at the alarms of the service's deployment configuration, of the deployment group, and of the
/// stage's checks.
pub(crate) async fn check<R: Reads>(reads: &R, seen: &StageState<'_>) -> Vec<Finding> {
    let check = seen.at.check("alarms");
    let mut named = of_service(&seen.service);
    if let Some(settings) = seen.at.stage.engine.codedeploy() {
        // The check of the engine says why there is none.
        if let Ok(group) = deployment_group(reads, &seen.at, settings).await {
            named.extend(of_group(&group));
        }
    }
    named.extend(of_checks(seen));
    named.sort();
    named.dedup();
    named.truncate(AT_ONCE);
    if named.is_empty() {
        return Vec::new();
    }
    let names: Vec<_> = named.iter().map(|(name, _)| name).collect();
    let input = json!({ "AlarmNames": names, "AlarmTypes": ["MetricAlarm", "CompositeAlarm"] });
    let operation = "cloudwatch:DescribeAlarms";
    let found = match reads.read(&seen.at.spot, operation, input).await {
        Ok(found) => found,
        Err(error) => return vec![check.unknown(&error)],
    };
    let alarms = || {
        items(&found, "MetricAlarms")
            .iter()
            .chain(items(&found, "CompositeAlarms"))
    };
    let findings = named.iter().map(|(name, by)| {
        let alarm = alarms().find(|it| text(it, "AlarmName") == name);
        match alarm.map(|it| text(it, "StateValue")) {
            None => check.error(
                format!(
                    "there is no alarm {name}, which {by} watches: it would stop no deployment"
                ),
                "create the alarm, or correct its name where it is watched",
            ),
            Some("ALARM") => check.warning(
                format!("{name}, which {by} watches, is in ALARM now"),
                "mend what it tells of before the next release: a check of it fails, and ECS and \
                 CodeDeploy look at no alarm that is on when a deployment starts",
            ),
            Some(state) => check.ok(format!("{name} is there ({state})")),
        }
    });
    findings.collect()
}

fn of_service(service: &Value) -> Vec<(String, String)> {
    let alarms = &service["deploymentConfiguration"]["alarms"];
    let names = items(alarms, "alarmNames").iter().filter_map(Value::as_str);
    let by = "the service's deployment configuration";
    names
        .filter(|_| alarms["enable"] == true)
        .map(|name| (name.to_owned(), by.to_owned()))
        .collect()
}

fn of_group(group: &Value) -> Vec<(String, String)> {
    let configuration = &group["alarmConfiguration"];
    let names = items(configuration, "alarms")
        .iter()
        .map(|it| text(it, "name"));
    names
        .filter(|_| configuration["enabled"] == true)
        .map(|name| (name.to_owned(), "the deployment group".to_owned()))
        .collect()
}

fn of_checks(seen: &StageState<'_>) -> Vec<(String, String)> {
    let mut named = Vec::new();
    for check in &seen.at.stage.checks {
        if let CheckKind::Alarm(alarm) = &check.kind {
            let by = format!("the check `{}`", check.name);
            named.extend(
                alarm
                    .names
                    .iter()
                    .map(|name| (name.to_string(), by.clone())),
            );
        }
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployer::memory::Replies;
    use crate::doctor::report::report;
    use crate::doctor::samples::stage_state;

    #[tokio::test]
    async fn an_alarm_that_is_watched_has_to_be_there() {
        let mut seen = stage_state();
        let group = |alarms: Value| {
            json!({ "deploymentGroupInfo": { "computePlatform": "ECS",
                "alarmConfiguration": { "enabled": true, "alarms": alarms } } })
        };
        let answers = Replies::default().say("codedeploy:GetDeploymentGroup", group(json!([])));
        assert_eq!(
            check(&answers, &seen).await,
            [],
            "nothing is asked for nothing"
        );
        seen.service["deploymentConfiguration"] =
            json!({ "alarms": { "enable": true, "alarmNames": ["slow", "gone"] } });
        let answers = answers
            .first(
                "codedeploy:GetDeploymentGroup",
                group(json!([{ "name": "errors" }])),
            )
            .say(
                "cloudwatch:DescribeAlarms",
                json!({ "MetricAlarms": [{ "AlarmName": "slow", "StateValue": "OK" }],
                    "CompositeAlarms": [{ "AlarmName": "errors", "StateValue": "ALARM" }] }),
            );
        assert_eq!(
            report(&check(&answers, &seen).await),
            [
                "warning: errors, which the deployment group watches, is in ALARM now",
                "error: there is no alarm gone, which the service's deployment configuration watches: it would stop no deployment",
                "ok: slow is there (OK)",
            ]
        );
        seen.service["deploymentConfiguration"]["alarms"]["enable"] = json!(false);
        let told = report(&check(&answers, &seen).await);
        assert_eq!(
            told.len(),
            1,
            "what is not enabled watches nothing: {told:?}"
        );
    }
}
