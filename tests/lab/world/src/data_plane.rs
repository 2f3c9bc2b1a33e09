//! What a client sees on a load balancer's listener.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    World,
    behaviour::Behaviour,
    ecs::Task,
    elb::{Role, TargetGroup},
};

/// One HTTP answer.
#[derive(Clone, Debug, PartialEq)]
pub struct DataPlaneAnswer {
    /// HTTP status.
    pub status: u16,
    /// Lower-case names.
    pub headers: BTreeMap<String, String>,
    pub body: String,
    /// How long the answer takes, in milliseconds.
    pub latency_ms: u64,
}

const QUICK_MS: u64 = 12;
const SLOW_MS: u64 = 3_000;

impl World {
    /// Answers `GET path` on a listener, or on one of its rules. Requests are spread over target groups by their current
    /// weights and over a group's tasks in turn; without a running task the balancer answers 503.
    pub fn request(&mut self, listener_arn: &str, path: &str, now: Timestamp) -> DataPlaneAnswer {
        self.advance(now);
        let Some(listener) = self.elb.reached(listener_arn) else {
            return balancer_answer(503, "Service Temporarily Unavailable");
        };
        let role = listener.role;
        let turn = listener.requests;
        let Some(group) = listener.next() else {
            return balancer_answer(503, "Service Temporarily Unavailable");
        };
        let tasks = self.healthy_targets(&group);
        let count = tasks.len() as u64;
        if count == 0 {
            return balancer_answer(503, "Service Temporarily Unavailable");
        }
        let chosen = usize::try_from(turn % count)
            .ok()
            .and_then(|at| tasks.get(at));
        let Some(task) = chosen else {
            return balancer_answer(503, "Service Temporarily Unavailable");
        };
        let burdened = role == Role::Production && self.elb.has_production_traffic(&group);
        answer(task, path, burdened)
    }

    /// Running tasks registered with a target group, oldest first.
    fn healthy_targets(&self, group: &TargetGroup) -> Vec<&Task> {
        let mut tasks: Vec<&Task> = self
            .ecs
            .services
            .values()
            .flat_map(|service| service.fleets.iter().map(move |fleet| (service, fleet)))
            .filter(|(_, fleet)| {
                fleet
                    .target_group
                    .as_ref()
                    .is_some_and(|held| held.is(group))
            })
            .flat_map(|(service, fleet)| crate::ecs::running_tasks(self, &service.arn, &fleet.id))
            .collect();
        tasks.sort_by(|one, other| one.arn.cmp(&other.arn));
        tasks
    }
}

fn balancer_answer(status: u16, text: &str) -> DataPlaneAnswer {
    DataPlaneAnswer {
        status,
        headers: headers("text/html", "awselb/2.0"),
        body: format!(
            "<html><head><title>{status} {text}</title></head><body><center><h1>{status} {text}</h1></center></body></html>"
        ),
        latency_ms: 1,
    }
}

fn headers(content_type: &str, server: &str) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("content-type".to_owned(), content_type.to_owned()),
        ("server".to_owned(), server.to_owned()),
    ])
}

/// What the image of a task makes of a request.
fn answer(task: &Task, path: &str, burdened: bool) -> DataPlaneAnswer {
    let (status, latency_ms) = match task.behaviour {
        Behaviour::Healthy => (200, QUICK_MS),
        Behaviour::UnhealthyGreen => (500, QUICK_MS),
        Behaviour::Slow => (200, SLOW_MS),
        Behaviour::DegradesAfterShift if burdened => (500, QUICK_MS),
        Behaviour::DegradesAfterShift => (200, QUICK_MS),
        // Up for the few seconds until it exits; it never gets to listen.
        Behaviour::CrashLoop => return balancer_answer(502, "Bad Gateway"),
    };
    let (digest, tag) = task.leading.clone().unwrap_or_default();
    let mut body = json!({
        "status": if status == 200 { "ok" } else { "error" },
        "image": digest,
        "tag": tag,
        "task_definition": task.definition,
        "task": task.arn,
        "path": path,
    });
    if status != 200 {
        crate::call::put(
            &mut body,
            "error",
            Some(Value::from("the application failed to handle the request")),
        );
    }
    DataPlaneAnswer {
        status,
        headers: headers("application/json", "application"),
        body: body.to_string(),
        latency_ms,
    }
}
