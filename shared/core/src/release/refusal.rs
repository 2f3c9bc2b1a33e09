//! Why a fact from outside is not taken.

use serde::{Deserialize, Serialize};

use super::reported::Reporter;
use super::{ClosedReason, Decision, Principal};
use crate::names::{ApprovalId, DeploymentId, PipelineName, ReleaseId, StageName};

/// Why an incoming fact is not taken. It is shown to whoever brought it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The person may not decide here.
    #[error("{by} may not decide about {stage}: the pipeline does not name them as an approver")]
    NotEligible { by: Principal, stage: StageName },
    /// The person could have decided when the release began.
    #[error(
        "{by} may not decide about {stage} any more: the pipeline, as it is stored now, does not name them as an approver"
    )]
    NoLongerEligible { by: Principal, stage: StageName },
    /// The pipeline is gone, and its approvers with it.
    #[error(
        "nobody may decide about {stage} any more: the pipeline {pipeline} was removed. Apply it again, or push again where another one takes the image"
    )]
    PipelineRemoved {
        pipeline: PipelineName,
        stage: StageName,
    },
    /// Whether the person may still decide could not be found out.
    #[error(
        "nothing was decided: whether {by} may still decide about {stage} is not known ({problem}). Try again in a moment"
    )]
    NotKnown {
        by: Principal,
        stage: StageName,
        /// Why it is not known.
        problem: String,
    },
    /// The request is over.
    #[error("the request {approval} is closed: {why}")]
    Closed {
        /// The request.
        approval: ApprovalId,
        why: ClosedReason,
    },
    /// The person has decided otherwise.
    #[error("{by} has already decided to {decided}; the first decision counts")]
    Decided { by: Principal, decided: Decision },
    #[error("the pipeline has no stage `{0}`")]
    NoSuchStage(StageName),
    /// The person may not roll back here.
    #[error(
        "{by} may not roll {stage} back: the pipeline names them neither as an operator nor as an approver"
    )]
    NotAnOperator { by: Principal, stage: StageName },
    /// The person could have rolled back when the release began.
    #[error(
        "{by} may not roll {stage} back any more: the pipeline, as it is stored now, names them neither as an operator nor as an approver"
    )]
    NoLongerOperator { by: Principal, stage: StageName },
    /// Somebody else than the stage's own account, region and engine reports about its deployment.
    #[error("{from} does not report about {deployment}: {expected} does")]
    ForeignReport {
        deployment: DeploymentId,
        /// Who reported.
        from: Reporter,
        /// Who does.
        expected: Reporter,
    },
    /// Nothing is being rolled out to the stage.
    #[error("{release} is not being rolled out to {stage}, so there is nothing to roll back")]
    NotRollingOut {
        release: ReleaseId,
        stage: StageName,
    },
}
