//! What is checked at the calls of AWS: who changes something, whether that was meant, whether it was
//! allowed, and that nothing is overwritten or done twice.

use serde_json::{Value, json};
use towpath_core::names::{DeploymentId, Fingerprint};
use towpath_core::pipeline::ApprovalPoint;
use towpath_core::release::{ActionKind, Place, Release, Revision, ServiceId};
use towpath_taskdef::{TAG_RELEASE, TaskDefinition, spec_hash};

use super::approved::not_granted;
use crate::planted::Flaw;
use crate::ports::By;
use crate::set_up::{ACCOUNT, REGION};
use crate::simulation::Simulation;

impl Simulation {
    /// The release for which a call is made, as it is written.
    fn driven(&self, by: &By) -> Option<Release> {
        let id = by.release.as_ref()?;
        self.ledger.release(id).cloned()
    }

    /// I2: whoever changes something at a service owns it, and has written that it is about to.
    pub(crate) fn before_change(&mut self, by: &By, place: &Place, kinds: &[ActionKind]) {
        let Some(release) = self.before_owners_change(by, place, &format!("{kinds:?}")) else {
            return;
        };
        if !kinds.iter().any(|kind| release.intends(*kind)) {
            let id = release.id();
            self.violated(format!("I2: {id} has not written that it does {kinds:?}"));
        }
    }

    /// I2: whoever changes something at a service owns it. Returns it.
    fn before_owners_change(&mut self, by: &By, place: &Place, does: &str) -> Option<Release> {
        let service = &place.service;
        let Some(release) = self.driven(by) else {
            self.violated(format!("I2: {} changes {service}", by.function));
            return None;
        };
        let id = release.id();
        let owner = self.ledger.row(service).owner;
        if owner.as_ref() != Some(id) {
            self.violated(format!("I2: {id} changes {service} of {owner:?}: {does}"));
        }
        Some(release)
    }

    /// I2 and I3, when a task is about to be stopped: that is no intent of its own, since a task that
    /// was stopped is stopped, however often.
    pub(crate) fn before_stopping(&mut self, by: &By, place: &Place, task: &DeploymentId) {
        let stops = format!("stops {task}");
        let Some(release) = self.before_owners_change(by, place, &stops) else {
            return;
        };
        let runs = release
            .active_rollout()
            .is_some_and(|live| live.checks.is_task(task));
        if !runs {
            let id = release.id();
            self.violated(format!(
                "I3: {id} {stops}, which is not a task of its checks"
            ));
        }
    }

    /// The document as it is registered.
    pub(crate) fn registering(&mut self, by: &By, document: &Value) -> Value {
        let mut document = document.clone();
        if self.flaw == Some(Flaw::ApprovedByTag)
            && let Some(release) = self.driven(by)
        {
            let image = release.image();
            let named = format!("{}/{}:{}", image.registry, image.repository, image.tag);
            document["containerDefinitions"][0]["image"] = json!(named);
        }
        document
    }

    /// I3: what was registered for a release is found again, and not registered anew.
    pub(crate) fn registered(&mut self, by: &By, place: &Place, document: &Value) {
        let Ok(definition) = TaskDefinition::from_register(document.clone()) else {
            return self.violated(format!("what is registered is no definition: {document}"));
        };
        let says = spec_hash(&definition).to_string();
        let Some(id) = by.release.clone() else {
            return;
        };
        if definition.tag(TAG_RELEASE) != Some(id.as_str()) {
            self.violated(format!("I3: what {id} registers does not carry its mark"));
        }
        let key = (id.clone(), place.service.clone(), says);
        let times = self.seen.registered.entry(key).or_default();
        *times += 1;
        if *times > 1 {
            self.violated(format!(
                "I3: {id} registers the same at {} again",
                place.service
            ));
        }
    }

    /// I3: a check's task runs once.
    pub(crate) fn ran_task(&mut self, started_by: &str, task: &DeploymentId) {
        let known = self.seen.tasks.insert(started_by.to_owned(), task.clone());
        if known.is_some_and(|known| known != *task) {
            self.violated(format!("I3: the task of {started_by} is run twice"));
        }
    }

