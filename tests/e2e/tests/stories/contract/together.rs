//! Cells that share one lab, side by side: virtual time moves only while all of them wait.

use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;

use serde_json::json;
use tokio::sync::Notify;
use towpath_e2e::{Error, Lab, Options};

/// A lab, and who is playing in it.
pub(crate) struct Together {
    pub(crate) lab: Lab,
    turns: RefCell<Turns>,
    waits: Notify,
    moved: Notify,
}

#[derive(Default)]
struct Turns {
    playing: usize,
    waiting: usize,
    /// The virtual time after the last turn, in seconds.
    now: i64,
    /// Why time does not move any more.
    broken: Option<String>,
}

/// A cell's seat: while it is held, time waits for the cell.
pub(crate) struct Seat(Rc<Together>);

/// Virtual time after which whatever is waited for will not come any more.
const MAX_MINUTES: i64 = 60;

impl Together {
    pub(crate) async fn start() -> Result<Rc<Self>, Error> {
        Ok(Rc::new(Self {
            lab: Lab::start(&Options::default()).await?,
            turns: RefCell::default(),
            waits: Notify::new(),
            moved: Notify::new(),
        }))
    }

    pub(crate) fn take_seat(self: &Rc<Self>) -> Seat {
        self.turns.borrow_mut().playing += 1;
        Seat(Rc::clone(self))
    }

    /// The virtual time in seconds.
    pub(crate) async fn now(&self) -> Result<i64, Error> {
        seconds(&self.lab.get("clock").await?)
    }

    /// Lets time pass until something is so.
    pub(crate) async fn until(
        &self,
        what: &str,
        so: impl AsyncFn() -> Result<bool, Error>,
    ) -> Result<(), Error> {
        self.lab.post("idle", &json!({})).await?;
        let last = self.now().await? + MAX_MINUTES * 60;
        loop {
            if so().await? {
                return Ok(());
            }
            self.turn().await?;
            if self.turns.borrow().now > last {
                return Err(Error::Story(format!(
                    "{what}: it had not come to that after {MAX_MINUTES} minutes"
                )));
            }
        }
    }

    /// Lets time pass for so long.
    pub(crate) async fn pass(&self, minutes: i64) -> Result<(), Error> {
        let until = self.now().await? + minutes * 60;
        while self.turns.borrow().now < until {
            self.turn().await?;
        }
        Ok(())
    }

    /// Waits until something has happened, with everybody else.
    pub(crate) async fn turn(&self) -> Result<(), Error> {
        let mut moved = pin!(self.moved.notified());
        moved.as_mut().enable();
        self.turns.borrow_mut().waiting += 1;
        self.waits.notify_one();
        moved.await;
        match &self.turns.borrow().broken {
            None => Ok(()),
            Some(problem) => Err(Error::Story(problem.clone())),
        }
    }

    /// Moves time from timer to timer whenever every cell waits, until none is left.
    pub(crate) async fn drive(&self) {
        loop {
            let waits = self.waits.notified();
            let (playing, waiting) = {
                let turns = self.turns.borrow();
                (turns.playing, turns.waiting)
            };
            if playing == 0 {
                return;
            }
            if waiting < playing {
                waits.await;
                continue;
            }
            let moved = self.lab.post("clock/next", &json!({})).await;
            let mut turns = self.turns.borrow_mut();
            match moved.and_then(|clock| seconds(&clock)) {
                Ok(now) => turns.now = now,
                Err(error) => turns.broken = Some(format!("time stands still: {error}")),
            }
            turns.waiting = 0;
            self.moved.notify_waiters();
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.turns.borrow_mut().playing -= 1;
        self.0.waits.notify_one();
    }
}

fn seconds(clock: &serde_json::Value) -> Result<i64, Error> {
    let now = clock["now"].as_str().unwrap_or_default();
    let now: jiff::Timestamp = now
        .parse()
        .map_err(|error| Error::Story(format!("the lab's time: {error}")))?;
    Ok(now.as_second())
}
