//! `deployment-event`: writes down what CodeDeploy and ECS report about deployments.

use towpath_aws::shell;
use towpath_deployer::handlers::deployment_event::handle;

fn main() -> Result<(), shell::Error> {
    shell::run(async |aws, invocation| handle(aws, invocation.event()?).await)
}
