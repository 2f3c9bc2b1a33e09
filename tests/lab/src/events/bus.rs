//! Event buses: rules by account and region, and what was published.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use serde::Serialize;
use serde_json::{Value, json};

use super::delivery::{self, Delivery};
use super::forward;
use super::pattern::Pattern;
use crate::gateway::parse::Request;
use crate::lab::Lab;
use crate::lambda::function::Function;
use crate::lock::lock;
use crate::timers::Wake;

/// A rule on the default bus of an account and region.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    /// Account of the bus.
    pub(crate) account: String,
    /// Region of the bus.
    pub(crate) region: String,
    /// Name of the rule.
    pub(crate) name: String,
    /// What it takes; `None` for scheduled rules.
    pub(crate) pattern: Option<Pattern>,
    /// Where it sends what it takes.
    pub(crate) target: Target,
}

/// Where a rule sends events.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    Function {
        function: Arc<Function>,
        /// What it gets instead of the event.
        input: Option<Value>,
        /// Attempts after the first.
        retries: u32,
        /// Virtual seconds for which delivery is tried.
        age_seconds: u32,
    },
    /// To the default bus of another account or region.
    Bus {
        account: String,
        region: String,
        /// The role that EventBridge assumes to reach it.
        role: Option<String>,
    },
}

/// A rule that fires by itself.
#[derive(Debug)]
pub(crate) struct Scheduled {
    pub(crate) rule: Rule,
    /// The time from one event to the next.
    pub(crate) period: jiff::SignedDuration,
}

/// All buses.
#[derive(Debug, Default)]
pub(crate) struct Buses {
    rules: Mutex<Vec<Rule>>,
    schedules: Mutex<Vec<Arc<Scheduled>>>,
    /// Account, region and name of each rule that is disabled.
    disabled: Mutex<BTreeSet<(String, String, String)>>,
    published: Mutex<(u64, VecDeque<Published>)>,
}

/// An event that was published, for people.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Published {
    /// Position, from 1.
    pub(crate) n: u64,
    /// Account and region of the bus.
    pub(crate) bus: String,
    /// Names of the rules that took it.
    pub(crate) rules: Vec<String>,
    pub(crate) event: Value,
}

const KEPT: usize = 10_000;

impl Buses {
    /// Adds a rule, or replaces the one of the same name on the same bus.
    pub(crate) fn add(&self, rule: Rule) {
        let mut rules = lock(&self.rules);
        rules.retain(|old| {
            (&old.account, &old.region, &old.name) != (&rule.account, &rule.region, &rule.name)
        });
        rules.push(rule);
    }

    /// Enables or disables a rule.
    pub(crate) fn set_enabled(&self, account: &str, region: &str, name: &str, enabled: bool) {
        let rule = (account.to_owned(), region.to_owned(), name.to_owned());
        let mut disabled = lock(&self.disabled);
        if enabled {
            disabled.remove(&rule);
        } else {
            disabled.insert(rule);
        }
    }

    /// Whether a rule takes events.
    pub(crate) fn is_enabled(&self, account: &str, region: &str, name: &str) -> bool {
        let rule = (account.to_owned(), region.to_owned(), name.to_owned());
        !lock(&self.disabled).contains(&rule)
    }

    /// Remembers whether a rule that somebody makes through the API has a target.
    pub(crate) fn observe(&self, request: &Request) {
        let rule = request.input["Rule"].as_str().unwrap_or_default();
        let has_target = match (request.service.as_str(), request.operation.as_str()) {
            ("events", "PutTargets") => true,
            ("events", "RemoveTargets") => false,
            _ => return,
        };
        self.set_enabled(&request.account, &request.region, rule, has_target);
    }

    /// The events after number `since`.
    pub(crate) fn since(&self, since: u64) -> Vec<Published> {
        let published = lock(&self.published);
        published
            .1
            .iter()
            .filter(|event| event.n > since)
            .cloned()
            .collect()
    }

    fn note(&self, bus: String, rules: Vec<String>, event: &Value) {
        let mut published = lock(&self.published);
        published.0 += 1;
        let n = published.0;
        if published.1.len() == KEPT {
            published.1.pop_front();
        }
        published.1.push_back(Published {
            n,
            bus,
            rules,
            event: event.clone(),
        });
    }
}

/// Publishes an event on the default bus of the account and region that it names.
pub(crate) fn publish(lab: &Arc<Lab>, event: Value) {
    let text = |member: &str| event[member].as_str().unwrap_or_default().to_owned();
    let (account, region) = (text("account"), text("region"));
    publish_on(lab, &account, &region, &event, false);
}

/// Publishes an event on a bus. An event that was forwarded once is not forwarded again, as in
/// EventBridge.
pub(crate) fn publish_on(
    lab: &Arc<Lab>,
    account: &str,
    region: &str,
    event: &Value,
    forwarded: bool,
) {
    let taking: Vec<Rule> = lock(&lab.buses.rules)
        .iter()
        .filter(|rule| rule.account == account && rule.region == region)
        .filter(|rule| lab.buses.is_enabled(account, region, &rule.name))
        .filter(|rule| {
            rule.pattern
                .as_ref()
                .is_some_and(|pattern| pattern.matches(event))
        })
        .cloned()
        .collect();
    let names = taking.iter().map(|rule| rule.name.clone()).collect();
    lab.buses.note(format!("{account}/{region}"), names, event);
    for rule in taking {
        match &rule.target {
            Target::Bus { .. } if forwarded => {}
            Target::Bus { .. } => forward::send(lab, &rule, event),
            Target::Function { .. } => {
                delivery::start(lab, Delivery::new(lab, rule, event.clone()))
            }
        }
    }
}

impl Rule {
    /// The rule's ARN.
    pub(crate) fn arn(&self) -> String {
        format!(
            "arn:aws:events:{}:{}:rule/{}",
            self.region, self.account, self.name
        )
    }
}

/// Adds a scheduled rule; its first event comes one period from now.
pub(crate) fn schedule(lab: &Lab, scheduled: Scheduled) {
    let due = lab.clock.now() + scheduled.period;
    let index = {
        let mut schedules = lock(&lab.buses.schedules);
        schedules.push(Arc::new(scheduled));
        schedules.len() - 1
    };
    lab.timers.add(due, Wake::Schedule(index));
}

/// Fires a scheduled rule and sets its next timer.
pub(crate) fn fire(lab: &Arc<Lab>, index: usize) {
    let Some(scheduled) = lock(&lab.buses.schedules).get(index).cloned() else {
        return;
    };
    let now = lab.clock.now();
    lab.timers
        .add(now + scheduled.period, Wake::Schedule(index));
    let rule = &scheduled.rule;
    if !lab
        .buses
        .is_enabled(&rule.account, &rule.region, &rule.name)
    {
        return;
    }
    let event = json!({
        "version": "0",
        "id": lab.ids.uuid(),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": rule.account,
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "region": rule.region,
        "resources": [rule.arn()],
        "detail": {},
    });
    delivery::start(lab, Delivery::new(lab, rule.clone(), event));
}
