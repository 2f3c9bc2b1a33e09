//! A pipeline at which every sweep would fail in the same way: its parameter cannot be used, its
//! repository is gone, its registry may not be asked. People are told once, and again when it is
//! another thing; the sweep goes on with the others and counts as done, since no retry and nobody
//! who reads dead letters could mend it.

use towpath_core::bulletin::Bulletin;
use towpath_core::names::{BulletinId, ParameterName};
use towpath_core::pipeline::{Notify, Pipeline};
use towpath_core::release::Home;
use towpath_taskdef::json;

use super::super::HandlerError;
use crate::ports::{Bulletins, CallError, Clock, Parameter};

/// What came of looking for a pipeline's lost pushes, without what people are told instead.
///
/// # Errors
/// What is not the pipeline's own fault, and when the ledger cannot be written.
pub(super) async fn settle<P: Bulletins + Clock>(
    ports: &P,
    root: &ParameterName,
    parameter: &Parameter,
    home: &Home,
    told: &[BulletinId],
    looked: Result<(), HandlerError>,
) -> Result<(), HandlerError> {
    let id = Bulletin::unreadable_pipeline(&parameter.name);
    let Err(error) = looked else {
        if told.contains(&id) {
            ports.withdraw(&id).await?;
        }
        return Ok(());
    };
    let pipeline = Pipeline::from_parameter(root, &parameter.name, &parameter.value).ok();
    let Some(problem) = problem(home, pipeline.as_ref(), &error) else {
        return Err(error);
    };
    tracing::warn!(parameter = %parameter.name, problem, "a pipeline is stuck");
    let audience = audience(pipeline.as_ref(), parameter);
    let name = parameter.name.clone();
    let (id, bulletin) = Bulletin::of_stuck(audience, name, problem, ports.now());
    ports.announce_problem(&id, &bulletin).await?;
    Ok(())
}

/// Withdraws what was told of pipelines that are not kept any more.
///
/// # Errors
/// When the ledger cannot be written.
pub(super) async fn forget<P: Bulletins>(
    ports: &P,
    stored: &[Parameter],
    told: &[BulletinId],
) -> Result<(), HandlerError> {
    let kept: Vec<_> = stored
        .iter()
        .map(|parameter| Bulletin::unreadable_pipeline(&parameter.name))
        .collect();
    for id in told.iter().filter(|id| !kept.contains(id)) {
        ports.withdraw(id).await?;
    }
    Ok(())
}

/// What is wrong with the pipeline, and the way out; none where the error is not about it. ECR's
/// errors: <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html>.
fn problem(home: &Home, pipeline: Option<&Pipeline>, error: &HandlerError) -> Option<String> {
    match error {
        HandlerError::Pipeline(problem) => Some(problem.clone()),
        HandlerError::Call(CallError::Refused {
            operation: "ecr:DescribeImages",
            code,
            ..
        }) => {
            let pipeline = pipeline?;
            let (registry, repository) = (home.registry_of(pipeline), &pipeline.repository);
            match code.as_str() {
                "RepositoryNotFoundException" => Some(format!(
                    "there is no repository `{repository}` in {registry}; create it, or correct `repository` and `registry` and store the file with `towpath apply`"
                )),
                // At home it is the deployer's own role that lacks something, for every pipeline.
                "AccessDeniedException" if !registry.same_as(&home.registry()) => Some(format!(
                    "the deployer may not look into `{repository}` in {registry}; name the registry in `registries` of the deployer's Terraform module, and let the repository's policy allow the deployer's account ecr:DescribeImages"
                )),
                _ => None,
            }
        }
        HandlerError::Malformed(_)
        | HandlerError::NotSetUp(_)
        | HandlerError::Call(_)
        | HandlerError::Load(_)
        | HandlerError::Append(_)
        | HandlerError::Drive(_)
        | HandlerError::OutOfTime => None,
    }
}

/// The pipeline's own channels, also where no more than these can be read of it; by e-mail where it
/// has none.
fn audience(pipeline: Option<&Pipeline>, parameter: &Parameter) -> Notify {
    let read = || {
        let value = json::parse(parameter.value.as_bytes()).ok()?;
        serde_json::from_value::<Notify>(value.get("notify")?.clone()).ok()
    };
    let notify = pipeline.map(|pipeline| pipeline.notify.clone());
    let known = notify.or_else(read).filter(|notify| !notify.is_empty());
    known.unwrap_or(Notify {
        sns: true,
        ..Notify::default()
    })
}
