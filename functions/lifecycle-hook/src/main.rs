//! `lifecycle-hook`: runs the checks when CodeDeploy asks, and answers it.

use towpath_aws::handlers::lifecycle_hook::handle;
use towpath_aws::shell;

fn main() -> Result<(), shell::Error> {
    shell::run(async |aws, invocation| {
        handle(aws, invocation.event()?, || invocation.time_left()).await
    })
}
