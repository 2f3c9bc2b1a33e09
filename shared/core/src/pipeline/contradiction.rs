//! What cannot be seen in one key alone: contradictions between parts of a pipeline.

use std::collections::BTreeSet;
use std::fmt::Display;

use super::{CheckKind, Pipeline, Rollout, Stage};

/// Two parts of a pipeline that cannot both hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct Contradiction {
    /// Where it stands, as a path of keys: `stages.2.approval`.
    pub path: String,
    /// What is wrong, and the way out.
    pub problem: String,
}

pub(super) fn find(pipeline: &Pipeline) -> Result<(), Vec<Contradiction>> {
    let mut found = Found::default();
    if pipeline.stages.is_empty() {
        found.add("stages", "a pipeline needs at least one stage");
    }
    if pipeline.stages.len() > 12 {
        found.add("stages", "a pipeline has at most 12 stages");
    }
    let mut names = BTreeSet::new();
    let mut services = BTreeSet::new();
    for (index, stage) in pipeline.stages.iter().enumerate() {
        let path = format!("stages.{index}");
        if !names.insert(&stage.name) {
            found.add(
                format!("{path}.name"),
                format!(
                    "two stages are named `{}`; give each its own name",
                    stage.name
                ),
            );
        }
        if !services.insert((
            &stage.account,
            &stage.region,
            &stage.cluster,
            &stage.service,
        )) {
            found.add(
                format!("{path}.service"),
                format!(
                    "service `{}` is already another stage's; a service belongs to one stage",
                    stage.service
                ),
            );
        }
        find_in_stage(stage, &path, &mut found);
    }
    if found.0.is_empty() {
        Ok(())
    } else {
        Err(found.0)
    }
}

#[derive(Default)]
struct Found(Vec<Contradiction>);

impl Found {
    fn add(&mut self, path: impl Into<String>, problem: impl Display) {
        self.0.push(Contradiction {
            path: path.into(),
            problem: problem.to_string(),
        });
    }
}

fn find_in_stage(stage: &Stage, path: &str, found: &mut Found) {
    if stage.containers.is_empty() {
        found.add(
            format!("{path}.containers"),
            "name at least one container whose image is replaced",
        );
    }
    if stage.account.is_some() && stage.role.is_none() {
        // The deployer's own account needs no `account` key, so the key means another account.
        found.add(
            format!("{path}.account"),
            "a stage in another account needs a `role` there that the deployer may assume; leave `account` out for the deployer's own",
        );
    }
    if let Some(approval) = &stage.approval {
        let people =
            approval.slack.iter().collect::<BTreeSet<_>>().len() + usize::from(approval.sns);
        if people == 0 {
            found.add(
                format!("{path}.approval"),
                "nobody could approve: name Slack users under `slack`, or set `sns: true`",
            );
        } else if approval.required == 0 || usize::from(approval.required) > people {
            found.add(
                format!("{path}.approval.required"),
                format!("must be from 1 to {people}, the number of those who may approve"),
            );
        }
    }
    let hook = match &stage.rollout {
        Rollout::Rolling(_) => None,
        Rollout::CodeDeploy(settings) => settings.hook.as_ref(),
    };
    if !stage.checks.is_empty() {
        match (&stage.rollout, hook) {
            (Rollout::Rolling(_), _) => found.add(
                format!("{path}.checks"),
                "a rolling update has no green to check before traffic moves; use `rollout: codedeploy`, or give the container a health check",
            ),
            (Rollout::CodeDeploy(_), None) => found.add(
                format!("{path}.rollout.codedeploy.hook"),
                "checks are run by a function that CodeDeploy calls; name the deployer's lifecycle-hook function",
            ),
            (Rollout::CodeDeploy(_), Some(_)) => {}
        }
    }
    let mut names = BTreeSet::new();
    for (index, check) in stage.checks.iter().enumerate() {
        let path = format!("{path}.checks.{index}");
        if !names.insert(&check.name) {
            found.add(
                format!("{path}.name"),
                format!("two checks are named `{}`", check.name),
            );
        }
        match &check.kind {
            CheckKind::Http(http) => {
                if !(http.url.starts_with("http://") || http.url.starts_with("https://")) {
                    found.add(
                        format!("{path}.http.url"),
                        "must begin with http:// or https://",
                    );
                }
                if http.attempts == 0 || http.attempts > 100 {
                    found.add(format!("{path}.http.attempts"), "must be from 1 to 100");
                }
                if http.successes == 0 || http.successes > http.attempts {
                    found.add(
                        format!("{path}.http.successes"),
                        "must be from 1 to `attempts`",
                    );
                }
                if http.timeout.seconds() > 20 {
                    found.add(format!("{path}.http.timeout"), "must be at most 20s");
                }
                if !(100..=599).contains(&http.status) {
                    found.add(
                        format!("{path}.http.status"),
                        "must be an HTTP status from 100 to 599",
                    );
                }
            }
        }
    }
}
