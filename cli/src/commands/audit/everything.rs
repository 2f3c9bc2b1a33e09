//! What there is to be verified, where nothing is named: a page of each pipeline's releases, whatever
//! is on its way, every service that they are rolled out to, and every order.

use std::collections::{BTreeMap, BTreeSet};

use towpath_core::names::ReleaseId;
use towpath_core::release::{Directive, Release, ServiceId, Subject, verify_log};

use crate::deployer::orders::Orders;
use crate::deployer::{all_pipelines, service_of};
use crate::output::Failure;

/// What was found to be looked at.
pub(super) struct Found {
    pub(super) pipelines: usize,
    pub(super) releases: BTreeSet<ReleaseId>,
    /// Whether these are all releases of the pipelines.
    pub(super) whole: bool,
    pub(super) services: BTreeSet<ServiceId>,
}

/// The last releases of each pipeline, at most `last` of each, and all that are on their way; only
/// of pipelines with a stage in `of`, where that is named.
pub(super) async fn find<D: Orders>(
    deployer: &D,
    last: usize,
    of: Option<&ServiceId>,
) -> Result<Found, Failure> {
    let home = deployer.home().await?;
    let mut found = Found {
        pipelines: 0,
        releases: BTreeSet::new(),
        whole: true,
        services: of.cloned().into_iter().collect(),
    };
    for kept in all_pipelines(deployer).await? {
        let Ok(pipeline) = kept.pipeline else {
            continue;
        };
        let services: Vec<_> = pipeline
            .stages
            .iter()
            .map(|stage| service_of(stage, &home))
            .collect();
        match of {
            Some(of) if !services.contains(of) => continue,
            Some(_) => {}
            None => found.services.extend(services),
        }
        found.pipelines += 1;
        let releases = deployer
            .releases_of(&pipeline.pipeline, last.saturating_add(1))
            .await?;
        found.whole &= releases.len() <= last;
        found
            .releases
            .extend(releases.into_iter().take(last).map(|one| one.release));
    }
    let open = deployer.open_releases().await?;
    found
        .releases
        .extend(open.into_iter().map(|one| one.release));
    Ok(found)
}

/// The services that a release was to be rolled out to, as its pipeline was when it began.
pub(super) fn services_of(release: &Release) -> impl Iterator<Item = ServiceId> {
    let stages = 0..release.pipeline().stages.len();
    stages.filter_map(|index| release.service_id(index))
}

/// What people have ordered of all, about whom, and what does not fit together in the list.
pub(super) async fn orders<D: Orders>(
    deployer: &D,
) -> Result<(BTreeSet<Subject>, Option<String>), Failure> {
    let log = deployer.order_log().await?;
    let subjects: BTreeSet<_> = log.orders.iter().map(|one| one.subject.clone()).collect();
    let mut trails: BTreeMap<Subject, Vec<Directive>> = BTreeMap::new();
    for subject in &subjects {
        let trail = deployer.trail(subject).await?;
        trails.insert(subject.clone(), trail.directives);
    }
    let head = log.head.as_ref().map(|(place, print)| (*place, print));
    let broken = verify_log(&log.orders, head, |subject, sequence| {
        let mut trail = trails.get(subject)?.iter();
        trail.find(|one| one.sequence == sequence)
    });
    Ok((subjects, broken.err().map(|broken| broken.to_string())))
}
