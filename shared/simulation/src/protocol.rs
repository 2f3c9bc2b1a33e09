//! What happened in a story, as values, so that a person can read it: a line for each call with its
//! fate, for runs that begin and end, for time that passes, for what people do, for what is written, for
//! what AWS says and what people are told, and for what does not hold, where it did not.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use towpath_core::names::ReleaseId;
use towpath_core::release::Release;

use crate::fate::Fate;
use crate::simulation::Simulation;

/// The longest text of an entry that is shown.
const MAX_TEXT: usize = 140;

/// Something that happened.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    at: Timestamp,
    what: What,
}

#[derive(Debug, Clone)]
pub(crate) enum What {
    /// A function calls something; the calls of a story are counted from 1.
    Call {
        run: u64,
        function: &'static str,
        number: usize,
        operation: &'static str,
        fate: Fate,
    },
    /// What was called answered with an error, though the call met no fault.
    Answered {
        run: u64,
        function: &'static str,
        error: String,
    },
    Begins {
        run: u64,
        function: &'static str,
        with: String,
    },
    Ends {
        run: u64,
        function: &'static str,
        how: String,
    },
    /// Time passes without a call.
    Passes(SignedDuration),
    /// Somebody does something.
    Person(String),
    /// Entries were written, up to that one.
    Written { release: ReleaseId, upto: u64 },
    /// AWS tells of something that it does.
    Aws(String),
    /// People are told something.
    Told { where_to: String, text: String },
    /// Something does not hold.
    Violation(String),
}

/// Everything that happened, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Protocol {
    lines: Vec<Line>,
}

impl Protocol {
    pub(crate) fn add(&mut self, at: Timestamp, what: What) {
        if let (What::Passes(time), Some(last)) = (&what, self.lines.last_mut())
            && let What::Passes(so_far) = &mut last.what
        {
            *so_far += *time;
            last.at = at;
            return;
        }
        self.lines.push(Line { at, what });
    }

    /// The text of it all, with the time since the first moment.
    pub(crate) fn text(&self, dawn: Timestamp, releases: &[Release]) -> String {
        use std::fmt::Write as _;
        let mut text = String::new();
        let mut shown = std::collections::BTreeMap::new();
        for line in &self.lines {
            let since = Since(line.at.duration_since(dawn));
            if let What::Written { release, upto } = &line.what {
                let shown = shown.entry(release).or_insert(0);
                let from = std::mem::replace(shown, (*upto).max(*shown));
                for entry in entries(releases, release, from, *upto) {
                    writeln!(text, "{since}  ledger              {entry}").ok();
                }
                continue;
            }
            let told = &line.what;
            writeln!(text, "{since}  {told}").ok();
        }
        text
    }
}

impl Simulation {
    /// Something was written of a release.
    pub(crate) fn note_written(&mut self, id: &ReleaseId) {
        let entries = self.ledger.release(id).map(Release::entries);
        if let Some(last) = entries.and_then(<[_]>::last) {
            let (release, upto) = (id.clone(), last.sequence);
            self.note(What::Written { release, upto });
        }
    }
}

/// What was written of a release after an entry, up to another.
fn entries(releases: &[Release], id: &ReleaseId, after: u64, upto: u64) -> Vec<String> {
    let release = releases.iter().find(|release| release.id() == id);
    let entries = release.map(Release::entries).into_iter().flatten();
    let written = entries.filter(|entry| entry.sequence > after && entry.sequence <= upto);
    let text = |entry: &towpath_core::release::Entry| {
        let json = serde_json::to_value(&entry.event).unwrap_or_default();
        let name = json["type"].as_str().unwrap_or_default().to_owned();
        let members = json.as_object().into_iter().flatten();
        // What a release begins with and is planned on is longer than a line.
        let told = members.filter(|(key, _)| !["type", "pipeline", "plan"].contains(&key.as_str()));
        let told: Vec<_> = told.map(|(key, value)| format!("{key}={value}")).collect();
        let of = id.as_str();
        let of = &of[of.len().saturating_sub(6)..];
        format!(
            "…{of} {:>3} {name:<20} {}",
            entry.sequence,
            cut(&told.join(" "))
        )
    };
    written.map(text).collect()
}

/// A text in one line, and not a long one.
fn cut(text: &str) -> String {
    let line = text.replace('\n', " ");
    if line.chars().count() <= MAX_TEXT {
        return line;
    }
    let begin: String = line.chars().take(MAX_TEXT).collect();
    format!("{begin}…")
}

/// A time since the beginning.
struct Since(SignedDuration);

impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
        let (seconds, millis) = (seconds % 60, self.0.subsec_millis());
        write!(f, "+{hours:02}:{minutes:02}:{seconds:02}.{millis:03}")
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = |function: &str, run: u64| format!("{function}#{run}");
        match self {
            Self::Call {
                run,
                function,
                number,
                operation,
                fate,
            } => {
                let by = by(function, *run);
                let fate = if *fate == Fate::Done {
                    String::new()
                } else {
                    format!("  !! {}", fate.name())
                };
                write!(f, "{by:<19} {number:>4} {operation}{fate}")
            }
            Self::Answered {
                run,
                function,
                error,
            } => write!(f, "{:<24} … {}", by(function, *run), cut(error)),
            Self::Begins {
                run,
                function,
                with,
            } => write!(f, "{:<19} begins: {}", by(function, *run), cut(with)),
            Self::Ends { run, function, how } => {
                write!(f, "{:<19} ends: {}", by(function, *run), cut(how))
            }
            Self::Passes(time) => write!(f, "                    {time:#} later"),
            Self::Person(does) => write!(f, "somebody            {does}"),
            Self::Written { release, upto } => {
                write!(f, "ledger              {release} up to {upto}")
            }
            Self::Aws(says) => write!(f, "aws                 {}", cut(says)),
            Self::Told { where_to, text } => write!(f, "{where_to:<19} “{}”", cut(text)),
            Self::Violation(what) => write!(f, "!! DOES NOT HOLD    {what}"),
        }
    }
}
