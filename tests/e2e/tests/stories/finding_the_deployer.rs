//! A wrong region, prefix or account has no pipelines, no holds and no releases: every command that
//! needs the deployer says that it is not there, and does nothing.

use towpath_e2e::terminal::{changes_since, towpath, towpath_with};
use towpath_e2e::{Error, World};

/// The commands that work on files alone.
const WITHOUT: [&str; 8] = [
    "lint",
    "schema",
    "render",
    "diff",
    "completions",
    "man",
    "version",
    "help",
];

/// What each of the others is asked here.
fn asked(verb: &str) -> Option<Vec<&'static str>> {
    let pipeline = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/examples/one-service.yaml"
    );
    Some(match verb {
        "init" => vec![
            "--repository",
            "shop-api",
            "--stage",
            "test=test/shop-api",
            "--file",
            "-",
        ],
        "explain" => vec!["shop-api", "3f2c1ab"],
        "apply" => vec![pipeline],
        "plan" => vec!["shop-api", "--stage", "test", "--image", "3f2c1ab"],
        "status" | "doctor" | "pipelines" => vec![],
        "why" => vec!["shop-api", "test"],
        "history" | "audit" => vec!["shop-api-0123456789abcdef"],
        "rollback" => vec!["shop-api", "test"],
        "hold" | "release-hold" => vec!["shop-api", "test", "--reason", "why not"],
        "veto" | "lift-veto" => vec![
            "sha256:139b26d7e7f268d0d78e696d1addce9acf30935aa8f44d186dbc15d0abe2eb45",
            "--reason",
            "why not",
        ],
        _ => return None,
    })
}

/// The commands that `towpath --help` lists.
async fn verbs(world: &World) -> Result<Vec<String>, Error> {
    let (_, help) = towpath(world, &["--help"]).await?;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.take_while(|line| line.starts_with("  "));
    let verbs = listed.filter_map(|line| line.split_whitespace().next());
    Ok(verbs.map(str::to_owned).collect())
}

#[tokio::test]
async fn every_command_that_needs_the_deployer_finds_it_first() -> Result<(), Error> {
    let world = World::start().await?;
    let verbs = verbs(&world).await?;
    assert!(verbs.len() > WITHOUT.len(), "{verbs:?}");
    let (code, printed) = towpath(&world, &["status"]).await?;
    assert_eq!(code, 0, "it is found where it is: {printed}");
    let before = world.lab.get("journal").await?["last"].clone();
    for verb in &verbs {
        if WITHOUT.contains(&verb.as_str()) {
            continue;
        }
        let rest = asked(verb).ok_or_else(|| Error::Story(format!("what is {verb} asked?")))?;
        let whole = [&[verb.as_str()], &rest[..], &["--region", "eu-west-1"]].concat();
        let (code, printed) = towpath(&world, &whole).await?;
        assert_eq!(code, 2, "{verb}: {printed}");
        let missing = "no deployer `towpath` in account 111111111111, region eu-west-1";
        assert!(printed.contains(missing), "{verb}: {printed}");

        let whole = [&[verb.as_str()], &rest[..]].concat();
        let (code, printed) = towpath_with(&world, &[("TOWPATH_PREFIX", "ship")], &whole).await?;
        assert_eq!(code, 2, "{verb}: {printed}");
        let missing = "no deployer `ship` in account 111111111111, region eu-central-1";
        assert!(printed.contains(missing), "{verb}: {printed}");
    }
    assert_eq!(changes_since(&world, &before).await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn the_way_out_of_not_finding_it_is_said() -> Result<(), Error> {
    let world = World::start().await?;
    let (code, printed) = towpath(&world, &["status", "--prefix", "/towpath/"]).await?;
    assert_eq!(code, 2, "{printed}");
    assert!(
        printed.contains("a prefix is 1 to 24 characters"),
        "{printed}"
    );

    // Another account, with rights of its own, where nothing was installed.
    let elsewhere = [("AWS_ACCESS_KEY_ID", "222222222222")];
    let (code, printed) = towpath_with(&world, &elsewhere, &["status"]).await?;
    assert_eq!(code, 2, "{printed}");
    let missing = "no deployer `towpath` in account 222222222222, region eu-central-1";
    assert!(printed.contains(missing), "{printed}");
    for help in ["--prefix", "--region", "--profile", "infra/deployer"] {
        assert!(printed.contains(help), "{help}: {printed}");
    }

    // Somebody who may not ask is told what to be allowed, and not that nothing is there.
    let role = "arn:aws:iam::111111111111:role/visitor";
    let made = serde_json::json!({ "arn": role, "statements": [] });
    world.lab.post("roles", &made).await?;
    let role = serde_json::json!({ "role": role });
    let session = world.lab.post("credentials", &role).await?;
    let key = session["access_key"].as_str().unwrap_or_default();
    let (code, printed) = towpath_with(&world, &[("AWS_ACCESS_KEY_ID", key)], &["status"]).await?;
    assert_eq!(code, 2, "{printed}");
    let needed = "has to be allowed ssm:GetParameter on /towpath/installation";
    assert!(printed.contains(needed), "{printed}");

    let nowhere = [("AWS_REGION", ""), ("AWS_DEFAULT_REGION", "")];
    let (code, printed) = towpath_with(&world, &nowhere, &["status"]).await?;
    assert_eq!(code, 2, "{printed}");
    assert!(printed.contains("no region is set: name"), "{printed}");
    Ok(())
}
