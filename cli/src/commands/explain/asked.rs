//! Which image is asked about: a repository as pipelines name it, or a whole reference as it is
//! copied from a log, the console or a task definition.

use std::str::FromStr;

use towpath_core::pipeline::is_elsewhere;
use towpath_taskdef::image::{Digest, ImageError, Registry, RepositoryName, Tag};

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

    /// The repository, and its registry where that was named.
    ///
    /// # Errors
    /// What to write where an image of it was named.
    pub(crate) fn alone(self) -> Result<(Option<Registry>, RepositoryName), String> {
        let Self {
            registry,
            repository,
            tag,
            digest,
        } = self;
        match (tag, digest) {
            (None, None) => Ok((registry, repository)),
            (Some(_), _) | (None, Some(_)) => Err(format!(
                "that is one image: write `{repository}`, of which a pipeline takes what is pushed"
            )),
        }
    }
}

impl FromStr for Asked {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(help) = other_form(text) {
            return Err(help);
        }
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest_of(name, digest)?)),
            None => (text, None),
        };
        // A colon before the last slash is that of a port.
        let last = name.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match name[last..].split_once(':') {
            Some((short, tag)) => (&name[..last + short.len()], Some(parsed(tag)?)),
            None => (name, None),
        };
        let registry = match name.split_once('/') {
            Some((host, rest)) => match host.parse::<Registry>() {
                Ok(registry) if registry.as_ecr().is_some() => Some((registry, rest)),
                // A repository's name has no port.
                Ok(registry) if is_elsewhere(registry.as_str()) || host.contains(':') => {
                    return Err(elsewhere(host, rest));
                }
                // A repository's name may have dots, too.
                Ok(_) | Err(_) => None,
            },
            None => None,
        };
        let (registry, repository) = match registry {
            Some((registry, rest)) => (Some(registry), rest),
            None => (None, name),
        };
        Ok(Self {
            registry,
            repository: repository_of(repository)?,
            tag,
            digest,
        })
    }
}

/// What to write instead of what names an image in another way: an address, a page of the console, an
/// ARN, a digest by itself.
fn other_form(text: &str) -> Option<String> {
    if let Some((scheme, rest)) = text.split_once("://") {
        let rest = rest.trim_end_matches('/');
        return Some(match in_console(rest) {
            Some(name) => format!("that is a page of the console: write `{name}`"),
            None if rest.contains(".console.aws") || rest.starts_with("console.aws") => {
                "that is a page of the console: write the repository's name, such as shop/api"
                    .to_owned()
            }
            None => match rest.parse::<Asked>() {
                Ok(_) => format!("no image's name begins with `{scheme}://`: write `{rest}`"),
                Err(problem) => {
                    format!("no image's name begins with `{scheme}://`, and then {problem}")
                }
            },
        });
    }
    if text.starts_with("arn:") {
        let mut parts = text.splitn(6, ':').skip(2);
        let arn = (parts.next(), parts.next(), parts.next(), parts.next());
        let name = match arn {
            (Some("ecr"), Some(region), Some(account), Some(resource)) => resource
                .strip_prefix("repository/")
                .and_then(|name| in_ecr(account, region, name)),
            _ => None,
        };
        return Some(match name {
            Some(name) => format!("that is the repository's ARN: write `{name}`"),
            None => "that ARN is not of a repository in ECR: write the repository's name, such as shop/api".to_owned(),
        });
    }
    text.parse::<Digest>().is_ok().then(|| {
        "a digest alone does not say which repository it is in: write REPOSITORY@sha256:…, or REPOSITORY and TAG".to_owned()
    })
}

/// `eu-west-1.console.aws.amazon.com/ecr/repositories/private/111111111111/shop/api/_/image/…`
fn in_console(page: &str) -> Option<String> {
    let (address, query) = page.split_once('?').unwrap_or((page, ""));
    let (host, path) = address.split_once('/')?;
    let of_query = query
        .split(['&', '#'])
        .find_map(|pair| pair.strip_prefix("region="));
    let region = of_query.or_else(|| host.split_once(".console.aws").map(|(region, _)| region))?;
    let (account, name) = path
        .strip_prefix("ecr/repositories/private/")?
        .split_once('/')?;
    let name = name.split("/_/").next()?;
    in_ecr(account, region, name.trim_end_matches('/'))
}

fn in_ecr(account: &str, region: &str, name: &str) -> Option<String> {
    let registry = Registry::ecr(&account.parse().ok()?, &region.parse().ok()?);
    let name: RepositoryName = name.parse().ok()?;
    Some(format!("{registry}/{name}"))
}

