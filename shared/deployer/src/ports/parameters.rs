//! SSM Parameter Store.

use jiff::Timestamp;
use towpath_core::names::ParameterName;
use towpath_core::release::Place;

use super::CallError;

/// A parameter's value, as it is stored, with its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    pub name: ParameterName,
    pub version: i64,
    pub value: String,
    /// When this version was written, if SSM says it.
    pub modified_at: Option<Timestamp>,
}

/// SSM Parameter Store.
pub trait Parameters {
    /// Every parameter below a path, at any depth, all pages.
    async fn parameters_below(&self, path: &ParameterName) -> Result<Vec<Parameter>, CallError>;
    /// One parameter, optionally one version of it (in a stage's account when `place` is given);
    /// `None` when it does not exist.
    async fn parameter(
        &self,
        place: Option<&Place>,
        name: &ParameterName,
        version: Option<i64>,
    ) -> Result<Option<Parameter>, CallError>;
}
