//! What is done when somebody wants to roll back: each case of the table in `rollback/decide.rs`.

mod named;

use jiff::Timestamp;

use super::bringing_back::somebody;
use super::given::{Story, given, kept, stage};
use crate::names::ReleaseId;
use crate::release::{
    Actor, Entry, Found, GoodRelease, NewRollback, Outcome, Principal, Refusal, Release, Revision,
    Rollback, RollbackDecision, RollbackFacts, RollbackOf, RollbackRefused, RollbackRequest,
    RollbackTarget, ServiceId, ServiceRow, Serving, StageNow, Untrusted, WantedRollback,
    decide_rollback,
};
use crate::sample;

/// What is known of a stage in which one release succeeded after another one: `test`.
struct Case {
    facts: RollbackFacts,
    first: Release,
    last: Release,
}

fn pushed(tag: &str) -> Story {
    given(sample::silent_shop()).pushed(tag)
}

/// A release that took over from revision `before`, and succeeded at `test` with revision `with`.
fn succeeded(tag: &str, before: u64, with: u64) -> Release {
    let story = pushed(tag).planned_but("test", |plan| plan.previous = sample::revision(before));
    let story = story.took("test", 1);
    story.ended("test", Outcome::Succeeded, Some(with)).release
}

fn good(release: &Release, revision: u64) -> GoodRelease {
    GoodRelease {
        release: release.id().clone(),
        digest: Some(release.image().digest),
        revision: sample::revision(revision),
        anew: None,
        at: Timestamp::UNIX_EPOCH,
        is_from_before: false,
    }
}

/// What is good by the row where what ran before `release` serves.
fn before(release: &Release, revision: u64) -> GoodRelease {
    GoodRelease {
        is_from_before: true,
        ..good(release, revision)
    }
}

impl Case {
    /// The first release came to revision 7 and left 8, the last left 9. Nobody has the service, and
    /// it runs what was left.
    fn new() -> Self {
        let (first, last) = (succeeded("1111111", 7, 8), succeeded("2222222", 8, 9));
        let row = ServiceRow {
            epoch: 2,
            taken_by: Some(last.id().clone()),
            last_good: Some(good(&last, 9)),
            history: vec![good(&first, 8), before(&first, 7)],
            baseline: Some(sample::revision(9)),
            ..ServiceRow::default()
        };
        let facts = RollbackFacts {
            row: Some(row),
            serving: Some(Serving::Runs(sample::revision(9))),
            newest: Some(Vec::new()),
            ..RollbackFacts::default()
        };
        let case = Self { facts, first, last };
        let (first, last) = (case.first.clone(), case.last.clone());
        case.knows(&first).knows(&last)
    }

    fn knows(mut self, release: &Release) -> Self {
        let found = Found::Release(Box::new(release.clone()));
        self.facts.releases.insert(release.id().clone(), found);
        self
    }

    fn row(mut self, change: impl FnOnce(&mut ServiceRow)) -> Self {
        change(self.facts.row.as_mut().expect("the row"));
        self
    }

    fn serving(mut self, serving: Serving) -> Self {
        self.facts.serving = Some(serving);
        self
    }

    /// That release has the service.
    fn owned_by(self, owner: &Release) -> Self {
        let id = owner.id().clone();
        self.knows(owner).row(|row| {
            row.owner = Some(id.clone());
            row.taken_by = Some(id);
        })
    }

    fn finds(mut self, id: &ReleaseId, found: Found) -> Self {
        self.facts.releases.insert(id.clone(), found);
        self
    }

    fn decides(&self, of: RollbackOf) -> RollbackDecision<'_> {
        decide_rollback(&request(of, somebody()), &self.facts)
    }

    fn refuses(&self, of: RollbackOf) -> String {
        let decided = self.decides(of);
        let RollbackDecision::Refused(refused) = &decided else {
            panic!("it is refused: {decided:?}");
        };
        refused.to_string()
    }

    /// What the rollback that is opened brings back, and the release that it takes the service from.
    fn opens(&self, of: RollbackOf) -> (Rollback, Option<ReleaseId>) {
        let decided = self.decides(of);
        let RollbackDecision::Open {
            rollback,
            taken_from,
        } = &decided
        else {
            panic!("a rollback is opened: {decided:?}");
        };
        let taken_from = taken_from.as_ref().map(|(release, _)| release.clone());
        (rollback.rollback().clone(), taken_from)
    }

    /// The revision that is brought back, and the release that is rolled back for it.
    fn brings_back(&self, of: RollbackOf) -> (Revision, Option<ReleaseId>) {
        let (rollback, _) = self.opens(of);
        (rollback.revision, rollback.from)
    }
}

fn request(of: RollbackOf, by: Principal) -> RollbackRequest {
    RollbackRequest {
        of,
        by,
        reason: Some("it is slow".into()),
        stored: kept(),
    }
}

fn service() -> ServiceId {
    pushed("1111111").service(0)
}

