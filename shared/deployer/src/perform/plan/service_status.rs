//! Whether the service takes deployments.

use towpath_core::release::{Misfit, Place};

use crate::engine::Problem;
use crate::service::Service;

/// One that is being deleted is described for a while.
pub(super) fn check_status(service: &Service<'_>, place: &Place) -> Result<(), Problem> {
    match service.status() {
        "ACTIVE" => Ok(()),
        status => Err(Misfit::DeletedService {
            service: place.service.clone(),
            status: status.to_owned(),
        }
        .into()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use towpath_core::release::ServiceId;

    use super::*;

    #[test]
    fn a_service_that_is_being_deleted_takes_no_deployment() {
        let place = Place {
            service: ServiceId {
                account: "111111111111".parse().unwrap(),
                region: "eu-west-1".parse().unwrap(),
                cluster: "shop".parse().unwrap(),
                service: "api".parse().unwrap(),
            },
            role: None,
        };
        let checked = |status: Value| {
            let service = json!({ "status": status });
            match check_status(&Service(&service), &place) {
                Ok(()) => None,
                Err(Problem::Misfit(misfit)) => Some(misfit.to_string()),
                Err(Problem::Call(error)) => Some(error.to_string()),
            }
        };
        assert_eq!(checked(json!("ACTIVE")), None);
        for status in ["DRAINING", "INACTIVE"] {
            let said = checked(json!(status)).unwrap();
            assert!(
                said.contains(&format!("service `api` in cluster `shop` is {status}"))
                    && said.contains("create it again"),
                "{said}"
            );
        }
    }
}
