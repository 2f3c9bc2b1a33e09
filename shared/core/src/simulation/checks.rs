//! Checks and their tasks, as far as a rollout sees them.

use super::world::World;
use crate::names::{CheckName, DeploymentId, StageName};
use crate::pipeline::{CheckKind, HookPoint};
use crate::release::{CheckResult, DueCheck, Event, ServiceId};

impl World {
    /// Runs a check's task, unless it is found to have been run.
    pub(super) fn run_task(
        &mut self,
        at: &ServiceId,
        stage: &StageName,
        check: &CheckName,
        started_by: &str,
        look: bool,
    ) -> Event {
        let tasks = &mut self.aws.service(at).tasks;
        let ours = tasks.iter().find(|(by, _)| by == started_by);
        let known = ours.map(|(_, task)| task.clone());
        let found = known.clone().filter(|_| look);
        let task = found.clone().unwrap_or_else(|| {
            let task: DeploymentId = format!("task-{}", tasks.len())
                .parse()
                .expect("the id of a task");
            tasks.push((started_by.to_owned(), task.clone()));
            task
        });
        if known.is_some() && found.is_none() {
            self.violated(format!("I3: the task of {started_by} is run twice"));
        }
        Event::TaskStarted {
            stage: stage.clone(),
            check: check.clone(),
            task,
            found: found.is_some(),
        }
    }

    /// Looks at checks: a task is over in the end, an alarm is decided when it is wanted. What goes
    /// wrong is left to chance.
    pub(super) fn run_checks(
        &mut self,
        stage: &StageName,
        at: HookPoint,
        deployment: Option<&DeploymentId>,
        checks: &[DueCheck],
        decide: bool,
    ) -> Event {
        let mut results = Vec::new();
        for due in checks {
            let fate = self.dice.roll(8);
            let detail = self.words();
            let is_task = matches!(due.check.kind, CheckKind::Task(_));
            let over = is_task || at != HookPoint::Bake;
            if fate == 7 || decide || (over && fate < 6) {
                results.push(CheckResult {
                    check: due.check.name.clone(),
                    passed: fate != 7,
                    detail,
                });
            }
        }
        let stage = stage.clone();
        if results.is_empty() {
            return Event::Watched { stage };
        }
        Event::Checked {
            stage,
            deployment: deployment.cloned(),
            at,
            results,
        }
    }
}
