//! `open`: which pushes open a release.

use crate::pipeline::Pipeline;
use crate::release::{Event, Image, open};
use crate::sample::{self};

#[test]
fn a_push_opens_a_release_or_says_why_not() {
    let open_with = |tag: &str| {
        let image = sample::image(tag, sample::dawn());
        open(sample::shop(), 7, sample::home(), image)
    };
    let taken = open_with("3f2c1ab").expect("it is taken");
    assert!(
        matches!(&taken[..], [Event::Opened { version: 7, image, .. }] if image.tag.as_str() == "3f2c1ab")
    );
    let refused = open_with("latest").expect_err("it opens nothing");
    assert!(refused.is_surprising);
    assert!(
        refused.reason.ends_with("push the commit hash as the tag"),
        "{refused:?}"
    );
    let ignored = open_with("feature-x").expect_err("it opens nothing");
    assert!(ignored.is_surprising);
    assert!(
        ignored.reason.contains("push the commit hash as the tag"),
        "{ignored:?}"
    );
}

#[test]
fn what_a_rule_of_the_pipelines_own_leaves_out_surprises_nobody() {
    let mut json = sample::shop_json();
    json["tags"] = serde_json::json!({"semver": ">=1"});
    let open_with = |tag: &str| {
        let image = sample::image(tag, sample::dawn());
        open(sample::pipeline(json.clone()), 7, sample::home(), image)
    };
    assert!(open_with("1.4.2").is_ok());
    assert!(!open_with("3f2c1ab").unwrap_err().is_surprising);
    let latest = open_with("latest").unwrap_err();
    assert!(latest.is_surprising);
    assert!(!latest.reason.contains("commit hash"), "{latest:?}");
}

#[test]
fn an_image_of_a_foreign_registry_opens_nothing() {
    let own = "111111111111.dkr.ecr.eu-west-1.amazonaws.com";
    let theirs = "222222222222.dkr.ecr.eu-west-1.amazonaws.com";
    let open_with = |named: Option<&str>, registry: &str, repository: &str| {
        let pipeline = Pipeline {
            registry: named.map(|host| host.parse().expect("a registry")),
            ..sample::shop()
        };
        let image = Image {
            registry: registry.parse().expect("a registry"),
            repository: repository.parse().expect("a repository"),
            ..sample::image("3f2c1ab", sample::dawn())
        };
        open(pipeline, 7, sample::home(), image)
    };
    for (named, registry, repository) in [
        (None, own, "shop/api"),
        (Some(own), own, "shop/api"),
        (
            Some("111111111111.dkr-ecr.eu-west-1.on.aws"),
            own,
            "shop/api",
        ),
        (Some(theirs), theirs, "shop/api"),
    ] {
        let opened = open_with(named, registry, repository);
        assert!(opened.is_ok(), "{named:?} {registry}: {opened:?}");
    }
    for (named, registry, repository) in [
        (None, theirs, "shop/api"),
        (
            None,
            "111111111111.dkr.ecr.us-east-1.amazonaws.com",
            "shop/api",
        ),
        (None, "docker.io", "shop/api"),
        (Some(theirs), own, "shop/api"),
        (None, own, "shop/web"),
        (Some(own), own, "api"),
    ] {
        let why = open_with(named, registry, repository).expect_err("it is not taken");
        let wanted = named.unwrap_or(own);
        assert!(!why.is_surprising);
        assert_eq!(
            why.reason,
            format!(
                "the pipeline takes images of {wanted}/shop/api, not of {registry}/{repository}"
            )
        );
    }
}
