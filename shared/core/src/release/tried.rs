//! Whether an action may have been performed before.

/// What is known of whether an action was performed by an earlier run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    /// None meant to.
    Never,
    /// One meant to, and its outcome is unknown: evidence of it is looked for, and nothing is done
    /// where none is seen, since AWS may not show it yet.
    Perhaps,
    /// One meant to, and some time ago nothing of it was seen: it is looked for once more, and done
    /// where nothing is seen again.
    NotSeen,
}
