//! What was started (I2, I3, I4, I5): one deployment at a time at a service, none of one revision
//! twice, none that older than another one, and none where somebody holds the stage.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use towpath_core::release::{Order, ServiceId, Subject};

use super::people::{Did, People};

/// Why something was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// Somebody did so by hand.
    ByHand,
    /// It brings something that was not there before.
    New,
    /// It brings back what was there.
    Return,
}

/// A deployment that was started.
#[derive(Debug, Clone)]
pub(super) struct Start {
    pub(super) why: Why,
    pub(super) service: ServiceId,
    pub(super) revision: String,
    /// What was there before.
    pub(super) before: Option<String>,
    pub(super) at: Timestamp,
    /// Whether another deployment was under way then.
    pub(super) amidst: bool,
    /// Whether it brings back what somebody has certainly asked for.
    pub(super) asked: bool,
    /// When its release began at the service, and when it was meant to be started.
    pub(super) began: Timestamp,
    pub(super) meant: Timestamp,
    /// When its image was pushed first, and last.
    pub(super) pushed: Option<(Timestamp, Timestamp)>,
}

/// What is written down before a deployment is started or let through.
#[derive(Debug, Clone, Copy, Default)]
struct Meant {
    begins: Option<Timestamp>,
    starts: Option<Timestamp>,
    lets_through: Option<Timestamp>,
}

/// Everything that was started.
#[derive(Debug, Default)]
pub(crate) struct Starts {
    all: Vec<Start>,
    meant: BTreeMap<ServiceId, Meant>,
}

/// What is seen at a service when something is started there.
pub(super) struct Seen<'a> {
    pub(super) stage: &'a str,
    /// Whether a deployment is under way.
    pub(super) deploying: bool,
    /// After that long a deployment that came to no end is left as it is.
    pub(super) given_up_after: SignedDuration,
    /// Whether what is to be started has served there, or somebody had put it there by hand, and it was
    /// replaced before it had any traffic.
    pub(super) served: bool,
    /// Whether whoever looked lately may not have seen what somebody has changed by hand.
    pub(super) edited_just_now: bool,
    /// Whether people know that the deployer does not know what became of its last deployment.
    pub(super) came_to_no_end: bool,
}

impl Starts {
    pub(super) fn last_of(&self, service: &ServiceId, revision: &str) -> Option<&Start> {
        let mut all = self.all.iter().rev();
        all.find(|it| it.service == *service && it.revision == revision)
    }

    pub(super) fn was_put_there_by_hand(&self, service: &ServiceId, revision: &str) -> bool {
        let mut all = self.all.iter();
        all.any(|it| it.service == *service && it.revision == revision && it.why == Why::ByHand)
    }

    pub(super) fn last_at(&self, service: &ServiceId) -> Option<&Start> {
        self.all.iter().rev().find(|it| it.service == *service)
    }

    /// What was started last at a service, and not by hand.
    pub(super) fn last_of_ours(&self, service: &ServiceId) -> Option<&Start> {
        let mut all = self.all.iter().rev();
        all.find(|it| it.service == *service && it.why != Why::ByHand)
    }

    /// A release begins at a service.
    pub(super) fn begins(&mut self, service: &ServiceId, at: Timestamp) {
        let meant = Meant {
            begins: Some(at),
            ..Meant::default()
        };
        self.meant.insert(service.clone(), meant);
    }

    /// It is written that a deployment is about to be started.
    pub(super) fn means_to_start(&mut self, service: &ServiceId, at: Timestamp) {
        let meant = self.meant.entry(service.clone()).or_default();
        meant.starts.get_or_insert(at);
    }

    /// It is written that traffic is about to be let through.
    pub(super) fn means_to_let_through(&mut self, service: &ServiceId, at: Timestamp) {
        let meant = self.meant.entry(service.clone()).or_default();
        meant.lets_through.get_or_insert(at);
    }

