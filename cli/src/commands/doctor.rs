//! `towpath doctor`: whether everything that a release will need is as it has to be.

use std::io::Write;

use serde::Serialize;
use towpath_aws::version::Version;
use towpath_core::names::{AccountId, PipelineName};

use crate::deployer::Deployer;
use crate::deployer::reads::Reads;
use crate::describe::safe;
use crate::doctor::{Finding, Severity, examine};
use crate::output::{Answer, BAD, Failure, GOOD, NAME, Output, QUIET, WARN, write_json};

/// Check the deployer, its pipelines and their services, and say how to fix what does not work.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    towpath doctor\n  \
    towpath doctor shop-api --in 222222222222=production-readonly\n  \
    towpath doctor --output json\n\n\
    It only reads; what your credentials may not read is reported as unknown. Exits with 1 if \
    it found an error.")]
pub(super) struct Arguments {
    /// The pipeline; if left out, the deployer itself and all pipelines.
    pipeline: Option<PipelineName>,
    /// AWS profile for reading another account, whose role only the deployer may assume
    /// (repeatable).
    #[arg(long = "in", value_name = "ACCOUNT=PROFILE", value_parser = account_profile)]
    pub(super) elsewhere: Vec<(AccountId, String)>,
    /// Also show what is in order.
    #[arg(long)]
    all: bool,
}

pub(super) fn account_profile(text: &str) -> Result<(AccountId, String), String> {
    let (account, profile) = text
        .split_once('=')
        .ok_or("write an account and a profile, such as 222222222222=production")?;
    let account = account.parse().map_err(|error| format!("{error}"))?;
    if profile.is_empty() {
        return Err("the profile is empty".into());
    }
    Ok((account, profile.to_owned()))
}

#[derive(Serialize)]
struct Report<'a> {
    ok: bool,
    version: String,
    errors: usize,
    warnings: usize,
    unknown: usize,
    findings: &'a [Finding],
}

pub(super) async fn run<D: Deployer + Reads>(
    deployer: &D,
    arguments: &Arguments,
    output: Output,
    out: &mut dyn Write,
) -> Result<Answer, Failure> {
    let prefix = deployer.prefix();
    let findings = examine(deployer, prefix, arguments.pipeline.as_ref()).await?;
    let count = |severity| {
        findings
            .iter()
            .filter(|one| one.severity == severity)
            .count()
    };
    let report = Report {
        ok: count(Severity::Error) == 0,
        version: Version::own().to_string(),
        errors: count(Severity::Error),
        warnings: count(Severity::Warning),
        unknown: count(Severity::Unknown),
        findings: &findings,
    };
    match output {
        Output::Json => write_json(out, &report)?,
        Output::Text => write_text(out, &report, arguments.all)?,
    }
    Ok(Answer::yes_if(report.ok))
}

fn write_text(out: &mut dyn Write, report: &Report<'_>, all: bool) -> Result<(), Failure> {
    let mut about = "";
    for finding in report.findings {
        if finding.severity == Severity::Ok && !all {
            continue;
        }
        if finding.about != about {
            about = &finding.about;
            writeln!(out, "{NAME}{}{NAME:#}", safe(about))?;
        }
        let (style, word) = match finding.severity {
            Severity::Ok => (GOOD, "ok"),
            Severity::Unknown => (QUIET, "unknown"),
            Severity::Warning => (WARN, "warning"),
            Severity::Error => (BAD, "error"),
        };
        let check = finding.check;
        writeln!(
            out,
            "  {style}{word:7}{style:#} {QUIET}{check}:{QUIET:#} {}",
            safe(&finding.cause)
        )?;
        if let Some(help) = &finding.help {
            writeln!(out, "          {QUIET}→ {}{QUIET:#}", safe(help))?;
        }
    }
    let fine = report.findings.len() - report.errors - report.warnings - report.unknown;
    let style = if report.ok { GOOD } else { BAD };
    writeln!(
        out,
        "{style}{}{style:#}, {}, {} unknown, {fine} ok {QUIET}(towpath {}){QUIET:#}",
        counted(report.errors, "error"),
        counted(report.warnings, "warning"),
        report.unknown,
        report.version
    )?;
    Ok(())
}

fn counted(count: usize, word: &str) -> String {
    match count {
        0 => format!("no {word}s"),
        1 => format!("1 {word}"),
        more => format!("{more} {word}s"),
    }
}
