//! `approval`: writes down decisions made in Slack or by a message to the reply topic.

use towpath_aws::handlers::approval::{Senders, handle};
use towpath_aws::shell;

fn main() -> Result<(), shell::Error> {
    shell::run(async |aws, invocation| {
        handle(aws, &Senders::of(aws.settings())?, &invocation.event).await
    })
}
