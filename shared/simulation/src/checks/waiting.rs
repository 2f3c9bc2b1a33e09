//! Every release that has not ended waits for exactly one thing, and its summary and its card say so.

use towpath_core::message;
use towpath_core::release::{Release, Summary};

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
        let Some(waits) = waits else {
            return;
        };
        let state = Summary::of(release).map(|summary| summary.state);
        // A long one is cut there.
        let state = state.unwrap_or_default();
        let begin = waits.chars().take(100).collect::<String>();
        if !state.contains(&begin) {
            self.violated(format!("{id} waits: {waits}, and its summary says {state}"));
        }
        let card = message::card(release).text;
        let stage = release.waiting().map(|waiting| waiting.stage.name.clone());
        let named = stage.is_some_and(|stage| card.contains(stage.as_str()));
        if !named {
            self.violated(format!("{id} waits: {waits}, and its card says {card}"));
        }
    }
}
