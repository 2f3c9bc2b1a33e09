//! What unit tests are made of: a pipeline, images, people, a plan.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use towpath_taskdef::image::{Digest, Tag};

use crate::names::{Fingerprint, SlackUser, TaskDefinitionArn};
use crate::pipeline::{Notify, Pipeline};
use crate::release::{
    Action, BaseRevision, DeploymentFault, DeploymentTarget, EndReason, Event, External,
    HoldReason, Home, Image, ImageProblem, Notification, Plan, Principal, Reason, Release,
    RollbackImpossible, RollbackReason, ScalableTarget, ScalingState, SentMessage, ServiceRow,
    WhyRefused,
};

/// The first moment of every story.
#[must_use]
pub(crate) fn dawn() -> Timestamp {
    "2026-03-02T09:00:00Z".parse().expect("a timestamp")
}

/// The story's first moment and some minutes.
#[must_use]
pub(crate) fn minute(minutes: i64) -> Timestamp {
    dawn() + SignedDuration::from_mins(minutes)
}

/// `shop-api` as JSON: `test` by a rolling update, `staging` by CodeDeploy with a check, and
/// `production` by CodeDeploy with an approval by `U1`, `U2` or the e-mailed token.
#[must_use]
pub(crate) fn shop_json() -> Value {
    let codedeploy = |stage: &str| {
        json!({ "codedeploy": {
            "application": format!("shop-{stage}"),
            "group": "api",
            "configuration": "CodeDeployDefault.ECSCanary10Percent5Minutes",
            "hook": "towpath-lifecycle-hook",
        }})
    };
    json!({
        "pipeline": "shop-api",
        "repository": "shop/api",
        "notify": { "slack": "C0DEPLOYS", "sns": true },
        "stages": [
            {
                "name": "test", "cluster": "test", "service": "api", "containers": ["api"],
                "environment": { "api": { "RELEASE": "${release}", "STAGE": "${stage}" } },
                "engine": { "rolling": {} },
                "auto_scaling": "suspend",
            },
            {
                "name": "staging", "cluster": "staging", "service": "api", "containers": ["api"],
                "engine": codedeploy("staging"),
                "checks": [{ "name": "answers", "http": { "url": "http://green.internal:8443/health" } }],
            },
            {
                "name": "production", "cluster": "production", "service": "api",
                "containers": ["api"],
                "account": "222222222222", "region": "eu-central-1",
                "role": {
                    "arn": "arn:aws:iam::222222222222:role/towpath",
                    "external_id": "towpath-shop",
                },
                "engine": codedeploy("production"),
                "approval": { "slack": ["U1", "U2"], "sns": true },
                "timeout": "2h",
            },
        ],
    })
}

/// [`shop_json`], checked.
#[must_use]
pub(crate) fn shop() -> Pipeline {
    pipeline(shop_json())
}

/// [`shop`], of which nobody is told anything.
#[must_use]
pub(crate) fn silent_shop() -> Pipeline {
    silent(shop())
}

/// The pipeline, of which nobody is told anything, so that a story is not about messages.
#[must_use]
pub(crate) fn silent(pipeline: Pipeline) -> Pipeline {
    Pipeline {
        notify: Notify::default(),
        ..pipeline
    }
}

/// The pipeline that this JSON describes.
///
/// # Panics
/// When it is no pipeline, or contradicts itself: a story needs a good one.
#[must_use]
pub(crate) fn pipeline(json: Value) -> Pipeline {
    let pipeline: Pipeline = serde_json::from_value(json).expect("the JSON of a pipeline");
    pipeline.check().expect("a pipeline without contradictions");
    pipeline
}

/// The deployer's own account and region.
#[must_use]
pub(crate) fn home() -> Home {
    Home {
        account: "111111111111".parse().expect("an account"),
        region: "eu-west-1".parse().expect("a region"),
    }
}

/// The image of that tag, with contents of its own.
#[must_use]
pub(crate) fn image(tag: &str, arrived_at: Timestamp) -> Image {
    Image {
        registry: "111111111111.dkr.ecr.eu-west-1.amazonaws.com"
            .parse()
            .expect("a registry"),
        repository: "shop/api".parse().expect("a repository"),
        digest: Digest::of(tag.as_bytes()),
        tag: tag.parse::<Tag>().expect("a tag"),
        arrived_at,
    }
}

/// A revision of the shop's task definition.
#[must_use]
pub(crate) fn revision(number: u64) -> TaskDefinitionArn {
    format!("arn:aws:ecs:eu-west-1:111111111111:task-definition/shop:{number}")
        .parse()
        .expect("the ARN of a revision")
}

