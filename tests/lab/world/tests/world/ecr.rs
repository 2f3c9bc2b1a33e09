//! Repositories, images, tags, scans and their events.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use towpath_lab_world::{Behaviour, Call, Push, World};

use crate::bench::{ACCOUNT, Bench, REGION, text};

const PUSHED: &str = "ECR Image Action";

fn push(tag: Option<&str>, content: Option<&str>) -> Push {
    Push {
        repository: "shop-api".to_owned(),
        tag: tag.map(str::to_owned),
        content: content.map(str::to_owned),
        ..Push::default()
    }
}

fn sha256(text: &str) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(text.as_bytes())))
}

#[test]
fn a_digest_is_the_hash_of_the_manifest_and_of_what_it_names() {
    let mut bench = Bench::with_image();
    let digest = bench.push("v2", Behaviour::Healthy);
    let answer = bench.ecr("BatchGetImage", json!({"repositoryName": "shop-api", "imageIds": [{"imageTag": "v2"}, {"imageTag": "none"}]}));
    let manifest = text(&answer["images"][0]["imageManifest"]);
    assert_eq!(sha256(&manifest), digest);
    let parsed: Value = serde_json::from_str(&manifest).expect("a manifest is JSON");
    assert_eq!(
        parsed["mediaType"],
        "application/vnd.oci.image.manifest.v1+json"
    );
    assert_eq!(answer["failures"][0]["failureCode"], "ImageNotFound");
    assert_ne!(
        bench.push("v3", Behaviour::Healthy),
        digest,
        "every push is new content"
    );
}

#[test]
fn an_index_names_its_untagged_children() {
    let mut bench = Bench::with_image();
    bench.events.clear();
    let mut both = push(Some("v2"), None);
    both.platforms = vec!["linux/amd64".into(), "linux/arm64".into()];
    let digest = bench
        .world
        .push(ACCOUNT, REGION, &both, bench.now)
        .expect("the push is taken");
    let answer = bench.ecr(
        "BatchGetImage",
        json!({"repositoryName": "shop-api", "imageIds": [{"imageDigest": digest}]}),
    );
    let index: Value =
        serde_json::from_str(&text(&answer["images"][0]["imageManifest"])).expect("JSON");
    let images = bench.ecr(
        "DescribeImages",
        json!({"repositoryName": "shop-api", "filter": {"tagStatus": "UNTAGGED"}}),
    );
    let mut untagged: Vec<&Value> = images["imageDetails"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|image| &image["imageDigest"])
        .collect();
    let mut children: Vec<&Value> = index["manifests"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|child| &child["digest"])
        .collect();
    untagged.sort_by_key(|digest| digest.to_string());
    children.sort_by_key(|digest| digest.to_string());
    assert_eq!(children, untagged);
    assert_eq!(bench.details(PUSHED, "image-tag"), ["", "", "v2"]);
    assert_eq!(
        bench
            .details(PUSHED, "manifest-media-type")
            .last()
            .map(String::as_str),
        Some("application/vnd.oci.image.index.v1+json")
    );
}

#[test]
fn the_event_has_the_shape_of_a_captured_one() {
    let mut bench = Bench::with_image();
    bench.push("v2", Behaviour::Healthy);
    let captured: Value = serde_json::from_str(include_str!(
        "../../../../fixtures/events/ecr-image-action-push-mediatypes.json"
    ))
    .expect("JSON");
    let event = bench.events.last().expect("an event");
    let keys = |value: &Value| {
        value.as_object().map(|members| {
            members
                .keys()
                .cloned()
                .collect::<std::collections::BTreeSet<_>>()
        })
    };
    assert_eq!(keys(event), keys(&captured));
    assert_eq!(keys(&event["detail"]), keys(&captured["detail"]));
    assert_eq!(event["time"], "2026-11-23T09:00:00Z");
}

#[test]
fn a_suppressed_event_leaves_the_image() {
    let mut bench = Bench::with_image();
    bench.events.clear();
    let mut quiet = push(Some("v2"), None);
    quiet.suppress_event = true;
    let digest = bench
        .world
        .push(ACCOUNT, REGION, &quiet, bench.now)
        .expect("the push is taken");
    let images = bench.ecr(
        "DescribeImages",
        json!({"repositoryName": "shop-api", "imageIds": [{"imageTag": "v2"}]}),
    );
    assert_eq!(images["imageDetails"][0]["imageDigest"], json!(digest));
    assert!(bench.events.is_empty());
}

