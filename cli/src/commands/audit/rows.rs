//! Whether the rows that are derived from entries and orders say what those do.

use std::collections::BTreeMap;
use std::io::Write;

use serde::Serialize;
use towpath_core::names::ReleaseId;
use towpath_core::release::{
    Difference, Recomputed, Release, ServiceId, ServiceRow, Subject, Summary, ordered,
};

use super::edited::{Edited, write_edited};
use super::orders::{self, AuditedOrders};
use crate::deployer::orders::Orders;
use crate::describe::{counted, safe};
use crate::output::{BAD, Failure, GOOD, NAME};

/// What was found about a service.
#[derive(Debug, Serialize)]
pub(super) struct AuditedService {
    pub(super) service: String,
    pub(super) intact: bool,
    /// How often the service was taken, by the entries.
    epoch: u64,
    /// The epoch of the first rollout that was looked at.
    since: u64,
    differences: Vec<Edited>,
    /// What entries say against each other.
    contradictions: Vec<String>,
}

/// The releases that were looked at, and whether they are all that there are.
#[derive(Default)]
pub(super) struct Known {
    pub(super) releases: BTreeMap<ReleaseId, Release>,
    pub(super) whole: bool,
}

/// What of a release's rows is not what its entries say.
pub(super) async fn of_release<D: Orders>(
    deployer: &D,
    release: &Release,
    stored: &Summary,
) -> Result<Vec<Edited>, Failure> {
    let row = format!("RELEASE#{}/SUMMARY", release.id());
    let mut found: Vec<_> = summary(release, stored)
        .into_iter()
        .map(|difference| Edited {
            row: row.clone(),
            difference,
        })
        .collect();
    let own = release.entries().iter().flat_map(|entry| {
        let named = entry.event.new_deployments();
        named.filter(|id| entry.event.starts(id))
    });
    for id in own {
        let stored = deployer.release_of(id).await?;
        let recomputed = Some(release.id().clone());
        let difference = Difference::between("release", &stored, &recomputed);
        found.extend(difference.map(|difference| Edited {
            row: format!("DEPLOYMENT#{id}"),
            difference,
        }));
    }
    Ok(found)
}

/// When a release is looked at next is no derived value: whoever wrote last has said it.
fn summary(release: &Release, stored: &Summary) -> Vec<Difference> {
    let Some(own) = Summary::of(release) else {
        return Vec::new();
    };
    let mut found = vec![
        Difference::between("pipeline", &stored.pipeline, &own.pipeline),
        Difference::between("repository", &stored.repository, &own.repository),
        Difference::between("tag", &stored.tag, &own.tag),
        Difference::between("digest", &stored.digest, &own.digest),
        Difference::between("back_to", &stored.back_to, &own.back_to),
        Difference::between("arrived_at", &stored.arrived_at, &own.arrived_at),
        Difference::between("version", &stored.version, &own.version),
        Difference::between("state", &stored.state, &own.state),
        Difference::between("outcome", &stored.outcome, &own.outcome),
        Difference::between("opened_at", &stored.opened_at, &own.opened_at),
        Difference::between("updated_at", &stored.updated_at, &own.updated_at),
        Difference::between("blocked_by", &stored.blocked_by, &own.blocked_by),
    ];
    // What people are told after the end may be worded otherwise by another version; before it, a
    // release that is not open is driven by nobody.
    if release.conclusion().is_none() {
        found.push(Difference::between("open", &stored.open, &own.open));
        found.push(Difference::between(
            "moving_since",
            &stored.moving_since,
            &own.moving_since,
        ));
    }
    found.into_iter().flatten().collect()
}

/// Compares a service's row with the releases that were looked at and the orders about it.
pub(super) async fn of_service<D: Orders>(
    deployer: &D,
    service: &ServiceId,
    known: &Known,
) -> Result<AuditedService, Failure> {
    let (row, trail) = deployer.service_and_orders(service).await?;
    let mut releases = known.releases.clone();
    // Whom the row names may be older than all that were looked at, or of a pipeline that is gone.
    for id in named_by(&row) {
        read_release(deployer, &mut releases, id).await?;
    }
    let told = loop {
        let told = Recomputed::of(service, releases.values(), &trail.directives, known.whole);
        match &told.before {
            Some(before)
                if known.whole && read_release(deployer, &mut releases, before).await? => {}
            Some(_) | None => break told,
        }
    };
    let differences: Vec<_> = told
        .differences(&row)
        .into_iter()
        .map(|difference| Edited {
            row: format!("SERVICE#{service}/SERVICE"),
            difference,
        })
        .collect();
    Ok(AuditedService {
        service: service.to_string(),
        intact: differences.is_empty() && told.contradictions.is_empty(),
        epoch: told.row.epoch,
        since: told.since,
        differences,
        contradictions: told.contradictions,
    })
}

/// Reads a release that was not looked at yet. Whether there is one.
async fn read_release<D: Orders>(
    deployer: &D,
    releases: &mut BTreeMap<ReleaseId, Release>,
    id: &ReleaseId,
) -> Result<bool, Failure> {
    if releases.contains_key(id) {
        return Ok(false);
    }
    let release = deployer.release(id).await?;
    let is_new = release.is_some();
    releases.extend(release.map(|release| (id.clone(), release)));
    Ok(is_new)
}

fn named_by(row: &ServiceRow) -> impl Iterator<Item = &ReleaseId> {
    let good = row
        .last_good
        .iter()
        .chain(&row.history)
        .map(|good| &good.release);
    let arrived = row
        .waiting
        .iter()
        .chain(&row.candidate)
        .map(|it| &it.release);
    row.owner
        .iter()
        .chain(&row.taken_by)
        .chain(good)
        .chain(arrived)
}

/// The orders about a service or an image, and for an image what its row makes of them.
pub(super) async fn of_orders<D: Orders>(
    deployer: &D,
    name: String,
    subject: &Subject,
) -> Result<AuditedOrders, Failure> {
    let mut audited = orders::audit(deployer, name, subject).await?;
    if let Subject::Image(digest) = subject {
        let active = deployer.veto(digest).await?;
        let difference = Difference::between("active", &active, &ordered(audited.all()));
        audited.edited(difference.map(|difference| Edited {
            row: format!("VETO#{digest}/VETO"),
            difference,
        }));
    }
    Ok(audited)
}

pub(super) fn write_service(out: &mut dyn Write, one: &AuditedService) -> Result<(), Failure> {
    let AuditedService {
        service,
        intact,
        epoch,
        since,
        differences,
        contradictions,
    } = one;
    let from = if *since > 1 {
        format!(", checked from the {since}th on")
    } else {
        String::new()
    };
    let taken = counted(*epoch, "time");
    if *intact {
        writeln!(
            out,
            "{GOOD}intact{GOOD:#} {NAME}{service}{NAME:#}: taken {taken}{from}"
        )?;
        return Ok(());
    }
    writeln!(
        out,
        "{BAD}NOT INTACT{BAD:#} {NAME}{service}{NAME:#}: taken {taken}{from}"
    )?;
    for problem in contradictions {
        writeln!(out, "      {}", safe(problem))?;
    }
    write_edited(out, differences)
}
