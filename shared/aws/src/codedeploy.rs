//! AWS CodeDeploy for ECS: <https://docs.aws.amazon.com/codedeploy/latest/APIReference/Welcome.html>.

use aws_sdk_codedeploy::operation::continue_deployment::ContinueDeploymentError;
use aws_sdk_codedeploy::operation::get_deployment::GetDeploymentError;
use aws_sdk_codedeploy::operation::get_deployment_group::GetDeploymentGroupError;
use aws_sdk_codedeploy::operation::get_deployment_target::GetDeploymentTargetError;
use aws_sdk_codedeploy::operation::put_lifecycle_event_hook_execution_status::PutLifecycleEventHookExecutionStatusError;
use aws_sdk_codedeploy::operation::stop_deployment::StopDeploymentError;
use aws_sdk_codedeploy::types::{
    AlarmConfiguration, AppSpecContent, AutoRollbackConfiguration, AutoRollbackEvent,
    DeploymentGroupInfo, DeploymentReadyAction, DeploymentWaitType, EcsTarget,
    LifecycleEventStatus, RevisionLocation, RevisionLocationType, TargetLabel, TimeRange,
};
use aws_smithy_types::DateTime;
use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use towpath_core::names::DeploymentId;
use towpath_core::release::Place;
use towpath_deployer::ports::{
    CallError, Clock as _, CodeDeploy, DeploymentGroup, DeploymentInfo, DeploymentProgress,
    NewDeployment, Wait,
};

use crate::aws::Aws;
use crate::call::{classify, failed, one_line, present, unreadable};
use crate::clients::ClientSet;
use crate::http::sent_once;

const GET_GROUP: &str = "codedeploy:GetDeploymentGroup";
const CREATE: &str = "codedeploy:CreateDeployment";
const GET: &str = "codedeploy:GetDeployment";
const GET_TARGET: &str = "codedeploy:GetDeploymentTarget";
const LIST: &str = "codedeploy:ListDeployments";
const BATCH_GET: &str = "codedeploy:BatchGetDeployments";
const CONTINUE: &str = "codedeploy:ContinueDeployment";
const STOP: &str = "codedeploy:StopDeployment";
const ANSWER_HOOK: &str = "codedeploy:PutLifecycleEventHookExecutionStatus";

/// How many deployments BatchGetDeployments takes at once:
/// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_BatchGetDeployments.html>.
const BATCH: usize = 25;

/// How long ago a deployment was created that is looked for. One that is active is younger: it waits
/// for two days at most before its traffic moves, and for two before its old tasks stop:
/// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_DeploymentReadyOption.html>,
/// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_BlueInstanceTerminationOption.html>.
const RECENT: SignedDuration = SignedDuration::from_hours(7 * 24);

impl CodeDeploy for Aws {
    async fn deployment_group(
        &self,
        place: &Place,
        application: &str,
        group: &str,
    ) -> Result<Option<DeploymentGroup>, CallError> {
        let set = self.clients().at(place).await?;
        let answer = set
            .codedeploy()
            .get_deployment_group()
            .application_name(application)
            .deployment_group_name(group)
            .send()
            .await;
        let info = match answer {
            Ok(answer) => present(
                GET_GROUP,
                "deploymentGroupInfo",
                answer.deployment_group_info,
            )?,
            Err(error) => {
                return match error.as_service_error() {
                    Some(
                        GetDeploymentGroupError::ApplicationDoesNotExistException(_)
                        | GetDeploymentGroupError::DeploymentGroupDoesNotExistException(_),
                    ) => Ok(None),
                    Some(_) | None => Err(classify(GET_GROUP, &error)),
                };
            }
        };
        let targets = info.ecs_services().iter().map(|service| {
            let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
            (text(service.cluster_name()), text(service.service_name()))
        });
        Ok(Some(DeploymentGroup {
            // CodeDeploy leaves the platform out where it is the oldest one.
            platform: info
                .compute_platform()
                .map_or("Server", |platform| platform.as_str())
                .to_owned(),
            targets: targets.collect(),
            configuration: info.deployment_config_name().map(str::to_owned),
            listeners: listeners(&info),
            ready_minutes: ready_minutes(&info),
        }))
    }

    async fn create_deployment(
        &self,
        place: &Place,
        new: &NewDeployment,
    ) -> Result<DeploymentId, CallError> {
        let set = self.clients().at(place).await?;
        let appspec = AppSpecContent::builder().content(&new.appspec).build();
        let revision = RevisionLocation::builder()
            .revision_type(RevisionLocationType::AppSpecContent)
            .app_spec_content(appspec)
            .build();
        // Whatever the group says: a failed, stopped or alarming deployment is rolled back.
        let rollback = AutoRollbackConfiguration::builder()
            .enabled(true)
            .events(AutoRollbackEvent::DeploymentFailure)
            .events(AutoRollbackEvent::DeploymentStopOnAlarm)
            .events(AutoRollbackEvent::DeploymentStopOnRequest)
            .build();
        let answer = set
            .codedeploy()
            .create_deployment()
            .application_name(&new.application)
            .deployment_group_name(&new.group)
            .set_deployment_config_name(new.configuration.clone())
            .revision(revision)
            .description(&new.description)
            .auto_rollback_configuration(rollback)
            .set_override_alarm_configuration(
                new.ignore_alarms
                    .then(|| AlarmConfiguration::builder().enabled(false).build()),
            )
            .customize()
            .config_override(sent_once!(aws_sdk_codedeploy, set))
            .send()
            .await
            .map_err(failed(CREATE))?;
        deployment_id(
            CREATE,
            present(CREATE, "deploymentId", answer.deployment_id)?,
        )
    }

