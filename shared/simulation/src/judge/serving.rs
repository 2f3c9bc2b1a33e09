//! What serves, and by whose decision (I1, I4): whatever production traffic reaches for the first time
//! was there before, was put there by somebody's own hand, or was approved where the stage asks for
//! that, by enough people who may, in time, of this image, and taken back by nobody.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use towpath_core::pipeline::{ApprovalGate, ApprovalPoint, Stage};
use towpath_core::release::{Order, ServiceId, Subject};

use super::people::{Did, People, Who};
use super::starts::{Start, Starts, Why};
use super::told::Told;

/// What has served.
#[derive(Debug, Default)]
pub(crate) struct Serving {
    /// The fleets that were seen to serve.
    fleets: BTreeSet<String>,
    /// What each service has served, and since when first.
    revisions: BTreeMap<ServiceId, BTreeMap<String, Timestamp>>,
}

impl Serving {
    pub(super) fn knows(&self, fleet: &str) -> bool {
        self.fleets.contains(fleet)
    }

    /// A fleet is seen to serve. Whether its revision has not done so before.
    pub(super) fn begins(
        &mut self,
        service: &ServiceId,
        (fleet, revision): (&str, &str),
        at: Timestamp,
    ) -> bool {
        self.fleets.insert(fleet.to_owned());
        let served = self.revisions.entry(service.clone()).or_default();
        let is_new = !served.contains_key(revision);
        served.entry(revision.to_owned()).or_insert(at);
        is_new
    }

    pub(super) fn served_from(&self, service: &ServiceId, revision: &str) -> Option<Timestamp> {
        self.revisions.get(service)?.get(revision).copied()
    }
}

/// A revision that begins to serve.
pub(super) struct Shift<'a> {
    pub(super) service: &'a ServiceId,
    pub(super) stage: &'a Stage,
    pub(super) revision: &'a str,
    /// The image that it has; none where it does not name one by digest.
    pub(super) digest: Option<&'a str>,
    /// When it was meant to let traffic through, where somebody meant to.
    pub(super) let_through: Option<Timestamp>,
    /// How far the clocks of those may be apart who ask and who decide.
    pub(super) skew: SignedDuration,
}

/// Why it may not serve, if so.
pub(super) fn not_decided(
    shift: &Shift<'_>,
    starts: &Starts,
    people: &People,
    told: &Told,
) -> Option<String> {
    let Shift {
        service, revision, ..
    } = shift;
    let Some(start) = starts.last_of(service, revision) else {
        return Some(format!("nobody has started {revision}"));
    };
    match start.why {
        Why::ByHand | Why::Return => None,
        Why::New => {
            let Some(digest) = shift.digest else {
                return Some(format!("{revision} names its image by tag"));
            };
            vetoed(shift, start, digest, people)
                .or_else(|| not_approved(shift, start, digest, people, told))
        }
    }
}

/// The moment up to which people may decide otherwise.
fn decided_at(shift: &Shift<'_>, start: &Start) -> Timestamp {
    shift.let_through.unwrap_or(start.meant)
}

fn vetoed(shift: &Shift<'_>, start: &Start, digest: &str, people: &People) -> Option<String> {
    let decided_at = decided_at(shift, start);
    let about =
        |subject: &Subject| matches!(subject, Subject::Image(it) if it.to_string() == digest);
    let vetoes = people.acts().filter(
        |act| matches!(&act.did, Did::Order { order: Order::Veto, subject } if about(subject)),
    );
    let mut counting = vetoes.filter(|act| act.counts_before(decided_at));
    let veto = counting.next_back()?;
    let lifted = people.acts().any(|act| {
        matches!(&act.did, Did::Order { order: Order::LiftVeto, subject } if about(subject))
            && act.may_count_before(decided_at)
            && act.until > veto.from
    });
    (!lifted).then(|| format!("I4: its image was vetoed at {}", veto.until))
}

