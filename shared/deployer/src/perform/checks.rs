//! Checks that `advance` runs: what CloudWatch says, and one-off tasks.

use futures_util::future::{join, join_all};
use serde_json::Value;
use towpath_core::check::{
    Finding, Reading, TaskState, Verdict, Watch, judge_alarms, judge_metric, judge_task,
    log_stream, log_tail, read_task, run_task, span, task_definition,
};
use towpath_core::names::{CheckName, DeploymentId, StageName, TaskDefinitionArn};
use towpath_core::pipeline::{AlarmCheck, CheckKind, HookPoint, HttpCheck, MetricCheck, TaskCheck};
use towpath_core::release::{ActionKind, CheckResult, DueCheck, Event, Place, Release, Tried};

use crate::ports::{CallError, Ports};

/// What is told of a task that is stopped because its time is up.
const STOPPED: &str = "The check that it runs has no more time";

/// The code by which ECS says that a client token was used with other parameters:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html#API_RunTask_Errors>.
const CONFLICT: &str = "ConflictException";

/// A one-off task to run.
pub(super) struct Run<'a> {
    pub(super) place: &'a Place,
    pub(super) stage: &'a StageName,
    pub(super) check: &'a CheckName,
    pub(super) task: &'a TaskCheck,
    pub(super) revision: &'a TaskDefinitionArn,
    /// What the task says that started it: the text by which it is found again.
    pub(super) started_by: &'a str,
}

/// Checks to look at.
pub(super) struct Due<'a> {
    pub(super) place: &'a Place,
    pub(super) stage: &'a StageName,
    pub(super) at: HookPoint,
    pub(super) deployment: Option<&'a DeploymentId>,
    pub(super) checks: &'a [DueCheck],
    /// Whether they are to be decided now.
    pub(super) decide: bool,
}

/// Starts a check's task, or finds the one that an earlier run started. A task that cannot be run
/// is a check that failed.
pub(super) async fn start_task<P: Ports>(
    ports: &P,
    release: &Release,
    run: &Run<'_>,
    tried: Tried,
) -> Result<Vec<Event>, CallError> {
    let started = |task: DeploymentId, found| {
        Ok(vec![Event::TaskStarted {
            stage: run.stage.clone(),
            check: run.check.clone(),
            task,
            found,
        }])
    };
    let find = || ports.task_started_by(run.place, run.revision, run.started_by);
    // Where nothing is seen, the token by which ECS knows the task again keeps it from being run twice.
    if tried != Tried::Never
        && let Some(task) = find().await?
    {
        return started(task, true);
    }
    let Some(service) = ports.describe_service(run.place).await? else {
        return Ok(not_run(release, run, "its service does not exist"));
    };
    let document = run_task(&service, run.task, run.revision, run.started_by);
    match ports.run_task(run.place, &document).await {
        Ok(task) => started(task, false),
        Err(CallError::Refused { code, message, .. }) if code == CONFLICT => {
            // The service's network has changed since the task was started.
            match find().await? {
                Some(task) => started(task, true),
                None if tried != Tried::NotSeen => {
                    let action = ActionKind::RunTask;
                    Ok(vec![Event::NotSeen { action }])
                }
                None => Ok(not_run(release, run, &message)),
            }
        }
        Err(error @ CallError::Refused { .. }) => Ok(not_run(release, run, &error.to_string())),
        Err(error @ (CallError::NotDone { .. } | CallError::Unknown { .. })) => Err(error),
    }
}

fn not_run(release: &Release, run: &Run<'_>, reason: &str) -> Vec<Event> {
    let stage = release.pipeline().stage(run.stage);
    let check = stage.and_then(|stage| stage.checks.iter().find(|it| it.name == *run.check));
    let at = check.map_or(HookPoint::BeforeInstall, |check| check.at);
    let live = release.active_rollout().and_then(|live| live.deployment());
    let deployment = live.filter(|_| at != HookPoint::BeforeInstall);
    vec![Event::Checked {
        stage: run.stage.clone(),
        deployment: deployment.map(|deployment| deployment.id.clone()),
        at,
        results: vec![CheckResult {
            check: run.check.clone(),
            passed: false,
            detail: format!("its task could not be run: {reason}"),
        }],
    }]
}

