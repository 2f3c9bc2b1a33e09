//! What there is to be verified, where nothing is named: a page of each pipeline's releases, whatever
//! is on its way, every service that they are rolled out to, and every order.

use std::collections::{BTreeMap, BTreeSet};

use towpath_core::names::ReleaseId;
use towpath_core::release::{Directive, Release, ServiceId, Subject, verify_listed, verify_log};

use super::rows::Known;
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

/// What may have been ordered about: the services, and the images of the releases, that were looked
/// at.
pub(super) fn subjects(services: &BTreeSet<ServiceId>, known: &Known) -> BTreeSet<Subject> {
    let images = known
        .releases
        .values()
        .map(|release| release.image().digest);
    let services = services.iter().cloned().map(Subject::Service);
    services.chain(images.map(Subject::Image)).collect()
}

/// What people have ordered of all, about those that are `looked` at and whomever the list of orders
/// names, and what does not fit together in that list.
pub(super) async fn orders<D: Orders>(
    deployer: &D,
    looked: BTreeSet<Subject>,
) -> Result<(BTreeSet<Subject>, Option<String>), Failure> {
    let log = deployer.order_log().await?;
    let mut subjects = looked;
    subjects.extend(log.orders.iter().map(|one| one.subject.clone()));
    let mut trails: BTreeMap<Subject, Vec<Directive>> = BTreeMap::new();
    let mut unread = None;
    for subject in &subjects {
        let trail = deployer.trail(subject).await?;
        unread = unread.or_else(|| Some((subject.clone(), trail.broken.into_iter().next()?)));
        trails.insert(subject.clone(), trail.directives);
    }
    if let Some((subject, broken)) = unread {
        let problem = format!("not compared with the orders: about {subject}, {broken}");
        return Ok((subjects, Some(problem)));
    }
    let head = log.head.as_ref().map(|(place, print)| (*place, print));
    let verified = verify_log(&log.orders, head, |subject, sequence| {
        let mut trail = trails.get(subject)?.iter();
        trail.find(|one| one.sequence == sequence)
    });
    // What was ordered meanwhile is listed by now.
    let log = deployer.order_log().await?.orders;
    let listed = || {
        let mut trails = trails.iter();
        trails.try_for_each(|(subject, trail)| verify_listed(&log, subject, trail))
    };
    let broken = verified.and_then(|()| listed()).err();
    Ok((subjects, broken.map(|broken| broken.to_string())))
}
