//! `approval`: writes down decisions made in Slack or by a message to the reply topic.

use towpath_aws::shell;
use towpath_deployer::handlers::approval::handle;

fn main() -> Result<(), shell::Error> {
    shell::run(async |aws, invocation| {
        handle(aws, &aws.settings().approval()?, invocation.read()).await
    })
}
