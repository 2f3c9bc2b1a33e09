//! The textual parts of an image's name, each checked when it is made.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DOCKER_HUB, ImageError};
use crate::names::{AccountId, Partition, Region};

/// Longest repository name in characters, which is ECR's limit
/// ([API](https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html)).
const MAX_REPOSITORY_LEN: usize = 256;

/// Longest tag in characters.
const MAX_TAG_LEN: usize = 128;

/// A repository within a registry, such as `shop/api`.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = r"^[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*)*$", "maxLength" = 256))]
pub struct RepositoryName(String);

/// A tag, such as `3f2c1ab`. It names whatever it was last put on, unless the registry forbids that.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$"))]
pub struct Tag(String);

/// A registry's host, with its port if it has one, in lower case.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Registry(String);

/// Whose and where an ECR registry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ecr<'a> {
    /// The account of 12 digits.
    pub account: &'a str,
    /// The region, such as `eu-west-1`.
    pub region: &'a str,
}

impl Registry {
    /// The registry of an account and region:
    /// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html>.
    #[must_use]
    pub fn ecr(account: &AccountId, region: &Region) -> Self {
        let suffix = Partition::of(region).suffix;
        Self(format!("{account}.dkr.ecr.{region}.{suffix}"))
    }

    /// The account and region, if this is a private ECR registry: by its
    /// [endpoint](https://docs.aws.amazon.com/general/latest/gr/ecr.html), by its FIPS endpoint or by
    /// its dual-stack one.
    pub fn as_ecr(&self) -> Option<Ecr<'_>> {
        let (account, rest) = self.0.split_once('.')?;
        if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let region = match rest
            .strip_prefix("dkr.ecr.")
            .or_else(|| rest.strip_prefix("dkr.ecr-fips."))
        {
            Some(rest) => {
                let (region, suffix) = rest.split_once('.')?;
                (suffix == Partition::named(region).suffix).then_some(region)?
            }
            None => rest
                .strip_prefix("dkr-ecr.")
                .or_else(|| rest.strip_prefix("dkr-ecr-fips."))?
                .strip_suffix(".on.aws")
                .or_else(|| rest.strip_suffix(".on.amazonwebservices.com.cn"))?,
        };
        let is_region = !region.is_empty() && !region.contains('.');
        is_region.then_some(Ecr { account, region })
    }

    /// Whether both are the same registry: ECR's has several endpoints.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        self == other || self.as_ecr().is_some_and(|ecr| other.as_ecr() == Some(ecr))
    }
}

impl FromStr for RepositoryName {
    type Err = ImageError;

    fn from_str(text: &str) -> Result<Self, ImageError> {
        if text.len() <= MAX_REPOSITORY_LEN && text.split('/').all(is_path_component) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ImageError::Repository(text.to_owned()))
        }
    }
}

/// Runs of lower-case letters and digits, joined by one `.`, one or two `_`, or any number of `-`.
fn is_path_component(part: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = part.as_bytes();
    let (Some(&first), Some(&last)) = (bytes.first(), bytes.last()) else {
        return false;
    };
    is_plain(first)
        && is_plain(last)
        && bytes
            .iter()
            .all(|&byte| is_plain(byte) || b"._-".contains(&byte))
        && part
            .split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            .all(|joint| matches!(joint, "" | "." | "_" | "__") || joint.bytes().all(|b| b == b'-'))
}

impl FromStr for Tag {
    type Err = ImageError;

    fn from_str(text: &str) -> Result<Self, ImageError> {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let fits = text.len() <= MAX_TAG_LEN
            && text.bytes().next().is_some_and(is_word)
            && text
                .bytes()
                .all(|byte| is_word(byte) || byte == b'.' || byte == b'-');
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(ImageError::Tag(text.to_owned()))
        }
    }
}

impl FromStr for Registry {
    type Err = ImageError;

    fn from_str(text: &str) -> Result<Self, ImageError> {
        let (host, port) = match text.rfind(':') {
            // A colon inside brackets belongs to an IPv6 address.
            Some(colon) if !text[colon..].contains(']') => {
                (&text[..colon], Some(&text[colon + 1..]))
            }
            Some(_) | None => (text, None),
        };
        let port_fits = port.is_none_or(|port| {
            port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()
        });
        if !port_fits || !is_host(host) {
            return Err(ImageError::Registry(text.to_owned()));
        }
        let text = text.to_ascii_lowercase();
        Ok(Self(if text == "index.docker.io" {
            DOCKER_HUB.to_owned()
        } else {
            text
        }))
    }
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        return address
            .strip_suffix(']')
            .is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok());
    }
    host.len() <= 253
        && host.split('.').all(|label| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

/// What every checked name has: its text, and the ways in and out of it.
macro_rules! checked_name {
    ($name:ident) => {
        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = ImageError;

            fn try_from(text: String) -> Result<Self, ImageError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }
    };
}

