//! A rollout that does not have its service yet: what is planned and asked, and what keeps it from
//! beginning.

use jiff::Timestamp;

use super::{ActiveRollout, Phase, Rollout};
use crate::names::ApprovalId;
use crate::release::vote::{Approval, Standing, Vote};
use crate::release::{Block, BlockedBy, HoldReason, Plan};

impl Rollout {
    pub(in crate::release) fn planned(&mut self, plan: &Plan, at: Timestamp) {
        let (granted, blocked_by) = match &self.phase {
            Phase::Planned {
                granted,
                blocked_by,
                ..
            } => (granted.clone(), blocked_by.clone()),
            Phase::Pending => (None, None),
            Phase::Asking { .. } | Phase::Live(_) | Phase::Ended { .. } => return,
        };
        self.phase = Phase::Planned {
            plan: Box::new(plan.clone()),
            read_at: at,
            granted,
            blocked_by,
        };
    }

    pub(in crate::release) fn ask(&mut self, approval: Approval) {
        match &mut self.phase {
            Phase::Planned { plan, .. } => {
                self.approvals += 1;
                self.phase = Phase::Asking {
                    plan: plan.clone(),
                    approval,
                };
            }
            Phase::Live(live) => {
                self.approvals += 1;
                live.asked = Some(approval);
            }
            Phase::Pending | Phase::Asking { .. } | Phase::Ended { .. } => {}
        }
    }

    pub(in crate::release) fn void(&mut self, approval: &ApprovalId) {
        if let Phase::Planned { granted, .. } = &mut self.phase
            && granted.as_ref().is_some_and(|given| given.id == *approval)
        {
            *granted = None;
        }
    }

    pub(in crate::release) fn block(&mut self, by: &BlockedBy) {
        if let Phase::Planned { blocked_by, .. } = &mut self.phase {
            *blocked_by = Some(by.clone());
        }
    }

    pub(in crate::release) fn hold(&mut self, reason: &HoldReason) {
        match &mut self.phase {
            Phase::Planned { plan, .. } => {
                plan.service.hold = Some(Block::Release(reason.clone()));
            }
            Phase::Live(live) => live.held = Some(reason.clone()),
            Phase::Pending | Phase::Asking { .. } | Phase::Ended { .. } => {}
        }
    }

    pub(in crate::release) fn start(&mut self, epoch: u64, at: Timestamp) {
        if let Phase::Planned { plan, granted, .. } = &self.phase {
            let active = ActiveRollout::new((**plan).clone(), granted.clone(), epoch, at);
            self.phase = Phase::Live(Box::new(active));
        }
    }

    pub(in crate::release) fn vote(&mut self, approval: &str, vote: Vote, at: Timestamp) {
        match &mut self.phase {
            Phase::Asking {
                plan,
                approval: open,
            } if open.id.as_str() == approval => {
                open.votes.push(vote);
                if open.standing() == Standing::Granted {
                    // The plan is from before the request: it is read again before it is acted on.
                    self.phase = Phase::Planned {
                        plan: plan.clone(),
                        read_at: Timestamp::MIN,
                        granted: Some(open.clone()),
                        blocked_by: None,
                    };
                }
            }
            Phase::Planned {
                granted: Some(given),
                ..
            } if given.id.as_str() == approval => given.votes.push(vote),
            Phase::Live(live) => live.voted(approval, vote, at),
            Phase::Pending | Phase::Planned { .. } | Phase::Asking { .. } | Phase::Ended { .. } => {
            }
        }
    }
}