/// Looks at checks, all at once. What cannot be asked now is asked again; what AWS refuses to tell
/// is not known, and so no.
pub(super) async fn run_checks<P: Ports>(
    ports: &P,
    due: &Due<'_>,
) -> Result<Vec<Event>, CallError> {
    let looks = due.checks.iter().map(|check| run_check(ports, due, check));
    let (mut results, mut open, mut failed) = (Vec::new(), false, None);
    for (of, look) in due.checks.iter().zip(join_all(looks).await) {
        let verdict = match look {
            Ok(verdict) => verdict,
            Err(error @ CallError::Refused { .. }) => Some(Verdict {
                passed: false,
                detail: format!("it could not be read: {error}"),
            }),
            Err(error @ (CallError::NotDone { .. } | CallError::Unknown { .. })) => {
                tracing::warn!(stage.name = %due.stage, check = %of.check.name, error = %error, "a check could not be read; trying again later");
                failed = failed.or(Some(error));
                None
            }
        };
        match verdict {
            Some(Verdict { passed, detail }) => results.push(CheckResult {
                check: of.check.name.clone(),
                passed,
                detail,
            }),
            None => open = true,
        }
    }
    if let Some(error) = failed.filter(|_| results.is_empty()) {
        return Err(error);
    }
    let checked = (!results.is_empty()).then(|| Event::Checked {
        stage: due.stage.clone(),
        deployment: due.deployment.cloned(),
        at: due.at,
        results,
    });
    let watched = open.then(|| Event::Watched {
        stage: due.stage.clone(),
    });
    Ok(checked.into_iter().chain(watched).collect())
}

async fn run_check<P: Ports>(
    ports: &P,
    due: &Due<'_>,
    of: &DueCheck,
) -> Result<Option<Verdict>, CallError> {
    let watch = Watch {
        at: due.at,
        since: of.since,
        now: ports.now(),
        decide: due.decide,
    };
    match &of.check.kind {
        CheckKind::Alarm(check) => read_alarms(ports, due.place, check, &watch).await,
        CheckKind::Metric(check) => read_metric(ports, due.place, check, &watch).await,
        CheckKind::Task(check) => match &of.task {
            Some(task) => watch_task(ports, due.place, check, &watch, task).await,
            None => Ok(refuse("its task was never started")),
        },
        // The hook function makes requests; it has the network to reach green.
        CheckKind::Http(HttpCheck { .. }) => Ok(refuse("nobody makes requests at this point")),
    }
}

async fn read_alarms<P: Ports>(
    ports: &P,
    place: &Place,
    check: &AlarmCheck,
    watch: &Watch,
) -> Result<Option<Verdict>, CallError> {
    let alarms = ports.alarms(place, &check.names).await?;
    Ok(watch.settle(judge_alarms(check, &alarms)))
}

async fn read_metric<P: Ports>(
    ports: &P,
    place: &Place,
    check: &MetricCheck,
    watch: &Watch,
) -> Result<Option<Verdict>, CallError> {
    let reading = match span(check, watch) {
        Some(span) => ports.metric(place, check, span).await?,
        None => Reading::default(),
    };
    Ok(watch.settle(judge_metric(check, watch, &reading)))
}

async fn watch_task<P: Ports>(
    ports: &P,
    place: &Place,
    check: &TaskCheck,
    watch: &Watch,
    task: &DeploymentId,
) -> Result<Option<Verdict>, CallError> {
    let described = ports.task(place, task).await?;
    let state = read_task(described.as_ref(), &check.container);
    let finding = judge_task(check, watch, task, &state);
    let Finding::Bad(detail) = finding else {
        return Ok(finding.verdict());
    };
    // It is stopped before it counts as failed: what has failed is not running any more.
    let stop = async {
        match &state {
            TaskState::UnderWay(_) => ports.stop_task(place, task, STOPPED).await,
            TaskState::Stopped { .. } | TaskState::Unknown => Ok(()),
        }
    };
    let said = async {
        match &described {
            Some(described) => end_of_log(ports, place, check, task, described).await,
            None => None,
        }
    };
    let (stopped, said) = join(stop, said).await;
    stopped?;
    Ok(Finding::Bad(match said {
        Some(said) => format!("{detail}; its log ends: {said}"),
        None => detail,
    })
    .verdict())
}

/// The last lines that the check's container wrote. They are a courtesy: without them the check has
/// failed all the same.
async fn end_of_log<P: Ports>(
    ports: &P,
    place: &Place,
    check: &TaskCheck,
    task: &DeploymentId,
    described: &Value,
) -> Option<String> {
    let read = async {
        let Some(revision) = task_definition(described) else {
            return Ok(None);
        };
        let definition = ports.describe_task_definition(place, revision).await?;
        let stream = definition.and_then(|it| log_stream(&it, &check.container, task));
        match stream {
            Some(stream) => ports.log_lines(place, &stream).await.map(Some),
            None => Ok(None),
        }
    };
    match read.await {
        Ok(lines) => log_tail(&lines?),
        Err(error) => {
            let error: CallError = error;
            tracing::warn!(%task, error = %error, "the log of a check's task could not be read");
            None
        }
    }
}

fn refuse(reason: &str) -> Option<Verdict> {
    Some(Verdict {
        passed: false,
        detail: reason.to_owned(),
    })
}
