//! Every fault at every call of a scenario: what is called without faults is listed, and the scenario is
//! told again with a fault at each of these calls. Whatever the fault, nothing that must hold may break,
//! and everything that was good comes through, and soon.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use towpath_core::release::Outcome;

use crate::fate::{Fate, Site};
use crate::scenario::Scenario;
use crate::scenarios;
use crate::script::Fault;
use crate::story::{Story, tell};

/// By how much a single fault delays a release at most.
const DELAY: SignedDuration = SignedDuration::from_mins(3);

/// How long an outage of an operation lasts.
const OUTAGE: SignedDuration = SignedDuration::from_mins(4);

/// How many calls a scenario has at most of which pairs of faults are tried.
const FEW: usize = 60;

/// A fault as it is kept in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Injected {
    /// At a call of the story, counted from 1.
    At(usize, Fate),
    /// The operation is out for four minutes from its first call on.
    Outage(String, Fate),
}

/// A scenario with faults: `rolling_good#37:crash-after`, `rolling_good#3:throttled,9:answer-lost` or
/// `rolling_good#ecs:UpdateService:failed-before`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    scenario: String,
    faults: Vec<Injected>,
}

/// What a scenario is without faults.
#[derive(Debug)]
pub struct Baseline {
    pub scenario: Scenario,
    sites: Vec<Site>,
    ends: Vec<End>,
    violations: Vec<String>,
    /// What people were to do, and did not.
    undone: Vec<String>,
}

/// How a release ended, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
struct End {
    tag: String,
    is_rollback: bool,
    outcome: Option<Outcome>,
    at: Option<Timestamp>,
}

/// How the releases of a story ended, by tag.
fn ends(story: &Story) -> Vec<End> {
    let releases = story.releases();
    let end = |release: &towpath_core::release::Release| End {
        tag: format!("{} {}", release.pipeline().pipeline, release.image().tag),
        is_rollback: release.rollback().is_some(),
        outcome: release.conclusion().map(|it| it.outcome),
        at: release.ended_at(),
    };
    let mut ends: Vec<_> = releases.iter().map(end).collect();
    ends.sort_by(|one, other| (&one.tag, one.is_rollback).cmp(&(&other.tag, other.is_rollback)));
    ends
}

fn is_so(ends: &[End], outcomes: &[Outcome]) -> bool {
    ends.iter()
        .map(|end| end.outcome)
        .eq(outcomes.iter().map(|outcome| Some(*outcome)))
}

impl Baseline {
    /// Tells the scenario without faults.
    #[must_use]
    pub fn of(scenario: Scenario) -> Self {
        let story = tell(&scenario, &[]);
        Self {
            scenario,
            sites: story.sites(),
            ends: ends(&story),
            violations: story.violations(),
            undone: story.undone(),
        }
    }

    /// How many calls it has.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.sites.len()
    }

    /// What is not so without faults.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = self.violations.clone();
        let undone = self.undone.iter();
        problems.extend(undone.map(|it| format!("nobody has done this: {it}")));
        let ends: Vec<_> = self.ends.iter().filter_map(|end| end.outcome).collect();
        if ends != self.scenario.ends {
            problems.push(format!("it ends {ends:?}, not {:?}", self.scenario.ends));
        }
        problems
    }

    /// Each fate at each call.
    #[must_use]
    pub fn singles(&self) -> Vec<Case> {
        let faults = self.faults();
        let case = |fault: Injected| self.case(vec![fault]);
        faults.into_iter().map(case).collect()
    }

    /// Each operation of AWS out for four minutes, throttled or without an answer.
    #[must_use]
    pub fn outages(&self) -> Vec<Case> {
        let operations: BTreeSet<_> = self.sites.iter().map(|site| site.operation).collect();
        let operations = operations.into_iter().filter(|it| *it != "http:GET");
        let cases = operations.flat_map(|operation| {
            [Fate::NotDone, Fate::FailedBefore]
                .map(|fate| self.case(vec![Injected::Outage(operation.to_owned(), fate)]))
        });
        cases.collect()
    }

    /// Both.
    #[must_use]
    pub fn singles_and_outages(&self) -> Vec<Case> {
        let mut cases = self.singles();
        cases.extend(self.outages());
        cases
    }

    /// Two faults at two calls, where there are few calls: of these pairs each so many-th, `seed` says
    /// which.
    #[must_use]
    pub fn pairs(&self, every: usize, seed: usize) -> Vec<Case> {
        if self.calls() > FEW {
            return Vec::new();
        }
        let faults = self.faults();
        let all = faults.iter().enumerate().flat_map(|(which, first)| {
            let others = faults[which + 1..].iter();
            let others = others.filter(move |other| match (first, other) {
                (Injected::At(one, _), Injected::At(other, _)) => one != other,
                (Injected::At(..) | Injected::Outage(..), _) => false,
            });
            others.map(move |second| (first, second))
        });
        let every = every.max(1);
        let some = all.skip(seed % every).step_by(every);
        some.map(|(first, second)| self.case(vec![first.clone(), second.clone()]))
            .collect()
    }

    fn faults(&self) -> Vec<Injected> {
        let mut faults = Vec::new();
        for (which, site) in self.sites.iter().enumerate() {
            for fate in Fate::ALL {
                if site.how.fates().contains(&fate) {
                    faults.push(Injected::At(which + 1, fate));
                }
            }
        }
        faults
    }

    fn case(&self, faults: Vec<Injected>) -> Case {
        Case {
            scenario: self.scenario.name.clone(),
            faults,
        }
    }

    /// Tells a case, and what is wrong with it.
    #[must_use]
    pub fn judge(&self, case: &Case) -> Vec<String> {
        let story = tell(&self.scenario, &case.faults());
        let mut problems = story.violations();
        let ends = ends(&story);
        for end in ends.iter().filter(|end| end.outcome.is_none()) {
            problems.push(format!("{} does not end", end.tag));
        }
        if case.may_change_the_outcome(self) {
            return problems;
        }
        if let [Injected::Outage(..)] = case.faults[..] {
            if self.scenario.is_good() {
                let lost = ends
                    .iter()
                    .filter(|it| it.outcome != Some(Outcome::Succeeded));
                let lost: Vec<_> = lost.collect();
                let otherwise = self.scenario.or.iter().any(|or| is_so(&ends, or));
                if !otherwise && (!lost.is_empty() || ends.len() != self.ends.len()) {
                    problems.push(format!("an outage costs what is good: {ends:?}"));
                }
            }
            return problems;
        }
        let outcomes = |ends: &[End]| -> Vec<_> {
            let told = |end: &End| (end.tag.clone(), end.is_rollback, end.outcome);
            ends.iter().map(told).collect()
        };
        if outcomes(&ends) != outcomes(&self.ends) {
            if !self.scenario.or.iter().any(|or| is_so(&ends, or)) {
                let (ends, known) = (outcomes(&ends), outcomes(&self.ends));
                problems.push(format!("it ends {ends:?}, and without the fault {known:?}"));
            }
            return problems;
        }
        if let [_] = case.faults[..] {
            let good = |end: &&End| end.outcome == Some(Outcome::Succeeded);
            let good = ends.iter().zip(&self.ends).filter(|(end, _)| good(end));
            for (end, known) in good {
                let late = end.at.zip(known.at).map(|(end, at)| end.duration_since(at));
                if late.is_some_and(|late| late > DELAY) {
                    problems.push(format!(
                        "{} ends {:#} late",
                        end.tag,
                        late.unwrap_or_default()
                    ));
                }
            }
        }
        problems
    }
}

