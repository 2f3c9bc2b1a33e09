//! Which version a program is: of the workspace, and the commit where the packages' build named it.

use std::fmt;

/// The environment variable of a function that says which version its package is.
pub const VARIABLE: &str = "TOWPATH_VERSION";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    number: &'static str,
    commit: Option<&'static str>,
}

impl Version {
    /// The version of this program.
    #[must_use]
    pub const fn own() -> Self {
        Self {
            number: env!("CARGO_PKG_VERSION"),
            // Set by `scripts/package`; a plain build has none.
            commit: option_env!("TOWPATH_COMMIT"),
        }
    }

    /// Whether `installed`, a version as it is written, is this one. Where either does not name its
    /// commit, the numbers decide.
    #[must_use]
    pub fn is_of(&self, installed: &str) -> bool {
        let (number, commit) = match installed.split_once(" (") {
            Some((number, commit)) => (number, Some(commit.trim_end_matches(')'))),
            None => (installed, None),
        };
        let same_commit = match (self.commit, commit) {
            (Some(own), Some(installed)) => own == installed,
            (None, _) | (_, None) => true,
        };
        self.number == number && same_commit
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.commit {
            Some(commit) => write!(f, "{} ({commit})", self.number),
            None => f.write_str(self.number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_its_number_and_the_commit_where_both_name_it() {
        let built = Version {
            number: "0.1.0",
            commit: Some("3f2c1ab00000"),
        };
        assert_eq!(built.to_string(), "0.1.0 (3f2c1ab00000)");
        assert!(built.is_of("0.1.0 (3f2c1ab00000)"));
        assert!(built.is_of("0.1.0"));
        assert!(!built.is_of("0.1.0 (other)"));
        assert!(!built.is_of("0.2.0 (3f2c1ab00000)"));

        let plain = Version {
            commit: None,
            ..built
        };
        assert_eq!(plain.to_string(), "0.1.0");
        assert!(plain.is_of("0.1.0 (3f2c1ab00000)"));
    }
}
