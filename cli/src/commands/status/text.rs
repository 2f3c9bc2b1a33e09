//! What `towpath status` prints, for people.

use std::io::Write;

use jiff::Timestamp;
use towpath_core::message::state;
use towpath_core::release::Block;

use super::{Last, Report, Running, StageStatus, coloured};
use crate::describe::{ago, safe, time};
use crate::output::{BAD, Failure, GOOD, NAME, QUIET, WARN};

pub(super) fn write(out: &mut dyn Write, report: &Report, now: Timestamp) -> Result<(), Failure> {
    if report.pipelines.is_empty() && report.unusable.is_empty() {
        writeln!(
            out,
            "{QUIET}no pipelines yet: `towpath apply FILE` stores one{QUIET:#}"
        )?;
    }
    for pipeline in &report.pipelines {
        writeln!(
            out,
            "{NAME}{}{NAME:#} {QUIET}from {}, version {}{QUIET:#}",
            pipeline.pipeline, pipeline.repository, pipeline.version
        )?;
        let names = pipeline.stages.iter().map(|stage| stage.stage.len());
        let width = names.max().unwrap_or_default();
        for stage in &pipeline.stages {
            writeln!(out, "  {:width$}  {}", stage.stage, line(stage, now))?;
        }
        for open in &pipeline.open {
            writeln!(
                out,
                "  {QUIET}open{QUIET:#} {} {QUIET}{}{QUIET:#}: {}",
                open.name(),
                open.release,
                safe(&state(open))
            )?;
        }
        for one in &pipeline.not_trusted {
            writeln!(
                out,
                "  {QUIET}ended{QUIET:#} {} {QUIET}{}{QUIET:#}: {BAD}{}{BAD:#}",
                one.name(),
                one.release,
                safe(&state(one))
            )?;
        }
        if let Some(Last(last)) = &pipeline.last {
            writeln!(
                out,
                "  {QUIET}last{QUIET:#} {} {}; {QUIET}`towpath history {}` says more{QUIET:#}",
                last.name(),
                coloured(last.outcome, &safe(&state(last))),
                last.release
            )?;
        }
    }
    for (parameter, problem) in &report.unusable {
        writeln!(out, "{BAD}unusable{BAD:#} {parameter}: {}", safe(problem))?;
    }
    Ok(())
}

fn line(stage: &StageStatus, now: Timestamp) -> String {
    let mut parts = vec![match (&stage.runs, &stage.runs_instead) {
        (Some(running), _) => since(running, now),
        (None, None) => format!("{QUIET}no release deployed yet{QUIET:#}"),
        (None, Some(instead)) => format!(
            "{WARN}{}{WARN:#}, Towpath does not know since when",
            instead.called
        ),
    }];
    if let Some(instead) = &stage.runs_instead {
        let last_left = stage.last_left.as_ref();
        let last_left = last_left.map_or_else(String::new, |left| {
            format!("; Towpath's last there was {}", since(left, now))
        });
        parts.push(format!("{WARN}{}{WARN:#}{last_left}", safe(&instead.says)));
    }
    if let Some(moving) = &stage.rolling_out {
        let name = moving.tag.as_deref().unwrap_or(moving.release.as_str());
        parts.push(format!("{name} is being rolled out ({})", stage.engine));
    }
    if let Some(reason) = stage.runs.as_ref().and_then(|runs| runs.vetoed.as_ref()) {
        parts.push(format!("{BAD}VETOED{BAD:#}: {}", safe(&reason.to_string())));
    }
    if let Some(what) = &stage.failed {
        parts.push(format!("{BAD}FAILED{BAD:#}: {}", safe(what)));
    }
    match &stage.hold {
        None => {}
        Some(Block::Order { by, reason, .. }) => parts.push(format!(
            "{BAD}HELD{BAD:#} by {}: {}",
            safe(&by.to_string()),
            safe(reason)
        )),
        Some(why @ (Block::Release(_) | Block::EditedOrders { .. } | Block::Unreadable { .. })) => {
            parts.push(format!("{BAD}HELD{BAD:#}: {}", safe(&why.to_string())));
        }
    }
    if let Some(know) = &stage.know {
        parts.push(format!("{WARN}know that{WARN:#} {}", safe(know)));
    }
    if let Some(why) = &stage.not_looked_at {
        parts.push(format!(
            "{QUIET}how its service stands could not be asked: {}{QUIET:#}",
            safe(why)
        ));
    }
    parts.join("; ")
}

/// What a release brought, and since when.
fn since(running: &Running, now: Timestamp) -> String {
    let name = running.tag.as_deref().or(running.digest.as_deref());
    let name = name.unwrap_or(&running.called);
    let what = match running.before_release {
        false => String::new(),
        true => format!(", which ran before {},", running.release),
    };
    format!(
        "{GOOD}{name}{GOOD:#}{what} since {} {QUIET}({}){QUIET:#}",
        time(running.since),
        ago(running.since, now)
    )
}
