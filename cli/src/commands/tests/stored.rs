//! `towpath explain` and `towpath status`, by what the deployer keeps.

use towpath_core::release::{Block, EndReason, HoldReason, Outcome, Principal};

use super::*;
use crate::deployer::memory::Replies;

#[test]
fn explain_asks_only_the_pipelines_of_the_repository() {
    let deployer = Memory::new();
    deployer.keep(SHOP);
    deployer.keep(BILLING);
    let text = yes(&deployer, &["explain", "shop/api", "3f2c1ab"]);
    assert_eq!(
        text,
        "shop-api takes 3f2c1ab: it is a commit hash; it goes through test → staging → production\n"
    );
    // `shop/api` lies below `shop`, and its pipelines are not those of `shop`.
    let text = no(&deployer, &["explain", "shop", "3f2c1ab"]);
    assert_eq!(
        text,
        "no pipeline is stored for shop\nof repositories with pipelines there are shop/api, team/billing\n"
    );
    let text = no(&deployer, &["explain", "shop/apo", "3f2c1ab"]);
    assert!(text.ends_with("\ndid you mean `shop/api`?\n"), "{text}");
    let report = json(&no(
        &deployer,
        &["explain", "shop-api", "3f2c1ab", "--output", "json"],
    ));
    assert_eq!(
        report["hint"],
        "`shop-api` is a pipeline: it takes images from shop/api"
    );
}

#[test]
fn explain_says_that_the_deployer_hears_of_no_push_there() {
    let theirs = "222222222222.dkr.ecr.us-east-1.amazonaws.com";
    let pattern = serde_json::json!({ "source": ["aws.ecr"], "account": ["111111111111"], "region": ["eu-west-1"] });
    let rule = serde_json::json!({ "EventPattern": pattern.to_string() });
    let mut deployer = Memory::new();
    deployer.keep(&SHOP.replace("shop/api\n", &format!("shop/api\nregistry: {theirs}\n")));
    deployer.answers = Replies::default().say("events:DescribeRule", rule);
    let asked = ["explain", "shop/api", "3f2c1ab"];
    let text = no(&deployer, &asked);
    assert!(
        text.contains(&format!(
            "but the deployer was not told of {theirs}: it hears of no push"
        )) && text.contains("to `registries` of infra/deployer"),
        "{text}"
    );
    let report = json(&no(
        &deployer,
        &[&asked[..], &["--output", "json"]].concat(),
    ));
    assert_eq!(report["taken"], false);
    assert_eq!(report["pipelines"][0]["problem"]["severity"], "error");
    // Whoever may not look at the rule is told what is known.
    deployer.answers = Replies::refuse_all("AccessDeniedException");
    let text = yes(&deployer, &asked);
    assert!(
        text.contains("but events:DescribeRule: AccessDenied"),
        "{text}"
    );
}

