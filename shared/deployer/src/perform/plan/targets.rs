//! Whether the rendered definition still has the containers and ports to which the service sends
//! traffic, and the names by which it knows ports: ECS and CodeDeploy find that out only when something
//! is registered and begun.

use serde_json::Value;
use towpath_core::release::Misfit;
use towpath_taskdef::TaskDefinition;

use crate::engine::Problem;
use crate::service::{Service, list, text};

/// `revision` is the service's revision, as DescribeServiceRevisions shows it, where it was read.
pub(super) fn check(
    service: &Service<'_>,
    revision: Option<&Value>,
    rendered: &TaskDefinition,
) -> Result<(), Problem> {
    for (name, port) in service.traffic_targets() {
        let Some(container) = rendered.container(name) else {
            let known: Vec<_> = rendered.containers().filter_map(|it| it.name()).collect();
            return Err(Misfit::NoTargetContainer {
                container: name.to_owned(),
                known: known.into_iter().map(str::to_owned).collect(),
            }
            .into());
        };
        let definition = Value::Object(container.definition().clone());
        if let Some(port) = port.filter(|port| !maps(&definition, *port)) {
            return Err(Misfit::NoTargetPort {
                container: name.to_owned(),
                port,
            }
            .into());
        }
    }
    let named: Vec<_> = rendered
        .containers()
        .map(|it| Value::Object(it.definition().clone()))
        .collect();
    for (who, name) in service.named_ports(revision) {
        if !named.iter().any(|container| names(container, name)) {
            return Err(Misfit::NoNamedPort {
                by: who.to_owned(),
                port: name.to_owned(),
            }
            .into());
        }
    }
    Ok(())
}

/// Whether a port mapping of the container has that name.
fn names(container: &Value, name: &str) -> bool {
    list(container, "portMappings").any(|mapping| text(mapping, "/name") == Some(name))
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
        checked_with(service, None, container)
    }

    fn checked_with(
        service: Value,
        revision: Option<&Value>,
        container: Value,
    ) -> Result<(), String> {
        let document = json!({ "family": "api", "containerDefinitions": [container] });
        let rendered = TaskDefinition::from_register(document).unwrap();
        check(&Service(&service), revision, &rendered).map_err(|problem| match problem {
            Problem::Misfit(misfit) => misfit.to_string(),
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

    #[test]
    fn a_port_that_is_known_by_its_name_has_to_be_there_by_that_name() {
        let of = json!([{ "portName": "http" }]);
        let shown = |key: &str, value: Value| json!({ "deployments": [{ "status": "PRIMARY", key: value }] });
        let connect = |on: bool| {
            shown(
                "serviceConnectConfiguration",
                json!({ "enabled": on, "services": of }),
            )
        };
        let gateway = json!({ "gatewayConnectors": of });
        for (who, service, revision) in [
            ("Service Connect", connect(true), None),
            (
                "VPC Lattice",
                shown("vpcLatticeConfigurations", of.clone()),
                None,
            ),
            ("a gateway", gateway.clone(), None),
            ("a gateway", json!({}), Some(&gateway)),
        ] {
            let of = |mapping| checked_with(service.clone(), revision, app(json!([mapping])));
            let named = json!({ "containerPort": 8080, "name": "http" });
            assert_eq!(of(named), Ok(()));
            for other in [
                json!({ "containerPort": 8080 }),
                json!({ "containerPort": 8080, "name": "web" }),
            ] {
                let said = of(other).unwrap_err();
                assert!(
                    said.starts_with(who) && said.contains("`name: http`"),
                    "{said}"
                );
            }
        }
        assert_eq!(checked(connect(false), app(json!([]))), Ok(()));
    }
}