    async fn deployment(
        &self,
        place: &Place,
        id: &DeploymentId,
    ) -> Result<Option<DeploymentInfo>, CallError> {
        let set = self.clients().at(place).await?;
        get_deployment(&set, id).await
    }

    async fn deployment_here(
        &self,
        id: &DeploymentId,
    ) -> Result<Option<DeploymentInfo>, CallError> {
        let set = self.clients().home().await?;
        get_deployment(&set, id).await
    }

    async fn progress(
        &self,
        place: &Place,
        id: &DeploymentId,
    ) -> Result<DeploymentProgress, CallError> {
        let set = self.clients().at(place).await?;
        let answer = set
            .codedeploy()
            .get_deployment_target()
            .deployment_id(id.as_str())
            .target_id(format!(
                "{}:{}",
                place.service.cluster, place.service.service
            ))
            .send()
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                return match error.as_service_error() {
                    Some(
                        GetDeploymentTargetError::DeploymentNotStartedException(_)
                        | GetDeploymentTargetError::DeploymentTargetDoesNotExistException(_),
                    ) => Ok(DeploymentProgress::default()),
                    Some(_) | None => Err(classify(GET_TARGET, &error)),
                };
            }
        };
        let target = answer
            .deployment_target
            .and_then(|target| target.ecs_target);
        Ok(progress_of(&present(GET_TARGET, "ecsTarget", target)?))
    }

    async fn recent_deployments(
        &self,
        place: &Place,
        application: &str,
        group: &str,
    ) -> Result<Vec<DeploymentInfo>, CallError> {
        let set = self.clients().at(place).await?;
        let since = self
            .now()
            .checked_sub(RECENT)
            .unwrap_or(Timestamp::UNIX_EPOCH);
        let since = TimeRange::builder().start(DateTime::from_secs(since.as_second()));
        // CodeDeploy does not say in which order it lists them.
        let listed = set
            .codedeploy()
            .list_deployments()
            .application_name(application)
            .deployment_group_name(group)
            .create_time_range(since.build())
            .into_paginator()
            .items()
            .send();
        let ids: Vec<_> = listed.try_collect().await.map_err(failed(LIST))?;
        let batches = ids.chunks(BATCH).map(|batch| {
            set.codedeploy()
                .batch_get_deployments()
                .set_deployment_ids(Some(batch.to_vec()))
                .send()
        });
        let mut infos = Vec::new();
        for answer in try_join_all(batches).await.map_err(failed(BATCH_GET))? {
            infos.extend(answer.deployments_info.unwrap_or_default());
        }
        infos.sort_by_key(|info| {
            let created = info.create_time().map(|at| (at.secs(), at.subsec_nanos()));
            std::cmp::Reverse(created)
        });
        infos.iter().map(|info| info_of(BATCH_GET, info)).collect()
    }

    async fn stop_deployment(&self, place: &Place, id: &DeploymentId) -> Result<(), CallError> {
        let set = self.clients().at(place).await?;
        let sent = set
            .codedeploy()
            .stop_deployment()
            .deployment_id(id.as_str())
            .auto_rollback_enabled(true)
            .customize()
            .config_override(sent_once!(aws_sdk_codedeploy, set))
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(StopDeploymentError::DeploymentAlreadyCompletedException(_)) => Ok(()),
                Some(_) | None => Err(classify(STOP, &error)),
            },
        }
    }

    async fn continue_deployment(
        &self,
        place: &Place,
        id: &DeploymentId,
        wait: Wait,
    ) -> Result<(), CallError> {
        let set = self.clients().at(place).await?;
        let sent = set
            .codedeploy()
            .continue_deployment()
            .deployment_id(id.as_str())
            .deployment_wait_type(match wait {
                Wait::Ready => DeploymentWaitType::ReadyWait,
                Wait::Termination => DeploymentWaitType::TerminationWait,
            })
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                // It was told before, or somebody has stopped it: looking at it tells.
                Some(
                    ContinueDeploymentError::DeploymentAlreadyCompletedException(_)
                    | ContinueDeploymentError::DeploymentIsNotInReadyStateException(_)
                    | ContinueDeploymentError::InvalidDeploymentStatusException(_),
                ) => Ok(()),
                Some(_) | None => Err(classify(CONTINUE, &error)),
            },
        }
    }

    async fn answer_hook(
        &self,
        place: Option<&Place>,
        id: &DeploymentId,
        execution: &str,
        passed: bool,
    ) -> Result<(), CallError> {
        let set = match place {
            Some(place) => self.clients().at(place).await?,
            None => self.clients().home().await?,
        };
        let status = if passed {
            LifecycleEventStatus::Succeeded
        } else {
            LifecycleEventStatus::Failed
        };
        let sent = set
            .codedeploy()
            .put_lifecycle_event_hook_execution_status()
            .deployment_id(id.as_str())
            .lifecycle_event_hook_execution_id(execution)
            .status(status)
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(
                    PutLifecycleEventHookExecutionStatusError::LifecycleEventAlreadyCompletedException(
                        _,
                    ),
                ) => Ok(()),
                Some(_) | None => Err(classify(ANSWER_HOOK, &error)),
            },
        }
    }
}

