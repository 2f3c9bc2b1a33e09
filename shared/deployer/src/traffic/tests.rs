use serde_json::json;

use super::*;

fn deployed(settings: Value) -> Value {
    let mut deployment = json!({ "status": "PRIMARY" });
    for (name, value) in settings.as_object().into_iter().flatten() {
        deployment[name] = value.clone();
    }
    json!({ "loadBalancers": [], "deployments": [deployment, { "status": "ACTIVE" }] })
}

fn connect(aliases: Value) -> Value {
    deployed(json!({ "serviceConnectConfiguration": { "enabled": true,
        "services": [{ "portName": "http", "clientAliases": aliases }] } }))
}

fn checked() -> Checkpoints {
    Checkpoints {
        hooks: vec![HookPoint::AfterTestTraffic],
        pause: false,
    }
}

#[test]
fn what_leads_traffic_to_a_service_is_told_by_what_it_shows() {
    let balanced = |advanced: Value| json!({ "loadBalancers": [{ "targetGroupArn": "blue", "advancedConfiguration": advanced }] });
    let lattice = |advanced: Value| {
        deployed(
            json!({ "vpcLatticeConfigurations": [{ "targetGroupArn": "blue", "advancedConfiguration": advanced }] }),
        )
    };
    let header = |header: &str| TrafficMechanism::ServiceConnect {
        header: header.into(),
    };
    let named = json!([{ "port": 80, "testTrafficRules": { "header": { "name": "x-green" } } }]);
    let client = json!({ "serviceConnectConfiguration": { "enabled": true, "namespace": "shop" } });
    let gateway = json!({ "gatewayConnectors": [{ "portName": "http" }] });
    let (empty, bare) = (json!({}), deployed(json!({})));
    for (service, revision, expected) in [
        (
            balanced(json!({})),
            None,
            TrafficMechanism::LoadBalancer { tested: false },
        ),
        (
            balanced(json!({ "testListenerRule": "rule" })),
            None,
            TrafficMechanism::LoadBalancer { tested: true },
        ),
        (connect(json!([{ "port": 80 }])), None, header(TEST_HEADER)),
        (connect(named), None, header("x-green")),
        (
            lattice(json!({})),
            None,
            TrafficMechanism::VpcLattice { tested: false },
        ),
        (
            lattice(json!({ "testListenerRule": "rule" })),
            None,
            TrafficMechanism::VpcLattice { tested: true },
        ),
        (bare.clone(), Some(&gateway), TrafficMechanism::Gateway),
        // Whoever only calls others by Service Connect is not reached by it.
        (deployed(client), Some(&empty), TrafficMechanism::Headless),
        (bare.clone(), Some(&empty), TrafficMechanism::Headless),
        (bare, None, TrafficMechanism::Unknown),
    ] {
        assert_eq!(
            TrafficMechanism::of(&service, revision),
            [expected],
            "{service}"
        );
    }
}

#[test]
fn several_ways_lead_to_a_service() {
    let mut both = connect(json!([]));
    both["loadBalancers"] = json!([{ "targetGroupArn": "blue" }]);
    let found = TrafficMechanism::of(&both, None);
    assert_eq!(found.len(), 2, "{found:?}");
}

/// What people should know, as they read it.
fn says(traffic: &[TrafficMechanism], checkpoints: &Checkpoints) -> Vec<String> {
    let remarks = remarks(traffic, checkpoints);
    remarks.iter().map(ToString::to_string).collect()
}

#[test]
fn checks_that_need_a_test_listener_say_so_where_there_is_none() {
    for mechanism in [
        TrafficMechanism::LoadBalancer { tested: false },
        TrafficMechanism::VpcLattice { tested: false },
        TrafficMechanism::ServiceConnect {
            header: TEST_HEADER.into(),
        },
        TrafficMechanism::Headless,
        TrafficMechanism::Unknown,
    ] {
        let said = says(std::slice::from_ref(&mechanism), &checked()).join("; ");
        assert!(said.contains("test listener"), "{mechanism:?}: {said}");
    }
    let gateway = says(&[TrafficMechanism::Gateway], &checked()).join("; ");
    assert!(gateway.contains("testTrafficRules"), "{gateway}");
    for mechanism in [
        TrafficMechanism::LoadBalancer { tested: true },
        TrafficMechanism::VpcLattice { tested: true },
    ] {
        assert_eq!(says(&[mechanism], &checked()), [""; 0]);
    }
    let unchecked = says(&[TrafficMechanism::Headless], &Checkpoints::default());
    assert!(
        unchecked[0].starts_with("ECS shifts no traffic"),
        "{unchecked:?}"
    );
}
