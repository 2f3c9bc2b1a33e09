//! What a stage's rollout changes and leaves behind: derived from the pipeline and the image.

use std::collections::BTreeMap;

use crate::pipeline::{HookPoint, Stage};
use crate::release::{Changes, Mark, Place, Release};

pub(super) fn place(release: &Release, stage: &Stage) -> Option<Place> {
    let service = release.service_id(release.stage_position(&stage.name)?)?;
    Some(Place {
        service,
        role: stage.role.clone(),
    })
}

/// What the stage's rollout changes in the task definition.
pub(super) fn changes(release: &Release, stage: &Stage) -> Changes {
    let image = release.image();
    let reference = format!("{}/{}@{}", image.registry, image.repository, image.digest);
    let values: BTreeMap<_, _> = [
        ("release", release.id().to_string()),
        ("tag", image.tag.to_string()),
        ("digest", image.digest.to_string()),
        ("stage", stage.name.to_string()),
        ("image", reference.clone()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let filled = |text: &String| {
        values.iter().fold(text.clone(), |text, (name, value)| {
            text.replace(&format!("${{{name}}}"), value)
        })
    };
    Changes {
        images: stage
            .containers
            .iter()
            .map(|name| (name.clone(), reference.clone()))
            .collect(),
        environment: stage
            .environment
            .iter()
            .map(|(container, set)| {
                (
                    container.clone(),
                    set.iter()
                        .map(|(name, value)| (name.clone(), filled(value)))
                        .collect(),
                )
            })
            .collect(),
        values,
    }
}

/// The hook points at which the stage has checks, in the order of a deployment.
pub(super) fn hooks(stage: &Stage) -> Vec<HookPoint> {
    HookPoint::ALL
        .into_iter()
        .filter(|point| stage.checks.iter().any(|check| check.at == *point))
        .collect()
}

/// The text by which a deployment is found again: CodeDeploy keeps 256 characters of description.
pub(super) fn mark(release: &Release, stage: &Stage) -> String {
    Mark {
        release: release.id().clone(),
        stage: stage.name.clone(),
    }
    .to_string()
}
