//! `towpath doctor`, as far as it arranges and prints.

use super::*;
use crate::deployer::memory::Replies;

#[test]
fn what_may_not_be_read_is_unknown_and_no_error() {
    let mut deployer = Memory::new();
    deployer.keep(SHOP);
    deployer.answers = Replies::refuse_all("AccessDeniedException");
    let text = yes(&deployer, &["doctor"]);
    assert!(
        text.contains("towpath-sweeper-releases\n  unknown rule: events:DescribeRule"),
        "{text}"
    );
    assert!(
        text.contains("→ run doctor with credentials that may read this"),
        "{text}"
    );
    assert!(text.contains("\nno errors, no warnings, "), "{text}");
    assert!(
        !text.contains("can be used"),
        "only --all shows what is fine: {text}"
    );
    let text = yes(&deployer, &["doctor", "--all"]);
    assert!(
        text.contains("ok      pipeline: can be used, version 1"),
        "{text}"
    );

    let report = json(&yes(&deployer, &["doctor", "--output", "json"]));
    assert_eq!(report["ok"], true);
    assert_eq!(report["errors"], 0);
    let findings = report["findings"].as_array().unwrap();
    assert!(
        findings
            .iter()
            .all(|one| one["severity"] == "unknown" || one["severity"] == "ok")
    );
}

#[test]
fn a_pipeline_that_cannot_be_used_is_an_error() {
    let deployer = Memory::new();
    deployer.store("/towpath/pipelines/shop/shop".parse().unwrap(), "{");
    let report = json(&no(&deployer, &["doctor", "shop", "--output", "json"]));
    assert_eq!(report["errors"], 1);
    assert_eq!(report["findings"][0]["check"], "pipeline");
    assert!(
        report["findings"][0]["help"]
            .as_str()
            .unwrap()
            .contains("towpath lint")
    );
}

#[test]
fn one_pipeline_is_examined_without_the_deployer() {
    let mut deployer = Memory::new();
    deployer.keep(SHOP);
    deployer.answers = Replies::refuse_all("AccessDeniedException");
    let text = yes(&deployer, &["doctor", "shop-api"]);
    assert!(!text.contains("sweeper"), "{text}");
    let (answer, _) = towpath(&deployer, &["doctor", "shop-web"]);
    assert!(
        answer
            .unwrap_err()
            .contains("there is no pipeline `shop-web`")
    );
}
