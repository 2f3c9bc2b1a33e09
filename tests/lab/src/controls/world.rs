//! Controls of the simulated services: what happens outside of any API.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;
use towpath_lab_world::{Behaviour, Push as Pushed, Script as Scripted};

use super::{Answer, ControlError};
use crate::lab::Lab;
use crate::moto::Place;
use crate::world;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Push {
    repository: String,
    tag: Option<String>,
    behaviour: Option<String>,
    #[serde(default)]
    platforms: Vec<String>,
    #[serde(default)]
    attested: bool,
    #[serde(default)]
    suppress_event: bool,
    content: Option<String>,
    #[serde(default)]
    findings: BTreeMap<String, u64>,
    account: Option<String>,
    region: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Alarm {
    name: String,
    state: String,
    account: Option<String>,
    region: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Metric {
    namespace: String,
    name: String,
    #[serde(default)]
    dimensions: BTreeMap<String, String>,
    values: Vec<f64>,
    account: Option<String>,
    region: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Script {
    command: Vec<String>,
    exit_code: Option<i64>,
    #[serde(default = "ten")]
    seconds: u64,
    #[serde(default)]
    log: Vec<String>,
}

fn ten() -> u64 {
    10
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScaleOut {
    service_arn: String,
}

/// Pushes an image as `docker push` does.
pub(super) fn push(lab: &Arc<Lab>, body: &Push) -> Answer {
    let behaviour = match &body.behaviour {
        Some(name) => name
            .parse::<Behaviour>()
            .map_err(|unknown| ControlError::Input(unknown.to_string()))?,
        None => Behaviour::default(),
    };
    let pushed = Pushed {
        repository: body.repository.clone(),
        tag: body.tag.clone(),
        behaviour,
        platforms: body.platforms.clone(),
        attested: body.attested,
        suppress_event: body.suppress_event,
        content: body.content.clone(),
        findings: body.findings.clone(),
    };
    let account = body.account.as_ref().unwrap_or(&lab.settings.account);
    let region = body.region.as_ref().unwrap_or(&lab.settings.region);
    let digest = world::with(lab, |world, now| world.push(account, region, &pushed, now));
    match digest {
        Ok(digest) => Ok(json!({ "digest": digest })),
        Err(error) => Err(ControlError::Service {
            code: error.code,
            message: error.message,
            status: error.status,
        }),
    }
}

/// Sets an alarm's state, for deployments that watch it and for `DescribeAlarms`.
pub(super) async fn alarm(lab: &Arc<Lab>, body: &Alarm) -> Answer {
    if !["OK", "ALARM", "INSUFFICIENT_DATA"].contains(&body.state.as_str()) {
        return Err(ControlError::Input(
            "state has to be OK, ALARM or INSUFFICIENT_DATA".to_owned(),
        ));
    }
    let account = body.account.as_ref().unwrap_or(&lab.settings.account);
    let region = body.region.as_ref().unwrap_or(&lab.settings.region);
    let parameters = [
        ("AlarmName", body.name.as_str()),
        ("StateValue", body.state.as_str()),
        ("StateReason", "set by a control of the lab"),
    ];
    let place = Place { account, region };
    let known = lab
        .moto
        .query(
            place,
            "monitoring",
            "SetAlarmState",
            "2010-08-01",
            &parameters,
        )
        .await;
    let on = body.state == "ALARM";
    world::with(lab, |world, now| {
        world.set_alarm(account, region, &body.name, on, now)
    });
    Ok(json!({ "name": body.name, "state": body.state, "exists_in_cloudwatch": known.is_ok() }))
}

/// Measures a metric now: one sample for each value. `PutMetricData` without a timestamp would use
/// the real time.
pub(super) async fn metric(lab: &Arc<Lab>, body: &Metric) -> Answer {
    let account = body.account.as_ref().unwrap_or(&lab.settings.account);
    let region = body.region.as_ref().unwrap_or(&lab.settings.region);
    let now = lab.clock.now();
    let dimensions: Vec<_> = body
        .dimensions
        .iter()
        .map(|(name, value)| json!({ "Name": name, "Value": value }))
        .collect();
    let data: Vec<_> = body
        .values
        .iter()
        .map(|value| {
            json!({ "MetricName": body.name, "Dimensions": dimensions, "Value": value,
                "Timestamp": now.as_second() })
        })
        .collect();
    let input = json!({ "Namespace": body.namespace, "MetricData": data });
    let target = "GraniteServiceVersion20100801.PutMetricData";
    let place = Place { account, region };
    lab.moto
        .json(place, "monitoring", target, &input)
        .await
        .map_err(|error| ControlError::Input(error.to_string()))?;
    Ok(json!({ "samples": body.values.len(), "at": now.to_string() }))
}

/// Says what one-off tasks do that run a command.
pub(super) fn script(lab: &Arc<Lab>, body: &Script) -> serde_json::Value {
    let script = Scripted {
        command: body.command.clone(),
        exit_code: body.exit_code,
        seconds: body.seconds,
        log: body.log.clone(),
    };
    world::with(lab, |world, _now| world.set_script(script));
    json!({ "command": body.command })
}

/// Lets load rise, so that auto scaling would add a task.
pub(super) fn scale_out(lab: &Arc<Lab>, body: &ScaleOut) -> Answer {
    let result = world::with(lab, |world, now| world.scale_out(&body.service_arn, now));
    Ok(json!({ "result": format!("{result:?}") }))
}
