//! What whoever installs the deployer tells it of: other accounts that stages live in, and other
//! registries. What `functions.json` allows and takes here, the deployer's Terraform module then
//! allows and takes there as well; so does the lab.

use std::str::FromStr;

use serde_json::{Value, json};

use super::Description;

/// Places beside the functions' own account and region.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    /// Accounts that stages live in.
    pub(crate) target_accounts: Vec<String>,
    /// Registries that images come from.
    pub(crate) registries: Vec<Registry>,
}

/// A registry of ECR, written `account/region`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Registry {
    account: String,
    region: String,
}

impl FromStr for Registry {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_account =
            |account: &str| account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
        match text.split_once('/') {
            Some((account, region)) if is_account(account) && !region.is_empty() => Ok(Self {
                account: account.to_owned(),
                region: region.to_owned(),
            }),
            Some(_) | None => {
                Err("use an account and a region, such as 222222222222/eu-west-1".into())
            }
        }
    }
}

impl Told {
    /// Widens the description's patterns and statements by what was told.
    pub(super) fn widen(&self, description: &mut Description) {
        for function in description.functions.values_mut() {
            for event in &mut function.triggers.events {
                self.widen_pattern(&mut event.pattern);
            }
            for statement in &mut function.statements {
                let of_repositories = |resource: &String| resource.starts_with("arn:aws:ecr:");
                if statement.resources.iter().any(of_repositories) {
                    let more = self.registries.iter().map(Registry::repositories);
                    statement.resources.extend(more);
                }
            }
        }
    }

    fn widen_pattern(&self, pattern: &mut Value) {
        let elsewhere: Vec<Value> = match pattern["source"][0].as_str() {
            Some("aws.ecr") => {
                let place =
                    |one: &Registry| json!({ "account": [one.account], "region": [one.region] });
                self.registries.iter().map(place).collect()
            }
            Some("aws.ecs" | "aws.codedeploy") => {
                let place = |account: &String| json!({ "account": [account] });
                self.target_accounts.iter().map(place).collect()
            }
            Some(_) | None => Vec::new(),
        };
        let Some(members) = pattern.as_object_mut() else {
            return;
        };
        if elsewhere.is_empty() {
            return;
        }
        let mut here = json!({});
        for key in ["account", "region"] {
            if let Some(value) = members.remove(key) {
                here[key] = value;
            }
        }
        let places = [vec![here], elsewhere].concat();
        members.insert("$or".to_owned(), Value::Array(places));
    }
}

impl Registry {
    fn repositories(&self) -> String {
        format!("arn:aws:ecr:{}:{}:repository/*", self.region, self.account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_is_an_account_and_a_region() {
        assert!("222222222222/eu-west-1".parse::<Registry>().is_ok());
        for text in ["", "222222222222", "222222222222/", "me/eu-west-1", "2/eu"] {
            assert!(text.parse::<Registry>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_pattern_takes_what_happens_in_the_places_that_were_told() {
        let told = Told {
            target_accounts: vec!["333333333333".to_owned()],
            registries: vec!["222222222222/eu-west-1".parse().expect("a registry")],
        };
        let here = json!({ "account": ["111111111111"], "region": ["eu-central-1"] });
        for (source, there) in [
            (
                "aws.ecr",
                json!({ "account": ["222222222222"], "region": ["eu-west-1"] }),
            ),
            ("aws.ecs", json!({ "account": ["333333333333"] })),
        ] {
            let mut pattern = here.clone();
            pattern["source"] = json!([source]);
            let before = pattern.clone();
            Told::default().widen_pattern(&mut pattern);
            assert_eq!(pattern, before, "nothing was told");
            told.widen_pattern(&mut pattern);
            assert_eq!(pattern, json!({ "source": [source], "$or": [here, there] }));
        }
    }
}
