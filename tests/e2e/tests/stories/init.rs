//! `towpath init`, from services that are there to a pipeline that is stored and planned.

use towpath_e2e::terminal::{at_terminal, towpath};
use towpath_e2e::{Error, Native, World};

#[tokio::test]
async fn init_writes_a_file_that_is_stored_and_planned() -> Result<(), Error> {
    let world = World::start().await?;
    let folder = tempfile::tempdir().map_err(|error| Error::Story(error.to_string()))?;
    let file = folder.path().join("shop.yaml").display().to_string();
    let init = [
        "init",
        "--repository",
        "shop-api",
        "--stage",
        "test=test/shop-api",
        "--stage",
        "staging=staging/shop-api",
        "--stage",
        "production=production/shop-api",
        "--slack",
        "C0DEPLOYS01",
        "--approver",
        "U0APPROVER1",
        "--file",
        &file,
    ];
    let (code, printed) = towpath(&world, &init).await?;
    assert_eq!(code, 0, "{printed}");
    let written =
        std::fs::read_to_string(&file).map_err(|error| Error::Story(error.to_string()))?;
    for expected in [
        "# yaml-language-server: $schema=",
        "rolling: {}",
        "application: shop-api",
        "group: production",
        "hook: towpath-lifecycle-hook",
        "slack: [U0APPROVER1]",
        "containers: [app]",
    ] {
        assert!(written.contains(expected), "{expected} is not in {written}");
    }
    let (code, printed) = towpath(&world, &init).await?;
    assert_eq!(code, 2, "{printed}");
    assert!(printed.contains("--force"), "{printed}");

    let (code, printed) = towpath(&world, &["lint", &file]).await?;
    assert_eq!(code, 0, "{printed}");
    let (code, printed) = towpath(&world, &["apply", &file]).await?;
    assert_eq!(code, 0, "{printed}");
    let plan = [
        "plan",
        "shop-api",
        "--stage",
        "production",
        "--image",
        "0000001",
    ];
    let (code, printed) = towpath(&world, &plan).await?;
    assert_eq!(code, 0, "it runs that already: {printed}");
    Ok(())
}

#[tokio::test]
async fn init_asks_at_a_terminal() -> Result<(), Error> {
    let world = World::start().await?;
    let folder = tempfile::tempdir().map_err(|error| Error::Story(error.to_string()))?;
    let file = folder.path().join("shop.yaml").display().to_string();
    let init = ["init", "--file", &file];
    let typed = [
        "shop-api",
        "test",
        "test=test/shop-api",
        "",
        "",
        "test=staging/shop-api",
        "production=production/shop-api",
        "",
        "",
        "",
        "C0DEPLOYS01",
        "U0APPROVER1",
        "",
    ]
    .join("\n");
    let (code, shown) = at_terminal(&world, &init, &typed).await?;
    assert_eq!(code, 0, "{shown}");
    for expected in [
        "Repository (in ECR, such as shop/api): ",
        "write a stage as NAME=CLUSTER/SERVICE",
        "there is a stage test already",
        "your answers as flags: --repository shop-api --stage test=test/shop-api --stage \
         production=production/shop-api --slack C0DEPLOYS01 --approver U0APPROVER1",
        "read it, then: towpath apply",
    ] {
        assert!(shown.contains(expected), "{expected} is not in {shown}");
    }
    let (code, printed) = towpath(&world, &["lint", &file]).await?;
    assert_eq!(code, 0, "{printed}");

    let (code, shown) = at_terminal(&world, &init, "shop-api\n").await?;
    assert_eq!(code, 2, "{shown}");
    assert!(shown.contains("--force"), "{shown}");
    assert!(
        !shown.contains("First stage"),
        "it is said before anything else is asked: {shown}"
    );
    let ended = ["init", "--force", "--file", &file];
    let (code, shown) = at_terminal(&world, &ended, "shop-api\n\u{4}").await?;
    assert_eq!(code, 2, "{shown}");
    assert!(shown.contains("there were no more answers"), "{shown}");
    Ok(())
}

#[tokio::test]
async fn init_writes_the_hook_of_a_service_that_ecs_shifts() -> Result<(), Error> {
    let world = World::start_native(&Native::asking()).await?;
    let init = [
        "init",
        "--repository",
        "shop-api",
        "--stage",
        "production=production/shop-api",
        "--file",
        "-",
    ];
    let (code, printed) = towpath(&world, &init).await?;
    assert_eq!(code, 0, "{printed}");
    assert!(
        printed.contains("      ecs:\n")
            && printed.contains("        hook: towpath-lifecycle-hook\n"),
        "{printed}"
    );
    Ok(())
}

#[tokio::test]
async fn init_says_what_it_misses() -> Result<(), Error> {
    let world = World::start().await?;
    let (code, printed) = towpath(&world, &["init"]).await?;
    assert_eq!(code, 2, "{printed}");
    assert!(
        printed.contains("--repository") && printed.contains("--stage"),
        "{printed}"
    );
    let missing = [
        "init",
        "--repository",
        "shop-api",
        "--stage",
        "test=test/nothing",
        "--file",
        "-",
    ];
    let (code, printed) = towpath(&world, &missing).await?;
    assert_eq!(code, 2, "{printed}");
    assert!(
        printed.contains("no active service nothing in the cluster test"),
        "{printed}"
    );
    Ok(())
}
