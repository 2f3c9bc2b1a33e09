//! What is looked at when AWS is called, by a function or by hand: what is started, registered and set.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use towpath_core::release::{Place, ScalableTarget, ServiceId};

use super::starts::{Seen, Why};
use crate::simulation::Simulation;

/// How long what serves must have been there to be known to whoever starts something: AWS knows no
/// condition under which a deployment is started.
const NOTICED: SignedDuration = SignedDuration::from_secs(20);

/// What is at a service just before something is called.
pub(crate) struct Before {
    service: ServiceId,
    revision: Option<String>,
    deploying: bool,
}

impl Simulation {
    /// What is at a service just before a call that may change it.
    pub(crate) fn judge_before(
        &self,
        (account, region): (&str, &str),
        operation: &str,
        input: &Value,
    ) -> Option<Before> {
        let mut services = self.judge.services.iter();
        let watched = services.find(|it| {
            let id = &it.id;
            let is_there = id.account.as_str() == account && id.region.as_str() == region;
            is_there
                && match operation {
                    "UpdateService" => {
                        input["cluster"] == id.cluster.as_str()
                            && input["service"] == id.service.as_str()
                    }
                    "CreateDeployment" => self.has_group(id, input),
                    "RegisterScalableTarget" => {
                        let resource = format!("service/{}/{}", id.cluster, id.service);
                        input["ResourceId"] == *resource
                    }
                    _ => false,
                }
        })?;
        Some(Before {
            service: watched.id.clone(),
            revision: self.aws.definition_of(&watched.arn).map(str::to_owned),
            deploying: self.aws.is_deploying(&watched.arn),
        })
    }

    fn has_group(&self, service: &ServiceId, input: &Value) -> bool {
        let stage = self.stage_of(service);
        let settings = stage.as_ref().and_then(|it| it.engine.codedeploy());
        settings.is_some_and(|it| {
            input["applicationName"] == it.application.as_str()
                && input["deploymentGroupName"] == it.group.as_str()
        })
    }

    /// A call was carried out, by a function or by hand.
    pub(crate) fn judge_call(
        &mut self,
        by_hand: bool,
        before: Option<Before>,
        (operation, input): (&str, &Value),
        answer: &Value,
    ) {
        if operation == "RegisterTaskDefinition" {
            let revision = answer["taskDefinition"]["taskDefinitionArn"].as_str();
            let found = revision.and_then(|it| self.judge.revisions.registered(it, input));
            self.judged(found);
        }
        let Some(before) = before else {
            return;
        };
        let started = match operation {
            "UpdateService" => input["taskDefinition"].as_str().map(str::to_owned),
            "CreateDeployment" => {
                let content = &input["revision"]["appSpecContent"]["content"];
                let content: Option<Value> = content
                    .as_str()
                    .and_then(|it| serde_json::from_str(it).ok());
                let named = "/Resources/0/TargetService/Properties/TaskDefinition";
                let named = content.as_ref().and_then(|it| it.pointer(named)?.as_str());
                named.map(str::to_owned)
            }
            _ => {
                self.judge_scaling(&before.service, by_hand);
                None
            }
        };
        if let Some(revision) = started {
            self.judge_start(&revision, &before, by_hand);
        }
    }

    fn judge_start(&mut self, revision: &str, before: &Before, by_hand: bool) {
        let Before {
            service,
            revision: there,
            deploying,
        } = before;
        let Some(stage) = self.stage_of(service) else {
            return;
        };
        // ECS starts nothing where the service has that revision.
        if there.as_deref() == Some(revision) && stage.engine.codedeploy().is_none() {
            return;
        }
        let lately = |at: Timestamp| self.now.duration_since(at) <= NOTICED;
        let served_from = there
            .as_ref()
            .and_then(|it| self.judge.serving.served_from(service, it));
        let edited_just_now =
            self.seen.unnoticed(service, self.now).is_some() || served_from.is_some_and(lately);
        let judge = &mut self.judge;
        let digest = judge.revisions.digest(revision).map(str::to_owned);
        let starting = (revision, there.as_deref());
        let mut start = judge.starts.start(service, starting, by_hand, self.now);
        let pushes = judge.pushes.iter();
        let pushes = pushes.filter(|it| Some(&it.digest) == digest.as_ref());
        let pushes: Vec<_> = pushes.map(|it| it.at).collect();
        start.pushed = pushes.first().copied().zip(pushes.last().copied());
        let is_known = start.pushed.is_some();
        let ours = judge.starts.last_of_ours(service);
        let of_ours = ours.and_then(|it| judge.revisions.digest(&it.revision));
        let seen = Seen {
            stage: stage.name.as_str(),
            deploying: *deploying,
            given_up_after: SignedDuration::from(stage.timeout) * 2,
            served: judge.serving.served_from(service, revision).is_some()
                || judge.starts.was_put_there_by_hand(service, revision),
            edited_just_now,
            came_to_no_end: of_ours.is_some_and(|digest| judge.told.has_failed(digest)),
        };
        let is_new = start.why == Why::New;
        let mut found = judge.starts.add(start, &seen, &judge.people);
        if is_new && !is_known && !seen.served {
            found.push(format!("I1: nobody has pushed what {revision} names"));
        }
        self.judged(found);
    }

    pub(super) fn judge_scaling(&mut self, service: &ServiceId, by_owner: bool) {
        let Some(target) = self.scaling_of(service) else {
            return;
        };
        if by_owner {
            self.judge.scaling.wants(service, target);
        } else {
            let found = self.judge.scaling.set(service, &target);
            self.judged(found);
        }
    }

    pub(super) fn scaling_of(&mut self, service: &ServiceId) -> Option<ScalableTarget> {
        self.scaling(&Place {
            service: service.clone(),
            role: None,
        })
    }
}
