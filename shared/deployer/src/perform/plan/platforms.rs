//! Whether the image is for what the service's tasks run on. One that is not is pulled in vain, or
//! exits at once with `exec format error`:
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html>.

use std::collections::BTreeSet;

use towpath_core::release::{Misfit, Remark};
use towpath_taskdef::TaskDefinition;
use towpath_taskdef::image::Platform;

use super::Request;
use crate::ports::{CallError, Ports};
use crate::service::{Service, is_on_fargate};

/// What the release's image is for.
pub(super) struct Platforms {
    /// None where it is not known.
    pub(super) known: BTreeSet<Platform>,
    /// Why it is not known, if that is worth a word.
    unread: Option<String>,
}

/// Reads what the image is for, unless that is known, or the rollout is tried whatever it is for.
pub(super) async fn read<P: Ports>(
    ports: &P,
    request: &Request<'_>,
) -> Result<Platforms, CallError> {
    let known = |known| Platforms {
        known,
        unread: None,
    };
    if request.asked.back_to.is_some() || !request.asked.platforms.is_empty() {
        return Ok(known(request.asked.platforms.clone()));
    }
    let image = &request.asked.image;
    let read = ports.image_platforms(&image.registry, &image.repository, &image.digest);
    match read.await {
        Ok(platforms) => Ok(known(platforms)),
        // Whoever may not look, or cannot, is told so, and not kept from deploying.
        Err(error @ (CallError::Refused { .. } | CallError::Unknown { .. })) => Ok(Platforms {
            known: BTreeSet::new(),
            unread: Some(error.to_string()),
        }),
        Err(error @ CallError::NotDone { .. }) => Err(error),
    }
}

impl Platforms {
    /// Holds the image against what the service's tasks run on: what people should know of it.
    ///
    /// # Errors
    /// Why no task of it would work.
    pub(super) fn check(
        &self,
        service: &Service<'_>,
        definition: &TaskDefinition,
    ) -> Result<Option<Remark>, Misfit> {
        let needs = definition.platform(is_on_fargate(service.0));
        if needs.are_unmet_by(&self.known) {
            return Err(Misfit::Platform {
                image: self.known.clone(),
                needs: needs.to_string(),
            });
        }
        if let Some(why) = &self.unread {
            return Ok(Some(Remark::ImageUnread {
                said: why.clone(),
                needs: needs.to_string(),
            }));
        }
        // An image for several is taken to be for these.
        let single = self.known.len() == 1 && needs.is_unknown();
        Ok(single.then(|| Remark::OnePlatform {
            image: self.known.clone(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn checked(of: &[&str], service: Value, runtime: Value) -> Result<Option<String>, String> {
        let document = json!({ "family": "api", "containerDefinitions": [],
            "runtimePlatform": runtime });
        let definition = TaskDefinition::from_register(document).unwrap();
        let platforms = Platforms {
            known: of.iter().map(|it| it.parse().unwrap()).collect(),
            unread: of.is_empty().then(|| "AccessDeniedException".to_owned()),
        };
        let found = platforms.check(&Service(&service), &definition);
        let found = found.map_err(|misfit| misfit.to_string())?;
        Ok(found.map(|remark| remark.to_string()))
    }

    #[test]
    fn an_image_has_to_be_for_what_tasks_run_on() {
        let fargate = json!({ "launchType": "FARGATE" });
        let spot = json!({ "capacityProviderStrategy": [{ "capacityProvider": "FARGATE" },
            { "capacityProvider": "FARGATE_SPOT" }] });
        let by_codedeploy =
            json!({ "taskSets": [{ "status": "PRIMARY", "launchType": "FARGATE" }] });
        let instances = json!({ "launchType": "EC2" });
        let own = json!({ "capacityProviderStrategy": [{ "capacityProvider": "FARGATE" },
            { "capacityProvider": "big-instances" }] });
        let arm = json!({ "cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX" });
        let x86 = json!({ "cpuArchitecture": "X86_64" });
        for (of, service, runtime, refused) in [
            (&["linux/amd64"][..], &fargate, Value::Null, false),
            (&["linux/arm64"], &fargate, Value::Null, true),
            (&["linux/arm64"], &spot, Value::Null, true),
            (&["linux/arm64"], &by_codedeploy, Value::Null, true),
            (&["linux/arm64"], &fargate, arm.clone(), false),
            (&["linux/amd64"], &fargate, arm.clone(), true),
            (
                &["linux/amd64", "linux/arm64"],
                &fargate,
                arm.clone(),
                false,
            ),
            (&["windows/amd64"], &fargate, Value::Null, true),
            (&["linux/amd64"], &instances, arm, true),
            (&["linux/arm64"], &own, x86, true),
            (&["linux/arm64"], &own, Value::Null, false),
        ] {
            let found = checked(of, service.clone(), runtime.clone());
            assert_eq!(
                found.is_err(),
                refused,
                "{of:?} {service} {runtime}: {found:?}"
            );
        }
        let said = checked(&["linux/arm64"], fargate, Value::Null).unwrap_err();
        assert_eq!(
            said,
            "the image is for linux/arm64, and the service's tasks run on linux/amd64, so that none of it would start: build it for linux/amd64 (docker build --platform), and push it under another tag, or correct `runtimePlatform` in the task definition"
        );
    }

    #[test]
    fn what_is_not_known_is_told() {
        let instances = json!({ "launchType": "EC2" });
        let said = checked(&["linux/arm64"], instances.clone(), Value::Null);
        let said = said.unwrap().unwrap();
        assert!(said.contains("linux/arm64 alone"), "{said}");
        let both = checked(&["linux/amd64", "linux/arm64"], instances, Value::Null);
        assert_eq!(both, Ok(None));
        let said = checked(&[], json!({ "launchType": "FARGATE" }), Value::Null);
        let said = said.unwrap().unwrap();
        assert!(
            said.contains("cannot be read (AccessDeniedException)"),
            "{said}"
        );
    }
}
