//! Whether a check has passed, and how to say so.

#[cfg(test)]
mod tests;

use super::fault::Fault;
use super::{Answer, Verdict};
use crate::message::one_line;
use crate::pipeline::HttpCheck;

/// Longest URL in characters that is shown.
const MAX_URL_LEN: usize = 200;

/// Most different faults that are told apart.
const MAX_FAULTS: usize = 3;

/// What came out of a check. It passes with as many good answers as it asks for; without any it
/// never does.
#[must_use]
pub fn judge(http: &HttpCheck, answers: &[Answer]) -> Verdict {
    let tally = Tally::of(http, answers);
    let passed = tally.good >= required(http);
    Verdict {
        passed,
        detail: format!(
            "GET {} {}",
            one_line(&http.url, MAX_URL_LEN),
            if passed {
                tally.praise(http)
            } else {
                tally.blame(http)
            }
        ),
    }
}

/// Whether further requests could not change the verdict any more.
#[must_use]
pub fn decided(http: &HttpCheck, answers: &[Answer]) -> bool {
    let tally = Tally::of(http, answers);
    let left = usize::from(http.attempts).saturating_sub(tally.made);
    tally.good >= required(http) || tally.good + left < required(http) || left == 0
}

/// How many answers must be good. A check that asks for none would pass without a request.
fn required(http: &HttpCheck) -> usize {
    usize::from(http.successes).max(1)
}

struct Tally {
    /// How many requests were made.
    made: usize,
    /// How many of them were answered well.
    good: usize,
    /// How long in milliseconds the slowest good answer took.
    slowest_ms: u64,
    /// The different faults of the others, with how often each was seen.
    faults: Vec<(Fault, usize)>,
}

impl Tally {
    fn of(http: &HttpCheck, answers: &[Answer]) -> Self {
        let answers = &answers[..answers.len().min(usize::from(http.attempts))];
        let mut tally = Self {
            made: answers.len(),
            good: 0,
            slowest_ms: 0,
            faults: Vec::new(),
        };
        for answer in answers {
            let Some(fault) = Fault::of(http, answer) else {
                tally.good += 1;
                if let Ok(response) = &answer.outcome {
                    tally.slowest_ms = tally.slowest_ms.max(response.elapsed_ms);
                }
                continue;
            };
            match tally
                .faults
                .iter_mut()
                .find(|(seen, _)| seen.is_like(&fault))
            {
                Some((seen, count)) => {
                    *seen = fault.worse(seen);
                    *count += 1;
                }
                None => tally.faults.push((fault, 1)),
            }
        }
        tally
    }

    fn praise(&self, http: &HttpCheck) -> String {
        format!(
            "answered {} as expected in {} of {}, within {} ms",
            http.status,
            self.good,
            attempts(self.made),
            self.slowest_ms
        )
    }

    fn blame(&self, http: &HttpCheck) -> String {
        let status = http.status;
        let mut expected = format!("expected {status}");
        let mut seen = Vec::new();
        for (fault, count) in self.faults.iter().take(MAX_FAULTS) {
            seen.push(format!("{} in {count}", fault.seen(http)));
            expected.push_str(&fault.expected(http));
        }
        let untold = self.faults.iter().skip(MAX_FAULTS).map(|(_, count)| count);
        match untold.sum() {
            0 => {}
            count => seen.push(format!("failed otherwise in {count}")),
        }
        if seen.is_empty() {
            // Good answers, but too few of them before the time was over.
            seen.push(match self.good {
                0 => "was never asked for".to_owned(),
                good => format!("answered {status} as expected in {good}"),
            });
        }
        if self.made > 0 {
            seen[0].push_str(&format!(" of {}", attempts(self.made)));
        }
        let (last, others) = seen
            .split_last()
            .map_or(("", &[][..]), |(last, others)| (last.as_str(), others));
        let seen = if others.is_empty() {
            last.to_owned()
        } else {
            format!("{} and {last}", others.join(", "))
        };
        let asked = usize::from(http.attempts);
        let of = if self.made == asked {
            String::new()
        } else {
            format!(" of {asked}")
        };
        let left = asked.saturating_sub(self.made);
        let hurry = if left > 0 && self.good + left >= required(http) {
            format!("; there was no time for {left} more")
        } else {
            String::new()
        };
        format!(
            "{seen}, {expected} in at least {}{of}{hurry}",
            required(http)
        )
    }
}

fn attempts(made: usize) -> String {
    match made {
        1 => "1 attempt".to_owned(),
        more => format!("{more} attempts"),
    }
}