impl Case {
    /// The faults, as a story takes them.
    fn faults(&self) -> Vec<Fault> {
        let fault = |injected: &Injected| match injected {
            Injected::At(call, fate) => Fault::at(*call, *fate),
            Injected::Outage(operation, fate) => Fault::outage(operation, 1, OUTAGE, *fate),
        };
        self.faults.iter().map(fault).collect()
    }

    /// Tells it.
    ///
    /// # Errors
    /// When there is no such scenario.
    pub fn tell(&self) -> Result<Story, String> {
        let scenario = scenarios::named(&self.scenario);
        let scenario = scenario.ok_or_else(|| format!("there is no scenario {}", self.scenario))?;
        Ok(tell(&scenario, &self.faults()))
    }

    /// The scenario without faults, to hold it against.
    ///
    /// # Errors
    /// When there is no such scenario.
    pub fn baseline(&self) -> Result<Baseline, String> {
        let scenario = scenarios::named(&self.scenario);
        let scenario = scenario.ok_or_else(|| format!("there is no scenario {}", self.scenario))?;
        Ok(Baseline::of(scenario))
    }

    /// Whether a fault of it may change how a release ends.
    fn may_change_the_outcome(&self, baseline: &Baseline) -> bool {
        self.faults.iter().any(|fault| match fault {
            Injected::At(call, fate) => {
                let site = call.checked_sub(1).and_then(|at| baseline.sites.get(at));
                site.is_some_and(|site| may_change_the_outcome(baseline, site, *fate))
            }
            Injected::Outage(_, fate) => *fate == Fate::Refused,
        })
    }
}

/// The faults that may change how a release ends, with the reason.
fn may_change_the_outcome(baseline: &Baseline, site: &Site, fate: Fate) -> bool {
    let crash = matches!(fate, Fate::DeathBefore | Fate::DeathAfter);
    let native = baseline.scenario.has_native_stage();
    // AWS has said no, and would say it again.
    fate == Fate::Refused
        // ECS takes a hook function that dies for one that says no.
        || (native && site.function == "lifecycle-hook" && crash)
        // Whoever rejects a moment later than another approves may be too late.
        || (site.function == "approval" && !baseline.scenario.is_good())
        // A push of which nobody has told is found by a search, and the next one is a quarter later.
        || (site.function == "sweeper" && baseline.scenario.name == "push_told_never")
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fault = |fault: &Injected| match fault {
            Injected::At(call, fate) => format!("{call}:{}", fate.name()),
            Injected::Outage(operation, fate) => format!("{operation}:{}", fate.name()),
        };
        let faults: Vec<_> = self.faults.iter().map(fault).collect();
        write!(f, "{}#{}", self.scenario, faults.join(","))
    }
}

impl FromStr for Case {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scenario, faults) = text.split_once('#').unwrap_or((text, ""));
        let faults = faults.split(',').filter(|fault| !fault.is_empty());
        let faults = faults.map(|fault| {
            let (at, fate) = fault.rsplit_once(':').ok_or("a fault is CALL:FATE")?;
            let fate = Fate::ALL.into_iter().find(|it| it.name() == fate);
            let fate = fate.ok_or_else(|| format!("there is no fate in {fault}"))?;
            Ok(match at.parse() {
                Ok(call) => Injected::At(call, fate),
                Err(_) => Injected::Outage(at.to_owned(), fate),
            })
        });
        Ok(Self {
            scenario: scenario.to_owned(),
            faults: faults.collect::<Result<_, String>>()?,
        })
    }
}
