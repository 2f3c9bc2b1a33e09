//! What is listed: the lab's own beside what was made through the API; and what is refused in its place.

use serde_json::{Value, json};

use crate::harness::Lab;

/// The values of a member in a list.
fn named<'a>(list: &'a Value, member: &str) -> Vec<&'a str> {
    let list = list.as_array().into_iter().flatten();
    list.filter_map(|one| one[member].as_str()).collect()
}

#[tokio::test]
async fn functions_and_rules_are_listed_as_they_are_found_one_by_one() {
    let lab = Lab::start();

    let functions = lab.rest("lambda", "/2015-03-31/functions/").await;
    assert_eq!(functions.status, 200, "{functions:?}");
    let functions = named(&functions.body["Functions"], "FunctionName");
    assert!(functions.contains(&"lab-echo"), "{functions:?}");

    let put = json!({"Name": "mine", "EventPattern": "{\"source\": [\"a\"]}"});
    lab.call("events", "AWSEvents.PutRule", put).await;
    let rules = lab.call("events", "AWSEvents.ListRules", json!({})).await;
    let names = named(&rules.body["Rules"], "Name");
    assert!(names.contains(&"mine"), "{names:?}");
    assert!(names.contains(&"lab-echo-push"), "{names:?}");
    for name in names {
        let described = lab
            .call("events", "AWSEvents.DescribeRule", json!({"Name": name}))
            .await;
        assert_eq!(described.status, 200, "{name}: {described:?}");
    }
    let some = json!({"NamePrefix": "lab-echo-p"});
    let some = lab.call("events", "AWSEvents.ListRules", some).await;
    assert_eq!(named(&some.body["Rules"], "Name"), ["lab-echo-push"]);
}

/// A repository that is there is not said to be missing because the lab keeps no layers.
#[tokio::test]
async fn layers_are_refused_with_the_way_an_image_gets_into_the_lab() {
    let lab = Lab::start();
    let ecr = |operation: &str| format!("AmazonEC2ContainerRegistry_V20150921.{operation}");
    let shop = json!({"repositoryName": "shop-api"});
    for (exists, code) in [
        (false, "RepositoryNotFoundException"),
        (true, "InvalidParameterException"),
    ] {
        if exists {
            lab.call("ecr", &ecr("CreateRepository"), shop.clone())
                .await;
        }
        for operation in ["InitiateLayerUpload", "BatchCheckLayerAvailability"] {
            let refused = lab.call("ecr", &ecr(operation), shop.clone()).await;
            assert_eq!(refused.status, 400, "{refused:?}");
            let told = refused.body.to_string();
            assert!(told.contains(code), "{operation}: {told}");
            assert_eq!(told.contains("/_lab/push"), exists, "{operation}: {told}");
        }
    }
}
