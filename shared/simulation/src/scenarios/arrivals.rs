//! Images come one upon another, and the news of them late, twice, never or in another order.

use jiff::SignedDuration;
use serde_json::json;
use towpath_core::release::Outcome::{Expired, RolledBack, Succeeded, Superseded};
use towpath_lab_world::Behaviour::{CrashLoop, Healthy};

use super::engines::pushed;
use super::{CREATE, LOOK, UPDATE, pipeline};
use crate::pipelines;
use crate::scenario::{Act, Post, Scenario, Sign};

const A_MINUTE: SignedDuration = SignedDuration::from_secs(60);

pub(super) fn all() -> Vec<Scenario> {
    let rolling = pipelines::rolling();
    let asking = pipelines::approved(pipelines::rolling(), "before_rollout");
    let newer = Act::Push("bbbbbbb", Healthy);
    vec![
        pushed("superseded_while_planned", &rolling, Healthy)
            .when(Sign::Called(LOOK, 1), newer.clone())
            .ends(&[Succeeded, Succeeded])
            // The newer one was there before the older one began.
            .or(&[Superseded, Succeeded]),
        pushed("superseded_while_asking", &asking, Healthy)
            .when(Sign::Asked(1), newer.clone())
            .when(Sign::Asked(2), Act::Wait)
            .when(Sign::After(A_MINUTE), Act::Approve("U1"))
            .ends(&[Superseded, Succeeded])
            // Nobody has approved the second one, as the first one's request never came.
            .or(&[Superseded, Expired]),
        pushed("newer_while_live", &rolling, Healthy)
            .when(Sign::Called(UPDATE, 1), newer.clone())
            .ends(&[Succeeded, Succeeded]),
        pushed("newer_after_a_bad_one", &rolling, CrashLoop)
            .when(Sign::Called(UPDATE, 1), newer.clone())
            .when(Sign::Quiet, Act::LiftHold)
            .ends(&[RolledBack, Succeeded]),
        queued(),
        serving_one_again(),
        posted("push_told_twice", Post::Twice).ends(&[Succeeded]),
        posted("push_told_never", Post::Lost).ends(&[Succeeded]),
        posted("push_told_late", Post::Kept)
            .when(Sign::After(A_MINUTE), Act::Pushes(Post::Comes))
            .ends(&[Succeeded]),
        Scenario::of("pushes_reordered", pipeline(&rolling))
            .then(Act::Push("aaaaaaa", Healthy))
            .then(Act::Pushes(Post::Kept))
            .when(Sign::After(A_MINUTE), newer)
            .then(Act::Pushes(Post::Comes))
            .then(Act::Pushes(Post::Reordered))
            .ends(&[Superseded, Succeeded])
            // The older one was heard of first all the same.
            .or(&[Succeeded, Succeeded]),
    ]
}

fn posted(name: &str, post: Post) -> Scenario {
    pushed(name, &pipelines::rolling(), Healthy).then(Act::Pushes(post))
}

/// What serves is pushed again, under another tag, while something else is about to take its place. Its
/// definition says nothing of the tag, so that it is what runs.
fn serving_one_again() -> Scenario {
    let stage = pipelines::with(pipelines::codedeploy(), &json!({ "environment": {} }));
    pushed("serving_one_again", &stage, Healthy)
        .when(Sign::Serves("staging"), Act::Wait)
        .when(Sign::Quiet, Act::Push("bbbbbbb", Healthy))
        .when(Sign::Called(CREATE, 2), Act::Wait)
        .when(
            Sign::After(SignedDuration::from_secs(10)),
            Act::PushAgain {
                tag: "ccccccc",
                of: "aaaaaaa",
            },
        )
        .ends(&[Succeeded, Succeeded, Succeeded])
}

fn queued() -> Scenario {
    let pipeline = pipelines::arriving(json!([pipelines::rolling()]), "queue");
    Scenario::of("queued", pipeline)
        .then(Act::Push("aaaaaaa", Healthy))
        .when(Sign::Called(UPDATE, 1), Act::Push("bbbbbbb", Healthy))
        .when(Sign::Called(UPDATE, 1), Act::Push("ccccccc", Healthy))
        .ends(&[Succeeded, Succeeded, Succeeded])
}
