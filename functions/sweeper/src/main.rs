//! `sweeper`: finds what got lost and wakes it.

use towpath_aws::config::FUNCTION_NAME;
use towpath_aws::shell;
use towpath_deployer::handlers::sweeper::handle;

fn main() -> Result<(), shell::Error> {
    shell::run(async |aws, invocation| {
        let settings = aws.settings();
        handle(
            aws,
            &settings.pipelines_path()?,
            &settings.home()?,
            &settings.require(FUNCTION_NAME)?,
            invocation.event()?,
        )
        .await
    })
}
