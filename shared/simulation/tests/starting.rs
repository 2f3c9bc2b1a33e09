//! What is started, registered or run, though nobody heard of it, and AWS may not show it yet.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use towpath_core::release::{ActionKind, DeploymentStatus, Event, Outcome, Release};
use towpath_simulation::{
    Behaviour, Fate, Fault, Story, pipelines, simulate_with, simulate_with_clock,
};

const UPDATE: &str = "ecs:UpdateService";
const CREATE: &str = "codedeploy:CreateDeployment";
const REGISTER: &str = "ecs:RegisterTaskDefinition";
const RUN_TASK: &str = "ecs:RunTask";

const DESCRIBE: &str = "ecs:DescribeServices";
const LIST_NATIVE: &str = "ecs:ListServiceDeployments";
const LIST_CODEDEPLOY: &str = "codedeploy:ListDeployments";
const LIST_REVISIONS: &str = "ecs:ListTaskDefinitions";
const LIST_TASKS: &str = "ecs:ListTasks";

/// A stage, what starts its deployments, where they are listed, and an image that fails there.
struct Engine {
    stage: Value,
    start: &'static str,
    list: &'static str,
    bad: Behaviour,
}

impl Engine {
    /// Whether it was started cannot be looked for.
    fn looks_are_refused(&self, lasts: SignedDuration) -> Fault {
        // A look at a rolling update begins with the service, which was read before it was started.
        let (operation, first) = if self.stage["engine"].get("rolling").is_some() {
            (DESCRIBE, 4)
        } else {
            (self.list, 1)
        };
        Fault::outage(operation, first, lasts, Fate::Refused)
    }
}

fn engines() -> [Engine; 3] {
    [
        Engine {
            stage: pipelines::rolling(),
            start: UPDATE,
            list: LIST_NATIVE,
            bad: Behaviour::CrashLoop,
        },
        Engine {
            stage: pipelines::native(),
            start: UPDATE,
            list: LIST_NATIVE,
            bad: Behaviour::UnhealthyGreen,
        },
        Engine {
            stage: pipelines::codedeploy(),
            start: CREATE,
            list: LIST_CODEDEPLOY,
            bad: Behaviour::UnhealthyGreen,
        },
    ]
}

fn told(stage: &Value, image: Behaviour, faults: &[Fault]) -> (Story, Release) {
    let pipeline = pipelines::of(json!([stage]));
    let story = simulate_with(pipeline, image, faults);
    assert_eq!(story.violations(), Vec::<String>::new(), "{faults:?}");
    let ended = story.ended();
    assert_eq!(ended.len(), 1, "{ended:#?}");
    let release = story.releases().remove(0);
    (story, release)
}

/// How often a call was carried out.
fn done(story: &Story, operation: &'static str) -> usize {
    [Fate::Done, Fate::Stale, Fate::AnswerLost, Fate::DeathAfter]
        .iter()
        .filter_map(|fate| story.fates().get(&(operation, *fate)).copied())
        .sum()
}

/// When the first event of a kind was written.
fn at(release: &Release, is_it: impl Fn(&Event) -> bool) -> Timestamp {
    let mut entries = release.entries().iter();
    let entry = entries.find(|entry| is_it(&entry.event));
    entry
        .unwrap_or_else(|| panic!("{:#?}", release.entries()))
        .at
}

fn intends(event: &Event, kind: ActionKind) -> bool {
    let Event::Intended { actions, .. } = event else {
        return false;
    };
    actions.iter().any(|action| action.kind() == kind)
}

/// From when the deployment was to be started until it was known.
fn start_took(release: &Release) -> SignedDuration {
    let meant = at(release, |event| intends(event, ActionKind::Start));
    let started = |event: &Event| matches!(event, Event::DeploymentStarted { .. });
    at(release, started).duration_since(meant)
}

fn looks_in_vain(release: &Release) -> usize {
    let entries = release.entries().iter();
    let looks = entries.filter(|it| matches!(it.event, Event::NotSeen { .. }));
    looks.count()
}

/// A start of which nobody heard.
const LOST: [Fate; 2] = [Fate::AnswerLost, Fate::DeathAfter];

/// The circuit breaker takes a minute, and whoever comes after a run that has died waits for longer.
#[test]
fn what_aws_has_rolled_back_meanwhile_is_not_started_again() {
    for engine in engines() {
        for fate in LOST {
            let faults = [Fault::of(engine.start, fate)];
            let (story, release) = told(&engine.stage, engine.bad, &faults);
            assert_eq!(done(&story, engine.start), 1, "{faults:?}");
            let outcome = story.ended()[0].outcome;
            assert_eq!(outcome, Some(Outcome::RolledBack), "{faults:?}");
            let took = start_took(&release);
            assert!(took <= SignedDuration::from_mins(3), "{faults:?}: {took:#}");
        }
    }
}

