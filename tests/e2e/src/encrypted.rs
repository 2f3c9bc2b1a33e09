//! Every endpoint behind TLS: a proxy that functions reach AWS and Slack through, with certificates
//! of an authority of the test's own, which can expire, name another host, or hang up.

mod authority;
mod front;

pub use authority::Certificate;
pub use front::{AWS_HOST, Front, SLACK_HOST, TARGETS};
