//! What an incoming fact adds to a release: the one door through which anything from outside gets
//! into the ledger.
//!
//! Everything arrives at least once, late and out of order. A fact that is known already adds
//! nothing; one that does not fit is refused with a reason, which is an answer and not a failure.

use jiff::Timestamp;

use super::accepted::Accepted;
use super::eligible::{StoredNow, may_roll_back, may_vote};
use super::hook_verdict::{checks_of, slow_checks};
use super::refused_reply::accept_refused_reply;
use super::reported::{Reporter, accept_report};
use super::rollback::rollout_to;
use super::rollout::Phase;
use super::succeeded::accept_successor;
use super::successor::Successor;
use super::vote::{Approval, Standing};
use super::{
    ActionKind, Candidate, CheckResult, ClosedReason, Decision, Event, Home, Image, Principal,
    Refusal, Release, ReplyRefusal, ServiceId, Untrusted,
};
use crate::names::{ApprovalId, DeploymentId, MessageId, StageName};
use crate::pipeline::{HookPoint, Pipeline, Stage, TagPolicy, TagVerdict};

/// A fact from outside, authenticated and parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// Somebody decided.
    Vote {
        /// The request.
        approval: ApprovalId,
        by: Principal,
        decision: Decision,
        reason: Option<String>,
        /// The SNS message that said so, if one did.
        message: Option<MessageId>,
        /// The release's pipeline as it is stored now.
        stored: StoredNow,
    },
    /// A message was to decide about a request, and does not count.
    ReplyRefused {
        /// The request that it names.
        approval: ApprovalId,
        message: MessageId,
        /// Why it does not count.
        reason: ReplyRefusal,
    },
    /// AWS reported a change of a deployment.
    DeploymentReported {
        deployment: DeploymentId,
        /// The reported state.
        state: String,
        /// Who reported it, and from where.
        from: Reporter,
    },
    /// A deployment asked at a hook point, and the checks that the hook function runs have run.
    Checked {
        stage: StageName,
        /// The deployment that asked.
        deployment: DeploymentId,
        at: HookPoint,
        /// What came out.
        results: Vec<CheckResult>,
        /// What CodeDeploy's answer has to carry, if others are to give it later.
        execution: Option<String>,
    },
    /// Somebody wants the stage's rollout rolled back.
    RollBack {
        stage: StageName,
        by: Principal,
        reason: Option<String>,
        /// The release's pipeline as it is stored now.
        stored: StoredNow,
    },
    /// The image was vetoed.
    Veto { by: Principal, reason: String },
    /// A newer release arrived where this one stands.
    Superseded {
        /// The newer release.
        by: Candidate,
        /// The service at which it has arrived.
        service: ServiceId,
    },
    /// A release serves where this one has served.
    Succeeded(Successor),
}

/// Why a push opens no release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotTaken {
    /// Why, and the way out if there is one.
    pub reason: String,
    /// Whether whoever pushed may have expected otherwise. Where a pipeline has a rule of its own,
    /// what does not match it is left out on purpose.
    pub is_surprising: bool,
}

/// What a push of `image` begins: the events that open a release, or why none is opened.
///
/// # Errors
/// Why the pipeline does not take the image.
pub fn open(
    pipeline: Pipeline,
    version: i64,
    home: Home,
    image: Image,
) -> Result<Vec<Event>, NotTaken> {
    if let Some(reason) = is_foreign(&pipeline, &home, &image) {
        return Err(NotTaken {
            reason,
            is_surprising: false,
        });
    }
    match pipeline.tags.judge(&image.tag) {
        TagVerdict::Taken(_) => Ok(vec![Event::Opened {
            pipeline: Box::new(pipeline),
            version,
            home,
            image,
            rollback: None,
        }]),
        TagVerdict::Refused(reason) => Err(NotTaken {
            reason,
            is_surprising: true,
        }),
        TagVerdict::Ignored(reason) => Err(match pipeline.tags {
            TagPolicy::Commit => NotTaken {
                reason: format!(
                    "{reason}: push the commit hash as the tag, or write in the pipeline's `tags` which ones it takes"
                ),
                is_surprising: true,
            },
            TagPolicy::Regex(_)
            | TagPolicy::Semver(_)
            | TagPolicy::Numeric
            | TagPolicy::Glob(_) => NotTaken {
                reason,
                is_surprising: false,
            },
        }),
    }
}

/// Why the image is none of the pipeline's: it is in another repository, or in one of that name in
/// the registry of somebody else, who could push there whatever they like.
fn is_foreign(pipeline: &Pipeline, home: &Home, image: &Image) -> Option<String> {
    let registry = home.registry_of(pipeline);
    let is_own = image.registry.same_as(&registry) && image.repository == pipeline.repository;
    (!is_own).then(|| {
        format!(
            "the pipeline takes images of {registry}/{}, not of {}/{}",
            pipeline.repository, image.registry, image.repository
        )
    })
}

