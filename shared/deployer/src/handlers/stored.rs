//! A release's pipeline as it is stored now: who may still decide is asked of it at each decision.

use towpath_core::names::ParameterName;
use towpath_core::pipeline::Pipeline;
use towpath_core::release::{Release, StoredNow};

use crate::ports::{CallError, Parameters};

/// Reads the parameter of a release's pipeline: one call.
///
/// # Errors
/// When SSM cannot be asked.
pub(super) async fn stored_now<P: Parameters>(
    ports: &P,
    root: &ParameterName,
    release: &Release,
) -> Result<StoredNow, CallError> {
    let name = match release.pipeline().parameter_name(root) {
        Ok(name) => name,
        Err(error) => return Ok(StoredNow::Unknown(error.to_string())),
    };
    let Some(parameter) = ports.parameter(None, &name, None).await? else {
        return Ok(StoredNow::Removed);
    };
    Ok(
        match Pipeline::from_parameter(root, &parameter.name, &parameter.value) {
            Ok(pipeline) => StoredNow::Kept(Box::new(pipeline)),
            Err(_) => StoredNow::Unknown(format!("the pipeline in {name} cannot be read")),
        },
    )
}