    /// The service as a function is shown it.
    pub(crate) fn shown(
        &mut self,
        by: &By,
        place: &Place,
        service: Option<Value>,
    ) -> Option<Value> {
        let service = service?;
        let Some(release) = self.driven(by) else {
            return Some(service);
        };
        match self.flaw {
            Some(Flaw::StalePlan) => {
                let key = (release.id().clone(), place.service.clone());
                let first = self
                    .seen
                    .first
                    .entry(key)
                    .or_insert_with(|| service.clone());
                let live = release.active_rollout();
                let started = live.is_some_and(|live| live.deployment().is_some());
                Some(if started { service } else { first.clone() })
            }
            Some(Flaw::RollbackTakenForSuccess) => Some(as_if_successful(&release, service)),
            Some(
                Flaw::NoAdoption
                | Flaw::NoFence
                | Flaw::ForgottenScaling
                | Flaw::LateApproval
                | Flaw::LostNotice
                | Flaw::ApprovedByTag,
            )
            | None => Some(service),
        }
    }

    /// I1, I3, I4, I5 and I9, when a service is about to be updated.
    pub(crate) fn before_start(&mut self, by: &By, place: &Place, revision: &Revision) {
        let shown = self.service(&place.service);
        let runs = shown.as_ref().and_then(revision_of);
        // An update to what runs starts nothing.
        if runs.as_ref() != Some(revision) {
            self.before_start_on(by, place, revision, shown.as_ref());
        }
    }

    /// The same for a service that was shown so just before.
    pub(crate) fn before_start_on(
        &mut self,
        by: &By,
        place: &Place,
        revision: &Revision,
        shown: Option<&Value>,
    ) {
        let Some(release) = self.driven(by) else {
            return;
        };
        let (id, service) = (release.id().clone(), place.service.clone());
        let Some(live) = release.active_rollout() else {
            return self.violated(format!(
                "I1: {id} starts at {service}, and is not rolled out"
            ));
        };
        let plan = &live.plan;
        let runs = shown.and_then(revision_of);
        let noticed = self.seen.unnoticed(&service, self.now).is_none();
        if *revision == plan.previous && release.intends(ActionKind::RollBack) {
            let known = [Some(&plan.previous), live.revision.as_ref()];
            if noticed && !known.contains(&runs.as_ref()) {
                self.violated(format!(
                    "I9: {id} rolls back at {service}, where {runs:?} runs"
                ));
            }
            return;
        }
        let times = (id.clone(), service.clone(), revision.clone());
        let times = self.seen.begun.entry(times).or_default();
        *times += 1;
        if *times > 1 {
            self.violated(format!(
                "I3: {id} has a deployment of {revision} at {service} already"
            ));
        }
        let is_rollback = release.rollback().is_some();
        let took = self.seen.takes.iter().filter(|(at, ..)| *at == service);
        let newest = took.map(|(_, _, arrived_at)| *arrived_at).max();
        if !is_rollback && newest.is_some_and(|newest| newest > release.image().arrived_at) {
            self.violated(format!("I5: {id} overtakes {newest:?} at {service}"));
        }
        let left = plan.service.baseline.as_ref();
        let explained =
            runs.as_ref() == Some(&plan.previous) && left.is_none_or(|left| *left == plan.previous);
        if noticed && !explained && !is_rollback {
            self.violated(format!(
                "I9: {id} overwrites {runs:?} at {service}, and was planned on {}",
                plan.previous
            ));
        }
        let gate = release
            .current()
            .and_then(|(stage, _)| stage.approval.as_ref());
        if gate.is_some_and(|gate| gate.when == ApprovalPoint::BeforeTraffic) {
            return;
        }
        self.check_granted(&release, revision, "starts");
    }

    /// I1 and I4, when production traffic is about to be let through.
    pub(crate) fn before_letting_through(&mut self, by: &By, place: &Place) {
        let Some(release) = self.driven(by) else {
            return self.violated(format!("I1: {} lets traffic through", by.function));
        };
        let Some(live) = release.active_rollout() else {
            let id = release.id();
            return self.violated(format!(
                "I1: {id} lets traffic through at {}",
                place.service
            ));
        };
        // Nobody is asked whether what was good comes back.
        if release.rollback().is_some() || live.progress.rollback().is_some() {
            return;
        }
        self.before_change(by, place, &[ActionKind::Continue]);
        match live.revision.clone() {
            Some(revision) => self.check_granted(&release, &revision, "lets traffic through"),
            None => self.violated(format!("I1: {} lets through what it has not", release.id())),
        }
    }

