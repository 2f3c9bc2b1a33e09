//! `deployment-event`: writes down what CodeDeploy and ECS report about deployments.

use towpath_aws::handlers::deployment_event::handle;
use towpath_aws::shell;

fn main() -> Result<(), shell::Error> {
    shell::run(async |aws, invocation| handle(aws, invocation.event()?).await)
}
