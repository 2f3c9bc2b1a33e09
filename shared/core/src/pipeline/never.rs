//! What keeps a pipeline from ever doing anything, although every part of it is well-formed.
//!
//! These are mistakes to be told to whoever writes a pipeline. One that is stored in spite of them is
//! read as any other: it does no harm.

mod place;
mod repository;
mod slack;
mod tags;
#[cfg(test)]
mod tests;

pub use self::repository::is_elsewhere;
use towpath_taskdef::repeated;

use super::finding::Found;
use super::{CodeDeploySettings, Pipeline, Problem, Stage};
use crate::names::begins;

/// The deployment configurations that CodeDeploy has for ECS:
/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html>.
const CONFIGURATIONS: [&str; 5] = [
    "CodeDeployDefault.ECSAllAtOnce",
    "CodeDeployDefault.ECSCanary10Percent15Minutes",
    "CodeDeployDefault.ECSCanary10Percent5Minutes",
    "CodeDeployDefault.ECSLinear10PercentEvery1Minutes",
    "CodeDeployDefault.ECSLinear10PercentEvery3Minutes",
];

impl Pipeline {
    /// Why no push would ever open a release, or a release never get through a stage, as far as the
    /// pipeline itself tells; in the order of the file.
    #[must_use]
    pub fn never(&self) -> Vec<Problem> {
        let mut found = Found::default();
        repository::find(self, &mut found);
        tags::find(&self.tags, &mut found);
        slack::find(self, &mut found);
        for (index, stage) in self.stages.iter().enumerate() {
            self::stage(stage, &format!("stages.{index}"), &mut found);
        }
        found.into_inner()
    }
}

fn stage(stage: &Stage, path: &str, found: &mut Found) {
    place::find(stage, path, found);
    if let Some(settings) = stage.engine.codedeploy() {
        configuration(settings, path, found);
    }
    hook(stage, path, found);
}

fn configuration(settings: &CodeDeploySettings, path: &str, found: &mut Found) {
    let Some(name) = &settings.configuration else {
        return;
    };
    let name = name.as_str();
    if !begins(name, "CodeDeployDefault.") || CONFIGURATIONS.contains(&name) {
        return;
    }
    let meant = CONFIGURATIONS
        .iter()
        .find(|known| known.eq_ignore_ascii_case(name));
    found.add(
        format!("{path}.engine.codedeploy.configuration"),
        format!(
            "CodeDeploy has no configuration `{}` for ECS",
            repeated(name)
        ),
        match meant {
            Some(meant) => format!("write `{meant}`"),
            None => format!(
                "write one of {}, or one of your own",
                CONFIGURATIONS.map(|known| format!("`{known}`")).join(", ")
            ),
        },
    );
}

/// CodeDeploy and ECS call functions of their own account only.
fn hook(stage: &Stage, path: &str, found: &mut Found) {
    let hook = stage.engine.hook().map(|hook| hook.as_str());
    let Some(hook) = hook.filter(|hook| hook.starts_with("arn:")) else {
        return;
    };
    let parts: Vec<&str> = hook.split(':').collect();
    let part = |at: usize| parts.get(at).copied();
    let (region, account) = (part(3), part(4));
    let differs = |part: Option<&str>, own: Option<&str>| {
        part.zip(own).is_some_and(|(part, own)| part != own)
    };
    let own_account = stage.account.as_ref().map(|account| account.as_str());
    let own_region = stage.region.as_ref().map(|region| region.as_str());
    let problem = if (part(2), part(5)) != (Some("lambda"), Some("function")) {
        "is no function of Lambda".to_owned()
    } else if differs(account, own_account) || differs(region, own_region) {
        "is in another account or region than the stage, where it is never called".to_owned()
    } else if let Some(problem) = region.and_then(|region| place::other_region(hook, region)) {
        problem
    } else {
        return;
    };
    found.add(
        format!("{path}.engine.{}.hook", stage.engine.name()),
        format!("`{}` {problem}", repeated(hook)),
        "name the deployer's lifecycle-hook function there, such as `towpath-lifecycle-hook`",
    );
}
