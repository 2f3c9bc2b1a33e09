//! `image-push`: opens a release for every pipeline that takes a pushed image.

use towpath_aws::shell;
use towpath_deployer::handlers::image_push::handle;

fn main() -> Result<(), shell::Error> {
    shell::run(async |aws, invocation| {
        let settings = aws.settings();
        handle(
            aws,
            &settings.pipelines_path()?,
            &settings.home()?,
            invocation.event()?,
        )
        .await
    })
}
