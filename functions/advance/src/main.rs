//! `advance`: drives releases. The only function that changes deployments.

use towpath_aws::config::FUNCTION_NAME;
use towpath_aws::shell;
use towpath_deployer::handlers::advance::handle;

fn main() -> Result<(), shell::Error> {
    shell::run(async |aws, invocation| {
        let function = aws.settings().require(FUNCTION_NAME)?;
        handle(aws, &function, invocation.event()?, || {
            invocation.time_left()
        })
        .await
    })
}
