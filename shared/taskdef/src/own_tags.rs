//! The tags that Towpath writes to the revisions that it registers.

/// What all of Towpath's own tags start with.
pub const TAG_PREFIX: &str = "towpath:";

/// The tag with the release that a revision was registered for.
pub const TAG_RELEASE: &str = "towpath:release";

/// The tag with the commit that the release was built from.
pub const TAG_COMMIT: &str = "towpath:commit";

/// The tag with the revision's [`SpecHash`](crate::SpecHash), by which an identical one is found again.
pub const TAG_SPEC: &str = "towpath:spec";