    pub(super) fn let_through_at(&self, service: &ServiceId) -> Option<Timestamp> {
        self.meant.get(service)?.lets_through
    }

    /// A deployment as it is started now.
    pub(super) fn start(
        &self,
        service: &ServiceId,
        (revision, before): (&str, Option<&str>),
        by_hand: bool,
        at: Timestamp,
    ) -> Start {
        let meant = self.meant.get(service).copied().unwrap_or_default();
        let why = if by_hand {
            Why::ByHand
        } else if self.brings_back(service, revision) {
            Why::Return
        } else {
            Why::New
        };
        Start {
            why,
            service: service.clone(),
            revision: revision.to_owned(),
            before: before.map(str::to_owned),
            at,
            amidst: false,
            asked: false,
            began: meant.begins.unwrap_or(at),
            meant: meant.starts.unwrap_or(at),
            pushed: None,
        }
    }

    /// Whether a revision was there when one of the last two deployments was started that brought
    /// something else: what was rolled back itself is not brought back. Where the last one brought back
    /// itself, and is taken back, what comes is what somebody had put there by hand meanwhile.
    fn brings_back(&self, service: &ServiceId, revision: &str) -> bool {
        let was_there =
            |it: &Start| it.before.as_deref() == Some(revision) && it.revision != revision;
        let of = self.all.iter().rev();
        let of = of.filter(|it| it.service == *service && it.why != Why::Return);
        let by_hand = self.last_of(service, revision).map(|it| it.why) == Some(Why::ByHand);
        let ours = self.last_of_ours(service);
        of.take(2).any(was_there) || (by_hand && ours.is_some_and(was_there))
    }

    /// Something is started. What does not hold then.
    pub(super) fn add(
        &mut self,
        mut start: Start,
        seen: &Seen<'_>,
        people: &People,
    ) -> Vec<String> {
        if start.why == Why::New
            && seen.served
            && asked_back(&start, seen.stage, people, Timestamp::MIN)
        {
            start.why = Why::Return;
        }
        if start.why == Why::Return {
            let new = self.all.iter().rev();
            let mut new = new.filter(|it| it.service == start.service && it.why == Why::New);
            let since = new.next().map_or(Timestamp::MIN, |it| it.at);
            start.asked = people.acts().any(|act| {
                matches!(&act.did, Did::RollBack { stage } if stage == seen.stage)
                    && act.counts_before(start.at)
                    && act.from > since
            });
        }
        let found = match start.why {
            Why::ByHand => Vec::new(),
            Why::Return => self.overwrites(&start, seen, people).into_iter().collect(),
            Why::New => self.wrong_of_new(&start, seen, people),
        };
        start.amidst = seen.deploying;
        self.all.push(start);
        found
    }

    fn wrong_of_new(&self, start: &Start, seen: &Seen<'_>, people: &People) -> Vec<String> {
        let Start {
            service, revision, ..
        } = start;
        let mut found = Vec::new();
        let mut here = self.all.iter().filter(|it| it.service == *service);
        let last = here.clone().next_back();
        let here_last_asked = last.filter(|it| it.asked).map(|it| it.at);
        if here.any(|it| it.revision == *revision) {
            found.push(format!("I3: {revision} is started again at {service}"));
        }
        let is_ours = |last: &Start| {
            let subject = Subject::Service(service.clone());
            let accepted = people.may_have_ordered(Order::LiftHold, &subject, (last.at, start.at));
            let given_up = start.at.duration_since(last.at) >= seen.given_up_after;
            last.why != Why::ByHand && !accepted && !given_up
        };
        if seen.deploying && last.is_some_and(is_ours) {
            found.push(format!(
                "I2: {revision} is started at {service} while another deployment is under way"
            ));
        }
        let newer = self.all.iter().find(|it| {
            let newer = it.pushed.zip(start.pushed);
            let is_newer = newer.is_some_and(|((first, _), (_, last))| first > last);
            it.service == *service && it.why == Why::New && is_newer
        });
        if let Some(newer) = newer {
            found.push(format!(
                "I5: {revision} is started at {service} after {}, which came later",
                newer.revision
            ));
        }
        if let Some(back) = here_last_asked {
            let subject = Subject::Service(service.clone());
            if !people.may_have_ordered(Order::LiftHold, &subject, (back, start.at)) {
                found.push(format!(
                    "I4: {revision} is started at {service}, which was rolled back by hand at {back}"
                ));
            }
        }
        if let Some(since) = held(start, people) {
            found.push(format!(
                "I4: {revision} is started at {service}, which is on hold since {since}"
            ));
        }
        found.extend(self.overwrites(start, seen, people));
        found
    }

