//! What is asked of CodeDeploy: a deployment, new or found again.

use towpath_core::names::TaskDefinitionArn;
use towpath_core::pipeline::CodeDeploySettings;
use towpath_core::release::{DeploymentTarget, Place};

/// What is deployed.
pub(super) struct New<'a> {
    pub(super) place: &'a Place,
    pub(super) settings: &'a CodeDeploySettings,
    pub(super) revision: &'a TaskDefinitionArn,
    pub(super) target: &'a DeploymentTarget,
    /// The text by which the deployment is found again.
    pub(super) correlation_tag: &'a str,
    /// Whether it brings back what ran before, whatever the alarms say.
    pub(super) is_rollback: bool,
}
