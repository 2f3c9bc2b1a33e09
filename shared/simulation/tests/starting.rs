//! A deployment whose start nobody heard of, and that came to nothing before anybody looked for it.

use serde_json::json;
use towpath_core::release::{DeploymentStatus, Event, Outcome};
use towpath_simulation::{Behaviour, Fate, Fault, pipelines, simulate_with};

/// The circuit breaker takes a minute, and whoever comes after a run that has died waits for longer.
#[test]
fn what_ecs_has_taken_back_meanwhile_is_not_started_again() {
    let update = "ecs:UpdateService";
    let faults = [Fault::of(update, Fate::DeathAfter)];
    let pipeline = pipelines::of(json!([pipelines::rolling()]));
    let story = simulate_with(pipeline, Behaviour::CrashLoop, &faults);
    assert_eq!(story.violations(), Vec::<String>::new());
    let updates: usize = [Fate::Done, Fate::DeathAfter]
        .iter()
        .filter_map(|fate| story.fates().get(&(update, *fate)).copied())
        .sum();
    assert_eq!(updates, 1);

    let ended = story.ended();
    assert_eq!(ended.len(), 1, "{ended:#?}");
    assert_eq!(ended[0].outcome, Some(Outcome::RolledBack), "{ended:#?}");
    assert!(ended[0].reason.contains("circuit breaker"), "{ended:#?}");
    let release = story.releases().remove(0);
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
