//! A mutex guard that ignores poisoning: the state behind each of the lab's locks is changed in
//! single steps, so a panic elsewhere must not take the whole lab down with it.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks `mutex`, whether or not a former holder panicked.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
