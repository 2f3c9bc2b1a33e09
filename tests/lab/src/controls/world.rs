//! Controls of the simulated services: what happens outside of any API.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;
use towpath_lab_world::{Behaviour, Push as Pushed};

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
    multi_arch: bool,
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
        multi_arch: body.multi_arch,
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

/// Lets load rise, so that auto scaling would add a task.
pub(super) fn scale_out(lab: &Arc<Lab>, body: &ScaleOut) -> Answer {
    let result = world::with(lab, |world, now| world.scale_out(&body.service_arn, now));
    Ok(json!({ "result": format!("{result:?}") }))
}
