//! A rollback takes its service from a release that is not driven, because its ledger cannot be read
//! or is not trusted, or because there is no such release: that one would keep it for ever.

use towpath_core::release::{ServiceId, ServiceRow, not_driven};

use crate::ports::{LoadError, Ports};
use crate::verified::{NotDriven, NotVerified};

/// Has the owner of the service let it go, if it is not driven, and says whether it did. `verified` is
/// what came of comparing the row with the release that took the service last, which is the owner,
/// unless somebody has edited the row. Whatever fails here is logged: it must not keep the rollback,
/// which looks again.
pub(super) async fn free<P: Ports>(
    ports: &P,
    service: &ServiceId,
    row: &ServiceRow,
    verified: &Result<NotDriven, NotVerified>,
) -> bool {
    let Some(owner) = &row.owner else {
        return false;
    };
    let known = row.taken_by.as_ref() == Some(owner);
    let problem = match verified {
        Ok(problem) if known => problem.clone(),
        Err(error @ (NotVerified::Distrusted { .. } | NotVerified::Load(_))) if known => {
            error.not_driven()
        }
        Ok(_)
        | Err(
            NotVerified::Edited { .. }
            | NotVerified::Orders { .. }
            | NotVerified::Distrusted { .. }
            | NotVerified::Load(_),
        ) => match ports.load(owner).await {
            Ok(Some(owner)) => not_driven(&owner),
            Ok(None) => Some(format!("the ledger has no release {owner}")),
            Err(error @ (LoadError::Unreadable { .. } | LoadError::Distrusted(_))) => {
                Some(error.to_string())
            }
            Err(LoadError::Call(error)) => {
                tracing::warn!(release.id = %owner, %service, %error, "whether the owner of the service is driven is not known");
                None
            }
        },
    };
    let Some(problem) = problem else {
        return false;
    };
    tracing::error!(release.id = %owner, %service, problem, "a release that is not driven loses the service to a rollback");
    match ports.let_go_of(service, owner, &problem, ports.now()).await {
        Ok(had) => had,
        Err(error) => {
            tracing::error!(release.id = %owner, %service, %error, "the service could not be taken from a release that is not driven");
            false
        }
    }
}
