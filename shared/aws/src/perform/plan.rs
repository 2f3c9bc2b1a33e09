//! Reading what a rollout would do.

use serde_json::Value;
use towpath_core::appspec;
use towpath_core::names::{Fingerprint, StageName, TaskDefinitionArn};
use towpath_core::pipeline::{Base, CodeDeployRollout, Rollout};
use towpath_core::release::{
    Action, ActionKind, BaseRevision, Changes, DeploymentTarget, Event, Gates, Image, Place, Plan,
};
use towpath_core::taskdef::{self, Rendered, Severity, TaskDefinition};

use super::images;
use super::native;
use super::register::changes_of;
use super::service::Service;
use super::way_back::{drift, no_way_back};
use crate::ports::{CallError, DeploymentGroup, LoadError, Ports};

/// What [`Action::Plan`] asks about.
pub(super) struct Request<'a> {
    pub(super) stage: &'a StageName,
    pub(super) place: &'a Place,
    pub(super) rollout: &'a Rollout,
    pub(super) base: &'a Base,
    pub(super) changes: &'a Changes,
    pub(super) gates: &'a Gates,
    pub(super) scaling: bool,
    /// The revision to bring back, if the rollout is a rollback.
    pub(super) back_to: Option<&'a TaskDefinitionArn>,
    /// The image that is rolled out.
    pub(super) image: &'a Image,
}

impl<'a> Request<'a> {
    /// What an action asks about, if it is one that plans.
    pub(super) fn of(action: &'a Action) -> Option<Self> {
        let Action::Plan {
            stage,
            place,
            rollout,
            base,
            changes,
            gates,
            scaling,
            back_to,
            image,
        } = action
        else {
            return None;
        };
        Some(Self {
            stage,
            place,
            rollout,
            base,
            changes,
            gates,
            scaling: *scaling,
            back_to: back_to.as_ref(),
            image,
        })
    }
}

/// What a rollout would do, with the task definitions that it is about.
#[derive(Debug, Clone)]
pub struct Preview {
    /// What it would do.
    pub plan: Plan,
    /// What runs now.
    pub running: TaskDefinition,
    /// What would be registered.
    pub rendered: TaskDefinition,
}

/// Why there is no preview.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// What was found does not fit what the pipeline asks for; a rollout would fail for this.
    #[error("{0}")]
    Misfit(String),
    /// A call failed.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// Reads what [`Action::Plan`] asks about, and changes nothing.
///
/// # Errors
/// When nothing can be planned, or AWS cannot be asked.
pub async fn preview<P: Ports>(ports: &P, action: &Action) -> Result<Preview, PreviewError> {
    let request = Request::of(action).ok_or_else(|| {
        PreviewError::Misfit(format!("there is no preview of how to {}", action.kind()))
    })?;
    read(ports, &request)
        .await
        .map_err(|problem| match problem {
            Problem::Misfit(reason) => PreviewError::Misfit(reason),
            Problem::Call(error) => PreviewError::Call(error),
        })
}

/// Why nothing can be planned.
pub(super) enum Problem {
    /// What was found does not fit what the pipeline asks for.
    Misfit(String),
    Call(CallError),
}

