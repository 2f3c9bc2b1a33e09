//! `towpath apply`.

use towpath_core::release::{Block, EndReason, Principal, Reason};

use super::*;
use crate::deployer::memory::Replies;

#[test]
fn apply_stores_shows_what_changes_and_is_quiet_about_nothing() {
    let deployer = Memory::new();
    let (_folder, first) = file(SHOP);
    let text = yes(&deployer, &["apply", &first]);
    assert!(text.contains("+pipeline: shop-api\n"), "{text}");
    assert!(
        text.ends_with(
            "shop-api is stored, new in /towpath/pipelines/shop/api/shop-api, version 1\n"
        )
    );

    let (_folder, second) = file(&SHOP.replace("required: 2", "required: 3"));
    let dry = no(&deployer, &["apply", "--dry-run", &second]);
    assert!(dry.contains("shop-api would change"), "{dry}");
    let text = yes(&deployer, &["apply", &second]);
    insta::assert_snapshot!(text);

    let text = yes(&deployer, &["apply", &second]);
    assert_eq!(
        text,
        "shop-api is unchanged in /towpath/pipelines/shop/api/shop-api, version 2\n"
    );
    assert_eq!(deployer.parameters.borrow()[0].version, 2);
}

#[test]
fn apply_does_not_touch_what_is_the_same_pipeline_written_differently() {
    let deployer = Memory::new();
    let pipeline = deployer.keep(SHOP);
    let mut value: serde_json::Value =
        serde_json::from_str(&pipeline.to_stored().unwrap().value).unwrap();
    value["stages"][0]["timeout"] = "60m".into();
    let name = deployer.parameters.borrow()[0].name.clone();
    deployer.store(name, &value.to_string());
    let (_folder, path) = file(SHOP);
    let report = json(&yes(&deployer, &["apply", "--output", "json", &path]));
    assert_eq!(report["pipelines"][0]["change"], "unchanged");
    assert_eq!(report["changes"], false);
    assert_eq!(deployer.parameters.borrow()[0].version, 2);
}

#[test]
fn what_is_written_differently_is_no_part_of_a_change() {
    let deployer = Memory::new();
    let pipeline = deployer.keep(SHOP);
    let mut value: serde_json::Value =
        serde_json::from_str(&pipeline.to_stored().unwrap().value).unwrap();
    value["stages"][0]["timeout"] = "3600s".into();
    value["stages"][0]["base"] = "service".into();
    let name = deployer.parameters.borrow()[0].name.clone();
    deployer.store(name, &value.to_string());
    let (_folder, path) = file(&SHOP.replace("required: 2", "required: 3"));
    let report = json(&no(
        &deployer,
        &["apply", "--dry-run", "--output", "json", &path],
    ));
    let diff = report["pipelines"][0]["diff"].as_str().unwrap();
    let lines = diff.lines().filter(|line| line.starts_with(['+', '-']));
    assert_eq!(lines.count(), 2, "{diff}");
}

#[test]
fn apply_stores_nothing_unless_every_file_is_good() {
    let deployer = Memory::new();
    let (_folder, good) = file(SHOP);
    let (_folder, bad) = file(&SHOP.replace("required: 2", "required: 9"));
    let text = no(&deployer, &["apply", &good, &bad]);
    assert!(
        text.contains("9 approvals can never be had from 3"),
        "{text}"
    );
    assert!(text.ends_with("nothing is stored\n"));
    assert!(deployer.parameters.borrow().is_empty());
}

#[test]
fn apply_refuses_what_another_pipeline_has_already() {
    let deployer = Memory::new();
    deployer.keep(SHOP);
    let (_folder, moved) = file(&SHOP.replace("repository: shop/api", "repository: shop/web"));
    let text = no(&deployer, &["apply", &moved]);
    assert!(
        text.contains("pipeline `shop-api` is also in /towpath/pipelines/shop/api/shop-api"),
        "{text}"
    );
    let (_folder, renamed) = file(&SHOP.replace("pipeline: shop-api", "pipeline: shop-web"));
    let report = json(&no(&deployer, &["apply", "--output", "json", &renamed]));
    let conflicts = report["conflicts"].as_array().unwrap();
    assert_eq!(conflicts.len(), 3);
    let first = conflicts[0].as_str().unwrap();
    assert!(
        first.contains("the service of stage `test`, 111111111111/eu-west-1/shop-test/api, is that of stage `test` in /towpath/pipelines/shop/api/shop-api"),
        "{first}"
    );
    assert_eq!(deployer.parameters.borrow().len(), 1);
}

#[test]
fn apply_refuses_a_template_that_this_deployer_may_not_read() {
    let based = |parameter: &str| {
        let base = format!("    base:\n      parameter: {parameter}\n    engine:");
        SHOP.replacen("    engine:", &base, 1)
    };
    let deployer = Memory::new();
    let (_folder, theirs) = file(&based("/ship/templates/shop"));
    let text = no(&deployer, &["apply", &theirs]);
    let said = "the deployer may not read /ship/templates/shop, the template of stage `test`: store it below /towpath/templates/";
    assert!(text.contains(said), "{text}");
    assert!(deployer.parameters.borrow().is_empty());
    let (_folder, own) = file(&based("/towpath/templates/shop"));
    yes(&deployer, &["apply", &own]);
}

#[test]
fn apply_refuses_two_files_that_claim_the_same() {
    let deployer = Memory::new();
    let (_folder, one) = file(SHOP);
    let (_folder, other) = file(&SHOP.replace("repository: shop/api", "repository: shop/web"));
    no(&deployer, &["apply", &one, &other]);
    assert!(deployer.parameters.borrow().is_empty());
}

