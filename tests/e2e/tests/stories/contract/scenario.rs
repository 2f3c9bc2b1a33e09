//! What happens to a release, and how it has to end.
//!
//! | scenario | ends as | then serves |
//! |---|---|---|
//! | everything is well | succeeded | the new version |
//! | a check fails | rolled back | the old one |
//! | an alarm goes on while the new version is watched | rolled back, stage on hold | the old one |
//! | somebody rejects it, before the rollout or before traffic | refused | the old one |
//! | nobody decides, before the rollout or before traffic | expired | the old one |
//! | a newer one arrives | superseded | the newer one |
//! | its tasks crash again and again | rolled back | the old one |
//! | its tasks crash, and ECS does not roll back | rolled back | the old one |
//! | it serves and is condemned, and AWS does not roll back | rolled back | the old one |
//! | something else was deployed by hand before it starts | waits, stage on hold | what was deployed by hand |
//! | something else is deployed by hand while it rolls out | superseded, stage on hold | what was deployed by hand |
//! | somebody stops it in the console | rolled back, or stopped where nothing was to be rolled back | the old one |
//! | the service wants no tasks | succeeded, without saying that it serves | the new version, once tasks are wanted |
//! | every third call is throttled | succeeded | the new version |
//! | the answer to each change is lost | succeeded, with one deployment | the new version |
//! | the answer to the start shows the service as it was | succeeded, with one deployment | the new version |

use std::rc::Rc;

use serde_json::{Value, json};
use tokio::task::LocalSet;
use towpath_e2e::{APPROVER, Error};

use super::cell::Cell;
use super::engine::Engine;
use super::service::Ground;
use super::together::Together;
use super::{decisions, endings, faults, manual_changes};

/// What happens to a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scenario {
    Success,
    FailedCheck,
    Alarm,
    RejectedBeforeRollout,
    RejectedBeforeTraffic,
    ExpiredBeforeRollout,
    ExpiredBeforeTraffic,
    Superseded,
    CrashLoop,
    LeftHalfway,
    LeftServing,
    EditedBefore,
    EditedMeanwhile,
    Stopped,
    StoppedForGood,
    ScaledToZero,
    Throttled,
    LostAnswers,
    StaleAnswer,
}

impl Scenario {
    const ALL: [Self; 19] = [
        Self::Success,
        Self::FailedCheck,
        Self::Alarm,
        Self::RejectedBeforeRollout,
        Self::RejectedBeforeTraffic,
        Self::ExpiredBeforeRollout,
        Self::ExpiredBeforeTraffic,
        Self::Superseded,
        Self::CrashLoop,
        Self::LeftHalfway,
        Self::LeftServing,
        Self::EditedBefore,
        Self::EditedMeanwhile,
        Self::Stopped,
        Self::StoppedForGood,
        Self::ScaledToZero,
        Self::Throttled,
        Self::LostAnswers,
        Self::StaleAnswer,
    ];