/// What `incoming` adds to `release`.
///
/// # Errors
/// Why it is not taken.
pub fn accept(release: &Release, incoming: Incoming, now: Timestamp) -> Result<Accepted, Refusal> {
    if let Some(untrusted) = release.untrusted() {
        return accept_nothing(release, untrusted, incoming);
    }
    match incoming {
        Incoming::Vote {
            approval,
            by,
            decision,
            reason,
            message,
            stored,
        } => {
            let asked = request_of(release, &approval, &by, decision, now)?;
            let Some((stage, asked)) = asked else {
                return Ok(Accepted::Known);
            };
            may_vote(release, stage, &by, decision, &stored)?;
            settle_vote(asked, by, decision, reason, message)
        }
        Incoming::ReplyRefused {
            approval,
            message,
            reason,
        } => Ok(accept_refused_reply(
            release, approval, message, reason, now,
        )),
        Incoming::DeploymentReported {
            deployment,
            state,
            from,
        } => accept_report(release, deployment, state, from),
        Incoming::Checked {
            stage,
            deployment,
            at,
            results,
            execution,
        } => accept_checks(release, stage, deployment, at, results, execution),
        Incoming::RollBack {
            stage,
            by,
            reason,
            stored,
        } => {
            may_roll_back(release, &stage, &by, &stored)?;
            accept_rollback(release, stage, by, reason)
        }
        Incoming::Veto { by, reason } => Ok(accept_veto(release, by, reason)),
        Incoming::Superseded { by, service } => Ok(accept_newer(release, by, &service)),
        Incoming::Succeeded(successor) => Ok(accept_successor(release, successor)),
    }
}

/// A release that is not trusted is evidence: nothing is added to it. Who votes is told so, and who
/// wants it rolled back that it is not being rolled out.
fn accept_nothing(
    release: &Release,
    untrusted: &Untrusted,
    incoming: Incoming,
) -> Result<Accepted, Refusal> {
    match incoming {
        Incoming::Vote { approval, .. } => Err(Refusal::Closed {
            approval,
            why: ClosedReason::NotTrusted {
                problem: untrusted.reason.clone(),
            },
        }),
        Incoming::RollBack {
            stage, by, stored, ..
        } => {
            may_roll_back(release, &stage, &by, &stored)?;
            Err(Refusal::NotRollingOut {
                release: release.id().clone(),
                stage,
            })
        }
        Incoming::ReplyRefused { .. }
        | Incoming::DeploymentReported { .. }
        | Incoming::Checked { .. }
        | Incoming::Veto { .. }
        | Incoming::Superseded { .. }
        | Incoming::Succeeded(_) => Ok(Accepted::Known),
    }
}

/// The request that is decided about, and its stage; `None` when that was decided before.
fn request_of<'a>(
    release: &'a Release,
    approval: &ApprovalId,
    by: &Principal,
    decision: Decision,
    now: Timestamp,
) -> Result<Option<(&'a Stage, &'a Approval)>, Refusal> {
    let closed = |why| Refusal::Closed {
        approval: approval.clone(),
        why,
    };
    let known = |event: &Event| {
        matches!(event, Event::Voted { approval: voted, by: voter, decision: made, .. }
            if voted == approval && voter == by && *made == decision)
    };
    if release.entries().iter().any(|entry| known(&entry.event)) {
        return Ok(None);
    }
    if let Some(conclusion) = release.conclusion() {
        return Err(closed(ClosedReason::Ended {
            outcome: conclusion.outcome,
            reason: Box::new(conclusion.reason.clone()),
        }));
    }
    let Some((stage, rollout)) = release.current() else {
        return Err(closed(ClosedReason::NoStages));
    };
    if stage.approval.is_none() {
        let stage = stage.name.clone();
        return Err(closed(ClosedReason::AsksNobody { stage }));
    }
    let asked = match &rollout.phase {
        Phase::Asking { approval: open, .. } if open.id == *approval => {
            if now >= open.expires_at && !crate::planted!(LateApprovalBeforeRollout) {
                return Err(closed(ClosedReason::Expired));
            }
            open
        }
        Phase::Planned {
            granted: Some(given),
            ..
        } if given.id == *approval => given,
        Phase::Live(live) => match (&live.asked, &live.granted) {
            (Some(open), _) if open.id == *approval => {
                if live.progress.rollback().is_some() {
                    return Err(closed(ClosedReason::RollingBack));
                }
                if live.open_request().is_none() || release.intends(ActionKind::Continue) {
                    return Err(closed(ClosedReason::LetThrough));
                }
                if now >= open.expires_at && open.standing() == Standing::Open {
                    return Err(closed(ClosedReason::Expired));
                }
                open
            }
            (_, Some(given)) if given.id == *approval => {
                if live.deployment().is_some() || release.intends(ActionKind::Start) {
                    return Err(closed(ClosedReason::Begun));
                }
                given
            }
            (_, _) => return Err(closed(ClosedReason::Replaced)),
        },
        Phase::Pending | Phase::Planned { .. } | Phase::Asking { .. } | Phase::Ended { .. } => {
            return Err(closed(ClosedReason::NoneOpen));
        }
    };
    Ok(Some((stage, asked)))
}

