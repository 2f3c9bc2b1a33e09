//! Amazon ECR.

use jiff::Timestamp;
use towpath_core::image::{Digest, Registry, RepositoryName, Tag};

use super::CallError;

/// What ECR knows of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageDetail {
    /// Its digest.
    pub digest: Digest,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// When it was pushed.
    pub pushed_at: Timestamp,
}

/// Amazon ECR.
pub trait Ecr {
    /// `DescribeImages` for one tag; `None` when there is no such image.
    async fn image_by_tag(
        &self,
        registry: &Registry,
        repository: &RepositoryName,
        tag: &Tag,
    ) -> Result<Option<ImageDetail>, CallError>;
    /// `DescribeImages` for one digest: whether there is such an image. `None` when that cannot be
    /// asked, for another account's registry say.
    async fn has_image(
        &self,
        registry: &Registry,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<Option<bool>, CallError>;
    /// Tagged images pushed since `since`.
    async fn pushed_since(
        &self,
        registry: &Registry,
        repository: &RepositoryName,
        since: Timestamp,
    ) -> Result<Vec<ImageDetail>, CallError>;
}
