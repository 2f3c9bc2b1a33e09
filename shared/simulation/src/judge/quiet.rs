//! What is looked at while nothing happens, and when everything has come to rest.

use jiff::SignedDuration;
use towpath_core::pipeline::TagVerdict;

use super::starts::Why;
use super::{Push, waits};
use crate::fate::Fate;
use crate::simulation::Simulation;

/// For how long people are told of what has ended.
const OLD_NEWS: SignedDuration = SignedDuration::from_hours(7 * 24);

const A_SECOND: SignedDuration = SignedDuration::from_secs(1);

impl Simulation {
    /// There are no faults from here on.
    pub(crate) fn judge_calm(&mut self) {
        self.judge.calm_since = self.now;
    }

    /// The pipelines are these from here on.
    pub(crate) fn judge_pipelines(&mut self) {
        let stages = self.pipelines.iter().flat_map(|it| &it.stages);
        let names = stages.map(|it| it.name.as_str().to_owned());
        self.judge.stages.extend(names);
    }

    /// Nothing happens for a while, and faults have stopped.
    pub(crate) fn judge_pause(&mut self) {
        let stages = || self.judge.stages.iter().map(String::as_str);
        let cards = self.judge.told.cards();
        let found = cards
            .filter_map(|card| waits::wrong(card, stages(), (self.judge.calm_since, self.now)));
        let found: Vec<_> = found.collect();
        self.judged(found);
    }

    /// Everything has come to rest.
    pub(crate) fn judge_rest(&mut self) {
        // What is read before it is put back may be refused, too.
        let calls = [
            "application-autoscaling:DescribeScalableTargets",
            "application-autoscaling:RegisterScalableTarget",
            "ecs:DescribeServices",
        ];
        let mut calls = calls.into_iter();
        let was_refused = calls.any(|it| self.calls.fates.contains_key(&(it, Fate::Refused)));
        let told_otherwise = was_refused && {
            let pipelines = self.pipelines.iter();
            let mut channels = pipelines.flat_map(|it| it.notify.destinations());
            channels.all(|it| self.judge.told.says(it.channel(), "auto scaling"))
        };
        for service in self.services() {
            let target = self.scaling_of(&service);
            let scaling = &self.judge.scaling;
            let found = scaling.rests(&service, target.as_ref(), told_otherwise);
            self.judged(found);
        }
        if self.now.duration_since(self.applied_at) > OLD_NEWS {
            return;
        }
        let mut found = Vec::new();
        for pipeline in self.pipelines.iter().filter(|it| it.notify.slack.is_some()) {
            let taken = self.judge.arrived.iter().filter(|(tag, digest)| {
                let mut pushes = self.judge.pushes.iter().rev();
                let last = pushes.find(|it| it.tag == *tag);
                let is_there = last.is_some_and(|it| it.digest == *digest);
                let verdict = tag.parse().map(|tag| pipeline.tags.judge(&tag));
                is_there && matches!(verdict, Ok(TagVerdict::Taken(_)))
            });
            let name = pipeline.pipeline.as_str();
            found.extend(self.judge.told.at_rest(name, taken));
        }
        // What nobody knows to have arrived is sent once more.
        let mut fates = self.calls.fates.keys();
        if fates.all(|(_, fate)| *fate == Fate::Done) {
            found.extend(self.judge.told.repeated());
        }
        found.extend(self.untrue_cards());
        found.extend(self.newer_ones_that_do_not_serve());
        self.judged(found);
    }

    /// The services at which an older image serves than one whose release succeeded (I5), though nobody
    /// has brought it back or put it there by hand.
    fn newer_ones_that_do_not_serve(&self) -> Vec<String> {
        let pushes = &self.judge.pushes;
        let mut found = Vec::new();
        for pipeline in &self.pipelines {
            let name = pipeline.pipeline.as_str();
            let succeeded = |tag: &str, digest: &str| {
                let text = format!("{name} {tag}: succeeded");
                let mut cards = self.judge.told.cards();
                cards.any(|card| card.text == text && card.digest().as_deref() == Some(digest))
            };
            let newest = pushes
                .iter()
                .rposition(|push| succeeded(&push.tag, &push.digest));
            for stage in &pipeline.stages {
                let service = self.home.service_of(stage);
                let last = self.judge.starts.last_at(&service);
                let last = last.filter(|last| last.why == Why::New);
                let digest = last.and_then(|it| self.judge.revisions.digest(&it.revision));
                let Some((newest, digest)) = newest.zip(digest) else {
                    continue;
                };
                let newest = &pushes[newest];
                let mut same = pushes.iter().filter(|push| push.digest == digest);
                // Events say to the second when an image came under a tag.
                let is_older = |push: &Push| push.at + A_SECOND < newest.at;
                if same.clone().next().is_some() && same.all(is_older) {
                    let tag = &newest.tag;
                    found.push(format!(
                        "I5: {tag} is newer and succeeded, and at {service} {digest} serves"
                    ));
                }
            }
        }
        found
    }

    /// The cards that say of their image that it serves where something else does.
    fn untrue_cards(&self) -> Vec<String> {
        let mut found = Vec::new();
        for watched in &self.judge.services {
            let service = &watched.id;
            let last = self.judge.starts.last_at(service);
            let (Some(stage), Some(last)) = (self.stage_of(service), last) else {
                continue;
            };
            let runs = self.aws.definition_of(&watched.arn);
            let digest = runs.and_then(|it| self.judge.revisions.digest(it));
            let cards = self.judge.told.cards();
            for card in cards.filter(|card| card.serves_at(stage.name.as_str())) {
                if last.why != Why::ByHand && card.digest().as_deref() != digest {
                    found.push(format!(
                        "I6: a card says that it serves at {service}, where {runs:?} does: {}",
                        card.text
                    ));
                }
            }
        }
        found
    }
}
