//! The bugs that are planted, and what finds them: `tests/planted.rs` plants each and sees it found,
//! `docs/reliability.md` repeats the table.

/// A bug that somebody might make.
#[derive(Debug, Clone, Copy)]
pub struct Planted {
    /// What `towpath_core::planted::Bug` calls it.
    pub name: &'static str,
    /// Where it stands.
    pub place: &'static str,
    /// What is wrong with it.
    pub does: &'static str,
    /// What finds it: words of the violation, or [`LIVENESS`].
    pub found_by: &'static str,
}

/// What finds a bug that breaks nothing, and costs a good release, or much time.
pub const LIVENESS: &str = "a good image serves, at most three minutes later for one fault";

macro_rules! bugs {
    ($($name:literal in $place:literal: $does:literal => $found_by:expr;)*) => {
        /// Every planted bug.
        pub const BUGS: &[Planted] = &[$(Planted {
            name: $name,
            place: $place,
            does: $does,
            found_by: $found_by,
        }),*];
    };
}

bugs! {
    "AbsenceOnceIsProof" in "deployer: engine/*/start.rs": "what is not listed at one look is started" => "I3";
    "AnswerLostIsRefusal" in "what the ports say": "an answer that got lost is taken for a refusal" => LIVENESS;
    "ApprovalOfAnotherDefinition" in "core: release/next/gate/approval.rs": "an approval counts for another task definition" => "I1";
    "ApprovalOfStrangers" in "core: release/eligible.rs": "anybody may approve" => "I1";
    "EndedRollingNotFound" in "deployer: engine/rolling/start.rs": "a deployment that has ended is not looked for" => "I3";
    "HookAnswerDropped" in "core: release/accept.rs": "what an answer to a hook has to carry is not kept" => LIVENESS;
    "IntentNotWritten" in "core: release/action.rs": "a deployment is started without its intent" => "I2";
    "IntentOfOthersIgnored" in "core: release/next/active.rs": "what another run is doing is done, too" => "I2";
    "LateApprovalBeforeRollout" in "core: release/accept.rs": "an approval counts after its time, before the rollout" => "I4";
    "ManualChangeOverwritten" in "core: release/next/gate/manual_change.rs": "what somebody has put there by hand is overwritten" => "I9";
    "NotHeldAfterRollback" in "core: release/next/finish.rs": "what was rolled back by hand is deployed again by the next push" => "nothing holds it";
    "NothingToldOnceEnded" in "core: release/next.rs": "nobody is told how a release ended" => "I6";
    "OldPlanKept" in "core: release/next.rs": "a plan of long ago is acted upon" => "I6";
    "OlderOvertakes" in "core: release/service.rs": "an older image is deployed over a newer one" => "I5";
    "PushLost" in "deployer: handlers/image_push.rs": "a push is given up when the ledger cannot be written" => LIVENESS;
    "RegisteredAnew" in "deployer: perform/register.rs": "a revision is registered anew by each run" => "I3";
    "RejectionIgnored" in "core: release/accept.rs": "what was approved cannot be rejected any more" => "has rejected";
    "ReplyLost" in "deployer: perform/notify.rs": "the last line of several is not told" => "I6";
    "RollbackTakenForSuccess" in "deployer: engine/service_deployment.rs": "a deployment that ECS rolled back is a success" => "does not serve";
    "RollbackWaitsForHold" in "core: release/next/gate.rs": "a rollback waits for the hold of its stage" => "I7";
    "RunsAlreadyWhileOwned" in "core: release/next/gate/serves_already.rs": "what another release is about to replace counts as served" => "I5";
    "ScalingAllOn" in "core: release/rollout/scaling.rs": "auto scaling is put back as if nothing had been suspended before" => "I8";
    "SecondCard" in "deployer: perform/notify.rs": "a card is posted anew instead of edited" => "I6";
    "UnknownCheckPasses" in "core: release/hook_verdict.rs": "a check of which nothing is known has passed" => "I7";
    "VetoAfterStartIgnored" in "core: release/next/deploying.rs": "a veto does not count once the deployment was started" => "I4: its image was vetoed";
}
