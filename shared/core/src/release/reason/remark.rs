//! What people should know of a service before they rely on what a stage waits for.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use towpath_taskdef::image::Platform;

use super::Registration;
use crate::release::{ScalableTarget, ServiceId};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Remark {
    /// Nothing leads traffic to the service, so that ECS shifts none.
    Headless,
    /// What leads traffic to it cannot be told.
    TrafficUnknown,
    /// There are checks after test traffic, and nothing is known to lead that to green.
    NoTestTraffic,
    /// There are checks after test traffic, and no test listener leads to green.
    NoTestListener { of: Registration },
    /// There are checks after test traffic, and Service Connect leads it to green inside of its
    /// namespace only.
    TestHeader { header: String },
    /// There are checks after test traffic, and the gateway leads it to green by a header.
    TestTrafficRules,
    /// ECS calls a deployment successful before all of its tasks are new.
    SucceedsEarly,
    /// Its deployments wait for somebody.
    MayPause,
    /// What the image is for cannot be read.
    ImageUnread {
        /// Why not.
        said: String,
        /// What the service's tasks run on.
        needs: String,
    },
    /// The image is for one platform, and what the service's tasks run on is not known.
    OnePlatform {
        /// What it is for.
        image: BTreeSet<Platform>,
    },
    /// Auto scaling was found suspended altogether, and stays so.
    ScalingSuspended {
        target: ScalableTarget,
        /// The number of tasks that the service wants.
        desired: u32,
        service: ServiceId,
    },
    /// Auto scaling is not suspended: that would change the number of tasks.
    ScalingLeft {
        target: ScalableTarget,
        /// The number of tasks that the service wants.
        desired: u32,
    },
}
