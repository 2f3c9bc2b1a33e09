//! Whether the service still runs what was deployed last.

use super::finding::Finding;
use super::stage::{Seen, short};

/// Compares the running task definition with the ledger.
pub(crate) fn check(seen: &Seen<'_>) -> Vec<Finding> {
    let check = seen.at.check("drift");
    if let Some(owner) = &seen.row.owner {
        return vec![check.ok(format!("{owner} is being rolled out"))];
    }
    let Some(good) = &seen.row.good else {
        return vec![check.ok("nothing was deployed here yet")];
    };
    let deployed = good.revision.as_str();
    if seen.running == deployed {
        return vec![check.ok(format!("runs {}, as deployed", short(deployed)))];
    }
    vec![check.warning(
        format!(
            "the service runs {}, but {} was deployed last: somebody else has changed it",
            short(&seen.running),
            short(deployed)
        ),
        "let Terraform ignore the service's task_definition (docs/install.md); the next release \
         begins with what runs",
    )]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::memory::told;
    use crate::doctor::samples::{good, seen};

    #[test]
    fn what_runs_is_compared_with_what_was_deployed() {
        let mut seen = seen();
        assert_eq!(told(&check(&seen)), ["ok: nothing was deployed here yet"]);
        seen.row.good = Some(good(7));
        assert_eq!(told(&check(&seen)), ["ok: runs api:7, as deployed"]);
        seen.row.good = Some(good(6));
        assert_eq!(
            told(&check(&seen)),
            [
                "warning: the service runs api:7, but api:6 was deployed last: somebody else has changed it"
            ]
        );
        seen.row.owner = Some(good(6).release);
        assert!(told(&check(&seen))[0].ends_with("is being rolled out"));
    }
}
