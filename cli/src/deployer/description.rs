//! What an installed deployer consists of, as `infra/functions.json` describes it: the same file
//! from which Terraform made it.

use serde_json::Value;
use towpath_core::names::{AccountId, Partition, Region};
use towpath_core::release::Home;

/// The description, in this program's own version.
const FUNCTIONS: &str = include_str!("../../../infra/functions.json");

/// A function of the deployer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Function {
    /// Its name in AWS.
    pub(crate) name: String,
    pub(crate) arn: String,
    /// The queue for what it could not handle, if that is kept.
    pub(crate) dead_letters: Option<String>,
    /// What EventBridge gives it.
    pub(crate) rules: Vec<Rule>,
    /// Whether the ledger's stream feeds it.
    pub(crate) has_stream: bool,
}

/// A rule of EventBridge.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rule {
    pub(crate) name: String,
    /// The ARN of the function that it calls.
    pub(crate) target: String,
    pub(crate) takes: Takes,
}

/// When a rule calls its target.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Takes {
    /// For the events of this pattern.
    Pattern(Value),
    Schedule(String),
}

/// The functions of a deployer that was installed with this prefix.
///
/// # Errors
/// A defect of the program: its own description cannot be read.
pub(crate) fn functions(prefix: &str, home: &Home) -> Result<Vec<Function>, serde_json::Error> {
    let filled = FUNCTIONS
        .replace("${prefix}", prefix)
        .replace("${account}", home.account.as_str())
        .replace("${region}", home.region.as_str())
        .replace("arn:aws:", &format!("arn:{}:", partition(&home.region)));
    let description: Value = serde_json::from_str(&filled)?;
    let described = description["functions"].as_object();
    Ok(described
        .into_iter()
        .flatten()
        .map(|(short, described)| function(prefix, home, short, described))
        .collect())
}

fn function(prefix: &str, home: &Home, short: &str, described: &Value) -> Function {
    let name = format!("{prefix}-{short}");
    let arn = function_arn(&home.account, &home.region, &name);
    let triggers = &described["triggers"];
    let listed = |kind: &str| triggers[kind].as_array().cloned().unwrap_or_default();
    let named = |rule: &Value| format!("{name}-{}", rule["name"].as_str().unwrap_or_default());
    let events = listed("events").into_iter().map(|rule| Rule {
        name: named(&rule),
        target: arn.clone(),
        takes: Takes::Pattern(rule["pattern"].clone()),
    });
    let schedules = listed("schedules").into_iter().map(|rule| Rule {
        name: named(&rule),
        target: arn.clone(),
        takes: Takes::Schedule(rule["expression"].as_str().unwrap_or_default().to_owned()),
    });
    Function {
        rules: events.chain(schedules).collect(),
        dead_letters: (described["dead_letters"] != Value::Bool(false))
            .then(|| format!("{name}-dead-letters")),
        has_stream: triggers.get("stream").is_some(),
        arn,
        name,
    }
}

/// The parameter that every deployer has, by which it is found.
///
/// # Errors
/// A defect of the program: its own description cannot be read.
pub(crate) fn installation(prefix: &str) -> Result<String, serde_json::Error> {
    let description: Value = serde_json::from_str(FUNCTIONS)?;
    let name = description["installation"].as_str().unwrap_or_default();
    Ok(name.replace("${prefix}", prefix))
}

/// The role of the function that changes deployments.
pub(crate) fn advance_role(prefix: &str, home: &Home) -> String {
    format!(
        "arn:{}:iam::{}:role/{prefix}-advance",
        partition(&home.region),
        home.account
    )
}

/// A function's ARN.
pub(crate) fn function_arn(account: &AccountId, region: &Region, name: &str) -> String {
    format!(
        "arn:{}:lambda:{region}:{account}:function:{name}",
        partition(region)
    )
}

/// The partition that a region is in:
/// <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>.
pub(crate) fn partition(region: &Region) -> &'static str {
    Partition::of(region).id
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployer::memory::home;

    #[test]
    fn the_description_is_read_with_its_placeholders_filled_in() {
        let functions = functions("ship", &home()).unwrap();
        let sweeper = functions.iter().find(|one| one.name == "ship-sweeper");
        let sweeper = sweeper.unwrap();
        assert_eq!(sweeper.dead_letters, None, "the next tick does the same");
        let approval = functions.iter().find(|one| one.name == "ship-approval");
        assert_eq!(
            approval.unwrap().dead_letters,
            None,
            "a message to it may hold a token"
        );
        assert!(sweeper.rules.contains(&Rule {
            name: "ship-sweeper-releases".into(),
            target: "arn:aws:lambda:eu-west-1:111111111111:function:ship-sweeper".into(),
            takes: Takes::Schedule("rate(1 minute)".into()),
        }));
        let push = functions.iter().find(|one| one.name == "ship-image-push");
        let Takes::Pattern(pattern) = &push.unwrap().rules[0].takes else {
            panic!("a push is an event");
        };
        assert_eq!(pattern["source"][0], "aws.ecr");
        assert_eq!(
            push.unwrap().dead_letters.as_deref(),
            Some("ship-image-push-dead-letters")
        );
        let advance = functions.iter().find(|one| one.has_stream).unwrap();
        assert_eq!(advance.name, "ship-advance");
        assert!(!serde_json::to_string(&pattern).unwrap().contains("${"));
    }

    #[test]
    fn arns_are_those_of_the_regions_partition() {
        let china = Home {
            region: "cn-north-1".parse().unwrap(),
            ..home()
        };
        assert_eq!(
            advance_role("towpath", &china),
            "arn:aws-cn:iam::111111111111:role/towpath-advance"
        );
    }
}
