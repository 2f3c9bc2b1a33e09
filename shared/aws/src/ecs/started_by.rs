//! Finding tasks by the text that says who started them.
//!
//! AWS says of `startedBy` that "it must be the only filter that you use":
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListTasks.html>. Others send
//! `desiredStatus` with it, and ECS takes the two:
//! <https://github.com/apache/airflow/blob/main/providers/amazon/src/airflow/providers/amazon/aws/operators/ecs.py>,
//! <https://github.com/quintilesims/layer0/pull/441>. Tasks that run are listed by the text alone, as
//! that is the status for which ECS looks when none is named. Those that have stopped cannot be: where
//! ECS refuses the two together, more are listed and described, and those kept that have the text.

use aws_sdk_ecs::operation::list_tasks::builders::ListTasksFluentBuilder;
use aws_sdk_ecs::types::DesiredStatus;
use towpath_deployer::ports::CallError;

use super::{DESCRIBE_TASKS, LIST_TASKS};
use crate::call::failed;
use crate::clients::ClientSet;

/// How many tasks a page holds, and how many DescribeTasks takes at once.
pub(super) const PAGE: u8 = 100;

/// The most pages that are read: a service has at most 5,000 tasks, and ECS lists those that have
/// stopped for about an hour.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html>
const MAX_PAGES: usize = 60;

/// The codes by which ECS refuses filters: it has none for filters that do not go together.
const REFUSES_FILTERS: [&str; 2] = ["InvalidParameterException", "ClientException"];

/// Which tasks are looked at one by one where ECS does not filter by the text.
#[derive(Clone, Copy)]
pub(super) enum Among<'a> {
    /// Those of a task definition's family.
    Family(&'a str),
    /// Those of a service.
    Service(&'a str),
}

/// Tasks that were started with a text.
#[derive(Clone, Copy)]
pub(super) struct StartedBy<'a> {
    pub(super) set: &'a ClientSet,
    pub(super) cluster: &'a str,
    pub(super) text: &'a str,
    pub(super) among: Among<'a>,
}

/// By what ECS filters.
#[derive(Clone, Copy)]
enum Filter {
    Running,
    Stopped,
    StoppedAmong,
}

impl StartedBy<'_> {
    /// The ARNs of those that run, or are about to: at most `most`.
    pub(super) async fn running(&self, most: usize) -> Result<Vec<String>, CallError> {
        self.list(Filter::Running, most).await
    }

    /// The ARNs of those that have stopped: at most `most`.
    pub(super) async fn stopped(&self, most: usize) -> Result<Vec<String>, CallError> {
        match self.list(Filter::Stopped, most).await {
            Err(CallError::Refused { code, message, .. })
                if REFUSES_FILTERS.contains(&code.as_str()) =>
            {
                tracing::info!(
                    code,
                    message,
                    "ECS does not list stopped tasks by who started them; looking at each"
                );
                self.list(Filter::StoppedAmong, most).await
            }
            listed => listed,
        }
    }

    async fn list(&self, filter: Filter, most: usize) -> Result<Vec<String>, CallError> {
        let mut found = Vec::new();
        let mut token = None;
        for _ in 0..MAX_PAGES {
            let page = self
                .asked(filter)
                .max_results(PAGE.into())
                .set_next_token(token)
                .send()
                .await
                .map_err(failed(LIST_TASKS))?;
            let listed = page.task_arns.unwrap_or_default();
            found.extend(match filter {
                Filter::Running | Filter::Stopped => listed,
                Filter::StoppedAmong => self.ours(listed).await?,
            });
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() || found.len() >= most {
                found.truncate(most);
                return Ok(found);
            }
        }
        // Not found is not the same as not there.
        Err(CallError::NotDone {
            operation: LIST_TASKS,
            message: format!(
                "{} lists more tasks than are read for those that `{}` started",
                self.cluster, self.text
            ),
        })
    }

    fn asked(&self, filter: Filter) -> ListTasksFluentBuilder {
        let asked = self.set.ecs().list_tasks().cluster(self.cluster);
        match (filter, self.among) {
            (Filter::Running, _) => asked.started_by(self.text),
            (Filter::Stopped, _) => asked
                .started_by(self.text)
                .desired_status(DesiredStatus::Stopped),
            (Filter::StoppedAmong, Among::Family(family)) => {
                asked.family(family).desired_status(DesiredStatus::Stopped)
            }
            (Filter::StoppedAmong, Among::Service(service)) => asked
                .service_name(service)
                .desired_status(DesiredStatus::Stopped),
        }
    }

    /// Those that were started with the text.
    async fn ours(&self, listed: Vec<String>) -> Result<Vec<String>, CallError> {
        if listed.is_empty() {
            return Ok(listed);
        }
        let described = self
            .set
            .ecs()
            .describe_tasks()
            .cluster(self.cluster)
            .set_tasks(Some(listed))
            .send()
            .await
            .map_err(failed(DESCRIBE_TASKS))?;
        let tasks = described.tasks.unwrap_or_default().into_iter();
        Ok(tasks
            .filter(|task| task.started_by() == Some(self.text))
            .filter_map(|task| task.task_arn)
            .collect())
    }
}
