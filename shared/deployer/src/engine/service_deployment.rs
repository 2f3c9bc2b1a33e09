//! What the description of a service deployment says, read from AWS's own JSON:
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html>.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use towpath_core::names::{DeploymentId, FunctionName, PauseId, TaskDefinitionArn};
use towpath_core::release::{
    AwsSaid, AwsService, DeploymentStep, FaultCause, LateCause, Place, TaskCounts, UnansweredHook,
};

use crate::ports::{CallError, Ports, ServiceDeploymentBrief};

/// The stages at which green is up and production traffic has not begun to move: where people are
/// asked.
pub(super) const ASKED_AT: [&str; 2] = ["POST_TEST_TRAFFIC_SHIFT", "PRE_PRODUCTION_TRAFFIC_SHIFT"];

/// A service deployment as DescribeServiceDeployments describes it.
pub(super) struct ServiceDeployment(pub(super) Value);

/// How a service deployment stands: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html#ECS-Type-ServiceDeployment-status>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It has not been decided, or ECS says something that is not known here.
    UnderWay,
    /// All of the traffic is on green, and the old tasks are being stopped: nothing turns it
    /// around any more.
    CleaningUp,
    /// Traffic goes back to blue, or will.
    Turning,
    Successful,
    RolledBack,
    RollbackFailed,
    Stopped,
}

impl Standing {
    /// What the status alone says.
    pub(super) fn of(status: &str) -> Self {
        match status {
            "ROLLBACK_SUCCESSFUL" if towpath_core::planted!(RollbackTakenForSuccess) => {
                Self::Successful
            }
            "ROLLBACK_REQUESTED" | "ROLLBACK_IN_PROGRESS" => Self::Turning,
            "SUCCESSFUL" => Self::Successful,
            "ROLLBACK_SUCCESSFUL" => Self::RolledBack,
            "ROLLBACK_FAILED" => Self::RollbackFailed,
            "STOPPED" => Self::Stopped,
            _ => Self::UnderWay,
        }
    }

    /// Whether nothing moves any more.
    pub(super) fn is_over(self) -> bool {
        match self {
            Self::Successful | Self::RolledBack | Self::RollbackFailed | Self::Stopped => true,
            Self::UnderWay | Self::CleaningUp | Self::Turning => false,
        }
    }
}

impl ServiceDeployment {
    /// The deployment, if ECS shows it.
    pub(super) async fn read<P: Ports>(
        ports: &P,
        place: &Place,
        id: &DeploymentId,
    ) -> Result<Option<Self>, CallError> {
        Ok(ports.service_deployment(place, id).await?.map(Self))
    }

    pub(super) fn standing(&self) -> Standing {
        let standing = Standing::of(self.status());
        if standing == Standing::UnderWay && self.stage() == Some("CLEAN_UP") {
            return Standing::CleaningUp;
        }
        standing
    }

    /// The deployment as a list of them would show it.
    pub(super) fn brief(&self, id: DeploymentId) -> ServiceDeploymentBrief {
        ServiceDeploymentBrief {
            id,
            target: self.text("/targetServiceRevision/arn").map(str::to_owned),
            created_at: self.created_at(),
            status: self.status().to_owned(),
        }
    }

    pub(super) fn created_at(&self) -> Option<Timestamp> {
        self.time("createdAt")
    }

    /// When it ended, if it has.
    pub(super) fn finished_at(&self) -> Option<Timestamp> {
        self.time("finishedAt")
    }

    /// AWS counts the seconds since 1970.
    fn time(&self, key: &str) -> Option<Timestamp> {
        let seconds = self.0.get(key)?.as_f64()?;
        let since_epoch = SignedDuration::try_from_secs_f64(seconds).ok()?;
        Timestamp::from_duration(since_epoch).ok()
    }

    fn status(&self) -> &str {
        self.text("/status").unwrap_or_default()
    }

    /// The lifecycle stage; ECS names none before the first one.
    fn stage(&self) -> Option<&str> {
        self.text("/lifecycleStage")
    }

