//! What was found of a service that keeps a rollout to it from beginning.

use std::fmt;

use crate::release::{DifferentPlaces, ImageProblem, RollbackImpossible};

impl fmt::Display for RollbackImpossible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Revision { revision, status } => write!(
                f,
                "it could not be rolled back: {revision}, which runs now, is {status}"
            ),
            Self::Image { image, problem } => write!(
                f,
                "it could not be rolled back: {image}, which runs now, {problem}"
            ),
        }
    }
}

impl fmt::Display for ImageProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Archived => "is archived and cannot be pulled",
            Self::Activating => "is being restored from the archive and cannot be pulled yet",
            Self::Gone => "is gone from its registry",
        })
    }
}

impl fmt::Display for DifferentPlaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { places, more } = self;
        write!(f, "it differs in {}", places.join(", "))?;
        match more {
            0 => Ok(()),
            more => write!(f, " and {more} more places"),
        }
    }
}
