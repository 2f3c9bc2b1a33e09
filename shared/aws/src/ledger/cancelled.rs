//! Why a transaction was cancelled, whoever sent it. The reasons come one for each of its items, in
//! their order: <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CancellationReason.html>.

use aws_sdk_dynamodb::types::CancellationReason;
use towpath_deployer::ports::CallError;

use crate::call::{one_line, refused};

/// Whether the item's condition did not hold.
pub(super) fn condition_failed(reason: &CancellationReason) -> bool {
    reason.code.as_deref() == Some("ConditionalCheckFailed")
}

/// What else than conditions and other transactions was in the way, if something was. A table that is
/// throttled has done nothing, and takes the same again later.
pub(super) fn failure(
    operation: &'static str,
    reasons: &[CancellationReason],
) -> Option<CallError> {
    let harmless = ["", "None", "TransactionConflict", "ConditionalCheckFailed"];
    let code = |reason: &CancellationReason| reason.code.clone().unwrap_or_default();
    let other = reasons
        .iter()
        .find(|reason| !harmless.contains(&code(reason).as_str()))?;
    let (code, message) = (code(other), other.message.as_deref().unwrap_or_default());
    Some(match code.as_str() {
        "ThrottlingError" | "ProvisionedThroughputExceeded" => CallError::NotDone {
            operation,
            message: one_line(&format!("{code}: {message}")),
        },
        _ => refused(operation, &code, message),
    })
}
