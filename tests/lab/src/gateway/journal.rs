//! The journal: every call that any client made, in the order in which it was answered.

use std::collections::VecDeque;
use std::io::Write as _;
use std::path::Path;
use std::sync::Mutex;

use serde::Serialize;
use serde_json::Value;

use crate::lock::lock;

/// One call.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Entry {
    /// Position in the journal, from 1.
    pub(crate) n: u64,
    /// Virtual time of the answer.
    pub(crate) time: String,
    /// Real Unix time of the answer in milliseconds.
    pub(crate) real_ms: i64,
    /// Function, role or `root`.
    pub(crate) caller: String,
    /// Account that the call acts in.
    pub(crate) account: String,
    /// Region that the call acts in.
    pub(crate) region: String,
    /// Service it was signed for, or `slack`.
    pub(crate) service: String,
    pub(crate) operation: String,
    /// Key parameters, secrets left out.
    pub(crate) parameters: Value,
    /// `ok`, or the error's code.
    pub(crate) outcome: String,
    /// The members that a change of a simulated service was answered with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) answer: Vec<String>,
    /// HTTP status; 0 when the answer was lost.
    pub(crate) status: u16,
    /// Real milliseconds from request to answer.
    pub(crate) duration_ms: f64,
    /// The fault that was injected, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fault: Option<String>,
}

/// All calls, the oldest forgotten when there are very many.
#[derive(Debug)]
pub(crate) struct Journal(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    entries: VecDeque<Entry>,
    next: u64,
    file: Option<std::fs::File>,
}

const KEPT: usize = 100_000;

impl Journal {
    /// A journal that is also written to `file`, one JSON object a line.
    ///
    /// # Errors
    /// When the file cannot be created.
    pub(crate) fn new(file: &Path) -> std::io::Result<Self> {
        Ok(Self(Mutex::new(Inner {
            entries: VecDeque::new(),
            next: 1,
            file: Some(std::fs::File::create(file)?),
        })))
    }

    /// Adds an entry; its number is given here.
    pub(crate) fn add(&self, mut entry: Entry) {
        let mut inner = lock(&self.0);
        entry.n = inner.next;
        inner.next += 1;
        if let (Some(file), Ok(mut line)) = (&mut inner.file, serde_json::to_vec(&entry)) {
            line.push(b'\n');
            if let Err(error) = file.write_all(&line) {
                tracing::warn!(%error, "the journal's file takes no more; it goes on in memory");
                inner.file = None;
            }
        }
        if inner.entries.len() == KEPT {
            inner.entries.pop_front();
        }
        inner.entries.push_back(entry);
    }

    /// The entries after number `since`, in order.
    pub(crate) fn since(&self, since: u64) -> Vec<Entry> {
        let inner = lock(&self.0);
        let after = inner.entries.partition_point(|entry| entry.n <= since);
        inner.entries.range(after..).cloned().collect()
    }
}
