//! CreateDeployment.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    applications, appspec, configs,
    deployment::{AutoRollback, Creator, Deployment, Stage, Status},
    event::{Event, EventStatus, Lifecycle},
    group_checks, groups, lifecycle,
};
use crate::{
    World,
    call::{Answer, ApiError, Call, array, strings, text},
    timers::seconds,
};

/// From Created to InProgress.
const QUEUED_SECONDS: u64 = 3;
const MAX_DESCRIPTION_LEN: usize = 256;

pub(super) fn create(world: &mut World, call: &Call) -> Answer {
    let platform = applications::find(world, call)?.platform.clone();
    let group = groups::find(world, call)?;
    if platform != "ECS" {
        return Err(ApiError::new(
            "InvalidComputePlatformException",
            format!("deployments of the compute platform {platform} are not simulated"),
        ));
    }
    let revision = call
        .member("revision")
        .ok_or_else(|| ApiError::new("RevisionRequiredException", "Revision must be specified"))?;
    let content = appspec::content(revision)?;
    let spec = appspec::parse(&content)?;
    if call
        .str("description")
        .is_some_and(|text| text.chars().count() > MAX_DESCRIPTION_LEN)
    {
        return Err(ApiError::new(
            "DescriptionTooLongException",
            format!("The description is longer than {MAX_DESCRIPTION_LEN} characters"),
        ));
    }
    let configured = text(&group.settings, "deploymentConfigName").unwrap_or(configs::ALL_AT_ONCE);
    let config = call
        .str("deploymentConfigName")
        .unwrap_or(configured)
        .to_owned();
    let traffic = configs::find(world, &call.place(), &config)?;
    group_checks::check_routing(&group.production(), &config)?;
    let rollback = auto_rollback(
        call.member("autoRollbackConfiguration")
            .or(group.settings.get("autoRollbackConfiguration")),
    )?;
    let override_alarms = call.member("overrideAlarmConfiguration").cloned();
    let alarms = alarms(
        override_alarms
            .as_ref()
            .or(group.settings.get("alarmConfiguration")),
    )?;
    let place = call.place();
    let (application, group_name) = (
        call.str("applicationName").unwrap_or_default().to_owned(),
        call.str("deploymentGroupName")
            .unwrap_or_default()
            .to_owned(),
    );
    let own = || {
        world.codedeploy.deployments.values().filter(|held| {
            held.place == place && held.application == application && held.group == group_name
        })
    };
    if let Some(active) = own().find(|held| !held.status.is_over()) {
        return Err(ApiError::new(
            "DeploymentLimitExceededException",
            format!(
                "The Deployment Group '{group_name}' already has an active Deployment '{}'",
                active.id
            ),
        ));
    }
    let previous_sha256 = own()
        .filter(|held| held.status == Status::Succeeded)
        .max_by_key(|held| held.number)
        .map(|held| held.sha256.clone());
    let service = group.service(&place);
    let primary = world
        .ecs
        .services
        .get(&service)
        .and_then(|held| held.primary());
    let current = primary.and_then(|fleet| fleet.target_group.clone());
    let pair = group.target_groups(world, &place);
    let (Some(first), Some(second)) = (pair.first(), pair.get(1)) else {
        return Err(ApiError::new(
            "InvalidTargetGroupPairException",
            "A target group pair needs two target groups",
        ));
    };
    // Green goes where blue is not.
    let (blue, green) = if current.is_some_and(|current| current.is(second)) {
        (second.clone(), first.clone())
    } else {
        (first.clone(), second.clone())
    };
    let test = group.test();
    let setting = |member: &str| group.settings.get(member).cloned().unwrap_or_default();
    let deployment = Deployment {
        id: String::new(),
        number: 0,
        group_id: group.id.clone(),
        config,
        traffic,
        creator: Creator::User,
        description: call.str("description").map(str::to_owned),
        sha256: appspec::sha256(&content),
        content,
        previous_sha256,
        spec,
        status: Status::Created,
        stage: Stage::Queued,
        error: None,
        created_at: world.now,
        started_at: None,
        completed_at: None,
        updated_at: world.now,
        original: primary.map(|fleet| fleet.id.clone()),
        replacement: None,
        service,
        blue,
        green,
        production: group.production(),
        green_share: 0,
        lifecycle: lifecycle_of(!test.is_empty()),
        looked: BTreeSet::new(),
        test,
        rollback,
        rollback_info: None,
        alarms,
        override_alarms,
        blue_green: setting("blueGreenDeploymentConfiguration"),
        style: setting("deploymentStyle"),
        balancers: setting("loadBalancerInfo"),
        termination_started: false,
        place,
        application,
        group: group_name,
    };
    let id = register(world, deployment);
    lifecycle::set_timer(world, &id, lifecycle::Wake::Begin, seconds(QUEUED_SECONDS));
    Ok(json!({"deploymentId": id}))
}

