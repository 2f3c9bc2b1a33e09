//! I6: what people have read at rest. Everything that is written was told in each channel, in its order
//! and once; a line that is sent once more, since nobody knows whether it has arrived, is the same line.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use towpath_core::message::{self, MessageKey};
use towpath_core::pipeline::Channel;
use towpath_core::release::{Outcome, Phase, Release, pending_notifications};

use crate::fate::Fate;
use crate::simulation::Simulation;

/// After that long nothing more is told of a release.
const OLD_NEWS: SignedDuration = SignedDuration::from_hours(7 * 24);

impl Simulation {
    pub(crate) fn check_told(&mut self, release: &Release) {
        let id = release.id();
        let pending = pending_notifications(release);
        if !pending.is_empty() {
            self.violated(format!("I6: {id} has not told {pending:?}"));
        }
        let old_news = release
            .ended_at()
            .is_some_and(|ended| self.now > ended + OLD_NEWS);
        for to in release.pipeline().notify.destinations() {
            let channel = to.channel();
            let said = message::entry_messages(channel, release);
            let said: Vec<_> = said.into_iter().map(|it| it.message.text).collect();
            let heard = self.messages.told.get(&(channel, id.clone()));
            // What is appended says how to answer.
            let cut = |text: &String| {
                let begin = said.iter().find(|said| text.starts_with(said.as_str()));
                begin.unwrap_or(text).clone()
            };
            let heard = heard.into_iter().flatten().map(cut).collect();
            self.compare(release, channel, said.clone(), heard, old_news);
        }
        self.check_cards(release, old_news);
    }

    fn compare(
        &mut self,
        release: &Release,
        channel: Channel,
        said: Vec<String>,
        heard: Vec<String>,
        old_news: bool,
    ) {
        let id = release.id();
        let mut distinct: Vec<String> = Vec::new();
        for line in heard {
            if !distinct.contains(&line) {
                distinct.push(line);
            } else if !self.may_be_told_twice(channel) {
                self.violated(format!("I6: {id} has told twice by {channel}: {line}"));
            }
        }
        let told = if old_news {
            distinct.len() <= said.len() && said[..distinct.len()] == distinct[..]
        } else {
            said == distinct
        };
        if !told {
            self.violated(format!(
                "I6: {id} has told by {channel} {distinct:#?}, and is to tell {said:#?}"
            ));
        }
    }

    /// A bulletin is there once, where it is kept.
    pub(crate) fn check_bulletins(&mut self) {
        if self.may_be_told_twice(Channel::Slack) {
            return;
        }
        let kept = self.messages.kept.iter().map(|kept| &kept.key);
        let bulletins = kept.filter(|key| matches!(key, MessageKey::Bulletin { .. }));
        let mut known = BTreeSet::new();
        let twice = bulletins.filter(|key| !known.insert(*key));
        let twice: Vec<_> = twice.cloned().collect();
        for key in twice {
            self.violated(format!("I6: told twice: {key:?}"));
        }
    }

    /// Whether a line may come once more: where nobody can look whether it has arrived, after a fault.
    fn may_be_told_twice(&self, channel: Channel) -> bool {
        let mut fates = self.calls.fates.keys();
        if channel.keeps_messages() {
            fates.any(|(operation, fate)| {
                operation.starts_with("slack:conversations.") && *fate == Fate::Refused
            })
        } else {
            self.calls.is_late
                || fates.any(|(operation, fate)| match fate {
                    Fate::AnswerLost | Fate::DeathBefore | Fate::DeathAfter => true,
                    Fate::NotDone | Fate::FailedBefore | Fate::Refused => {
                        operation.starts_with("dynamodb:")
                    }
                    Fate::Done | Fate::Stale => false,
                })
        }
    }

    /// At rest there is a card of each release, which says what is so, and that it serves only where it
    /// does.
    fn check_cards(&mut self, release: &Release, old_news: bool) {
        let id = release.id();
        if old_news {
            return;
        }
        for to in release.pipeline().notify.destinations() {
            let channel = to.channel();
            let Some(card) = message::card(channel, &release.overview()) else {
                continue;
            };
            let Some(known) = release.notified(channel).card else {
                self.violated(format!("I6: {id} has no card on {channel}"));
                continue;
            };
            let shown = self.messages.cards.get(&known.message);
            if shown.map(|it| &it.card) != Some(&card) {
                self.violated(format!("I6: the card of {id} does not say what is so"));
            }
            let double = message::double_card(channel, &release.overview());
            let mut others = self.messages.cards.iter();
            let live = others.any(|(message, it)| {
                it.release.as_ref() == Some(id)
                    && *message != known.message
                    && Some(&it.card.blocks) != double.as_ref().map(|double| &double.blocks)
            });
            // Where what was posted may not be looked for, the first one is not known.
            if live && !self.may_be_told_twice(channel) {
                self.violated(format!("I6: {id} has two cards"));
            }
        }
        let mut destinations = release.pipeline().notify.destinations();
        let has_card = destinations.any(|to| to.channel().has_card());
        if release.rollback().is_some() || !has_card {
            return;
        }
        for (index, rollout) in release.rollouts().iter().enumerate() {
            let succeeded = matches!(&rollout.phase, Phase::Ended { conclusion, .. } if conclusion.outcome == Outcome::Succeeded);
            let (true, Some(service)) = (succeeded, release.service_id(index)) else {
                continue;
            };
            let good = self.ledger.row(&service).last_good;
            let serves = good.is_some_and(|good| !good.is_from_before && good.release == *id);
            let says = rollout.serves();
            if serves != says {
                self.violated(format!(
                    "I6: the card of {id} says of {service} that it serves: {says}"
                ));
            }
        }
    }
}
