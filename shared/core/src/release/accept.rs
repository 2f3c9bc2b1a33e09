//! What an incoming fact adds to a release: the one door through which anything from outside gets
//! into the ledger.
//!
//! Everything arrives at least once, late and out of order. A fact that is known already adds
//! nothing; one that does not fit is refused with a reason, which is an answer and not a failure.

use jiff::Timestamp;

use super::rollout::Phase;
use super::vote::{Approval, Standing};
use super::{
    ActionKind, CheckResult, Decision, Event, Home, Image, Outcome, Principal, Release, ServiceId,
};
use crate::names::{ApprovalId, DeploymentId, ReleaseId, StageName};
use crate::pipeline::{ApprovalGate, HookPoint, Pipeline, TagVerdict};

/// A fact from outside, authenticated and parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// Somebody decided.
    Vote {
        /// The request.
        approval: ApprovalId,
        /// Who.
        by: Principal,
        /// What.
        decision: Decision,
        /// Why.
        reason: Option<String>,
    },
    /// AWS reported a change of a deployment.
    DeploymentReported {
        /// The deployment.
        deployment: DeploymentId,
        /// The reported state.
        state: String,
    },
    /// The checks of a hook point have run.
    Checked {
        /// The stage.
        stage: StageName,
        /// The deployment that asked.
        deployment: DeploymentId,
        /// The hook point.
        at: HookPoint,
        /// What came out.
        results: Vec<CheckResult>,
    },
    /// A newer release arrived where this one stands.
    Superseded {
        /// The newer release.
        by: ReleaseId,
        /// When its image was pushed.
        pushed_at: Timestamp,
        /// The service at which it has arrived.
        service: ServiceId,
    },
}

/// What an incoming fact adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Accepted {
    /// These events.
    Add(Vec<Event>),
    /// Nothing: it is known, or does not matter any more.
    Known,
}

/// Why an incoming fact is not taken. It is shown to whoever brought it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The person may not decide here.
    #[error("{by} may not decide about {stage}: the pipeline does not name them as an approver")]
    NotEligible {
        /// Who.
        by: Principal,
        /// The stage.
        stage: StageName,
    },
    /// The request is over.
    #[error("the request {approval} is closed: {why}")]
    Closed {
        /// The request.
        approval: ApprovalId,
        /// Why.
        why: String,
    },
    /// The person has decided otherwise.
    #[error("{by} has already decided to {decided}; the first decision counts")]
    Decided {
        /// Who.
        by: Principal,
        /// What they decided.
        decided: Decision,
    },
    /// There is no such stage.
    #[error("the pipeline has no stage `{0}`")]
    NoSuchStage(StageName),
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
) -> Result<Vec<Event>, String> {
    let verdict = pipeline.tags.judge(&image.tag);
    let opened = Event::Opened {
        pipeline: Box::new(pipeline),
        version,
        home,
        image,
    };
    match verdict {
        TagVerdict::Taken(_) => Ok(vec![opened]),
        TagVerdict::Refused(reason) => Ok(vec![
            opened,
            Event::Ended {
                outcome: Outcome::Refused,
                reason,
            },
        ]),
        TagVerdict::Ignored(reason) => Err(reason),
    }
}

/// What `incoming` adds to `release`.
///
/// # Errors
/// Why it is not taken.
pub fn accept(release: &Release, incoming: Incoming, now: Timestamp) -> Result<Accepted, Refusal> {
    match incoming {
        Incoming::Vote {
            approval,
            by,
            decision,
            reason,
        } => accept_vote(release, approval, by, decision, reason, now),
        Incoming::DeploymentReported { deployment, state } => {
            Ok(accept_report(release, deployment, state))
        }
        Incoming::Checked {
            stage,
            deployment,
            at,
            results,
        } => accept_checks(release, stage, deployment, at, results),
        Incoming::Superseded {
            by,
            pushed_at,
            service,
        } => Ok(accept_newer(release, by, pushed_at, &service)),
    }
}

