//! Whether the rendered definition still has the containers and ports to which the service sends
//! traffic: ECS and CodeDeploy find that out only when something is registered and begun.

use serde_json::Value;
use towpath_core::taskdef::TaskDefinition;

use super::Problem;
use crate::perform::service::{Service, list, text};

pub(super) fn check(service: &Service<'_>, rendered: &TaskDefinition) -> Result<(), Problem> {
    for (name, port) in service.traffic_targets() {
        let Some(container) = rendered.container(name) else {
            let known: Vec<_> = rendered.containers().filter_map(|it| it.name()).collect();
            return Err(format!(
                "the service sends traffic to the container `{name}`, which the task definition does not have, but {}; correct the service's load balancers, or the task definition",
                known.join(", ")
            )
            .into());
        };
        let definition = Value::Object(container.definition().clone());
        if let Some(port) = port.filter(|port| !maps(&definition, *port)) {
            return Err(format!(
                "the service sends traffic to port {port} of the container `{name}`, which the task definition does not map; map containerPort {port}, or correct the service's load balancers"
            )
            .into());
        }
    }
    Ok(())
}

/// Whether the container maps the port, by itself or in a range:
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html>.
fn maps(container: &Value, port: u64) -> bool {
    list(container, "portMappings").any(|mapping| {
        let range = text(mapping, "/containerPortRange")
            .and_then(|range| range.split_once('-'))
            .and_then(|(from, to)| Some(from.parse::<u64>().ok()?..=to.parse().ok()?));
        mapping.get("containerPort").and_then(Value::as_u64) == Some(port)
            || range.is_some_and(|range| range.contains(&port))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn checked(service: Value, container: Value) -> Result<(), String> {
        let document = json!({ "family": "api", "containerDefinitions": [container] });
        let rendered = TaskDefinition::from_register(document).unwrap();
        check(&Service(&service), &rendered).map_err(|problem| match problem {
            Problem::Misfit(reason) => reason,
            Problem::Call(error) => error.to_string(),
        })
    }

    fn app(mappings: Value) -> Value {
        json!({ "name": "app", "image": "app", "portMappings": mappings })
    }

    #[test]
    fn traffic_has_to_find_its_container_and_port() {
        let balancers = json!([{ "containerName": "app", "containerPort": 8080 }]);
        for service in [
            json!({ "loadBalancers": balancers }),
            json!({ "serviceRegistries": balancers }),
            json!({ "taskSets": [{ "status": "PRIMARY", "loadBalancers": balancers }] }),
        ] {
            let of = |container| checked(service.clone(), container);
            assert_eq!(of(app(json!([{ "containerPort": 8080 }]))), Ok(()));
            assert_eq!(
                of(app(json!([{ "containerPortRange": "8000-8100" }]))),
                Ok(())
            );
            let said = of(app(json!([{ "containerPort": 9090 }]))).unwrap_err();
            assert!(
                said.contains("does not map; map containerPort 8080"),
                "{said}"
            );
            let renamed = json!({ "name": "web", "image": "app" });
            let said = of(renamed).unwrap_err();
            assert!(
                said.contains("`app`, which the task definition does not have, but web"),
                "{said}"
            );
        }
        let headless = json!({ "serviceRegistries": [{ "registryArn": "r" }] });
        assert_eq!(checked(headless, app(json!([]))), Ok(()));
    }
}
