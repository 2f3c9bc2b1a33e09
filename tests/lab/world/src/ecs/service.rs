//! A service: what it should run, and the fleets of tasks that do.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{fleet::Fleet, invalid};
use crate::{
    World,
    call::{ApiError, Call, Place, array, text},
    elb::TargetGroup,
};

/// Who rolls a service out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Controller {
    /// ECS itself.
    Ecs,
    /// CodeDeploy, by task sets.
    CodeDeploy,
    /// Somebody else, by task sets.
    External,
}

impl Controller {
    pub(super) fn parse(value: Option<&Value>) -> Result<Self, ApiError> {
        match value.and_then(|value| text(value, "type")) {
            None | Some("ECS") => Ok(Self::Ecs),
            Some("CODE_DEPLOY") => Ok(Self::CodeDeploy),
            Some("EXTERNAL") => Ok(Self::External),
            Some(other) => Err(invalid(format!(
                "Unsupported deployment controller: {other}"
            ))),
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ecs => "ECS",
            Self::CodeDeploy => "CODE_DEPLOY",
            Self::External => "EXTERNAL",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ServiceStatus {
    Active,
    Draining,
    Inactive,
}

#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) cluster_arn: String,
    pub(crate) place: Place,
    pub(crate) controller: Controller,
    pub(super) status: ServiceStatus,
    pub(crate) desired: u32,
    pub(crate) task_definition: String,
    /// What a new fleet is made with: load balancers, network, platform, launch type…
    pub(crate) settings: Map<String, Value>,
    /// Other members of CreateService and UpdateService, given back as they were.
    pub(super) extras: Map<String, Value>,
    pub(super) configuration: Value,
    /// Newest first.
    pub(crate) fleets: Vec<Fleet>,
    pub(super) events: Vec<ServiceEvent>,
    pub(super) created_at: Timestamp,
    pub(super) created_by: String,
    /// ARN of the service deployment that was started last.
    pub(super) current_deployment: Option<String>,
    pub(super) steady: bool,
}

#[derive(Debug)]
pub(super) struct ServiceEvent {
    pub(super) id: String,
    pub(super) at: Timestamp,
    pub(super) message: String,
}

/// Members that belong to a fleet: changing one of them makes a new deployment.
pub(super) const SETTINGS: &[&str] = &[
    "launchType",
    "capacityProviderStrategy",
    "platformVersion",
    "networkConfiguration",
    "loadBalancers",
    "serviceRegistries",
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
    "gatewayConnectors",
];

/// Settings that a service itself does not show: its deployments do, or only its service revisions.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html>
pub(super) const NOT_SHOWN: &[&str] = &[
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
    "gatewayConnectors",
];

/// Members that only the service has.
pub(super) const EXTRAS: &[&str] = &[
    "healthCheckGracePeriodSeconds",
    "schedulingStrategy",
    "placementConstraints",
    "placementStrategy",
    "enableECSManagedTags",
    "propagateTags",
    "enableExecuteCommand",
    "availabilityZoneRebalancing",
];

impl Service {
    pub(crate) fn is_active(&self) -> bool {
        match self.status {
            ServiceStatus::Active => true,
            ServiceStatus::Draining | ServiceStatus::Inactive => false,
        }
    }

    pub(crate) fn cluster_name(&self) -> &str {
        super::cluster::name_of(&self.cluster_arn)
    }

    pub(crate) fn primary(&self) -> Option<&Fleet> {
        self.fleets.iter().find(|fleet| fleet.is_primary())
    }

    pub(crate) fn fleet(&self, id: &str) -> Option<&Fleet> {
        self.fleets.iter().find(|fleet| fleet.id == id)
    }

    pub(crate) fn fleet_mut(&mut self, id: &str) -> Option<&mut Fleet> {
        self.fleets.iter_mut().find(|fleet| fleet.id == id)
    }

    pub(super) fn load_balancers(&self) -> &[Value] {
        let listed = self.settings.get("loadBalancers").and_then(Value::as_array);
        listed.map(Vec::as_slice).unwrap_or_default()
    }

    /// The target group that a new fleet registers with.
    pub(crate) fn target_group(&self) -> Option<TargetGroup> {
        let arn = text(self.load_balancers().first()?, "targetGroupArn")?;
        TargetGroup::of_arn(arn)
    }

    /// A percentage of the deployment configuration, or its default.
    pub(super) fn percent(&self, name: &str, default: u64) -> u64 {
        self.configuration
            .get(name)
            .and_then(Value::as_u64)
            .unwrap_or(default)
    }

    /// Whether a task that comes up makes the circuit breaker forget the failures before it.
    pub(super) fn resets_on_healthy_task(&self) -> bool {
        let configured = self
            .configuration
            .pointer("/deploymentCircuitBreaker/resetOnHealthyTask");
        configured != Some(&Value::Bool(false))
    }

    /// Alarms that watch this service's deployments: their names, and whether to roll back.
    pub(super) fn alarms(&self) -> Option<(Vec<String>, bool)> {
        let alarms = self.configuration.get("alarms")?;
        if alarms.get("enable") != Some(&Value::Bool(true)) {
            return None;
        }
        let rollback = alarms.get("rollback") == Some(&Value::Bool(true));
        Some((crate::call::strings(alarms, "alarmNames"), rollback))
    }
}

/// The ARN of the active service that a call is about.
pub(super) fn active(world: &World, call: &Call) -> Result<String, ApiError> {
    let reference = call.required(
        "service",
        "InvalidParameterException",
        "Service name must be specified.",
    )?;
    let arn = find(world, call, reference)?;
    let held = world.ecs.services.get(&arn).ok_or_else(not_found)?;
    if held.is_active() {
        Ok(arn)
    } else {
        Err(ApiError::new(
            "ServiceNotActiveException",
            "Service was not ACTIVE.",
        ))
    }
}

pub(super) fn not_found() -> ApiError {
    ApiError::new("ServiceNotFoundException", "Service not found.")
}

/// The ARN of the service that a call names by ARN or by name, whatever its status.
pub(super) fn find(world: &World, call: &Call, reference: &str) -> Result<String, ApiError> {
    let arn = arn_of(world, call, reference)?;
    if world.ecs.services.contains_key(&arn) {
        Ok(arn)
    } else {
        Err(not_found())
    }
}

/// The ARN that a service of this reference has or would have.
pub(super) fn arn_of(world: &World, call: &Call, reference: &str) -> Result<String, ApiError> {
    let cluster = super::cluster::find(world, call)?;
    if reference.starts_with("arn:") {
        return Ok(reference.to_owned());
    }
    let name = super::cluster::name_of(&cluster);
    Ok(call
        .place()
        .arn("ecs", &format!("service/{name}/{reference}")))
}

/// Most tasks that a service may have.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html>
const MAX_TASKS: u32 = 5_000;

/// `desiredCount` of a call, when it has one.
pub(super) fn desired_count(call: &Call) -> Result<Option<u32>, ApiError> {
    let Some(given) = call.member("desiredCount") else {
        return Ok(None);
    };
    let count = given.as_u64().and_then(|count| u32::try_from(count).ok());
    match count.filter(|count| *count <= MAX_TASKS) {
        Some(count) => Ok(Some(count)),
        None => Err(invalid(format!(
            "desiredCount must be a number from 0 to {MAX_TASKS}."
        ))),
    }
}

/// What AWS checks in `deploymentConfiguration`.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html>
pub(super) fn check_configuration(configuration: &Value) -> Result<(), ApiError> {
    super::native::check(configuration)?;
    let percent = |name: &str| configuration.get(name).and_then(Value::as_u64);
    if percent("minimumHealthyPercent").is_some_and(|least| least > 100) {
        return Err(invalid("minimumHealthyPercent must be between 0 and 100."));
    }
    if percent("maximumPercent").is_some_and(|most| most < 100) {
        return Err(invalid("maximumPercent must be at least 100."));
    }
    if percent("maximumPercent") == Some(100)
        && percent("minimumHealthyPercent").unwrap_or(100) == 100
    {
        return Err(invalid(
            "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.",
        ));
    }
    if let Some(alarms) = configuration.get("alarms")
        && array(alarms, "alarmNames").is_empty()
        && alarms.get("enable") == Some(&Value::Bool(true))
    {
        return Err(invalid("The list of alarm names cannot be empty."));
    }
    Ok(())
}
