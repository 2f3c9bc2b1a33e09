//! What an image is made for, as its registry says, and what tasks run on.
//!
//! <https://github.com/opencontainers/image-spec/blob/main/image-index.md#platform-object>

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Digest;

/// An operating system and an architecture, as images name them: `linux/amd64`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Platform {
    os: String,
    architecture: String,
}

/// What a manifest says of platforms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manifest {
    /// It is an index, and lists an image for each of these.
    Index(BTreeSet<Platform>),
    /// It is one image, whose platform is in the configuration of that digest.
    Image(Digest),
    /// Nothing: it is of an older kind, or an entry of its list names no platform.
    Silent,
}

/// What tasks run on, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// The operating system, as images name it.
    pub os: Option<&'static str>,
    /// The architecture, as images name it.
    pub architecture: Option<&'static str>,
}

impl Platform {
    /// The platform that an image's configuration names, if it names one:
    /// <https://github.com/opencontainers/image-spec/blob/main/config.md>.
    #[must_use]
    pub fn of_config(config: &Value) -> Option<Self> {
        let os = text(config, "os")?;
        Self::new(os, text(config, "architecture")?)
    }

    fn new(os: &str, architecture: &str) -> Option<Self> {
        // What is neither is no platform that anything runs on: buildx says so of attestations.
        // <https://docs.docker.com/build/metadata/attestations/attestation-storage/>
        let named = |text: &str| !text.is_empty() && text != "unknown";
        (named(os) && named(architecture)).then(|| Self {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
        })
    }
}

impl FromStr for Platform {
    type Err = NoPlatform;

    fn from_str(text: &str) -> Result<Self, NoPlatform> {
        let parts = text.split_once('/');
        parts
            .and_then(|(os, architecture)| Self::new(os, architecture))
            .ok_or_else(|| NoPlatform(text.to_owned()))
    }
}

impl TryFrom<String> for Platform {
    type Error = NoPlatform;

    fn try_from(text: String) -> Result<Self, NoPlatform> {
        text.parse()
    }
}

impl From<Platform> for String {
    fn from(platform: Platform) -> Self {
        platform.to_string()
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)
    }
}

/// A text that is no platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("platform {0:?} is not an operating system and an architecture, as in linux/amd64")]
pub struct NoPlatform(String);

impl Manifest {
    /// What the manifest says.
    #[must_use]
    pub fn of(manifest: &Value) -> Self {
        let Some(entries) = manifest.get("manifests").and_then(Value::as_array) else {
            let config = manifest.get("config").and_then(|it| text(it, "digest"));
            return match config.and_then(|digest| digest.parse().ok()) {
                Some(digest) => Self::Image(digest),
                None => Self::Silent,
            };
        };
        let mut platforms = BTreeSet::new();
        for entry in entries {
            match entry.get("platform").and_then(Platform::of_config) {
                Some(platform) => {
                    platforms.insert(platform);
                }
                None if is_attestation(entry) => {}
                None => return Self::Silent,
            }
        }
        if platforms.is_empty() {
            return Self::Silent;
        }
        Self::Index(platforms)
    }
}

/// Whether the entry of an index is about an image, and none itself.
fn is_attestation(entry: &Value) -> bool {
    let said = entry.pointer("/annotations/vnd.docker.reference.type");
    let platform = entry.get("platform");
    said.and_then(Value::as_str) == Some("attestation-manifest")
        || platform.and_then(|it| text(it, "os")) == Some("unknown")
}

impl Needs {
    /// What tasks run on, by the `runtimePlatform` of their definition. On Fargate that is `LINUX`
    /// and `X86_64` where nothing is said; on instances it is whatever they are:
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RuntimePlatform.html>.
    #[must_use]
    pub fn of(runtime_platform: Option<&Value>, is_fargate: bool) -> Self {
        let said = |member: &str| runtime_platform.and_then(|it| text(it, member));
        Self {
            os: match said("operatingSystemFamily") {
                Some("LINUX") => Some("linux"),
                Some(family) if family.starts_with("WINDOWS_") => Some("windows"),
                Some(_) => None,
                None => is_fargate.then_some("linux"),
            },
            architecture: match said("cpuArchitecture") {
                Some("X86_64") => Some("amd64"),
                Some("ARM64") => Some("arm64"),
                Some(_) => None,
                None => is_fargate.then_some("amd64"),
            },
        }
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }

    /// Whether an image that is for these has none that such tasks can run.
    #[must_use]
    pub fn are_unmet_by(&self, platforms: &BTreeSet<Platform>) -> bool {
        let fits = |platform: &Platform| {
            self.os.is_none_or(|os| platform.os == os)
                && self
                    .architecture
                    .is_none_or(|it| platform.architecture == it)
        };
        !platforms.is_empty() && !platforms.iter().any(fits)
    }
}

impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.os, self.architecture) {
            (Some(os), Some(architecture)) => write!(f, "{os}/{architecture}"),
            (Some(one), None) | (None, Some(one)) => f.write_str(one),
            (None, None) => f.write_str("an unknown platform"),
        }
    }
}

