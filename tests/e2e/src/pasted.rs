//! What `make lab` prints for another shell: every line works as it is printed.

use crate::lab::{Error, Lab, workspace};
use crate::shell::surroundings;
use crate::shop::{APPROVER, CHANNEL, Shop};

/// The lines. Those that set the shell up come first, and are what the lines of the READMEs need,
/// too.
///
/// # Errors
/// When the folder that this was built in is gone.
pub fn to_paste(lab: &Lab, shop: &Shop) -> Result<String, Error> {
    let root = workspace()
        .canonicalize()
        .map_err(|error| Error::Story(error.to_string()))?;
    let (root, logs) = (root.display(), lab.logs().display());
    let production = shop.stage("production").url.clone().unwrap_or_default();
    let surroundings = surroundings(lab)?;
    Ok(format!(
        r#"{surroundings}cd '{root}'

# Push an image, tagged with its commit. The logs are in {logs}
curl -s $AWS_ENDPOINT_URL/_lab/push -d '{{"repository":"shop-api","tag":"3f2c1ab"}}'
# What runs where, and what is on its way
towpath status
# Approve it, as the approver that the pipeline names, when the card has its button
curl -sf --retry 120 --retry-delay 1 --retry-all-errors $AWS_ENDPOINT_URL/_lab/slack/click -d '{{"channel":"{CHANNEL}","action_id":"towpath_approve","user":"{APPROVER}"}}'
# What Slack shows, and what runs where
curl -s $AWS_ENDPOINT_URL/_lab/slack/messages
curl -s $AWS_ENDPOINT_URL/_lab/overview
# Push a bad image: its green answers 500 at the test listener
curl -s $AWS_ENDPOINT_URL/_lab/push -d '{{"repository":"shop-api","tag":"badbad1","behaviour":"unhealthy-green"}}'
# Any AWS client talks to the lab
aws ecs list-clusters
aws sqs list-queues
python3 -c 'import boto3; print(boto3.client("ecs").list_clusters()["clusterArns"])'
# What answers in production
curl -s {production}/
"#
    ))
}
