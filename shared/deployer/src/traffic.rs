//! What brings requests to a service's tasks, and so what ECS shifts from blue to green:
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-implementation.html>.

use std::fmt;

use serde_json::Value;
use towpath_core::pipeline::HookPoint;
use towpath_core::release::{Checkpoints, Place, Registration, Remark};

use crate::ports::{CallError, Ports};
use crate::service::{Service, list, text};

/// One of the ways in which requests come to a service's tasks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrafficMechanism {
    /// Elastic Load Balancing.
    LoadBalancer {
        /// Whether green can be reached by a test listener before it serves.
        tested: bool,
    },
    /// ECS Service Connect.
    ServiceConnect {
        /// The header that leads a request to green before it serves.
        header: String,
    },
    VpcLattice {
        /// Whether green can be reached by a test listener before it serves.
        tested: bool,
    },
    /// An ECS gateway, which has its own load balancer.
    Gateway,
    /// None: tasks look for their work themselves, as those of a queue do.
    Headless,
    /// It cannot be told.
    Unknown,
}

/// The header by which Service Connect recognises test traffic, unless it is told of another:
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-blue-green.html>.
const TEST_HEADER: &str = "x-amzn-ecs-blue-green-test";

impl TrafficMechanism {
    /// The mechanisms of a service as DescribeServices shows it, and of its service revision as
    /// DescribeServiceRevisions does: a gateway's connectors are shown there only. There is always
    /// one.
    #[must_use]
    pub fn of(service: &Value, revision: Option<&Value>) -> Vec<Self> {
        let mut found = Self::shown_by(service);
        // Newer ones may be shown by the service as well.
        let connected = [Some(service), revision]
            .into_iter()
            .flatten()
            .any(|it| list(it, "gatewayConnectors").next().is_some());
        if connected {
            found.push(Self::Gateway);
        }
        if found.is_empty() {
            found.push(match revision {
                Some(_) => Self::Headless,
                None => Self::Unknown,
            });
        }
        found
    }

    fn shown_by(service: &Value) -> Vec<Self> {
        let mut found = Vec::new();
        let balancers: Vec<_> = Service(service).load_balancers().collect();
        if !balancers.is_empty() {
            let tested = balancers.iter().all(|it| is_tested(it));
            found.push(Self::LoadBalancer { tested });
        }
        let connect = Service(service).service_connect().unwrap_or(&Value::Null);
        if list(connect, "services").next().is_some() {
            let header = list(connect, "services")
                .flat_map(|it| list(it, "clientAliases"))
                .find_map(|it| text(it, "/testTrafficRules/header/name"))
                .unwrap_or(TEST_HEADER);
            found.push(Self::ServiceConnect {
                header: header.to_owned(),
            });
        }
        let lattices: Vec<_> = Service(service).lattices().collect();
        if !lattices.is_empty() {
            let tested = lattices.iter().all(|it| is_tested(it));
            found.push(Self::VpcLattice { tested });
        }
        found
    }
}

fn is_tested(of: &Value) -> bool {
    text(of, "/advancedConfiguration/testListenerRule").is_some()
}

impl fmt::Display for TrafficMechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LoadBalancer { .. } => "ECS shifts the traffic of its load balancer",
            Self::ServiceConnect { .. } => "ECS shifts the traffic of Service Connect",
            Self::VpcLattice { .. } => "ECS shifts the traffic of VPC Lattice",
            Self::Gateway => "ECS shifts the traffic of its gateway",
            Self::Headless => return Remark::Headless.fmt(f),
            Self::Unknown => return Remark::TrafficUnknown.fmt(f),
        })
    }
}

/// The mechanisms of a service, and its revision, which is looked at where the service shows none.
pub(crate) async fn of_service<P: Ports>(
    ports: &P,
    place: &Place,
    service: &Value,
) -> Result<(Vec<TrafficMechanism>, Option<Value>), CallError> {
    if !TrafficMechanism::shown_by(service).is_empty() {
        return Ok((TrafficMechanism::of(service, None), None));
    }
    let revision = match current_revision(service) {
        Some(arn) => match ports.service_revision(place, arn).await {
            // Whoever may not look is told so, and not kept from deploying.
            Err(CallError::Refused { .. }) => None,
            found => found?,
        },
        None => None,
    };
    Ok((TrafficMechanism::of(service, revision.as_ref()), revision))
}

/// The ARN of the service revision that a service runs, as DescribeServices shows it.
#[must_use]
pub fn current_revision(service: &Value) -> Option<&str> {
    list(service, "currentServiceRevisions").find_map(|it| text(it, "/arn"))
}

/// What people should know of how traffic moves before they rely on what a stage waits for.
#[must_use]
pub fn remarks(traffic: &[TrafficMechanism], checkpoints: &Checkpoints) -> Vec<Remark> {
    let checked = checkpoints
        .hooks
        .iter()
        .any(|point| matches!(point, HookPoint::AfterTestTraffic));
    let no_listener = |of| Remark::NoTestListener { of };
    let mut remarks = Vec::new();
    for mechanism in traffic {
        match mechanism {
            TrafficMechanism::Headless => remarks.push(Remark::Headless),
            TrafficMechanism::Unknown => remarks.push(Remark::TrafficUnknown),
            TrafficMechanism::LoadBalancer { .. }
            | TrafficMechanism::VpcLattice { .. }
            | TrafficMechanism::ServiceConnect { .. }
            | TrafficMechanism::Gateway => {}
        }
        if !checked {
            continue;
        }
        match mechanism {
            TrafficMechanism::Headless | TrafficMechanism::Unknown => {
                remarks.push(Remark::NoTestTraffic);
            }
            TrafficMechanism::LoadBalancer { tested: false } => {
                remarks.push(no_listener(Registration::LoadBalancer));
            }
            TrafficMechanism::VpcLattice { tested: false } => {
                remarks.push(no_listener(Registration::VpcLattice));
            }
            TrafficMechanism::ServiceConnect { header } => remarks.push(Remark::TestHeader {
                header: header.clone(),
            }),
            TrafficMechanism::Gateway => remarks.push(Remark::TestTrafficRules),
            TrafficMechanism::LoadBalancer { tested: true }
            | TrafficMechanism::VpcLattice { tested: true } => {}
        }
    }
    remarks
}

#[cfg(test)]
mod tests;