impl From<CallError> for Problem {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl From<String> for Problem {
    fn from(reason: String) -> Self {
        Self::Misfit(reason)
    }
}

pub(super) async fn plan<P: Ports>(
    ports: &P,
    request: &Request<'_>,
) -> Result<Vec<Event>, CallError> {
    let stage = request.stage;
    match read(ports, request).await {
        Ok(preview) => {
            let unknown = &preview.plan.unknown_fields;
            if !unknown.is_empty() {
                tracing::info!(stage.name = %stage, fields = ?unknown, "the task definition has fields that this version does not know; they are kept");
            }
            Ok(vec![Event::Planned {
                stage: stage.clone(),
                plan: Box::new(preview.plan),
            }])
        }
        Err(Problem::Misfit(reason)) => Ok(vec![Event::ActionRefused {
            action: ActionKind::Plan,
            reason,
        }]),
        Err(Problem::Call(error)) => Err(error),
    }
}

async fn read<P: Ports>(ports: &P, request: &Request<'_>) -> Result<Preview, Problem> {
    let place = request.place;
    // The row comes first: when the service is taken at the epoch that it names, nobody else has
    // changed what is read after it.
    let row = ports
        .service(&place.service)
        .await
        .map_err(|error| match error {
            LoadError::Call(error) => Problem::Call(error),
            LoadError::Unreadable { .. } => Problem::Misfit(error.to_string()),
        })?;
    let (service, scaling, group, veto) = tokio::join!(
        ports.describe_service(place),
        async {
            if request.scaling {
                ports.scaling(place).await
            } else {
                Ok(None)
            }
        },
        check_group(ports, place, request.rollout),
        ports.veto(&request.image.digest),
    );
    let described = service?.ok_or_else(|| {
        format!(
            "service `{}` does not exist in cluster `{}` ({}, {}); create it, or correct the stage",
            place.service.service,
            place.service.cluster,
            place.service.account,
            place.service.region
        )
    })?;
    let group = group?;
    let service = Service(&described);
    check_controller(&service, request.rollout)?;
    let gates = gates(&service, request, group.as_ref())?;
    let current = service
        .revision()
        .ok_or("the service has no task definition yet: create it with one")
        .map_err(str::to_owned)?;
    let ((base, definition, running), drift) = tokio::try_join!(
        read_base(ports, request, &current),
        drift(ports, place, row.baseline.as_ref(), &current),
    )?;
    let no_way_back = no_way_back(ports, request, running.as_ref().unwrap_or(&definition)).await?;
    let rendered = render(&definition, request)?;
    let reuse = reusable(&rendered, &base, &definition, &current, running.as_ref());
    let plan = Plan {
        target: target(&described, request, &current)?,
        images: match (&running, request.back_to) {
            (Some(running), Some(_)) => images::that_differ(running, &definition),
            (Some(_) | None, _) => images::that_are_set(&definition, request.changes),
        },
        spec: fingerprint(&rendered),
        reuse,
        base,
        desired_count: service.desired_count(),
        scaling: scaling?,
        paced_minutes: gates.paced_minutes,
        ready_minutes: gates.ready_minutes,
        no_way_back,
        drift,
        veto: veto?,
        unknown_fields: rendered.unknown_fields.clone(),
        service: row,
        current,
    };
    Ok(Preview {
        plan,
        running: running.unwrap_or(definition),
        rendered: rendered.definition,
    })
}

/// CodeDeploy accepts a deployment to a group that targets another service, and then deploys
/// there; so the group is checked before anything is registered.
async fn check_group<P: Ports>(
    ports: &P,
    place: &Place,
    rollout: &Rollout,
) -> Result<Option<DeploymentGroup>, Problem> {
    let Rollout::CodeDeploy(CodeDeployRollout {
        application, group, ..
    }) = rollout
    else {
        return Ok(None);
    };
    let found = ports.deployment_group(place, application.as_str(), group.as_str()).await?.ok_or_else(|| {
        format!("CodeDeploy has no application `{application}` with a deployment group `{group}`; create it, or correct the stage")
    })?;
    if found.platform != "ECS" {
        return Err(format!(
            "the CodeDeploy application `{application}` is for {}, not for ECS",
            found.platform
        )
        .into());
    }
    let (cluster, service) = (
        place.service.cluster.as_str(),
        place.service.service.as_str(),
    );
    if !found
        .targets
        .iter()
        .any(|(c, s)| c == cluster && s == service)
    {
        let targets: Vec<_> = found
            .targets
            .iter()
            .map(|(c, s)| format!("{c}/{s}"))
            .collect();
        return Err(format!(
            "the deployment group `{group}` deploys to {}, not to {cluster}/{service}",
            targets.join(", ")
        )
        .into());
    }
    Ok(Some(found))
}

/// What the service and its group are set up to wait for.
struct SetUp {
    paced_minutes: u32,
    ready_minutes: Option<u32>,
}

/// Whether the deployment will wait for everything that the stage wants it to wait for. Where it
/// would not, traffic would move unasked, so nothing is started.
fn gates(
    service: &Service<'_>,
    request: &Request<'_>,
    group: Option<&DeploymentGroup>,
) -> Result<SetUp, Problem> {
    match request.rollout {
        Rollout::Rolling(_) => Ok(SetUp {
            paced_minutes: 0,
            ready_minutes: None,
        }),
        Rollout::CodeDeploy(settings) => {
            let ready_minutes = group.and_then(|group| group.ready_minutes);
            if request.gates.pause && ready_minutes.is_none() {
                return Err(format!(
                    "people are to be asked before traffic moves, but the deployment group `{}` does not wait: set its `deploymentReadyOption` to `STOP_DEPLOYMENT` with a wait time, or ask `before_rollout`",
                    settings.group
                )
                .into());
            }
            Ok(SetUp {
                paced_minutes: 0,
                ready_minutes,
            })
        }
        Rollout::Ecs(settings) => {
            let pace = native::check(service, settings, request.gates)?;
            Ok(SetUp {
                paced_minutes: pace.paced_minutes,
                ready_minutes: pace.ready_minutes,
            })
        }
    }
}

fn check_controller(service: &Service<'_>, rollout: &Rollout) -> Result<(), Problem> {
    let wanted = match rollout {
        Rollout::Rolling(_) | Rollout::Ecs(_) => "ECS",
        Rollout::CodeDeploy(_) => "CODE_DEPLOY",
    };
    let found = service.controller();
    if found == wanted {
        return Ok(());
    }
    Err(format!(
        "the service's deployment controller is {found}, but `rollout: {}` needs {wanted}; it can only be chosen when a service is created",
        rollout.engine()
    )
    .into())
}

/// The base, its definition, and the running definition where that is another one.
async fn read_base<P: Ports>(
    ports: &P,
    request: &Request<'_>,
    current: &TaskDefinitionArn,
) -> Result<(BaseRevision, TaskDefinition, Option<TaskDefinition>), Problem> {
    let place = request.place;
    if let Some(revision) = request.back_to {
        let (definition, running) = tokio::join!(
            describe(ports, place, revision.as_str()),
            describe(ports, place, current.as_str())
        );
        let base = BaseRevision::Revision(revision.clone());
        return Ok((base, definition?, Some(running?)));
    }
    match request.base {
        Base::Service => {
            let definition = describe(ports, place, current.as_str()).await?;
            Ok((BaseRevision::Revision(current.clone()), definition, None))
        }
        Base::Family => {
            let (newest, running) = tokio::join!(
                describe(ports, place, family(current)),
                describe(ports, place, current.as_str())
            );
            let definition = newest?;
            let arn = definition
                .described()
                .and_then(|described| described.arn.parse().ok())
                .ok_or_else(|| {
                    format!(
                        "ECS described the family `{}` without an ARN",
                        family(current)
                    )
                })?;
            Ok((BaseRevision::Revision(arn), definition, Some(running?)))
        }
        Base::Parameter(name) => {
            let (parameter, running) = tokio::join!(
                ports.parameter(Some(place), name, None),
                describe(ports, place, current.as_str())
            );
            let parameter = parameter?.ok_or_else(|| {
                format!("the template parameter `{name}` does not exist; create it, or correct the stage's `base`")
            })?;
            let definition = super::register::fill(&parameter.value, &request.changes.values)?;
            let base = BaseRevision::Parameter {
                name: name.clone(),
                version: parameter.version,
            };
            Ok((base, definition, Some(running?)))
        }
    }
}

pub(super) async fn describe<P: Ports>(
    ports: &P,
    place: &Place,
    reference: &str,
) -> Result<TaskDefinition, Problem> {
    let described = ports.describe_task_definition(place, reference).await?;
    let described = described.ok_or_else(|| {
        format!("the task definition `{reference}` does not exist or is inactive")
    })?;
    TaskDefinition::from_describe(described).map_err(|error| {
        Problem::Misfit(format!(
            "the task definition `{reference}` cannot be used: {error}"
        ))
    })
}

fn render(definition: &TaskDefinition, request: &Request<'_>) -> Result<Rendered, Problem> {
    let changes = changes_of(request.changes, None)?;
    let rendered = taskdef::render(definition, &changes).map_err(|error| error.to_string())?;
    // What ran once is brought back as it is.
    if request.back_to.is_some() {
        return Ok(rendered);
    }
    let rules = taskdef::Rules {
        containers: request
            .changes
            .images
            .keys()
            .map(ToString::to_string)
            .collect(),
        mutable_tags: taskdef::MutableTags::RefuseNamed,
        ..taskdef::Rules::default()
    };
    let errors: Vec<_> = taskdef::validate(&rendered.definition, &rules)
        .into_iter()
        .filter(|finding| finding.severity == Severity::Error)
        .map(|finding| finding.to_string())
        .collect();
    if errors.is_empty() {
        Ok(rendered)
    } else {
        Err(errors.join("; ").into())
    }
}

/// An ACTIVE revision that already says what would be registered: the running one, or the base.
fn reusable(
    rendered: &Rendered,
    base: &BaseRevision,
    definition: &TaskDefinition,
    current: &TaskDefinitionArn,
    running: Option<&TaskDefinition>,
) -> Option<TaskDefinitionArn> {
    // A revision that was deregistered cannot be started any more, so it is registered anew.
    let is_active = |definition: &TaskDefinition| {
        definition
            .described()
            .is_none_or(|described| described.status == "ACTIVE")
    };
    let same = |definition: &TaskDefinition| {
        taskdef::spec_hash(definition) == rendered.spec_hash && is_active(definition)
    };
    if running.is_some_and(same) {
        return Some(current.clone());
    }
    match base {
        BaseRevision::Revision(arn) if same(definition) => Some(arn.clone()),
        BaseRevision::Revision(_) | BaseRevision::Parameter { .. } => None,
    }
}

fn target(
    described: &Value,
    request: &Request<'_>,
    current: &TaskDefinitionArn,
) -> Result<Option<DeploymentTarget>, Problem> {
    let Rollout::CodeDeploy(settings) = request.rollout else {
        return Ok(None);
    };
    let mut target = appspec::target(described).map_err(|error| error.to_string())?;
    if let Some(container) = &settings.container {
        target.container = container.to_string();
    }
    let function = settings.hook.iter();
    let hooks: Vec<_> = function
        .flat_map(|function| {
            request
                .gates
                .hooks
                .iter()
                .map(|point| (*point, function.as_str()))
        })
        .collect();
    let appspec = appspec::render(described, current.as_str(), &target, &hooks)
        .map_err(|error| error.to_string())?;
    Ok(Some(DeploymentTarget(appspec)))
}

fn fingerprint(rendered: &Rendered) -> Fingerprint {
    rendered
        .spec_hash
        .to_string()
        .parse()
        .expect("a spec hash is 64 hexadecimal digits")
}

/// The family of a revision's ARN.
fn family(arn: &TaskDefinitionArn) -> &str {
    let name = arn
        .as_str()
        .rsplit_once('/')
        .map_or(arn.as_str(), |(_, name)| name);
    name.rsplit_once(':').map_or(name, |(family, _)| family)
}
