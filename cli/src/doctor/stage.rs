//! A stage as its checks see it: the service and its task definition, read once for all of them.

use serde_json::{Value, json};
use towpath_core::pipeline::{Base, Pipeline, Stage};
use towpath_core::release::{Home, Place, ServiceRow};
use towpath_deployer::ports::CallError;
use towpath_taskdef::image::Registry;

use super::finding::{Check, Finding};
use crate::deployer::description::advance_role;
use crate::deployer::reads::{Reads, Spot, items, text};
use crate::deployer::service_of;

#[derive(Debug, Clone)]
pub(crate) struct StageAt<'a> {
    pub(crate) pipeline: &'a Pipeline,
    pub(crate) stage: &'a Stage,
    /// `shop-api/production`.
    pub(crate) about: String,
    pub(crate) home: &'a Home,
    pub(crate) place: Place,
    /// Where its account is read.
    pub(crate) spot: Spot,
    /// The role of the function that changes deployments.
    pub(crate) advance: String,
}

/// A stage whose service was found.
#[derive(Debug, Clone)]
pub(crate) struct StageState<'a> {
    pub(crate) at: StageAt<'a>,
    /// What the ledger knows of the service.
    pub(crate) row: ServiceRow,
    /// The service, as `DescribeServices` shows it.
    pub(crate) service: Value,
    /// The task definition that the next rollout begins with.
    pub(crate) definition: Value,
}

impl<'a> StageAt<'a> {
    pub(crate) fn new(
        pipeline: &'a Pipeline,
        stage: &'a Stage,
        home: &'a Home,
        prefix: &str,
    ) -> Self {
        let place = Place {
            service: service_of(stage, home),
            role: stage.role.clone(),
        };
        Self {
            about: format!("{}/{}", pipeline.pipeline, stage.name),
            spot: if place.service.account == home.account {
                Spot::Region(place.service.region.clone())
            } else {
                Spot::Place(Box::new(place.clone()))
            },
            advance: advance_role(prefix, home),
            pipeline,
            stage,
            home,
            place,
        }
    }

    /// A check of this stage.
    pub(crate) fn check(&self, name: &'static str) -> Check<'_> {
        Check {
            name,
            about: &self.about,
        }
    }

    /// Who changes the service: the stage's role, or `advance` itself.
    pub(crate) fn deployer_role(&self) -> &str {
        match &self.stage.role {
            Some(role) => role.arn.as_str(),
            None => &self.advance,
        }
    }

    /// The registry that the stage's images come from.
    pub(crate) fn registry(&self) -> Registry {
        self.home.registry_of(self.pipeline)
    }

    /// The service, as `DescribeServices` shows it; none where there is no active one.
    pub(crate) async fn service<R: Reads>(&self, reads: &R) -> Result<Option<Value>, CallError> {
        let id = &self.place.service;
        let input = json!({ "cluster": id.cluster, "services": [id.service] });
        let answer = reads
            .read(&self.spot, "ecs:DescribeServices", input)
            .await?;
        let service = items(&answer, "services").first();
        Ok(service
            .filter(|service| text(service, "status") == "ACTIVE")
            .cloned())
    }

    /// Finds the service and its task definition.
    ///
    /// # Errors
    /// What is to be told instead of everything that would need them.
    pub(crate) async fn read<R: Reads>(
        self,
        reads: &R,
        row: ServiceRow,
    ) -> Result<StageState<'a>, Vec<Finding>> {
        let service = match self.service(reads).await {
            Ok(Some(service)) => service,
            Ok(None) => {
                return Err(vec![self.check("service").error(
                    format!("there is no active service {}", self.place.service),
                    "correct cluster, service, account or region of the stage, or create the service",
                )]);
            }
            Err(error) => return Err(vec![self.unreadable(&error)]),
        };
        let running = running(&service);
        let reference = match self.stage.base {
            Base::Family => family(&running).to_owned(),
            Base::Service | Base::Parameter(_) => running,
        };
        let input = json!({ "taskDefinition": reference });
        let read = reads.read(&self.spot, "ecs:DescribeTaskDefinition", input);
        match read.await {
            Ok(answer) => Ok(StageState {
                row,
                service,
                definition: answer["taskDefinition"].clone(),
                at: self,
            }),
            Err(error) => Err(vec![self.check("service").unknown(&error)]),
        }
    }

    fn unreadable(&self, error: &CallError) -> Finding {
        let check = self.check("service");
        let account = &self.place.service.account;
        if error.code() == Some("ClusterNotFoundException") {
            return check.error(
                format!("there is no cluster {}", self.place.service.cluster),
                "correct cluster, account or region of the stage, or create the cluster",
            );
        }
        match (&self.spot, error.code()) {
            (Spot::Place(_), Some("AccessDenied" | "NoCredentials")) => check.unseen(
                format!("the account {account} cannot be looked into from here: {error}"),
                format!(
                    "the role of the stage is for the deployer alone; name a profile of your own \
                     for the account: --in {account}=PROFILE"
                ),
            ),
            (Spot::Place(_) | Spot::Region(_) | Spot::Home, _) => check.unknown(error),
        }
    }
}

impl StageState<'_> {
    /// The containers of the task definition.
    pub(crate) fn containers(&self) -> &[Value] {
        items(&self.definition, "containerDefinitions")
    }

    /// The container of that name.
    pub(crate) fn container(&self, name: &str) -> Option<&Value> {
        let mut containers = self.containers().iter();
        containers.find(|container| text(container, "name") == name)
    }

    /// The task definition's name and revision, for people.
    pub(crate) fn definition_name(&self) -> String {
        let arn = text(&self.definition, "taskDefinitionArn");
        short(arn).to_owned()
    }

    /// Who deploys to the service, as ECS names it.
    pub(crate) fn controller(&self) -> &str {
        match text(&self.service["deploymentController"], "type") {
            "" => "ECS",
            controller => controller,
        }
    }
}

/// The task definition that a service runs: its primary task set's where a controller of another
/// kind than ECS keeps those.
pub(crate) fn running(service: &Value) -> String {
    let sets = items(service, "taskSets").iter();
    let mut primary = sets.filter(|set| text(set, "status") == "PRIMARY");
    let of_set = primary.next().map(|set| text(set, "taskDefinition"));
    of_set
        .filter(|arn| !arn.is_empty())
        .unwrap_or_else(|| text(service, "taskDefinition"))
        .to_owned()
}

/// `family:revision` of an ARN.
pub(crate) fn short(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

fn family(arn: &str) -> &str {
    let name = short(arn);
    name.split(':').next().unwrap_or(name)
}
