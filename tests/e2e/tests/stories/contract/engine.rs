//! What differs between the engines: how a service is made that they roll out, how a stage names
//! them, and what people do to a deployment in the console.

use serde_json::{Value, json};
use towpath_core::pipeline::{Capabilities, Controller, EngineSettings};
use towpath_e2e::Error;

use super::cell::Cell;

/// The engine that rolls a cell's service out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Rolling,
    CodeDeploy,
    Ecs,
}

impl Engine {
    /// What the engine says that it can do.
    pub(crate) fn capabilities(self) -> Capabilities {
        let rollout = serde_json::from_value::<EngineSettings>(self.rollout("cell"));
        rollout.expect("a stage's rollout").capabilities()
    }

    /// Whether the new version runs beside the old one before it gets traffic.
    pub(crate) fn has_green(self) -> bool {
        self.capabilities().has_green
    }

    /// A stage's `engine`.
    pub(crate) fn rollout(self, name: &str) -> Value {
        match self {
            Self::Rolling => json!({ "rolling": {} }),
            Self::Ecs => json!({ "ecs": { "hook": "towpath-lifecycle-hook" } }),
            Self::CodeDeploy => {
                json!({ "codedeploy": { "application": name, "group": name, "hook": "towpath-lifecycle-hook" } })
            }
        }
    }

    /// The call by which it starts a deployment.
    pub(crate) fn start(self) -> (&'static str, &'static str) {
        match self.capabilities().controller {
            Controller::Ecs => ("ecs", "UpdateService"),
            Controller::CodeDeploy => ("codedeploy", "CreateDeployment"),
        }
    }

    /// Most calls of AWS for a stage from the push until its deployment has started.
    pub(crate) fn most_calls(self) -> usize {
        match self {
            Self::Rolling | Self::Ecs => 10,
            // It reads the deployment group as well.
            Self::CodeDeploy => 11,
        }
    }

    /// What a stage has of a check that an image fails.
    pub(crate) fn failing_check(self, test_url: Option<&str>) -> Value {
        match self.has_green() {
            false => json!({ "bake": "10m", "checks": [{ "name": "health", "at": "bake",
                "metric": { "namespace": "Shop", "name": "errors", "statistic": "Sum", "must_be": "at_most", "threshold": 5 } }] }),
            true => json!({ "checks": [{ "name": "health", "http": {
                "url": format!("{}/healthz", test_url.unwrap_or_default()), "json": { "/status": "ok" }, "attempts": 3 } }] }),
        }
    }
}

/// The percentage of production traffic that a CodeDeploy deployment has moved.
pub(crate) async fn green_traffic(cell: &Cell, deployment: &str) -> Result<f64, Error> {
    let target = format!("{}:{}", cell.cluster(), cell.name);
    let of = json!({ "deploymentId": deployment, "targetId": target });
    let asked = cell
        .together
        .lab
        .aws("codedeploy", "GetDeploymentTarget", &of);
    // A deployment that has not begun has no target.
    let found = asked.await.unwrap_or_default();
    let sets = found["deploymentTarget"]["ecsTarget"]["taskSetsInfo"].as_array();
    let green = sets
        .into_iter()
        .flatten()
        .find(|set| set["taskSetLabel"] == "Green");
    Ok(green
        .and_then(|set| set["trafficWeight"].as_f64())
        .unwrap_or_default())
}

/// Somebody stops the release's deployment in the console. CodeDeploy asks whether to roll back.
pub(crate) async fn stop(cell: &Cell, tag: &str, roll_back: bool) -> Result<(), Error> {
    let id = cell.deployment(tag).await?;
    let lab = &cell.together.lab;
    match cell.engine {
        Engine::Rolling | Engine::Ecs => {
            let of = json!({ "cluster": cell.cluster(), "service": cell.name });
            let listed = lab.aws("ecs", "ListServiceDeployments", &of).await?;
            let listed = listed["serviceDeployments"].as_array();
            let newest = listed.and_then(|listed| listed.last());
            let newest = newest.map(|newest| &newest["serviceDeploymentArn"]);
            let stop = json!({ "serviceDeploymentArn": newest, "stopType": "ROLLBACK" });
            lab.aws("ecs", "StopServiceDeployment", &stop).await?;
        }
        Engine::CodeDeploy => {
            let stop = json!({ "deploymentId": id, "autoRollbackEnabled": roll_back });
            lab.aws("codedeploy", "StopDeployment", &stop).await?;
        }
    }
    Ok(())
}

/// Somebody deploys a revision by hand.
pub(crate) async fn deploy_by_hand(cell: &Cell, revision: &str) -> Result<(), Error> {
    let lab = &cell.together.lab;
    match cell.engine {
        Engine::Rolling | Engine::Ecs => {
            let update = json!({ "cluster": cell.cluster(), "service": cell.name, "taskDefinition": revision });
            lab.aws("ecs", "UpdateService", &update).await?;
        }
        Engine::CodeDeploy => {
            let appspec = json!({ "version": 0.0, "Resources": [{ "TargetService": {
                "Type": "AWS::ECS::Service",
                "Properties": { "TaskDefinition": revision,
                    "LoadBalancerInfo": { "ContainerName": "app", "ContainerPort": 8080 } } } }] });
            let create = json!({ "applicationName": cell.name, "deploymentGroupName": cell.name,
                "revision": { "revisionType": "AppSpecContent", "appSpecContent": { "content": appspec.to_string() } } });
            lab.aws("codedeploy", "CreateDeployment", &create).await?;
        }
    }
    Ok(())
}
