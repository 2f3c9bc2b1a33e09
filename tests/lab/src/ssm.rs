//! Parameter Store: the limits that moto does not know.
//! <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html>

use std::sync::Arc;

use crate::gateway::dispatch::{Answer, Incoming, forward};
use crate::gateway::errors::Failure;
use crate::lab::Lab;

/// Bytes of a standard parameter's value.
const STANDARD: usize = 4 * 1024;
/// Bytes of an advanced parameter's value.
const ADVANCED: usize = 8 * 1024;

/// Carries out a call of Parameter Store.
///
/// # Errors
/// When a value is too long or holds `{{}}`; otherwise as [`forward`].
pub(crate) async fn answer(lab: &Arc<Lab>, incoming: &Incoming) -> Answer {
    let input = &incoming.request.input;
    if incoming.request.operation == "PutParameter" {
        let value = input["Value"].as_str().unwrap_or_default();
        check(value, input["Tier"].as_str())?;
    }
    forward(lab, incoming).await
}

fn check(value: &str, tier: Option<&str>) -> Result<(), Failure> {
    let invalid = |message: &str| Err(Failure::new(400, "ValidationException", message));
    if value.contains("{{") && value.contains("}}") {
        return invalid(
            "Parameter value can't nest another parameter. Do not use \"{{}}\" in the value.",
        );
    }
    match tier {
        Some("Advanced" | "Intelligent-Tiering") if value.len() > ADVANCED => invalid(
            "Advanced tier parameters support a maximum parameter value of 8192 characters.",
        ),
        Some("Advanced" | "Intelligent-Tiering") => Ok(()),
        Some(_) | None if value.len() > STANDARD => invalid(
            "Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier.",
        ),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_length_of_their_tier() {
        let long = "x".repeat(4097);
        assert!(check(&long, None).is_err());
        assert!(check(&long, Some("Advanced")).is_ok());
        assert!(check(&long.repeat(2), Some("Advanced")).is_err());
        assert!(check("a {{b}} c", None).is_err());
        assert!(check("{\"a\": {\"b\": {}}}", None).is_ok());
    }
}
