//! Auto scaling, CloudWatch, parameters, secrets, checks, and where people are told.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use towpath_core::check::{Alarm, LogStream, MetricSpan, Reading, Verdict};
use towpath_core::message::{Message, MessageKey};
use towpath_core::names::{AlarmName, ApprovalId, ParameterName, ReleaseId, SlackUser};
use towpath_core::pipeline::{Channel, Destination, HttpCheck, MetricCheck};
use towpath_core::release::{
    ActionKind, Decision, Place, ScalableTarget, ScalingState, SentMessage,
};
use towpath_core::token;
use towpath_deployer::ports::{
    AutoScaling, CallError, Checker, Logs, Messenger, Metrics, Parameter, Parameters, Secrets,
};

use super::Port;
use crate::fate::How;
use crate::planted::Flaw;
use crate::set_up;
use crate::simulation::Simulation;

const DESCRIBE_TARGETS: &str = "application-autoscaling:DescribeScalableTargets";
const REGISTER_TARGET: &str = "application-autoscaling:RegisterScalableTarget";
const DESCRIBE_ALARMS: &str = "cloudwatch:DescribeAlarms";
const GET_METRIC: &str = "cloudwatch:GetMetricData";
const GET_LOG: &str = "logs:GetLogEvents";
const GET_PARAMETER: &str = "ssm:GetParameter";
const GET_PARAMETERS: &str = "ssm:GetParametersByPath";
const POST: &str = "slack:chat.postMessage";
const EDIT: &str = "slack:chat.update";
const HISTORY: &str = "slack:conversations.history";
const REPLIES: &str = "slack:conversations.replies";
const PUBLISH: &str = "sns:Publish";

/// What Slack signs its requests with.
pub(crate) const SIGNING_SECRET: &[u8] = b"the signing secret of this world";

/// What the tokens in e-mails are made with.
pub(crate) const LINK_KEY: &[u8] = b"the key of the links in this world, of some length";

impl AutoScaling for Port {
    async fn scaling(&self, place: &Place) -> Result<Option<ScalableTarget>, CallError> {
        self.call(DESCRIBE_TARGETS, How::ReadNow, |simulation, _| {
            let mut target = simulation.scaling(place);
            if simulation.flaw == Some(Flaw::ForgottenScaling)
                && let Some(target) = &mut target
            {
                target.state = ScalingState::default();
            }
            Ok(target)
        })
        .await
    }

    async fn set_scaling(&self, place: &Place, state: ScalingState) -> Result<(), CallError> {
        let mut input = set_up::scalable(&place.service);
        input["SuspendedState"] = json!({
            "DynamicScalingInSuspended": state.dynamic_in,
            "DynamicScalingOutSuspended": state.dynamic_out,
            "ScheduledScalingSuspended": state.scheduled,
        });
        let call = (
            "application-autoscaling",
            "RegisterScalableTarget",
            REGISTER_TARGET,
        );
        self.call(REGISTER_TARGET, How::Change, |simulation, _| {
            let kinds = [ActionKind::SuspendScaling, ActionKind::RestoreScaling];
            simulation.before_change(&self.by, place, &kinds);
            self.ask(simulation, place, call, &input).map(drop)
        })
        .await
    }
}

impl Simulation {
    /// The scalable target of a service.
    pub(crate) fn scaling(&mut self, place: &Place) -> Option<ScalableTarget> {
        let resource = format!(
            "service/{}/{}",
            place.service.cluster, place.service.service
        );
        let input = json!({ "ServiceNamespace": "ecs", "ResourceIds": [resource] });
        let at = (
            place.service.account.as_str(),
            place.service.region.as_str(),
        );
        let call = ("application-autoscaling", "DescribeScalableTargets");
        let answer = self.aws(at, "root", call, &input).ok()?;
        let target = answer["ScalableTargets"].get(0)?;
        let flag = |name: &str| target["SuspendedState"][name].as_bool().unwrap_or(false);
        let bound = |name: &str| {
            let bound = target[name].as_u64().unwrap_or_default();
            u32::try_from(bound).unwrap_or_default()
        };
        Some(ScalableTarget {
            state: ScalingState {
                dynamic_in: flag("DynamicScalingInSuspended"),
                dynamic_out: flag("DynamicScalingOutSuspended"),
                scheduled: flag("ScheduledScalingSuspended"),
            },
            least: bound("MinCapacity"),
            most: bound("MaxCapacity"),
        })
    }
}

impl Metrics for Port {
    async fn alarms(&self, _: &Place, names: &[AlarmName]) -> Result<Vec<Alarm>, CallError> {
        self.call(DESCRIBE_ALARMS, How::ReadNow, |simulation, _| {
            let alarm = |name: &AlarmName| {
                let on = simulation.alarms.contains(name.as_str());
                Alarm {
                    name: name.to_string(),
                    state: if on { "ALARM" } else { "OK" }.into(),
                    reason: String::new(),
                }
            };
            Ok(names.iter().map(alarm).collect())
        })
        .await
    }

    async fn metric(
        &self,
        _: &Place,
        _: &MetricCheck,
        _: MetricSpan,
    ) -> Result<Reading, CallError> {
        self.call(GET_METRIC, How::ReadNow, |_, _| {
            Ok(Reading {
                values: vec![0.0],
                samples: vec![100.0],
            })
        })
        .await
    }
}