fn elsewhere(host: &str, rest: &str) -> String {
    let name = rest.strip_prefix("library/").unwrap_or(rest);
    format!(
        "`{host}` is no private registry of ECR, and only pushes to those are told: push the image there, and ask for that repository, such as `{name}`"
    )
}

fn digest_of(name: &str, digest: &str) -> Result<Digest, String> {
    digest
        .parse()
        .map_err(|error: ImageError| match digest.parse::<Tag>() {
            Ok(tag) => format!("a tag stands after a colon: write `{name}:{tag}`"),
            Err(_) => format!("{error}: copy the whole digest, or name the image by its tag"),
        })
}

fn repository_of(text: &str) -> Result<RepositoryName, String> {
    text.parse().map_err(|error: ImageError| {
        let lower = text.to_ascii_lowercase();
        match lower.parse::<RepositoryName>() {
            Ok(name) => format!("repositories in ECR have no capitals: write `{name}`"),
            Err(_) => error.to_string(),
        }
    })
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
        let help = tags.unwrap_err();
        assert!(help.contains("towpath explain shop/api TAG"), "{help}");
        assert!(help.contains(&format!("imageDigest={digest}")), "{help}");
        let (_, _, tags) = asked("shop/api");
        assert!(tags.unwrap_err().ends_with("towpath explain shop/api TAG"));
    }

    #[test]
    fn what_names_an_image_in_another_way_says_what_to_write() {
        let whole = format!("{ECR}/shop/api");
        let console = "eu-west-1.console.aws.amazon.com/ecr/repositories/private/111111111111";
        let digest = Digest::of(b"image");
        for (text, says) in [
            (format!("https://{whole}"), format!("write `{whole}`")),
            (
                format!("https://{whole}:3f2c1ab/"),
                format!("write `{whole}:3f2c1ab`"),
            ),
            (
                format!("docker://{whole}:3f2c1ab"),
                format!("write `{whole}:3f2c1ab`"),
            ),
            (
                "https://docker.io/shop/api:1".to_owned(),
                "`docker.io` is no private registry of ECR".to_owned(),
            ),
            (
                "arn:aws:ecr:eu-west-1:111111111111:repository/shop/api".to_owned(),
                format!("write `{whole}`"),
            ),
            (
                "arn:aws-cn:ecr:cn-north-1:111111111111:repository/shop".to_owned(),
                "write `111111111111.dkr.ecr.cn-north-1.amazonaws.com.cn/shop`".to_owned(),
            ),
            (
                "arn:aws:ecs:eu-west-1:111111111111:service/shop/api".to_owned(),
                "not of a repository".to_owned(),
            ),
            (
                format!("https://{console}/shop/api?region=eu-west-1"),
                format!("write `{whole}`"),
            ),
            (
                format!("https://{console}/shop/api/_/image/{digest}/details"),
                format!("write `{whole}`"),
            ),
            (
                "https://console.aws.amazon.com/ecr/repositories?region=eu-west-1".to_owned(),
                "such as shop/api".to_owned(),
            ),
            (digest.to_string(), "REPOSITORY@sha256".to_owned()),
            (
                "shop/api@3f2c1ab".to_owned(),
                "write `shop/api:3f2c1ab`".to_owned(),
            ),
            (
                "shop/api@sha256:12".to_owned(),
                "copy the whole digest".to_owned(),
            ),
            ("Shop/API:1".to_owned(), "write `shop/api`".to_owned()),
            (
                "docker.io/shop/api:1".to_owned(),
                "such as `shop/api`".to_owned(),
            ),
            (
                "docker.io/library/nginx".to_owned(),
                "such as `nginx`".to_owned(),
            ),
            (
                "ghcr.io/shop/api".to_owned(),
                "`ghcr.io` is no private".to_owned(),
            ),
            (
                "localhost:5000/shop".to_owned(),
                "`localhost:5000` is no private".to_owned(),
            ),
            (
                "public.ecr.aws/nginx/nginx".to_owned(),
                "`public.ecr.aws` is no".to_owned(),
            ),
        ] {
            let told = text.parse::<Asked>().unwrap_err();
            assert!(told.contains(&says), "{text}: {told}");
        }
        // What only looks like one of them.
        for text in [
            "arn",
            "docker/api",
            "shop.io/api",
            "console/api",
            "sha256/api",
            "https/api:1",
        ] {
            assert!(text.parse::<Asked>().is_ok(), "{text}");
        }
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
