//! Amazon ECR: what was really pushed.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ecr::operation::describe_images::DescribeImagesError;
use aws_sdk_ecr::types::{DescribeImagesFilter, ImageIdentifier, ImageStatus, TagStatus};
use jiff::Timestamp;
use towpath_core::names::Region;
use towpath_deployer::ports::{CallError, Ecr, ImageDetail, ImageState};
use towpath_taskdef::image::{Digest, Manifest, Platform, Registry, RepositoryName, Tag};
use towpath_taskdef::json;

use crate::aws::Aws;
use crate::call::{classify, failed, present, refused, to_the_millisecond, unreadable};
use crate::clients::ClientSet;

const DESCRIBE: &str = "ecr:DescribeImages";
const GET: &str = "ecr:BatchGetImage";

/// The manifests that say what an image is for.
pub const MANIFESTS: [&str; 4] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];

/// The most images that a page may have:
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html>.
const PAGE: i32 = 1_000;

impl Ecr for Aws {
    async fn image_by_tag(
        &self,
        registry: &Registry,
        repository: &RepositoryName,
        tag: &Tag,
    ) -> Result<Option<ImageDetail>, CallError> {
        let (account, region) = whose(DESCRIBE, registry)?;
        let set = self.clients().in_region(&region).await?;
        let answer = set
            .ecr()
            .describe_images()
            .registry_id(account)
            .repository_name(repository.as_str())
            .image_ids(ImageIdentifier::builder().image_tag(tag.as_str()).build())
            .send()
            .await;
        match answer {
            Ok(answer) => answer
                .image_details
                .unwrap_or_default()
                .into_iter()
                .next()
                .map(detail)
                .transpose(),
            Err(error) => match error.as_service_error() {
                Some(DescribeImagesError::ImageNotFoundException(_)) => Ok(None),
                Some(_) | None => Err(classify(DESCRIBE, &error)),
            },
        }
    }

    async fn image_states(
        &self,
        registry: &Registry,
        repository: &RepositoryName,
        digests: &[Digest],
    ) -> Result<Option<BTreeMap<Digest, ImageState>>, CallError> {
        let Ok((account, region)) = whose(DESCRIBE, registry) else {
            return Ok(None);
        };
        let set = self.clients().in_region(&region).await?;
        let mut states = BTreeMap::new();
        // One that is missing makes ECR refuse the whole, so that each is asked for by itself then.
        let one_by_one = digests.chunks(1);
        for asked in std::iter::once(digests).chain(one_by_one) {
            match describe(&set, &account, repository, asked).await? {
                Described::Those(found) => states.extend(found),
                Described::OneIsMissing => {}
                Described::NotAsked => return Ok(None),
            }
            if states.len() == digests.len() {
                break;
            }
        }
        Ok(Some(states))
    }

