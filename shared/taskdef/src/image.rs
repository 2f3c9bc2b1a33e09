//! Names of container images: registry, repository, tag and digest, each a checked type.
//!
//! The grammar is that of the
//! [distribution reference](https://pkg.go.dev/github.com/distribution/reference) which every
//! container engine follows. Docker Hub's short spellings are understood (`nginx` is
//! `docker.io/library/nginx`), but printed as they were written.

mod digest;
mod names;
mod platform;
mod reference;

use thiserror::Error;

pub use digest::Digest;
pub use names::{Ecr, Registry, RepositoryName, Tag};
pub use platform::{Manifest, Needs, NoPlatform, Platform, listed};
pub use reference::ImageRef;

/// The registry that a name without one means.
const DOCKER_HUB: &str = "docker.io";

/// Why a text is not the name of an image.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ImageError {
    /// The digest is not `sha256:` and 64 lower-case hexadecimal digits.
    #[error("digest `{}` is not `sha256:` followed by 64 lower-case hexadecimal digits", crate::repeated(.0))]
    Digest(String),
    /// The tag breaks the tag grammar.
    #[error(
        "tag `{}` is not 1 to 128 letters, digits, `_`, `.` or `-`, starting with a letter, digit or `_`", crate::repeated(.0))]
    Tag(String),
    /// The repository name breaks the repository grammar.
    #[error(
        "repository `{}` is not made of lower-case letters and digits, joined by `.`, `_`, `__`, hyphens or `/`, at most 256 characters", crate::repeated(.0))]
    Repository(String),
    /// The registry is not a host with an optional port.
    #[error("registry `{}` is not a host name or address with an optional port", crate::repeated(.0))]
    Registry(String),
    /// The whole reference is longer than any reference can be.
    #[error("image reference of {0} bytes is longer than the 512 a reference may have")]
    TooLong(usize),
}