#[test]
fn an_unknown_name_is_told_with_those_there_are() {
    let deployer = Memory::new();
    deployer.keep(SHOP);
    deployer.keep(BILLING);
    let image = ["--image", "3f2c1ab"];
    for (arguments, said) in [
        (&["status", "shop-apo"][..], "did you mean `shop-api`?"),
        (&["doctor", "shop-apo"], "did you mean `shop-api`?"),
        (&["history", "shop-apo"], "did you mean `shop-api`?"),
        (
            &["hold", "shop-apo", "test", "--reason", "x"],
            "did you mean `shop-api`?",
        ),
        (&["status", "checkout"], ": there are shop-api, billing"),
        (&["history", "Check_Out"], ": there are shop-api, billing"),
        (
            &["hold", "shop-api", "tset", "--reason", "x"],
            "has no stage `tset` (did you mean `test`?); it has test, staging",
        ),
    ] {
        let error = towpath(&deployer, arguments).0.unwrap_err();
        assert!(error.contains(said), "{arguments:?}: {error}");
    }
    for (pipeline, stage, said) in [
        ("shop-apo", "test", "did you mean `shop-api`?"),
        (
            "shop-api",
            "producton",
            "no stage `producton` (did you mean `production`?)",
        ),
    ] {
        let plan = [&["plan", pipeline, "--stage", stage], &image[..]].concat();
        let error = towpath(&deployer, &plan).0.unwrap_err();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn audit_says_how_a_stage_is_named() {
    let wrong = Arguments::try_parse_from(["towpath", "audit", "shop-web"]).unwrap_err();
    assert!(
        wrong.to_string().contains("name a stage as shop-web/STAGE"),
        "{wrong}"
    );
}

#[test]
fn explain_and_status_tell_what_cannot_be_used() {
    let deployer = Memory::new();
    let pipeline = deployer.keep(SHOP);
    let value = pipeline.to_stored().unwrap().value;
    deployer.store("/towpath/pipelines/shop/api/broken".parse().unwrap(), "{}");
    deployer.store("/towpath/pipelines/shop/api/copy".parse().unwrap(), &value);
    let text = yes(&deployer, &["explain", "shop/api", "3f2c1ab"]);
    assert!(
        text.contains("unusable /towpath/pipelines/shop/api/broken: not a pipeline: missing field")
    );
    assert!(text.contains("unusable /towpath/pipelines/shop/api/copy: parameter"));
    let report = json(&no(&deployer, &["status", "--output", "json"]));
    assert_eq!(report["ok"], false);
    assert_eq!(report["unusable"].as_object().unwrap().len(), 2);
    assert_eq!(report["pipelines"].as_array().unwrap().len(), 1);
}

#[test]
fn status_shows_what_runs_since_when_and_what_is_on_its_way() {
    let (deployer, old, new) = busy();
    let text = yes(&deployer, &["status"]);
    insta::assert_snapshot!(
        text.replace(new.as_str(), "<new>")
            .replace(old.as_str(), "<old>")
    );
    let report = json(&yes(&deployer, &["status", "shop-api", "--output", "json"]));
    let staging = &report["pipelines"][0]["stages"][1];
    assert_eq!(staging["runs"]["release"], old.as_str());
    assert_eq!(staging["rolling_out"]["release"], new.as_str());
    assert_eq!(report["pipelines"][0]["open"][0]["release"], new.as_str());
    let (answer, _) = towpath(&deployer, &["status", "other"]);
    assert_eq!(
        answer,
        Err("there is no pipeline `other` below /towpath/pipelines: there is only shop-api".into())
    );
}

#[test]
fn a_held_stage_is_told_with_1() {
    let (mut deployer, _, _) = busy();
    let row = deployer.services.values_mut().last().unwrap();
    row.hold = Some(Block::Release(HoldReason::Rollback {
        by: Principal::Aws("ada".into()),
        reason: Some("by\u{202e} hand".into()),
        good_release: "shop-api-0123456789abcdef".parse().unwrap(),
        before: None,
        failed: None,
    }));
    let text = no(&deployer, &["status"]);
    assert!(
        text.contains("HELD: ada rolled it back to shop-api-0123456789abcdef: by hand"),
        "{text}"
    );
    let row = deployer.services.values_mut().last().unwrap();
    row.hold = Some(Block::hold(
        Principal::Aws("arn:aws:iam::111111111111:user/ada".into()),
        "the sale begins",
    ));
    let text = no(&deployer, &["status"]);
    let held = "HELD by arn:aws:iam::111111111111:user/ada: the sale begins";
    assert!(text.contains(held), "{text}");
}

#[test]
fn the_last_release_is_told_where_it_has_not_succeeded_and_why() {
    let mut deployer = Memory::new();
    let pipeline = deployer.keep(SHOP);
    let ended = |outcome, reason: &str| {
        [Event::Ended {
            outcome,
            reason: EndReason::NotTrusted {
                problem: reason.into(),
            },
        }]
    };
    let why = "the image is for linux/arm64, and the tasks run on linux/amd64";
    let failed = deployer.release(&pipeline, "3f2c1ab", &ended(Outcome::Failed, why));
    let text = no(&deployer, &["status"]);
    assert!(
        text.contains(&format!(
            "last 3f2c1ab failed: {why}; `towpath history {failed}` says more"
        )),
        "{text}"
    );
    let report = json(&no(&deployer, &["status", "--output", "json"]));
    let last = &report["pipelines"][0]["last"];
    assert_eq!(last["release"], failed.as_str());
    assert_eq!(last["outcome"], "failed");
    let text = yes(&deployer, &["history", "shop-api"]);
    assert!(
        text.contains(&format!("shop/api:3f2c1ab  failed: {why}")),
        "{text}"
    );

    // Whoever has stopped it knows, and a success has nothing to say.
    let refused = ended(Outcome::Refused, "ada rejected it");
    deployer.release(&pipeline, "3f2c1ab", &refused);
    let text = yes(&deployer, &["status"]);
    assert!(
        text.contains("last 3f2c1ab refused: ada rejected it"),
        "{text}"
    );
    deployer.release(&pipeline, "3f2c1ab", &[succeeded()]);
    let text = yes(&deployer, &["status"]);
    assert!(!text.contains("  last "), "{text}");
}

#[test]
fn where_the_deployer_is_can_be_said_before_the_verb_and_after_it() {
    let at = |arguments: [&str; 4]| {
        let parsed = Arguments::try_parse_from(arguments);
        let parsed = parsed.unwrap_or_else(|wrong| panic!("{arguments:?}: {wrong}"));
        format!("{:?}", parsed.at)
    };
    for (option, value) in [
        ("--region", "eu-west-1"),
        ("--profile", "shop"),
        ("--prefix", "ship"),
    ] {
        let before = at(["towpath", option, value, "status"]);
        assert_eq!(before, at(["towpath", "status", option, value]));
        assert!(before.contains(value), "{before}");
    }
}