fn now() -> StageNow {
    StageNow {
        pipeline: sample::shop().pipeline,
        stage: stage("test"),
        service: service(),
    }
}

fn the_stage() -> RollbackOf {
    RollbackOf::Stage(now())
}

fn on_its_card(release: &Release) -> RollbackOf {
    RollbackOf::Release {
        release: release.id().clone(),
        stage: stage("test"),
    }
}

fn to(release: &Release) -> RollbackOf {
    RollbackOf::To(now(), RollbackTarget::Release(release.id().clone()))
}

fn to_revision(name: &str) -> RollbackOf {
    RollbackOf::To(now(), RollbackTarget::Revision(name.into()))
}

/// A release that is being rolled out to `test`.
fn rolling_out() -> Release {
    pushed("3333333").deploying_at_test().release
}

/// A rollback to what `good` ran with, or to what ran before it, that has the service.
fn rolling_back(from: Option<&Release>, good: &Release, before: bool) -> Release {
    let wanted = WantedRollback {
        stage: stage("test"),
        from: from.map(|from| from.id().clone()),
        before,
        by: somebody(),
        reason: None,
    };
    let new = NewRollback::new(good, good, wanted, 2).expect("a rollback");
    let (id, mut events) = new.opened(0);
    let actor = Actor::Function("towpath".into());
    let entry = Entry::after(None, &id, sample::dawn(), actor, events.remove(0));
    let mut story = pushed("1111111");
    story.release = Release::fold(id, vec![entry]).expect("a release");
    story
        .planned("test", sample::plan())
        .took("test", 3)
        .release
}

/// The release, of which only so many entries are trusted.
fn distrusted(release: Release, trusted: u64) -> Release {
    release.distrusted(Untrusted {
        trusted,
        reason: "entry 5 has no seal".into(),
    })
}

#[test]
fn a_stage_goes_back_to_what_served_before_what_serves() {
    let case = Case::new();
    let last = || Some(case.last.id().clone());
    let (eight, nine) = (sample::revision(8), sample::revision(9));
    assert_eq!(case.brings_back(the_stage()), (eight.clone(), last()));

    // Something else than what was left last serves: that comes back, and no release is rolled back.
    let instead = |serving| Case::new().serving(serving).brings_back(the_stage());
    for serving in [
        Serving::Runs(sample::revision(4)),
        Serving::Failed(Some(sample::revision(4))),
        Serving::Failed(None),
    ] {
        assert_eq!(
            instead(serving.clone()),
            (nine.clone(), None),
            "{serving:?}"
        );
    }
    assert_eq!(instead(Serving::NotKnown), (eight, last()));
}

#[test]
fn what_a_release_has_left_that_is_not_driven_makes_way_for_what_was_good() {
    let bad = distrusted(rolling_out(), 5);
    let id = bad.id().clone();
    for found in [
        Found::Release(Box::new(bad)),
        Found::Unreadable("entry 5 was edited".into()),
        Found::Missing,
    ] {
        // It is not looked at what serves.
        let mut case = Case::new().finds(&id, found.clone());
        case.facts.serving = None;
        let let_go = case.row(|row| row.taken_by = Some(id.clone()));
        let (rollback, taken_from) = let_go.opens(the_stage());
        assert_eq!(rollback.revision, sample::revision(9), "{found:?}");
        assert_eq!(taken_from, None);
        // While it has the service still, the rollback takes it.
        let kept = let_go.row(|row| row.owner = Some(id.clone()));
        let (rollback, taken_from) = kept.opens(the_stage());
        assert_eq!(rollback.revision, sample::revision(9), "{found:?}");
        assert_eq!(taken_from, Some(id.clone()));
    }
}

#[test]
fn a_rollout_that_is_under_way_is_rolled_back() {
    let live = rolling_out();
    let case = Case::new().owned_by(&live);
    for of in [the_stage(), on_its_card(&live)] {
        let decided = case.decides(of.clone());
        let RollbackDecision::RollBack {
            release,
            then: None,
            ..
        } = &decided
        else {
            panic!("it is rolled back for {of:?}: {decided:?}");
        };
        assert_eq!(release.id(), live.id());
    }
    // To something else: that is opened too, and waits for its turn.
    let decided = case.decides(to(&case.first));
    let RollbackDecision::RollBack {
        release,
        then: Some(rollback),
        ..
    } = &decided
    else {
        panic!("it is rolled back: {decided:?}");
    };
    assert_eq!(release.id(), live.id());
    assert_eq!(rollback.rollback().revision, sample::revision(8));
    // What cannot be brought back is no reason to roll anything back.
    let never = pushed("4444444").release;
    let case = case.knows(&never);
    assert!(case.refuses(to(&never)).contains("never served in test"));
}

