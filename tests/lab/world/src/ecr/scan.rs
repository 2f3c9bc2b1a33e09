//! Basic image scanning: on push or by hand, finished some seconds later.
//!
//! <https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-basic.html>

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Image, events, image_id};
use crate::{
    World,
    call::{Answer, ApiError, Call, Place, epoch, put},
    timers::{Timer, later, seconds},
};

/// How long a scan takes.
const DURATION_SECONDS: u64 = 10;

/// The scan of one image.
#[derive(Clone, Debug, Default)]
pub(super) struct Scan {
    /// What the scan finds: severity → count.
    counts: BTreeMap<String, u64>,
    progress: Progress,
}

#[derive(Clone, Copy, Debug, Default)]
enum Progress {
    #[default]
    NotStarted,
    Running,
    Complete(Timestamp),
}

/// The scan of this image ends.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ScanTimer {
    repository: (Place, String),
    digest: String,
}

pub(super) fn on_push(world: &mut World, key: &(Place, String), digest: &str) {
    if world
        .ecr
        .repositories
        .get(key)
        .is_some_and(|held| held.scan_on_push)
    {
        begin(world, key, digest);
    }
}

pub(super) fn start(world: &mut World, call: &Call) -> Answer {
    let repository = world.ecr.find(call)?;
    let image = repository.find(call.input.get("imageId").unwrap_or(&Value::Null))?;
    let digest = image.digest.clone();
    let tag = image.tags.first().cloned();
    let key = (repository.place.clone(), repository.name.clone());
    begin(world, &key, &digest);
    Ok(json!({
        "registryId": key.0.account,
        "repositoryName": key.1,
        "imageId": image_id(Some(&digest), tag.as_deref()),
        "imageScanStatus": {"status": "IN_PROGRESS"},
    }))
}

pub(super) fn findings(world: &mut World, call: &Call) -> Answer {
    let repository = world.ecr.find(call)?;
    let image = repository.find(call.input.get("imageId").unwrap_or(&Value::Null))?;
    let status = image.scan.as_ref().and_then(Scan::status).ok_or_else(|| {
        ApiError::new(
            "ScanNotFoundException",
            format!(
                "Image scan does not exist for the image with '{{imageDigest:'{}'}}' in the repository with name '{}' in the registry with id '{}'",
                image.digest, repository.name, repository.place.account
            ),
        )
    })?;
    let mut answer = json!({
        "registryId": repository.place.account,
        "repositoryName": repository.name,
        "imageId": image_id(Some(&image.digest), image.tags.first().map(String::as_str)),
        "imageScanStatus": status,
    });
    if let Some(scan) = &image.scan {
        put(&mut answer, "imageScanFindings", scan.detailed());
    }
    Ok(answer)
}

fn begin(world: &mut World, key: &(Place, String), digest: &str) {
    let Some(image) = find(world, key, digest) else {
        return;
    };
    image.scan.get_or_insert_default().progress = Progress::Running;
    let timer = ScanTimer {
        repository: key.clone(),
        digest: digest.to_owned(),
    };
    world.timers.set(
        later(world.now, seconds(DURATION_SECONDS)),
        Timer::Scan(timer),
    );
}

/// The scan is through: remember its result and tell EventBridge.
pub(crate) fn finish(world: &mut World, timer: &ScanTimer) {
    let now = world.now;
    let Some(image) = find(world, &timer.repository, &timer.digest) else {
        return;
    };
    let scan = image.scan.get_or_insert_default();
    scan.progress = Progress::Complete(now);
    let counts = json!(scan.counts);
    events::scanned(world, &timer.repository, &timer.digest, &counts);
}

fn find<'a>(world: &'a mut World, key: &(Place, String), digest: &str) -> Option<&'a mut Image> {
    let repository = world.ecr.repositories.get_mut(key)?;
    repository
        .images
        .iter_mut()
        .find(|image| image.digest == digest)
}

impl Scan {
    /// A scan that will find these counts. Levels without findings do not appear in the results.
    pub(super) fn expecting(findings: &BTreeMap<String, u64>) -> Self {
        Self {
            counts: findings
                .iter()
                .filter(|(_, count)| **count > 0)
                .map(|(level, count)| (level.clone(), *count))
                .collect(),
            progress: Progress::NotStarted,
        }
    }

    pub(super) fn status(&self) -> Option<Value> {
        match self.progress {
            Progress::NotStarted => None,
            Progress::Running => Some(json!({"status": "IN_PROGRESS"})),
            Progress::Complete(_) => Some(json!({
                "status": "COMPLETE",
                "description": "The scan was completed successfully.",
            })),
        }
    }

    pub(super) fn summary(&self) -> Option<Value> {
        match self.progress {
            Progress::NotStarted | Progress::Running => None,
            Progress::Complete(at) => Some(json!({
                "imageScanCompletedAt": epoch(at),
                "vulnerabilitySourceUpdatedAt": epoch(at),
                "findingSeverityCounts": self.counts,
            })),
        }
    }

    fn detailed(&self) -> Option<Value> {
        let mut summary = self.summary()?;
        let mut findings = Vec::new();
        for (level, count) in &self.counts {
            for number in 1..=(*count).min(100) {
                findings.push(json!({
                    "name": format!("CVE-0000-{level}-{number}"),
                    "severity": level,
                    "uri": format!("https://example.invalid/{level}/{number}"),
                    "attributes": [],
                }));
            }
        }
        put(&mut summary, "findings", Some(findings));
        Some(summary)
    }
}
