//! `approval`: writes down decisions made in Slack or by a message to the reply topic.

use towpath_aws::handlers::approval::{SetUp, handle};
use towpath_aws::shell;

fn main() -> Result<(), shell::Error> {
    shell::run(async |aws, invocation| {
        handle(aws, &SetUp::of(aws.settings())?, invocation.read()).await
    })
}
