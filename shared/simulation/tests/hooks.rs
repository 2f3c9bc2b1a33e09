//! A deployment asks whether it may go on, and the answer gets lost, or its hook function cannot find out.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use towpath_core::pipeline::HookPoint;
use towpath_core::release::{ActionKind, Event, Outcome, Release};
use towpath_simulation::{Behaviour, Fate, Fault, Story, pipelines, simulate_with};

const ANSWER: &str = "codedeploy:PutLifecycleEventHookExecutionStatus";
const LOOK: &str = "codedeploy:GetDeploymentTarget";
const HOOK: &str = "lifecycle-hook";

/// More calls than any story has.
const MANY: usize = 10_000;

fn told(image: Behaviour, faults: &[Fault]) -> Story {
    let pipeline = pipelines::of(json!([pipelines::codedeploy()]));
    let story = simulate_with(pipeline, image, faults);
    assert_eq!(story.violations(), Vec::<String>::new());
    story
}

fn released(story: &Story) -> Release {
    story.releases().remove(0)
}

fn outcome(story: &Story) -> Option<Outcome> {
    story.ended()[0].outcome
}

/// When the first event of a kind was written.
fn at(release: &Release, is_it: impl Fn(&Event) -> bool) -> Timestamp {
    let mut entries = release.entries().iter();
    let entry = entries.find(|entry| is_it(&entry.event));
    entry.unwrap_or_else(|| panic!("{release:#?}")).at
}

fn started(event: &Event) -> bool {
    matches!(event, Event::DeploymentStarted { .. })
}

fn ended(event: &Event) -> bool {
    matches!(event, Event::Ended { .. })
}

fn answered(event: &Event) -> bool {
    matches!(event, Event::HookAnswered { .. })
}

/// From the start of the deployment to the end of the release.
fn took(release: &Release) -> SignedDuration {
    at(release, ended).duration_since(at(release, started))
}

fn by_advance(release: &Release) -> usize {
    let entries = release.entries().iter();
    entries.filter(|entry| answered(&entry.event)).count()
}

#[test]
fn nobody_answers_for_a_hook_function_that_does() {
    let story = told(Behaviour::Healthy, &[]);
    assert_eq!(outcome(&story), Some(Outcome::Succeeded));
    assert_eq!(by_advance(&released(&story)), 0);
    assert_eq!(story.fates().get(&(ANSWER, Fate::Done)), Some(&1));
}

#[test]
fn an_answer_that_got_lost_is_given_by_whoever_comes_next() {
    let good = took(&released(&told(Behaviour::Healthy, &[])));
    for fate in [Fate::NotDone, Fate::DeathBefore] {
        let fault = Fault::of(ANSWER, fate).by(HOOK).calls(1..=MANY);
        let story = told(Behaviour::Healthy, &[fault]);
        assert_eq!(outcome(&story), Some(Outcome::Succeeded), "{fate:?}");
        let release = released(&story);
        assert_eq!(by_advance(&release), 1, "{fate:?}");
        // In this world Lambda begins the function again at once, and others wait for it meanwhile.
        let attempts = SignedDuration::from_mins(if fate == Fate::NotDone { 15 } else { 0 });
        let late = took(&release) - good - attempts;
        assert!(late <= SignedDuration::from_mins(3), "{fate:?}: {late:#}");
    }
}

#[test]
fn an_answer_goes_on_being_given_until_it_is_taken() {
    let lost = Fault::of(ANSWER, Fate::DeathBefore)
        .by(HOOK)
        .calls(1..=MANY);
    let not_taken = Fault::of(ANSWER, Fate::NotDone).by("advance").calls(1..=30);
    let not_heard = Fault::of(ANSWER, Fate::AnswerLost)
        .by("advance")
        .calls(31..=31);
    let story = told(Behaviour::Healthy, &[lost, not_taken, not_heard]);
    assert_eq!(outcome(&story), Some(Outcome::Succeeded));
    assert_eq!(by_advance(&released(&story)), 1);
}

#[test]
fn a_hook_function_waits_out_what_it_cannot_reach() {
    for operation in [
        LOOK,
        ANSWER,
        "dynamodb:Query",
        "dynamodb:TransactWriteItems",
    ] {
        // Eleven tries in all, with growing pauses between them, are some two minutes.
        let fault = Fault::of(operation, Fate::NotDone).by(HOOK).calls(1..=11);
        let story = told(Behaviour::Healthy, &[fault]);
        assert_eq!(outcome(&story), Some(Outcome::Succeeded), "{operation}");
        assert_eq!(by_advance(&released(&story)), 0, "{operation}");
    }
}

#[test]
fn a_no_that_got_lost_takes_green_back_within_minutes() {
    let lost = Fault::of(ANSWER, Fate::DeathBefore)
        .by(HOOK)
        .calls(1..=MANY);
    let story = told(Behaviour::UnhealthyGreen, &[lost]);
    assert_eq!(outcome(&story), Some(Outcome::RolledBack));
    let release = released(&story);
    assert_eq!(by_advance(&release), 1);
    let asked = at(&release, |event| matches!(event, Event::HookCalled { .. }));
    let late = at(&release, ended).duration_since(asked);
    assert!(late <= SignedDuration::from_mins(5), "{late:#}");
}

