//! SSM and ECR: what is read page by page, and what does not exist.

use serde_json::json;
use towpath_deployer::ports::{Ecr, Parameters};
use towpath_taskdef::image::{Registry, RepositoryName};

use crate::support::aws;
use crate::support::http::{Reply, Server};
use crate::support::releases::at;

fn registry() -> Registry {
    "222222222222.dkr.ecr.us-east-1.amazonaws.com"
        .parse()
        .unwrap()
}

fn repository() -> RepositoryName {
    "team/shop-api".parse().unwrap()
}

#[tokio::test]
async fn parameters_are_read_through_empty_pages() {
    let parameter = |n: u8| json!({"Name": format!("/p/{n}"), "Version": n, "Value": "{}"});
    let server = Server::start(move |request| {
        let answer = match request.json()["NextToken"].as_str() {
            None => json!({"Parameters": [parameter(1)], "NextToken": "a"}),
            Some("a") => json!({"Parameters": [], "NextToken": "b"}),
            Some(_) => json!({"Parameters": [parameter(2), parameter(3)]}),
        };
        Reply::json(200, &answer)
    });
    let found = aws(&server.url)
        .parameters_below(&"/p".parse().unwrap())
        .await
        .unwrap();
    let names: Vec<_> = found.iter().map(|p| (p.name.as_str(), p.version)).collect();
    assert_eq!(names, [("/p/1", 1), ("/p/2", 2), ("/p/3", 3)]);
    let asked = server.requests()[0].json();
    assert_eq!(
        asked,
        json!({"Path": "/p", "Recursive": true, "WithDecryption": false, "MaxResults": 10})
    );
}

#[tokio::test]
async fn one_version_of_a_parameter_is_asked_for_by_its_number() {
    let server = Server::start(|request| {
        let name = request.json()["Name"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        match name.as_str() {
            "/p/x" | "/p/x:4" => Reply::json(
                200,
                &json!({"Parameter": {"Name": "/p/x", "Version": 4, "Value": "v"}}),
            ),
            "/p/x:9" => Reply::error(400, "ParameterVersionNotFound", "no such version"),
            "/p/y" => Reply::error(400, "ParameterNotFound", "no such parameter"),
            _ => Reply::error(400, "AccessDeniedException", "no"),
        }
    });
    let aws = aws(&server.url);
    let read =
        async |name: &str, version| aws.parameter(None, &name.parse().unwrap(), version).await;
    assert_eq!(read("/p/x", None).await.unwrap().unwrap().version, 4);
    assert_eq!(read("/p/x", Some(4)).await.unwrap().unwrap().value, "v");
    assert_eq!(read("/p/x", Some(9)).await, Ok(None));
    assert_eq!(read("/p/y", None).await, Ok(None));
    let denied = read("/p/z", None).await.unwrap_err();
    assert_eq!(denied.code(), Some("AccessDeniedException"));
}

#[tokio::test]
async fn a_parameter_is_written_once_and_its_version_returned() {
    let server = Server::start(|_| Reply::json(200, &json!({"Version": 7})));
    let name = "/towpath/pipelines/shop-api/shop-api".parse().unwrap();
    let version = aws(&server.url)
        .put_parameter(&name, "{}", "shop-api")
        .await;
    assert_eq!(version, Ok(7));
    assert_eq!(
        server.requests()[0].json(),
        json!({
            "Name": "/towpath/pipelines/shop-api/shop-api", "Value": "{}",
            "Description": "shop-api", "Type": "String", "Tier": "Intelligent-Tiering",
            "Overwrite": true,
        })
    );
    let server = Server::start(|_| Reply::Hangup);
    aws(&server.url)
        .put_parameter(&name, "{}", "shop-api")
        .await
        .unwrap_err();
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn an_image_is_looked_up_in_its_registrys_account_and_region() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let answer = json!({"imageDetails": [{
        "imageDigest": digest, "imageTags": ["3f2c1ab", "v1"], "imagePushedAt": 1_795_428_000.123,
    }]});
    let server = Server::start(move |_| Reply::json(200, &answer));
    let tag = "3f2c1ab".parse().unwrap();
    let image = aws(&server.url)
        .image_by_tag(&registry(), &repository(), &tag)
        .await;
    let image = image.unwrap().unwrap();
    assert_eq!(image.digest.to_string(), digest);
    assert_eq!(image.tags.len(), 2);
    assert_eq!(image.pushed_at.to_string(), "2026-11-23T10:00:00.123Z");
    let request = &server.requests()[0];
    assert_eq!(
        request.json(),
        json!({
            "registryId": "222222222222", "repositoryName": "team/shop-api",
            "imageIds": [{"imageTag": "3f2c1ab"}],
        })
    );
    assert!(request.header("authorization").contains("/us-east-1/ecr/"));

    let server = Server::start(|_| Reply::error(400, "ImageNotFoundException", "no such image"));
    let image = aws(&server.url)
        .image_by_tag(&registry(), &repository(), &tag)
        .await;
    assert_eq!(image, Ok(None));
    let server = Server::start(|_| Reply::error(400, "RepositoryNotFoundException", "no"));
    let image = aws(&server.url)
        .image_by_tag(&registry(), &repository(), &tag)
        .await;
    assert_eq!(
        image.unwrap_err().code(),
        Some("RepositoryNotFoundException")
    );
}

#[tokio::test]
async fn pushes_since_a_time_are_collected_from_all_pages() {
    let image = |digit: &str, tag: &str, pushed: i64| {
        json!({
            "imageDigest": format!("sha256:{}", digit.repeat(64)),
            "imageTags": [tag],
            "imagePushedAt": at(pushed).as_second(),
        })
    };
    let server = Server::start(move |request| {
        let answer = match request.json()["nextToken"].as_str() {
            None => json!({"imageDetails": [image("a", "old", 9), image("b", "edge", 10)],
                           "nextToken": "more"}),
            Some(_) => json!({"imageDetails": [image("c", "new", 11)]}),
        };
        Reply::json(200, &answer)
    });
    let found = aws(&server.url)
        .pushed_since(&registry(), &repository(), at(10))
        .await
        .unwrap();
    let tags: Vec<_> = found.iter().map(|image| image.tags[0].as_str()).collect();
    assert_eq!(tags, ["edge", "new"]);
    let asked = server.requests()[0].json();
    assert_eq!(asked["filter"], json!({"tagStatus": "TAGGED"}));
    assert_eq!(asked["registryId"], "222222222222");
}
