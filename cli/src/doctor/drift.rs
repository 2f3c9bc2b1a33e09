//! Whether the service still runs what Towpath left there, and what the next release makes of it.

use serde_json::Value;
use towpath_core::release::{Drift, GoodRelease, Revision, ServiceRow};

use super::finding::Finding;
use super::stage::{StageAt, StageState, running};

/// The revision that a service runs, as `DescribeServices` shows it; none where it has none yet.
pub(crate) fn revision(service: &Value) -> Option<Revision> {
    running(service).parse().ok()
}

/// Compares the running task definition with the ledger.
pub(crate) fn check(seen: &StageState<'_>) -> Vec<Finding> {
    let check = seen.at.check("drift");
    if let Some(owner) = &seen.row.owner {
        return vec![check.ok(format!("{owner} is being rolled out"))];
    }
    let Some(running) = revision(&seen.service) else {
        return vec![check.ok("the service runs no task definition yet")];
    };
    let runs = running.short();
    vec![match seen.row.drift(&running) {
        Drift::Untouched => check.ok("nothing was deployed here yet"),
        Drift::AsLeft(_) => check.ok(format!("runs {runs}, as Towpath left it")),
        Drift::NotKnown(good) => check.ok(not_known(&seen.row, &running, good)),
        Drift::Changed(left) => check.warning(
            changed(&running, left),
            format!(
                "{}. If it was Terraform, let it ignore the service's task_definition (docs/install.md)",
                help(&seen.at, &seen.row)
            ),
        ),
    }]
}

/// That a service runs something else than what succeeded there last, and that it is not known what
/// was left since.
pub(crate) fn not_known(row: &ServiceRow, running: &Revision, good: &GoodRelease) -> String {
    let runs = running.short();
    match &row.hold {
        None => format!(
            "runs {runs}, which was not deployed by Towpath and was accepted: the next release begins \
             with it"
        ),
        Some(_) => format!(
            "runs {runs}, and not {}, which succeeded here last: look at it before the hold is lifted",
            good.revision.short()
        ),
    }
}

/// That a service runs something else than what Towpath left.
pub(crate) fn changed(running: &Revision, left: &Revision) -> String {
    format!(
        "the service runs {}, but Towpath left {}: somebody else has changed it",
        running.short(),
        left.short()
    )
}

/// What the next release makes of that, and what to do.
pub(crate) fn help(at: &StageAt<'_>, row: &ServiceRow) -> String {
    let (pipeline, stage) = (&at.pipeline.pipeline, &at.stage.name);
    let lift = format!("`towpath release-hold {pipeline} {stage} --reason …`");
    match &row.hold {
        Some(_) => format!("the stage is on hold: {lift} accepts what runs"),
        None => format!(
            "the next release does not overwrite it but puts the stage on hold: {lift} accepts what \
             runs then"
        ),
    }
}

#[cfg(test)]
mod tests {
    use towpath_core::release::{Block, Principal};

    use super::*;
    use crate::doctor::report::report;
    use crate::doctor::samples::{good_release, stage_state};

    #[test]
    fn what_runs_is_compared_with_what_was_left() {
        let mut seen = stage_state();
        assert_eq!(report(&check(&seen)), ["ok: nothing was deployed here yet"]);
        seen.row.last_good = Some(good_release(7));
        assert_eq!(
            report(&check(&seen)),
            ["ok: runs api:7, as Towpath left it"]
        );
        seen.row.baseline = Some(good_release(7).revision);
        assert_eq!(
            report(&check(&seen)),
            ["ok: runs api:7, as Towpath left it"]
        );
        seen.row.baseline = Some(good_release(6).revision);
        assert_eq!(
            report(&check(&seen)),
            [
                "warning: the service runs api:7, but Towpath left api:6: somebody else has changed it"
            ]
        );
        seen.row.owner = Some(good_release(6).release);
        assert!(report(&check(&seen))[0].ends_with("is being rolled out"));
    }

    #[test]
    fn the_way_out_is_what_the_next_release_does() {
        let mut seen = stage_state();
        seen.row.last_good = Some(good_release(6));
        seen.row.baseline = Some(good_release(6).revision);
        let help = |seen: &StageState<'_>| check(seen)[0].help.clone().unwrap_or_default();
        let unheld = help(&seen);
        assert!(unheld.contains("the next release does not overwrite it"));
        assert!(
            unheld.contains("`towpath release-hold shop-api"),
            "{unheld}"
        );
        seen.row.hold = Some(Block::hold(Principal::Aws("ada".into()), "the sale"));
        assert!(help(&seen).starts_with("the stage is on hold"));
        // A hold that was lifted has accepted what runs.
        seen.row.hold = None;
        seen.row.baseline = None;
        assert!(report(&check(&seen))[0].starts_with("ok: runs api:7, which was not deployed"));
    }
}
