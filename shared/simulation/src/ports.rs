//! The deployer's ports, in memory. Each call waits for its turn and takes its fate; what it does is
//! done at once or not at all.

mod bulletins;
mod codedeploy;
mod directives;
mod ecr;
mod ecs;
mod elsewhere;
mod ledger;

use std::cell::RefCell;
use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use towpath_core::names::ReleaseId;
use towpath_core::release::Place;
use towpath_deployer::ports::{CallError, Clock};

pub(crate) use self::elsewhere::{LINK_KEY, SIGNING_SECRET};

use crate::fate::{Fate, How};
use crate::planted::Flaw;
use crate::protocol::What;
use crate::simulation::{Simulation, refused};

/// The ports as one invocation of a function has them.
#[derive(Clone)]
pub(crate) struct Port {
    pub(crate) simulation: Rc<RefCell<Simulation>>,
    pub(crate) by: By,
}

/// Whose calls they are.
#[derive(Debug, Clone)]
pub(crate) struct By {
    /// The run of the function.
    pub(crate) run: u64,
    pub(crate) function: &'static str,
    /// The release that it drives, if it does.
    pub(crate) release: Option<ReleaseId>,
    /// How far its clock is off.
    pub(crate) skew: SignedDuration,
}

impl Port {
    /// One call: it waits for its turn, and takes its fate.
    async fn call<T, E: From<CallError> + Display>(
        &self,
        operation: &'static str,
        how: How,
        effect: impl FnOnce(&mut Simulation, bool) -> Result<T, E>,
    ) -> Result<T, E> {
        Turn {
            port: self,
            ticket: None,
        }
        .await;
        let fate = self.simulation.borrow_mut().fate(&self.by, operation, how);
        let done = |stale: bool| {
            let mut simulation = self.simulation.borrow_mut();
            let answer = effect(&mut simulation, stale);
            if let Err(error) = &answer {
                simulation.note(What::Answered {
                    run: self.by.run,
                    function: self.by.function,
                    error: error.to_string(),
                });
            }
            answer
        };
        match fate {
            Fate::Done => done(false),
            Fate::Stale => done(true),
            Fate::NotDone => Err(E::from(CallError::NotDone {
                operation,
                message: "it was throttled".into(),
            })),
            Fate::FailedBefore => Err(no_answer(operation)),
            Fate::AnswerLost => {
                drop(done(false));
                if towpath_core::planted!(AnswerLostIsRefusal) {
                    return Err(E::from(CallError::Refused {
                        operation,
                        code: "RequestTimeout".into(),
                        message: "no answer in time".into(),
                    }));
                }
                Err(no_answer(operation))
            }
            Fate::DeathBefore => self.die().await,
            Fate::DeathAfter => {
                drop(done(false));
                self.die().await
            }
            Fate::Refused => Err(E::from(CallError::Refused {
                operation,
                code: "AccessDeniedException".into(),
                message: self.simulation.borrow_mut().words(),
            })),
        }
    }

    /// The invocation ends here: whoever polls it drops it.
    async fn die<T>(&self) -> T {
        self.simulation.borrow_mut().calls.die(self.by.run);
        std::future::pending().await
    }

    /// One call of an AWS API at a place, by this function.
    fn ask(
        &self,
        simulation: &mut Simulation,
        place: &Place,
        (service, operation, named): (&'static str, &'static str, &'static str),
        input: &Value,
    ) -> Result<Value, CallError> {
        let at = (
            place.service.account.as_str(),
            place.service.region.as_str(),
        );
        simulation
            .aws(at, self.by.function, (service, operation), input)
            .map_err(|error| refused(named, error))
    }
}

fn no_answer<E: From<CallError>>(operation: &'static str) -> E {
    E::from(CallError::Unknown {
        operation,
        message: "no answer in time".into(),
    })
}

impl Clock for Port {
    fn now(&self) -> Timestamp {
        let simulation = self.simulation.borrow();
        if simulation.flaw == Some(Flaw::LateApproval) && self.by.function == "approval" {
            return simulation.seen.asked_at.unwrap_or(simulation.now);
        }
        simulation.now + self.by.skew
    }
}

/// A call that waits until it has the turn.
struct Turn<'a> {
    port: &'a Port,
    ticket: Option<u64>,
}

impl Future for Turn<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let port = self.port;
        let calls = &mut port.simulation.borrow_mut().calls;
        match self.ticket {
            None => {
                self.ticket = Some(calls.wait(port.by.run, context.waker().clone()));
                Poll::Pending
            }
            Some(ticket) if calls.take_turn(ticket, context.waker()) => Poll::Ready(()),
            Some(_) => Poll::Pending,
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let (Some(ticket), Ok(mut simulation)) =
            (self.ticket, self.port.simulation.try_borrow_mut())
        {
            simulation.calls.leave(ticket);
        }
    }
}
