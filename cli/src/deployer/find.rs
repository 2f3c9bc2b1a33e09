//! Whether there is a deployer where the command looks for it. A wrong prefix, region or profile has
//! no pipelines, no releases and no holds, and would take a pipeline that nothing ever deploys.

use towpath_aws::{Aws, Caller};
use towpath_core::names::{AccountId, ParameterName, Partition, Region};
use towpath_deployer::ports::{CallError, Parameters as _};

use super::Prefix;
use crate::deployer::description::installation;
use crate::output::Failure;

/// Why a deployer is not found.
#[derive(Debug, thiserror::Error)]
enum NotFound {
    #[error(
        "no region is set: name the deployer's with --region, the environment variable AWS_REGION, \
         or `region` of the profile"
    )]
    NoRegion,
    #[error(
        "AWS has no region `{0}`: --region, the environment variable AWS_REGION or `region` of the \
         profile names the deployer's, such as eu-central-1"
    )]
    NoSuchRegion(Region),
    #[error(
        "AWS does not say whose credentials these are: `aws sts get-caller-identity` has to work in \
         {0}; --profile names other ones"
    )]
    NoCaller(Region, #[source] CallError),
    #[error(
        "there is no deployer `{prefix}` in account {account}, region {region} (no parameter \
         {parameter}): --prefix, --region and --profile (or TOWPATH_PREFIX, AWS_REGION and \
         AWS_PROFILE) say where it is; the Terraform module infra/deployer installs one"
    )]
    NoDeployer {
        prefix: Prefix,
        account: AccountId,
        region: Region,
        parameter: ParameterName,
    },
    #[error(
        "it is not known whether there is a deployer `{prefix}` in account {account}, region \
         {region}: {caller} has to be allowed ssm:GetParameter on {parameter}"
    )]
    NotAsked {
        prefix: Prefix,
        account: AccountId,
        region: Region,
        caller: String,
        parameter: ParameterName,
        #[source]
        source: CallError,
    },
}

/// Finds the deployer of this prefix; who asks, and in which region it is.
///
/// # Errors
/// When it is not there, or that cannot be asked.
pub(super) async fn find(aws: &Aws, prefix: &Prefix) -> Result<(Caller, Region), Failure> {
    let region = aws.region().map_err(|_unset| NotFound::NoRegion)?;
    if !Partition::has_region(region.as_str()) {
        return Err(NotFound::NoSuchRegion(region).into());
    }
    let parameter: ParameterName = installation(prefix.as_str())?.parse()?;
    let (caller, found) = tokio::join!(aws.caller(), aws.parameter(None, &parameter, None));
    let caller = caller.map_err(|source| NotFound::NoCaller(region.clone(), source))?;
    let (prefix, account) = (prefix.clone(), caller.account.clone());
    match found {
        Ok(Some(_)) => Ok((caller, region)),
        Ok(None) => Err(NotFound::NoDeployer {
            prefix,
            account,
            region,
            parameter,
        }
        .into()),
        Err(source) => Err(NotFound::NotAsked {
            prefix,
            account,
            region,
            caller: caller.arn,
            parameter,
            source,
        }
        .into()),
    }
}
