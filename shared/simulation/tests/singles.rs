//! A fault at each call of each scenario, and an outage of each operation. A sample of the cases is
//! tried here, another one with another seed; `make simulate SINGLES=all` tries all.

use towpath_simulation::crowd;
use towpath_simulation::enumerate::{Baseline, Case};
use towpath_simulation::random::Random;
use towpath_simulation::scenarios;

/// How many cases are tried about.
const CASES: usize = 1_200;

/// Each which pair of faults may be among them.
const PAIRS: usize = 499;

/// Which of them.
fn seed() -> usize {
    let seed = std::env::var("PROPTEST_RNG_SEED").ok();
    seed.and_then(|it| it.parse().ok()).unwrap_or(20_261_129)
}

fn sampled<T>(all: Vec<T>, about: usize) -> (Vec<T>, usize) {
    let count = all.len();
    let every = count.div_ceil(about).max(1);
    let of = |(which, _): &(usize, T)| which % every == seed() % every;
    let sample = all.into_iter().enumerate().filter(of);
    (sample.map(|(_, one)| one).collect(), count)
}

fn hold(cases: Vec<(&Baseline, Case)>, about: usize) {
    let (cases, count) = sampled(cases, about);
    println!("{} of {count} cases", cases.len());
    let work = |(baseline, case): &(&Baseline, Case)| {
        let problems = baseline.judge(case);
        (!problems.is_empty()).then(|| format!("{case}: {problems:#?}"))
    };
    let found = crowd::each(&cases, false, work, |_| ());
    let found: Vec<_> = found.into_iter().map(|(_, problem)| problem).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn baselines() -> Vec<Baseline> {
    let all = scenarios::all();
    let told = crowd::each(&all, false, |it| Some(Baseline::of(it.clone())), |_| ());
    told.into_iter().map(|(_, baseline)| baseline).collect()
}

#[test]
fn what_has_failed_once_holds() {
    for line in include_str!("kept.txt").lines() {
        if line.is_empty() || line.starts_with("//") {
            continue;
        }
        let problems = if line.starts_with("random#") {
            let story: Random = line.parse().expect("a story");
            story.tell().violations()
        } else {
            let case: Case = line.parse().expect("a case");
            case.baseline().expect("a scenario").judge(&case)
        };
        assert_eq!(problems, Vec::<String>::new(), "{line}");
    }
}

#[test]
fn no_single_fault_or_outage_costs_anything() {
    let baselines = baselines();
    let all = baselines.iter().flat_map(|baseline| {
        let cases = baseline.singles_and_outages();
        cases.into_iter().map(move |case| (baseline, case))
    });
    hold(all.collect(), CASES);
}

#[test]
fn no_two_faults_break_what_must_hold() {
    let baselines = baselines();
    let all = baselines.iter().flat_map(|baseline| {
        let cases = baseline.pairs(PAIRS, seed());
        cases.into_iter().map(move |case| (baseline, case))
    });
    hold(all.collect(), CASES / 4);
}

#[test]
fn a_line_is_the_case_that_it_was_made_of() {
    let line = "rolling_good#3:crash-after,ecs:UpdateService:failed-before";
    let case: Case = line.parse().expect("a case");
    assert_eq!(case.to_string(), line);
    let story = Random::of(7);
    assert_eq!(story.to_string().parse(), Ok(story));
}
