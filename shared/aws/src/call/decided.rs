//! What each error means that AWS's models name for the calls that are made. A model with an error
//! that is not decided here breaks the build: decide it, in [`super::said`] if it is not final.
//! `scripts/update-errors` takes the models anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use aws_smithy_types::error::ErrorMetadata;
use serde::Deserialize;
use towpath_deployer::ports::CallError;

use super::said;

/// The errors of each operation, and whether each is AWS's own fault.
#[derive(Deserialize)]
struct Models {
    operations: BTreeMap<String, BTreeMap<String, bool>>,
}

fn models() -> Models {
    serde_json::from_str(include_str!("../../model/errors.json")).expect("the vendored errors")
}

/// It certainly was not carried out, and is tried again.
const NOT_DONE: &[&str] = &[
    "ConcurrentUpdateException",
    "ExpiredTokenException",
    "KMSThrottling",
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TooManyUpdates",
    "TransactionConflictException",
];

/// How far it came is not said, so that it is looked for.
const UNKNOWN: &[&str] = &[
    "InternalError",
    "InternalServerError",
    "InternalServiceException",
    "ServerException",
    "ServiceUnavailableException",
];

/// It means something to whoever makes the call; for everybody else it is final.
const HANDLED: &[(&str, &str)] = &[
    (
        "ClientException",
        "a revision that is not there, too many registrations at once: ecs.rs",
    ),
    (
        "ConditionalCheckFailedException",
        "it is what the condition is for: ledger.rs",
    ),
    (
        "ConflictException",
        "it is over or turning already: ecs/service_deployments.rs",
    ),
    (
        "DeploymentAlreadyCompletedException",
        "it is over, as was wanted: codedeploy.rs",
    ),
    (
        "DeploymentIsNotInReadyStateException",
        "it went on already, as was wanted: codedeploy.rs",
    ),
    (
        "DeploymentLimitExceededException",
        "the group is waited for: perform/codedeploy/room.rs",
    ),
    ("ImageNotFoundException", "there is none: ecr.rs"),
    (
        "LifecycleEventAlreadyCompletedException",
        "it was answered already: codedeploy.rs",
    ),
    ("ParameterNotFound", "there is none: ssm.rs"),
    (
        "TransactionCanceledException",
        "the reasons of its members are read: ledger/cancelled.rs",
    ),
    (
        "TransactionInProgressException",
        "the same token is sent again: ledger/write.rs",
    ),
];

/// Asking again would get the same answer.
const FINAL: &[&str] = &[
    "AccessDeniedException",
    "AlarmsLimitExceededException",
    "ApplicationDoesNotExistException",
    "ApplicationNameRequiredException",
    "AuthorizationError",
    "BatchLimitExceededException",
    "BlockedException",
    "ClusterNotFoundException",
    "DeploymentConfigDoesNotExistException",
    "DeploymentDoesNotExistException",
    "DeploymentGroupDoesNotExistException",
    "DeploymentGroupNameRequiredException",
    "DeploymentIdRequiredException",
    "DeploymentNotStartedException",
    "DeploymentTargetDoesNotExistException",
    "DeploymentTargetIdRequiredException",
    "DescriptionTooLongException",
    "EndpointDisabled",
    "HierarchyLevelLimitExceededException",
    "HierarchyTypeMismatchException",
    "IdempotentParameterMismatchException",
    "IncompatiblePolicyException",
    "InvalidAlarmConfigException",
    "InvalidAllowedPatternException",
    "InvalidApplicationNameException",
    "InvalidAutoRollbackConfigException",
    "InvalidAutoScalingGroupException",
    "InvalidAutoScalingGroupProcessToSuspendException",
    "InvalidComputePlatformException",
    "InvalidContextAssertion",
    "InvalidDeploymentConfigNameException",
    "InvalidDeploymentGroupNameException",
    "InvalidDeploymentIdException",
    "InvalidDeploymentStatusException",
    "InvalidDeploymentTargetIdException",
    "InvalidDeploymentWaitTypeException",
    "InvalidECSServiceException",
    "InvalidExternalIdException",
    "InvalidFileExistsBehaviorException",
    "InvalidFilterKey",
    "InvalidFilterOption",
    "InvalidFilterValue",
    "InvalidGitHubAccountTokenException",
    "InvalidIgnoreApplicationStopFailuresValueException",
    "InvalidInputException",
    "InvalidInstanceNameException",
    "InvalidKeyId",
    "InvalidLifecycleEventHookExecutionIdException",
    "InvalidLifecycleEventHookExecutionStatusException",
    "InvalidLoadBalancerInfoException",
    "InvalidNextToken",
    "InvalidNextTokenException",
    "InvalidParameter",
    "InvalidParameterException",
    "InvalidPolicyAttributeException",
    "InvalidPolicyTypeException",
    "InvalidRevisionException",
    "InvalidRoleException",
    "InvalidSecurity",
    "InvalidTargetInstancesException",
    "InvalidTimeRangeException",
    "InvalidTrafficRoutingConfigurationException",
    "InvalidUpdateOutdatedInstancesOnlyValueException",
    "ItemCollectionSizeLimitExceededException",
    "KMSAccessDenied",
    "KMSDisabled",
    "KMSInvalidState",
    "KMSNotFound",
    "KMSOptInRequired",
    "LayerInaccessibleException",
    "LayersNotFoundException",
    "LifecyclePolicyNotFoundException",
    "LimitExceededException",
    "MalformedPolicyDocument",
    "NamespaceNotFoundException",
    "NotFound",
    "PackedPolicyTooLarge",
    "ParameterAlreadyExists",
    "ParameterLimitExceeded",
    "ParameterMaxVersionLimitExceeded",
    "ParameterPatternMismatchException",
    "ParameterValueInvalid",
    "ParameterVersionNotFound",
    "PlatformApplicationDisabled",
    "PlatformTaskDefinitionIncompatibilityException",
    "PlatformUnknownException",
    "PoliciesLimitExceededException",
    "RegionDisabledException",
    "RepositoryNotFoundException",
    "ResourceNotFoundException",
    "RevisionDoesNotExistException",
    "RevisionRequiredException",
    "ServiceDeploymentNotFoundException",
    "ServiceNotActiveException",
    "ServiceNotFoundException",
    "UnableToGetUpstreamImageException",
    "UnableToGetUpstreamLayerException",
    "UnsupportedActionForDeploymentTypeException",
    "UnsupportedFeatureException",
    "UnsupportedParameterType",
    "ValidationException",
];