fn accept_vote(
    release: &Release,
    approval: ApprovalId,
    by: Principal,
    decision: Decision,
    reason: Option<String>,
    now: Timestamp,
) -> Result<Accepted, Refusal> {
    let closed = |why: &str| Refusal::Closed {
        approval: approval.clone(),
        why: why.to_owned(),
    };
    let known = |event: &Event| {
        matches!(event, Event::Voted { approval: voted, by: voter, decision: made, .. }
            if *voted == approval && *voter == by && *made == decision)
    };
    if release.entries().iter().any(|entry| known(&entry.event)) {
        return Ok(Accepted::Known);
    }
    if let Some(conclusion) = release.conclusion() {
        return Err(closed(&format!(
            "the release has ended ({}): {}",
            conclusion.outcome, conclusion.reason
        )));
    }
    let Some((stage, rollout)) = release.current() else {
        return Err(closed("the release has no stages"));
    };
    let Some(gate) = &stage.approval else {
        return Err(closed(&format!("{} asks nobody", stage.name)));
    };
    let asked = match &rollout.phase {
        Phase::Asking { approval: open, .. } if open.id == approval => {
            if now >= open.expires_at {
                return Err(closed("it has expired"));
            }
            open
        }
        Phase::Planned {
            granted: Some(given),
            ..
        } if given.id == approval => given,
        Phase::Live(live) => match &live.granted {
            Some(given) if given.id == approval => {
                let starting = release.outstanding().is_some_and(|o| {
                    o.actions
                        .iter()
                        .any(|action| action.kind() == ActionKind::Start)
                });
                if live.deployment.is_some() || starting {
                    return Err(closed("the rollout has begun; to take it back, roll back"));
                }
                given
            }
            Some(_) | None => return Err(closed("another request has taken its place")),
        },
        Phase::Pending | Phase::Planned { .. } | Phase::Asking { .. } | Phase::Ended { .. } => {
            return Err(closed(
                "another request has taken its place, or none is open",
            ));
        }
    };
    if !may_decide(gate, &by) {
        return Err(Refusal::NotEligible {
            by,
            stage: stage.name.clone(),
        });
    }
    settle_vote(asked, by, decision, reason)
}

fn may_decide(gate: &ApprovalGate, by: &Principal) -> bool {
    match by {
        Principal::Slack(user) => gate.slack.contains(user),
        Principal::TokenHolder => gate.sns,
        // The command line gets votes of its own when it can prove who runs it.
        Principal::Aws(_) => false,
    }
}

fn settle_vote(
    asked: &Approval,
    by: Principal,
    decision: Decision,
    reason: Option<String>,
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
        (None, Decision::Approve, Standing::Open)
        | (Some(_) | None, Decision::Reject, Standing::Open | Standing::Granted) => {
            Ok(Accepted::Add(vec![Event::Voted {
                approval: asked.id.clone(),
                by,
                decision,
                reason,
            }]))
        }
    }
}

fn accept_report(release: &Release, deployment: DeploymentId, state: String) -> Accepted {
    if release
        .live()
        .is_none_or(|live| !live.is_followed_as(&deployment))
    {
        return Accepted::Known;
    }
    let report = Event::DeploymentReported { deployment, state };
    if release.entries().iter().any(|entry| entry.event == report) {
        return Accepted::Known;
    }
    Accepted::Add(vec![report])
}

fn accept_checks(
    release: &Release,
    stage: StageName,
    deployment: DeploymentId,
    at: HookPoint,
    results: Vec<CheckResult>,
) -> Result<Accepted, Refusal> {
    let Some(position) = release.stage_position(&stage) else {
        return Err(Refusal::NoSuchStage(stage));
    };
    let Some(live) = release.live() else {
        return Ok(Accepted::Known);
    };
    // A hook may be called before it is recorded that the deployment began; afterwards only that
    // deployment's checks say something about this rollout.
    let foreign = live
        .deployment
        .as_ref()
        .is_some_and(|followed| followed.id != deployment);
    let known = checks_of(release, &deployment, at).is_some();
    if foreign || known || position != release.stage_index() {
        return Ok(Accepted::Known);
    }
    Ok(Accepted::Add(vec![Event::Checked {
        stage,
        deployment,
        at,
        results,
    }]))
}

/// The results of the checks that a deployment's hook point has had already, so that the same
/// question gets the same answer.
#[must_use]
pub fn checks_of<'a>(
    release: &'a Release,
    of: &DeploymentId,
    point: HookPoint,
) -> Option<&'a [CheckResult]> {
    release.entries().iter().find_map(|entry| {
        if let Event::Checked {
            deployment,
            at,
            results,
            ..
        } = &entry.event
            && deployment == of
            && *at == point
        {
            Some(results.as_slice())
        } else {
            None
        }
    })
}

fn accept_newer(
    release: &Release,
    by: ReleaseId,
    pushed_at: Timestamp,
    service: &ServiceId,
) -> Accepted {
    let newer = (pushed_at, &by) > (release.image().pushed_at, release.id());
    let over = release.conclusion().is_some() || release.superseded_by().is_some();
    // A newer release at a stage that this one has passed may never come this far.
    let elsewhere = release.service_id(release.stage_index()).as_ref() != Some(service);
    // What is being rolled out is finished: stopping it half-way is the riskier choice.
    if !newer || over || elsewhere || release.live().is_some() {
        return Accepted::Known;
    }
    Accepted::Add(vec![Event::Superseded { by }])
}
