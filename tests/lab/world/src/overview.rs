//! Everything that runs, for people.

use serde_json::{Value, json};

use crate::{World, ecs};

impl World {
    /// Every active service: its task definition, its fleets (deployments or task sets) with
    /// image digests and task counts, and its listeners with their weights.
    #[must_use]
    pub fn overview(&self) -> Value {
        let services: Vec<Value> = self
            .ecs
            .services
            .values()
            .filter(|service| service.is_active())
            .map(|service| {
                let fleets: Vec<Value> = service
                    .fleets
                    .iter()
                    .map(|fleet| self.fleet_overview(service, fleet))
                    .collect();
                json!({
                    "service": service.arn,
                    "account": service.place.account,
                    "cluster": service.cluster_name(),
                    "name": service.name,
                    "task_definition": service.task_definition,
                    "desired": service.desired,
                    "fleets": fleets,
                })
            })
            .collect();
        let listeners: Vec<Value> = self
            .elb
            .by_arn
            .iter()
            .map(|(arn, listener)| {
                let routes: Vec<Value> = listener
                    .routes
                    .iter()
                    .map(|route| json!({"target_group": route.group.name, "weight": route.weight}))
                    .collect();
                json!({"listener": arn, "test": listener.role == crate::elb::Role::Test, "routes": routes})
            })
            .collect();
        json!({"services": services, "listeners": listeners})
    }

    fn fleet_overview(&self, service: &ecs::Service, fleet: &ecs::Fleet) -> Value {
        let counts = ecs::counts(self, &service.arn, &fleet.id);
        let mut images: Vec<&str> = ecs::running_tasks(self, &service.arn, &fleet.id)
            .filter_map(|task| task.leading.as_ref())
            .map(|(digest, _)| digest.as_str())
            .collect();
        images.sort_unstable();
        images.dedup();
        let traffic: f64 = self
            .elb
            .by_arn
            .iter()
            .filter(|(_, listener)| listener.role == crate::elb::Role::Production)
            .filter_map(|(arn, _)| Some(self.elb.weight(arn, fleet.target_group.as_ref()?)))
            .fold(0.0, f64::max);
        json!({
            "id": fleet.id,
            "status": fleet.status.name(),
            "deployment": fleet.external_id,
            "task_definition": fleet.task_definition,
            "images": images,
            "desired": fleet.goal,
            "running": counts.running,
            "pending": counts.pending,
            "traffic_weight": traffic,
        })
    }
}
