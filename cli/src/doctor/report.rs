//! Findings as the tests compare them.

use super::finding::{Finding, Severity};

/// Findings as `severity: cause`.
pub(crate) fn report(findings: &[Finding]) -> Vec<String> {
    let severity = |finding: &Finding| match finding.severity {
        Severity::Ok => "ok",
        Severity::Unknown => "unknown",
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    findings
        .iter()
        .map(|finding| format!("{}: {}", severity(finding), finding.cause))
        .collect()
}
