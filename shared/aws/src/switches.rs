//! The switches by which the lab leads a function to itself: where AWS and Slack are, what time it is,
//! and which local addresses checks may reach. A release package refuses to start with one, so that
//! whoever can set a variable of a function cannot lead it anywhere.

use crate::config::{CHECK_ALLOW, CLOCK_FILE, ENDPOINT_URL, SLACK_API_URL};

/// Whether the program was built as a release package: `scripts/package` tells the compiler.
const IS_RELEASE: bool = option_env!("TOWPATH_RELEASE").is_some();

/// A release package was given a switch of the lab.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the environment variable {0} is for the lab, and this is a release package: take it out of the function's environment, or build with scripts/package --lab"
)]
pub(crate) struct Switched(String);

/// Refuses the lab's switches in a release package.
///
/// # Errors
/// The first of them that is set.
pub(crate) fn check() -> Result<(), Switched> {
    // Values may be anything; names are what counts.
    let set = std::env::vars_os().filter(|(_, value)| !value.is_empty());
    check_names(
        IS_RELEASE,
        set.map(|(name, _)| name.to_string_lossy().into_owned()),
    )
}

fn check_names(is_release: bool, set: impl Iterator<Item = String>) -> Result<(), Switched> {
    if !is_release {
        return Ok(());
    }
    // Services have endpoints of their own, such as AWS_ENDPOINT_URL_DYNAMODB:
    // <https://docs.aws.amazon.com/sdkref/latest/guide/ss-endpoints-table.html>.
    let is_switch = |name: &str| {
        name.starts_with(ENDPOINT_URL) || [SLACK_API_URL, CLOCK_FILE, CHECK_ALLOW].contains(&name)
    };
    match set.into_iter().find(|name| is_switch(name)) {
        Some(name) => Err(Switched(name)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_package_refuses_the_switches_of_the_lab() {
        for (name, refused) in [
            ("AWS_ENDPOINT_URL", true),
            ("AWS_ENDPOINT_URL_DYNAMODB", true),
            ("SLACK_API_URL", true),
            ("TOWPATH_CLOCK_FILE", true),
            ("TOWPATH_CHECK_ALLOW", true),
            ("TOWPATH_TABLE", false),
            ("AWS_REGION", false),
        ] {
            let set = || ["PATH", name].map(str::to_owned).into_iter();
            let said = check_names(true, set());
            assert_eq!(
                said,
                if refused {
                    Err(Switched(name.into()))
                } else {
                    Ok(())
                }
            );
            assert_eq!(
                check_names(false, set()),
                Ok(()),
                "the lab's own builds take it"
            );
        }
    }
}