#[test]
fn an_immutable_tag_keeps_its_content() {
    let mut bench = Bench::new();
    bench.ecr(
        "CreateRepository",
        json!({"repositoryName": "shop-api", "imageTagMutability": "IMMUTABLE"}),
    );
    let now = bench.now;
    let first = bench
        .world
        .push(ACCOUNT, REGION, &push(Some("v1"), Some("one")), now)
        .expect("the first is taken");
    assert_eq!(
        bench
            .world
            .push(ACCOUNT, REGION, &push(Some("v1"), Some("one")), now),
        Ok(first.clone())
    );
    let error = bench
        .world
        .push(ACCOUNT, REGION, &push(Some("v1"), Some("two")), now)
        .expect_err("other content");
    assert_eq!(error.code, "ImageTagAlreadyExistsException");
    let images = bench.ecr("DescribeImages", json!({"repositoryName": "shop-api"}));
    assert_eq!(images["imageDetails"].as_array().map(Vec::len), Some(1));
    assert_eq!(images["imageDetails"][0]["imageDigest"], json!(first));
}

#[test]
fn excluded_tags_of_an_immutable_repository_may_move() {
    let mut bench = Bench::new();
    bench.ecr(
        "CreateRepository",
        json!({
            "repositoryName": "shop-api",
            "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "dev-*"}],
        }),
    );
    let now = bench.now;
    for tag in ["dev-1", "v1"] {
        bench
            .world
            .push(ACCOUNT, REGION, &push(Some(tag), Some("one")), now)
            .expect("the first is taken");
    }
    let moved = bench
        .world
        .push(ACCOUNT, REGION, &push(Some("dev-1"), Some("two")), now)
        .expect("it may move");
    assert!(
        bench
            .world
            .push(ACCOUNT, REGION, &push(Some("v1"), Some("two")), now)
            .is_err()
    );
    let images = bench.ecr(
        "DescribeImages",
        json!({"repositoryName": "shop-api", "imageIds": [{"imageTag": "dev-1"}]}),
    );
    assert_eq!(images["imageDetails"][0]["imageDigest"], json!(moved));
}

#[test]
fn a_tag_that_moves_leaves_the_older_image_untagged() {
    let mut bench = Bench::with_image();
    let second = bench.push("v1", Behaviour::Healthy);
    let tagged = bench.ecr(
        "ListImages",
        json!({"repositoryName": "shop-api", "filter": {"tagStatus": "TAGGED"}}),
    );
    assert_eq!(
        tagged["imageIds"],
        json!([{"imageDigest": second, "imageTag": "v1"}])
    );
    let all = bench.ecr("DescribeImages", json!({"repositoryName": "shop-api"}));
    assert_eq!(all["imageDetails"].as_array().map(Vec::len), Some(2));
}