/// A list that lags leaves out what was started, also when that is over already.
#[test]
fn what_a_list_does_not_show_yet_is_looked_for_twice() {
    for engine in engines() {
        for fate in LOST {
            for image in [Behaviour::Healthy, engine.bad] {
                let faults = [
                    Fault::of(engine.start, fate),
                    Fault::of(engine.list, Fate::Stale).by("advance"),
                ];
                let (story, release) = told(&engine.stage, image, &faults);
                assert_eq!(done(&story, engine.start), 1, "{image:?} {faults:?}");
                let outcome = if image == Behaviour::Healthy {
                    Outcome::Succeeded
                } else {
                    Outcome::RolledBack
                };
                let ended = story.ended()[0].outcome;
                assert_eq!(ended, Some(outcome), "{image:?} {faults:?}");
                let took = start_took(&release);
                assert!(took <= SignedDuration::from_mins(3), "{faults:?}: {took:#}");
            }
        }
    }
}

#[test]
fn what_was_never_started_is_started_once_nothing_is_seen_twice() {
    for engine in engines() {
        let faults = [Fault::of(engine.start, Fate::DeathBefore)];
        let (story, release) = told(&engine.stage, Behaviour::Healthy, &faults);
        assert_eq!(done(&story, engine.start), 1);
        assert_eq!(story.ended()[0].outcome, Some(Outcome::Succeeded));
        assert_eq!(looks_in_vain(&release), 1);
        let took = start_took(&release);
        assert!(took <= SignedDuration::from_mins(3), "{took:#}");
    }
}

#[test]
fn a_revision_that_is_not_listed_yet_is_not_registered_again() {
    for fate in LOST {
        let faults = [
            Fault::of(REGISTER, fate),
            Fault::of(LIST_REVISIONS, Fate::Stale),
        ];
        let (story, release) = told(&pipelines::rolling(), Behaviour::Healthy, &faults);
        assert_eq!(done(&story, REGISTER), 1, "{fate:?}");
        assert_eq!(looks_in_vain(&release), 1, "{fate:?}");
        assert_eq!(story.ended()[0].outcome, Some(Outcome::Succeeded));
    }
}

/// ECS knows the task by its token, so that it is asked for at once.
#[test]
fn a_task_that_is_not_listed_yet_runs_once() {
    let stage = pipelines::careful(pipelines::rolling());
    for fate in LOST {
        let faults = [
            Fault::of(RUN_TASK, fate),
            Fault::of(LIST_TASKS, Fate::Stale),
        ];
        let (story, release) = told(&stage, Behaviour::Healthy, &faults);
        assert_eq!(looks_in_vain(&release), 0, "{fate:?}");
        assert_eq!(story.ended()[0].outcome, Some(Outcome::Succeeded));
    }
}

/// A run that ends in good order, and does not know what came of what it did, is waited for no longer.
#[test]
fn an_answer_that_is_lost_costs_half_a_minute() {
    for engine in engines() {
        let faults = [Fault::of(engine.start, Fate::AnswerLost)];
        let (_, release) = told(&engine.stage, Behaviour::Healthy, &faults);
        let took = start_took(&release);
        assert!(took <= SignedDuration::from_secs(40), "{took:#}");
    }
}

/// What is started is known by ECS's own times, whatever the clock says of whoever starts it.
#[test]
fn a_clock_that_is_off_hides_no_deployment() {
    for engine in engines() {
        for fate in [Fate::Done, Fate::AnswerLost, Fate::DeathAfter] {
            for minutes in [10, -10] {
                let pipeline = pipelines::of(json!([engine.stage]));
                let faults = [Fault::of(engine.start, fate)];
                let clock = ("advance", SignedDuration::from_mins(minutes));
                let story = simulate_with_clock(pipeline, engine.bad, &faults, clock);
                let said = format!("{minutes} {faults:?}");
                assert_eq!(story.violations(), Vec::<String>::new(), "{said}");
                assert_eq!(done(&story, engine.start), 1, "{said}");
                let outcome = story.ended()[0].outcome;
                assert_eq!(outcome, Some(Outcome::RolledBack), "{said}");
            }
        }
    }
}

/// What AWS has not done needs no look, however long it does not do it.
#[test]
fn a_throttle_that_lasts_is_waited_for_without_a_look() {
    for engine in engines() {
        let faults = [Fault::of(engine.start, Fate::NotDone).calls(1..=40)];
        let (story, release) = told(&engine.stage, Behaviour::Healthy, &faults);
        let outcome = story.ended()[0].outcome;
        assert_eq!(outcome, Some(Outcome::Succeeded), "{faults:?}");
        let entries = release.entries().iter().map(|entry| &entry.event);
        let unknown = entries
            .clone()
            .filter(|it| matches!(it, Event::OutcomeUnknown { .. }));
        assert_eq!((unknown.count(), looks_in_vain(&release)), (0, 0));
        let said = entries.filter(|it| matches!(it, Event::NotPerformed { .. }));
        assert_eq!(said.count(), 10, "four calls each");
        assert_eq!(done(&story, LIST_CODEDEPLOY), 0);
    }
}