#[test]
fn asking_twice_is_one_rollback() {
    let Case { first, last, .. } = Case::new();
    let under_way = |rollback: &Release, of: RollbackOf| {
        let case = Case::new().owned_by(rollback);
        match case.decides(of) {
            RollbackDecision::UnderWay { release, .. } => release.id() == rollback.id(),
            RollbackDecision::Lookup(_)
            | RollbackDecision::RollBack { .. }
            | RollbackDecision::Open { .. }
            | RollbackDecision::Refused(_) => false,
        }
    };
    let to_first = rolling_back(Some(&last), &first, false);
    let to_before = rolling_back(Some(&last), &first, true);
    let short = sample::revision(8).short().to_owned();
    for (rollback, of, expected) in [
        (&to_first, the_stage(), true),
        (&to_first, on_its_card(&last), true),
        (&to_first, to(&first), true),
        (&to_first, to_revision(&short), true),
        (&to_first, to_revision(sample::revision(8).as_str()), true),
        (&to_first, to(&last), false),
        (&to_first, to_revision(sample::revision(7).as_str()), false),
        (&to_before, the_stage(), true),
        (&to_before, to(&first), false),
        (&to_before, to_revision(sample::revision(7).as_str()), true),
    ] {
        assert_eq!(under_way(rollback, of.clone()), expected, "{of:?}");
    }
}

#[test]
fn another_rollback_comes_first() {
    let Case { first, last, .. } = Case::new();
    let other = rolling_back(None, &last, false);
    let case = Case::new().owned_by(&other);
    // What is named waits for its turn; who clicks on a card is told.
    let (revision, _) = case.brings_back(to(&first));
    assert_eq!(revision, sample::revision(8));
    let said = case.refuses(on_its_card(&last));
    for part in [
        "test is being rolled back to 2222222 now",
        other.id().as_str(),
    ] {
        assert!(said.contains(part), "{said}");
    }
    let rollout = rolling_out();
    let said = Case::new().owned_by(&rollout).refuses(on_its_card(&last));
    let expected = format!("{} is being rolled out to test now", rollout.id());
    assert!(said.starts_with(&expected), "{said}");
}

#[test]
fn a_release_that_serves_goes_back_from_its_card_and_one_that_does_not_does_not() {
    let case = Case::new();
    // Its card does not ask what serves: the function may not look.
    let blind = || {
        let mut case = Case::new();
        case.facts.serving = None;
        case
    };
    let last = case.last.id().clone();
    assert_eq!(
        blind().brings_back(on_its_card(&case.last)),
        (sample::revision(8), Some(last.clone()))
    );
    let said = case.refuses(on_its_card(&case.first));
    assert!(
        said.starts_with(&format!("{last} serves in test now")),
        "{said}"
    );
    assert!(said.contains("roll back on its card"), "{said}");

    let only_first = blind().row(|row| {
        let earlier = std::mem::take(&mut row.history);
        row.last_good = earlier.first().cloned();
        row.history = earlier[1..].to_vec();
    });
    let (rollback, _) = only_first.opens(on_its_card(&case.first));
    assert_eq!(rollback.revision, sample::revision(7));
    assert_eq!(
        (rollback.is_from_before, rollback.from.as_ref()),
        (true, Some(case.first.id()))
    );

    // What ran before it serves again.
    let before_all = only_first.row(|row| row.last_good = row.history.pop());
    let said = before_all.refuses(on_its_card(&case.first));
    assert!(said.starts_with("shop:7 serves in test now"), "{said}");
    let nothing = blind().row(|row| *row = ServiceRow::default());
    let said = nothing.refuses(on_its_card(&case.first));
    assert!(said.contains("does not serve in test"), "{said}");
}

#[test]
fn what_a_release_has_left_that_is_not_trusted_goes_back_from_its_card() {
    let bad = distrusted(rolling_out(), 5);
    let id = bad.id().clone();
    let left = Case::new().knows(&bad);
    let left = left.row(|row| row.taken_by = Some(id.clone()));
    let (rollback, _) = left.opens(on_its_card(&bad));
    assert_eq!(
        (rollback.revision, rollback.from),
        (sample::revision(9), None)
    );
    let others = Case::new().knows(&bad);
    assert!(others.refuses(on_its_card(&bad)).contains("serves in test"));
    // Whoever has taken its place is not rolled back from its card.
    let trusted = Case::new().knows(&rolling_out());
    let trusted = trusted.row(|row| row.taken_by = Some(id));
    assert!(matches!(
        trusted.decides(on_its_card(&rolling_out())),
        RollbackDecision::RollBack { .. }
    ));
}

#[test]
fn strangers_roll_nothing_back_from_a_card() {
    let live = rolling_out();
    let case = Case::new().knows(&live);
    for release in [&live, &case.last] {
        for by in [sample::slack("U9"), Principal::TokenHolder] {
            let decided = decide_rollback(&request(on_its_card(release), by), &case.facts);
            assert!(
                matches!(
                    decided,
                    RollbackDecision::Refused(RollbackRefused::NotAllowed(
                        Refusal::NotAnOperator { .. }
                    ))
                ),
                "{decided:?}"
            );
        }
    }
}
