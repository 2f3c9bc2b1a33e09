//! Reading AWS for whoever examines an installation: JSON in and JSON out, with AWS's own names for
//! the members.
//!
//! A service is called in one way. One that the functions call goes through its SDK crate, of which
//! each operation is listed here, with the request's and the answer's body as they are; any other
//! goes through [`crate::json_api`].

use serde_json::Value;
use towpath_core::names::Region;
use towpath_core::release::Place;
use towpath_deployer::ports::CallError;

use crate::aws::Aws;
use crate::call::{failed, refused};
use crate::clients::ClientSet;
use crate::json_api::Api;
use crate::raw::{Answer, replace_body};

/// In whose name, and where, a call is made.
#[derive(Debug, Clone, Copy)]
pub enum At<'a> {
    /// The deployer's own account and region.
    Home,
    /// Another region, with the deployer's own credentials.
    Region(&'a Region),
    /// A stage's account and region, in its role if it has one.
    Place(&'a Place),
}

impl Aws {
    /// Reads something: `operation` has its service before it, such as `iam:GetRole`, and `input` is
    /// its members. A failed call is tried again.
    ///
    /// # Errors
    /// When the call fails, or nothing calls the operation ([`is_readable`]).
    pub async fn read(
        &self,
        at: At<'_>,
        operation: &'static str,
        input: &Value,
    ) -> Result<Value, CallError> {
        let clients = self.clients();
        let set = match at {
            At::Home => clients.home().await?,
            At::Region(region) => clients.in_region(region).await?,
            At::Place(place) => clients.at(place).await?,
        };
        match Api::of(operation) {
            Some(api) => set.read(api, operation, input).await,
            None => through_sdk(&set, operation, input).await,
        }
    }
}

/// Whether [`Aws::read`] knows how an operation is called.
#[must_use]
pub fn is_readable(operation: &str) -> bool {
    match Api::of(operation) {
        Some(api) => api.has(operation),
        None => THROUGH_SDK.contains(&operation),
    }
}

macro_rules! through_sdk {
    ($($operation:literal: $client:ident.$call:ident),* $(,)?) => {
        /// The operations that are read through an SDK crate.
        const THROUGH_SDK: &[&str] = &[$($operation),*];

        async fn through_sdk(
            set: &ClientSet,
            operation: &'static str,
            input: &Value,
        ) -> Result<Value, CallError> {
            let answer = Answer::default();
            match operation {
                $($operation => {
                    let call = set
                        .$client()
                        .$call()
                        .customize()
                        .mutate_request(replace_body(input))
                        .interceptor(answer.clone())
                        .send();
                    Box::pin(call).await.map_err(failed(operation))?;
                })*
                _ => {
                    let help = "nothing calls it: add it to those that are read through the SDK";
                    return Err(refused(operation, "InvalidRequest", help));
                }
            }
            answer.to_look_at(operation)
        }
    };
}

through_sdk! {
    "application-autoscaling:DescribeScalableTargets": autoscaling.describe_scalable_targets,
    "codedeploy:GetDeploymentGroup": codedeploy.get_deployment_group,
    "codedeploy:GetDeploymentTarget": codedeploy.get_deployment_target,
    "codedeploy:ListApplications": codedeploy.list_applications,
    "codedeploy:ListDeploymentGroups": codedeploy.list_deployment_groups,
    "ecr:BatchGetImage": ecr.batch_get_image,
    "ecr:DescribeImages": ecr.describe_images,
    "ecr:DescribeRepositories": ecr.describe_repositories,
    "ecr:GetLifecyclePolicy": ecr.get_lifecycle_policy,
    "ecs:DescribeCapacityProviders": ecs.describe_capacity_providers,
    "ecs:DescribeServiceRevisions": ecs.describe_service_revisions,
    "ecs:DescribeServices": ecs.describe_services,
    "ecs:DescribeTaskDefinition": ecs.describe_task_definition,
    "ssm:GetParameter": ssm.get_parameter,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use towpath_taskdef::json;

    use super::*;
    use crate::json_api::SERVICES;

    /// The SDK crates that are built, by the services' names without hyphens.
    fn crates() -> BTreeSet<String> {
        let manifest = include_str!("../Cargo.toml");
        let named = manifest
            .lines()
            .filter_map(|line| line.strip_prefix("aws-sdk-"));
        let crates = named.filter_map(|line| line.split(['.', ' ', '=']).next());
        crates.map(str::to_owned).collect()
    }

    /// The services of which a source names an operation.
    fn called() -> BTreeSet<String> {
        let calls = json::parse(include_bytes!("../model/calls.json")).unwrap();
        let operations = calls["operations"].as_object().unwrap().keys();
        let services = operations.filter_map(|name| name.split(':').next());
        services.map(|name| name.replace('-', "")).collect()
    }

    #[test]
    fn each_service_that_is_called_has_an_sdk_crate_or_is_called_without_one_and_never_both() {
        let signed: BTreeSet<_> = SERVICES
            .iter()
            .map(|(name, _)| name.replace('-', ""))
            .collect();
        let both: Vec<_> = crates().intersection(&signed).cloned().collect();
        assert!(both.is_empty(), "{both:?} are called in two ways");
        let either: BTreeSet<_> = crates().union(&signed).cloned().collect();
        assert_eq!(called(), either);
    }

    #[test]
    fn what_is_read_is_what_is_listed() {
        assert!(is_readable("ecs:DescribeServices") && is_readable("iam:GetRole"));
        for unknown in [
            "ecs:ListServices",
            "lambda:GetPolicy",
            "s3:GetObject",
            "GetRole",
        ] {
            assert!(!is_readable(unknown), "{unknown}");
        }
        // The SDK is asked for nothing that another way serves.
        assert!(
            THROUGH_SDK
                .iter()
                .all(|operation| Api::of(operation).is_none())
        );
    }
}
