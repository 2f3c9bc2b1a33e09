//! A pipeline as it is kept: compact JSON in one SSM parameter.

use towpath_taskdef::image::RepositoryName;

use super::{Base, Pipeline};
use crate::names::{ParameterName, StageName};

/// The path under which a deployer keeps its pipelines, unless it was installed under another prefix.
pub const PARAMETER_ROOT: &str = "/towpath/pipelines";

/// Largest value of a standard parameter, in bytes:
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html>.
pub const MAX_STANDARD: usize = 4_096;

/// Largest value of an advanced parameter, in bytes. Advanced parameters are charged for.
pub const MAX_ADVANCED: usize = 8_192;

/// What a pipeline's parameter holds, and the tier that its size asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The value: compact JSON, which [`Pipeline::from_json`] reads back to the same pipeline.
    pub value: String,
    /// The tier to store it in.
    pub tier: Tier,
}

/// A tier of SSM parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// Values of up to [`MAX_STANDARD`] bytes, free of charge.
    Standard,
    /// Values of up to [`MAX_ADVANCED`] bytes.
    Advanced,
}

impl Tier {
    /// SSM's name of the tier.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "Standard",
            Self::Advanced => "Advanced",
        }
    }
}

/// A pipeline that no parameter can hold.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The JSON is too long.
    #[error(
        "as JSON the pipeline has {0} bytes, more than the {MAX_ADVANCED} of an SSM parameter: shorten or split it"
    )]
    TooLarge(usize),
    /// The repository's name is too deep or too long for a parameter's.
    #[error("the repository's name cannot be part of a parameter's name: use a shorter one")]
    Name(#[source] crate::names::InvalidName),
    /// Some value has no form in JSON.
    #[error("the pipeline cannot be written as JSON")]
    Json(#[source] serde_json::Error),
}

/// The prefix of the deployer that may read the template in this parameter: of
/// `/<prefix>/templates/<name>`, its first part. `infra/functions.json` grants it.
pub(super) fn template_prefix(name: &ParameterName) -> Option<&str> {
    let (prefix, rest) = name.as_str().strip_prefix('/')?.split_once('/')?;
    let below = rest.strip_prefix("templates/")?;
    (!prefix.is_empty() && !below.is_empty()).then_some(prefix)
}

impl Pipeline {
    /// The templates of task definitions that a deployer which keeps its pipelines under `root` may
    /// not read: the stage, the template, and the path below which it may be.
    #[must_use]
    pub fn foreign_templates(
        &self,
        root: &ParameterName,
    ) -> Vec<(&StageName, &ParameterName, String)> {
        let own = root.as_str().strip_suffix("/pipelines");
        let Some(own) = own.and_then(|own| own.strip_prefix('/')) else {
            return Vec::new();
        };
        let stages = self.stages.iter().filter_map(|stage| match &stage.base {
            Base::Parameter(name) if template_prefix(name) != Some(own) => {
                Some((&stage.name, name, format!("/{own}/templates/")))
            }
            Base::Service | Base::Family | Base::Parameter(_) => None,
        });
        stages.collect()
    }

    /// The path of the parameters that hold the pipelines of `repository`, one level below it, in a
    /// deployer that keeps its pipelines under `root`.
    ///
    /// # Errors
    /// [`StoreError::Name`] when the root leaves no room for the repository's name.
    pub fn parameter_path(
        root: &ParameterName,
        repository: &RepositoryName,
    ) -> Result<ParameterName, StoreError> {
        format!("{root}/{repository}")
            .parse()
            .map_err(StoreError::Name)
    }

    /// The name of the parameter that keeps this pipeline in a deployer that keeps its pipelines
    /// under `root`.
    ///
    /// # Errors
    /// [`StoreError::Name`] when the root leaves no room for the names.
    pub fn parameter_name(&self, root: &ParameterName) -> Result<ParameterName, StoreError> {
        format!("{root}/{}/{}", self.repository, self.pipeline)
            .parse()
            .map_err(StoreError::Name)
    }

    /// What this pipeline's parameter holds.
    ///
    /// # Errors
    /// [`StoreError`] when no parameter can hold it.
    pub fn to_stored(&self) -> Result<Stored, StoreError> {
        let value = serde_json::to_string(self).map_err(StoreError::Json)?;
        let tier = if value.len() <= MAX_STANDARD {
            Tier::Standard
        } else if value.len() <= MAX_ADVANCED {
            Tier::Advanced
        } else {
            return Err(StoreError::TooLarge(value.len()));
        };
        Ok(Stored { value, tier })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pipeline whose only environment variable has `length` bytes.
    fn with_value_of(length: usize) -> Pipeline {
        let text = serde_json::json!({
            "pipeline": "api", "repository": "shop/api",
            "stages": [{
                "name": "test", "cluster": "c", "service": "s", "containers": ["app"],
                "environment": {"app": {"A": "x".repeat(length)}}, "engine": {"rolling": {}}
            }]
        });
        Pipeline::from_json(&text.to_string()).unwrap()
    }

    fn root() -> ParameterName {
        PARAMETER_ROOT.parse().unwrap()
    }

    #[test]
    fn a_pipeline_is_kept_below_its_repository() {
        let pipeline = with_value_of(1);
        let name = pipeline.parameter_name(&root()).unwrap();
        assert_eq!(name.as_str(), "/towpath/pipelines/shop/api/api");
        let path = Pipeline::parameter_path(&root(), &pipeline.repository).unwrap();
        assert_eq!(path.as_str(), "/towpath/pipelines/shop/api");
        let stored = pipeline.to_stored().unwrap();
        assert_eq!(stored.tier, Tier::Standard);
        assert_eq!(Pipeline::from_json(&stored.value), Ok(with_value_of(1)));
    }

    #[test]
    fn the_tier_follows_the_size_to_the_byte() {
        let rest = with_value_of(0).to_stored().unwrap().value.len();
        let tier = |bytes: usize| with_value_of(bytes - rest).to_stored().map(|s| s.tier);
        assert_eq!(tier(4_096).unwrap(), Tier::Standard);
        assert_eq!(tier(4_097).unwrap(), Tier::Advanced);
        assert_eq!(tier(8_192).unwrap(), Tier::Advanced);
        assert!(matches!(tier(8_193), Err(StoreError::TooLarge(8_193))));
    }

    #[test]
    fn the_longest_repository_name_fits_a_parameter_name() {
        let mut pipeline = with_value_of(1);
        pipeline.repository = "a".repeat(256).parse().unwrap();
        assert!(pipeline.parameter_name(&root()).is_ok());
    }
}
