//! Everything there is: the time, AWS, the ledger, messages, and what is under way.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use towpath_core::names::ReleaseId;
use towpath_core::pipeline::Pipeline;
use towpath_core::release::{Home, ServiceId};
use towpath_deployer::ports::CallError;
use towpath_lab_world::{Behaviour, Call, Effect, World};

use crate::calls::Calls;
use crate::checks::Observation;
use crate::deliver::{Delivery, Key, Record};
use crate::dice::Dice;
use crate::fate::{Fate, How, Site};
use crate::judge::Judge;
use crate::ledger::Ledger;
use crate::messages::Messages;
use crate::planted::Flaw;
use crate::ports::By;
use crate::protocol::{Protocol, What};
use crate::scenario::Cue;
use crate::script::Script;
use crate::set_up;

/// How long one call takes.
const CALL_TAKES: SignedDuration = SignedDuration::from_millis(20);

/// For how long after a change ECS and CodeDeploy may still show what was before: AWS says "up to about
/// five minutes", of which the clocks of functions, which measure them, may be off by some seconds.
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html>
pub(crate) const STALE: SignedDuration = SignedDuration::from_secs(5 * 60 - 15);

/// For how long a list may go on to leave out what it has left out: what is missing at two looks that are
/// half a minute apart is not there. The clocks of those who look may be off by some seconds.
const LAG: SignedDuration = SignedDuration::from_secs(15);

/// Everything there is.
pub(crate) struct Simulation {
    /// The true time.
    pub(crate) now: Timestamp,
    pub(crate) aws: World,
    pub(crate) ledger: Ledger,
    pub(crate) messages: Messages,
    pub(crate) dice: Dice,
    pub(crate) flaw: Option<Flaw>,
    /// How often CodeDeploy has called a rollback a success, where that is planted.
    pub(crate) lies: usize,
    /// What did not hold.
    pub(crate) violations: Vec<String>,
    pub(crate) pipelines: Vec<Pipeline>,
    pub(crate) home: Home,
    /// When the pipelines were applied.
    pub(crate) applied_at: Timestamp,
    /// What is to be delivered to a function.
    pub(crate) deliveries: Vec<Delivery>,
    /// What the ledger's stream has for `advance`, by partition key.
    pub(crate) stream: BTreeMap<Key, VecDeque<Record>>,
    pub(crate) calls: Calls,
    pub(crate) seen: Observation,
    pub(crate) judge: Judge,
    pub(crate) alarms: BTreeSet<String>,
    /// What lists have left out, and when they did first.
    left_out: BTreeMap<String, Timestamp>,
    /// How services were shown lately, the newest last, and until when.
    shown: BTreeMap<ServiceId, VecDeque<(Timestamp, Value)>>,
    words: usize,
    /// How every image behaves that is pushed, where that is not left to chance.
    pub(crate) image: Option<Behaviour>,
    /// What some calls meet.
    script: Script,
    /// How far the clocks of functions are off.
    pub(crate) skew: BTreeMap<&'static str, SignedDuration>,
    /// What happened.
    pub(crate) protocol: Protocol,
    /// What people do at which sign, and when they did something last.
    pub(crate) cues: VecDeque<Cue>,
    pub(crate) acted_at: Timestamp,
    /// When the story began.
    pub(crate) began: Timestamp,
    /// Events that are kept back.
    pub(crate) kept: Vec<Delivery>,
    /// What is refused for now, to whoever asks.
    pub(crate) refusing: BTreeSet<&'static str>,
    /// How often the pipelines were applied.
    pub(crate) version: i64,
    /// The digest of the image that runs at first.
    pub(crate) initial: String,
    /// Whether a tick of the sweeper failed, so that the next one comes a minute later.
    pub(crate) sweep_failed: bool,
    /// When the sweeper looks for pushes, where one was given up.
    pub(crate) search_at: Option<Timestamp>,
    /// Whether people click again where they see that a click did nothing.
    pub(crate) people_insist: bool,
    /// Whether whoever clicked was told to do so again in a moment.
    pub(crate) told_to_click_again: bool,
}