    /// The name of its cell: of its service, its repository and its pipeline. None is part of
    /// another, so that calls can be told apart by it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Success => "cell-success",
            Self::FailedCheck => "cell-failed-check",
            Self::Alarm => "cell-alarm",
            Self::RejectedBeforeRollout => "cell-rejected-early",
            Self::RejectedBeforeTraffic => "cell-rejected-late",
            Self::ExpiredBeforeRollout => "cell-expired-early",
            Self::ExpiredBeforeTraffic => "cell-expired-late",
            Self::Superseded => "cell-superseded",
            Self::CrashLoop => "cell-crash-loop",
            Self::LeftHalfway => "cell-left-halfway",
            Self::LeftServing => "cell-left-serving",
            Self::EditedBefore => "cell-edited-before",
            Self::EditedMeanwhile => "cell-edited-meanwhile",
            Self::Stopped => "cell-stopped",
            Self::StoppedForGood => "cell-halted",
            Self::ScaledToZero => "cell-scaled-to-zero",
            Self::Throttled => "cell-throttled",
            Self::LostAnswers => "cell-lost-answers",
            Self::StaleAnswer => "cell-stale-answer",
        }
    }

    /// Whether the engine can come into it at all.
    fn concerns(self, engine: Engine) -> bool {
        match self {
            Self::RejectedBeforeTraffic | Self::ExpiredBeforeTraffic => engine.has_green(),
            // ECS always goes back to what ran before; only CodeDeploy can be told to leave it.
            Self::StoppedForGood => engine == Engine::CodeDeploy,
            // CodeDeploy's answer is the new deployment's id, and nothing else.
            Self::StaleAnswer => engine != Engine::CodeDeploy,
            // CodeDeploy is told with each deployment to roll back what fails.
            Self::LeftHalfway => engine != Engine::CodeDeploy,
            Self::Success
            | Self::FailedCheck
            | Self::Alarm
            | Self::RejectedBeforeRollout
            | Self::ExpiredBeforeRollout
            | Self::Superseded
            | Self::CrashLoop
            | Self::LeftServing
            | Self::EditedBefore
            | Self::EditedMeanwhile
            | Self::Stopped
            | Self::ScaledToZero
            | Self::Throttled
            | Self::LostAnswers => true,
        }
    }

    /// Whether people are asked when green waits for its traffic.
    pub(crate) fn asks_before_traffic(self) -> bool {
        matches!(
            self,
            Self::RejectedBeforeTraffic | Self::ExpiredBeforeTraffic
        )
    }

    /// Whether green is checked before it gets production traffic.
    pub(crate) fn checks_green(self) -> bool {
        matches!(self, Self::FailedCheck)
    }

    /// Whether ECS rolls back what its circuit breaker and its alarms end.
    pub(crate) fn is_rolled_back_by_ecs(self) -> bool {
        !matches!(self, Self::LeftHalfway | Self::LeftServing)
    }

    /// What the scenario adds to its stage.
    pub(crate) fn stage(self, engine: Engine, test_url: Option<&str>) -> Value {
        let approval = |when: &str| json!({ "approval": { "slack": [APPROVER], "when": when, "expires": "20m" } });
        match self {
            Self::FailedCheck => engine.failing_check(test_url),
            Self::Alarm => json!({ "bake": "10m", "checks": [
                { "name": "errors", "at": "bake", "alarm": { "names": [self.name()] } }] }),
            Self::RejectedBeforeRollout | Self::ExpiredBeforeRollout | Self::EditedBefore => {
                approval("before_rollout")
            }
            Self::RejectedBeforeTraffic | Self::ExpiredBeforeTraffic => approval("before_traffic"),
            Self::CrashLoop => json!({ "timeout": "10m" }),
            Self::LeftServing if engine == Engine::CodeDeploy => {
                json!({ "engine": { "codedeploy": {
                "application": self.name(), "group": self.name(), "configuration": "CodeDeployDefault.ECSCanary10Percent15Minutes" } } })
            }
            Self::Success
            | Self::LeftHalfway
            | Self::LeftServing
            | Self::Superseded
            | Self::EditedMeanwhile
            | Self::Stopped
            | Self::StoppedForGood
            | Self::ScaledToZero
            | Self::Throttled
            | Self::LostAnswers
            | Self::StaleAnswer => json!({}),
        }
    }

    async fn play(self, cell: &Cell) -> Result<(), Error> {
        match self {
            Self::Success => endings::success(cell).await,
            Self::FailedCheck => endings::failed_check(cell).await,
            Self::Alarm => endings::alarm(cell).await,
            Self::RejectedBeforeRollout | Self::RejectedBeforeTraffic => {
                decisions::rejected(cell).await
            }
            Self::ExpiredBeforeRollout | Self::ExpiredBeforeTraffic => {
                decisions::expired(cell).await
            }
            Self::Superseded => decisions::superseded(cell).await,
            Self::CrashLoop => endings::crash_loop(cell).await,
            Self::LeftHalfway => endings::left_halfway(cell).await,
            Self::LeftServing => endings::left_serving(cell).await,
            Self::EditedBefore => manual_changes::edited_before(cell).await,
            Self::EditedMeanwhile => manual_changes::edited_meanwhile(cell).await,
            Self::Stopped => manual_changes::stopped(cell).await,
            Self::StoppedForGood => manual_changes::stopped_for_good(cell).await,
            Self::ScaledToZero => endings::scaled_to_zero(cell).await,
            Self::Throttled => faults::throttled(cell).await,
            Self::LostAnswers => faults::lost_answers(cell).await,
            Self::StaleAnswer => faults::stale_answer(cell).await,
        }
    }
}

/// Plays every scenario that concerns the engine, side by side, and tells of all that failed.
pub(crate) async fn play_all(engine: Engine) -> Result<(), Error> {
    let chosen = std::env::var("TOWPATH_CONTRACT_CELL").ok();
    let together = Together::start().await?;
    let ground = Rc::new(Ground::lay(&together.lab).await?);
    let mut cells = Vec::new();
    for scenario in Scenario::ALL {
        let wanted = chosen.as_deref().is_none_or(|it| it == scenario.name());
        if wanted && scenario.concerns(engine) {
            let cell = Cell::set_up(&together, &ground, engine, scenario).await?;
            cells.push((scenario, cell, together.take_seat()));
        }
    }
    let here = LocalSet::new();
    let playing: Vec<_> = cells
        .into_iter()
        .map(|(scenario, cell, seat)| {
            let play = here.spawn_local(async move {
                let _seat = seat;
                cell.is_ready().await?;
                match scenario.play(&cell).await {
                    Ok(()) => Ok(()),
                    Err(error) => Err(Error::Story(format!("{error}; {}", cell.picture().await))),
                }
            });
            (scenario, play)
        })
        .collect();
    here.run_until(together.drive()).await;
    here.await;
    let mut failed = Vec::new();
    for (scenario, play) in playing {
        match play.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => failed.push(format!("{}: {error}", scenario.name())),
            Err(panicked) => failed.push(format!("{}: {panicked}", scenario.name())),
        }
    }
    let letters = together.lab.get("dead-letters").await?;
    if letters["dead_letters"] != json!([]) {
        failed.push(format!("dead letters: {letters:#}"));
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(Error::Story(failed.join("\n\n")))
}
