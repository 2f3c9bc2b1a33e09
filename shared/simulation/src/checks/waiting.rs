//! Every release that has not ended waits for exactly one thing, and something keeps it where the
//! loop waits.

use jiff::Timestamp;
use towpath_core::message;
use towpath_core::pipeline::Channel;
use towpath_core::release::{Release, Step, Tick, WaitsOn, next};

use crate::simulation::Simulation;

impl Simulation {
    pub(crate) fn check_waiting(&mut self, release: &Release) {
        let id = release.id();
        let waits = message::waiting(release);
        if waits.is_some() == release.conclusion().is_some() {
            let ended = release.conclusion();
            self.violated(format!(
                "{id} waits for {waits:?}, and has ended: {ended:?}"
            ));
        }
        let Some(waiting) = release.waiting() else {
            return;
        };
        let card = message::card(Channel::Slack, &release.overview());
        let card = card.map(|card| card.text).unwrap_or_default();
        let sentence = message::waits_on_card(Channel::Slack, &waiting).unwrap_or_default();
        if sentence.is_empty() || !card.ends_with(&format!("{}: {sentence}", waiting.stage)) {
            self.violated(format!("{id} waits: {waits:?}, and its card says {card}"));
        }
        let moment = Tick {
            now: self.now,
            run_started: Timestamp::MIN,
            notifications_failed: true,
        };
        if let Step::Wait(due) = next(release, moment)
            && waiting.on == WaitsOn::Start
        {
            self.violated(format!("{id} is about to start, and waits until {due:?}"));
        }
    }
}
