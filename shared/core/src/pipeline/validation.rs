//! What cannot be seen in one key alone: contradictions between parts of a pipeline.

mod brackets;
mod check;
mod checks;
mod stage;
mod tags;
#[cfg(test)]
mod tests;
mod values;

use std::collections::BTreeSet;

use super::finding::{Found, Problem, named};
use super::{Pipeline, Stage};

/// Most stages that a pipeline may have.
const MAX_STAGES: usize = 12;

/// Most components of a repository's name. A parameter's name has at most
/// [15 levels](https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html),
/// of which `/towpath/pipelines` and the pipeline's own name take three.
const MAX_COMPONENTS: usize = 12;

pub(super) fn find(pipeline: &Pipeline) -> Result<(), Vec<Problem>> {
    let mut found = Found::default();
    if pipeline.repository.as_str().split('/').count() > MAX_COMPONENTS {
        found.add(
            "repository",
            "the repository's name has more than 12 components, too deep for a parameter's name",
            "use a repository with a shallower name",
        );
    }
    operators(pipeline, &mut found);
    let stages = &pipeline.stages;
    if stages.is_empty() {
        found.add(
            "stages",
            "a pipeline without stages deploys nothing",
            "describe at least one stage",
        );
    }
    if stages.len() > MAX_STAGES {
        found.add(
            "stages",
            format!("{} stages are too many", stages.len()),
            format!("a pipeline has at most {MAX_STAGES}: split it in two"),
        );
    }
    // Whoever asked for far too many gets that one answer, not one per stage.
    for (index, stage) in stages.iter().take(MAX_STAGES).enumerate() {
        let path = format!("stages.{index}");
        find_beside(&stages[..index], stage, &path, &mut found);
        stage::find(pipeline, stage, &path, &mut found);
    }
    brackets::find(pipeline, &mut found);
    let found = found.into_inner();
    if found.is_empty() { Ok(()) } else { Err(found) }
}

/// What `stage` claims although a stage before it has it already.
fn find_beside(before: &[Stage], stage: &Stage, path: &str, found: &mut Found) {
    let place = |stage: &Stage| (stage.account.clone(), stage.region.clone());
    for other in before {
        if other.name == stage.name {
            found.add(
                format!("{path}.name"),
                format!("two stages are named `{}`", named(&stage.name)),
                "give each its own name",
            );
        }
        if place(other) != place(stage) {
            continue;
        }
        if (&other.cluster, &other.service) == (&stage.cluster, &stage.service) {
            found.add(
                format!("{path}.service"),
                format!(
                    "service `{}` is already that of stage `{}`",
                    named(&stage.service),
                    named(&other.name)
                ),
                "a service belongs to one stage: name another service, or remove one of the stages",
            );
        }
        if let (Some(mine), Some(theirs)) = (stage.engine.codedeploy(), other.engine.codedeploy())
            && (&mine.application, &mine.group) == (&theirs.application, &theirs.group)
        {
            found.add(
                format!("{path}.engine.codedeploy.group"),
                format!(
                    "deployment group `{}` is already that of stage `{}`",
                    named(&mine.group),
                    named(&other.name)
                ),
                "a deployment group has one service: name the group of this stage's service",
            );
        }
    }
}

/// Most people who may roll a pipeline back from Slack.
const MAX_OPERATORS: usize = 50;

fn operators(pipeline: &Pipeline, found: &mut Found) {
    let operators = &pipeline.operators;
    if let Some((index, user)) = repeated(operators) {
        found.add(
            format!("operators.{index}"),
            format!("{user} is named twice"),
            "name each person once",
        );
    }
    if operators.len() > MAX_OPERATORS {
        found.add(
            "operators",
            format!("{} operators are too many", operators.len()),
            format!("name at most {MAX_OPERATORS}"),
        );
    }
    if !operators.is_empty() && pipeline.notify.slack.is_none() {
        found.add(
            "operators",
            "people on Slack may roll back, but have no card to do it on",
            "name the channel under the pipeline's `notify.slack`",
        );
    }
}

/// The first value that stands in the list for the second time.
fn repeated<T: Ord>(list: &[T]) -> Option<(usize, &T)> {
    let mut seen = BTreeSet::new();
    list.iter()
        .enumerate()
        .find(|(_, value)| !seen.insert(*value))
}
