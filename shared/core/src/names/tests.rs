use std::str::FromStr;

use proptest::prelude::*;
use schemars::JsonSchema;

use super::*;

/// Checks that a name's pattern in the schema and its own rule agree: on texts made from the
/// pattern, and on texts made of the characters that names are made of.
fn assert_pattern_is_the_rule<T: JsonSchema + FromStr>() {
    let schema = schemars::schema_for!(T);
    let pattern = schema.get("pattern").unwrap().as_str().unwrap();
    let regex = regex::bytes::RegexBuilder::new(pattern)
        .unicode(false)
        .build()
        .unwrap();
    // The generator knows no anchors.
    let body = pattern.trim_start_matches('^').trim_end_matches('$');
    let texts = prop_oneof![
        proptest::string::string_regex(body).unwrap(),
        "[acC/:-]?[a-zA-Z0-9/:_. $\u{e9}-]{0,45}",
        "(arn:)?(aws)?(:iam::)?(123456789012)?(:role/)?[a-z /]{0,9}"
    ];
    proptest!(|(text in texts)| {
        prop_assert_eq!(
            text.parse::<T>().is_ok(),
            regex.is_match(text.as_bytes()),
            "{} and {}", T::schema_name(), text
        );
    });
}

#[test]
fn patterns_in_the_schema_are_the_rules_of_the_names() {
    assert_pattern_is_the_rule::<PipelineName>();
    assert_pattern_is_the_rule::<StageName>();
    assert_pattern_is_the_rule::<CheckName>();
    assert_pattern_is_the_rule::<ReleaseId>();
    assert_pattern_is_the_rule::<AccountId>();
    assert_pattern_is_the_rule::<Region>();
    assert_pattern_is_the_rule::<ClusterName>();
    assert_pattern_is_the_rule::<ServiceName>();
    assert_pattern_is_the_rule::<ContainerName>();
    assert_pattern_is_the_rule::<RoleArn>();
    assert_pattern_is_the_rule::<ParameterName>();
    assert_pattern_is_the_rule::<CodeDeployName>();
    assert_pattern_is_the_rule::<FunctionName>();
    assert_pattern_is_the_rule::<SlackChannel>();
    assert_pattern_is_the_rule::<SlackUser>();
    assert_pattern_is_the_rule::<DeploymentId>();
}

#[test]
fn an_account_id_that_is_a_number_is_refused_whether_or_not_it_lost_a_zero() {
    for number in ["12345678901", "123456789012"] {
        let error = serde_json::from_str::<AccountId>(number).unwrap_err();
        let said = error.to_string();
        assert!(
            said.starts_with(&format!(
                "invalid type: integer `{number}`, expected an AWS account id as text: \
                 12 digits, in quotes (as a number it loses its leading zeros)"
            )),
            "{said}"
        );
    }
    let kept: AccountId = serde_json::from_str("\"012345678901\"").unwrap();
    assert_eq!(kept.as_str(), "012345678901");
    for short in ["12345678901", "0123456789012", ""] {
        let error = short.parse::<AccountId>().unwrap_err();
        assert!(error.to_string().contains("leading zeros"), "{error}");
    }
}

#[test]
fn a_role_has_a_name_that_iam_takes() {
    let arn = |path: &str, length: usize| {
        format!(
            "arn:aws:iam::012345678901:role/{path}{}",
            "x".repeat(length)
        )
    };
    for (text, expected) in [
        (arn("", 64), true),
        (arn("teams/platform/", 64), true),
        (arn("", 65), false),
        (arn("teams/", 0), false),
        (arn("", 0), false),
        (arn("", 4).replace("::0", "::"), false),
    ] {
        let role = text.parse::<RoleArn>();
        assert_eq!(role.is_ok(), expected, "{text}: {role:?}");
    }
}

/// Each limit of SSM's, to the character: what SSM takes is taken.
#[test]
fn a_parameter_has_a_name_that_ssm_takes() {
    let levels = |count: usize| "/a".repeat(count);
    for good in [
        "/a",
        "/towpath/templates/shop.api_v2-x",
        "/towpath/templates/.hidden",
        &levels(15),
        &format!("/{}", "a".repeat(966)),
    ] {
        assert!(good.parse::<ParameterName>().is_ok(), "{good}");
    }
    for bad in [
        "",
        "/",
        "shop",
        "/a/",
        "//a",
        "/a//b",
        "/a b",
        "/a:b",
        "/\u{e4}",
        "/a/$b",
        &levels(16),
        &format!("/{}", "a".repeat(967)),
    ] {
        let error = bad.parse::<ParameterName>().unwrap_err();
        assert!(error.help().contains("/towpath/templates/shop"), "{bad}");
    }
}

#[test]
fn an_arn_is_not_taken_for_a_name() {
    let arn = |rest: &str| format!("arn:aws-cn:{rest}");
    let alarm = arn("cloudwatch:cn-north-1:111111111111:alarm:shop-5xx");
    assert!(alarm.parse::<AlarmName>().is_err());
    for good in [
        "shop-5xx",
        "arn",
        "arn:aws",
        "5xx: of shop",
        "a".repeat(255).as_str(),
        "\u{fc}",
    ] {
        assert!(good.parse::<AlarmName>().is_ok(), "{good}");
    }
    for bad in ["", "a\nb", "a".repeat(256).as_str()] {
        assert!(bad.parse::<AlarmName>().is_err(), "{bad}");
    }
    let group = arn("codedeploy:cn-north-1:111111111111:deploymentgroup:shop/production");
    assert!(group.parse::<CodeDeployName>().is_err());
    for good in ["arn", "arnold:x", "production", "a:b", "ar:n"] {
        assert!(good.parse::<CodeDeployName>().is_ok(), "{good}");
    }
}

#[test]
fn a_refused_name_says_its_kind_and_the_way_out() {
    let error = "#deploys".parse::<SlackChannel>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "`#deploys` is not the id of a Slack channel: use the id from the channel's details, \
         such as C0123456789 (names change, ids do not)"
    );
}

#[test]
fn hostile_text_is_refused_and_shown_escaped() {
    let error = "shop\u{202e}\u{1b}[31m"
        .parse::<PipelineName>()
        .unwrap_err();
    let shown = error.to_string();
    assert!(
        !shown.contains('\u{1b}') && !shown.contains('\u{202e}'),
        "{shown}"
    );
}

#[test]
fn a_release_id_is_its_pipeline_and_a_hash() {
    assert!("shop-api-0123456789abcdef".parse::<ReleaseId>().is_ok());
    assert!("shop-api".parse::<ReleaseId>().is_err());
    assert!("Shop-0123456789abcdef".parse::<ReleaseId>().is_err());
}

#[test]
fn arns_are_taken_only_in_their_own_shape() {
    assert!(
        "arn:aws:iam::111111111111:role/towpath"
            .parse::<RoleArn>()
            .is_ok()
    );
    assert!(
        "arn:aws:iam::111111111111:user/towpath"
            .parse::<RoleArn>()
            .is_err()
    );
    let family = "arn:aws:ecs:eu-west-1:111111111111:task-definition/shop";
    assert!(format!("{family}:7").parse::<TaskDefinitionArn>().is_ok());
    assert!(family.parse::<TaskDefinitionArn>().is_err());
}
