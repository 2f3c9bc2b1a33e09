//! Condition operators:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>.

use std::collections::BTreeMap;

use serde_json::Value;

use super::policy::{Context, wildcard};

/// Whether all conditions hold. An operator that is not known here never holds, and neither does a
/// condition with a variable that the request does not fill.
pub(crate) fn met(
    conditions: &BTreeMap<String, BTreeMap<String, Value>>,
    context: &Context,
) -> bool {
    conditions.iter().all(|(operator, keys)| {
        keys.iter().all(|(key, wanted)| {
            let actual = context.get(&key.to_ascii_lowercase());
            let wanted: Option<Vec<_>> = texts(wanted)
                .into_iter()
                .map(|text| with_variables(&text, context))
                .collect();
            wanted.is_some_and(|wanted| holds(operator, &wanted, actual.map(Vec::as_slice)))
        })
    })
}

/// The operators that [`met`] knows, without qualifiers.
pub(crate) fn is_known(operator: &str) -> bool {
    let (_quantifier, rest) = quantified(operator);
    let base = rest.strip_suffix("IfExists").unwrap_or(rest);
    base == "Null" || test(base).is_some()
}

fn holds(operator: &str, wanted: &[String], actual: Option<&[String]>) -> bool {
    let (quantifier, rest) = quantified(operator);
    if rest == "Null" {
        let absent = actual.is_none_or(<[String]>::is_empty);
        return wanted
            .iter()
            .any(|want| want == if absent { "true" } else { "false" });
    }
    let (base, if_exists) = match rest.strip_suffix("IfExists") {
        Some(base) => (base, true),
        None => (rest, false),
    };
    let Some((matches, negated)) = test(base) else {
        return false;
    };
    let one = |value: &String| {
        let any = wanted.iter().any(|want| matches(want, value));
        any != negated
    };
    match actual {
        None | Some([]) => if_exists || negated || quantifier == Quantifier::All,
        Some(values) => match quantifier {
            Quantifier::All | Quantifier::Single => values.iter().all(one),
            Quantifier::Any => values.iter().any(one),
        },
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quantifier {
    Single,
    All,
    Any,
}

fn quantified(operator: &str) -> (Quantifier, &str) {
    if let Some(rest) = operator.strip_prefix("ForAllValues:") {
        (Quantifier::All, rest)
    } else if let Some(rest) = operator.strip_prefix("ForAnyValue:") {
        (Quantifier::Any, rest)
    } else {
        (Quantifier::Single, operator)
    }
}

type Test = fn(&str, &str) -> bool;

/// The test of an operator and whether the operator is its negation.
fn test(operator: &str) -> Option<(Test, bool)> {
    let equal: Test = |want, value| want == value;
    let fold: Test = |want, value| want.eq_ignore_ascii_case(value);
    let like: Test = wildcard;
    match operator {
        "StringEquals" => Some((equal, false)),
        "StringNotEquals" => Some((equal, true)),
        "StringEqualsIgnoreCase" | "Bool" => Some((fold, false)),
        "StringNotEqualsIgnoreCase" => Some((fold, true)),
        "StringLike" | "ArnLike" | "ArnEquals" => Some((like, false)),
        "StringNotLike" | "ArnNotLike" | "ArnNotEquals" => Some((like, true)),
        _ => None,
    }
}

/// The text with the values of the condition keys that it names as `${key}`; `None` where the request
/// has no single value for one.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
fn with_variables(text: &str, context: &Context) -> Option<String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.split_once("${") {
        let (key, after) = from.split_once('}')?;
        filled.push_str(before);
        match context.get(&key.to_ascii_lowercase()).map(Vec::as_slice) {
            Some([value]) => filled.push_str(value),
            Some(_) | None => return None,
        }
        rest = after;
    }
    filled.push_str(rest);
    Some(filled)
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Bool(_) | Value::Number(_) => vec![value.to_string()],
        Value::Null | Value::Object(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(condition: Value, context: &[(&str, &[&str])]) -> bool {
        let conditions = serde_json::from_value(condition).expect("conditions");
        let context = context
            .iter()
            .map(|(key, values)| {
                let values = values.iter().map(|&value| value.to_owned()).collect();
                ((*key).to_owned(), values)
            })
            .collect();
        met(&conditions, &context)
    }

    #[test]
    fn pass_role_conditions_hold_for_the_named_service_only() {
        let condition = json!({"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}});
        assert!(check(
            condition.clone(),
            &[("iam:passedtoservice", &["ecs-tasks.amazonaws.com"])]
        ));
        assert!(!check(
            condition.clone(),
            &[("iam:passedtoservice", &["lambda.amazonaws.com"])]
        ));
        assert!(!check(condition, &[]), "an absent key equals nothing");
    }

    #[test]
    fn quantifiers_look_at_all_or_any_of_the_values() {
        let all = json!({"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["RELEASE#*"]}});
        let any = json!({"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": ["RELEASE#*"]}});
        let mixed: &[(&str, &[&str])] = &[("dynamodb:leadingkeys", &["RELEASE#1", "SERVICE#1"])];
        assert!(!check(all.clone(), mixed));
        assert!(check(any.clone(), mixed));
        assert!(check(all, &[]));
        assert!(!check(any, &[]));
    }

    #[test]
    fn a_variable_is_the_value_of_a_condition_key() {
        let own = json!({"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["HOOK#${aws:PrincipalAccount}#*"]}});
        let key: (&str, &[&str]) = ("dynamodb:leadingkeys", &["HOOK#1#a"]);
        for (account, expected) in [("1", true), ("2", false)] {
            let context: &[(&str, &[&str])] = &[key, ("aws:principalaccount", &[account])];
            assert_eq!(check(own.clone(), context), expected, "{account}");
        }
        assert!(!check(own, &[key]), "nobody fills it");
        let other = json!({"StringNotEquals": {"a:b": "${aws:PrincipalAccount}"}});
        assert!(!check(other, &[("a:b", &["x"])]), "nobody fills it");
    }

    #[test]
    fn null_and_if_exists_speak_of_absence() {
        assert!(check(json!({"Null": {"a:b": "true"}}), &[]));
        assert!(!check(json!({"Null": {"a:b": true}}), &[("a:b", &["x"])]));
        assert!(check(json!({"StringEqualsIfExists": {"a:b": "x"}}), &[]));
    }

    #[test]
    fn what_is_not_understood_never_allows() {
        assert!(!check(
            json!({"DateSorcery": {"a:b": "x"}}),
            &[("a:b", &["x"])]
        ));
        assert!(!is_known("DateSorcery"));
        assert!(is_known("ForAllValues:StringLikeIfExists"));
    }
}