/// That a look is refused says nothing of whether the deployment was started.
#[test]
fn a_look_that_is_refused_is_made_again() {
    for engine in engines() {
        for fate in LOST {
            let looks = engine.looks_are_refused(SignedDuration::from_mins(3));
            let faults = [Fault::of(engine.start, fate), looks];
            let (story, _) = told(&engine.stage, Behaviour::Healthy, &faults);
            assert_eq!(done(&story, engine.start), 1, "{faults:?}");
            let outcome = story.ended()[0].outcome;
            assert_eq!(outcome, Some(Outcome::Succeeded), "{faults:?}");
            let looks = story.fates().into_iter();
            let refused = looks.filter(|((_, fate), _)| *fate == Fate::Refused);
            assert_eq!(refused.count(), 1, "{faults:?}");
        }
    }
}

/// What was not there at two looks, and is then refused to be started, is refused.
#[test]
fn a_start_that_is_refused_once_nothing_is_seen_ends_the_release() {
    for engine in engines() {
        let faults = [
            Fault::of(engine.start, Fate::DeathBefore),
            Fault::of(engine.start, Fate::Refused).calls(2..=2),
        ];
        let (story, release) = told(&engine.stage, Behaviour::Healthy, &faults);
        assert_eq!(done(&story, engine.start), 0, "{faults:?}");
        let ended = story.ended().remove(0);
        assert_eq!(ended.outcome, Some(Outcome::Failed), "{faults:?}");
        assert!(ended.reason.contains("AccessDeniedException"), "{ended:?}");
        let meant = at(&release, |event| intends(event, ActionKind::Start));
        let over = at(&release, |event| matches!(event, Event::Ended { .. }));
        let took = over.duration_since(meant);
        assert!(took <= SignedDuration::from_mins(4), "{faults:?}: {took:#}");
    }
}

/// Where nobody may look for it until long after its time, the stage is held: what was started may be
/// under way.
#[test]
fn what_may_have_been_started_and_can_never_be_looked_for_holds_its_stage() {
    for engine in engines() {
        let refused = engine.looks_are_refused(SignedDuration::from_hours(24));
        let faults = [Fault::of(engine.start, Fate::AnswerLost), refused];
        let (story, release) = told(&engine.stage, Behaviour::Healthy, &faults);
        assert_eq!(done(&story, engine.start), 1, "{faults:?}");
        let ended = story.ended().remove(0);
        assert_eq!(ended.outcome, Some(Outcome::Failed), "{faults:?}");
        let entries = release.entries().iter();
        let held = entries.filter_map(|entry| {
            if let Event::Held { reason, .. } = &entry.event {
                return Some(reason.to_string());
            }
            None
        });
        let held = held.collect::<Vec<_>>();
        assert_eq!(held.len(), 1, "{held:?}");
        let held_for = "aaaaaaa may be under way, and Towpath cannot see whether it is: ";
        assert!(held[0].starts_with(held_for), "{held:?}");
        let reason = "it was to be started within 1h, and whether it was is not known: ";
        assert!(ended.reason.contains(reason), "{ended:?}");
    }
}

#[test]
fn a_good_run_looks_for_nothing() {
    for engine in engines() {
        let (story, release) = told(&engine.stage, Behaviour::Healthy, &[]);
        assert_eq!(looks_in_vain(&release), 0);
        let left = |event: &Event| matches!(event, Event::OutcomeUnknown { .. });
        let entries = release.entries().iter();
        assert_eq!(entries.filter(|entry| left(&entry.event)).count(), 0);
        for list in [LIST_REVISIONS, LIST_CODEDEPLOY, LIST_TASKS] {
            assert_eq!(done(&story, list), 0, "{list}");
        }
    }
}

#[test]
fn a_start_that_is_found_when_ecs_has_rolled_it_back_says_why() {
    let faults = [Fault::of(UPDATE, Fate::DeathAfter)];
    let (story, release) = told(&pipelines::rolling(), Behaviour::CrashLoop, &faults);
    let ended = story.ended();
    assert!(ended[0].reason.contains("circuit breaker"), "{ended:#?}");
    let is_seen = release.entries().windows(2).any(|entries| {
        let [started, observed] = entries else {
            return false;
        };
        let Event::DeploymentStarted { found: true, .. } = started.event else {
            return false;
        };
        let Event::DeploymentObserved { status, .. } = &observed.event else {
            return false;
        };
        matches!(status, DeploymentStatus::RollingBack { .. }) && started.at == observed.at
    });
    assert!(is_seen, "{:#?}", release.entries());
}
