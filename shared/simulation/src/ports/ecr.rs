//! Amazon ECR: the lab's answers, read as the adapter reads AWS's.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};
use towpath_deployer::ports::{CallError, Ecr, ImageDetail, ImageState};
use towpath_taskdef::image::{Digest, Manifest, Platform, Registry, RepositoryName, Tag};

use super::Port;
use super::ecs::{parsed, seconds};
use crate::fate::How;
use crate::simulation::{Simulation, refused};

const DESCRIBE: &str = "ecr:DescribeImages";
const GET: &str = "ecr:BatchGetImage";

impl Port {
    fn ecr(
        &self,
        simulation: &mut Simulation,
        registry: &Registry,
        named: &'static str,
        input: &Value,
    ) -> Result<Value, CallError> {
        let operation = named.strip_prefix("ecr:").unwrap_or(named);
        let Some(whose) = registry.as_ecr() else {
            return Err(CallError::Refused {
                operation: named,
                code: "UnsupportedRegistry".into(),
                message: format!("{registry} is not a private ECR registry"),
            });
        };
        let mut input = input.clone();
        input["registryId"] = json!(whose.account);
        let at = (whose.account, whose.region);
        simulation
            .aws(at, "root", ("ecr", operation), &input)
            .map_err(|error| refused(named, error))
    }
}

impl Ecr for Port {
    async fn image_by_tag(
        &self,
        registry: &Registry,
        repository: &RepositoryName,
        tag: &Tag,
    ) -> Result<Option<ImageDetail>, CallError> {
        let input = json!({ "repositoryName": repository, "imageIds": [{ "imageTag": tag }] });
        self.call(DESCRIBE, How::ReadNow, |simulation, _| {
            match self.ecr(simulation, registry, DESCRIBE, &input) {
                Ok(answer) => answer["imageDetails"].get(0).map(detail).transpose(),
                Err(error) if error.code() == Some("ImageNotFoundException") => Ok(None),
                Err(error) => Err(error),
            }
        })
        .await
    }

    async fn image_states(
        &self,
        registry: &Registry,
        repository: &RepositoryName,
        digests: &[Digest],
    ) -> Result<Option<BTreeMap<Digest, ImageState>>, CallError> {
        self.call(DESCRIBE, How::ReadNow, |simulation, _| {
            let mut states = BTreeMap::new();
            for digest in digests {
                let input = json!({ "repositoryName": repository,
                    "imageIds": [{ "imageDigest": digest }] });
                match self.ecr(simulation, registry, DESCRIBE, &input) {
                    Ok(answer) => {
                        let state = match answer["imageDetails"][0]["imageStatus"].as_str() {
                            Some("ARCHIVED") => ImageState::Archived,
                            Some("ACTIVATING") => ImageState::Activating,
                            Some(_) | None => ImageState::Active,
                        };
                        states.insert(*digest, state);
                    }
                    Err(error) if error.code() == Some("ImageNotFoundException") => {}
                    Err(CallError::Refused { .. }) => return Ok(None),
                    Err(error) => return Err(error),
                }
            }
            Ok(Some(states))
        })
        .await
    }

    async fn image_platforms(
        &self,
        registry: &Registry,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<BTreeSet<Platform>, CallError> {
        let input =
            json!({ "repositoryName": repository, "imageIds": [{ "imageDigest": digest }] });
        self.call(GET, How::ReadNow, |simulation, _| {
            let found = self.ecr(simulation, registry, GET, &input)?;
            let Some(text) = found["images"][0]["imageManifest"].as_str() else {
                return Ok(BTreeSet::new());
            };
            let manifest: Value = serde_json::from_str(text).unwrap_or_default();
            Ok(match Manifest::of(&manifest) {
                Manifest::Index(platforms) => platforms,
                Manifest::Image(config) => {
                    let config = simulation.aws.blob(&config.to_string()).unwrap_or("{}");
                    let config: Value = serde_json::from_str(config).unwrap_or_default();
                    Platform::of_config(&config).into_iter().collect()
                }
                Manifest::Silent => BTreeSet::new(),
            })
        })
        .await
    }

    async fn pushed_since(
        &self,
        registry: &Registry,
        repository: &RepositoryName,
        since: Timestamp,
    ) -> Result<Vec<ImageDetail>, CallError> {
        let input = json!({ "repositoryName": repository, "filter": { "tagStatus": "TAGGED" },
            "maxResults": 1000 });
        self.call(DESCRIBE, How::ReadNow, |simulation, _| {
            let answer = self.ecr(simulation, registry, DESCRIBE, &input)?;
            let listed = answer["imageDetails"].as_array().into_iter().flatten();
            let mut found = listed.map(detail).collect::<Result<Vec<_>, CallError>>()?;
            found.retain(|image| image.pushed_at >= since);
            Ok(found)
        })
        .await
    }
}

fn detail(image: &Value) -> Result<ImageDetail, CallError> {
    let tags = image["imageTags"].as_array().into_iter().flatten();
    Ok(ImageDetail {
        digest: parsed(DESCRIBE, &image["imageDigest"])?,
        tags: tags
            .map(|tag| parsed(DESCRIBE, tag))
            .collect::<Result<_, _>>()?,
        pushed_at: seconds(&image["imagePushedAt"]).unwrap_or_default(),
    })
}
