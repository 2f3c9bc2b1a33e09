//! What a check found: data, which the command arranges and prints.

use serde::Serialize;
use towpath_deployer::ports::CallError;

/// How bad a finding is, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Severity {
    /// It is as it should be.
    Ok,
    /// It could not be read.
    Unknown,
    /// It works, but less safely than it could.
    Warning,
    /// Something does not work, or will not.
    Error,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// What was looked at: a resource's name, or a pipeline's stage as `shop-api/production`.
    pub(crate) about: String,
    pub(crate) check: &'static str,
    pub(crate) severity: Severity,
    /// What is so, in one sentence.
    pub(crate) cause: String,
    /// What to do about it; nothing where it is as it should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) help: Option<String>,
}

/// One check of one thing: what it finds begins with these two.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Check<'a> {
    pub(crate) name: &'static str,
    pub(crate) about: &'a str,
}

impl Check<'_> {
    /// It is as it should be.
    pub(crate) fn ok(&self, cause: impl Into<String>) -> Finding {
        self.finding(Severity::Ok, cause, None)
    }

    /// It works, but less safely than it could.
    pub(crate) fn warning(&self, cause: impl Into<String>, help: impl Into<String>) -> Finding {
        self.finding(Severity::Warning, cause, Some(help.into()))
    }

    /// It does not work.
    pub(crate) fn error(&self, cause: impl Into<String>, help: impl Into<String>) -> Finding {
        self.finding(Severity::Error, cause, Some(help.into()))
    }

    /// It could not be read, for a reason of our own.
    pub(crate) fn unseen(&self, cause: impl Into<String>, help: impl Into<String>) -> Finding {
        self.finding(Severity::Unknown, cause, Some(help.into()))
    }

    /// It could not be read, because a call failed.
    pub(crate) fn unknown(&self, error: &CallError) -> Finding {
        let help = if is_denied(error) {
            "run doctor with credentials that may read this, such as AWS's policy ReadOnlyAccess"
        } else {
            "run doctor again; if it stays, the message says what AWS misses"
        };
        self.finding(Severity::Unknown, error.to_string(), Some(help.into()))
    }

    fn finding(
        &self,
        severity: Severity,
        cause: impl Into<String>,
        help: Option<String>,
    ) -> Finding {
        Finding {
            about: self.about.to_owned(),
            check: self.name,
            severity,
            cause: cause.into(),
            help,
        }
    }
}

/// Whether AWS refused for want of a right.
pub(crate) fn is_denied(error: &CallError) -> bool {
    matches!(
        error.code(),
        Some(
            "AccessDenied"
                | "AccessDeniedException"
                | "AuthorizationError"
                | "UnauthorizedOperation"
                | "UnauthorizedException"
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_right_is_told_from_other_failures() {
        let check = Check {
            name: "rule",
            about: "towpath-sweeper-releases",
        };
        let refused = |code: &str| CallError::Refused {
            operation: "events:DescribeRule",
            code: code.into(),
            message: "no".into(),
        };
        let denied = check.unknown(&refused("AccessDeniedException"));
        assert_eq!(denied.severity, Severity::Unknown);
        assert_eq!(
            denied.cause,
            "events:DescribeRule: AccessDeniedException: no"
        );
        assert!(denied.help.unwrap().contains("may read this"));
        let other = check.unknown(&refused("InternalException"));
        assert!(other.help.unwrap().contains("again"));
        assert!(Severity::Error > Severity::Warning && Severity::Unknown > Severity::Ok);
    }
}
