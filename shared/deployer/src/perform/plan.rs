//! Reading what a rollout would do.

mod images;
mod owner;
mod platforms;
mod pulling;
mod reading;
mod rendering;
mod request;
mod rollback_possible;
mod service_status;
mod targets;

use towpath_core::release::{
    ActionKind, Event, Misfit, Plan, PlanRequest, Release, verify_rollback,
};
use towpath_taskdef::TaskDefinition;

use self::reading::{describe, read_base};
use self::rendering::{fingerprint, render, reusable};
pub(super) use self::request::Request;
use self::rollback_possible::{cannot_roll_back, drift};
use self::service_status::check_status;
use crate::engine::{self, Problem, Wanted};
use crate::ports::{CallError, LoadError, Ports};
use crate::service::Service;
use crate::verified::{self, NotDriven, NotVerified, verify};

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
    Misfit(Misfit),
    /// A call failed.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// Reads what a rollout would do, and changes nothing.
///
/// # Errors
/// When nothing can be planned, or AWS cannot be asked.
pub async fn preview<P: Ports>(ports: &P, asked: &PlanRequest) -> Result<Preview, PreviewError> {
    let request = Request {
        asked,
        rehearsed: true,
    };
    read(ports, &request)
        .await
        .map_err(|problem| match problem {
            Problem::Misfit(misfit) => PreviewError::Misfit(misfit),
            Problem::Call(error) => PreviewError::Call(error),
        })
}

pub(super) async fn plan<P: Ports>(
    ports: &P,
    release: &Release,
    request: &Request<'_>,
) -> Result<Vec<Event>, CallError> {
    let stage = &request.asked.stage;
    let (founded, read) = tokio::join!(is_founded(ports, release, request), read(ports, request));
    match founded.and(read) {
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
        Err(Problem::Misfit(misfit)) => Ok(vec![Event::ActionRefused {
            action: ActionKind::Plan,
            why: misfit.into(),
        }]),
        Err(Problem::Call(error)) => Err(error),
    }
}

/// Refuses a rollback to what the good release's own entries do not say that it ran with.
async fn is_founded<P: Ports>(
    ports: &P,
    release: &Release,
    request: &Request<'_>,
) -> Result<(), Problem> {
    let Some(rollback) = release.rollback() else {
        return Ok(());
    };
    let good = match ports.load(&rollback.good_release).await {
        // What it served with before somebody wrote in its name, it served with all the same.
        Err(LoadError::Distrusted(distrust)) => distrust.trusted,
        good => good.map_err(from_ledger)?,
    };
    let service = &request.asked.place.service;
    verify_rollback(rollback, release.image(), service, good.as_ref())
        .map_err(|why| Misfit::Unfounded { why }.into())
}

/// What cannot be read in the ledger is not planned on.
fn from_ledger(error: LoadError) -> Problem {
    match error {
        LoadError::Call(error) => Problem::Call(error),
        LoadError::Unreadable { .. } | LoadError::Distrusted(_) => {
            let said = error.to_string();
            Misfit::Ledger { said }.into()
        }
    }
}

/// Nothing is planned on a row that says otherwise than what it is derived from. A rollback goes by
/// the entries of the release that it brings back, and is not kept by what somebody has done to a row.
fn is_true(verified: Result<NotDriven, NotVerified>, request: &Request<'_>) -> Result<(), Problem> {
    match verified {
        Ok(_) => Ok(()),
        Err(NotVerified::Load(error @ LoadError::Call(_))) => Err(from_ledger(error)),
        Err(problem) if request.asked.back_to.is_some() => {
            tracing::error!(service = %request.asked.place.service, %problem, "a rollback goes on in spite of a row that was edited");
            Ok(())
        }
        Err(
            problem @ (NotVerified::Edited { .. }
            | NotVerified::Orders { .. }
            | NotVerified::Distrusted { .. }
            | NotVerified::Load(LoadError::Unreadable { .. } | LoadError::Distrusted(_))),
        ) => {
            let said = problem.to_string();
            Err(Misfit::Ledger { said }.into())
        }
    }
}