    fn check_granted(&mut self, release: &Release, revision: &Revision, does: &str) {
        let id = release.id();
        let problem = match self.says(revision) {
            Some(says) => not_granted(release, &says),
            None => Some(format!("{revision} does not exist")),
        };
        if let Some(problem) = problem {
            self.violated(format!(
                "I1, I4: {id} {does} with {revision}, but {problem}"
            ));
        }
    }

    /// What a revision says.
    fn says(&mut self, revision: &Revision) -> Option<Fingerprint> {
        let input = json!({ "taskDefinition": revision, "include": ["TAGS"] });
        let call = ("ecs", "DescribeTaskDefinition");
        let described = self.aws((ACCOUNT, REGION), "root", call, &input).ok()?;
        let definition = TaskDefinition::from_describe(described).ok()?;
        spec_hash(&definition).to_string().parse().ok()
    }

    /// A deployment of the revision at the service that is not over.
    pub(super) fn under_way(&mut self, service: &ServiceId, revision: &Revision) -> Option<String> {
        let shown = self.service(service)?;
        let deployments = shown["deployments"].as_array().into_iter().flatten();
        let mut of_ecs = deployments.filter(|it| {
            it["taskDefinition"] == revision.as_str() && it["rolloutState"] == "IN_PROGRESS"
        });
        if let Some(found) = of_ecs.next() {
            return Some(found["id"].to_string());
        }
        let task_sets = shown["taskSets"].as_array().into_iter().flatten();
        let ours = task_sets.filter(|it| it["taskDefinition"] == revision.as_str());
        let ours: Vec<_> = ours.map(|it| it["id"].to_string()).collect();
        let mut aws = |operation, input: Value| {
            let call = ("codedeploy", operation);
            self.aws((ACCOUNT, REGION), "root", call, &input).ok()
        };
        let statuses = json!(["Created", "Queued", "InProgress", "Ready"]);
        let listed = aws(
            "ListDeployments",
            json!({ "includeOnlyStatuses": statuses }),
        )?;
        let ids = listed["deployments"].as_array().into_iter().flatten();
        let target = format!("{}:{}", service.cluster, service.service);
        let mut brings = ids.filter(|id| {
            let input = json!({ "deploymentId": id, "targetId": target });
            let shown = aws("GetDeploymentTarget", input);
            let shown = shown.map(|shown| shown.to_string()).unwrap_or_default();
            ours.iter().any(|ours| shown.contains(ours))
        });
        brings.next().map(ToString::to_string)
    }

    /// What takes production traffic.
    pub(super) fn runs(&mut self, service: &ServiceId) -> Option<Revision> {
        self.service(service).as_ref().and_then(revision_of)
    }
}

/// The revision that takes production traffic.
pub(super) fn revision_of(service: &Value) -> Option<Revision> {
    let sets = service["taskSets"].as_array().into_iter().flatten();
    let mut primary = sets.filter(|set| set["status"] == "PRIMARY");
    let of_set = primary
        .next()
        .and_then(|set| set["taskDefinition"].as_str());
    of_set.or(service["taskDefinition"].as_str())?.parse().ok()
}

/// The service, as if a release's deployment that ECS has rolled back had succeeded.
fn as_if_successful(release: &Release, mut service: Value) -> Value {
    let live = release.active_rollout();
    let ours = live.and_then(|live| live.deployment().zip(live.revision.as_ref()));
    let Some((ours, revision)) = ours else {
        return service;
    };
    let is_primary = |it: &Value| it["status"] == "PRIMARY";
    let deployments = service["deployments"].as_array_mut();
    let Some(deployments) = deployments else {
        return service;
    };
    let replaced = deployments.iter().any(|it| {
        is_primary(it) && it["id"] != ours.id.as_str() && it["rolloutState"] == "COMPLETED"
    });
    if replaced {
        deployments.retain(is_primary);
        for deployment in deployments {
            deployment["id"] = json!(ours.id);
            deployment["taskDefinition"] = json!(revision);
        }
        service["taskDefinition"] = json!(revision);
    }
    service
}
