//! Runs of the deployer's functions: futures that go on one call at a time, and may die at any.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use towpath_deployer::handlers::{
    HandlerError, advance, approval, deployment_event, image_push, lifecycle_hook, sweeper,
};

use crate::deliver::{Delivery, Key, MAX_ATTEMPTS, What};
use crate::people::{REPLIES, give};
use crate::ports::{By, Port};
use crate::protocol::What as Happens;
use crate::rest::NEXT_SEARCH;
use crate::set_up::{home, pipelines_path};
use crate::simulation::Simulation;
use crate::story::Story;

/// How long a run that waits for time to pass is left waiting at once.
const PAUSE: SignedDuration = SignedDuration::from_millis(500);

/// How often somebody clicks who sees that it did nothing.
const CLICKS: u8 = 3;

/// A run of a function.
pub(crate) struct Run {
    id: u64,
    /// When its time is used up.
    ends: Timestamp,
    origin: Origin,
    future: Pin<Box<dyn Future<Output = Done>>>,
}

/// What a run was begun for.
#[derive(Debug, Clone)]
pub(crate) enum Origin {
    Stream(Key),
    Delivery(Delivery),
}

/// How a run ended that has not died.
#[derive(Debug)]
pub(crate) enum Done {
    Well(Value),
    Failed(String),
}

impl Done {
    fn answer(&self) -> Option<&Value> {
        match self {
            Self::Well(answer) => Some(answer),
            Self::Failed(_) => None,
        }
    }
}

fn done<T>(outcome: Result<T, HandlerError>, answer: impl FnOnce(T) -> Value) -> Done {
    match outcome {
        Ok(value) => Done::Well(answer(value)),
        Err(error) => Done::Failed(error.to_string()),
    }
}

impl Origin {
    /// The function and its time, as `infra/functions.json` has them.
    fn function(&self) -> (&'static str, i64) {
        match self {
            Self::Stream(_) => ("advance", 60),
            Self::Delivery(delivery) => match &delivery.what {
                What::Push(_) => ("image-push", 30),
                What::Report(_) => ("deployment-event", 30),
                What::Hook { .. } => ("lifecycle-hook", 300),
                What::Decision(_) => ("approval", 10),
                What::Sweep(_) => ("sweeper", 60),
                What::Order(_) => ("cli", 600),
            },
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stream(key) => write!(f, "{key:?}"),
            Self::Delivery(delivery) => {
                write!(f, "{} (try {})", delivery.what, delivery.tries + 1)
            }
        }
    }
}

/// The future of a run.
fn begun(origin: Origin, port: Port, ends: Timestamp) -> Pin<Box<dyn Future<Output = Done>>> {
    let simulation = Rc::clone(&port.simulation);
    let time_left = move || {
        let left = ends.duration_since(simulation.borrow().now);
        Duration::try_from(left).unwrap_or_default()
    };
    Box::pin(async move {
        match origin {
            Origin::Stream(key) => {
                let answer = advance::handle(&port, "advance", &key.event(), time_left).await;
                match answer {
                    Ok(answer) if answer.batch_item_failures.is_empty() => Done::Well(Value::Null),
                    Ok(_) => Done::Failed("the record is to be delivered again".into()),
                    Err(error) => Done::Failed(error.to_string()),
                }
            }
            Origin::Delivery(delivery) => match delivery.what {
                What::Push(event) => {
                    let (root, home) = (pipelines_path(), home());
                    let pushed = image_push::handle(&port, &root, &home, &event).await;
                    done(pushed, |()| Value::Null)
                }
                What::Report(event) => done(deployment_event::handle(&port, &event).await, |()| {
                    Value::Null
                }),
                What::Hook { payload, .. } => done(
                    lifecycle_hook::handle(&port, &payload, time_left).await,
                    |it| it,
                ),
                What::Decision(event) => {
                    let set_up = approval::SetUp {
                        senders: approval::Senders {
                            slack_app: Some("A1".into()),
                            slack_team: Some("T1".into()),
                            reply_topic: REPLIES.into(),
                        },
                        pipelines_path: pipelines_path(),
                        function: "approval".into(),
                    };
                    done(approval::handle(&port, &set_up, Ok(&event)).await, |it| it)
                }
                What::Sweep(what) => {
                    let (root, home, event) = (pipelines_path(), home(), json!({ "sweep": what }));
                    let swept = sweeper::handle(&port, &root, &home, "sweeper", &event);
                    done(swept.await, |()| Value::Null)
                }
                What::Order(ordered) => done(give(&port, ordered).await, |()| Value::Null),
            },
        }
    })
}

impl Story {
    /// Begins a run.
    pub(crate) fn begin(&mut self, origin: Origin) {
        let (function, seconds) = origin.function();
        let release = match &origin {
            Origin::Stream(key) => key.drives(),
            Origin::Delivery(_) => None,
        };
        self.begun += 1;
        let mut simulation = self.simulation.borrow_mut();
        let skew = SignedDuration::from_secs([0, 4, -4][simulation.dice.roll(3)]);
        let skew = simulation.skew.get(function).copied().unwrap_or(skew);
        let by = By {
            run: self.begun,
            function,
            release,
            skew,
        };
        let now = simulation.now;
        let ends = now + SignedDuration::from_secs(seconds);
        if let Origin::Delivery(delivery) = &origin {
            simulation.judge.arrives(self.begun, &delivery.what, now);
        }
        simulation.note(Happens::Begins {
            run: self.begun,
            function,
            with: origin.to_string(),
        });
        drop(simulation);
        let port = Port {
            simulation: Rc::clone(&self.simulation),
            by,
        };
        self.runs.push(Run {
            id: self.begun,
            ends,
            origin: origin.clone(),
            future: begun(origin, port, ends),
        });
    }