#[test]
fn a_deployment_whose_hook_nobody_hears_of_is_taken_back_before_its_hour_is_over() {
    let dies = Fault::of(LOOK, Fate::DeathBefore).by(HOOK).calls(1..=MANY);
    let story = told(Behaviour::Healthy, &[dies]);
    assert_eq!(outcome(&story), Some(Outcome::RolledBack));
    let release = released(&story);
    let reason = story.ended()[0].reason.clone();
    assert!(
        reason.contains("never answered at AfterAllowTestTraffic within 20m"),
        "{reason}"
    );
    let took = took(&release);
    assert!(took <= SignedDuration::from_mins(30), "{took:#}");
}

/// Told where the deployment asks at two points, at the second of which this check decides.
fn told_twice(check: &Value, faults: &[Fault]) -> Story {
    let mut stage = pipelines::codedeploy();
    let checks = stage["checks"].as_array_mut().expect("checks");
    checks.push(check.clone());
    let story = simulate_with(pipelines::of(json!([stage])), Behaviour::Healthy, faults);
    assert_eq!(story.violations(), Vec::<String>::new());
    story
}

fn asked(release: &Release) -> Vec<HookPoint> {
    let calls = release.entries().iter().filter_map(|entry| {
        if let Event::HookCalled { at, .. } = &entry.event {
            Some(*at)
        } else {
            None
        }
    });
    calls.collect()
}

const BOTH: [HookPoint; 2] = [HookPoint::AfterTestTraffic, HookPoint::BeforeTraffic];

/// The second question finds the deployment where the first one was asked.
#[test]
fn what_one_question_was_answered_says_nothing_of_the_next() {
    let http = json!({ "name": "again", "at": "before_traffic",
        "http": { "url": "http://staging.internal/health", "attempts": 1 } });
    // CodeDeploy shows no event at the first look after it began.
    let lags = Fault::of(LOOK, Fate::Stale).by(HOOK).calls(4..=4);
    let story = told_twice(&http, &[lags]);
    assert_eq!(story.fates().get(&(LOOK, Fate::Stale)), Some(&1));
    assert_eq!(outcome(&story), Some(Outcome::Succeeded));
    let release = released(&story);
    assert_eq!(asked(&release), BOTH);
    let checked = |event: &Event| matches!(event, Event::Checked { at: HookPoint::BeforeTraffic, results, .. } if results[0].passed);
    at(&release, checked);
}

/// Lambda begins the function again when the deployment has gone on.
#[test]
fn a_function_that_is_begun_again_does_not_ask_for_the_next_question() {
    let alarm = json!({ "name": "errors", "at": "before_traffic",
        "alarm": { "names": ["shop-5xx"] } });
    let dies = Fault::of(ANSWER, Fate::DeathAfter).by(HOOK).calls(1..=1);
    let story = told_twice(&alarm, &[dies]);
    assert_eq!(outcome(&story), Some(Outcome::Succeeded));
    let release = released(&story);
    assert_eq!(asked(&release), BOTH);
    let took = took(&release);
    assert!(took <= SignedDuration::from_mins(30), "{took:#}");
}

#[test]
fn a_right_that_advance_lacks_to_answer_is_told() {
    let lost = Fault::of(ANSWER, Fate::DeathBefore)
        .by(HOOK)
        .calls(1..=MANY);
    let refused = Fault::of(ANSWER, Fate::Refused)
        .by("advance")
        .calls(1..=MANY);
    let story = told(Behaviour::Healthy, &[lost, refused]);
    assert_eq!(outcome(&story), Some(Outcome::RolledBack));
    let release = released(&story);
    assert_eq!(by_advance(&release), 0, "nothing was answered");
    let refused = |event: &Event| {
        matches!(event, Event::ActionRefused { action: ActionKind::AnswerHook, why }
            if why.to_string().contains("AccessDenied"))
    };
    at(&release, refused);
}

/// What nobody could stop in time goes on, and whoever comes next would begin beside it.
#[test]
fn a_deployment_that_cannot_be_stopped_in_time_holds_its_stage() {
    let stage = pipelines::with(pipelines::codedeploy(), &json!({ "timeout": "10m" }));
    let faults = [
        Fault::of(ANSWER, Fate::NotDone).calls(1..=MANY),
        Fault::of("codedeploy:StopDeployment", Fate::NotDone).calls(1..=MANY),
    ];
    let pipeline = pipelines::of(json!([stage]));
    let story = simulate_with(pipeline, Behaviour::Healthy, &faults);
    assert_eq!(story.violations(), Vec::<String>::new());
    assert_eq!(outcome(&story), Some(Outcome::Failed));
    let reason = &story.ended()[0].reason;
    assert!(reason.contains("it was still AllowTestTraffic"), "{reason}");
    let release = released(&story);
    let held = |event: &Event| matches!(event, Event::Held { .. });
    assert!(release.entries().iter().any(|it| held(&it.event)));
    let late = took(&release);
    assert!(late <= SignedDuration::from_mins(35), "{late:#}");
}
