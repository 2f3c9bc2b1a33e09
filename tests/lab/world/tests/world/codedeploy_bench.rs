//! What tests of CodeDeploy do at the bench.

use serde_json::{Value, json};
use towpath_lab_world::ApiError;

use crate::bench::{Bench, GREEN, PRODUCTION, TEST, text};

impl Bench {
    /// A CodeDeploy application and group for a service of two tasks.
    pub(crate) fn blue_green(&mut self, group: Value) -> String {
        self.service("CODE_DEPLOY", 2, json!({}));
        self.codedeploy(
            "CreateApplication",
            json!({"applicationName": "shop", "computePlatform": "ECS"}),
        );
        let mut input = json!({
            "applicationName": "shop",
            "deploymentGroupName": "api",
            "serviceRoleArn": "arn:aws:iam::111111111111:role/codedeploy",
            "deploymentConfigName": "CodeDeployDefault.ECSCanary10Percent5Minutes",
            "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
            "blueGreenDeploymentConfiguration": {
                "terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE", "terminationWaitTimeInMinutes": 5},
                "deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT"},
            },
            "autoRollbackConfiguration": {"enabled": true, "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"]},
            "loadBalancerInfo": {"targetGroupPairInfoList": [{
                "targetGroups": [{"name": "blue"}, {"name": "green"}],
                "prodTrafficRoute": {"listenerArns": [PRODUCTION]},
                "testTrafficRoute": {"listenerArns": [TEST]},
            }]},
            "ecsServices": [{"clusterName": "shop", "serviceName": "api"}],
        });
        if let (Some(input), Some(changes)) = (input.as_object_mut(), group.as_object()) {
            input.extend(changes.clone());
        }
        self.codedeploy("CreateDeploymentGroup", input);
        GREEN.to_owned()
    }

    pub(crate) fn appspec(definition: &str, hooks: &[&str]) -> String {
        let hooks: Vec<Value> = hooks.iter().map(|hook| json!({*hook: "check"})).collect();
        json!({
            "version": 0.0,
            "Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": {
                "TaskDefinition": definition,
                "LoadBalancerInfo": {"ContainerName": "app", "ContainerPort": 8080},
            }}}],
            "Hooks": hooks,
        })
        .to_string()
    }

    pub(crate) fn create_deployment(content: &str, more: Value) -> Value {
        let mut input = json!({
            "applicationName": "shop",
            "deploymentGroupName": "api",
            "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": content}},
        });
        if let (Some(input), Some(more)) = (input.as_object_mut(), more.as_object()) {
            input.extend(more.clone());
        }
        input
    }

    /// Starts a deployment of a tag; answers with its id.
    pub(crate) fn deploy(&mut self, tag: &str, hooks: &[&str], more: Value) -> String {
        let definition = self.register(tag);
        let input = Self::create_deployment(&Self::appspec(&definition, hooks), more);
        text(&self.codedeploy("CreateDeployment", input)["deploymentId"])
    }

    pub(crate) fn deployment(&mut self, id: &str) -> Value {
        self.codedeploy("GetDeployment", json!({"deploymentId": id}))["deploymentInfo"].clone()
    }

    pub(crate) fn status(&mut self, id: &str) -> String {
        text(&self.deployment(id)["status"])
    }

    /// Name and status of each lifecycle event.
    pub(crate) fn lifecycle(&mut self, id: &str) -> Vec<(String, String)> {
        let input = json!({"deploymentId": id, "targetId": "shop:api"});
        let target = self.codedeploy("GetDeploymentTarget", input);
        let events = target["deploymentTarget"]["ecsTarget"]["lifecycleEvents"].clone();
        let events = events.as_array().cloned().unwrap_or_default();
        events
            .iter()
            .map(|event| (text(&event["lifecycleEventName"]), text(&event["status"])))
            .collect()
    }

    /// The same, while the deployment may not have started.
    pub(crate) fn lifecycle_or_none(&mut self, id: &str) -> Vec<(String, String)> {
        if self.status(id) == "Created" {
            Vec::new()
        } else {
            self.lifecycle(id)
        }
    }

    /// Reports on the hook that was invoked last.
    pub(crate) fn report(&mut self, status: &str) -> Result<Value, ApiError> {
        let (_, payload) = self.invocations.last().expect("a hook was invoked").clone();
        self.report_on(&payload, status)
    }

    pub(crate) fn report_on(&mut self, payload: &Value, status: &str) -> Result<Value, ApiError> {
        self.attempt(
            "codedeploy",
            "PutLifecycleEventHookExecutionStatus",
            &json!({
                "deploymentId": payload["DeploymentId"],
                "lifecycleEventHookExecutionId": payload["LifecycleEventHookExecutionId"],
                "status": status,
            }),
        )
    }

    /// Task definition of each task set and its status.
    pub(crate) fn task_sets(&mut self) -> Vec<(String, String)> {
        let sets = self.describe()["taskSets"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let family = |arn: &Value| text(arn).rsplit(':').next().unwrap_or_default().to_owned();
        sets.iter()
            .map(|set| (family(&set["taskDefinition"]), text(&set["status"])))
            .collect()
    }
}
