//! What somebody may do with the policy that the documents have ready, and a pipeline that gets another
//! name.

use std::path::Path;

use serde_json::{Value, json};
use towpath_e2e::terminal::towpath_with;
use towpath_e2e::{Error, Stolen, World};

use crate::rollback::{deploy, waits_behind_a_hold};

const ACCOUNT: &str = "arn:aws:iam::111111111111";
const ROLE: &str = "on-call";
const POLICY: &str = "docs/policies/people.json";

/// Somebody with a role that has that policy and no other.
struct Person<'a> {
    world: &'a World,
    access_key: String,
}

impl<'a> Person<'a> {
    async fn on_call(world: &'a World) -> Result<Self, Error> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../..")
            .join(POLICY);
        let policy =
            std::fs::read_to_string(path).map_err(|error| Error::Story(error.to_string()))?;
        let trust = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
            "Principal": { "AWS": format!("{ACCOUNT}:root") }, "Action": "sts:AssumeRole" }] })
        .to_string();
        let create = [
            ("Action", "CreateRole"),
            ("RoleName", ROLE),
            ("AssumeRolePolicyDocument", &trust),
        ];
        let put = [
            ("Action", "PutRolePolicy"),
            ("RoleName", ROLE),
            ("PolicyName", "towpath"),
            ("PolicyDocument", &policy),
        ];
        world.lab.query("iam", "2010-05-08", &create).await?;
        world.lab.query("iam", "2010-05-08", &put).await?;
        let session = json!({ "role": format!("{ACCOUNT}:role/{ROLE}") });
        let session = world.lab.post("credentials", &session).await?;
        let access_key = session["access_key"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        Ok(Self { world, access_key })
    }

    /// What a command prints, which has to succeed.
    async fn does(&self, arguments: &[&str]) -> Result<String, Error> {
        let me = [("AWS_ACCESS_KEY_ID", self.access_key.as_str())];
        let (code, printed) = towpath_with(self.world, &me, arguments).await?;
        assert_eq!(code, 0, "{arguments:?}: {printed}");
        Ok(printed)
    }

    /// Which of the policy's rights were used by nothing, and what was refused beside the keys of
    /// functions, with which audit verifies what they wrote.
    async fn rights(&self) -> Result<(Value, Vec<String>), Error> {
        const OWN: &str = "/towpath/seals/operator";
        let report = self.world.lab.get("iam").await?;
        let role = &report["roles"][format!("{ACCOUNT}:role/{ROLE}")];
        let refused = role["refused"].as_array().into_iter().flatten();
        let refused = refused.filter_map(Value::as_str).map(str::to_owned);
        let beside = refused.filter(|one| !one.contains("/towpath/seals/") || one.contains(OWN));
        Ok((role["never_used"].clone(), beside.collect()))
    }
}

/// A pipeline in a file.
fn file(world: &World, pipeline: &Value) -> Result<String, Error> {
    let path = world.lab.logs().join("pipeline.json");
    let written = std::fs::write(&path, pipeline.to_string());
    written.map_err(|error| Error::Story(error.to_string()))?;
    Ok(path.display().to_string())
}

#[tokio::test]
async fn the_policy_that_is_ready_allows_every_order_and_nothing_that_none_needs()
-> Result<(), Error> {
    let world = World::start().await?;
    let first = deploy(&world, "3f2c1ab").await?;
    let person = Person::on_call(&world).await?;
    person.does(&["status"]).await?;
    person.does(&["explain", "shop-api", "3f2c1ab"]).await?;
    let why = ["--reason", "the sale"];
    let hold = ["hold", "shop-api", "production"];
    person.does(&[&hold[..], &why].concat()).await?;
    // It is woken when the hold is lifted.
    world.push("4a5b6c7", "healthy").await?;
    waits_behind_a_hold(&world, "4a5b6c7").await?;
    let lift = ["release-hold", "shop-api", "production"];
    person.does(&[&lift[..], &why].concat()).await?;
    world.asks("4a5b6c7").await?;
    // A veto ends it.
    let id = world.release("4a5b6c7").await?.id;
    person.does(&[&["veto", &id], &why[..]].concat()).await?;
    assert_eq!(world.ended("4a5b6c7").await?, "refused");
    person
        .does(&[&["lift-veto", &id], &why[..]].concat())
        .await?;

    // The pipeline gets another name, and so does its stage: the service keeps what it had.
    let removed = json!({ "Name": "/towpath/pipelines/shop-api/shop-api" });
    let session = Stolen::of(&world.lab, &format!("{ACCOUNT}:role/{ROLE}")).await?;
    session.aws("ssm", "DeleteParameter", &removed).await?;
    world.push("5b6c7d8", "healthy").await?;
    world.pass(60).await?;
    let mut renamed = world.shop.pipeline();
    renamed["pipeline"] = json!("shop");
    renamed["stages"][2]["name"] = json!("live");
    person.does(&["apply", &file(&world, &renamed)?]).await?;
    world.pass(7_200).await?;
    let taken = person.does(&["history", "shop"]).await?;
    assert!(!taken.contains("5b6c7d8"), "pushed before: {taken}");
    assert_eq!(world.running("production").await?, [first]);
    person.does(&["rollback", "shop", "live"]).await?;
    let before = [world.shop.initial.clone()];
    world
        .until("what ran before the first release runs", async |world| {
            Ok(world.running("production").await? == before)
        })
        .await?;
    let history = person.does(&["history", "shop-api"]).await?;
    assert!(history.contains("3f2c1ab"), "{history}");
    person.does(&["audit"]).await?;

    // Looked at where the last deployment of a group has failed.
    let failed = json!([{ "sid": "LookAtFailures", "action": "codedeploy:GetDeploymentTarget" }]);
    assert_eq!(person.rights().await?, (failed, vec![]));
    Ok(())
}
