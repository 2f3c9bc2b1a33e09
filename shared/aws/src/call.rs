//! What a failed call means for whoever made it: refused, certainly not carried out, or unknown.
//!
//! | what happened | then |
//! |---|---|
//! | the request could not be built, or no credentials were to be had | refused |
//! | the connection was never made | not done |
//! | the function's time was used up before the call | not done |
//! | AWS throttled, or the credentials or the signature had expired | not done |
//! | another write had the same thing in its hands | not done |
//! | no answer in time, or AWS says that it took too long; connection lost after it was made | unknown |
//! | an answer that cannot be read, or a server's error (5xx) | unknown |
//! | any other error that AWS names | refused |

use std::error::Error as StdError;
use std::fmt;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use towpath_deployer::ports::CallError;

/// The longest message that is kept, in characters.
const MAX_MESSAGE_LEN: usize = 500;

/// The codes by which AWS says that it did not look at the request, because the credentials or the
/// signature came too late; new ones mend that:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html>.
const EXPIRED: &[&str] = &["ExpiredToken", "ExpiredTokenException", "RequestExpired"];

/// The codes, of answers that blame the request, by which AWS says that it took too long; how far
/// it came is not said.
const TOOK_TOO_LONG: &[&str] = &["RequestTimeout", "RequestTimeoutException"];

/// The codes by which AWS says that it did nothing because too much is asked of it:
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>.
const THROTTLED: &[&str] = &[
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "SlowDown",
    "PriorRequestNotComplete",
    "KMSThrottling",
    "KMSThrottlingException",
];

/// The codes by which AWS says that it did nothing because another write had the same thing in its
/// hands, and that asking again mends that. No SDK repeats these by itself.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling>
/// <https://docs.aws.amazon.com/autoscaling/application/APIReference/CommonErrors.html>
const IN_THE_WAY: &[&str] = &[
    "TransactionConflictException",
    "ReplicatedWriteConflictException",
    "ConcurrentUpdateException",
    "TooManyUpdates",
];

/// The codes of a service's own failure that its model does not mark as one.
const OF_THE_SERVICE: &[&str] = &["InternalServiceException"];

/// The codes whose messages quote the signed request, session token and all.
const QUOTES_THE_REQUEST: &[&str] = &[
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
    "IncompleteSignature",
    "IncompleteSignatureException",
];

