//! Resources and condition keys of ECS.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html>

use super::{At, Need, all, name_of, owned};

/// What a call of ECS needs.
pub(super) fn needs(at: &At<'_>, action: &str) -> Vec<Need> {
    let cluster = name_of(at.text("cluster").unwrap_or("default"));
    let cluster_arn = at.arn("ecs", &format!("cluster/{cluster}"));
    let within = |kind: &str, id: &str| {
        if id.starts_with("arn:") {
            id.to_owned()
        } else {
            at.arn("ecs", &format!("{kind}/{cluster}/{id}"))
        }
    };
    let definition = |id: &str| {
        if id.starts_with("arn:") {
            return id.to_owned();
        }
        let revision = if id.contains(':') { "" } else { ":*" };
        at.arn("ecs", &format!("task-definition/{id}{revision}"))
    };
    let resources = match at.0.operation.as_str() {
        "UpdateService" | "DeleteService" | "ListServiceDeployments" => {
            at.text("service").map(|id| vec![within("service", id)])
        }
        "CreateService" => at.text("serviceName").map(|id| vec![within("service", id)]),
        "DescribeServices" => Some(
            at.list("services")
                .iter()
                .map(|id| within("service", id))
                .collect(),
        ),
        "DescribeServiceDeployments" => Some(owned(at.list("serviceDeploymentArns"))),
        "DescribeServiceRevisions" => Some(owned(at.list("serviceRevisionArns"))),
        "StopServiceDeployment" | "ContinueServiceDeployment" => at.one("serviceDeploymentArn"),
        "DescribeTasks" => Some(
            at.list("tasks")
                .iter()
                .map(|id| within("task", id))
                .collect(),
        ),
        "StopTask" => at.text("task").map(|id| vec![within("task", id)]),
        "RunTask" => at.text("taskDefinition").map(|id| vec![definition(id)]),
        "RegisterTaskDefinition" => {
            let family = at.text("family").unwrap_or_default();
            Some(vec![at.arn("ecs", &format!("task-definition/{family}:*"))])
        }
        "DeleteTaskDefinitions" => Some(
            at.list("taskDefinitions")
                .into_iter()
                .map(definition)
                .collect(),
        ),
        "DescribeTaskSets" => at.text("service").map(|id| vec![within("service", id)]),
        "DescribeClusters" | "DeleteCluster" | "UpdateCluster" => {
            at.text("cluster").map(|_| vec![cluster_arn.clone()])
        }
        "TagResource" | "UntagResource" | "ListTagsForResource" => at.one("resourceArn"),
        "ExecuteCommand" => at.text("task").map(|id| vec![within("task", id)]),
        // DescribeTaskDefinition, DeregisterTaskDefinition, the lists of families and services:
        // no resource-level permissions. ListTasks and ListServices are limited by `ecs:cluster`.
        _ => None,
    };
    all(action, resources)
        .into_iter()
        .map(|need| {
            need.with("ecs:cluster", Some(&cluster_arn)).with(
                "ecs:service",
                at.text("service")
                    .map(|id| within("service", id))
                    .as_deref(),
            )
        })
        .collect()
}
