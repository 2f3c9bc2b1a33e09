//! Which image is asked about: a repository as pipelines name it, or a whole reference as it is
//! copied from a log, the console or a task definition.

use std::str::FromStr;

use towpath_core::image::{Digest, Registry, RepositoryName, Tag};

use crate::output::Failure;

/// What was written in place of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The ECR registry, where it was named.
    pub(crate) registry: Option<Registry>,
    pub(crate) repository: RepositoryName,
    tag: Option<Tag>,
    digest: Option<Digest>,
}

impl Asked {
    /// The tags to judge: those that were given, and that of the reference.
    ///
    /// # Errors
    /// What to write where there is none.
    pub(super) fn tags(&self, given: &[Tag]) -> Result<Vec<Tag>, Failure> {
        let mut tags: Vec<_> = self.tag.iter().cloned().collect();
        tags.extend(
            given
                .iter()
                .filter(|tag| self.tag.as_ref() != Some(tag))
                .cloned(),
        );
        if !tags.is_empty() {
            return Ok(tags);
        }
        let repository = &self.repository;
        Err(match &self.digest {
            None => format!("which tag of {repository}? towpath explain {repository} TAG"),
            Some(digest) => format!(
                "pipelines take an image by its tags: towpath explain {repository} TAG. `aws ecr \
                 describe-images --repository-name {repository} --image-ids imageDigest={digest} \
                 --query 'imageDetails[].imageTags[]'` lists those of {digest}"
            ),
        }
        .into())
    }

    /// Why no pipeline can be stored for it, where the first part is another registry's host.
    pub(super) fn hint(&self) -> Option<String> {
        let (host, _) = self.repository.as_str().split_once('/')?;
        host.contains('.').then(|| {
            format!(
                "if `{host}` is a registry, its pushes are not told: Towpath takes images from ECR"
            )
        })
    }
}

impl FromStr for Asked {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(parsed(digest)?)),
            None => (text, None),
        };
        // A colon before the last slash is that of a port.
        let last = name.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match name[last..].split_once(':') {
            Some((short, tag)) => (&name[..last + short.len()], Some(parsed(tag)?)),
            None => (name, None),
        };
        let registry = name.split_once('/').and_then(|(host, rest)| {
            let registry: Registry = host.parse().ok()?;
            registry.as_ecr().is_some().then_some((registry, rest))
        });
        let (registry, repository) = match registry {
            Some((registry, rest)) => (Some(registry), rest),
            None => (None, name),
        };
        Ok(Self {
            registry,
            repository: parsed(repository)?,
            tag,
            digest,
        })
    }
}

fn parsed<T>(text: &str) -> Result<T, String>
where
    T: FromStr<Err: std::fmt::Display>,
{
    text.parse().map_err(|error: T::Err| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ECR: &str = "111111111111.dkr.ecr.eu-west-1.amazonaws.com";

    fn asked(text: &str) -> (Option<String>, String, Result<Vec<String>, String>) {
        let asked: Asked = text.parse().unwrap();
        let tags = asked.tags(&[]);
        let tags = tags.map(|tags| tags.iter().map(ToString::to_string).collect());
        (
            asked.registry.map(|registry| registry.to_string()),
            asked.repository.to_string(),
            tags.map_err(|error| error.to_string()),
        )
    }

    #[test]
    fn a_whole_reference_is_taken_apart() {
        let tag = || Ok(vec!["3f2c1ab".to_owned()]);
        let there = Some(ECR.to_owned());
        let digest = Digest::of(b"image");
        let whole = format!("{ECR}/shop/api:3f2c1ab");
        assert_eq!(asked(&whole), (there.clone(), "shop/api".into(), tag()));
        let pinned = format!("{whole}@{digest}");
        assert_eq!(asked(&pinned), (there.clone(), "shop/api".into(), tag()));
        assert_eq!(asked("shop/api:3f2c1ab"), (None, "shop/api".into(), tag()));
        // A repository may have dots, too.
        assert_eq!(
            asked("my.team/api:3f2c1ab"),
            (None, "my.team/api".into(), tag())
        );

        let (registry, repository, tags) = asked(&format!("{ECR}/shop/api@{digest}"));
        assert_eq!((registry, repository), (there, "shop/api".into()));
        let way_out = tags.unwrap_err();
        assert!(
            way_out.contains("towpath explain shop/api TAG"),
            "{way_out}"
        );
        assert!(
            way_out.contains(&format!("imageDigest={digest}")),
            "{way_out}"
        );
        let (_, _, tags) = asked("shop/api");
        assert!(tags.unwrap_err().ends_with("towpath explain shop/api TAG"));
    }

    #[test]
    fn what_is_no_image_says_what_is_wrong() {
        for text in [
            "shop/api:",
            "Shop",
            "https://example.com/shop",
            "shop@sha256:12",
            "",
        ] {
            assert!(text.parse::<Asked>().is_err(), "{text}");
        }
    }
}