/// Platforms as people read them: `linux/amd64 and linux/arm64`.
#[must_use]
pub fn listed(platforms: &BTreeSet<Platform>) -> String {
    let mut all: Vec<_> = platforms.iter().map(ToString::to_string).collect();
    match (all.pop(), all.is_empty()) {
        (None, _) => "no known platform".to_owned(),
        (Some(one), true) => one,
        (Some(last), false) => format!("{} and {last}", all.join(", ")),
    }
}

fn text<'a>(value: &'a Value, member: &str) -> Option<&'a str> {
    value.get(member)?.as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(os: &str, architecture: &str) -> Value {
        json!({ "digest": "sha256:0", "platform": { "os": os, "architecture": architecture } })
    }

    fn platforms(of: &[&str]) -> BTreeSet<Platform> {
        of.iter().map(|it| it.parse().unwrap()).collect()
    }

    #[test]
    fn an_index_lists_platforms_and_attestations_are_none() {
        let attestation = json!({ "digest": "sha256:1",
            "annotations": { "vnd.docker.reference.type": "attestation-manifest" } });
        let index = json!({ "manifests": [entry("linux", "amd64"), entry("unknown", "unknown"),
            attestation, entry("linux", "arm64"), entry("windows", "amd64")] });
        assert_eq!(
            Manifest::of(&index),
            Manifest::Index(platforms(&["linux/amd64", "linux/arm64", "windows/amd64"]))
        );
        // What names no platform might be for any.
        let index = json!({ "manifests": [entry("linux", "amd64"), { "digest": "sha256:2" }] });
        assert_eq!(Manifest::of(&index), Manifest::Silent);
        let only = json!({ "manifests": [entry("unknown", "unknown")] });
        assert_eq!(Manifest::of(&only), Manifest::Silent);
    }

    #[test]
    fn one_image_is_told_by_its_configuration() {
        let config = Digest::of(b"config");
        let manifest = json!({ "config": { "digest": config }, "layers": [] });
        assert_eq!(Manifest::of(&manifest), Manifest::Image(config));
        let of = json!({ "os": "linux", "architecture": "arm64", "variant": "v8" });
        assert_eq!(
            Platform::of_config(&of),
            Some("linux/arm64".parse().unwrap())
        );
        for silent in [json!({}), json!({ "config": { "digest": "sha256:1" } })] {
            assert_eq!(Manifest::of(&silent), Manifest::Silent);
            assert_eq!(Platform::of_config(&silent), None);
        }
    }

    #[test]
    fn fargate_has_a_platform_of_its_own_and_instances_have_none() {
        let said =
            |os: &str, cpu: &str| json!({ "operatingSystemFamily": os, "cpuArchitecture": cpu });
        for (runtime, is_fargate, needs) in [
            (None, true, "linux/amd64"),
            (None, false, "an unknown platform"),
            (Some(said("LINUX", "ARM64")), false, "linux/arm64"),
            (
                Some(json!({ "cpuArchitecture": "ARM64" })),
                true,
                "linux/arm64",
            ),
            (Some(json!({ "cpuArchitecture": "ARM64" })), false, "arm64"),
            (
                Some(said("WINDOWS_SERVER_2022_CORE", "X86_64")),
                true,
                "windows/amd64",
            ),
            // What this version does not know is not judged.
            (Some(said("LINUX", "RISCV64")), true, "linux"),
        ] {
            assert_eq!(Needs::of(runtime.as_ref(), is_fargate).to_string(), needs);
        }
    }

    #[test]
    fn tasks_run_what_is_there_for_them() {
        let arm = Needs {
            os: Some("linux"),
            architecture: Some("arm64"),
        };
        let some_arm = Needs {
            os: None,
            architecture: Some("arm64"),
        };
        for (needs, has, unmet) in [
            (&arm, &["linux/arm64"][..], false),
            (&arm, &["linux/amd64", "linux/arm64"], false),
            (&arm, &["linux/amd64"], true),
            (&arm, &["windows/arm64"], true),
            (&some_arm, &["windows/arm64"], false),
            (&some_arm, &["linux/amd64", "windows/amd64"], true),
            (&Needs::default(), &["linux/amd64"], false),
            // Unknown is not told to be wrong.
            (&arm, &[], false),
        ] {
            assert_eq!(
                needs.are_unmet_by(&platforms(has)),
                unmet,
                "{needs} of {has:?}"
            );
        }
        assert_eq!(listed(&platforms(&["linux/amd64"])), "linux/amd64");
        let all = platforms(&["windows/amd64", "linux/arm64", "linux/amd64"]);
        assert_eq!(listed(&all), "linux/amd64, linux/arm64 and windows/amd64");
    }

    #[test]
    fn a_platform_is_stored_as_text() {
        let stored = serde_json::to_value(platforms(&["linux/arm64"])).unwrap();
        assert_eq!(stored, json!(["linux/arm64"]));
        assert!(serde_json::from_value::<Platform>(json!("arm64")).is_err());
    }
}
