//! IAM statements and what they say about one request.
//!
//! Evaluation logic:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>.
//! What is absent does not restrict; what is not understood (a condition operator, say) never
//! allows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::conditions;

/// Condition keys of a request and their values, keys in lower case.
pub(crate) type Context = BTreeMap<String, Vec<String>>;

/// One statement of a policy.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Statement {
    /// Its name.
    #[serde(alias = "Sid", skip_serializing_if = "String::is_empty")]
    pub(crate) sid: String,
    /// Allow or deny.
    #[serde(alias = "Effect")]
    pub(crate) effect: Effect,
    /// Actions, with wildcards.
    #[serde(alias = "Action", deserialize_with = "one_or_many")]
    pub(crate) actions: Vec<String>,
    /// All actions but these.
    #[serde(
        alias = "NotAction",
        deserialize_with = "one_or_many",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub(crate) not_actions: Vec<String>,
    /// Resource ARNs, with wildcards.
    #[serde(alias = "Resource", deserialize_with = "one_or_many")]
    pub(crate) resources: Vec<String>,
    /// All resources but these.
    #[serde(
        alias = "NotResource",
        deserialize_with = "one_or_many",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub(crate) not_resources: Vec<String>,
    /// Operator → key → values.
    #[serde(alias = "Condition", skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) conditions: BTreeMap<String, BTreeMap<String, Value>>,
}

/// What a statement does when it applies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) enum Effect {
    /// Permits.
    #[default]
    Allow,
    /// Forbids, whatever else permits.
    Deny,
}

/// What the statements say about one action on one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Allowed by the statement of this index, through the action pattern of that index.
    Allowed {
        /// Index of the statement.
        statement: usize,
        /// Index of its action pattern.
        action: usize,
    },
    /// A statement forbids it.
    Forbidden,
    /// No statement allows it.
    NotAllowed,
}

/// Decides about `action` on `resource` (`*` for actions without resource-level permissions).
pub(crate) fn decide(
    statements: &[Statement],
    action: &str,
    resource: &str,
    context: &Context,
) -> Verdict {
    let mut verdict = Verdict::NotAllowed;
    for (index, statement) in statements.iter().enumerate() {
        let Some(pattern) = statement.applies(action, resource, context) else {
            continue;
        };
        match statement.effect {
            Effect::Deny => return Verdict::Forbidden,
            Effect::Allow => {
                if verdict == Verdict::NotAllowed {
                    verdict = Verdict::Allowed {
                        statement: index,
                        action: pattern,
                    };
                }
            }
        }
    }
    verdict
}

impl Statement {
    /// The index of the action pattern through which this statement applies.
    fn applies(&self, action: &str, resource: &str, context: &Context) -> Option<usize> {
        let lower = action.to_ascii_lowercase();
        let named = |pattern: &String| wildcard(&pattern.to_ascii_lowercase(), &lower);
        let pattern = if self.not_actions.is_empty() {
            self.actions.iter().position(named)?
        } else if self.not_actions.iter().any(named) {
            return None;
        } else {
            0
        };
        let covers = |pattern: &String| wildcard(pattern, resource);
        let covered = if self.not_resources.is_empty() {
            self.resources.iter().any(covers)
        } else {
            !self.not_resources.iter().any(covers)
        };
        let met = conditions::met(&self.conditions, context);
        (covered && met).then_some(pattern)
    }
}

/// Reads the statements of a policy document; a document that is not one has none.
pub(crate) fn document(text: &str) -> Vec<Statement> {
    let Ok(document) = serde_json::from_str::<Value>(text) else {
        return Vec::new();
    };
    let statements = match &document["Statement"] {
        Value::Array(statements) => statements.clone(),
        Value::Object(_) => vec![document["Statement"].clone()],
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    statements
        .into_iter()
        .filter_map(|statement| serde_json::from_value(statement).ok())
        .collect()
}

/// Whether `text` matches `pattern`, in which `*` stands for any characters and `?` for one.
pub(crate) fn wildcard(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where the last `*` stands and how much of the text it has taken so far: on a mismatch it
    // takes one more, which keeps the match quadratic at worst.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if p < pattern.len() && pattern[p] == '*' {
            star = Some((p, t));
            p += 1;
        } else if p < pattern.len() && (pattern[p] == '?' || pattern[p] == text[t]) {
            p += 1;
            t += 1;
        } else if let Some((at, taken)) = star {
            star = Some((at, taken + 1));
            p = at + 1;
            t = taken + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|rest| *rest == '*')
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(from)? {
        OneOrMany::One(one) => vec![one],
        OneOrMany::Many(many) => many,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allow(actions: &[&str], resources: &[&str]) -> Statement {
        Statement {
            actions: actions.iter().map(|&text| text.to_owned()).collect(),
            resources: resources.iter().map(|&text| text.to_owned()).collect(),
            ..Statement::default()
        }
    }

    #[test]
    fn actions_match_without_case_and_resources_with_it() {
        let statements = [allow(
            &["ecs:describe*"],
            &["arn:aws:ecs:*:1:service/prod/*"],
        )];
        let decide = |action, resource| decide(&statements, action, resource, &Context::new());

        assert_eq!(
            decide("ecs:DescribeServices", "arn:aws:ecs:eu:1:service/prod/a"),
            Verdict::Allowed {
                statement: 0,
                action: 0
            }
        );
        assert_eq!(
            decide("ecs:DescribeServices", "arn:aws:ecs:eu:1:service/PROD/a"),
            Verdict::NotAllowed
        );
        assert_eq!(
            decide("ecs:UpdateService", "arn:aws:ecs:eu:1:service/prod/a"),
            Verdict::NotAllowed
        );
    }

    #[test]
    fn a_resource_pattern_does_not_cover_actions_without_resources() {
        let statements = [allow(&["ecs:*"], &["arn:aws:ecs:*:*:service/*"])];
        assert_eq!(
            decide(&statements, "ecs:ListClusters", "*", &Context::new()),
            Verdict::NotAllowed
        );
    }

    #[test]
    fn a_deny_wins_wherever_it_stands() {
        let mut deny = allow(&["ecs:DeleteService"], &["*"]);
        deny.effect = Effect::Deny;
        let statements = [allow(&["*"], &["*"]), deny];
        assert_eq!(
            decide(&statements, "ecs:DeleteService", "x", &Context::new()),
            Verdict::Forbidden
        );
    }

    #[test]
    fn policy_documents_are_read_in_both_forms() {
        let one = document(r#"{"Statement":{"Effect":"Allow","Action":"a:B","Resource":"*"}}"#);
        assert_eq!(one, vec![allow(&["a:B"], &["*"])]);
        assert_eq!(document("not json"), vec![]);
    }

    #[test]
    fn wildcards_match_as_iam_does() {
        for (pattern, text, matches) in [
            ("*", "", true),
            ("a*c", "abbbc", true),
            ("a*c", "abbb", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*a*b", "xaxbxb", true),
            ("abc", "abcd", false),
        ] {
            assert_eq!(wildcard(pattern, text), matches, "{pattern} on {text}");
        }
    }
}
