//! Running checks, within the addresses that the function may reach.

use std::time::Duration;

use towpath_core::check::Verdict;
use towpath_core::pipeline::HttpCheck;
use towpath_core::target::AddressPolicy;
use towpath_deployer::ports::Checker;

use crate::aws::Aws;
use crate::config::CHECK_ALLOW;
use crate::http_check;

impl Checker for Aws {
    async fn check_http(&self, check: &HttpCheck, time_left: Duration) -> Verdict {
        let allowed = self.settings().get(CHECK_ALLOW).unwrap_or_default();
        match allowed.parse::<AddressPolicy>() {
            Ok(policy) => http_check::run(check, &policy, time_left).await,
            // Not known what may be asked, so nothing is, and nothing passes.
            Err(error) => Verdict {
                passed: false,
                detail: format!("nothing was asked: {CHECK_ALLOW} is wrong: {error}"),
            },
        }
    }
}
