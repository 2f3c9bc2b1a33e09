//! Tells simulated stories to a person: `make simulate`.
//!
//! What is told goes to stderr: stdout has the lines of the product's own metrics.

use std::process::ExitCode;

use towpath_simulation::enumerate::{Baseline, Case};
use towpath_simulation::random::Random;
use towpath_simulation::{Story, crowd, scenarios};

#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many stories are told between two lines of progress.
const PROGRESS: usize = 500;

/// How many stories are begun together.
const BATCH: u64 = 10_000;

fn main() -> ExitCode {
    let asked = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
    let told = if let Some(case) = asked("CASE") {
        one(&case)
    } else if let Some(which) = asked("SINGLES") {
        all(&which, |baseline| {
            let cases = baseline.singles_and_outages().into_iter();
            cases.step_by(every()).collect()
        })
    } else if let Some(which) = asked("PAIRS") {
        all(&which, |baseline| baseline.pairs(every(), 0))
    } else if let Some(stories) = asked("STORIES") {
        let number = |name: &str, text: String| {
            let problem = format!("{name}={text} is no number");
            text.parse::<u64>().map_err(|_| problem)
        };
        let from = asked("FROM").map_or(Ok(0), |from| number("FROM", from));
        from.and_then(|from| Ok(many(from, number("STORIES", stories)?)))
    } else {
        let seed = asked("SEED").unwrap_or_else(|| "1".to_owned());
        one(&format!("random#{seed}"))
    };
    match told {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

/// Each which case is tried.
fn every() -> usize {
    let every = std::env::var("EVERY").ok();
    every.and_then(|it| it.parse().ok()).unwrap_or(1).max(1)
}

/// Plants the bug that `BUG` names, for the stories of this thread.
#[cfg(feature = "planted")]
fn plant() -> Result<(), String> {
    use towpath_core::planted;

    let name = std::env::var("BUG").unwrap_or_default();
    let bug = planted::Bug::ALL
        .iter()
        .find(|bug| format!("{bug:?}") == name);
    if bug.is_none() && !name.is_empty() {
        return Err(format!("there is no bug {name}"));
    }
    planted::plant(bug.copied());
    Ok(())
}

#[cfg(not(feature = "planted"))]
fn plant() -> Result<(), String> {
    Ok(())
}

/// Tells one story, and whether everything holds.
fn one(line: &str) -> Result<bool, String> {
    plant()?;
    if line.starts_with("random#") {
        let story: Random = line.parse()?;
        return Ok(print(&story.tell(), &[]));
    }
    let case: Case = line.parse()?;
    let problems = case.baseline()?.judge(&case);
    Ok(print(&case.tell()?, &problems))
}

fn print(story: &Story, problems: &[String]) -> bool {
    eprint!("{}", story.protocol());
    for ended in story.ended() {
        let outcome = ended.outcome.map_or("open".to_owned(), |it| it.to_string());
        eprintln!("{}: {outcome}: {}", ended.tag, ended.reason);
    }
    let mut problems = problems.to_vec();
    problems.extend(story.violations());
    problems.dedup();
    for problem in &problems {
        eprintln!("!! {problem}");
    }
    problems.is_empty()
}

/// Tells that many stories that are left to chance, from that seed on, until one fails.
fn many(from: u64, stories: u64) -> bool {
    let mut first = 0;
    while first < stories {
        let seeds: Vec<u64> = (first..stories.min(first + BATCH))
            .map(|seed| seed.wrapping_add(from))
            .collect();
        let fails = |seed: &u64| {
            let fails = !Random::of(*seed).tell().violations().is_empty();
            fails.then_some(())
        };
        let progress = |done: usize| {
            if done.is_multiple_of(PROGRESS) {
                eprintln!("{} of {stories} stories", first + done as u64);
            }
        };
        if let Some((which, ())) = crowd::each(&seeds, true, fails, progress).first() {
            let seed = seeds[*which];
            eprintln!("random#{seed} fails, and is made shorter …");
            let story = Random::of(seed).shrunk();
            print(&story.tell(), &[]);
            eprintln!("keep this line in shared/simulation/tests/kept.txt:\n{story}");
            return false;
        }
        first += BATCH;
    }
    eprintln!("everything holds in {stories} stories, from seed {from} on");
    true
}

/// Tells the cases of all scenarios, or of those whose names begin so.
fn all(which: &str, cases: impl Fn(&Baseline) -> Vec<Case>) -> Result<bool, String> {
    let mut scenarios = scenarios::all();
    scenarios.retain(|it| which == "all" || it.name.starts_with(which));
    if scenarios.is_empty() {
        return Err(format!("there is no scenario {which}"));
    }
    let baselines: Vec<_> = scenarios.into_iter().map(Baseline::of).collect();
    let cases = |baseline| -> Vec<_> {
        cases(baseline)
            .into_iter()
            .map(|it| (baseline, it))
            .collect()
    };
    let cases: Vec<_> = baselines.iter().flat_map(cases).collect();
    let work = |(baseline, case): &(&Baseline, Case)| {
        let problems = baseline.judge(case);
        if problems.is_empty() {
            return None;
        }
        eprintln!("{case}\n    {}", problems.join("\n    "));
        Some(())
    };
    let progress = |done: usize| {
        if done.is_multiple_of(PROGRESS) {
            eprintln!("{done} of {} cases", cases.len());
        }
    };
    let found = crowd::each(&cases, false, work, progress);
    eprintln!("{} of {} cases fail", found.len(), cases.len());
    Ok(found.is_empty())
}
