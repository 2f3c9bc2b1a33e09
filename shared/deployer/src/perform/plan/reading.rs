//! Reading the task definitions that a plan is about.

use towpath_core::names::TaskDefinitionArn;
use towpath_core::pipeline::Base;
use towpath_core::release::{BaseRevision, Misfit, Place};
use towpath_taskdef::TaskDefinition;

use super::Request;
use crate::engine::Problem;
use crate::perform::register::fill;
use crate::ports::Ports;

/// The base, its definition, and the running definition where that is another one.
pub(super) async fn read_base<P: Ports>(
    ports: &P,
    request: &Request<'_>,
    current: &TaskDefinitionArn,
) -> Result<(BaseRevision, TaskDefinition, Option<TaskDefinition>), Problem> {
    let place = &request.asked.place;
    if let Some(revision) = &request.asked.back_to {
        let (definition, running) = tokio::join!(
            describe(ports, place, revision.as_str()),
            describe(ports, place, current.as_str())
        );
        let base = BaseRevision::Revision(revision.clone());
        return Ok((base, definition?, Some(running?)));
    }
    match &request.asked.base {
        Base::Service => {
            let definition = describe(ports, place, current.as_str()).await?;
            Ok((BaseRevision::Revision(current.clone()), definition, None))
        }
        Base::Family => {
            let (newest, running) = tokio::join!(
                describe(ports, place, current.family()),
                describe(ports, place, current.as_str())
            );
            let definition = newest?;
            let arn = definition
                .described()
                .and_then(|described| described.arn.parse().ok())
                .ok_or_else(|| Misfit::NoNewestRevision {
                    family: current.family().to_owned(),
                })?;
            Ok((BaseRevision::Revision(arn), definition, Some(running?)))
        }
        Base::Parameter(name) => {
            let (parameter, running) = tokio::join!(
                ports.parameter(Some(place), name, None),
                describe(ports, place, current.as_str())
            );
            let parameter = parameter?.ok_or_else(|| Misfit::NoTemplate {
                parameter: name.clone(),
            })?;
            let definition = fill(&parameter.value, &request.asked.changes.values)?;
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
    let revision = reference.to_owned();
    let Some(described) = described else {
        return Err(Misfit::NoRevision { revision }.into());
    };
    TaskDefinition::from_describe(described).map_err(|error| {
        Misfit::Unusable {
            revision: Some(revision),
            said: error.to_string(),
        }
        .into()
    })
}