/// A scalable target of which that is suspended.
#[must_use]
pub(crate) fn scalable(state: ScalingState) -> ScalableTarget {
    ScalableTarget {
        state,
        least: 1,
        most: 4,
    }
}

/// A plan as it is where nothing stands in the way: revision 7 runs, auto scaling is on, and the
/// service's row is empty.
#[must_use]
pub(crate) fn plan() -> Plan {
    Plan {
        previous: revision(7),
        base: BaseRevision::Revision(revision(7)),
        spec: Fingerprint::of("what would be registered"),
        reuse: None,
        images: Vec::new(),
        platforms: BTreeSet::new(),
        desired_count: 2,
        scaling: Some(scalable(ScalingState::default())),
        target: Some(DeploymentTarget(json!({
            "version": 0.0,
            "Resources": [{ "TargetService": {
                "Type": "AWS::ECS::Service",
                "Properties": {
                    "TaskDefinition": revision(7),
                    "LoadBalancerInfo": { "ContainerName": "api", "ContainerPort": 8080 },
                },
            }}],
        }))),
        paced_minutes: 0,
        remarks: Vec::new(),
        ready_minutes: None,
        cannot_roll_back: None,
        drift: None,
        veto: None,
        unknown_fields: Vec::new(),
        service: ServiceRow::default(),
    }
}

/// A rollout has ended, as AWS says.
#[must_use]
pub(crate) fn reason(said: &str) -> Reason {
    fault(said).into()
}

/// Why a deployment does not come through, as AWS says.
#[must_use]
pub(crate) fn fault(said: &str) -> DeploymentFault {
    DeploymentFault::said(said)
}

/// AWS refuses a call.
#[must_use]
pub(crate) fn refused(message: &str) -> WhyRefused {
    WhyRefused::Call {
        operation: "aws:Call".into(),
        code: "Refused".into(),
        message: message.into(),
    }
}

/// What somebody else has deployed.
#[must_use]
pub(crate) fn external() -> External {
    External::deployment_of(&revision(9))
}

/// A rollout is rolled back, for what AWS says.
#[must_use]
pub(crate) fn failed(said: &str) -> RollbackReason {
    let fault = fault(said);
    RollbackReason::LeftInPlace { fault }
}

/// A rollout is rolled back, for it had its time.
#[must_use]
pub(crate) fn too_late() -> RollbackReason {
    RollbackReason::NotFinished {
        within: "1h".parse().expect("a span"),
        causes: Vec::new(),
    }
}

/// What runs could not be brought back.
#[must_use]
pub(crate) fn cannot_roll_back() -> RollbackImpossible {
    RollbackImpossible::Image {
        image: "shop/api:old".into(),
        problem: ImageProblem::Gone,
    }
}

/// A release holds its stage, for what it found there.
#[must_use]
pub(crate) fn hold() -> HoldReason {
    HoldReason::StartedElsewhere {
        found: external(),
        tag: "3f2c1ab".parse().expect("a tag"),
        was_deploying: true,
    }
}

/// A release has ended with its rollout to `test`, as AWS says.
#[must_use]
pub(crate) fn end(said: &str) -> EndReason {
    EndReason::at(&"test".parse().expect("a stage name"), reason(said))
}

/// A Slack user.
#[must_use]
pub(crate) fn slack(user: &str) -> Principal {
    Principal::Slack(user.parse::<SlackUser>().expect("a Slack user"))
}

/// What is recorded once people were notified of it; `None` for every other action.
#[must_use]
pub(crate) fn notified(release: &Release, action: &Action) -> Option<Event> {
    match action {
        Action::Notify { to, notification } => Some(match notification {
            Notification::Card { .. } => Event::CardShown {
                channel: to.channel(),
                message: SentMessage {
                    to: "C0DEPLOYS".into(),
                    id: "1772442000.000100".into(),
                },
                shows: release.overview().fingerprint(),
            },
            Notification::Entries { through, .. } => Event::Notified {
                channel: to.channel(),
                through: *through,
            },
        }),
        Action::Plan(_)
        | Action::Register { .. }
        | Action::SuspendScaling { .. }
        | Action::Start(_)
        | Action::RunTask { .. }
        | Action::RunChecks { .. }
        | Action::AnswerHook { .. }
        | Action::Continue { .. }
        | Action::Observe(_)
        | Action::PollGroup { .. }
        | Action::RollBack(_)
        | Action::RestoreScaling { .. }
        | Action::Supersede { .. }
        | Action::NotifyNext { .. }
        | Action::NotifyPredecessor { .. } => None,
    }
}