impl Simulation {
    pub(crate) fn new(set_up: &set_up::SetUp, dice: Dice, flaw: Option<Flaw>) -> Self {
        let now = set_up::dawn();
        let mut simulation = Self {
            now,
            aws: World::new(7, now),
            ledger: Ledger::new(flaw == Some(Flaw::NoFence)),
            messages: Messages::default(),
            dice,
            flaw,
            lies: 0,
            violations: Vec::new(),
            pipelines: set_up.pipelines.clone(),
            home: set_up::home(),
            applied_at: now,
            deliveries: Vec::new(),
            stream: BTreeMap::new(),
            calls: Calls::default(),
            seen: Observation::default(),
            judge: Judge::default(),
            alarms: BTreeSet::new(),
            left_out: BTreeMap::new(),
            shown: BTreeMap::new(),
            words: 0,
            image: set_up.image,
            script: Script::new(&set_up.faults),
            skew: set_up.skew.clone(),
            protocol: Protocol::default(),
            cues: set_up.cues.iter().cloned().collect(),
            acted_at: now,
            began: now,
            kept: Vec::new(),
            refusing: BTreeSet::new(),
            version: 1,
            initial: String::new(),
            sweep_failed: false,
            search_at: None,
            people_insist: !set_up.cues.is_empty(),
            told_to_click_again: false,
        };
        set_up::create(&mut simulation, set_up);
        simulation.protocol = Protocol::default();
        simulation.acted_at = simulation.now;
        simulation.began = simulation.now;
        simulation
    }

    /// Something happens now.
    pub(crate) fn note(&mut self, what: What) {
        self.protocol.add(self.now, what);
    }

    pub(crate) fn violated(&mut self, what: String) {
        self.note(What::Violation(what.clone()));
        self.violations.push(what);
    }

    /// Words that nobody has said before.
    pub(crate) fn words(&mut self) -> String {
        self.words += 1;
        format!("words {} of this world", self.words)
    }

    /// Lets time pass.
    pub(crate) fn pass(&mut self, time: SignedDuration) {
        self.reach(self.now + time);
    }

    pub(crate) fn reach(&mut self, now: Timestamp) {
        self.remember_services();
        let time = now.duration_since(self.now);
        let now = self.now.max(now);
        // Nothing that is so only for a moment is missed.
        while let Some(due) = self.aws.next_due().filter(|due| *due <= now) {
            self.aws.advance(due);
            self.judge_serving();
        }
        self.now = now;
        self.note(What::Passes(time));
        self.aws.advance(now);
        self.collect();
    }

    /// One call of an AWS API by a function, at a place.
    pub(crate) fn aws(
        &mut self,
        (account, region): (&str, &str),
        principal: &str,
        (service, operation): (&'static str, &'static str),
        input: &Value,
    ) -> Result<Value, towpath_lab_world::ApiError> {
        let call = Call {
            account,
            region,
            principal,
            service,
            operation,
            input,
        };
        let before = self.judge_before((account, region), operation, input);
        let answer = self.aws.call(&call, self.now);
        self.collect();
        if let Ok(answer) = &answer {
            let by_hand = principal == "root";
            self.judge_call(by_hand, before, (operation, input), answer);
            if !by_hand {
                self.judge_serving();
            }
        }
        answer
    }

    /// Takes what AWS does to its surroundings.
    pub(crate) fn collect(&mut self) {
        for effect in self.aws.take_effects() {
            match effect {
                Effect::Emit(event) => {
                    self.note(What::Aws(said_by_aws(&event)));
                    self.deliveries.extend(Delivery::of_event(event));
                }
                Effect::Invoke { payload, token, .. } => {
                    self.note(What::Aws(format!("asks the hook: {payload}")));
                    self.deliveries.push(Delivery::of_hook(payload, token));
                }
            }
        }
    }

    /// The service as DescribeServices shows it, if it exists.
    pub(crate) fn service(&mut self, id: &ServiceId) -> Option<Value> {
        let input = json!({ "cluster": id.cluster, "services": [id.service] });
        let place = (id.account.as_str(), id.region.as_str());
        let mut answer = self
            .aws(place, "root", ("ecs", "DescribeServices"), &input)
            .ok()?;
        answer.pointer_mut("/services/0").map(Value::take)
    }

    /// Remembers how every service is shown until now, where something may be shown that was.
    fn remember_services(&mut self) {
        if !self.dice.is_calm() || self.script.is_stale_somewhere() {
            for id in self.services() {
                self.about_to_change(&id);
            }
        }
    }

    /// Remembers how a service is shown that is about to be changed.
    pub(crate) fn about_to_change(&mut self, id: &ServiceId) {
        let Some(now) = self.service(id) else {
            return;
        };
        let shown = self.shown.entry(id.clone()).or_default();
        match shown.back_mut() {
            Some((until, last)) if *last == now => *until = self.now,
            Some(_) | None => shown.push_back((self.now, now)),
        }
        shown.retain(|(until, _)| self.now.duration_since(*until) < STALE);
    }

