//! Registering the rendered task definition.

use std::collections::BTreeMap;

use towpath_core::names::{Fingerprint, ReleaseId, TaskDefinitionArn};
use towpath_core::release::{
    ActionKind, BaseRevision, Changes, Event, Image, Misfit, Place, Tried,
};
use towpath_taskdef::{self as taskdef, ReleaseMark, TAG_RELEASE, TaskDefinition, template};

use crate::ports::{CallError, Ports};

pub(super) struct Request<'a> {
    pub(super) place: &'a Place,
    pub(super) base: &'a BaseRevision,
    pub(super) changes: &'a Changes,
    pub(super) spec: &'a Fingerprint,
    pub(super) release: &'a ReleaseId,
    pub(super) image: &'a Image,
}

/// How many of a family's newest revisions are searched for one that an earlier run registered.
const SEARCHED: u8 = 10;

pub(super) async fn register<P: Ports>(
    ports: &P,
    request: &Request<'_>,
    tried: Tried,
) -> Result<Vec<Event>, CallError> {
    let definition = match read_base(ports, request).await? {
        Ok(definition) => definition,
        Err(misfit) => return Ok(refused(misfit)),
    };
    if tried != Tried::Never && !towpath_core::planted!(RegisteredAnew) {
        if let Some(revision) = find(ports, request, definition.family()).await? {
            return Ok(vec![Event::Registered {
                revision,
                found: true,
            }]);
        }
        if tried == Tried::Perhaps {
            let action = ActionKind::Register;
            return Ok(vec![Event::NotSeen { action }]);
        }
    }
    let mark = ReleaseMark {
        release: request.release.to_string(),
        commit: Some(request.image.tag.to_string()),
    };
    let rendered = changes_of(request.changes, Some(mark))
        .and_then(|changes| taskdef::render(&definition, &changes).map_err(unusable));
    let rendered = match rendered {
        Ok(rendered) => rendered,
        Err(misfit) => return Ok(refused(misfit)),
    };
    if rendered.spec_hash.to_string() != request.spec.as_str() {
        return Ok(refused(Misfit::NotAsPlanned));
    }
    let revision = ports
        .register_task_definition(request.place, &rendered.definition.into_document())
        .await?;
    Ok(vec![Event::Registered {
        revision,
        found: false,
    }])
}

fn refused(misfit: Misfit) -> Vec<Event> {
    vec![Event::ActionRefused {
        action: ActionKind::Register,
        why: misfit.into(),
    }]
}

/// Nothing can be made of a task definition, as its reader says.
pub(super) fn unusable(error: impl ToString) -> Misfit {
    Misfit::Unusable {
        revision: None,
        said: error.to_string(),
    }
}

async fn read_base<P: Ports>(
    ports: &P,
    request: &Request<'_>,
) -> Result<Result<TaskDefinition, Misfit>, CallError> {
    Ok(match request.base {
        BaseRevision::Revision(arn) => ports
            .task_definition_as_read(request.place, arn)
            .await?
            .ok_or_else(|| Misfit::RevisionGone {
                revision: arn.clone(),
            })
            .and_then(|described| TaskDefinition::from_describe(described).map_err(unusable)),
        BaseRevision::Parameter { name, version } => ports
            .parameter(Some(request.place), name, Some(*version))
            .await?
            .ok_or_else(|| Misfit::NoTemplateVersion {
                parameter: name.clone(),
                version: *version,
            })
            .and_then(|parameter| fill(&parameter.value, &request.changes.values)),
    })
}

/// The revision that an earlier run registered for this release, if there is one.
async fn find<P: Ports>(
    ports: &P,
    request: &Request<'_>,
    family: &str,
) -> Result<Option<TaskDefinitionArn>, CallError> {
    for arn in ports
        .newest_revisions(request.place, family, SEARCHED)
        .await?
    {
        let Some(described) = ports
            .describe_task_definition(request.place, arn.as_str())
            .await?
        else {
            continue;
        };
        let ours = TaskDefinition::from_describe(described).is_ok_and(|definition| {
            definition.tag(TAG_RELEASE) == Some(request.release.as_str())
                && taskdef::spec_hash(&definition).to_string() == request.spec.as_str()
        });
        if ours {
            return Ok(Some(arn));
        }
    }
    Ok(None)
}

/// A template with its placeholders filled.
pub(super) fn fill(
    template: &str,
    values: &BTreeMap<String, String>,
) -> Result<TaskDefinition, Misfit> {
    let values = template::Placeholder::ALL
        .into_iter()
        .filter_map(|placeholder| Some((placeholder, values.get(placeholder.name())?.clone())))
        .collect();
    let document = template::fill(template, &values).map_err(unusable)?;
    TaskDefinition::from_value(document)
        .map_err(|error| unusable(format_args!("template cannot be used: {error}")))
}

/// The core's changes as the renderer takes them.
pub(super) fn changes_of(
    changes: &Changes,
    release: Option<ReleaseMark>,
) -> Result<taskdef::Changes, Misfit> {
    let mut images = BTreeMap::new();
    for (container, image) in &changes.images {
        images.insert(container.to_string(), image.parse().map_err(unusable)?);
    }
    let environment = changes
        .environment
        .iter()
        .map(|(container, set)| (container.to_string(), set.clone()))
        .collect();
    let docker_labels = changes
        .docker_labels
        .iter()
        .map(|(container, set)| (container.to_string(), set.clone()))
        .collect();
    Ok(taskdef::Changes {
        images,
        docker_labels,
        tags: changes.tags.clone(),
        environment,
        release,
    })
}