fn not_approved(
    shift: &Shift<'_>,
    start: &Start,
    digest: &str,
    people: &People,
    told: &Told,
) -> Option<String> {
    let gate = shift.stage.approval.as_ref()?;
    let until = match gate.when {
        ApprovalPoint::BeforeRollout => start.meant,
        ApprovalPoint::BeforeTraffic => decided_at(shift, start),
    };
    let mut why = "nobody was asked".to_owned();
    for (key, request) in told.requests() {
        if request.digest != digest || request.stage != shift.stage.name.as_str() {
            continue;
        }
        let open_until = request.shown_at + SignedDuration::from(gate.expires) + shift.skew;
        match counted(gate, key, people, (open_until, until)) {
            Ok(()) => return None,
            Err(problem) => why = problem,
        }
    }
    Some(format!("I1: {why}"))
}

/// Whether a request was granted: enough approved it in time, and nobody rejected it.
fn counted(
    gate: &ApprovalGate,
    key: &str,
    people: &People,
    (open_until, decided_at): (Timestamp, Timestamp),
) -> Result<(), String> {
    let eligible = |by: &Who| match by {
        Who::Slack(user) => gate.slack.iter().any(|it| it.as_str() == user),
        Who::Token => gate.sns,
    };
    let mut approved = BTreeSet::new();
    let mut late = false;
    for act in people.acts() {
        let Did::Decide {
            request,
            by,
            approves,
        } = &act.did
        else {
            continue;
        };
        if request != key || !eligible(by) {
            continue;
        }
        if !approves && act.counts_before(decided_at) {
            return Err(format!("I4: {by:?} has rejected {key}"));
        }
        if *approves && act.may_count_before(decided_at) {
            if act.from < open_until {
                approved.insert(by.clone());
            } else {
                late = true;
            }
        }
    }
    if approved.len() >= usize::from(gate.required) {
        Ok(())
    } else if late {
        Err(format!("I4: {key} was approved after it had expired"))
    } else {
        Err(format!("too few have approved {key}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};
    use towpath_core::message::{APPROVE, REJECT};

    use super::*;
    use crate::judge::sample::{DIGEST, card, clicks, minute, orders, service};
    use crate::judge::starts::Seen;

    fn stage() -> Stage {
        let gate = json!({ "slack": ["U1", "U2"], "expires": "4h" });
        let stage =
            crate::pipelines::with(crate::pipelines::rolling(), &json!({ "approval": gate }));
        from_value(stage).unwrap()
    }

    /// Why what was started at the tenth minute may not serve.
    fn problem(people: &People) -> Option<String> {
        let mut told = Told::default();
        told.posted(
            "1",
            None,
            &card("shop aaaaaaa: test: waits", true),
            minute(1),
        );
        let mut starts = Starts::default();
        starts.means_to_start(&service(), minute(9));
        let start = starts.start(&service(), ("shop:2", Some("shop:1")), false, minute(10));
        starts.add(start, &Seen::of("test"), people);
        let shift = Shift {
            service: &service(),
            stage: &stage(),
            revision: "shop:2",
            digest: Some(DIGEST),
            let_through: None,
            skew: SignedDuration::ZERO,
        };
        not_decided(&shift, &starts, people, &told)
    }

    #[test]
    fn what_nobody_may_have_approved_is_found() {
        let mut people = People::default();
        assert!(problem(&people).is_some());
        // Somebody else's word does not count, nor one that comes later.
        clicks(&mut people, ("U9", APPROVE), (2, Some(2)));
        clicks(&mut people, ("U1", APPROVE), (10, Some(10)));
        assert!(problem(&people).is_some());
        // What nobody heard of may count.
        clicks(&mut people, ("U1", APPROVE), (3, None));
        assert_eq!(problem(&people), None);
    }

    #[test]
    fn what_was_rejected_or_vetoed_before_is_found() {
        let approved = || {
            let mut people = People::default();
            clicks(&mut people, ("U1", APPROVE), (2, Some(2)));
            people
        };
        let mut people = approved();
        clicks(&mut people, ("U2", REJECT), (3, Some(3)));
        assert!(problem(&people).is_some());
        let veto = |at| {
            let mut people = approved();
            let image = Subject::Image(DIGEST.parse().unwrap());
            orders(&mut people, Order::Veto, image, at);
            people
        };
        assert!(problem(&veto(3)).is_some());
        assert_eq!(problem(&veto(9)), None);
    }
}
