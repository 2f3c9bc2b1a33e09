//! Pushing an image the way `docker push` does.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Image, Repository, events, manifest, missing_repository, scan};
use crate::{
    World,
    behaviour::Behaviour,
    call::{ApiError, Place, text},
};

/// What is pushed, and how it will behave once it runs.
#[derive(Clone, Debug, Default)]
pub struct Push {
    /// Name of an existing repository.
    pub repository: String,
    /// `None`: by digest only.
    pub tag: Option<String>,
    /// How tasks that run it will behave.
    pub behaviour: Behaviour,
    /// What it is made for: `linux/amd64` alone by default. With several of them, an index over an
    /// image for each: untagged children first, then the tagged index.
    pub platforms: Vec<String>,
    /// Push an index also over one image, with an attestation beside it, as buildx does.
    pub attested: bool,
    /// Push without an event: ECR's events are best effort.
    pub suppress_event: bool,
    /// The image's content. The same content gives the same digest; `None` gives a new one.
    pub content: Option<String>,
    /// Severity counts that a scan of this image will find, such as `CRITICAL` → 2.
    pub findings: BTreeMap<String, u64>,
}

impl World {
    /// Pushes an image the way `docker push` does: true OCI manifests, a sha256 digest over their
    /// bytes, and an `ECR Image Action` event for each manifest. Answers with the digest that the
    /// tag points to.
    ///
    /// # Errors
    /// `RepositoryNotFoundException`; `ImageTagAlreadyExistsException` when the tag is immutable
    /// and holds other content.
    pub fn push(
        &mut self,
        account: &str,
        region: &str,
        push: &Push,
        now: Timestamp,
    ) -> Result<String, ApiError> {
        self.advance(now);
        let place = Place::new(account, region);
        let key = (place, push.repository.clone());
        self.ecr.pushes += 1;
        let content = push.content.clone().unwrap_or_else(|| {
            format!(
                "{}:{} {} {}",
                push.repository,
                push.tag.as_deref().unwrap_or_default(),
                push.behaviour.name(),
                self.ecr.pushes
            )
        });
        let platforms: Vec<_> = push.platforms.iter().map(|it| platform(it)).collect();
        let (images, configs) = match &platforms[..] {
            [] if !push.attested => single(&content, DEFAULT, self.now),
            [one] if !push.attested => single(&content, *one, self.now),
            [] => several(&content, &[DEFAULT], true, self.now),
            several => self::several(&content, several, push.attested, self.now),
        };
        for config in configs {
            self.ecr.keep(config);
        }
        let last = images.len().saturating_sub(1);
        let mut digest = String::new();
        for (at, mut image) in images.into_iter().enumerate() {
            image.scan = Some(scan::Scan::expecting(&push.findings));
            let tag = push.tag.as_deref().filter(|_| at == last);
            digest.clone_from(&image.digest);
            let repository = self
                .ecr
                .repositories
                .get_mut(&key)
                .ok_or_else(|| missing_repository(&push.repository, account))?;
            repository.store(image, tag)?;
            self.ecr.behaviours.insert(digest.clone(), push.behaviour);
            if !push.suppress_event {
                events::pushed(self, &key, &digest, tag);
            }
            scan::on_push(self, &key, &digest);
        }
        Ok(digest)
    }
}

impl super::Registries {
    /// Keeps an image's configuration.
    pub(super) fn keep(&mut self, config: String) {
        self.configs
            .insert(manifest::digest(config.as_bytes()), config);
    }
}

/// What images are made for where nothing is said.
const DEFAULT: (&str, &str) = ("linux", "amd64");

/// The operating system and the architecture of `linux/arm64`.
fn platform(text: &str) -> (&str, &str) {
    text.split_once('/').unwrap_or(("linux", text))
}

/// An image for one platform, and its configuration.
fn single(content: &str, platform: (&str, &str), now: Timestamp) -> (Vec<Image>, Vec<String>) {
    let config = manifest::config(content, platform);
    let (manifest, size) = manifest::image(content, &config);
    (vec![Image::new(manifest, size, now)], vec![config])
}