fn settle_vote(
    asked: &Approval,
    by: Principal,
    decision: Decision,
    reason: Option<String>,
    message: Option<MessageId>,
) -> Result<Accepted, Refusal> {
    let earlier = asked
        .votes
        .iter()
        .find(|vote| vote.by == by)
        .map(|vote| vote.decision);
    match (earlier, decision, asked.standing()) {
        (Some(decided), Decision::Approve, _) => Err(Refusal::Decided { by, decided }),
        (_, Decision::Approve, Standing::Granted | Standing::Rejected(_)) => Ok(Accepted::Known),
        // A rejection counts until the deployment begins, also from somebody who approved before.
        (_, Decision::Reject, Standing::Rejected(_)) => Ok(Accepted::Known),
        (_, Decision::Reject, Standing::Granted) if crate::planted!(RejectionIgnored) => {
            Ok(Accepted::Known)
        }
        (None, Decision::Approve, Standing::Open)
        | (Some(_) | None, Decision::Reject, Standing::Open | Standing::Granted) => {
            Ok(Accepted::Add(vec![Event::Voted {
                approval: asked.id.clone(),
                by,
                decision,
                reason,
                message,
            }]))
        }
    }
}

fn accept_checks(
    release: &Release,
    stage: StageName,
    deployment: DeploymentId,
    at: HookPoint,
    results: Vec<CheckResult>,
    execution: Option<String>,
) -> Result<Accepted, Refusal> {
    let Some(position) = release.stage_position(&stage) else {
        return Err(Refusal::NoSuchStage(stage));
    };
    let Some((live, of)) = release
        .active_rollout()
        .zip(release.pipeline().stage(&stage))
    else {
        return Ok(Accepted::Known);
    };
    // A hook may be called before it is recorded that the deployment began; afterwards only that
    // deployment's checks say something about this rollout.
    let is_another = live
        .deployment()
        .is_some_and(|followed| followed.id != deployment);
    if is_another || position != release.stage_index() {
        return Ok(Accepted::Known);
    }
    let known = checks_of(release, &deployment, at).next().is_some();
    let asked = live
        .checks
        .calls
        .iter()
        .any(|call| call.deployment == deployment && call.at == at);
    let mut events = Vec::new();
    if !results.is_empty() && !known {
        events.push(Event::Checked {
            stage: stage.clone(),
            deployment: Some(deployment.clone()),
            at,
            results,
        });
    }
    // What an answer has to carry is known from here on, whatever becomes of the hook function.
    let kept = execution.is_some() && !crate::planted!(HookAnswerDropped);
    if !asked && (kept || slow_checks(of, at).next().is_some()) {
        events.push(Event::HookCalled {
            stage,
            deployment,
            at,
            execution,
        });
    }
    Ok(if events.is_empty() {
        Accepted::Known
    } else {
        Accepted::Add(events)
    })
}

fn accept_rollback(
    release: &Release,
    stage: StageName,
    by: Principal,
    reason: Option<String>,
) -> Result<Accepted, Refusal> {
    match rollout_to(release, &stage) {
        Some(live) if live.rollback_requested.is_some() => Ok(Accepted::Known),
        Some(_) => Ok(Accepted::Add(vec![Event::RollbackRequested {
            stage,
            by,
            reason,
        }])),
        None => Err(Refusal::NotRollingOut {
            release: release.id().clone(),
            stage,
        }),
    }
}

fn accept_veto(release: &Release, by: Principal, reason: String) -> Accepted {
    // What brings an old version back is not kept by anything.
    let over = release.conclusion().is_some() || release.rollback().is_some();
    if over || release.vetoed().is_some() {
        return Accepted::Known;
    }
    Accepted::Add(vec![Event::Vetoed { by, reason }])
}

fn accept_newer(release: &Release, by: Candidate, service: &ServiceId) -> Accepted {
    let newer = by.is_newer_than(release.image().arrived_at);
    let over = release.conclusion().is_some() || release.superseded_by().is_some();
    let is_rollback = release.rollback().is_some();
    // A newer release at a stage that this one has passed may never come this far.
    let elsewhere = release.service_id(release.stage_index()).as_ref() != Some(service);
    // What is being rolled out is finished: stopping it half-way is the riskier choice.
    if !newer || over || is_rollback || elsewhere || release.active_rollout().is_some() {
        return Accepted::Known;
    }
    Accepted::Add(vec![by.superseded()])
}
