//! Bugs that are planted in the deployer and the core, where somebody might make them, and found:
//! `make simulation`.

use jiff::SignedDuration;
use serde_json::{Value, json};
use towpath_core::pipeline::Pipeline;
use towpath_core::planted::{Bug, plant};
use towpath_core::release::{Outcome, ScalingState};
use towpath_simulation::{
    BUGS, Behaviour, Dice, Fate, Fault, LIVENESS, Planted, Story, pipelines, scenarios, simulate,
    simulate_with,
};

/// How many stories are told at most of one pipeline, where the one that is known finds nothing.
const STORIES: u64 = 600;

/// How long the tape of each is.
const LENGTH: usize = 700;

/// More calls than any story has.
const MANY: usize = 10_000;

/// How much later a good image may serve for one fault.
const LATER: SignedDuration = SignedDuration::from_mins(3);

/// Stories in which a bug may be found.
enum Tale {
    /// Everything is left to chance.
    Any(Pipeline),
    /// The image behaves so, and these calls meet these fates.
    Of(Pipeline, Behaviour, Vec<Fault>),
    /// A scenario without faults.
    Scenario(&'static str),
}

fn of(stage: Value) -> Pipeline {
    pipelines::of(json!([stage]))
}

fn any(stage: Value) -> Tale {
    Tale::Any(of(stage))
}

fn good(stage: Value, faults: Vec<Fault>) -> Tale {
    Tale::Of(of(stage), Behaviour::Healthy, faults)
}

fn tales(bug: Bug) -> Vec<Tale> {
    const UPDATE: &str = "ecs:UpdateService";
    let (rolling, codedeploy, native) = (
        pipelines::rolling(),
        pipelines::codedeploy(),
        pipelines::native(),
    );
    let asks = |stage: &Value, when| pipelines::approved(stage.clone(), when);
    let lost = |call| vec![Fault::of(call, Fate::AnswerLost)];
    let bad = |stage: &Value, how, call| {
        let died = vec![Fault::of(call, Fate::DeathAfter)];
        vec![Tale::Of(of(stage.clone()), how, died)]
    };
    match bug {
        Bug::AbsenceOnceIsProof => {
            let mut faults = lost(UPDATE);
            faults.push(Fault::of("ecs:ListServiceDeployments", Fate::Stale).by("advance"));
            vec![Tale::Of(of(native), Behaviour::UnhealthyGreen, faults)]
        }
        Bug::EndedRollingNotFound => bad(&rolling, Behaviour::CrashLoop, UPDATE),
        Bug::AnswerLostIsRefusal => vec![good(rolling, lost(UPDATE))],
        Bug::RegisteredAnew => vec![good(rolling, lost("ecs:RegisterTaskDefinition"))],
        Bug::HookAnswerDropped => {
            let fault = Fault::of(
                "codedeploy:PutLifecycleEventHookExecutionStatus",
                Fate::DeathBefore,
            );
            vec![good(
                codedeploy,
                vec![fault.by("lifecycle-hook").calls(1..=MANY)],
            )]
        }
        Bug::PushLost => {
            let fault = Fault::of("dynamodb:TransactWriteItems", Fate::NotDone).by("image-push");
            vec![good(rolling, vec![fault])]
        }
        Bug::NothingToldOnceEnded | Bug::ReplyLost | Bug::SecondCard => {
            vec![good(rolling.clone(), Vec::new()), any(rolling)]
        }
        Bug::ApprovalOfAnotherDefinition
        | Bug::ApprovalOfStrangers
        | Bug::LateApprovalBeforeRollout
        | Bug::RejectionIgnored => vec![
            any(asks(&rolling, "before_rollout")),
            any(asks(&codedeploy, "before_rollout")),
        ],
        Bug::VetoAfterStartIgnored => vec![
            any(asks(&codedeploy, "before_traffic")),
            any(asks(&native, "before_traffic")),
        ],
        Bug::UnknownCheckPasses => vec![
            Tale::Of(
                of(codedeploy.clone()),
                Behaviour::UnhealthyGreen,
                Vec::new(),
            ),
            any(codedeploy),
        ],
        Bug::RollbackTakenForSuccess => vec![any(native), any(rolling)],
        Bug::RunsAlreadyWhileOwned => vec![Tale::Scenario("serving_one_again")],
        Bug::IntentNotWritten
        | Bug::IntentOfOthersIgnored
        | Bug::ManualChangeOverwritten
        | Bug::NotHeldAfterRollback
        | Bug::OldPlanKept
        | Bug::OlderOvertakes
        | Bug::RollbackWaitsForHold
        | Bug::ScalingAllOn => vec![any(rolling), any(native), any(codedeploy)],
    }
}

/// The story that was the first to find a bug, where it is not the first one: which of the tales, and its
/// seed. It is only told first: where it finds nothing any more, others are.
fn hint(bug: Bug) -> (usize, u64) {
    let known = HINTS.iter().find(|(of, ..)| *of == bug);
    known.map_or((0, 0), |(_, tale, seed)| (*tale, *seed))
}

/// The bug, which of its tales, and the seed.
const HINTS: &[(Bug, usize, u64)] = &[
    (Bug::ApprovalOfAnotherDefinition, 0, 4),
    (Bug::ApprovalOfStrangers, 0, 9),
    (Bug::IntentOfOthersIgnored, 0, 193),
    (Bug::LateApprovalBeforeRollout, 0, 3),
    (Bug::ManualChangeOverwritten, 0, 3),
    (Bug::NotHeldAfterRollback, 0, 26),
    (Bug::RejectionIgnored, 0, 137),
    (Bug::ReplyLost, 1, 2),
    (Bug::RollbackTakenForSuccess, 0, 1),
    (Bug::RollbackWaitsForHold, 0, 42),
    (Bug::VetoAfterStartIgnored, 0, 160),
];

/// The stories of a bug in the order in which they are told.
fn order(bug: Bug, tales: &[Tale], stories: u64) -> Vec<(usize, u64)> {
    let hint = hint(bug);
    let all = tales.iter().enumerate().flat_map(|(which, tale)| {
        let seeds = match tale {
            Tale::Any(_) => stories,
            Tale::Of(..) | Tale::Scenario(_) => 1,
        };
        (0..seeds).map(move |seed| (which, seed))
    });
    let others = all.filter(|it| *it != hint);
    std::iter::once(hint).chain(others).collect()
}

/// A story with a bug in it, or with none.
fn tell(bug: Option<Bug>, tale: &Tale, seed: u64) -> Story {
    plant(bug);
    let story = match tale {
        Tale::Any(pipeline) => {
            let scaling = ScalingState {
                dynamic_in: true,
                ..ScalingState::default()
            };
            simulate(pipeline.clone(), Dice::seeded(seed, LENGTH), scaling, None)
        }
        Tale::Of(pipeline, image, faults) => simulate_with(pipeline.clone(), *image, faults),
        Tale::Scenario(name) => {
            let scenario = scenarios::named(name).expect("a scenario");
            towpath_simulation::tell(&scenario, &[])
        }
    };
    plant(None);
    story
}

/// When the first release ended well.
fn served_at(story: &Story) -> Option<jiff::Timestamp> {
    let release = story.releases().into_iter().next()?;
    let ended = release.conclusion()?.outcome == Outcome::Succeeded;
    release.ended_at().filter(|_| ended)
}

/// What finds the bug in a story.
fn found(tale: &Tale, told: &Story, words: &str) -> Option<String> {
    let violations = told.violations();
    if words != LIVENESS {
        return violations.into_iter().find(|it| it.contains(words));
    }
    let Tale::Of(pipeline, image, _) = tale else {
        return None;
    };
    let without_fault = Tale::Of(pipeline.clone(), *image, Vec::new());
    let good = served_at(&tell(None, &without_fault, 0))?;
    match served_at(told) {
        Some(at) if at <= good + LATER => None,
        Some(at) => Some(format!("it serves at {at}, without the fault at {good}")),
        None => Some("it does not serve".to_owned()),
    }
}

fn row(bug: Bug) -> Planted {
    let name = format!("{bug:?}");
    let row = BUGS.iter().find(|row| row.name == name);
    *row.unwrap_or_else(|| panic!("{name} is not in the table"))
}

#[test]
fn each_bug_is_found() {
    let only = std::env::var("BUG").ok();
    let stories = std::env::var("STORIES").ok().and_then(|it| it.parse().ok());
    let stories = stories.unwrap_or(STORIES);
    let mut missed = Vec::new();
    for bug in Bug::ALL {
        let row = row(*bug);
        if only.as_ref().is_some_and(|only| only != row.name) {
            continue;
        }
        let begun = std::time::Instant::now();
        let tales = tales(*bug);
        let caught = order(*bug, &tales, stories)
            .into_iter()
            .find_map(|(which, seed)| {
                let tale = &tales[which];
                let story = tell(Some(*bug), tale, seed);
                let said = found(tale, &story, row.found_by)?;
                // What is found without the bug, too, says nothing of it.
                let holds = tell(None, tale, seed).violations().is_empty();
                holds.then_some((which, seed, said))
            });
        let took = begun.elapsed().as_secs();
        match &caught {
            Some((tale, seed, said)) => println!(
                "{bug:?} [{}] tale {tale} seed {seed} ({took} s): {said}",
                row.found_by
            ),
            None => println!("{bug:?} [{}] is missed ({took} s)", row.found_by),
        }
        if caught.is_none() {
            missed.push(row.name);
        }
    }
    assert_eq!(missed, Vec::<&str>::new());
}

/// What is found is the bug's: without it the same stories hold.
#[test]
fn the_stories_hold_without_a_bug() {
    for bug in Bug::ALL {
        let tales = tales(*bug);
        let (known, seed) = hint(*bug);
        let of = tales.iter().enumerate();
        for (which, tale) in
            of.filter(|(which, tale)| *which == known || !matches!(tale, Tale::Any(_)))
        {
            let seed = if which == known { seed } else { 0 };
            let story = tell(None, tale, seed);
            assert_eq!(story.violations(), Vec::<String>::new(), "{bug:?}");
        }
    }
}

#[test]
fn each_row_of_the_table_is_a_bug() {
    let names: Vec<_> = Bug::ALL.iter().map(|bug| format!("{bug:?}")).collect();
    let rows: Vec<_> = BUGS.iter().map(|row| row.name).collect();
    assert_eq!(rows, names);
}
