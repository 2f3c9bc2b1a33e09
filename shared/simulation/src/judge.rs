//! The judge: whether what was promised holds, as somebody sees it who looks from outside.
//!
//! It looks at AWS, at what has arrived in Slack and by e-mail, at what people did and were answered, at
//! what was pushed and at the pipelines, and at nothing that the deployer says of itself, but for one
//! thing: when it has written that it is about to begin, to start or to let traffic through, since up
//! to then people may decide otherwise. One file per promise:
//!
//! | file | promise | looked at |
//! |---|---|---|
//! | `serving` | I1, I4: what serves was decided | whenever something begins to serve |
//! | `starts` | I2, I3, I4, I5, I9: one deployment at a time, none twice, none that is overtaken or held | whenever something is started |
//! | `revisions` | I3: revisions are bounded | whenever something is registered |
//! | `scaling` | I8: auto scaling is left as its owner wants it | whenever it is set, and at rest |
//! | `told` | I6: what people read, and that it is true | at rest |
//! | `waits` | I6: what people read of what waits | while nothing happens |
//! | `secret` | I11: no secret leaves | whenever something is written or said |
//!
//! `people` is the log of what people did. `checks`, beside this, is about the contract of the deployer
//! with its ledger, at other points: what is written before something is changed, and what entries say.

mod calls;
mod people;
mod quiet;
mod revisions;
#[cfg(test)]
mod sample;
mod scaling;
pub(crate) mod secret;
mod serving;
mod starts;
mod told;
mod waits;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use towpath_core::message::Message;
use towpath_core::pipeline::{Channel, CheckKind, HookPoint, Stage};
use towpath_core::release::{Action, Event, SentMessage, ServiceId};
use towpath_lab_world::Behaviour;

use self::serving::Shift;
use self::starts::Why;
use crate::deliver::What;
use crate::simulation::Simulation;

/// How far the clocks of functions are off at most, where a story does not say.
const CLOCKS: SignedDuration = SignedDuration::from_secs(4);

/// What was seen from outside.
#[derive(Debug, Default)]
pub(crate) struct Judge {
    services: Vec<Watched>,
    /// Since when there are no faults.
    calm_since: Timestamp,
    /// The names of the stages that there are, or were.
    stages: BTreeSet<String>,
    pushes: Vec<Push>,
    /// The tags and digests of the pushes that were heard of, and of those that just are, by run.
    arrived: BTreeSet<(String, String)>,
    arriving: BTreeMap<u64, (String, String)>,
    people: people::People,
    serving: serving::Serving,
    starts: starts::Starts,
    revisions: revisions::Revisions,
    scaling: scaling::Scaling,
    told: told::Told,
}

/// A service that is watched.
#[derive(Debug)]
struct Watched {
    id: ServiceId,
    arn: String,
}

/// An image that somebody has pushed.
#[derive(Debug)]
struct Push {
    at: Timestamp,
    tag: String,
    digest: String,
    behaviour: Behaviour,
}

impl Judge {
    /// Something arrives at a function.
    pub(crate) fn arrives(&mut self, run: u64, what: &What, at: Timestamp) {
        self.people.arrives(run, what, &self.told, at);
        if let What::Push(event) = what {
            let named = |member: &str| event["detail"][member].as_str().unwrap_or_default();
            let image = (
                named("image-tag").to_owned(),
                named("image-digest").to_owned(),
            );
            self.arriving.insert(run, image);
        }
    }

    /// I7: what does not answer is found out by whoever asks it before it gets traffic.
    fn not_checked(&self, shift: &Shift<'_>) -> Option<String> {
        let start = self.starts.last_of(shift.service, shift.revision)?;
        let mut checks = shift.stage.checks_at(HookPoint::AfterTestTraffic);
        let asked = checks.any(|check| matches!(check.kind, CheckKind::Http(_)));
        let mut pushed = self
            .pushes
            .iter()
            .filter(|it| Some(it.digest.as_str()) == shift.digest);
        let answers = pushed.any(|it| it.behaviour != Behaviour::UnhealthyGreen);
        (start.why == Why::New && asked && !answers)
            .then(|| "I7: its check cannot have passed".to_owned())
    }

    /// Somebody is told that what they did does not count.
    pub(crate) fn refused(&mut self, run: u64) {
        self.people.refused(run);
    }

    /// A function has answered, or has failed or died.
    pub(crate) fn answered(&mut self, run: u64, answer: Option<&Value>, at: Timestamp) {
        self.people.answered(run, answer, at);
        let image = self.arriving.remove(&run);
        self.arrived.extend(image.filter(|_| answer.is_some()));
    }
}

