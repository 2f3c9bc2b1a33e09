//! What every engine does, and in which words it is asked. An engine decides nothing: it says what AWS
//! shows, as values, and does what it is told.

use serde_json::Value;
use towpath_core::names::{DeploymentId, PauseId, TaskDefinitionArn};
use towpath_core::release::{
    AwsSaid, Checkpoints, DeploymentFault, DeploymentStatus, DeploymentTarget, Event, FaultCause,
    LateCause, Misfit, Observe, Place, Remark, RollBack, RollbackReason, Start, Tried,
};

use crate::ports::{CallError, DeploymentGroup, Ports};
use crate::service::Service;

/// An engine, with a stage's settings of it.
pub(crate) trait Engine {
    /// Why the service cannot be rolled out by the engine, if so: its deployment strategy. That its
    /// deployment controller is another one is found before.
    fn unfit(&self, service: &Service<'_>) -> Option<Misfit>;

    /// Finds the deployment group, where the engine has one, and checks that it deploys to the service.
    async fn group<P: Ports>(&self, _: &P, _: &Place) -> Result<Option<DeploymentGroup>, Problem> {
        Ok(None)
    }

    /// What the service is set up to wait for: for everything that the stage wants it to wait for.
    /// Where it would not, traffic would move unasked, and that is a problem.
    async fn set_up<P: Ports>(&self, ports: &P, wanted: &Wanted<'_>) -> Result<SetUp, Problem>;

    /// What the engine is told of the service when a deployment is started, where that is more than
    /// its name.
    fn target(
        &self,
        _: &Value,
        _: &Checkpoints,
        _: &TaskDefinitionArn,
    ) -> Result<Option<DeploymentTarget>, Problem> {
        Ok(None)
    }

    /// Starts the deployment, or finds what an earlier try has started.
    async fn start<P: Ports>(
        &self,
        ports: &P,
        start: &Start,
        tried: Tried,
    ) -> Result<Vec<Event>, CallError>;

    /// How the deployment stands.
    async fn observe<P: Ports>(
        &self,
        ports: &P,
        observe: &Observe,
    ) -> Result<DeploymentStatus, CallError>;

    /// Lets production traffic through to green.
    async fn let_through<P: Ports>(
        &self,
        ports: &P,
        place: &Place,
        deployment: &DeploymentId,
        pause: Option<&PauseId>,
    ) -> Result<(), CallError>;

    /// Rolls the deployment back, or finds that that was begun.
    async fn roll_back<P: Ports>(
        &self,
        ports: &P,
        back: &RollBack,
        tried: Tried,
    ) -> Result<RollbackStart, CallError>;

    /// Why tasks of the deployment stopped, as far as that is known, in ECS's words.
    async fn stopped_tasks<P: Ports>(&self, ports: &P, back: &RollBack) -> Vec<String>;
}

/// What a service has to be set up for.
pub(crate) struct Wanted<'a> {
    pub(crate) place: &'a Place,
    /// The service, as DescribeServices shows it.
    pub(crate) service: &'a Value,
    /// What the stage waits for.
    pub(crate) checkpoints: &'a Checkpoints,
    pub(crate) group: Option<&'a DeploymentGroup>,
}

/// What the service and its group are set up to wait for.
#[derive(Default)]
pub(crate) struct SetUp {
    /// For how many minutes traffic shifts and the new version is watched.
    pub(crate) paced_minutes: u32,
    /// For how many minutes the deployment waits for people, where it does.
    pub(crate) ready_minutes: Option<u32>,
    /// What people should know of it.
    pub(crate) remarks: Vec<Remark>,
    /// The service's revision, where it was read.
    pub(crate) revision: Option<Value>,
}

/// Why nothing can be planned.
pub(crate) enum Problem {
    /// What was found does not fit what the pipeline asks for.
    Misfit(Misfit),
    Call(CallError),
}

impl From<CallError> for Problem {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl From<Misfit> for Problem {
    fn from(misfit: Misfit) -> Self {
        Self::Misfit(misfit)
    }
}

/// Why a deployment has ended of which AWS says that somebody has stopped it. It says so of one that
/// Towpath has stopped, too, since it knows no difference: then why tasks of it stopped says nothing.
pub(crate) fn stopped_fault(
    observe: &Observe,
    said: AwsSaid,
    tasks: Vec<String>,
) -> DeploymentFault {
    match &observe.rolling_back {
        Some(why) => stopped_by_towpath(why),
        None => DeploymentFault::from(FaultCause::StoppedByUser { said }).with_tasks(tasks),
    }
}

/// Why a deployment has ended that Towpath has stopped.
pub(crate) fn stopped_by_towpath(why: &RollbackReason) -> DeploymentFault {
    let because = Box::new(why.clone());
    FaultCause::StoppedByTowpath { because }.into()
}

/// What came of rolling a rollout back.
pub(crate) enum RollbackStart {
    Begun(StartedRollback),
    /// Somebody else has started something in the meantime, and that is not overwritten.
    Replaced(DeploymentStatus),
}

/// The deployment by which a rollout is rolled back.
#[derive(Default)]
pub(crate) struct StartedRollback {
    pub(crate) deployment: Option<DeploymentId>,
    /// Another id under which AWS reports about it, where it has two.
    pub(crate) alias: Option<DeploymentId>,
    /// What the rollout waited for until then, if it did.
    pub(crate) waited: Option<LateCause>,
}

impl From<Option<DeploymentId>> for StartedRollback {
    fn from(deployment: Option<DeploymentId>) -> Self {
        Self {
            deployment,
            ..Self::default()
        }
    }
}
