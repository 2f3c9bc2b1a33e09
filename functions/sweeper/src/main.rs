//! `sweeper`: finds what got lost and wakes it.

use towpath_aws::config::FUNCTION_NAME;
use towpath_aws::handlers::sweeper::handle;
use towpath_aws::shell;

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
