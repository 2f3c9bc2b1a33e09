//! What a decision to roll back is made on, and what is to be looked up for it.

use std::collections::BTreeMap;

use super::{RollbackRefused, Serving};
use crate::names::{PipelineName, ReleaseId};
use crate::release::{Release, ServiceId, ServiceRow};

/// A release, as the ledger was asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// There is none.
    Missing,
    /// It cannot be read: why.
    Unreadable(String),
    Release(Box<Release>),
}

/// What is known so far. It grows by what [`Lookup`]s bring.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RollbackFacts {
    pub row: Option<ServiceRow>,
    /// The releases that were asked for.
    pub releases: BTreeMap<ReleaseId, Found>,
    pub serving: Option<Serving>,
    /// The newest releases of the pipeline.
    pub newest: Option<Vec<ReleaseId>>,
}

/// What is to be looked up before it can be decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    Row(ServiceId),
    Release(ReleaseId),
    /// What serves in this service. Whoever cannot look answers [`Serving::NotKnown`].
    Serving(ServiceId),
    /// The newest releases of this pipeline.
    Newest(PipelineName),
}

/// Why it is not decided yet, or never will be.
#[derive(Debug)]
pub(super) enum Undecided {
    Lookup(Lookup),
    Refused(Box<RollbackRefused>),
}

impl From<RollbackRefused> for Undecided {
    fn from(refused: RollbackRefused) -> Self {
        Self::Refused(Box::new(refused))
    }
}

/// The release that has a service.
#[derive(Debug)]
pub(super) enum Owner<'f> {
    /// No release has it.
    Nobody,
    /// A release that drives a rollout, or a rollback, there.
    Driven(&'f Release),
    /// A release that is not driven: a rollback takes the service from it.
    NotDriven { release: ReleaseId, problem: String },
}

impl RollbackFacts {
    pub(super) fn row(&self, service: &ServiceId) -> Result<&ServiceRow, Undecided> {
        let lookup = || Undecided::Lookup(Lookup::Row(service.clone()));
        self.row.as_ref().ok_or_else(lookup)
    }

    pub(super) fn serving(&self, service: &ServiceId) -> Result<&Serving, Undecided> {
        let lookup = || Undecided::Lookup(Lookup::Serving(service.clone()));
        self.serving.as_ref().ok_or_else(lookup)
    }

    pub(super) fn newest(&self, pipeline: &PipelineName) -> Result<&[ReleaseId], Undecided> {
        let lookup = || Undecided::Lookup(Lookup::Newest(pipeline.clone()));
        self.newest.as_deref().ok_or_else(lookup)
    }

    /// A release that nothing can be done without.
    pub(super) fn needed(&self, id: &ReleaseId) -> Result<&Release, Undecided> {
        match self.found(id)? {
            Found::Release(release) => Ok(release),
            Found::Missing => Err(RollbackRefused::NoSuchRelease(id.clone()).into()),
            Found::Unreadable(problem) => Err(RollbackRefused::Unreadable {
                release: id.clone(),
                problem: problem.clone(),
            }
            .into()),
        }
    }

    /// A release without which it can be decided as well.
    pub(super) fn readable(&self, id: &ReleaseId) -> Result<Option<&Release>, Undecided> {
        Ok(match self.found(id)? {
            Found::Release(release) => Some(release),
            Found::Missing | Found::Unreadable(_) => None,
        })
    }

    /// The release that has the service now.
    pub(super) fn owner(&self, row: &ServiceRow) -> Result<Owner<'_>, Undecided> {
        match &row.owner {
            Some(id) => self.driven(id),
            None => Ok(Owner::Nobody),
        }
    }

    /// Whether a release is driven that has the service, or has had it last.
    pub(super) fn driven(&self, id: &ReleaseId) -> Result<Owner<'_>, Undecided> {
        let problem = match self.found(id)? {
            Found::Release(release) => match not_driven(release) {
                None => return Ok(Owner::Driven(release)),
                Some(problem) => problem,
            },
            Found::Missing => format!("the ledger has no release {id}"),
            Found::Unreadable(problem) => problem.clone(),
        };
        Ok(Owner::NotDriven {
            release: id.clone(),
            problem,
        })
    }

    fn found(&self, id: &ReleaseId) -> Result<&Found, Undecided> {
        let lookup = || Undecided::Lookup(Lookup::Release(id.clone()));
        self.releases.get(id).ok_or_else(lookup)
    }
}

/// Why a release that could be read is not driven, if it is not.
#[must_use]
pub fn not_driven(release: &Release) -> Option<String> {
    let untrusted = release.untrusted()?;
    Some(format!(
        "the ledger of {} is not trusted: {}",
        release.id(),
        untrusted.reason
    ))
}
