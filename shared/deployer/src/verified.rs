//! Derived rows that are not taken at their word: before something is done on what a row says, it is
//! compared with the entries and orders that it is derived from.

use towpath_core::release::{
    Block, Difference, Directive, ServiceId, ServiceRow, Subject, not_driven, ordered, verify_row,
};
use towpath_taskdef::image::Digest;

use crate::ports::{CallError, Directives, Distrust, Ledger, LoadError, Trail};

/// How often a row and what it is derived from are read before a difference counts: they are read by
/// different calls, and a Query may see one half of a transaction.
const READS: u32 = 4;

/// Why a row is not acted upon.
#[derive(Debug, thiserror::Error)]
pub enum NotVerified {
    /// It says otherwise than the entries and orders do.
    #[error(
        "the ledger's row of {service} was edited: {}. Nothing is done on its word; see docs/operations.md, \"A row that was edited\"",
        said(.differences)
    )]
    Edited {
        service: ServiceId,
        /// What it says otherwise.
        differences: Vec<Difference>,
    },
    /// The orders about the service were edited.
    #[error(
        "the orders about {service} in the ledger were edited: {problem}. Nothing is done on their word"
    )]
    Orders { service: ServiceId, problem: String },
    /// Its last owner is not trusted, and it says otherwise than what is trusted of that one.
    #[error(
        "the ledger's row of {service} cannot be held against what took it last: {distrust}. Bring back what is to serve with `towpath rollback`"
    )]
    Distrusted {
        service: ServiceId,
        /// The release that took it last.
        distrust: Box<Distrust>,
    },
    /// It could not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl NotVerified {
    /// Why the release that took the service last is not driven, if that is the reason.
    #[must_use]
    pub fn not_driven(&self) -> Option<String> {
        match self {
            Self::Distrusted { distrust, .. } => Some(distrust.to_string()),
            Self::Load(error @ (LoadError::Unreadable { .. } | LoadError::Distrusted(_))) => {
                Some(error.to_string())
            }
            Self::Edited { .. } | Self::Orders { .. } | Self::Load(LoadError::Call(_)) => None,
        }
    }
}

impl From<CallError> for NotVerified {
    fn from(error: CallError) -> Self {
        Self::Load(error.into())
    }
}

fn said(differences: &[Difference]) -> String {
    let said: Vec<_> = differences.iter().map(ToString::to_string).collect();
    said.join("; ")
}

/// Why the release that took a service last is not driven, if it is not.
pub type NotDriven = Option<String>;

/// Compares a row that was read with the orders about its service and with the entries of the release
/// that took the service last: one Query, unless they differ.
///
/// # Errors
/// When the row says otherwise. A row that has changed meanwhile is a call that is to be repeated.
pub async fn verify<P: Ledger + Directives>(
    ports: &P,
    service: &ServiceId,
    row: &ServiceRow,
    trail: Trail,
) -> Result<NotDriven, NotVerified> {
    let subject = Subject::Service(service.clone());
    let mut trail = trail;
    let mut reads = 1;
    loop {
        let found = compare(ports, service, &subject, row, &trail).await;
        let Err(
            NotVerified::Edited { .. }
            | NotVerified::Orders { .. }
            | NotVerified::Distrusted { .. },
        ) = found
        else {
            return found;
        };
        if reads == READS {
            return found;
        }
        reads += 1;
        let (now, again) = ports.service_and_orders(service).await?;
        if now != *row {
            return Err(CallError::NotDone {
                operation: "ledger:service",
                message: format!("the row of {service} has changed since it was read"),
            }
            .into());
        }
        trail = again;
    }
}

async fn compare<P: Ledger>(
    ports: &P,
    service: &ServiceId,
    subject: &Subject,
    row: &ServiceRow,
    trail: &Trail,
) -> Result<NotDriven, NotVerified> {
    trail
        .verify(subject)
        .map_err(|broken| NotVerified::Orders {
            service: service.clone(),
            problem: broken.to_string(),
        })?;
    against_entries(ports, service, row, Some(&trail.directives)).await
}

/// Compares a row with the entries of the release that took the service last, and with the orders
/// where they are known.
///
/// # Errors
/// When the row says otherwise, or has changed since it was read.
pub async fn against_entries<P: Ledger>(
    ports: &P,
    service: &ServiceId,
    row: &ServiceRow,
    orders: Option<&[Directive]>,
) -> Result<NotDriven, NotVerified> {
    let service = || service.clone();
    let last = match &row.taken_by {
        Some(last) => ports.load(last).await,
        None => Ok(None),
    };
    match last {
        Ok(last) => match verify_row(&service(), row, orders, last.as_ref()) {
            Ok(()) => Ok(last.as_ref().and_then(not_driven)),
            Err(differences) => Err(NotVerified::Edited {
                service: service(),
                differences,
            }),
        },
        // What it wrote before somebody else did in its name is as good as ever.
        Err(LoadError::Distrusted(distrust)) => {
            match verify_row(&service(), row, orders, distrust.trusted.as_ref()) {
                Ok(()) => Ok(Some(distrust.to_string())),
                Err(_) => Err(NotVerified::Distrusted {
                    service: service(),
                    distrust,
                }),
            }
        }
        Err(error @ (LoadError::Unreadable { .. } | LoadError::Call(_))) => Err(error.into()),
    }
}

/// Why an image may be rolled out nowhere, if so: by its row or by the orders about it, whichever
/// says so. One whose orders were edited is not rolled out either.
///
/// # Errors
/// When they cannot be read.
pub async fn veto<P: Directives>(ports: &P, digest: &Digest) -> Result<Option<Block>, CallError> {
    let (active, trail) = ports.veto_and_orders(digest).await?;
    let subject = Subject::Image(*digest);
    let ordered = active.or_else(|| ordered(&trail.directives));
    Ok(ordered.or_else(|| {
        let broken = trail.verify(&subject).err()?;
        let problem = broken.to_string();
        Some(Block::EditedOrders { problem })
    }))
}
