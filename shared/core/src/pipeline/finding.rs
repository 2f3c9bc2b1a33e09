//! What is found to be wrong with a pipeline: where, what, and the way out.

use towpath_taskdef::repeated_path;

/// Two parts of a pipeline that cannot both hold, or a value that cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {problem}: {help}", repeated_path(.path))]
pub struct Problem {
    /// Where it stands, as a path of keys: `stages.2.approval`.
    pub path: String,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub help: String,
}

/// What has been found so far, in the order of the file.
#[derive(Default)]
pub(super) struct Found(Vec<Problem>);

impl Found {
    pub(super) fn into_inner(self) -> Vec<Problem> {
        self.0
    }

    pub(super) fn add(
        &mut self,
        path: impl Into<String>,
        problem: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.0.push(Problem {
            path: path.into(),
            problem: problem.into(),
            help: help.into(),
        });
    }
}

/// A name as it is repeated: one that is taken may be a secret all the same.
pub(super) fn named(name: &impl ToString) -> String {
    towpath_taskdef::repeated(&name.to_string())
}
