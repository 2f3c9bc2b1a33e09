//! What a plan is asked for.

use std::collections::BTreeSet;

use towpath_core::names::{StageName, TaskDefinitionArn};
use towpath_core::pipeline::{Base, EngineSettings, NamedContainers};
use towpath_core::release::{Action, Changes, Checkpoints, Image, Place};
use towpath_taskdef::image::Platform;

/// What [`Action::Plan`] asks about.
pub(in crate::perform) struct Request<'a> {
    pub(in crate::perform) stage: &'a StageName,
    pub(in crate::perform) place: &'a Place,
    pub(in crate::perform) engine: &'a EngineSettings,
    pub(in crate::perform) base: &'a Base,
    pub(in crate::perform) changes: &'a Changes,
    pub(in crate::perform) containers: &'a NamedContainers,
    pub(in crate::perform) checkpoints: &'a Checkpoints,
    pub(in crate::perform) scaling: bool,
    /// The revision to bring back, if the rollout is a rollback.
    pub(in crate::perform) back_to: Option<&'a TaskDefinitionArn>,
    /// The image that is rolled out.
    pub(in crate::perform) image: &'a Image,
    /// What the image is for, if that is known already.
    pub(in crate::perform) platforms: &'a BTreeSet<Platform>,
    /// Whether nothing is going to be started, so that the image may be yet to be pushed.
    pub(in crate::perform) rehearsed: bool,
}

impl<'a> Request<'a> {
    /// What an action asks about, if it is one that plans.
    pub(in crate::perform) fn of(action: &'a Action) -> Option<Self> {
        let Action::Plan {
            stage,
            place,
            engine,
            base,
            changes,
            containers,
            checkpoints,
            scaling,
            back_to,
            image,
            platforms,
        } = action
        else {
            return None;
        };
        Some(Self {
            stage,
            place,
            engine,
            base,
            changes,
            containers,
            checkpoints,
            scaling: *scaling,
            back_to: back_to.as_ref(),
            image,
            platforms,
            rehearsed: false,
        })
    }
}
