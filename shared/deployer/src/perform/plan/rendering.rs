//! What would be registered.

use towpath_core::names::{Fingerprint, TaskDefinitionArn};
use towpath_core::pipeline::Base;
use towpath_core::release::{BaseRevision, Misfit};
use towpath_taskdef::{self as taskdef, Rendered, Severity, TaskDefinition};

use super::Request;
use crate::engine::Problem;
use crate::perform::register::{changes_of, unusable};

pub(super) fn render(
    definition: &TaskDefinition,
    request: &Request<'_>,
) -> Result<Rendered, Problem> {
    let changes = changes_of(&request.asked.changes, None)?;
    let rendered = taskdef::render(definition, &changes).map_err(unusable)?;
    // What ran once is brought back as it is.
    if request.asked.back_to.is_some() {
        return Ok(rendered);
    }
    let rules = taskdef::Rules {
        containers: request
            .asked
            .changes
            .images
            .keys()
            .map(ToString::to_string)
            .collect(),
        mutable_tags: taskdef::MutableTags::RefuseNamed,
        registered: match &request.asked.base {
            Base::Service | Base::Family => true,
            Base::Parameter(_) => false,
        },
        ..taskdef::Rules::default()
    };
    let findings: Vec<_> = taskdef::validate(&rendered.definition, &rules)
        .into_iter()
        .filter(|finding| finding.severity == Severity::Error)
        .map(|finding| finding.to_string())
        .collect();
    if findings.is_empty() {
        Ok(rendered)
    } else {
        Err(Misfit::Invalid { findings }.into())
    }
}

/// An ACTIVE revision that already says what would be registered: the running one, or the base.
pub(super) fn reusable(
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

pub(super) fn fingerprint(rendered: &Rendered) -> Fingerprint {
    rendered
        .spec_hash
        .to_string()
        .parse()
        .expect("a spec hash is 64 hexadecimal digits")
}