/// Says what the failure of `operation` means. For use with `map_err`.
pub(crate) fn failed<E>(operation: &'static str) -> impl Fn(SdkError<E, HttpResponse>) -> CallError
where
    E: StdError + ProvideErrorMetadata + 'static,
{
    move |error| classify(operation, &error)
}

/// What the failure of `operation` means.
pub(crate) fn classify<E>(operation: &'static str, error: &SdkError<E, HttpResponse>) -> CallError
where
    E: StdError + ProvideErrorMetadata + 'static,
{
    match error {
        SdkError::ServiceError(answer) => said(
            operation,
            answer.err(),
            answer.raw().status().is_server_error(),
        ),
        SdkError::ConstructionFailure(_) => CallError::Refused {
            operation,
            code: "InvalidRequest".into(),
            message: causes(error),
        },
        SdkError::TimeoutError(_) => CallError::Unknown {
            operation,
            message: "no answer in time".into(),
        },
        SdkError::ResponseError(_) => CallError::Unknown {
            operation,
            message: format!("the answer cannot be read: {}", causes(error)),
        },
        SdkError::DispatchFailure(_) => not_sent(operation, error),
        // The enumeration is open: what is not known may have happened.
        _ => CallError::Unknown {
            operation,
            message: causes(error),
        },
    }
}

/// A request that AWS answered with an error of its own.
fn said(
    operation: &'static str,
    error: &impl ProvideErrorMetadata,
    is_server_error: bool,
) -> CallError {
    let code = error.code().unwrap_or("UnknownError");
    let message = if QUOTES_THE_REQUEST.contains(&code) {
        "AWS does not accept the request's signature".into()
    } else {
        one_line(error.message().unwrap_or_default())
    };
    if [THROTTLED, EXPIRED, IN_THE_WAY]
        .iter()
        .any(|codes| codes.contains(&code))
    {
        CallError::NotDone {
            operation,
            message: format!("{code}: {message}"),
        }
    } else if is_server_error || TOOK_TOO_LONG.contains(&code) || OF_THE_SERVICE.contains(&code) {
        CallError::Unknown {
            operation,
            message: format!("{code}: {message}"),
        }
    } else {
        CallError::Refused {
            operation,
            code: code.to_owned(),
            message,
        }
    }
}

/// A request that got no answer.
fn not_sent(operation: &'static str, error: &(dyn StdError + 'static)) -> CallError {
    if let Some(error) = find::<AssumeRoleError>(error) {
        return not_assumed(error);
    }
    let message = causes(error);
    match find::<CredentialsError>(error) {
        Some(
            CredentialsError::CredentialsNotLoaded(_) | CredentialsError::InvalidConfiguration(_),
        ) => CallError::Refused {
            operation,
            code: "NoCredentials".into(),
            message,
        },
        // Whatever kept the credentials away, the request was not sent without them.
        Some(_) => CallError::NotDone { operation, message },
        None if never_connected(error) => CallError::NotDone { operation, message },
        None => CallError::Unknown { operation, message },
    }
}

/// A role that could not be assumed. STS names the role, but never says which side has to change:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_roles.html>.
fn not_assumed(error: &AssumeRoleError) -> CallError {
    match said("sts:AssumeRole", error, false) {
        CallError::Refused {
            operation,
            code,
            mut message,
        } => {
            if code == "AccessDenied" {
                message.push_str(
                    "; the role has to trust the role that calls, with exactly the external id that the stage names under `role`",
                );
            }
            CallError::Refused {
                operation,
                code,
                message,
            }
        }
        // Without the role the call itself was not sent.
        CallError::NotDone { operation, message } | CallError::Unknown { operation, message } => {
            CallError::NotDone { operation, message }
        }
    }
}

/// Whether connecting failed, so that nothing was sent.
pub(crate) fn never_connected(error: &(dyn StdError + 'static)) -> bool {
    find::<hyper_util::client::legacy::Error>(error)
        .is_some_and(hyper_util::client::legacy::Error::is_connect)
}

fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    chain(error).find_map(|error| error.downcast_ref())
}

fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// An error and what caused it, in one line.
pub(crate) fn causes(error: &(dyn StdError + 'static)) -> String {
    let mut said: Vec<String> = Vec::new();
    for error in chain(error) {
        let text = error.to_string();
        if !said.iter().any(|earlier| earlier.contains(&text)) {
            said.push(text);
        }
    }
    one_line(&said.join(": "))
}

/// Text from outside as one line without control characters, cut at [`MAX_MESSAGE_LEN`].
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::new();
    let mut length = 0;
    for character in text.chars() {
        let character = if character.is_control() {
            ' '
        } else {
            character
        };
        if character == ' ' && line.ends_with(' ') {
            continue;
        }
        if length == MAX_MESSAGE_LEN {
            line.push('…');
            break;
        }
        line.push(character);
        length += 1;
    }
    line.trim().to_owned()
}

/// A refusal that is ours and not AWS's.
pub(crate) fn refused(
    operation: &'static str,
    code: &str,
    message: impl fmt::Display,
) -> CallError {
    CallError::Refused {
        operation,
        code: code.to_owned(),
        message: one_line(&message.to_string()),
    }
}

/// A time of AWS. It comes as a decimal number of seconds, which binary fractions say not quite
/// exactly: 0.123 s becomes 122,999,907 ns.
pub(crate) fn to_the_millisecond(time: aws_smithy_types::DateTime) -> Option<jiff::Timestamp> {
    let milliseconds = (i64::from(time.subsec_nanos()) + 500_000) / 1_000_000;
    let total = time.secs().checked_mul(1_000)?.checked_add(milliseconds)?;
    jiff::Timestamp::from_millisecond(total).ok()
}

/// An answer that came and cannot be understood.
pub(crate) fn unreadable(operation: &'static str, problem: impl fmt::Display) -> CallError {
    CallError::Unknown {
        operation,
        message: one_line(&format!("the answer cannot be read: {problem}")),
    }
}

/// The value of a member that AWS always sends.
pub(crate) fn present<T>(
    operation: &'static str,
    member: &'static str,
    value: Option<T>,
) -> Result<T, CallError> {
    value.ok_or_else(|| unreadable(operation, format_args!("it has no {member}")))
}

#[cfg(test)]
mod decided;

#[cfg(test)]
mod tests {
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    #[test]
    fn what_came_too_late_was_not_done_and_what_took_too_long_is_unknown() {
        let said = |code: &str| {
            let error = ErrorMetadata::builder().code(code).message("late").build();
            said("ecs:UpdateService", &error, false)
        };
        for code in ["ExpiredToken", "ExpiredTokenException", "RequestExpired"] {
            let failure = said(code);
            assert!(matches!(failure, CallError::NotDone { .. }), "{failure}");
        }
        for code in ["RequestTimeout", "RequestTimeoutException"] {
            let failure = said(code);
            assert!(matches!(failure, CallError::Unknown { .. }), "{failure}");
        }
        assert_eq!(said("ClientException").code(), Some("ClientException"));
    }

    #[test]
    fn a_call_whose_role_was_not_had_in_time_was_not_sent() {
        let metadata = ErrorMetadata::builder().code("RequestTimeout").build();
        let failure = not_assumed(&AssumeRoleError::generic(metadata));
        assert!(matches!(failure, CallError::NotDone { .. }), "{failure}");
    }
}