    /// How the service was shown at some time that is just over, if it was shown otherwise.
    pub(crate) fn shown_before(&mut self, id: &ServiceId) -> Option<Value> {
        let now = self.service(id);
        let shown = self.shown.get(id)?.iter();
        let shown = shown.filter(|(until, it)| {
            self.now.duration_since(*until) < STALE && Some(it) != now.as_ref()
        });
        let mut shown: Vec<_> = shown.map(|(_, it)| it.clone()).collect();
        if shown.is_empty() {
            return None;
        }
        // The newest is the kindest.
        let which = shown.len() - 1 - self.dice.roll(shown.len());
        Some(shown.swap_remove(which))
    }

    /// Whether something of that age may not be shown yet.
    pub(crate) fn is_fresh(&self, created_at: Timestamp) -> bool {
        self.now.duration_since(created_at) < STALE
    }

    /// Whether a list that lags leaves something out which was made then. It may do so at several looks
    /// one soon after another, and at none later.
    pub(crate) fn leaves_out(&mut self, named: &Value, created_at: Option<Timestamp>) -> bool {
        if !created_at.is_some_and(|at| self.is_fresh(at)) {
            return false;
        }
        let now = self.now;
        let first = *self.left_out.entry(named.to_string()).or_insert(now);
        now.duration_since(first) < LAG
    }

    /// What befalls the call whose turn it is.
    pub(crate) fn fate(&mut self, by: &By, operation: &'static str, how: How) -> Fate {
        self.now += CALL_TAKES;
        let written = self.script.fate(operation, by.function, self.now);
        let refused = self.refusing.contains(operation).then_some(Fate::Refused);
        let fate = written.or(refused);
        let fate = fate.unwrap_or_else(|| self.drawn(how));
        self.calls.sites.push(Site {
            operation,
            function: by.function,
            how,
        });
        *self.calls.fates.entry((operation, fate)).or_default() += 1;
        if fate != Fate::Done {
            self.judge_calm();
        }
        self.note(What::Call {
            run: by.run,
            function: by.function,
            number: self.script.made(),
            operation,
            fate,
        });
        fate
    }

    fn drawn(&mut self, how: How) -> Fate {
        if self.dice.is_calm() {
            return Fate::Done;
        }
        // Changes of AWS are few, and what befalls them matters most.
        if matches!(how, How::Change | How::ChangeShown) && self.dice.roll(4) == 3 {
            let fates = how.fates();
            return fates[self.dice.roll(fates.len())];
        }
        if let Some(left @ 1..) = self.calls.until_fault {
            self.calls.until_fault = Some(left - 1);
            return Fate::Done;
        }
        let most = *self.calls.most_well.get_or_insert_with(|| {
            MAX_CALLS_WITHOUT_FAULT[self.dice.roll(MAX_CALLS_WITHOUT_FAULT.len())]
        });
        let is_first = self.calls.until_fault.is_none();
        self.calls.until_fault = Some(most - self.dice.roll(most));
        if is_first {
            return Fate::Done;
        }
        let fates = how.fates();
        fates[self.dice.roll(fates.len())]
    }

    /// The releases, in the order of their ids.
    pub(crate) fn releases(&self) -> Vec<ReleaseId> {
        self.ledger.ids()
    }
}

/// What an event says, in short.
fn said_by_aws(event: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let detail = &event["detail"];
    let words = [
        "eventName",
        "state",
        "lastStatus",
        "action-type",
        "image-tag",
    ];
    let words = words.map(|word| text(&detail[word]));
    let words = words.iter().filter(|word| !word.is_empty());
    let words: Vec<_> = words.map(String::as_str).collect();
    let named = [&detail["deploymentId"], &event["resources"][0]].map(text);
    let named = named.into_iter().find(|name| !name.is_empty());
    let kind = text(&event["detail-type"]);
    format!("{kind}: {} {}", words.join(" "), named.unwrap_or_default())
}

/// The most calls in a row that go well while faults go on, in one story or another.
const MAX_CALLS_WITHOUT_FAULT: [usize; 3] = [100, 40, 15];

/// AWS's refusal, as whoever calls understands it.
pub(crate) fn refused(operation: &'static str, error: towpath_lab_world::ApiError) -> CallError {
    if error.status >= 500 {
        return CallError::Unknown {
            operation,
            message: error.to_string(),
        };
    }
    CallError::Refused {
        operation,
        code: error.code,
        message: error.message,
    }
}