    /// I9: what somebody has put there by hand, and nobody has accepted, is not overwritten.
    fn overwrites(&self, start: &Start, seen: &Seen<'_>, people: &People) -> Option<String> {
        let Start {
            service, revision, ..
        } = start;
        let edit = self.last_at(service)?;
        let is_there = edit.why == Why::ByHand && start.before.as_deref() == Some(&edit.revision);
        // Where nothing was deployed before, what is there is what somebody begins with.
        let mut before = self.all.iter().take_while(|it| it.at < edit.at);
        let is_ours = before.any(|it| it.service == *service && it.why != Why::ByHand);
        // What was changed in the midst of a deployment is found out by whoever waits for that.
        let here = self.all.iter().rev().filter(|it| it.service == *service);
        let mut edits = here.take_while(|it| it.why == Why::ByHand);
        let amidst = edits.any(|it| it.amidst);
        if !is_there || !is_ours || amidst || seen.edited_just_now || seen.came_to_no_end {
            return None;
        }
        let subject = Subject::Service(service.clone());
        // Whoever lifts a hold accepts what is there then, and what comes there before the next deployment.
        let ours = self.last_of_ours(service).map_or(edit.at, |it| it.at);
        let span = (ours.min(edit.at), start.at);
        let accepted = people.may_have_ordered(Order::LiftHold, &subject, span) || {
            // What somebody wants back comes back, whatever is there meanwhile.
            let since = if start.why == Why::Return {
                Timestamp::MIN
            } else {
                edit.at
            };
            asked_back(start, seen.stage, people, since)
        };
        (!accepted).then(|| {
            format!(
                "I9: {revision} overwrites {} at {service}, which somebody put there by hand",
                edit.revision
            )
        })
    }
}

/// Whether somebody may have asked since then for what was there.
fn asked_back(start: &Start, at_stage: &str, people: &People, since: Timestamp) -> bool {
    people.acts().any(|act| {
        matches!(&act.did, Did::RollBack { stage } if stage == at_stage)
            && act.may_count_before(start.at)
            && act.until > since
    })
}

/// Since when somebody holds the stage, where that was so when the release began there.
fn held(start: &Start, people: &People) -> Option<Timestamp> {
    let subject = Subject::Service(start.service.clone());
    let holds = people.acts().filter(
        |act| matches!(&act.did, Did::Order { order: Order::Hold, subject: about } if *about == subject),
    );
    let mut counting = holds.filter(|act| act.counts_before(start.began));
    let hold = counting.next_back()?;
    let span = (hold.from, start.began);
    let lifted = people.may_have_ordered(Order::LiftHold, &subject, span);
    (!lifted).then_some(hold.until)
}