impl Simulation {
    fn judged(&mut self, found: impl IntoIterator<Item = String>) {
        self.violations
            .extend(found.into_iter().map(|it| format!("judge: {it}")));
    }

    /// The stage that has a service, as the pipelines are now.
    fn stage_of(&self, service: &ServiceId) -> Option<Stage> {
        let mut stages = self.pipelines.iter().flat_map(|it| &it.stages);
        stages
            .find(|stage| self.home.service_of(stage) == *service)
            .cloned()
    }

    /// Everything was set up: from here on what is there is watched.
    pub(crate) fn judge_from_here(&mut self) {
        for id in self.services() {
            let (account, region) = (&id.account, &id.region);
            let arn = format!(
                "arn:aws:ecs:{region}:{account}:service/{}/{}",
                id.cluster, id.service
            );
            let serving: Vec<_> = own(self.aws.serving(&arn));
            for (fleet, revision) in serving {
                self.judge
                    .serving
                    .begins(&id, (&fleet, &revision), self.now);
            }
            self.judge_scaling(&id, true);
            self.judge.services.push(Watched { id, arn });
        }
    }

    /// What serves now.
    pub(crate) fn judge_serving(&mut self) {
        let mut new = Vec::new();
        for watched in &self.judge.services {
            for (fleet, revision) in self.aws.serving(&watched.arn) {
                if !self.judge.serving.knows(fleet) {
                    new.push((watched.id.clone(), fleet.to_owned(), revision.to_owned()));
                }
            }
        }
        for (service, fleet, revision) in new {
            let at = self.now;
            if !self.judge.serving.begins(&service, (&fleet, &revision), at) {
                continue;
            }
            let Some(stage) = self.stage_of(&service) else {
                continue;
            };
            let skews = self.skew.values().map(|off| off.abs());
            let judge = &self.judge;
            let shift = Shift {
                service: &service,
                stage: &stage,
                revision: &revision,
                digest: judge.revisions.digest(&revision),
                let_through: judge.starts.let_through_at(&service),
                skew: skews.fold(CLOCKS, SignedDuration::max) * 2,
            };
            let problem = serving::not_decided(&shift, &judge.starts, &judge.people, &judge.told);
            let problem = problem.or_else(|| judge.not_checked(&shift));
            let told = problem.map(|it| format!("{revision} serves at {service}: {it}"));
            self.judged(told);
        }
    }

    /// An image was pushed.
    pub(crate) fn judge_push(&mut self, tag: &str, digest: &str, behaviour: Behaviour) {
        self.judge.pushes.push(Push {
            at: self.now,
            tag: tag.to_owned(),
            digest: digest.to_owned(),
            behaviour,
        });
    }

    /// Entries were written.
    pub(crate) fn judge_written(&mut self, events: &[Event]) {
        let now = self.now;
        for event in events {
            let written = serde_json::to_string(event).unwrap_or_default();
            self.judged(secret::leaks("the ledger", &written));
            if let Event::RolloutStarted { stage, .. } = event {
                let stages = self.pipelines.iter().flat_map(|it| &it.stages);
                let of = stages.filter(|it| it.name == *stage);
                let services: Vec<_> = of.map(|it| self.home.service_of(it)).collect();
                for service in services {
                    self.judge.starts.begins(&service, now);
                }
            }
            if let Event::Intended { actions, .. } = event {
                for action in actions {
                    if let Some(start) = action.as_start() {
                        self.judge.starts.means_to_start(&start.place.service, now);
                    }
                    if let Action::Continue { place, .. } = action {
                        self.judge.starts.means_to_let_through(&place.service, now);
                    }
                }
            }
        }
    }

    /// A message has arrived.
    pub(crate) fn judge_message(
        &mut self,
        channel: Channel,
        sent: &SentMessage,
        message: &Message,
        below: Option<&SentMessage>,
    ) {
        let (now, told) = (self.now, &mut self.judge.told);
        if channel.has_card() {
            let below = below.map(|it| it.id.as_str());
            told.posted(&sent.id, below, message, now);
        } else {
            told.mailed(message, now);
        }
        self.judge_text(message);
    }

    /// A message in Slack is shown otherwise.
    pub(crate) fn judge_edit(&mut self, sent: &SentMessage, message: &Message) {
        let now = self.now;
        self.judge.told.shown(&sent.id, message, now);
        self.judge_text(message);
    }

    fn judge_text(&mut self, message: &Message) {
        let found = secret::leaks("a message", &json!(message).to_string());
        self.judged(found);
        self.judged(waits::is_kept(&message.text));
    }
}

fn own<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<(String, String)> {
    pairs
        .map(|(one, other)| (one.to_owned(), other.to_owned()))
        .collect()
}