async fn read<P: Ports>(ports: &P, request: &Request<'_>) -> Result<Preview, Problem> {
    let place = &request.asked.place;
    // The row comes first: when the service is taken at the epoch that it names, nobody else has
    // changed what is read after it.
    let (row, orders) = ports.service_and_orders(&place.service).await?;
    let (verified, service, scaling, group, veto, platforms) = tokio::join!(
        verify(ports, &place.service, &row, orders),
        ports.describe_service(place),
        async {
            if request.asked.scaling {
                ports.scaling(place).await
            } else {
                Ok(None)
            }
        },
        engine::group(ports, &request.asked.engine, place),
        async {
            // None keeps a rollback.
            match request.asked.back_to {
                Some(_) => Ok(None),
                None => verified::veto(ports, &request.asked.image.digest).await,
            }
        },
        platforms::read(ports, request),
    );
    if request.asked.back_to.is_some()
        && !request.rehearsed
        && owner::free(ports, &place.service, &row, &verified).await
    {
        // What was read is not so any more, and is read again at once.
        return Err(Problem::Call(CallError::NotDone {
            operation: "ledger:service",
            message: format!("{} was just let go", place.service),
        }));
    }
    is_true(verified, request)?;
    let described = match service {
        // <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html>
        Err(error) if error.code() == Some("ClusterNotFoundException") => {
            let service = place.service.clone();
            return Err(Misfit::NoCluster { service }.into());
        }
        found => found?,
    };
    let described = described.ok_or_else(|| Misfit::NoService {
        service: place.service.clone(),
    })?;
    let group = group?;
    let platforms = platforms?;
    let service = Service(&described);
    check_status(&service, place)?;
    let wanted = Wanted {
        place,
        service: &described,
        checkpoints: &request.asked.checkpoints,
        group: group.as_ref(),
    };
    let mut set_up = engine::set_up(ports, &request.asked.engine, &wanted).await?;
    let current = service.revision().ok_or(Misfit::NoTaskDefinition)?;
    let left = row.baseline.as_ref().filter(|left| **left != current);
    let is_old = row.shown_before(ports.now()) == Some(&current);
    if let Some(left) = left
        && is_old
        && request.asked.back_to.is_none()
    {
        return Err(Problem::Call(CallError::NotDone {
            operation: "ecs:DescribeServices",
            message: format!(
                "{} is shown with {current}, which ran before {left}",
                place.service
            ),
        }));
    }
    let ((base, definition, running), drift) = tokio::try_join!(
        read_base(ports, request, &current),
        drift(ports, place, row.baseline.as_ref(), &current),
    )?;
    let scaling = scaling?;
    let remark = scaling.and_then(|it| it.remark(service.desired_count(), &place.service));
    set_up.remarks.extend(remark);
    let known: Vec<_> = definition.containers().filter_map(|it| it.name()).collect();
    if let Some(missing) = request
        .asked
        .containers
        .missing(definition.family(), &known)
    {
        return Err(Misfit::NoContainers { missing }.into());
    }
    let rendered = render(&definition, request)?;
    let reuse = reusable(&rendered, &base, &definition, &current, running.as_ref());
    let runs = running.as_ref().unwrap_or(&definition);
    let mut without_return = None;
    // A rollback is tried whatever ECR says of the images, and also while it says nothing.
    if request.asked.back_to.is_none() {
        let pulls = pulling::check_image(ports, request, runs).await?;
        without_return = cannot_roll_back(&current, runs, &pulls);
        // What runs already need not be pulled.
        if reuse.as_ref() != Some(&current) {
            targets::check(&service, set_up.revision.as_ref(), &rendered.definition)?;
            if let Some(misfit) = pulls.of_the_release(request.rehearsed) {
                return Err(misfit.into());
            }
            set_up
                .remarks
                .extend(platforms.check(&service, &rendered.definition)?);
        }
    }
    let plan = Plan {
        target: engine::target(
            &request.asked.engine,
            &described,
            &request.asked.checkpoints,
            &current,
        )?,
        images: match (&running, &request.asked.back_to) {
            (Some(running), Some(_)) => images::that_differ(running, &definition),
            (Some(_) | None, _) => images::that_are_set(&definition, &request.asked.changes),
        },
        spec: fingerprint(&rendered),
        reuse,
        base,
        platforms: platforms.known,
        desired_count: service.desired_count(),
        scaling,
        paced_minutes: set_up.paced_minutes,
        ready_minutes: set_up.ready_minutes,
        remarks: set_up.remarks,
        cannot_roll_back: without_return,
        drift,
        veto: veto?,
        unknown_fields: rendered.unknown_fields.clone(),
        service: row,
        previous: current,
    };
    Ok(Preview {
        plan,
        running: running.unwrap_or(definition),
        rendered: rendered.definition,
    })
}
