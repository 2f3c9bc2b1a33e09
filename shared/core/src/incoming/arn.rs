//! ARNs of what ECS has:
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html#amazonelasticcontainerservice-resources-for-iam-policies>.

use super::ReadError;
use crate::names::{AccountId, ClusterName, Region, ServiceName};

/// The parts of an ARN of ECS that Towpath looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EcsArn {
    pub(super) account: AccountId,
    pub(super) region: Region,
    pub(super) resource: EcsResource,
}

/// What an ARN of ECS names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum EcsResource {
    /// The cluster is absent from the old form, `service/<name>`, which services that were created
    /// before the long ARNs may still have.
    Service(Option<ClusterName>, ServiceName),
    ServiceDeployment(ClusterName, ServiceName),
    ServiceRevision(ClusterName, ServiceName),
}

impl EcsArn {
    pub(super) fn read(text: &str) -> Result<Self, ReadError> {
        let not_one = || ReadError::malformed(format!("`{text}` is not an ARN of ECS"));
        let mut parts = text.splitn(6, ':');
        let (
            Some("arn"),
            Some(partition),
            Some("ecs"),
            Some(region),
            Some(account),
            Some(resource),
        ) = (
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
        )
        else {
            return Err(not_one());
        };
        if !partition.starts_with("aws") {
            return Err(not_one());
        }
        Ok(Self {
            account: account.parse().map_err(|_| not_one())?,
            region: region.parse().map_err(|_| not_one())?,
            resource: EcsResource::read(resource).ok_or_else(not_one)?,
        })
    }
}

impl EcsResource {
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let kind = parts.next()?;
        let names: Vec<&str> = parts.collect();
        match (kind, names.as_slice()) {
            ("service", [service]) => Some(Self::Service(None, service.parse().ok()?)),
            ("service", [cluster, service]) => Some(Self::Service(
                Some(cluster.parse().ok()?),
                service.parse().ok()?,
            )),
            ("service-deployment", [cluster, service, id]) if !id.is_empty() => Some(
                Self::ServiceDeployment(cluster.parse().ok()?, service.parse().ok()?),
            ),
            ("service-revision", [cluster, service, id]) if !id.is_empty() => Some(
                Self::ServiceRevision(cluster.parse().ok()?, service.parse().ok()?),
            ),
            (_, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: &str = "arn:aws:ecs:us-west-2:111122223333";

    fn resource(text: &str) -> EcsResource {
        EcsArn::read(&format!("{PLACE}:{text}")).unwrap().resource
    }

    #[test]
    fn each_resource_is_told_by_its_arn() {
        let cluster = || "shop".parse().unwrap();
        let service = || "api".parse().unwrap();
        for (text, expected) in [
            ("service/api", EcsResource::Service(None, service())),
            (
                "service/shop/api",
                EcsResource::Service(Some(cluster()), service()),
            ),
            (
                "service-deployment/shop/api/EZe5RNVL",
                EcsResource::ServiceDeployment(cluster(), service()),
            ),
            (
                "service-revision/shop/api/931342351",
                EcsResource::ServiceRevision(cluster(), service()),
            ),
        ] {
            assert_eq!(resource(text), expected);
        }
    }

    #[test]
    fn other_partitions_have_the_same_arns() {
        let arn = EcsArn::read("arn:aws-cn:ecs:cn-north-1:111122223333:service/shop/api").unwrap();
        assert_eq!(arn.region.as_str(), "cn-north-1");
        assert_eq!(arn.account.as_str(), "111122223333");
    }

    #[test]
    fn what_is_no_arn_of_ecs_is_refused() {
        for text in [
            "",
            "arn",
            "arn:aws:ecs:us-west-2:111122223333",
            "arn:aws:ecr:us-west-2:111122223333:service/shop/api",
            "arn:aws:ecs::111122223333:service/shop/api",
            "arn:aws:ecs:us-west-2:me:service/shop/api",
            "arn:gcp:ecs:us-west-2:111122223333:service/shop/api",
            "arn:aws:ecs:us-west-2:111122223333:service/shop/api/more",
            "arn:aws:ecs:us-west-2:111122223333:service/shop/",
            "arn:aws:ecs:us-west-2:111122223333:service-deployment/shop/api/",
            "arn:aws:ecs:us-west-2:111122223333:task/shop/0123abcd",
            "arn:aws:ecs:us-west-2:111122223333:container-instance/shop/0123",
            "arn:aws:ecs:us-west-2:111122223333:service/shop/a\u{202e}pi",
        ] {
            assert!(EcsArn::read(text).is_err(), "{text}");
        }
    }
}
