//! AWS as far as a rollout sees it: services with their revision, their deployments and their auto
//! scaling. Every call takes effect at once or not at all; what the caller hears of it is decided
//! elsewhere.

use std::collections::BTreeMap;

use super::sample::revision;
use crate::names::{DeploymentId, Fingerprint, ReleaseId};
use crate::release::{DeploymentStatus, Revision, ScalingState, ServiceId};

/// All services.
#[derive(Debug, Clone)]
pub struct Aws {
    /// The auto scaling of services that nobody has named yet.
    pub scaling: Option<ScalingState>,
    services: BTreeMap<ServiceId, Service>,
    deployments: u64,
}

impl Default for Aws {
    fn default() -> Self {
        Self {
            scaling: Some(ScalingState::default()),
            services: BTreeMap::new(),
            deployments: 0,
        }
    }
}

/// One service.
#[derive(Debug, Clone)]
pub struct Service {
    /// The revision that serves.
    pub current: Revision,
    /// The revision that served before it.
    pub before: Option<Revision>,
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
    /// The one-off tasks that were run, by what they say that started them.
    pub tasks: Vec<(String, DeploymentId)>,
    /// The revision that somebody has put there by hand, until that is accepted.
    pub foreign: Option<Revision>,
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
    /// Whether it waits until its traffic is let through.
    pub waits: bool,
}

impl Aws {
    /// The service; it exists from the moment on when it is first named, with revision 1 and its
    /// auto scaling as in the whole account.
    pub fn service(&mut self, id: &ServiceId) -> &mut Service {
        let scaling = self.scaling;
        self.services.entry(id.clone()).or_insert_with(|| Service {
            current: revision(1),
            before: None,
            revisions: vec![(revision(1), Fingerprint::of("the beginning"))],
            scaling,
            wanted: scaling,
            edits: 0,
            deployments: Vec::new(),
            tasks: Vec::new(),
            foreign: None,
        })
    }

    /// Every service.
    pub fn services(&mut self) -> impl Iterator<Item = &mut Service> {
        self.services.values_mut()
    }

    /// Starts a deployment. One that runs is replaced by it, as by `UpdateService`.
    pub fn start(
        &mut self,
        at: &ServiceId,
        by: &ReleaseId,
        revision: &Revision,
        waits: bool,
    ) -> DeploymentId {
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
            waits,
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

    /// What a revision says.
    #[must_use]
    pub fn says(&self, revision: &Revision) -> Option<Fingerprint> {
        let found = self.revisions.iter().find(|(known, _)| known == revision);
        found.map(|(_, says)| says.clone())
    }

    /// Registers a revision.
    pub fn register(&mut self, spec: &Fingerprint) -> Revision {
        let new = revision(self.revisions.len() as u64 + 1);
        self.revisions.push((new.clone(), spec.clone()));
        new
    }

    /// Begins to take a deployment back. What has succeeded is taken back only by who insists. What
    /// somebody has put there by hand is left as it is.
    pub fn roll_back(&mut self, deployment: &DeploymentId, reason: &str, insists: bool) {
        let foreign = self.foreign.clone();
        let of = |running: &&mut Running| running.id == *deployment;
        let Some(running) = self.deployments.iter_mut().find(of) else {
            return;
        };
        let succeeded = running.status == DeploymentStatus::Succeeded;
        let in_place = matches!(running.status, DeploymentStatus::FailedInPlace { .. });
        if let Some(by) = foreign.filter(|_| succeeded || in_place) {
            running.status = DeploymentStatus::Replaced { by: by.to_string() };
        } else if !running.status.is_final() || in_place || (succeeded && insists) {
            running.status = DeploymentStatus::RollingBack {
                reason: reason.to_owned(),
                by: None,
            };
        }
    }

    /// Whether the service is left with what a deployment of that release failed to bring.
    #[must_use]
    pub fn stands_on_a_failure_of(&self, release: &ReleaseId) -> bool {
        self.deployments.iter().any(|running| {
            running.by == *release
                && running.revision == self.current
                && matches!(running.status, DeploymentStatus::FailedInPlace { .. })
        })
    }

    /// Lets a deployment's traffic through.
    pub fn let_through(&mut self, deployment: &DeploymentId) {
        let mut running = self.running();
        if let Some(running) = running.find(|running| running.id == *deployment) {
            running.waits = false;
        }
    }

    /// Somebody puts another revision there by hand.
    pub fn take_by_hand(&mut self) {
        let revision = self.register(&Fingerprint::of(format!("by hand {}", self.edits)));
        for running in self.running() {
            running.status = DeploymentStatus::Replaced {
                by: revision.to_string(),
            };
        }
        self.current = revision.clone();
        self.foreign = Some(revision);
    }

    /// Moves everything that is under way one step on, in the way that `fate` says: 0 is well, the
    /// others are the ways in which a deployment goes wrong. Returns what AWS reports.
    pub fn move_on(&mut self, fate: usize) -> Vec<(ReleaseId, DeploymentId, String)> {
        let mut reports = Vec::new();
        let mut serves = None;
        let (before, serving) = (self.before.clone(), Some(self.current.clone()));
        for running in self.running() {
            running.moves += 1;
            let reason = || format!("{} went wrong", running.id);
            running.status = match (&running.status, fate) {
                (DeploymentStatus::RollingBack { .. }, _) => {
                    if serving.as_ref() == Some(&running.revision) {
                        serves = before.clone();
                    }
                    DeploymentStatus::RolledBack { reason: reason() }
                }
                (_, 1) => continue,
                (_, 2) => DeploymentStatus::RollingBack {
                    reason: reason(),
                    by: None,
                },
                (_, 3) => DeploymentStatus::Failed { reason: reason() },
                (_, 4) => DeploymentStatus::Stopped { reason: reason() },
                (_, 5) => {
                    serves = Some(running.revision.clone());
                    DeploymentStatus::FailedInPlace { reason: reason() }
                }
                _ if running.moves < 3 => in_progress(&format!("step {}", running.moves)),
                _ if running.waits => DeploymentStatus::Ready { pause: None },
                _ => {
                    serves = Some(running.revision.clone());
                    DeploymentStatus::Succeeded
                }
            };
            let state = running.status.to_string();
            reports.push((running.by.clone(), running.id.clone(), state));
        }
        if let Some(revision) = serves {
            self.before = Some(std::mem::replace(&mut self.current, revision));
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