#[test]
fn lists_are_paged() {
    let mut bench = Bench::with_image();
    for tag in ["v2", "v3", "v4", "v5"] {
        bench.push(tag, Behaviour::Healthy);
    }
    let mut seen = Vec::new();
    let mut token = Value::Null;
    loop {
        let page = bench.ecr(
            "DescribeImages",
            json!({"repositoryName": "shop-api", "maxResults": 2, "nextToken": token}),
        );
        seen.extend(
            page["imageDetails"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|image| text(&image["imageTags"][0])),
        );
        token = page["nextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(seen, ["v1", "v2", "v3", "v4", "v5"]);
    let wrong = json!({"repositoryName": "shop-api", "nextToken": "nonsense"});
    assert_eq!(
        bench.refused("ecr", "DescribeImages", wrong),
        "InvalidParameterException"
    );
}

#[test]
fn deleting_the_last_tag_deletes_the_image() {
    let mut bench = Bench::with_image();
    let digest = bench.push("v2", Behaviour::Healthy);
    let answer = bench.ecr(
        "BatchDeleteImage",
        json!({"repositoryName": "shop-api", "imageIds": [{"imageTag": "v2"}, {"imageTag": "v2"}]}),
    );
    assert_eq!(
        answer["imageIds"],
        json!([{"imageDigest": digest, "imageTag": "v2"}])
    );
    assert_eq!(answer["failures"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        bench
            .details(PUSHED, "action-type")
            .last()
            .map(String::as_str),
        Some("DELETE")
    );
    let gone = json!({"repositoryName": "shop-api", "imageIds": [{"imageDigest": digest}]});
    assert_eq!(
        bench.refused("ecr", "DescribeImages", gone),
        "ImageNotFoundException"
    );
}

#[test]
fn a_manifest_can_be_put_under_another_tag_once() {
    let mut bench = Bench::with_image();
    let digest = bench.push("v2", Behaviour::Healthy);
    let manifest = bench.ecr(
        "BatchGetImage",
        json!({"repositoryName": "shop-api", "imageIds": [{"imageTag": "v2"}]}),
    )["images"][0]["imageManifest"]
        .clone();
    let input =
        json!({"repositoryName": "shop-api", "imageManifest": manifest, "imageTag": "stable"});
    let put = bench.ecr("PutImage", input.clone());
    assert_eq!(
        put["image"]["imageId"],
        json!({"imageDigest": digest, "imageTag": "stable"})
    );
    assert_eq!(
        bench.refused("ecr", "PutImage", input),
        "ImageAlreadyExistsException"
    );
    let images = bench.ecr(
        "DescribeImages",
        json!({"repositoryName": "shop-api", "imageIds": [{"imageTag": "stable"}]}),
    );
    assert_eq!(
        images["imageDetails"][0]["imageTags"],
        json!(["v2", "stable"])
    );
}

#[test]
fn a_scan_on_push_finds_what_the_image_has() {
    let mut bench = Bench::new();
    bench.ecr(
        "CreateRepository",
        json!({"repositoryName": "shop-api", "imageScanningConfiguration": {"scanOnPush": true}}),
    );
    let mut bad = push(Some("v1"), None);
    bad.findings = BTreeMap::from([("CRITICAL".to_owned(), 2), ("LOW".to_owned(), 0)]);
    let digest = bench
        .world
        .push(ACCOUNT, REGION, &bad, bench.now)
        .expect("the push is taken");
    let image = json!({"repositoryName": "shop-api", "imageId": {"imageDigest": digest}});
    assert_eq!(
        bench.ecr("DescribeImageScanFindings", image.clone())["imageScanStatus"]["status"],
        "IN_PROGRESS"
    );
    bench.pass(10);
    let findings = bench.ecr("DescribeImageScanFindings", image);
    assert_eq!(
        findings["imageScanFindings"]["findingSeverityCounts"],
        json!({"CRITICAL": 2})
    );
    assert_eq!(
        findings["imageScanFindings"]["findings"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    let event = bench.events.last().expect("an event").clone();
    assert_eq!(event["detail-type"], "ECR Image Scan");
    assert_eq!(
        event["detail"]["finding-severity-counts"],
        json!({"CRITICAL": 2})
    );
    assert_eq!(
        event["resources"],
        json!([format!(
            "arn:aws:ecr:{REGION}:{ACCOUNT}:repository/shop-api"
        )])
    );
}

#[test]
fn another_account_reads_a_registry_by_its_id() {
    let mut bench = Bench::with_image();
    let input = json!({"repositoryName": "shop-api", "registryId": ACCOUNT});
    let call = Call {
        account: "222222222222",
        region: REGION,
        principal: "root",
        service: "ecr",
        operation: "DescribeImages",
        input: &input,
    };
    let answer = bench.world.call(&call, bench.now).expect("it is found");
    assert_eq!(answer["imageDetails"][0]["registryId"], ACCOUNT);
    let own = json!({"repositoryName": "shop-api"});
    let error = bench
        .world
        .call(
            &Call {
                input: &own,
                ..call
            },
            bench.now,
        )
        .expect_err("not in its own registry");
    assert_eq!(error.code, "RepositoryNotFoundException");
}

#[test]
fn repositories_and_policies_are_kept() {
    let mut bench = Bench::with_image();
    assert_eq!(
        bench.refused(
            "ecr",
            "CreateRepository",
            json!({"repositoryName": "shop-api"})
        ),
        "RepositoryAlreadyExistsException"
    );
    assert_eq!(
        bench.refused("ecr", "CreateRepository", json!({"repositoryName": "Shop"})),
        "InvalidParameterException"
    );
    assert_eq!(
        bench.refused(
            "ecr",
            "DescribeRepositories",
            json!({"repositoryNames": ["none"]})
        ),
        "RepositoryNotFoundException"
    );
    assert_eq!(
        bench.refused(
            "ecr",
            "GetLifecyclePolicy",
            json!({"repositoryName": "shop-api"})
        ),
        "LifecyclePolicyNotFoundException"
    );
    let policy = "{\"rules\": []}";
    bench.ecr(
        "PutLifecyclePolicy",
        json!({"repositoryName": "shop-api", "lifecyclePolicyText": policy}),
    );
    assert_eq!(
        bench.ecr("GetLifecyclePolicy", json!({"repositoryName": "shop-api"}))["lifecyclePolicyText"],
        policy
    );
    bench.ecr(
        "SetRepositoryPolicy",
        json!({"repositoryName": "shop-api", "policyText": "{}"}),
    );
    assert_eq!(
        bench.ecr("GetRepositoryPolicy", json!({"repositoryName": "shop-api"}))["policyText"],
        "{}"
    );
    assert_eq!(
        bench.refused(
            "ecr",
            "DeleteRepository",
            json!({"repositoryName": "shop-api"})
        ),
        "RepositoryNotEmptyException"
    );
    bench.ecr(
        "DeleteRepository",
        json!({"repositoryName": "shop-api", "force": true}),
    );
    assert_eq!(
        bench.ecr("DescribeRepositories", json!({}))["repositories"],
        json!([])
    );
}

#[test]
fn only_what_is_simulated_is_handled() {
    assert!(World::handles("ecr", "PutImage"));
    assert!(!World::handles("ecr", "GetAuthorizationToken"));
    assert!(!World::handles("dynamodb", "GetItem"));
}
