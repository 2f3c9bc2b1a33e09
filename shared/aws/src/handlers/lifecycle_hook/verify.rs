//! Running the checks of a hook point, and writing down what comes out.

use std::time::Duration;

use futures_util::future::join_all;
use towpath_core::names::DeploymentId;
use towpath_core::pipeline::{Check, CheckKind, HookPoint, HttpCheck, Stage};
use towpath_core::release::{Actor, CheckResult, Incoming, Release, Verdict, checks_of, verdict};

use crate::handlers::HandlerError;
use crate::handlers::take::{Taken, take};
use crate::ports::{Checker, Clock, Ledger};

/// What is kept of the time for writing the result down and answering.
const RESERVE: Duration = Duration::from_secs(10);

/// A deployment that asks whether it may go on, and where it is.
pub(super) struct Asked<'a> {
    pub(super) stage: &'a Stage,
    pub(super) deployment: &'a DeploymentId,
    pub(super) point: HookPoint,
}

/// Runs the checks of a hook point that this function runs, unless they have run before, and
/// writes down what came out: what the deployment is told is the answer to that. `execution` is
/// what an answer has to carry that `advance` gives later, where other checks take their time.
pub(super) async fn verify<P>(
    ports: &P,
    release: &Release,
    asked: &Asked<'_>,
    execution: Option<&str>,
    time_left: Duration,
) -> Result<Verdict, HandlerError>
where
    P: Ledger + Checker + Clock,
{
    let Asked {
        stage,
        deployment,
        point,
    } = *asked;
    let known = verdict(release, stage, deployment, point);
    if known != Verdict::Undecided {
        return Ok(known);
    }
    let mut results = Vec::new();
    if checks_of(release, deployment, point).next().is_none() {
        let time = time_left.saturating_sub(RESERVE);
        let due = stage
            .checks_at(point)
            .filter_map(|check| match &check.kind {
                CheckKind::Http(http) => Some((check, http)),
                CheckKind::Alarm(_) | CheckKind::Metric(_) | CheckKind::Task(_) => None,
            });
        results = join_all(due.map(|(check, http)| run(ports, check, http, time))).await;
    }
    let incoming = Incoming::Checked {
        stage: stage.name.clone(),
        deployment: deployment.clone(),
        at: point,
        results,
        execution: execution.map(ToOwned::to_owned),
    };
    let actor = Actor::Function("lifecycle-hook".into());
    Ok(match take(ports, release.id(), &actor, incoming).await? {
        // Somebody else's run of the same checks may have been first, and its answer is the answer.
        Taken::Added(release) | Taken::Known(release) => {
            if release.live().is_none() {
                // The rollout is over, and then nothing may move.
                Verdict::Failed
            } else {
                verdict(&release, stage, deployment, point)
            }
        }
        Taken::Refused(_) | Taken::NoSuchRelease => Verdict::Failed,
    })
}

async fn run<P: Checker>(
    ports: &P,
    check: &Check,
    http: &HttpCheck,
    time: Duration,
) -> CheckResult {
    let verdict = ports.check_http(http, time).await;
    CheckResult {
        check: check.name.clone(),
        passed: verdict.passed,
        detail: verdict.detail,
    }
}
