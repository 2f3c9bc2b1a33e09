//! What a release learns once another one serves where it has served.

use jiff::Timestamp;

use super::accepted::Accepted;
use super::rollout::{Phase, Rollout};
use super::{Event, Outcome, Release, Successor};
use crate::names::ReleaseId;

/// What a release learns from one that serves where it has served.
pub(super) fn accept_successor(release: &Release, successor: Successor) -> Accepted {
    let mut rollouts = release.rollouts().iter().enumerate();
    let here = rollouts
        .find(|(index, _)| release.service_id(*index).as_ref() == Some(&successor.service))
        .and_then(|(_, rollout)| Some((rollout, rollout.succeeded_with()?)));
    let Some((rollout, epoch)) = here else {
        return Accepted::Known;
    };
    let known = rollout.aftermath.as_ref().map(|known| known.epoch);
    if known.unwrap_or(epoch) >= successor.epoch {
        return Accepted::Known;
    }
    let Successor {
        by,
        good_release,
        tag,
        is_rollback,
        epoch,
        ..
    } = successor;
    let stage = rollout.stage.clone();
    Accepted::Add(vec![if good_release.as_ref() == Some(release.id()) {
        Event::BroughtBack { stage, by, epoch }
    } else {
        Event::Replaced {
            stage,
            by,
            tag,
            is_rollback,
            epoch,
        }
    }])
}

impl Rollout {
    /// The epoch with which the release has succeeded in the stage; 0 where that ran already, which
    /// it has not brought.
    fn succeeded_with(&self) -> Option<u64> {
        match &self.phase {
            Phase::Ended {
                conclusion,
                revision: Some(_),
                epoch,
                ..
            } if conclusion.outcome == Outcome::Succeeded => Some(epoch.unwrap_or(0)),
            Phase::Pending
            | Phase::Planned { .. }
            | Phase::Asking { .. }
            | Phase::Live(_)
            | Phase::Ended { .. } => None,
        }
    }

    /// Whether the release is what serves in the stage, as far as it knows. Where it ran already the
    /// service knows another release for that, until a rollback brings back this one.
    #[must_use]
    pub fn serves(&self) -> bool {
        match &self.aftermath {
            Some(after) => after.instead.is_none(),
            None => self.succeeded_with().is_some_and(|epoch| epoch > 0),
        }
    }
}

impl Release {
    /// When the release ended, or learned last what has become of it.
    pub(super) fn last_changed_at(&self) -> Option<Timestamp> {
        let after = self.rollouts().iter();
        let after = after.filter_map(|rollout| rollout.aftermath.as_ref());
        let after = after.map(|aftermath| aftermath.at).max();
        self.ended_at().max(after)
    }

    /// The releases that are to learn that this one succeeds in a service: the one that served there,
    /// and the one that it brings back.
    pub(super) fn concerned_by_success(&self) -> Vec<(ReleaseId, Successor)> {
        let (Some(live), Some(service)) =
            (self.active_rollout(), self.service_id(self.stage_index()))
        else {
            return Vec::new();
        };
        let good = match self.rollback() {
            None => Some(self.id()),
            Some(rollback) => Some(&rollback.good_release).filter(|_| !rollback.is_from_before),
        };
        let before = live.plan.service.last_good.as_ref();
        let before = before
            .filter(|good| !good.is_from_before)
            .map(|good| &good.release);
        let concerned = [before, good].into_iter().flatten();
        let mut concerned: Vec<_> = concerned.filter(|one| *one != self.id()).cloned().collect();
        concerned.dedup();
        let successor = Successor {
            service,
            by: self.id().clone(),
            good_release: good.cloned(),
            tag: good.map(|_| self.image().tag.clone()),
            is_rollback: self.rollback().is_some(),
            epoch: live.epoch,
        };
        concerned
            .into_iter()
            .map(|one| (one, successor.clone()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::tests::given::{Story, given};
    use crate::sample;

    fn serving() -> Story {
        given(sample::shop())
            .pushed("3f2c1ab")
            .planned("test", sample::plan())
            .took("test", 1)
            .ended("test", Outcome::Succeeded, Some(8))
    }

    fn by(name: &str, good: &ReleaseId, epoch: u64) -> Successor {
        let is_rollback = name != good.as_str();
        Successor {
            service: sample::home().service_of(&sample::shop().stages[0]),
            by: name.parse().unwrap(),
            good_release: Some(good.clone()),
            tag: "d00dad1".parse().ok(),
            is_rollback,
            epoch,
        }
    }

    fn added(release: &Release, successor: &Successor) -> Vec<Event> {
        match accept_successor(release, successor.clone()) {
            Accepted::Add(events) => events,
            Accepted::Known => Vec::new(),
        }
    }

    #[test]
    fn it_learns_once_what_serves_instead_and_nothing_that_was_before() {
        let story = serving();
        let other: ReleaseId = "shop-api-0123456789abcdef".parse().unwrap();
        let newer = by(other.as_str(), &other, 3);
        let events = added(&story.release, &newer);
        assert!(
            matches!(
                &events[..],
                [Event::Replaced {
                    is_rollback: false,
                    ..
                }]
            ),
            "{events:?}"
        );
        let story = story.happened(events[0].clone());
        assert_eq!(added(&story.release, &newer), []);
        let own = story.release.id().clone();
        let late = by("shop-api-fedcba9876543210", &own, 2);
        assert_eq!(added(&story.release, &late), []);
        let back = by("shop-api-fedcba9876543210", &own, 4);
        let events = added(&story.release, &back);
        assert!(
            matches!(&events[..], [Event::BroughtBack { .. }]),
            "{events:?}"
        );
    }

    #[test]
    fn where_it_ran_already_it_serves_once_it_is_brought_back() {
        let story = given(sample::shop()).pushed("3f2c1ab");
        let story = story.planned("test", sample::plan());
        let story = story.ended("test", Outcome::Succeeded, Some(8));
        assert!(!story.release.rollouts()[0].serves());
        let own = story.release.id().clone();
        let back = by("shop-api-fedcba9876543210", &own, 4);
        let learned = added(&story.release, &back)[0].clone();
        let story = story.happened(learned);
        assert!(story.release.rollouts()[0].serves());
    }

    #[test]
    fn what_happens_where_it_never_served_is_nothing_to_it() {
        let story = serving();
        let other: ReleaseId = "shop-api-0123456789abcdef".parse().unwrap();
        let elsewhere = Successor {
            service: sample::home().service_of(&sample::shop().stages[1]),
            ..by(other.as_str(), &other, 3)
        };
        assert_eq!(added(&story.release, &elsewhere), []);
    }
}