impl Logs for Port {
    async fn log_lines(&self, _: &Place, _: &LogStream) -> Result<Vec<String>, CallError> {
        self.call(GET_LOG, How::ReadNow, |_, _| Ok(Vec::new()))
            .await
    }
}

impl Parameters for Port {
    async fn parameters_below(&self, path: &ParameterName) -> Result<Vec<Parameter>, CallError> {
        self.call(GET_PARAMETERS, How::ReadNow, |simulation, _| {
            let below = format!("{path}/");
            let mut stored = simulation.parameters();
            stored.retain(|parameter| parameter.name.as_str().starts_with(&below));
            Ok(stored)
        })
        .await
    }

    async fn parameter(
        &self,
        _: Option<&Place>,
        name: &ParameterName,
        _: Option<i64>,
    ) -> Result<Option<Parameter>, CallError> {
        self.call(GET_PARAMETER, How::ReadNow, |simulation, _| {
            let mut stored = simulation.parameters().into_iter();
            Ok(stored.find(|parameter| parameter.name == *name))
        })
        .await
    }
}

impl Simulation {
    /// The pipelines as they are stored.
    fn parameters(&self) -> Vec<Parameter> {
        let root = set_up::pipelines_path();
        let stored = self.pipelines.iter().filter_map(|pipeline| {
            Some(Parameter {
                name: pipeline.parameter_name(&root).ok()?,
                version: self.version,
                value: pipeline.to_stored().ok()?.value,
                modified_at: Some(self.applied_at),
            })
        });
        stored.collect()
    }
}

impl Secrets for Port {
    async fn slack_signing_secret(&self, _: bool) -> Result<Vec<u8>, CallError> {
        Ok(SIGNING_SECRET.to_vec())
    }

    async fn link_key(&self) -> Result<Vec<u8>, CallError> {
        Ok(LINK_KEY.to_vec())
    }
}

impl Checker for Port {
    async fn check_http(&self, check: &HttpCheck, _: Duration) -> Verdict {
        let mut verdict = self.ask_once(check).await;
        for _ in 1..check.attempts {
            if verdict.passed {
                break;
            }
            verdict = self.ask_once(check).await;
        }
        verdict
    }
}

impl Port {
    async fn ask_once(&self, check: &HttpCheck) -> Verdict {
        let asked = self.call("http:GET", How::ReadNow, |simulation, _| {
            Ok::<_, CallError>(simulation.request(&check.url))
        });
        match asked.await {
            Ok(status) => Verdict {
                passed: status == check.status,
                detail: format!("GET {} answered {status}", check.url),
            },
            Err(error) => Verdict {
                passed: false,
                detail: format!("GET {}: {error}", check.url),
            },
        }
    }
}

impl Simulation {
    /// The status with which a stage's test listener answers.
    fn request(&mut self, url: &str) -> u16 {
        let host = url.trim_start_matches("http://");
        let stage = host.split('.').next().unwrap_or_default();
        let listener = set_up::listener(stage, "test");
        self.aws.request(&listener, "/health", self.now).status
    }
}

impl Messenger for Port {
    async fn send(
        &self,
        to: &Destination,
        message: &Message,
        below: Option<&SentMessage>,
        key: &MessageKey,
    ) -> Result<SentMessage, CallError> {
        let operation = if to.channel().has_card() {
            POST
        } else {
            PUBLISH
        };
        self.call(operation, How::Tell, |simulation, _| {
            Ok(simulation.send(&self.by, to.channel(), message, below, key))
        })
        .await
    }

    async fn sent(
        &self,
        to: &Destination,
        below: Option<&SentMessage>,
        since: Timestamp,
    ) -> Result<Vec<(MessageKey, SentMessage)>, CallError> {
        if !to.channel().keeps_messages() {
            return Ok(Vec::new());
        }
        let operation = if below.is_some() { REPLIES } else { HISTORY };
        self.call(operation, How::Read, |simulation, stale| {
            Ok(simulation.sent(below, since, stale))
        })
        .await
    }

    async fn edit(
        &self,
        _: Channel,
        sent: &SentMessage,
        message: &Message,
    ) -> Result<(), CallError> {
        self.call(EDIT, How::Tell, |simulation, _| {
            simulation.edit(sent, message);
            Ok(())
        })
        .await
    }

    /// Nobody depends on it, and how many are sent depends on what other stories do at the same time:
    /// it takes no turn and no fate.
    async fn whisper(&self, _: &str, _: &SlackUser, text: &str) -> Result<(), CallError> {
        let mut simulation = self.simulation.borrow_mut();
        simulation.does(format!("reads: {text}"));
        simulation.told_to_click_again |= text.to_lowercase().contains("again in a moment");
        simulation.judge.refused(self.by.run);
        Ok(())
    }

    async fn how_to_answer(
        &self,
        release: &ReleaseId,
        approval: &ApprovalId,
    ) -> Result<String, CallError> {
        let answer = |decision: Decision| -> Value {
            let token = token::mint(LINK_KEY, release, approval, decision);
            json!({ "approval": token.unwrap_or_default(), "decision": decision })
        };
        let answers = [Decision::Approve, Decision::Reject].map(|it| answer(it).to_string());
        Ok(format!("\n{}\n", answers.join("\n")))
    }
}
