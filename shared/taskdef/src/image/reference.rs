//! A whole reference to an image: registry, repository, tag and digest in one text.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{DOCKER_HUB, Digest, ImageError, Registry, RepositoryName, Tag};

/// Longest reference that is looked at, in bytes: 255 for the name, 128 for the tag, 71 for the
/// digest, and what separates them, rounded up.
const MAX_LEN: usize = 512;

/// The name of an image: where it is (registry and repository) and which it is (tag, digest).
///
/// Displays as it was written. Two spellings of one image, such as `nginx` and `docker.io/nginx`, are
/// different values; compare registry and repository to see that they are one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ImageRef {
    /// Registry and repository as they were written.
    name: String,
    registry: Registry,
    repository: RepositoryName,
    tag: Option<Tag>,
    digest: Option<Digest>,
}

impl ImageRef {
    /// An image by its digest: the only form that is deployed.
    pub fn pinned(registry: Registry, repository: RepositoryName, digest: Digest) -> Self {
        Self {
            name: format!("{registry}/{repository}"),
            registry,
            repository,
            tag: None,
            digest: Some(digest),
        }
    }

    /// An image by its tag, which may be another image tomorrow.
    pub fn tagged(registry: Registry, repository: RepositoryName, tag: Tag) -> Self {
        Self {
            name: format!("{registry}/{repository}"),
            registry,
            repository,
            tag: Some(tag),
            digest: None,
        }
    }

    /// The registry, `docker.io` where the text named none.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The repository within the registry, `library/…` for Docker Hub's official images.
    pub fn repository(&self) -> &RepositoryName {
        &self.repository
    }

    /// The tag, if the reference has one. With a digest beside it the tag decides nothing.
    pub fn tag(&self) -> Option<&Tag> {
        self.tag.as_ref()
    }

    /// The digest, if the reference has one.
    pub fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// The same repository, as it is spelled here, at `digest` and without a tag.
    pub fn with_digest(&self, digest: Digest) -> Self {
        Self {
            tag: None,
            digest: Some(digest),
            ..self.clone()
        }
    }
}

impl FromStr for ImageRef {
    type Err = ImageError;

    fn from_str(text: &str) -> Result<Self, ImageError> {
        if text.len() > MAX_LEN {
            return Err(ImageError::TooLong(text.len()));
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.parse()?)),
            None => (text, None),
        };
        // The tag's colon comes after the last slash; one before it belongs to the registry's port.
        let path_start = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match rest[path_start..].find(':') {
            Some(colon) => {
                let colon = path_start + colon;
                (&rest[..colon], Some(rest[colon + 1..].parse()?))
            }
            None => (rest, None),
        };
        let (registry, path) = split_registry(name);
        let registry: Registry = registry.parse()?;
        let repository = if registry.as_str() == DOCKER_HUB && !path.contains('/') {
            // Checked before it is completed, so that an error shows what was written.
            let short: RepositoryName = path.parse()?;
            format!("library/{short}").parse()?
        } else {
            path.parse()?
        };
        Ok(Self {
            name: name.to_owned(),
            registry,
            repository,
            tag,
            digest,
        })
    }
}

/// Splits off the registry. The first part of a path is a registry only if it cannot be part of a
/// repository name: it has a dot, a port or an upper-case letter, or it is `localhost`.
fn split_registry(name: &str) -> (&str, &str) {
    match name.split_once('/') {
        Some((first, rest))
            if first == "localhost"
                || first.contains(['.', ':'])
                || first.bytes().any(|byte| byte.is_ascii_uppercase()) =>
        {
            (first, rest)
        }
        Some(_) | None => (DOCKER_HUB, name),
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl TryFrom<String> for ImageRef {
    type Error = ImageError;

    fn try_from(text: String) -> Result<Self, ImageError> {
        text.parse()
    }
}

impl From<ImageRef> for String {
    fn from(image: ImageRef) -> String {
        image.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEX: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    fn parts(text: &str) -> (String, String, Option<String>, bool) {
        let image: ImageRef = text.parse().expect(text);
        (
            image.registry().to_string(),
            image.repository().to_string(),
            image.tag().map(ToString::to_string),
            image.digest().is_some(),
        )
    }

    #[test]
    fn every_way_to_write_a_name_is_read() {
        let digest = format!("sha256:{HEX}");
        for (text, registry, repository, tag, pinned) in [
            ("nginx", "docker.io", "library/nginx", None, false),
            (
                "nginx:1.27",
                "docker.io",
                "library/nginx",
                Some("1.27"),
                false,
            ),
            ("docker.io/nginx", "docker.io", "library/nginx", None, false),
            (
                "index.docker.io/nginx",
                "docker.io",
                "library/nginx",
                None,
                false,
            ),
            (
                "team/api:3f2c1ab",
                "docker.io",
                "team/api",
                Some("3f2c1ab"),
                false,
            ),
            ("localhost/app", "localhost", "app", None, false),
            ("localhost:5000/app", "localhost:5000", "app", None, false),
            (
                "localhost:5000/app:v1",
                "localhost:5000",
                "app",
                Some("v1"),
                false,
            ),
            ("localhost:5000/app@D", "localhost:5000", "app", None, true),
            (
                "localhost:5000/a/b:v1@D",
                "localhost:5000",
                "a/b",
                Some("v1"),
                true,
            ),
            ("[::1]:5000/app", "[::1]:5000", "app", None, false),
            ("10.0.0.1:5000/app", "10.0.0.1:5000", "app", None, false),
            (
                "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/api@D",
                "111122223333.dkr.ecr.eu-west-1.amazonaws.com",
                "shop/api",
                None,
                true,
            ),
        ] {
            let text = text.replace('D', &digest);
            assert_eq!(
                parts(&text),
                (
                    registry.to_owned(),
                    repository.to_owned(),
                    tag.map(str::to_owned),
                    pinned
                ),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_not_a_name_is_refused() {
        for text in [
            "",
            ":v1",
            "@",
            "app@sha256:abc",
            &format!("app@sha256:{}", HEX.to_uppercase()),
            &format!("app@md5:{HEX}"),
            &format!("app@sha256:{HEX}@sha256:{HEX}"),
            "app:",
            "app:-v1",
            "app:v 1",
            "App",
            "app/",
            "/app",
            "a//b",
            "a/../b",
            "registry.example/",
            "registry.example:/app",
            "registry.example:99999999/app",
            "-bad.example/app",
            "app\u{202e}",
            "app:ｖ１",
            "https://registry.example/app",
        ] {
            assert!(text.parse::<ImageRef>().is_err(), "{text:?} was taken");
        }
    }

    #[test]
    fn pinning_drops_the_tag_and_keeps_the_port() {
        let image: ImageRef = "localhost:5000/app:v1".parse().expect("a name");
        let digest: Digest = format!("sha256:{HEX}").parse().expect("a digest");
        assert_eq!(
            image.with_digest(digest).to_string(),
            format!("localhost:5000/app@sha256:{HEX}")
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_and_what_is_read_prints_to_itself(
            text in r"([a-zA-Z0-9.\-_:\[\]]{0,20}/)?[a-z0-9._\-/]{0,30}(:[\w.\-]{0,10})?(@sha256:[0-9a-f]{63,65})?|\PC{0,40}"
        ) {
            if let Ok(image) = text.parse::<ImageRef>() {
                prop_assert_eq!(image.to_string(), text);
            }
        }
    }
}
