//! What images are made for, and what tasks run on.

use serde_json::Value;

use super::{Image, Registries};
use crate::call::{array, text};

/// What a task runs on, as images name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Platform {
    pub(crate) os: &'static str,
    pub(crate) architecture: &'static str,
}

impl Platform {
    /// The platform of a task definition's tasks; `None` for those on instances that are not said
    /// to be of one, whatever they are.
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RuntimePlatform.html>
    pub(crate) fn of(definition: &Value, launch_type: &str) -> Option<Self> {
        let runtime = definition.get("runtimePlatform");
        let said = |member: &str| runtime.and_then(|it| text(it, member));
        if launch_type != "FARGATE" && said("cpuArchitecture").is_none() {
            return None;
        }
        Some(Self {
            os: match said("operatingSystemFamily") {
                Some(family) if family.starts_with("WINDOWS") => "windows",
                Some(_) | None => "linux",
            },
            architecture: match said("cpuArchitecture") {
                Some("ARM64") => "arm64",
                Some(_) | None => "amd64",
            },
        })
    }

    fn is(&self, described: &Value) -> bool {
        text(described, "os") == Some(self.os)
            && text(described, "architecture") == Some(self.architecture)
    }
}

impl Image {
    pub(super) fn is_index(&self) -> bool {
        self.parsed().get("manifests").is_some()
    }

    fn parsed(&self) -> Value {
        serde_json::from_str(&self.manifest).unwrap_or_default()
    }
}

impl Registries {
    /// Whether the image, or one of an index, is made for the platform. What does not say is taken
    /// to be: it came through `PutImage`, without a configuration.
    pub(super) fn fits(&self, image: &Image, platform: &Platform) -> bool {
        let manifest = image.parsed();
        if image.is_index() {
            let mut children = array(&manifest, "manifests").iter();
            return children.any(|it| it.get("platform").is_some_and(|it| platform.is(it)));
        }
        let config = manifest.get("config").and_then(|it| text(it, "digest"));
        let config = config.and_then(|digest| self.configs.get(digest));
        let config = config.and_then(|text| serde_json::from_str::<Value>(text).ok());
        config.is_none_or(|config| platform.is(&config))
    }
}
