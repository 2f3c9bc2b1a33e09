//! What people should know of a service before they rely on what a stage waits for.

use std::fmt;

use towpath_taskdef::image::listed;

use crate::release::{Registration, Remark, ScalingState};

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Headless => f.write_str(
                "ECS shifts no traffic: no load balancer, Service Connect, VPC Lattice or gateway leads to the service, and its new tasks work as soon as they run",
            ),
            Self::TrafficUnknown => f.write_str(
                "what leads traffic to the service cannot be told: it shows none, and its service revision cannot be read",
            ),
            Self::NoTestTraffic => f.write_str(
                "there are checks after test traffic, but nothing is known to lead test traffic to green, as a test listener does: what they ask is not known to be green",
            ),
            Self::NoTestListener { of } => {
                let of = match of {
                    Registration::LoadBalancer => "a load balancer",
                    Registration::VpcLattice => "a VPC Lattice configuration",
                };
                write!(
                    f,
                    "there are checks after test traffic, but {of} of the service has no `testListenerRule` in its `advancedConfiguration`, so that no test listener leads to green: what they ask is not known to be green"
                )
            }
            Self::TestHeader { header } => write!(
                f,
                "there are checks after test traffic: Service Connect has no test listener, it leads requests with the header `{header}` to green, inside of its namespace only, which the hook function is not in; let a one-off task check, or a test listener of a load balancer"
            ),
            Self::TestTrafficRules => f.write_str(
                "there are checks after test traffic: the gateway's `testTrafficRules` name the header that leads a request to green; send it with the check, under `headers`",
            ),
            Self::SucceedsEarly => f.write_str(
                "ECS counts a deployment of the service as successful before all of its tasks are new (`earlySuccessCriteria`); the rollout is over when they are",
            ),
            Self::MayPause => f.write_str(
                "the service's deployments pause (a PAUSE lifecycle hook) until somebody answers with ContinueServiceDeployment: the rollout waits for that within its `timeout`",
            ),
            Self::ImageUnread { said, needs } => write!(
                f,
                "what the image is for cannot be read ({said}), and the service's tasks run on {needs}"
            ),
            Self::OnePlatform { image } => write!(
                f,
                "the image is for {} alone, and whether the service's instances are, nothing says: set `runtimePlatform` in the task definition",
                listed(image)
            ),
            Self::ScalingSuspended {
                target,
                desired,
                service,
            } => write!(
                f,
                "auto scaling was found suspended altogether, and stays so; to resume it, {}",
                target.way_to(ScalingState::default(), *desired, service)
            ),
            Self::ScalingLeft { target, desired } => {
                f.write_str(&target.left(*desired, false))
            }
        }
    }
}
