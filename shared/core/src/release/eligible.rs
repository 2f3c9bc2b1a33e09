//! Who may decide: whom the release's own pipeline names, and the pipeline as it is stored at the
//! moment of the decision names too.
//!
//! | the stored pipeline | an approval | a rejection | rolling back |
//! |---|---|---|---|
//! | names them still | counts | counts | is done |
//! | names them no longer | is refused | is refused | is refused |
//! | was removed | is refused | is refused | is done, if the release's own pipeline names them |
//! | cannot be read | is refused, with "try again" | counts, if the release's own pipeline names them | is done, likewise |
//!
//! So nobody approves who was removed, and nothing that is not known is a yes; but no rollback is
//! kept by what is missing or cannot be read. What was decided stays decided: whoever is removed
//! afterwards could decide when they did. A stage that was renamed since is the stage of its service.

use super::{Decision, Principal, Refusal, Release};
use crate::names::StageName;
use crate::pipeline::{ApprovalGate, Pipeline, Stage};

/// A release's pipeline as it is stored at the moment of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredNow {
    Kept(Box<Pipeline>),
    /// There is none any more.
    Removed,
    /// It could not be read: why.
    Unknown(String),
}

/// Whether somebody may decide about a stage of the release.
///
/// # Errors
/// Why not.
pub(super) fn may_vote(
    release: &Release,
    stage: &Stage,
    by: &Principal,
    decision: Decision,
    stored: &StoredNow,
) -> Result<(), Refusal> {
    let named = |gate: &Option<ApprovalGate>| gate.as_ref().is_some_and(|gate| names(gate, by));
    let (by, stage_name) = (by.clone(), stage.name.clone());
    if crate::planted!(ApprovalOfStrangers) {
        return Ok(());
    }
    if !named(&stage.approval) {
        return Err(Refusal::NotEligible {
            by,
            stage: stage_name,
        });
    }
    match stored {
        StoredNow::Kept(pipeline) => {
            let now = stored_stage(release, stage, pipeline);
            if now.is_some_and(|now| named(&now.approval)) {
                return Ok(());
            }
            Err(Refusal::NoLongerEligible {
                by,
                stage: stage_name,
            })
        }
        StoredNow::Removed => Err(Refusal::PipelineRemoved {
            pipeline: release.pipeline().pipeline.clone(),
            stage: stage_name,
        }),
        StoredNow::Unknown(problem) => match decision {
            Decision::Reject => Ok(()),
            Decision::Approve => Err(Refusal::NotKnown {
                by,
                stage: stage_name,
                problem: problem.clone(),
            }),
        },
    }
}

/// Whether somebody may roll a stage of the release back.
///
/// # Errors
/// Why not.
pub(super) fn may_roll_back(
    release: &Release,
    stage: &StageName,
    by: &Principal,
    stored: &StoredNow,
) -> Result<(), Refusal> {
    let Some(of) = release.pipeline().stage(stage) else {
        return Err(Refusal::NoSuchStage(stage.clone()));
    };
    let user = match by {
        Principal::Slack(user) => user,
        // Who may write to the ledger is for IAM to say.
        Principal::Aws(_) => return Ok(()),
        Principal::TokenHolder | Principal::Deployer => {
            return Err(Refusal::NotAnOperator {
                by: by.clone(),
                stage: stage.clone(),
            });
        }
    };
    if !release.pipeline().may_roll_back(of, user) {
        return Err(Refusal::NotAnOperator {
            by: by.clone(),
            stage: stage.clone(),
        });
    }
    match stored {
        StoredNow::Kept(pipeline) => {
            let may = match stored_stage(release, of, pipeline) {
                Some(now) => pipeline.may_roll_back(now, user),
                None => pipeline.operators.contains(user),
            };
            if may {
                return Ok(());
            }
            Err(Refusal::NoLongerOperator {
                by: by.clone(),
                stage: stage.clone(),
            })
        }
        StoredNow::Removed | StoredNow::Unknown(_) => Ok(()),
    }
}

/// A stage as it is stored now: the one of the same service, which may have been renamed; else the one
/// of the same name.
fn stored_stage<'a>(release: &Release, stage: &Stage, pipeline: &'a Pipeline) -> Option<&'a Stage> {
    let service = release.home().service_of(stage);
    let same = release.home().stage_at(pipeline, &service);
    same.or_else(|| pipeline.stage(&stage.name))
}

/// Whom a gate names, in each approval channel.
pub fn approvers(gate: &ApprovalGate) -> impl Iterator<Item = Principal> {
    let in_slack = gate.slack.iter().cloned().map(Principal::Slack);
    in_slack.chain(gate.sns.then_some(Principal::TokenHolder))
}

fn names(gate: &ApprovalGate, by: &Principal) -> bool {
    approvers(gate).any(|named| named == *by)
}
