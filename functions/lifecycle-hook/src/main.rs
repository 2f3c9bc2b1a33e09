//! `lifecycle-hook`: runs the checks when CodeDeploy asks, and answers it.

use towpath_aws::shell;
use towpath_deployer::handlers::lifecycle_hook::handle;

fn main() -> Result<(), shell::Error> {
    shell::run(async |aws, invocation| {
        handle(aws, invocation.event()?, || invocation.time_left()).await
    })
}
