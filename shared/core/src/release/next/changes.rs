//! What a stage's rollout changes and leaves behind: derived from the pipeline and the image.

use std::collections::BTreeMap;

use crate::names::ContainerName;
use crate::pipeline::Stage;
use crate::release::{Changes, CorrelationTag, Place, Release};

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
    let filled = |set: &BTreeMap<String, String>| -> BTreeMap<String, String> {
        set.iter()
            .map(|(name, text)| (name.clone(), fill(text, &values)))
            .collect()
    };
    let by_container = |sets: &BTreeMap<ContainerName, BTreeMap<String, String>>| {
        sets.iter()
            .map(|(container, set)| (container.clone(), filled(set)))
            .collect()
    };
    Changes {
        images: stage
            .containers
            .iter()
            .map(|name| (name.clone(), reference.clone()))
            .collect(),
        environment: by_container(&stage.environment),
        docker_labels: by_container(&stage.docker_labels),
        tags: filled(&stage.tags),
        values,
    }
}

/// The text with its placeholders replaced. A value is not looked through for placeholders again:
/// a tag is hostile text.
fn fill(text: &str, values: &BTreeMap<String, String>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, from)) = rest.split_once("${") {
        filled.push_str(before);
        let known = from
            .split_once('}')
            .and_then(|(name, after)| Some((values.get(name)?, after)));
        match known {
            Some((value, after)) => {
                filled.push_str(value);
                rest = after;
            }
            None => {
                filled.push_str("${");
                rest = from;
            }
        }
    }
    filled.push_str(rest);
    filled
}

/// The text by which a deployment is found again: CodeDeploy keeps 256 characters of description.
pub(super) fn correlation_tag(release: &Release, stage: &Stage) -> String {
    CorrelationTag {
        release: release.id().clone(),
        stage: stage.name.clone(),
    }
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_once_and_others_are_left() {
        let values = BTreeMap::from([
            ("tag".to_owned(), "${release}".to_owned()),
            ("release".to_owned(), "shop-1".to_owned()),
        ]);
        assert_eq!(
            fill("${tag} of ${release}", &values),
            "${release} of shop-1"
        );
        assert_eq!(fill("$5 ${x} ${ ${tag", &values), "$5 ${x} ${ ${tag");
    }
}