    /// The pause with which it waits for production traffic to be let through, if it does: green is
    /// up, and every other hook of the stage has been answered, since they run beside the pause and
    /// verify green: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html>.
    /// A pause anywhere else is somebody else's to answer, unless nobody is asked.
    pub(super) fn ready(&self, unasked: bool) -> Option<PauseId> {
        let is_asked = ASKED_AT.contains(&self.stage()?) && !self.is_being_verified();
        (unasked || is_asked).then(|| self.pause())?
    }

    /// Whether a hook that calls a function has not been answered.
    fn is_being_verified(&self) -> bool {
        let hooks = self.0.get("lifecycleHookDetails").and_then(Value::as_array);
        let mut hooks = hooks.into_iter().flatten();
        hooks.any(|hook| {
            let status = hook.get("status").and_then(Value::as_str);
            hook["targetType"] != "PAUSE"
                && !matches!(status, Some("SUCCEEDED" | "FAILED" | "TIMED_OUT"))
        })
    }

    /// The pause that waits to be answered, if one does.
    pub(super) fn pause(&self) -> Option<PauseId> {
        let hooks = self.0.get("lifecycleHookDetails").and_then(Value::as_array);
        let waits = hooks
            .into_iter()
            .flatten()
            .find(|hook| hook["targetType"] == "PAUSE" && hook["status"] == "AWAITING_ACTION")?;
        waits.get("hookId")?.as_str()?.parse().ok()
    }

    /// What it waits for, if a hook or a pause has to be answered.
    pub(super) fn waits(&self) -> Option<LateCause> {
        let at = self.stage()?.to_owned();
        if self.pause().is_some() {
            return Some(LateCause::Pause { at });
        }
        let function = self.hook("IN_PROGRESS")?;
        Some(LateCause::Hook(UnansweredHook { function, at }))
    }

    /// The name of the function of the first hook that stands so.
    fn hook(&self, status: &str) -> Option<FunctionName> {
        let hooks = self.0.get("lifecycleHookDetails").and_then(Value::as_array);
        let mut hooks = hooks.into_iter().flatten();
        let hook = hooks.find(|hook| hook["targetType"] != "PAUSE" && hook["status"] == status)?;
        let target = hook.get("targetArn")?.as_str()?;
        function_name(target)?.parse().ok()
    }

    /// The percentage of production traffic that green gets.
    pub(super) fn green_traffic(&self) -> Option<u8> {
        let weight = self
            .0
            .pointer("/targetServiceRevision/requestedProductionTrafficWeight")?
            .as_f64()?;
        // What gets some traffic does not get none.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a weight is from 0 to 100"
        )]
        let percent = weight.clamp(0.0, 100.0).ceil() as u8;
        Some(percent)
    }

    /// Its lifecycle stage; its status before the first one.
    pub(super) fn stage_or_status(&self) -> &str {
        self.stage().unwrap_or_else(|| self.status())
    }

    /// What it is at.
    pub(super) fn at(&self) -> DeploymentStep {
        let name = self.stage_or_status().to_owned();
        if self.pause().is_some() {
            return DeploymentStep::Paused {
                at: name,
                tasks: None,
            };
        }
        let tasks = (name == "SCALE_UP").then(|| self.tasks()).flatten();
        DeploymentStep::Named { name, tasks }
    }

    /// How many of the new version's tasks there are.
    fn tasks(&self) -> Option<TaskCounts> {
        let revision = self.0.get("targetServiceRevision")?;
        let count = |key: &str| u32::try_from(revision.get(key)?.as_u64()?).ok();
        Some(TaskCounts {
            running: count("runningTaskCount")?,
            wanted: count("requestedTaskCount")?,
            failed: 0,
        })
    }

    /// What ECS says of it where it ends since somebody has asked ECS to stop it: of that there are
    /// only ECS's words.
    pub(super) fn stopped_by_request(&self) -> Option<AwsSaid> {
        let said = self.said()?;
        (said.to_lowercase().contains("stopped by a user")).then(|| AwsSaid::message(said))
    }

    /// Why it ends as it does, as far as ECS says.
    pub(super) fn cause(&self) -> FaultCause {
        if let Some(said) = self.stopped_by_request() {
            return FaultCause::StoppedByUser { said };
        }
        let said = self.said().map(AwsSaid::message);
        // ECS forgets where it was, once it goes back.
        match (self.hook("TIMED_OUT"), said) {
            (Some(function), said) => FaultCause::HookTimedOut { function, said },
            (None, Some(said)) => FaultCause::AwsSaid(said),
            (None, None) => FaultCause::NoReason {
                by: AwsService::Ecs,
            },
        }
    }

    /// Why it ends as it does, in ECS's words.
    fn said(&self) -> Option<&str> {
        let mut said = ["/rollback/reason", "/statusReason"]
            .into_iter()
            .filter_map(|at| self.text(at));
        said.find(|it| !it.is_empty())
    }

    fn text(&self, pointer: &str) -> Option<&str> {
        self.0.pointer(pointer)?.as_str()
    }
}

