//! Amazon ECR.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use towpath_taskdef::image::{Digest, Platform, Registry, RepositoryName, Tag};

use super::CallError;

/// What ECR knows of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageDetail {
    pub digest: Digest,
    pub tags: Vec<Tag>,
    pub pushed_at: Timestamp,
}

/// Whether an image that there is can be pulled:
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageDetail.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageState {
    /// It can.
    Active,
    /// It cannot, until it is restored.
    Archived,
    /// It is being restored, and cannot yet.
    Activating,
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
    /// `DescribeImages` for digests of one repository: how each of those that there are stands. One
    /// call where all of them are there. `None` when that cannot be asked, for another account's
    /// registry say.
    async fn image_states(
        &self,
        registry: &Registry,
        repository: &RepositoryName,
        digests: &[Digest],
    ) -> Result<Option<BTreeMap<Digest, ImageState>>, CallError>;
    /// What an image is for: `BatchGetImage`, and for one that is no index the configuration that its
    /// manifest names (`GetDownloadUrlForLayer`). None where the image is not there, or says nothing.
    async fn image_platforms(
        &self,
        registry: &Registry,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<BTreeSet<Platform>, CallError>;
    /// Tagged images pushed since `since`.
    async fn pushed_since(
        &self,
        registry: &Registry,
        repository: &RepositoryName,
        since: Timestamp,
    ) -> Result<Vec<ImageDetail>, CallError>;
}