#[cfg(test)]
impl<'a> Seen<'a> {
    /// Nothing is under way, and nothing was there before.
    pub(super) fn of(stage: &'a str) -> Self {
        Self {
            stage,
            deploying: false,
            given_up_after: SignedDuration::from_hours(2),
            served: false,
            edited_just_now: false,
            came_to_no_end: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::sample::{minute, orders, service};

    /// What is found when these are started one after the other.
    struct World {
        starts: Starts,
        people: People,
        now: i64,
        runs: String,
    }

    fn world() -> World {
        World {
            starts: Starts::default(),
            people: People::default(),
            now: 0,
            runs: "shop:1".to_owned(),
        }
    }

    impl World {
        fn starts(&mut self, revision: &str, by_hand: bool, deploying: bool) -> Vec<String> {
            self.now += 10;
            self.starts.begins(&service(), minute(self.now));
            let what = (revision, Some(self.runs.as_str()));
            let start = self
                .starts
                .start(&service(), what, by_hand, minute(self.now));
            self.runs = revision.to_owned();
            let seen = Seen {
                deploying,
                ..Seen::of("test")
            };
            self.starts.add(start, &seen, &self.people)
        }

        fn orders(&mut self, order: Order) {
            self.now += 1;
            let subject = Subject::Service(service());
            orders(&mut self.people, order, subject, self.now);
        }
    }

    #[test]
    fn what_is_started_twice_is_found() {
        let mut world = world();
        assert!(world.starts("shop:2", false, false).is_empty());
        // It is rolled back.
        assert!(world.starts("shop:1", false, true).is_empty());
        let found = world.starts("shop:2", false, false);
        assert!(found[0].starts_with("I3"), "{found:?}");
    }

    #[test]
    fn a_return_that_is_taken_back_brings_back_what_was_put_there_by_hand_and_nothing_else() {
        let mut edited = world();
        assert!(edited.starts("shop:2", false, false).is_empty());
        edited.starts("shop:3", true, false);
        edited.starts("shop:4", true, false);
        edited.orders(Order::LiftHold);
        assert!(edited.starts("shop:3", false, false).is_empty());
        assert!(edited.starts("shop:4", false, true).is_empty());
        let mut deployed = world();
        assert!(deployed.starts("shop:2", false, false).is_empty());
        assert!(deployed.starts("shop:3", false, false).is_empty());
        assert!(deployed.starts("shop:2", false, false).is_empty());
        let found = deployed.starts("shop:3", false, true);
        assert!(found[0].starts_with("I3"), "{found:?}");
    }

    #[test]
    fn two_deployments_at_once_are_found() {
        let mut world = world();
        assert!(world.starts("shop:2", false, false).is_empty());
        let found = world.starts("shop:3", false, true);
        assert!(found[0].starts_with("I2"), "{found:?}");
    }

    #[test]
    fn what_begins_on_a_stage_on_hold_is_found() {
        let mut world = world();
        world.orders(Order::Hold);
        let found = world.starts("shop:2", false, false);
        assert!(found[0].starts_with("I4"), "{found:?}");
        world.orders(Order::LiftHold);
        assert!(world.starts("shop:3", false, false).is_empty());
    }

    #[test]
    fn what_overwrites_an_edit_by_hand_is_found_unless_it_was_accepted() {
        let edited = || {
            let mut world = world();
            assert!(world.starts("shop:2", false, false).is_empty());
            assert!(world.starts("shop:3", true, false).is_empty());
            world
        };
        let found = edited().starts("shop:4", false, false);
        assert!(found[0].starts_with("I9"), "{found:?}");
        let mut accepted = edited();
        accepted.orders(Order::LiftHold);
        assert!(accepted.starts("shop:4", false, false).is_empty());
    }

    #[test]
    fn what_is_older_than_what_was_started_is_found() {
        let mut starts = Starts::default();
        let people = People::default();
        let mut found = Vec::new();
        for (revision, pushed) in [("shop:2", 5), ("shop:3", 4)] {
            let mut start = starts.start(&service(), (revision, None), false, minute(9));
            start.pushed = Some((minute(pushed), minute(pushed)));
            found = starts.add(start, &Seen::of("test"), &people);
        }
        assert!(found[0].starts_with("I5"), "{found:?}");
    }
}
