//! What people were told already. The ledger has one thing several times: a check fails, the
//! deployment is rolled back for it, the rollout ends for it and the stage is held for it. People are
//! told it once in each channel, by the first line that has it; the lines after it say what is new.
//!
//! What a line says depends on the entries before it alone, so that telling it again after a crash
//! tells the same.

use crate::names::StageName;
use crate::release::Event;

/// What a channel has been told of a release so far.
#[derive(Debug, Default)]
pub(super) struct AlreadySaid {
    /// Reasons in the words in which the core gives them.
    reasons: Vec<String>,
    /// The stage that is, or was last, rolled out to.
    stage: Option<StageName>,
    /// Whether a check of that rollout has failed.
    failed: bool,
    /// Who takes that rollout back, as far as it was told.
    back: Option<By>,
}

/// Who takes a rollout back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// AWS, by itself.
    Aws,
    /// Towpath, also for somebody.
    Towpath,
}

impl AlreadySaid {
    pub(super) fn follow(&mut self, event: &Event) {
        if let Event::RolloutStarted { stage, .. } = event {
            self.back = None;
            self.failed = false;
            self.stage = Some(stage.clone());
        } else if let Event::RolloutEnded { stage, .. } = event {
            self.stage = Some(stage.clone());
        }
    }

    /// The stage that is, or was last, rolled out to.
    pub(super) fn stage(&self) -> Option<&StageName> {
        self.stage.as_ref()
    }

    /// A check of the rollout has failed.
    pub(super) fn fails(&mut self) {
        self.failed = true;
    }

    /// Whether a check of the rollout has failed.
    pub(super) fn has_failure(&self) -> bool {
        self.failed
    }

    /// Whether it is news that the rollout is rolled back. That AWS does is none once Towpath does.
    pub(super) fn goes_back(&mut self, by: By) -> bool {
        let news = match (self.back, by) {
            (None, _) | (Some(By::Aws), By::Towpath) => true,
            (Some(By::Aws | By::Towpath), By::Aws) | (Some(By::Towpath), By::Towpath) => false,
        };
        if news {
            self.back = Some(by);
        }
        news
    }

    /// Whether it was told that the rollout is rolled back.
    pub(super) fn went_back(&self) -> bool {
        self.back.is_some()
    }

    /// A line says it, in these words or in its own.
    pub(super) fn has(&mut self, reason: String) {
        self.reasons.push(reason);
    }

    /// Whether no line has said the whole of it, by itself or as a part. It is said now.
    pub(super) fn is_new(&mut self, reason: &str) -> bool {
        let is_new = !self.reasons.iter().any(|told| has_part(told, reason));
        self.reasons.push(reason.to_owned());
        is_new
    }

    /// What a reason says that no line has said; nothing if all of it was said. It is now.
    pub(super) fn news(&mut self, reason: &str) -> Option<String> {
        let told = self.reasons.iter();
        let rest = told.fold(reason.to_owned(), |rest, told| without(&rest, told));
        self.has_said(reason, rest)
    }

    /// The same of how something has ended: what it ended for may have been said as the end of
    /// something else.
    pub(super) fn news_of_end(&mut self, reason: &str) -> Option<String> {
        let told = self.reasons.iter();
        let rest = told.fold(reason.to_owned(), |rest, told| {
            unsaid_beginning(&without(&rest, told), told).to_owned()
        });
        self.has_said(reason, rest)
    }

    fn has_said(&mut self, reason: &str, rest: String) -> Option<String> {
        let is_news = !rest.is_empty() && !self.reasons.iter().any(|told| has_part(told, &rest));
        self.reasons.push(reason.to_owned());
        is_news.then_some(rest)
    }
}

/// The text up to the longest end of it that stands in another as a part of its own.
fn unsaid_beginning<'t>(text: &'t str, told: &str) -> &'t str {
    let parts = text.match_indices(": ").chain(text.match_indices("; "));
    let begins = parts.filter(|(at, between)| has_part(told, &text[at + between.len()..]));
    match begins.map(|(at, _)| at).min() {
        _ if has_part(told, text) => "",
        Some(at) => &text[..at],
        None => text,
    }
}

/// The text without a part of it, if that stands there as a part of its own: between `: ` or `; ` and
/// another of these, or at an end.
fn without(text: &str, part: &str) -> String {
    let Some((before, after)) = around(text, part) else {
        return text.to_owned();
    };
    let before = before.trim_end_matches([' ', ':', ';']);
    if before.is_empty() {
        after.trim_start_matches([' ', ':', ';']).to_owned()
    } else {
        format!("{before}{after}")
    }
}

/// Whether the part stands in the text as a part of its own.
fn has_part(text: &str, part: &str) -> bool {
    around(text, part).is_some()
}

/// What stands before and after a part of its own.
fn around<'t>(text: &'t str, part: &str) -> Option<(&'t str, &'t str)> {
    text.match_indices(part).find_map(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + part.len()..]);
        let begins = before.is_empty() || before.ends_with(": ") || before.ends_with("; ");
        let ends = after.is_empty() || after.starts_with(": ") || after.starts_with("; ");
        (begins && ends && !part.is_empty()).then_some((before, after))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_left_out_where_it_stands_by_itself() {
        let part = "check `answers` failed: 500";
        assert_eq!(without(part, part), "");
        assert_eq!(without(&format!("staging: {part}"), part), "staging");
        let more = format!("3f2c1ab was to be rolled back: {part}; look at what serves");
        assert_eq!(
            without(&more, part),
            "3f2c1ab was to be rolled back; look at what serves"
        );
        assert_eq!(
            without(&format!("{part}; it still serves"), part),
            "it still serves"
        );
        let help = format!("{part}: look at it");
        assert_eq!(without(&help, part), "look at it");
        assert_eq!(without("it failed", "fail"), "it failed");
        assert_eq!(without("it failed", ""), "it failed");
    }

    #[test]
    fn a_reason_is_news_once() {
        let mut said = AlreadySaid::default();
        assert_eq!(said.news("it failed").as_deref(), Some("it failed"));
        assert_eq!(said.news("it failed"), None);
        assert_eq!(
            said.news("it failed; look at what serves").as_deref(),
            Some("look at what serves")
        );
        assert_eq!(
            said.news("`b` failed: it failed").as_deref(),
            Some("`b` failed"),
            "what stands by itself was said"
        );
        let end = "it was still there: look at d-1: it failed; look at what serves";
        let mut said = AlreadySaid::default();
        assert!(said.is_new("a hold: it failed; look at what serves"));
        assert_eq!(
            said.news_of_end(end).as_deref(),
            Some("it was still there: look at d-1")
        );
        assert!(!said.is_new("it failed; look at what serves"));
        assert!(said.is_new("`b` failed: it failed"), "of something else");
    }

    #[test]
    fn that_aws_goes_back_is_no_news_once_towpath_does() {
        let mut said = AlreadySaid::default();
        assert!(said.goes_back(By::Aws));
        assert!(!said.goes_back(By::Aws));
        assert!(said.goes_back(By::Towpath));
        assert!(!said.goes_back(By::Aws) && !said.goes_back(By::Towpath));
    }
}
