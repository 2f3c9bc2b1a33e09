//! `towpath explain` and `towpath status`, by what the deployer keeps.

use super::*;

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
    assert_eq!(text, "no pipeline is stored for shop\n");
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
        Err("there is no pipeline `other` below /towpath/pipelines: `towpath apply FILE` stores one".into())
    );
}

#[test]
fn a_held_stage_is_told_with_1() {
    let (mut deployer, _, _) = busy();
    let row = deployer.services.values_mut().last().unwrap();
    row.hold = Some("rolled back\u{202e} by hand".into());
    let text = no(&deployer, &["status"]);
    assert!(text.contains("HELD: rolled back by hand"), "{text}");
    let row = deployer.services.values_mut().last().unwrap();
    row.hold = Some("arn:aws:iam::111111111111:user/ada held it: the sale begins".into());
    let text = no(&deployer, &["status"]);
    let held = "HELD by arn:aws:iam::111111111111:user/ada: the sale begins";
    assert!(text.contains(held), "{text}");
}
