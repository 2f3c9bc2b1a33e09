//! Tools that know nothing of Towpath push and deploy to the lab, wait, and report what happened, as
//! they do on AWS: AWS's own command line, `ecs-deploy`, boto3's waiters and `skopeo`.

use std::path::Path;

use serde_json::json;
use towpath_e2e::shell::{paste, surroundings};
use towpath_e2e::{Error, Lab, Options, Shop, World};

/// What a team writes that deploys by hand. `$good` and `$bad` are images of its repository.
///
/// A service whose circuit breaker rolls back is no test of `ecs-deploy`, which takes the rolled back
/// service for a success on AWS, too: <https://github.com/fabfuel/ecs-deploy/issues/185>.
const LINES: &str = r#"
aws ecs update-service --cluster test --service shop-api --deployment-configuration file://no-rollback.json > updated.json
ecs deploy test shop-api --image app $bad --timeout 300
ecs deploy test shop-api --image app $good --timeout 300
aws ecs wait services-stable --cluster test --services shop-api
aws ecs describe-task-definition --task-definition shop-api-staging | towpath render --task-definition - --image app=$good > good.json
towpath render --task-definition good.json --image app=$bad > bad.json
aws ecs deploy --cluster staging --service shop-api --task-definition bad.json --codedeploy-appspec appspec.json --codedeploy-application shop-api --codedeploy-deployment-group staging
python3 stop.py
aws ecs deploy --cluster staging --service shop-api --task-definition good.json --codedeploy-appspec appspec.json --codedeploy-application shop-api --codedeploy-deployment-group staging
python3 wait.py
"#;

const NO_ROLLBACK: &str = r#"{"deploymentCircuitBreaker": {"enable": true, "rollback": false},
    "maximumPercent": 200, "minimumHealthyPercent": 100}"#;

/// Waiting is what moves the lab's time: Python reads this before any program.
const SLEEP: &str = r#"
import json, os, time, urllib.request
def sleep(seconds):
    url = os.environ["AWS_ENDPOINT_URL"] + "/_lab/clock/advance"
    urllib.request.urlopen(url, json.dumps({"seconds": seconds}).encode()).read()
time.sleep = sleep
"#;

/// boto3's waiters, which know the answers that end each wait.
const WAIT: &str = r#"
import boto3
deploy, ecs = boto3.client("codedeploy"), boto3.client("ecs")
done = deploy.list_deployments(
    applicationName="shop-api", deploymentGroupName="staging", includeOnlyStatuses=["Succeeded"])
deploy.get_waiter("deployment_successful").wait(deploymentId=done["deployments"][0])
ecs.get_waiter("services_stable").wait(cluster="test", services=["shop-api"])
ecs.get_waiter("tasks_running").wait(cluster="test", tasks=ecs.list_tasks(cluster="test")["taskArns"])
print("boto3 has waited for", done["deployments"][0])
"#;

/// A group takes one deployment at a time, and the rollback of one that is stopped is another.
const STOP: &str = r#"
import boto3
deploy = boto3.client("codedeploy")
wait = deploy.get_waiter("deployment_successful").wait
[bad] = deploy.list_deployments(
    applicationName="shop-api", deploymentGroupName="staging", includeOnlyStatuses=["InProgress"]
)["deployments"]
deploy.stop_deployment(deploymentId=bad, autoRollbackEnabled=True)
try:
    wait(deploymentId=bad)
except Exception as error:
    print("boto3 says", error)
wait(deploymentId=deploy.get_deployment(deploymentId=bad)["deploymentInfo"]["rollbackInfo"]["rollbackDeploymentId"])
"#;

const APPSPEC: &str = r#"{"version": 0.0, "Resources": [{"TargetService": {"Type": "AWS::ECS::Service",
    "Properties": {"TaskDefinition": "put in by the tool",
        "LoadBalancerInfo": {"ContainerName": "app", "ContainerPort": 8080}}}}]}"#;

/// Pastes lines into a shell whose folder has these files.
async fn pasted(
    lab: &Lab,
    files: &[(&str, &str)],
    lines: &str,
) -> Result<(String, Vec<(i32, String)>), Error> {
    let folder = tempfile::tempdir().map_err(|error| Error::Story(error.to_string()))?;
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text)
            .map_err(|error| Error::Story(error.to_string()))?;
    }
    paste(&format!("{}{lines}", surroundings(lab)?), folder.path()).await
}