async fn get_deployment(
    set: &ClientSet,
    id: &DeploymentId,
) -> Result<Option<DeploymentInfo>, CallError> {
    let answer = set
        .codedeploy()
        .get_deployment()
        .deployment_id(id.as_str())
        .send()
        .await;
    match answer {
        Ok(answer) => {
            let info = present(GET, "deploymentInfo", answer.deployment_info)?;
            info_of(GET, &info).map(Some)
        }
        Err(error) => match error.as_service_error() {
            Some(GetDeploymentError::DeploymentDoesNotExistException(_)) => Ok(None),
            Some(_) | None => Err(classify(GET, &error)),
        },
    }
}

fn deployment_id(
    operation: &'static str,
    id: impl Into<String>,
) -> Result<DeploymentId, CallError> {
    DeploymentId::try_from(id.into()).map_err(|error| unreadable(operation, error))
}

fn info_of(
    operation: &'static str,
    info: &aws_sdk_codedeploy::types::DeploymentInfo,
) -> Result<DeploymentInfo, CallError> {
    let rollback = info.rollback_info();
    let other = |id: Option<&str>| {
        id.filter(|id| !id.is_empty())
            .map(|id| deployment_id(operation, id))
            .transpose()
    };
    let error = info.error_information().map(|error| {
        let code = error.code().map_or("Unknown", |code| code.as_str());
        (
            code.to_owned(),
            one_line(error.message().unwrap_or_default()),
        )
    });
    Ok(DeploymentInfo {
        id: deployment_id(
            operation,
            present(operation, "deploymentId", info.deployment_id())?,
        )?,
        status: present(operation, "status", info.status())?
            .as_str()
            .to_owned(),
        description: info.description().unwrap_or_default().to_owned(),
        error,
        ended_at: info
            .complete_time()
            .and_then(|at| Timestamp::from_second(at.secs()).ok()),
        rolled_back_by: other(rollback.and_then(|r| r.rollback_deployment_id()))?,
        rolls_back: other(rollback.and_then(|r| r.rollback_triggering_deployment_id()))?,
    })
}

/// The listeners by which the group's production traffic comes:
/// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_TargetGroupPairInfo.html>.
fn listeners(info: &DeploymentGroupInfo) -> Vec<String> {
    let balancing = info.load_balancer_info();
    let pairs = balancing.map_or(&[][..], |it| it.target_group_pair_info_list());
    pairs
        .iter()
        .filter_map(|pair| pair.prod_traffic_route())
        .flat_map(|route| route.listener_arns())
        .cloned()
        .collect()
}

/// For how many minutes a deployment of the group waits before production traffic moves, if it
/// does: <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_DeploymentReadyOption.html>.
fn ready_minutes(info: &DeploymentGroupInfo) -> Option<u32> {
    let option = info
        .blue_green_deployment_configuration()?
        .deployment_ready_option()?;
    let waits = option.action_on_timeout() == Some(&DeploymentReadyAction::StopDeployment);
    waits.then(|| u32::try_from(option.wait_time_in_minutes()).unwrap_or_default())
}

fn progress_of(target: &EcsTarget) -> DeploymentProgress {
    let lifecycle = target.lifecycle_events().iter().map(|event| {
        let name = event.lifecycle_event_name().unwrap_or("Unknown");
        let status = event.status().map_or("Unknown", |status| status.as_str());
        (name.to_owned(), status.to_owned())
    });
    let green = target
        .task_sets_info()
        .iter()
        .find(|set| set.task_set_label() == Some(&TargetLabel::Green));
    DeploymentProgress {
        lifecycle: lifecycle.collect(),
        green_traffic: green.map(|set| percentage(set.traffic_weight())),
        green: green.and_then(|set| set.identifer()).map(ToOwned::to_owned),
    }
}

/// A traffic weight as a whole percentage.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to what fits"
)]
fn percentage(weight: f64) -> u8 {
    weight.clamp(0.0, 100.0).round() as u8
}
