//! The id of a release and the mark of a deployment: how each is found again.

use crate::names::{PipelineName, StageName};
use crate::release::{CorrelationTag, NotOurs, release_id};
use crate::sample;

#[test]
fn the_same_push_names_the_same_release_for_ever() {
    let image = sample::image("3f2c1ab", sample::dawn());
    let id = release_id(&"shop-api".parse().unwrap(), &image.digest, &image.tag);
    // Written down: an id that changed would open every release of the past anew.
    assert_eq!(id.as_str(), "shop-api-3a1c049ccbd7d555");
}

#[test]
fn pipeline_digest_and_tag_each_make_another_release() {
    let shop: PipelineName = "shop-api".parse().unwrap();
    let image = sample::image("3f2c1ab", sample::dawn());
    let other = sample::image("fffffff", sample::dawn());
    let ids = [
        release_id(&shop, &image.digest, &image.tag),
        release_id(&"shop".parse().unwrap(), &image.digest, &image.tag),
        release_id(&shop, &other.digest, &image.tag),
        release_id(&shop, &image.digest, &other.tag),
    ];
    let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len());
}

#[test]
fn the_longest_pipeline_name_still_makes_an_id() {
    let longest: PipelineName = format!("a{}", "-".repeat(39)).parse().unwrap();
    let image = sample::image("3f2c1ab", sample::dawn());
    let id = release_id(&longest, &image.digest, &image.tag);
    assert!(id.as_str().starts_with(longest.as_str()));
}

#[test]
fn a_mark_is_read_as_it_was_written_and_fits_a_description() {
    let pipeline: PipelineName = "p".repeat(40).parse().unwrap();
    let image = sample::image("3f2c1ab", sample::dawn());
    let mark = CorrelationTag {
        release: release_id(&pipeline, &image.digest, &image.tag),
        stage: "s".repeat(24).parse::<StageName>().unwrap(),
    };
    let text = mark.to_string();
    assert!(text.len() <= 256, "CodeDeploy keeps 256 characters");
    assert_eq!(text.parse(), Ok(mark));
}

#[test]
fn other_descriptions_are_not_ours() {
    for text in [
        "",
        "towpath",
        "towpath shop-api-0123456789abcdef",
        "towpath shop-api-0123456789abcdef staging now",
        "towpath  shop-api-0123456789abcdef staging",
        " towpath shop-api-0123456789abcdef staging",
        "Towpath shop-api-0123456789abcdef staging",
        "towpath shop-api-0123456789abcde staging",
        "towpath shop-api-0123456789abcdef Staging",
        "towpath shop-api-0123456789abcdef\nstaging",
        "deployed by hand",
    ] {
        assert_eq!(text.parse::<CorrelationTag>(), Err(NotOurs), "{text:?}");
    }
}