#[tokio::test]
async fn they_deploy_wait_and_report_rightly() -> Result<(), Error> {
    let lab = Lab::start(&Options::default()).await?;
    let shop = Shop::set_up(&lab).await?;
    // Nothing of Towpath's is to come between.
    let pipeline = json!({ "Name": format!("/towpath/pipelines/{0}/{0}", Shop::NAME) });
    lab.aws("ssm", "DeleteParameter", &pipeline).await?;
    lab.post("clock/advance", &json!({ "seconds": 300 }))
        .await?;
    let mut images = Vec::new();
    for (tag, behaviour) in [("good", "healthy"), ("bad", "crash-loop")] {
        let push = json!({ "repository": Shop::NAME, "tag": tag, "behaviour": behaviour });
        let pushed = lab.post("push", &push).await?;
        let digest = pushed["digest"].as_str().unwrap_or_default().to_owned();
        images.push(digest);
    }
    let (good, bad) = (&images[0], &images[1]);
    let files = [
        ("appspec.json", APPSPEC),
        ("no-rollback.json", NO_ROLLBACK),
        ("sitecustomize.py", SLEEP),
        ("stop.py", STOP),
        ("wait.py", WAIT),
    ];
    let repository = "111111111111.dkr.ecr.eu-central-1.amazonaws.com/shop-api";
    let named = format!("export good={repository}@{good} bad={repository}@{bad} PYTHONPATH=$PWD\n");
    let (printed, failed) = pasted(&lab, &files, &(named + LINES)).await?;

    // The bad image is the only one that is said to have failed.
    let failed: Vec<_> = failed.iter().map(|(_, line)| line.as_str()).collect();
    assert_eq!(failed.len(), 2, "{failed:?}\n{printed}");
    for (line, told) in failed.iter().zip(["app $bad", "bad.json"]) {
        assert!(line.contains(told), "{failed:?}\n{printed}");
    }
    for told in [
        "Deployment Failed!",
        "Deployment successful",
        "Waiter DeploymentSuccessful failed: Max attempts exceeded",
        "matched expected path: \"Stopped\"",
        "Successfully deployed",
        "boto3 has waited for d-",
    ] {
        assert!(printed.contains(told), "{told} is not in\n{printed}");
    }
    for stage in ["test", "staging"] {
        let runs = towpath_e2e::running(&lab, shop.stage(stage)).await?;
        assert_eq!(runs, std::slice::from_ref(good), "{stage}: {printed}");
    }
    lab.stop().await;
    Ok(())
}

/// Writes an image as an OCI layout: <https://github.com/opencontainers/image-spec/blob/main/image-layout.md>.
const IMAGE: &str = r#"
import gzip, hashlib, json, pathlib, sys
folder, content = pathlib.Path(sys.argv[1]), sys.argv[2].encode()
blobs = folder / "blobs/sha256"
blobs.mkdir(parents=True)
KIND = "application/vnd.oci.image."
def keep(kind, data):
    digest = hashlib.sha256(data).hexdigest()
    (blobs / digest).write_bytes(data)
    return {"mediaType": KIND + kind, "digest": "sha256:" + digest, "size": len(data)}
plain = "sha256:" + hashlib.sha256(content).hexdigest()
config = {"architecture": "amd64", "os": "linux", "config": {},
          "rootfs": {"type": "layers", "diff_ids": [plain]}}
layer = keep("layer.v1.tar+gzip", gzip.compress(content))
manifest = {"schemaVersion": 2, "mediaType": KIND + "manifest.v1+json",
            "config": keep("config.v1+json", json.dumps(config).encode()), "layers": [layer]}
of = keep("manifest.v1+json", json.dumps(manifest).encode())
(folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [of]}))
(folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
"#;

/// The second image may not have the first one's tag.
const PUSHES: &str = r#"
python3 image.py one first
python3 image.py two second
export host=${AWS_ENDPOINT_URL#http://} there="--dest-tls-verify=false --dest-creds AWS:$(aws ecr get-login-password)"
skopeo --insecure-policy copy $there oci:one docker://$host/shop-api:3f2c1ab
skopeo --insecure-policy copy $there oci:two docker://$host/shop-api:3f2c1ab
skopeo --insecure-policy copy --dest-tls-verify=false oci:two docker://$host/shop-api:unknown
skopeo inspect --tls-verify=false --creds AWS:any --format 'skopeo reads {{.Digest}} {{.Architecture}}' docker://$host/shop-api:3f2c1ab
"#;

#[tokio::test]
async fn skopeo_pushes_what_a_release_takes() -> Result<(), Error> {
    if !Path::new("/usr/bin/skopeo").exists() {
        println!("SKIPPED: skopeo is not installed (Debian: apt-get install skopeo)");
        return Ok(());
    }
    let world = World::start().await?;
    let (printed, failed) = pasted(&world.lab, &[("image.py", IMAGE)], PUSHES).await?;
    let refused: Vec<_> = failed.iter().map(|(_, line)| line.as_str()).collect();
    assert_eq!(refused.len(), 2, "{refused:?}\n{printed}");
    assert!(refused[0].contains("oci:two"), "{refused:?}\n{printed}");
    assert!(refused[1].contains(":unknown"), "{refused:?}\n{printed}");
    assert!(printed.contains("the tag is immutable"), "{printed}");

    let image = json!({ "repositoryName": Shop::NAME, "imageIds": [{ "imageTag": "3f2c1ab" }] });
    let described = world.lab.aws("ecr", "DescribeImages", &image).await?;
    let digest = &described["imageDetails"][0]["imageDigest"];
    let digest = digest.as_str().unwrap_or_default();
    let read = format!("skopeo reads {digest} amd64");
    assert!(printed.contains(&read), "{read}\n{printed}");
    world
        .until("test runs what skopeo pushed", async |world| {
            Ok(world.running("test").await? == [digest])
        })
        .await
}