/// The images of an index and the index itself, and their configurations.
fn several(
    content: &str,
    platforms: &[(&str, &str)],
    attested: bool,
    now: Timestamp,
) -> (Vec<Image>, Vec<String>) {
    let mut images = Vec::new();
    let mut configs = Vec::new();
    let mut children = Vec::new();
    let attestations = attested.then_some(("unknown", "unknown"));
    for platform in platforms.iter().copied().chain(attestations) {
        let of = format!("{content} {}", platform.1);
        let (made, of) = single(&of, platform, now);
        children.extend(made.iter().map(|image| (platform, image.manifest.clone())));
        images.extend(made);
        configs.extend(of);
    }
    let index = manifest::index(&children);
    let size = images.iter().map(|image| image.size).sum::<u64>() + index.len() as u64;
    images.push(Image::new(index, size, now));
    (images, configs)
}

impl Image {
    /// An image from its manifest; what kind it is the manifest says.
    pub(super) fn new(manifest: String, size: u64, now: Timestamp) -> Self {
        let parsed: serde_json::Value = serde_json::from_str(&manifest).unwrap_or_default();
        let media_type = text(&parsed, "mediaType")
            .unwrap_or(manifest::MANIFEST)
            .to_owned();
        let artifact_media_type = parsed
            .get("config")
            .and_then(|config| text(config, "mediaType"))
            .map(str::to_owned);
        Self {
            digest: manifest::digest(manifest.as_bytes()),
            tags: Vec::new(),
            manifest,
            media_type,
            artifact_media_type,
            size,
            pushed_at: now,
            scan: None,
            storage: super::storage::Storage::Standard,
        }
    }
}

impl Repository {
    /// Stores an image under a tag. A tag that may move is taken from the image that had it.
    pub(super) fn store(&mut self, image: Image, tag: Option<&str>) -> Result<(), ApiError> {
        let digest = image.digest.clone();
        if let Some(tag) = tag {
            let holder = self
                .images
                .iter()
                .find(|held| held.tags.iter().any(|name| name == tag));
            if holder.is_some_and(|held| held.digest != digest) && self.is_immutable(tag) {
                return Err(ApiError::new(
                    "ImageTagAlreadyExistsException",
                    format!(
                        "The image tag '{tag}' already exists in the '{}' repository and cannot be overwritten because the tag is immutable.",
                        self.name
                    ),
                ));
            }
            for held in &mut self.images {
                held.tags.retain(|name| name != tag);
            }
        }
        let at = match self.images.iter().position(|held| held.digest == digest) {
            Some(at) => at,
            None => {
                self.images.push(image);
                self.images.len().saturating_sub(1)
            }
        };
        if let (Some(stored), Some(tag)) = (self.images.get_mut(at), tag) {
            stored.tags.push(tag.to_owned());
        }
        Ok(())
    }

    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html>
    fn is_immutable(&self, tag: &str) -> bool {
        let excluded = self
            .exclusions
            .as_array()
            .into_iter()
            .flatten()
            .any(|exclusion| {
                text(exclusion, "filter").is_some_and(|pattern| matches_wildcard(pattern, tag))
            });
        match self.mutability.as_str() {
            "IMMUTABLE" => true,
            "IMMUTABLE_WITH_EXCLUSION" => !excluded,
            "MUTABLE_WITH_EXCLUSION" => excluded,
            _mutable => false,
        }
    }
}

/// `*` stands for any run of characters, nothing else is special.
fn matches_wildcard(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        let Some(at) = rest.find(piece) else {
            return false;
        };
        rest = rest.get(at + piece.len()..).unwrap_or_default();
    }
    true
}

#[cfg(test)]
mod tests {
    use super::matches_wildcard;

    #[test]
    fn a_wildcard_stands_for_any_run() {
        for (pattern, text, expected) in [
            ("latest", "latest", true),
            ("latest", "latest2", false),
            ("dev-*", "dev-1", true),
            ("dev-*", "prod-1", false),
            ("*-rc", "1.2-rc", true),
            ("*-rc", "1.2-rc1", false),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "a1c2b", false),
        ] {
            assert_eq!(
                matches_wildcard(pattern, text),
                expected,
                "{pattern} on {text}"
            );
        }
    }
}