checked_name!(RepositoryName);
checked_name!(Tag);
checked_name!(Registry);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ecr_registry_tells_its_account_and_region() {
        for host in [
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com",
            "111122223333.dkr.ecr-fips.eu-west-1.amazonaws.com",
            "111122223333.dkr-ecr.eu-west-1.on.aws",
            "111122223333.DKR.ECR.eu-west-1.amazonaws.com",
        ] {
            let registry: Registry = host.parse().expect(host);
            assert_eq!(
                registry.as_ecr(),
                Some(Ecr {
                    account: "111122223333",
                    region: "eu-west-1"
                })
            );
        }
        for host in [
            "11112222333.dkr.ecr.eu-west-1.amazonaws.com",
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com.evil.example",
            "111122223333.dkr.ecr.evil.example.amazonaws.com",
            "111122223333.dkr.ecr.eu-west-1.amazonaws.eu",
            "111122223333.dkr.ecr.eusc-de-east-1.amazonaws.com",
            "public.ecr.aws",
            "docker.io",
        ] {
            let registry: Registry = host.parse().expect(host);
            assert_eq!(registry.as_ecr(), None, "{host}");
        }
    }

    #[test]
    fn each_partition_has_registries_of_its_own() {
        let account: AccountId = "111122223333".parse().unwrap();
        for (region, host) in [
            ("eu-west-1", "111122223333.dkr.ecr.eu-west-1.amazonaws.com"),
            (
                "cn-north-1",
                "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn",
            ),
            (
                "eusc-de-east-1",
                "111122223333.dkr.ecr.eusc-de-east-1.amazonaws.eu",
            ),
            (
                "us-iso-east-1",
                "111122223333.dkr.ecr.us-iso-east-1.c2s.ic.gov",
            ),
        ] {
            let registry = Registry::ecr(&account, &region.parse().unwrap());
            assert_eq!(registry.to_string(), host);
            let ecr = registry.as_ecr().expect(host);
            assert_eq!((ecr.account, ecr.region), ("111122223333", region));
        }
    }

    #[test]
    fn a_registry_is_the_same_by_each_of_its_endpoints_and_no_other_is() {
        let registry = |host: &str| host.parse::<Registry>().expect(host);
        let own = registry("111122223333.dkr.ecr.eu-west-1.amazonaws.com");
        for (host, same) in [
            ("111122223333.dkr.ecr.eu-west-1.amazonaws.com", true),
            ("111122223333.dkr.ecr-fips.eu-west-1.amazonaws.com", true),
            ("111122223333.dkr-ecr.eu-west-1.on.aws", true),
            ("111122223334.dkr.ecr.eu-west-1.amazonaws.com", false),
            ("111122223333.dkr.ecr.eu-west-2.amazonaws.com", false),
            ("111122223333.dkr.ecr.eu-west-1.amazonaws.com:8443", false),
            ("docker.io", false),
        ] {
            assert_eq!(own.same_as(&registry(host)), same, "{host}");
            assert_eq!(registry(host).same_as(&own), same, "{host}");
        }
        assert!(registry("ghcr.io").same_as(&registry("ghcr.io")));
        assert!(!registry("ghcr.io").same_as(&registry("quay.io")));
    }

    #[test]
    fn repository_names_follow_the_grammar() {
        let schema = schemars::schema_for!(RepositoryName);
        let pattern = schema.get("pattern").and_then(|it| it.as_str()).unwrap();
        let pattern = regex::bytes::RegexBuilder::new(pattern)
            .unicode(false)
            .build()
            .unwrap();
        for name in ["a", "shop/api", "a.b_c-d", "a__b", "a---b", "0/1/2"] {
            assert!(name.parse::<RepositoryName>().is_ok(), "{name}");
            assert!(pattern.is_match(name.as_bytes()), "{name}");
        }
        for name in [
            "", "a..b", "a___b", "a._b", "-a", "a-", "A", "a//b", "a/", "ä",
        ] {
            assert!(name.parse::<RepositoryName>().is_err(), "{name}");
            assert!(!pattern.is_match(name.as_bytes()), "{name}");
        }
        assert!("a".repeat(256).parse::<RepositoryName>().is_ok());
        assert!("a".repeat(257).parse::<RepositoryName>().is_err());
    }

    #[test]
    fn tags_follow_the_grammar() {
        for tag in ["v1", "_", "3f2c1ab", "1.2.3-rc.1"] {
            assert!(tag.parse::<Tag>().is_ok(), "{tag}");
        }
        for tag in ["", ".v1", "-v1", "v/1", "v:1", "v+1", "é"] {
            assert!(tag.parse::<Tag>().is_err(), "{tag}");
        }
        assert!("a".repeat(128).parse::<Tag>().is_ok());
        assert!("a".repeat(129).parse::<Tag>().is_err());
    }
}