/// The name in a function's ARN, which may have a version or an alias after it:
/// <https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html>.
fn function_name(arn: &str) -> Option<&str> {
    if !arn.starts_with("arn:") {
        return Some(arn);
    }
    arn.split(':').nth(6)
}

/// The revision that a service deployment brings.
pub(super) async fn brings<P: Ports>(
    ports: &P,
    place: &Place,
    brief: &ServiceDeploymentBrief,
) -> Result<Option<TaskDefinitionArn>, CallError> {
    match &brief.target {
        Some(target) => ports.task_definition_of(place, target).await,
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_known_is_under_way() {
        for (status, stage, standing) in [
            ("PENDING", None, Standing::UnderWay),
            ("IN_PROGRESS", Some("BAKE_TIME"), Standing::UnderWay),
            ("IN_PROGRESS", Some("CLEAN_UP"), Standing::CleaningUp),
            ("ROLLBACK_REQUESTED", Some("CLEAN_UP"), Standing::Turning),
            ("OF_TOMORROW", Some("STAGE_OF_TOMORROW"), Standing::UnderWay),
            ("STOPPED", Some("CLEAN_UP"), Standing::Stopped),
        ] {
            let seen = ServiceDeployment(json!({"status": status, "lifecycleStage": stage}));
            assert_eq!(seen.standing(), standing, "{status} at {stage:?}");
        }
    }

    #[test]
    fn only_a_pause_that_waits_is_to_be_answered() {
        let hook = |id: &str, kind: &str, status: &str| json!({"hookId": id, "targetType": kind, "status": status});
        let seen = |hooks: Value| ServiceDeployment(json!({"lifecycleHookDetails": hooks}));
        let answered = hook("a", "PAUSE", "SUCCEEDED");
        let runs = hook("b", "AWS_LAMBDA", "IN_PROGRESS");
        assert_eq!(seen(json!([answered, runs])).pause(), None);
        let waits = hook("c", "PAUSE", "AWAITING_ACTION");
        assert_eq!(
            seen(json!([answered, runs, waits]))
                .pause()
                .unwrap()
                .as_str(),
            "c"
        );
        assert_eq!(ServiceDeployment(json!({})).pause(), None);
    }

    #[test]
    fn a_hook_that_never_answers_is_named() {
        let seen = |status: &str, said: &str| {
            let target = "arn:aws:lambda:eu-west-1:111111111111:function:shop-smoke-test";
            let hook = json!({"hookId": "a", "targetType": "AWS_LAMBDA", "status": status,
                "targetArn": target});
            ServiceDeployment(
                json!({"lifecycleStage": "POST_SCALE_UP", "lifecycleHookDetails": [hook],
                "statusReason": said}),
            )
        };
        let function: FunctionName = "shop-smoke-test".parse().unwrap();
        let unanswered = UnansweredHook {
            function: function.clone(),
            at: "POST_SCALE_UP".into(),
        };
        assert_eq!(
            seen("IN_PROGRESS", "").waits(),
            Some(LateCause::Hook(unanswered))
        );
        assert_eq!(seen("SUCCEEDED", "").waits(), None);
        let said = "A lifecycle hook timed out.";
        let timed_out = |said| FaultCause::HookTimedOut {
            function: function.clone(),
            said,
        };
        assert_eq!(
            seen("TIMED_OUT", said).cause(),
            timed_out(Some(AwsSaid::message(said)))
        );
        assert_eq!(seen("TIMED_OUT", "").cause(), timed_out(None));
        let by = AwsService::Ecs;
        assert_eq!(seen("SUCCEEDED", "").cause(), FaultCause::NoReason { by });
    }

    #[test]
    fn a_hook_is_named_whether_its_function_has_an_alias_or_not() {
        for target in [
            "arn:aws:lambda:eu-west-1:111111111111:function:shop-smoke-test",
            "arn:aws-us-gov:lambda:us-gov-west-1:111111111111:function:shop-smoke-test:live",
            "shop-smoke-test",
        ] {
            let hook =
                json!({"targetType": "AWS_LAMBDA", "status": "TIMED_OUT", "targetArn": target});
            let seen = ServiceDeployment(json!({"lifecycleHookDetails": [hook]}));
            let named = seen.hook("TIMED_OUT").expect("its function has a name");
            assert_eq!(named.as_str(), "shop-smoke-test", "{target}");
        }
    }

    #[test]
    fn a_stop_on_request_is_known_by_ecss_words() {
        let seen =
            |said: &str| ServiceDeployment(json!({"status": "STOPPED", "statusReason": said}));
        let by_user = "Service deployment was stopped by a user.";
        let said = AwsSaid::message(by_user);
        assert_eq!(seen(by_user).stopped_by_request(), Some(said.clone()));
        let by_user = seen(by_user).cause();
        assert_eq!(by_user, FaultCause::StoppedByUser { said });
        for said in [
            "Service deployment stopped: ECS deployment circuit breaker.",
            "Service deployment stopped: (service user-api) circuit breaker: tasks failed to start.",
        ] {
            assert_eq!(seen(said).stopped_by_request(), None, "{said}");
        }
    }

    #[test]
    fn only_a_pause_before_the_shift_lets_traffic_through() {
        let seen = |stage: &str| {
            let waits = json!({"hookId": "a", "targetType": "PAUSE", "status": "AWAITING_ACTION"});
            ServiceDeployment(json!({"lifecycleStage": stage, "lifecycleHookDetails": [waits]}))
        };
        for stage in ["PRE_SCALE_UP", "POST_PRODUCTION_TRAFFIC_SHIFT"] {
            assert_eq!(seen(stage).ready(false), None, "{stage}");
            let (at, tasks) = (stage.to_owned(), None);
            assert_eq!(seen(stage).at(), DeploymentStep::Paused { at, tasks });
        }
        let ready = seen("POST_TEST_TRAFFIC_SHIFT").ready(false);
        assert_eq!(ready.expect("it is ready").as_str(), "a");
        let at = "PRE_SCALE_UP".to_owned();
        assert_eq!(seen(&at).waits(), Some(LateCause::Pause { at }));
        // Whoever is asked is asked about what was verified.
        for (status, is_ready) in [
            ("IN_PROGRESS", false),
            ("SOMETHING_NEW", false),
            ("SUCCEEDED", true),
        ] {
            let mut beside = seen("POST_TEST_TRAFFIC_SHIFT");
            let hook = json!({"hookId": "b", "targetType": "AWS_LAMBDA", "status": status});
            let hooks = beside.0["lifecycleHookDetails"].as_array_mut();
            hooks.expect("hooks").push(hook);
            assert_eq!(beside.ready(false).is_some(), is_ready, "{status}");
            assert!(beside.ready(true).is_some(), "{status}");
        }
        // Nobody is asked whether the old version may come back.
        let back = seen("PRE_SCALE_UP").ready(true);
        assert_eq!(back.expect("it goes on").as_str(), "a");
    }

    #[test]
    fn a_crumb_of_traffic_is_not_none() {
        let seen = |weight: f64| {
            ServiceDeployment(
                json!({"targetServiceRevision": {"requestedProductionTrafficWeight": weight}}),
            )
        };
        assert_eq!(seen(0.0).green_traffic(), Some(0));
        assert_eq!(seen(0.1).green_traffic(), Some(1));
        assert_eq!(seen(100.0).green_traffic(), Some(100));
        assert_eq!(ServiceDeployment(json!({})).green_traffic(), None);
    }
}
