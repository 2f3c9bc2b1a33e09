//! AWS as far as a rollout sees it: services with their revision, their deployments and their auto
//! scaling. Every call takes effect at once or not at all; what the caller hears of it is decided
//! elsewhere.

use std::collections::BTreeMap;

use super::sample::revision;
use crate::names::{DeploymentId, Fingerprint, ReleaseId};
use crate::release::{DeploymentStatus, Revision, ScalingState, ServiceId};

/// All services.
#[derive(Debug, Clone, Default)]
pub struct Aws {
    services: BTreeMap<ServiceId, Service>,
    deployments: u64,
}

/// One service.
#[derive(Debug, Clone)]
pub struct Service {
    /// The revision that serves.
    pub current: Revision,
    /// The revisions of its task definition, by what each says.
    pub revisions: Vec<(Revision, Fingerprint)>,
    /// Its auto scaling.
    pub scaling: Option<ScalingState>,
    /// Its auto scaling as its owner wants it.
    pub wanted: Option<ScalingState>,
    /// How often somebody has edited its task definition elsewhere.
    pub edits: u64,
    /// Its deployments.
    pub deployments: Vec<Running>,
}

/// A deployment.
#[derive(Debug, Clone)]
pub struct Running {
    /// Its id.
    pub id: DeploymentId,
    /// The release that started it.
    pub by: ReleaseId,
    /// What it brings.
    pub revision: Revision,
    /// How it stands.
    pub status: DeploymentStatus,
    /// How often it has moved.
    pub moves: u32,
}

impl Aws {
    /// The service; it exists from the moment on when it is first named, with revision 1 and auto
    /// scaling on.
    pub fn service(&mut self, id: &ServiceId) -> &mut Service {
        self.services.entry(id.clone()).or_insert_with(|| Service {
            current: revision(1),
            revisions: vec![(revision(1), Fingerprint::of("the beginning"))],
            scaling: Some(ScalingState::default()),
            wanted: Some(ScalingState::default()),
            edits: 0,
            deployments: Vec::new(),
        })
    }

    /// Every service.
    pub fn services(&mut self) -> impl Iterator<Item = &mut Service> {
        self.services.values_mut()
    }

    /// Starts a deployment. One that runs is replaced by it, as by `UpdateService`.
    pub fn start(&mut self, at: &ServiceId, by: &ReleaseId, revision: &Revision) -> DeploymentId {
        self.deployments += 1;
        let id: DeploymentId = format!("d-{}", self.deployments)
            .parse()
            .expect("a deployment id");
        let service = self.service(at);
        for running in service.running() {
            running.status = DeploymentStatus::Replaced { by: id.to_string() };
        }
        service.deployments.push(Running {
            id: id.clone(),
            by: by.clone(),
            revision: revision.clone(),
            status: in_progress("starting"),
            moves: 0,
        });
        id
    }
}

impl Service {
    /// The deployments that are under way.
    pub fn running(&mut self) -> impl Iterator<Item = &mut Running> {
        self.deployments
            .iter_mut()
            .filter(|running| !running.status.is_final())
    }

    /// The revision that says this, if there is one.
    #[must_use]
    pub fn saying(&self, spec: &Fingerprint) -> Option<Revision> {
        let found = self.revisions.iter().rev().find(|(_, says)| says == spec);
        found.map(|(revision, _)| revision.clone())
    }

    /// Registers a revision.
    pub fn register(&mut self, spec: &Fingerprint) -> Revision {
        let new = revision(self.revisions.len() as u64 + 1);
        self.revisions.push((new.clone(), spec.clone()));
        new
    }

    /// Begins to take a deployment back, unless it is over.
    pub fn roll_back(&mut self, deployment: &DeploymentId, reason: &str) {
        let mut running = self.running();
        if let Some(running) = running.find(|running| running.id == *deployment) {
            running.status = DeploymentStatus::RollingBack {
                reason: reason.to_owned(),
                by: None,
            };
        }
    }

    /// Moves everything that is under way one step on, in the way that `fate` says: 0 is well, the
    /// others are the ways in which a deployment goes wrong. Returns what AWS reports.
    pub fn move_on(&mut self, fate: usize) -> Vec<(ReleaseId, DeploymentId, String)> {
        let mut reports = Vec::new();
        let mut serves = None;
        for running in self.running() {
            running.moves += 1;
            let reason = || "as the dice fell".to_owned();
            running.status = match (&running.status, fate) {
                (DeploymentStatus::RollingBack { .. }, _) => {
                    DeploymentStatus::RolledBack { reason: reason() }
                }
                (_, 1) => continue,
                (_, 2) => DeploymentStatus::RollingBack {
                    reason: reason(),
                    by: None,
                },
                (_, 3) => DeploymentStatus::Failed { reason: reason() },
                (_, 4) => DeploymentStatus::Stopped { reason: reason() },
                _ if running.moves < 3 => in_progress(&format!("step {}", running.moves)),
                _ => {
                    serves = Some(running.revision.clone());
                    DeploymentStatus::Succeeded
                }
            };
            let state = running.status.to_string();
            reports.push((running.by.clone(), running.id.clone(), state));
        }
        if let Some(revision) = serves {
            self.current = revision;
        }
        reports
    }
}

fn in_progress(at: &str) -> DeploymentStatus {
    DeploymentStatus::InProgress {
        at: at.into(),
        traffic: None,
    }
}
