//! Many stories at once, each on its own: as many at a time as there are processors.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// What the work on each of some things has found, in their order, without those that found nothing. It
/// stops after the first thing that was found, where that is asked for.
pub fn each<T: Sync, F: Send>(
    things: &[T],
    stop: bool,
    work: impl Fn(&T) -> Option<F> + Sync,
    progress: impl Fn(usize) + Sync,
) -> Vec<(usize, F)> {
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let which = next.fetch_add(1, Ordering::Relaxed);
                    let Some(thing) = things.get(which) else {
                        return;
                    };
                    if let Some(one) = work(thing) {
                        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                        found.push((which, one));
                        if stop {
                            next.store(things.len(), Ordering::Relaxed);
                        }
                    }
                    progress(which + 1);
                }
            });
        }
    });
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort_by_key(|(which, _)| *which);
    found
}
