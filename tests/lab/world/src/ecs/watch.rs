//! What somebody sees of a service who watches it all the time, and may not spend much on it.

use super::{Controller, running_tasks};
use crate::World;

impl World {
    /// What takes production traffic of a service, by its ARN: the id and the task definition of each
    /// fleet. Without a load balancer that is whatever runs.
    pub fn serving(&self, service: &str) -> impl Iterator<Item = (&str, &str)> {
        let held = self.ecs.services.get(service);
        let fleets = held.into_iter().flat_map(|held| &held.fleets);
        let serves = |fleet: &&super::Fleet| match &fleet.target_group {
            Some(group) => self.elb.has_production_traffic(group),
            None => running_tasks(self, service, &fleet.id).next().is_some(),
        };
        fleets
            .filter(serves)
            .map(|fleet| (fleet.id.as_str(), fleet.task_definition.as_str()))
    }

    /// The task definition that a service is to run: that of its primary task set, where it has those.
    #[must_use]
    pub fn definition_of(&self, service: &str) -> Option<&str> {
        let held = self.ecs.services.get(service)?;
        match held.controller {
            Controller::Ecs => Some(&held.task_definition),
            Controller::CodeDeploy | Controller::External => {
                held.primary().map(|fleet| fleet.task_definition.as_str())
            }
        }
    }

    /// Whether a deployment of ECS is under way at a service.
    #[must_use]
    pub fn is_deploying(&self, service: &str) -> bool {
        let mut all = self.ecs.deployments.values();
        all.any(|it| it.service == service && !it.status.is_over())
    }
}
