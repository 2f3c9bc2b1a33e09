//! Whether the service still runs what Towpath left there, and what the next release makes of it.

use super::finding::Finding;
use super::stage::{Seen, short};

/// Compares the running task definition with the ledger.
pub(crate) fn check(seen: &Seen<'_>) -> Vec<Finding> {
    let check = seen.at.check("drift");
    if let Some(owner) = &seen.row.owner {
        return vec![check.ok(format!("{owner} is being rolled out"))];
    }
    let deployed = seen.row.good.as_ref().map(|good| good.revision.as_str());
    // What a rollout left is what planning compares with; after a hold was lifted that is nothing.
    let left = seen.row.baseline.as_ref().map(|left| left.as_str());
    match (left, deployed) {
        (Some(left), _) if seen.running == left => {
            vec![check.ok(format!("runs {}, as Towpath left it", short(left)))]
        }
        (None, None) => vec![check.ok("nothing was deployed here yet")],
        (None, Some(deployed)) if seen.running == deployed => {
            vec![check.ok(format!("runs {}, as deployed", short(deployed)))]
        }
        (None, Some(_)) => vec![check.ok(format!(
            "runs {}, which was not deployed by Towpath and was accepted: the next release begins with it",
            short(&seen.running)
        ))],
        (Some(left), _) => {
            let (pipeline, stage) = (&seen.at.pipeline.pipeline, &seen.at.stage.name);
            let lift = format!("`towpath release-hold {pipeline} {stage} --reason …`");
            let way_out = match &seen.row.hold {
                Some(_) => format!("the stage is on hold: {lift} accepts what runs"),
                None => format!(
                    "the next release does not overwrite it but puts the stage on hold: {lift} \
                     accepts what runs then"
                ),
            };
            vec![check.warning(
                format!(
                    "the service runs {}, but Towpath left {}: somebody else has changed it",
                    short(&seen.running),
                    short(left)
                ),
                format!(
                    "{way_out}. If it was Terraform, let it ignore the service's task_definition (docs/install.md)"
                ),
            )]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::memory::told;
    use crate::doctor::samples::{good, seen};

    #[test]
    fn what_runs_is_compared_with_what_was_left() {
        let mut seen = seen();
        assert_eq!(told(&check(&seen)), ["ok: nothing was deployed here yet"]);
        seen.row.good = Some(good(7));
        assert_eq!(told(&check(&seen)), ["ok: runs api:7, as deployed"]);
        seen.row.baseline = Some(good(7).revision);
        assert_eq!(told(&check(&seen)), ["ok: runs api:7, as Towpath left it"]);
        seen.row.baseline = Some(good(6).revision);
        assert_eq!(
            told(&check(&seen)),
            [
                "warning: the service runs api:7, but Towpath left api:6: somebody else has changed it"
            ]
        );
        seen.row.owner = Some(good(6).release);
        assert!(told(&check(&seen))[0].ends_with("is being rolled out"));
    }

    #[test]
    fn the_way_out_is_what_the_next_release_does() {
        let mut seen = seen();
        seen.row.good = Some(good(6));
        seen.row.baseline = Some(good(6).revision);
        let way_out = |seen: &Seen<'_>| check(seen)[0].way_out.clone().unwrap_or_default();
        let unheld = way_out(&seen);
        assert!(unheld.contains("the next release does not overwrite it"));
        assert!(
            unheld.contains("`towpath release-hold shop-api"),
            "{unheld}"
        );
        seen.row.hold = Some("somebody held it".into());
        assert!(way_out(&seen).starts_with("the stage is on hold"));
        // A hold that was lifted has accepted what runs.
        seen.row.hold = None;
        seen.row.baseline = None;
        assert!(told(&check(&seen))[0].starts_with("ok: runs api:7, which was not deployed"));
    }
}