    async fn image_platforms(
        &self,
        registry: &Registry,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<BTreeSet<Platform>, CallError> {
        let (account, region) = whose(GET, registry)?;
        let set = self.clients().in_region(&region).await?;
        let answer = set
            .ecr()
            .batch_get_image()
            .registry_id(account)
            .repository_name(repository.as_str())
            .image_ids(by_digest(digest))
            .set_accepted_media_types(Some(MANIFESTS.map(str::to_owned).to_vec()))
            .send()
            .await
            .map_err(failed(GET))?;
        let found = answer.images.unwrap_or_default().into_iter().next();
        let Some(text) = found.and_then(|image| image.image_manifest) else {
            return Ok(BTreeSet::new());
        };
        if Digest::of(text.as_bytes()) != *digest {
            return Err(unreadable(GET, "the manifest is not what its digest says"));
        }
        let manifest = json::parse(text.as_bytes()).map_err(|error| unreadable(GET, error))?;
        match Manifest::of(&manifest) {
            Manifest::Index(platforms) => Ok(platforms),
            Manifest::Image(config) => {
                let config = self.image_config(registry, repository, &config).await?;
                Ok(Platform::of_config(&config).into_iter().collect())
            }
            Manifest::Silent => Ok(BTreeSet::new()),
        }
    }

    async fn pushed_since(
        &self,
        registry: &Registry,
        repository: &RepositoryName,
        since: Timestamp,
    ) -> Result<Vec<ImageDetail>, CallError> {
        let (account, region) = whose(DESCRIBE, registry)?;
        let set = self.clients().in_region(&region).await?;
        let tagged = DescribeImagesFilter::builder()
            .tag_status(TagStatus::Tagged)
            .build();
        let mut found = Vec::new();
        let mut token = None;
        loop {
            let page = set
                .ecr()
                .describe_images()
                .registry_id(&account)
                .repository_name(repository.as_str())
                .filter(tagged.clone())
                .max_results(PAGE)
                .set_next_token(token)
                .send()
                .await
                .map_err(failed(DESCRIBE))?;
            for image in page.image_details.unwrap_or_default() {
                let image = detail(image)?;
                if image.pushed_at >= since {
                    found.push(image);
                }
            }
            match page.next_token {
                Some(next) if !next.is_empty() => token = Some(next),
                Some(_) | None => return Ok(found),
            }
        }
    }
}

/// What ECR says of images that are asked for by their digests.
enum Described {
    /// All of them are there.
    Those(Vec<(Digest, ImageState)>),
    /// At least one is not.
    OneIsMissing,
    /// The registry may not be asked, which says nothing about what is in it.
    NotAsked,
}

async fn describe(
    set: &ClientSet,
    account: &str,
    repository: &RepositoryName,
    digests: &[Digest],
) -> Result<Described, CallError> {
    let answer = set
        .ecr()
        .describe_images()
        .registry_id(account)
        .repository_name(repository.as_str())
        .set_image_ids(Some(digests.iter().map(by_digest).collect()))
        .send()
        .await;
    let details = match answer {
        Ok(answer) => answer.image_details.unwrap_or_default(),
        Err(error) => {
            return match error.as_service_error() {
                Some(
                    DescribeImagesError::ImageNotFoundException(_)
                    | DescribeImagesError::RepositoryNotFoundException(_),
                ) => Ok(Described::OneIsMissing),
                Some(_) | None => match classify(DESCRIBE, &error) {
                    CallError::Refused { .. } => Ok(Described::NotAsked),
                    error @ (CallError::NotDone { .. } | CallError::Unknown { .. }) => Err(error),
                },
            };
        }
    };
    let states = details.into_iter().map(|image| {
        let digest = present(DESCRIBE, "imageDigest", image.image_digest.as_deref())?;
        let digest = digest
            .parse()
            .map_err(|error| unreadable(DESCRIBE, error))?;
        Ok((digest, state_of(image.image_status.as_ref())))
    });
    Ok(Described::Those(states.collect::<Result<_, CallError>>()?))
}

/// Regions without archives leave the status out.
fn state_of(status: Option<&ImageStatus>) -> ImageState {
    match status.map(ImageStatus::as_str) {
        Some("ARCHIVED") => ImageState::Archived,
        Some("ACTIVATING") => ImageState::Activating,
        Some(_) | None => ImageState::Active,
    }
}

fn by_digest(digest: &Digest) -> ImageIdentifier {
    ImageIdentifier::builder()
        .image_digest(digest.to_string())
        .build()
}

/// The account and the region of a private registry.
///
/// # Errors
/// In the name of `operation`, when it is another one.
pub(crate) fn whose(
    operation: &'static str,
    registry: &Registry,
) -> Result<(String, Region), CallError> {
    let unsupported = || {
        refused(
            operation,
            "UnsupportedRegistry",
            format_args!("{registry} is not a private ECR registry"),
        )
    };
    let ecr = registry.as_ecr().ok_or_else(unsupported)?;
    let region = ecr.region.parse().map_err(|_| unsupported())?;
    Ok((ecr.account.to_owned(), region))
}

fn detail(image: aws_sdk_ecr::types::ImageDetail) -> Result<ImageDetail, CallError> {
    let digest = present(DESCRIBE, "imageDigest", image.image_digest)?;
    let pushed_at = present(DESCRIBE, "imagePushedAt", image.image_pushed_at)?;
    Ok(ImageDetail {
        digest: digest
            .parse()
            .map_err(|error| unreadable(DESCRIBE, error))?,
        tags: image
            .image_tags
            .unwrap_or_default()
            .into_iter()
            .map(|tag| tag.parse().map_err(|error| unreadable(DESCRIBE, error)))
            .collect::<Result<_, _>>()?,
        pushed_at: to_the_millisecond(pushed_at)
            .ok_or_else(|| unreadable(DESCRIBE, "imagePushedAt is no time"))?,
    })
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::DateTime;

    use super::*;

    #[test]
    fn a_push_time_is_what_ecr_said() {
        let time = DateTime::from_secs_f64(1_700_000_000.123);
        let pushed_at = to_the_millisecond(time).unwrap();
        assert_eq!(pushed_at.to_string(), "2023-11-14T22:13:20.123Z");
        let almost = DateTime::from_secs_and_nanos(1, 999_999_999);
        assert_eq!(to_the_millisecond(almost).unwrap().as_millisecond(), 2_000);
        assert_eq!(to_the_millisecond(DateTime::from_secs(i64::MAX)), None);
    }

    #[test]
    fn other_registries_are_refused_by_name() {
        let registry: Registry = "ghcr.io".parse().unwrap();
        let error = whose(DESCRIBE, &registry).unwrap_err();
        assert_eq!(
            error.to_string(),
            "ecr:DescribeImages: UnsupportedRegistry: ghcr.io is not a private ECR registry"
        );
    }
}