    /// Whether a record of this key is being dealt with.
    pub(crate) fn is_busy(&self, key: &Key) -> bool {
        let of = |run: &Run| matches!(&run.origin, Origin::Stream(of) if of == key);
        self.runs.iter().any(of)
    }

    /// Lets a run go on to its next call, and makes it.
    pub(crate) async fn step(&mut self, which: usize) {
        let id = self.runs[which].id;
        let is_late = self.simulation.borrow().now > self.runs[which].ends;
        if is_late {
            self.simulation.borrow_mut().calls.is_late = true;
            let run = self.runs.swap_remove(which);
            return self.end(run, None);
        }
        let waiting = self.simulation.borrow().calls.of(id);
        if waiting.is_empty() {
            // It has not begun, or waits for time to pass.
            if self.looked.contains(&id) {
                self.pass(PAUSE).await;
            }
        } else {
            let ticket = waiting[self.mixed(waiting.len())];
            self.simulation.borrow_mut().calls.give_turn(ticket);
        }
        let run = &mut self.runs[which];
        let polled = poll_fn(|context| Poll::Ready(run.future.as_mut().poll(context))).await;
        self.looked.insert(id);
        if let Poll::Ready(done) = polled {
            let run = self.runs.swap_remove(which);
            return self.end(run, Some(done));
        }
        let mut simulation = self.simulation.borrow_mut();
        assert!(simulation.calls.was_taken(), "the call takes its turn");
        if simulation.calls.is_dead(id) {
            drop(simulation);
            let run = self.runs.swap_remove(which);
            self.end(run, None);
        }
    }

    /// Lets time pass, for everybody.
    pub(crate) async fn pass(&mut self, time: SignedDuration) {
        // Whoever sleeps does so by tokio's clock.
        tokio::time::advance(Duration::try_from(time).unwrap_or_default()).await;
        self.simulation.borrow_mut().pass(time);
    }

    /// A run has ended, or died.
    fn end(&mut self, run: Run, done: Option<Done>) {
        let Run {
            id, origin, future, ..
        } = run;
        drop(future);
        self.looked.remove(&id);
        let failed = !matches!(done, Some(Done::Well(_)));
        let mut simulation = self.simulation.borrow_mut();
        simulation.note(Happens::Ends {
            run: id,
            function: origin.function().0,
            how: match &done {
                Some(Done::Well(_)) => "well".into(),
                Some(Done::Failed(problem)) => format!("failed: {problem}"),
                None => "died".into(),
            },
        });
        let (now, answer) = (simulation.now, done.as_ref().and_then(Done::answer));
        simulation.judge.answered(id, answer, now);
        match origin {
            Origin::Stream(key) => simulation.streamed(&key, failed),
            Origin::Delivery(delivery) => simulation.delivered(delivery, done),
        }
    }
}

impl Simulation {
    /// A record was dealt with, or is delivered again.
    fn streamed(&mut self, key: &Key, failed: bool) {
        let Some(records) = self.stream.get_mut(key) else {
            return;
        };
        if let Some(first) = records.front_mut() {
            first.attempts += 1;
            if !failed || first.attempts >= MAX_ATTEMPTS {
                records.pop_front();
            }
        }
        if records.is_empty() {
            self.stream.remove(key);
        }
    }

    fn delivered(&mut self, delivery: Delivery, done: Option<Done>) {
        if let What::Hook {
            token: Some(token), ..
        } = &delivery.what
        {
            let answer = match done {
                Some(Done::Well(answer)) => Ok(answer),
                Some(Done::Failed(problem)) => Err(problem),
                None => Err("the function died".into()),
            };
            self.aws.function_answered(*token, answer, self.now);
            self.collect();
            return;
        }
        let failed = !matches!(done, Some(Done::Well(_)));
        self.sweep_failed |= failed && matches!(delivery.what, What::Sweep(_));
        if std::mem::take(&mut self.told_to_click_again) && self.people_insist {
            return self.again_in_a_moment(delivery);
        }
        if !failed {
            return;
        }
        let now = self.now;
        match delivery.clone().again(now) {
            Some(again) => self.deliveries.push(again),
            None => self.given_up(delivery),
        }
    }

    /// What was delivered in vain lies with the dead letters, of which an alarm tells.
    fn given_up(&mut self, delivery: Delivery) {
        match &delivery.what {
            What::Push(_) | What::Sweep("pushes") => {
                let search = self.now + NEXT_SEARCH;
                self.search_at.get_or_insert(search);
            }
            What::Decision(_) if self.people_insist && delivery.tries < CLICKS => {
                let tries = delivery.tries + 1;
                self.again_in_a_moment(Delivery { tries, ..delivery });
            }
            What::Decision(_)
            | What::Report(_)
            | What::Hook { .. }
            | What::Sweep(_)
            | What::Order(_) => {}
        }
    }
}