/// Gives a deployment its id and its place in the order.
pub(super) fn register(world: &mut World, mut deployment: Deployment) -> String {
    world.codedeploy.created += 1;
    let id = format!("d-{}", world.ids.upper(9));
    deployment.id.clone_from(&id);
    deployment.number = world.codedeploy.created;
    world.codedeploy.deployments.insert(id.clone(), deployment);
    id
}

/// All events, without those of a test listener when there is none.
pub(super) fn lifecycle_of(with_test_listener: bool) -> Vec<Lifecycle> {
    Event::ALL
        .into_iter()
        .filter(|event| with_test_listener || !event.needs_test_listener())
        .map(|event| Lifecycle {
            event,
            status: EventStatus::Pending,
            started_at: None,
            ended_at: None,
            diagnostics: None,
        })
        .collect()
}

fn auto_rollback(configured: Option<&Value>) -> Result<AutoRollback, ApiError> {
    let Some(configured) = configured else {
        return Ok(AutoRollback::default());
    };
    const KNOWN: [&str; 3] = [
        "DEPLOYMENT_FAILURE",
        "DEPLOYMENT_STOP_ON_ALARM",
        "DEPLOYMENT_STOP_ON_REQUEST",
    ];
    let events = strings(configured, "events");
    if let Some(unknown) = events.iter().find(|event| !KNOWN.contains(&event.as_str())) {
        return Err(ApiError::new(
            "InvalidAutoRollbackConfigException",
            format!("The rollback event {unknown} is not valid"),
        ));
    }
    let enabled = configured.get("enabled") == Some(&Value::Bool(true));
    if enabled && events.is_empty() {
        return Err(ApiError::new(
            "InvalidAutoRollbackConfigException",
            "Rollback events must be specified when automatic rollback is enabled",
        ));
    }
    let on = |event: &str| enabled && events.iter().any(|held| held == event);
    Ok(AutoRollback {
        configured: configured.clone(),
        on_failure: on("DEPLOYMENT_FAILURE"),
        on_alarm: on("DEPLOYMENT_STOP_ON_ALARM"),
        on_request: on("DEPLOYMENT_STOP_ON_REQUEST"),
    })
}

/// Names of the alarms to watch, when watching is on.
fn alarms(configured: Option<&Value>) -> Result<Vec<String>, ApiError> {
    let Some(configured) = configured else {
        return Ok(Vec::new());
    };
    let alarms = array(configured, "alarms");
    if alarms.len() > 10 {
        return Err(ApiError::new(
            "AlarmsLimitExceededException",
            "At most 10 alarms can be specified",
        ));
    }
    let names: Vec<String> = alarms
        .iter()
        .filter_map(|alarm| text(alarm, "name"))
        .map(str::to_owned)
        .collect();
    if configured.get("enabled") != Some(&Value::Bool(true)) {
        return Ok(Vec::new());
    }
    if names.is_empty() {
        return Err(ApiError::new(
            "InvalidAlarmConfigException",
            "Alarms must be specified when alarms are enabled",
        ));
    }
    Ok(names)
}
