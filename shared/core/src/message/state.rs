//! How a release stands, in one line: for lists.

use super::waiting::at_stage;
use crate::release::{Outcome, ReleaseState, Summary};

/// The longest line, in characters.
const MAX_LEN: usize = 400;

/// How a release stands: `test: about to start`, `rolled back: production: …`.
#[must_use]
pub fn state(summary: &Summary) -> String {
    let text = match &summary.state {
        ReleaseState::Ended(conclusion) if conclusion.outcome == Outcome::Succeeded => {
            conclusion.outcome.to_string()
        }
        ReleaseState::Ended(conclusion) => format!("{}: {}", conclusion.outcome, conclusion.reason),
        ReleaseState::Waiting(waiting) => at_stage(waiting),
        ReleaseState::NoStages => "it has no stages".to_owned(),
    };
    let text = match &summary.back_to {
        Some(name) => format!("back to {name}: {text}"),
        None => text,
    };
    let visible = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    visible.take(MAX_LEN).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::release::summary_of as release;

    /// The line of a release to which this happens, whose state is stored and read again.
    fn state_of(further: serde_json::Value) -> String {
        let summary = Summary::of(&release(None, further)).unwrap();
        let stored = serde_json::to_string(&summary.state).unwrap();
        let read: ReleaseState = serde_json::from_str(&stored).unwrap();
        assert_eq!(read, summary.state, "{stored}");
        state(&summary)
    }

    #[test]
    fn the_state_names_the_stage_and_what_it_is_at() {
        assert_eq!(state_of(json!([])), "production: about to start");
        let fault = |said: &str| json!({"cause": {"is": "aws_said", "message": said}});
        let hold = |reason: &str| {
            json!({"type": "blocked", "stage": "production",
            "by": {"by": "hold", "hold": {"from": "order", "by": {"aws": "ada"}, "order": "hold", "reason": reason}}})
        };
        assert_eq!(
            state_of(json!([hold("look\nfirst")])),
            "production: on hold: ada held it: look first; \
             `towpath release-hold shop-api production --reason …` lifts it"
        );
        let asked = json!({
            "type": "approval_requested", "stage": "production", "approval": "production-1",
            "digest": format!("sha256:{}", "a".repeat(64)), "spec": "0".repeat(64),
            "expires_at": "2026-11-24T10:00:00Z",
        });
        let vote = json!({
            "type": "voted", "approval": "production-1", "by": {"slack": "U1"},
            "decision": "approve",
        });
        assert_eq!(
            state_of(json!([asked, vote])),
            "production: waits for approval by U1, U2 (1 of 2); expires if not approved by 2026-11-24T10:00:00Z; shop-api:7 runs now"
        );
        let started = json!({"type": "rollout_started", "stage": "production", "epoch": 1});
        assert_eq!(
            state_of(json!([started])),
            "production: preparing; fails if not through by 1970-01-01T01:00:00Z"
        );
        let deploying = json!({"type": "deployment_started", "deployment": "d-1", "found": false});
        assert_eq!(
            state_of(json!([started, deploying])),
            "production: rolling out: starting (d-1); rolled back if not through by 1970-01-01T01:00:00Z"
        );
        let back = json!({"type": "rollback_started", "reason": {"is": "left_in_place", "fault": fault("it fails")}});
        assert_eq!(
            state_of(json!([started, deploying, back])),
            "production: Towpath rolls it back: it fails; fails if not through by 1970-01-01T02:00:00Z"
        );
        let ended = json!({
            "type": "ended", "outcome": "rolled_back",
            "reason": {"is": "stage", "stage": "production",
                "because": {"is": "deployment", "fault": fault("it failed")}},
        });
        assert_eq!(
            state_of(json!([ended])),
            "rolled back: production: it failed"
        );
        let ended = json!({
            "type": "ended", "outcome": "succeeded",
            "reason": {"is": "serves", "name": "3f2c1ab", "stage": "production"},
        });
        assert_eq!(state_of(json!([ended])), "succeeded");
    }

    #[test]
    fn a_state_is_of_bounded_length() {
        let problem = "x".repeat(999);
        let reason = json!({"is": "not_trusted", "problem": problem});
        let ended = json!({"type": "ended", "outcome": "failed", "reason": reason});
        assert_eq!(state_of(json!([ended])).chars().count(), MAX_LEN);
    }
}