#[test]
fn every_error_that_a_model_names_is_decided() {
    let mut undecided = BTreeSet::new();
    for (operation, errors) in models().operations {
        for (code, is_fault) in errors {
            let error = ErrorMetadata::builder().code(&code).build();
            let means = said("ecs:UpdateService", &error, is_fault);
            let is = |codes: &[&str]| codes.contains(&code.as_str());
            let handled = HANDLED.iter().any(|(known, _)| *known == code);
            let as_decided = match means {
                CallError::NotDone { .. } => is(NOT_DONE),
                CallError::Unknown { .. } => is(UNKNOWN),
                CallError::Refused { .. } => is(FINAL) || handled,
            };
            if !as_decided {
                undecided.insert(format!("{code} of {operation} is taken for: {means}"));
            }
        }
    }
    assert_eq!(undecided, BTreeSet::new());
}

#[test]
fn nothing_is_decided_twice_or_of_what_no_model_names() {
    let named: BTreeSet<String> = models()
        .operations
        .into_values()
        .flat_map(BTreeMap::into_keys)
        .collect();
    let handled = HANDLED.iter().map(|(code, _)| *code);
    let decided: Vec<_> = [NOT_DONE, UNKNOWN, FINAL]
        .into_iter()
        .flatten()
        .copied()
        .chain(handled)
        .collect();
    let once: BTreeSet<String> = decided.iter().map(ToString::to_string).collect();
    assert_eq!(once.len(), decided.len(), "a code is decided twice");
    assert_eq!(once, named);
}

/// The calls that the adapters name, as they name them.
fn made(folder: &Path, made: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            self::made(&path, made);
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a source file");
        for quoted in text.split('"') {
            let Some((service, operation)) = quoted.split_once(':') else {
                continue;
            };
            let is_operation = operation.starts_with(|c: char| c.is_ascii_uppercase())
                && operation.chars().all(|c| c.is_ascii_alphanumeric());
            if SERVICES.contains(&service) && is_operation {
                made.insert(quoted.to_owned());
            }
        }
    }
}

/// The services that are called through their SDKs or by a model of their own.
const SERVICES: &[&str] = &[
    "application-autoscaling",
    "cloudwatch",
    "codedeploy",
    "dynamodb",
    "ecr",
    "ecs",
    "logs",
    "sns",
    "ssm",
    "sts",
];

#[test]
fn the_errors_of_every_call_that_is_made_are_known() {
    let mut found = BTreeSet::new();
    made(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut found,
    );
    let known: BTreeSet<String> = models().operations.into_keys().collect();
    assert_eq!(found, known, "run scripts/update-errors");
}