#[test]
fn apply_says_that_the_deployer_was_not_told_of_a_registry() {
    let theirs = "222222222222.dkr.ecr.us-east-1.amazonaws.com";
    let named = SHOP.replace("shop/api\n", &format!("shop/api\nregistry: {theirs}\n"));
    let (_folder, path) = file(&named);
    let own = serde_json::json!({ "source": ["aws.ecr"], "account": ["111111111111"], "region": ["eu-west-1"] });
    let told = serde_json::json!({ "source": ["aws.ecr"], "$or": [
        { "account": ["111111111111"], "region": ["eu-west-1"] },
        { "account": ["222222222222"], "region": ["us-east-1"] },
    ] });
    for (pattern, is_told) in [(own, false), (told, true)] {
        let mut deployer = Memory::new();
        let rule = serde_json::json!({ "EventPattern": pattern.to_string() });
        deployer.answers = Replies::default().say("events:DescribeRule", rule);
        let text = yes(&deployer, &["apply", &path]);
        let said =
            format!("but the deployer was not told of {theirs}: it hears of no push there\n");
        assert_eq!(text.contains(&said), !is_told, "{text}");
        let help = "add \"222222222222/us-east-1\" to `registries` of infra/deployer";
        assert_eq!(text.contains(help), !is_told, "{text}");
        let report = json(&yes(&deployer, &["apply", "--output", "json", &path]));
        assert_eq!(report["pipelines"][0]["problem"].is_null(), is_told);
    }
}

/// A deployer whose repository has an image of that tag.
fn with_image(tag: &str) -> Memory {
    let mut deployer = Memory::new();
    let image = towpath_deployer::ports::ImageDetail {
        digest: towpath_taskdef::image::Digest::of(tag.as_bytes()),
        tags: vec!["latest".parse().unwrap(), tag.parse().unwrap()],
        pushed_at: crate::deployer::memory::PUSHED,
    };
    deployer.images.insert(tag.parse().unwrap(), image);
    deployer
}

#[test]
fn apply_says_what_is_newest_and_deploys_it_only_on_purpose() {
    let deployer = with_image("3f2c1ab");
    let (_folder, path) = file(SHOP);
    let text = yes(&deployer, &["apply", &path]);
    assert!(
        text.contains("the newest that it takes is 3f2c1ab, pushed at ")
            && text.contains("`towpath apply ")
            && text.contains("--deploy-newest`"),
        "{text}"
    );
    assert!(deployer.ordered.borrow().opened.is_empty());
    let asked = ["apply", &path, "--deploy-newest", "--output", "json"];
    let report = json(&yes(&deployer, &asked));
    assert_eq!(report["pipelines"][0]["deployed"], true);
    let ordered = deployer.ordered.borrow();
    let [(release, _)] = &ordered.opened[..] else {
        panic!("one release is opened");
    };
    assert_eq!(
        report["pipelines"][0]["newest"]["release"],
        release.as_str()
    );
}

#[test]
fn what_was_stored_before_a_failure_is_told_in_json_too() {
    let mut deployer = with_image("3f2c1ab");
    deployer.silent.insert("team/billing".parse().unwrap());
    let (_folder, shop) = file(SHOP);
    let (_folder, billing) = file(BILLING);
    let asked = [
        "apply",
        &shop,
        &billing,
        "--deploy-newest",
        "--output",
        "json",
    ];
    let (answer, text) = towpath(&deployer, &asked);
    let why = answer.unwrap_err();
    let report = json(&text);
    assert_eq!(report["ok"], false);
    assert_eq!(report["error"], why);
    assert_eq!(report["pipelines"][0]["deployed"], true);
    assert_eq!(report["pipelines"][1]["version"], 1);
    assert_eq!(report["pipelines"][1]["deployed"], false);
}

#[test]
fn what_was_released_before_is_not_deployed_once_more() {
    let mut deployer = with_image("3f2c1ab");
    let pipeline = deployer.keep(SHOP);
    let id = deployer.release(&pipeline, "3f2c1ab", &[]);
    let (_folder, path) = file(SHOP);
    let text = yes(&deployer, &["apply", &path, "--deploy-newest"]);
    assert!(
        text.contains(&format!("and released before: {id} (")),
        "{text}"
    );
    assert!(
        !text.contains("under a new tag"),
        "it is on its way: {text}"
    );
    assert!(deployer.ordered.borrow().opened.is_empty());

    // What has ended without having brought it is not deployed by asking again.
    let refused = Event::Ended {
        outcome: towpath_core::release::Outcome::Refused,
        reason: EndReason::at(
            &"test".parse().unwrap(),
            Reason::VetoedBefore {
                veto: Block::veto(Principal::Aws("ada".into()), "it loses orders"),
            },
        ),
    };
    deployer.release(&pipeline, "3f2c1ab", &[refused]);
    let text = no(&deployer, &["apply", &path, "--deploy-newest"]);
    for said in [
        "(refused: test: ada vetoed the image: it loses orders)",
        "it is not deployed: an image is released once under one tag: push it under a new tag; a longer or shorter abbreviation",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let text = yes(&deployer, &["apply", &path]);
    assert!(!text.contains("under a new tag"), "nobody asked: {text}");
    deployer.release(&pipeline, "3f2c1ab", &[succeeded()]);
    yes(&deployer, &["apply", &path, "--deploy-newest"]);
}

#[test]
fn what_no_rule_takes_is_not_the_newest() {
    let deployer = with_image("v1.4.2");
    let (_folder, path) = file(SHOP);
    let report = json(&yes(&deployer, &["apply", &path, "--output", "json"]));
    assert_eq!(report["pipelines"][0]["newest"], serde_json::Value::Null);
}
