//! Whether ECS could pull the images that a rollout is about: that they are there does not say so.
//! <https://docs.aws.amazon.com/AmazonECR/latest/userguide/archive_restore_image.html>

use std::collections::BTreeMap;

use towpath_core::release::{ImageProblem, Misfit};
use towpath_taskdef::TaskDefinition;
use towpath_taskdef::image::{Digest, ImageRef, Registry, RepositoryName};

use super::Request;
use crate::ports::{CallError, ImageState, Ports};

/// How the images stand; what cannot be asked is taken to be there.
pub(super) struct Pulls {
    own: (String, Standing),
    running: Vec<(String, Standing)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It can be pulled, or that cannot be asked.
    Fine,
    Not(ImageProblem),
}

/// Asks how the release's image stands, and those that it replaces: once for all of a repository.
pub(super) async fn check_image<P: Ports>(
    ports: &P,
    request: &Request<'_>,
    running: &TaskDefinition,
) -> Result<Pulls, CallError> {
    let image = &request.asked.image;
    let own = (
        image.registry.clone(),
        image.repository.clone(),
        image.digest,
    );
    let mut replaced = replaced(request, running);
    // What is rolled out is looked at itself.
    replaced.retain(|(_, of)| of.2 != image.digest);
    let mut asked: BTreeMap<String, Vec<Of>> = BTreeMap::new();
    for of in std::iter::once(&own).chain(replaced.iter().map(|(_, of)| of)) {
        let repository = asked.entry(format!("{}/{}", of.0, of.1)).or_default();
        if !repository.contains(of) {
            repository.push(of.clone());
        }
    }
    let mut known = BTreeMap::new();
    for (repository, images) in &asked {
        let digests: Vec<_> = images.iter().map(|of| of.2).collect();
        let Some((registry, name, _)) = images.first() else {
            continue;
        };
        let states = ports.image_states(registry, name, &digests).await?;
        known.insert(repository.clone(), states);
    }
    let standing = |of: &Of| match known.get(&format!("{}/{}", of.0, of.1)) {
        None | Some(None) => Standing::Fine,
        Some(Some(states)) => match states.get(&of.2) {
            None => Standing::Not(ImageProblem::Gone),
            Some(ImageState::Active) => Standing::Fine,
            Some(ImageState::Archived) => Standing::Not(ImageProblem::Archived),
            Some(ImageState::Activating) => Standing::Not(ImageProblem::Activating),
        },
    };
    Ok(Pulls {
        own: (format!("{}/{}@{}", own.0, own.1, own.2), standing(&own)),
        running: replaced
            .into_iter()
            .map(|(shown, of)| (shown, standing(&of)))
            .collect(),
    })
}

/// An image, by where it is.
type Of = (Registry, RepositoryName, Digest);

/// The images that the pipeline replaces, as the running definition names them by digest.
fn replaced(request: &Request<'_>, running: &TaskDefinition) -> Vec<(String, Of)> {
    let named = |name: Option<&str>| {
        let mut containers = request.asked.changes.images.keys();
        containers.any(|of| Some(of.as_str()) == name)
    };
    let containers = running.containers().filter(|it| named(it.name()));
    let images = containers.filter_map(|container| {
        let image: ImageRef = container.image()?.parse().ok()?;
        let of = (
            image.registry().clone(),
            image.repository().clone(),
            image.digest()?,
        );
        Some((image.to_string(), of))
    });
    let mut images: Vec<_> = images.collect();
    images.sort_by(|(left, _), (right, _)| left.cmp(right));
    images.dedup();
    images
}

impl Pulls {
    /// Why the release's image could not be pulled, if so. One that is gone may be yet to be pushed
    /// where nothing is started.
    pub(super) fn of_the_release(&self, rehearsed: bool) -> Option<Misfit> {
        let (image, Standing::Not(problem)) = &self.own else {
            return None;
        };
        if rehearsed && *problem == ImageProblem::Gone {
            return None;
        }
        Some(Misfit::Image {
            image: image.clone(),
            problem: *problem,
        })
    }

    /// One of the images that are replaced, and why it could not be pulled, if so.
    pub(super) fn of_running(&self) -> Option<(String, ImageProblem)> {
        self.running
            .iter()
            .find_map(|(image, standing)| match standing {
                Standing::Fine => None,
                Standing::Not(problem) => Some((image.clone(), *problem)),
            })
    }
}
