//! Values of the wrong kind, and files that are something else: each is told what it is, with a way
//! out that is taken.

use std::process::Command;

use super::{linted, pipeline};

const HOOK: &str = "engine: {codedeploy: {application: a, group: g, hook: h}}\n";

/// Whoever follows the way out is not refused again: keys of the pipeline, keys of the stage, what is
/// told, and both as they are then written.
#[test]
fn a_value_of_the_wrong_kind_has_a_way_out_that_is_taken() {
    let slack = "notify: {slack: C0123456789}\n";
    let check = |http: &str| format!("{HOOK}checks: [{{name: a, http: {http}}}]\n");
    let url = "http://test.shop.example.com/health";
    let task = |task: &str| format!("{HOOK}checks: [{{name: a, task: {task}}}]\n");
    let metric = |namespace: &str, statistic: &str| {
        format!(
            "checks: [{{name: a, at: before_install, metric: {{namespace: {namespace}, name: x, statistic: {statistic}, must_be: at_most, threshold: 1}}}}]\n"
        )
    };
    let ecr = "111111111111.dkr.ecr.eu-west-1.amazonaws.com";
    let role = |id: &str| {
        format!(
            "account: \"222222222222\"\nrole: {{arn: \"arn:aws:iam::222222222222:role/towpath\", external_id: {id}}}\n"
        )
    };
    let approval = |user: &str| format!("approval: {{slack: [{user}]}}\n");
    let mut wrong = Vec::new();
    for (keys, stage, says, keys_after, stage_after) in [
        ("registry: 111111111111\n", String::new(), format!("`registry: {ecr}`"), format!("registry: {ecr}\n"), String::new()),
        ("registry: \"111111111111\"\n", String::new(), ecr.to_owned(), format!("registry: {ecr}\n"), String::new()),
        ("repository: 5\n", String::new(), "`repository: shop/api`".into(), "repository: shop/api\n".into(), String::new()),
        ("repository: 55\n", String::new(), "put it in quotes".into(), "repository: \"55\"\n".into(), String::new()),
        ("", "region: 12345\n".into(), "`region: eu-west-1`".into(), String::new(), "region: eu-west-1\n".into()),
        ("", check("{url: 5}"), format!("`url: {url}`"), String::new(), check(&format!("{{url: {url}}}"))),
        ("", check("{url: true}"), format!("`url: {url}`"), String::new(), check(&format!("{{url: {url}}}"))),
        ("", check(&format!("{{url: {url}, json: /a}}")), "`json: {/status: ok}`".into(), String::new(), check(&format!("{{url: {url}, json: {{/status: ok}}}}"))),
        ("", check(&format!("{{url: {url}, json: [/a]}}")), "`json: {/status: ok}`".into(), String::new(), check(&format!("{{url: {url}, json: {{/status: ok}}}}"))),
        ("", check(&format!("{{url: {url}, json: a=b}}")), "`json: {/status: ok}`".into(), String::new(), check(&format!("{{url: {url}, json: {{/status: ok}}}}"))),
        ("", check(&format!("{{url: {url}, json: /a=b}}")), "`json: {/a: \"…\"}`".into(), String::new(), check(&format!("{{url: {url}, json: {{/a: b}}}}"))),
        ("", metric("x", "5"), "`statistic: Sum`".into(), String::new(), metric("\"5\"", "Sum")),
        ("", metric("5", "Sum"), "put it in quotes".into(), String::new(), metric("\"5\"", "Sum")),
        ("", role("5"), "`external_id: shop-4c1e9a7b30d258f6`".into(), String::new(), role("shop-4c1e9a7b30d258f6")),
        ("", role("55"), "put it in quotes".into(), String::new(), role("\"55\"")),
        (
            "",
            "checks: [health]\n".into(),
            "like `{name: health, http: {url: http://test.shop.example.com/health}}`".into(),
            String::new(),
            format!("{HOOK}checks: [{{name: health, http: {{url: \"{url}\"}}}}]\n"),
        ),
        ("", "base: latest\n".into(), "did you mean `family`?".into(), String::new(), "base: family\n".into()),
        ("arrivals: latest\n", String::new(), "did you mean `newest_wins`?".into(), "arrivals: newest_wins\n".into(), String::new()),
        (
            "",
            format!("{HOOK}approval: {{when: latest, sns: true}}\n"),
            "write one of `before_rollout`, `before_traffic`".into(),
            "notify: {sns: true}\n".into(),
            format!("{HOOK}approval: {{when: before_traffic, sns: true}}\n"),
        ),
        ("tags: main\n", String::new(), "write `tags: commit`; or".into(), "tags: commit\n".into(), String::new()),
        ("tags: main\n", String::new(), "write `tags: {glob: \"main-*\"}`".into(), "tags: {glob: \"main-*\"}\n".into(), String::new()),
        ("", check("shop.internal/ready"), "write `http: {url: http://shop.internal/ready}`".into(), String::new(), check("{url: http://shop.internal/ready}")),
        ("", check("/ready"), format!("like `http: {{url: {url}}}`"), String::new(), check(&format!("{{url: {url}}}"))),
        ("", task("[npm, test]"), "write `task: {container: app, command: [npm, \"…\"]}`".into(), String::new(), task("{container: app, command: [npm, \"…\"]}")),
        ("", task("npm test"), "write `task: {container: app, command: [npm, \"…\"]}`".into(), String::new(), task("{container: app, command: [npm, \"…\"]}")),
        ("", task("npm"), "write `task: {container: app, command: [npm]}`".into(), String::new(), task("{container: app, command: [npm]}")),
        ("", task("app"), "like `task: {container: app, command: [\"./manage\", migrate]}`".into(), String::new(), task("{container: app, command: [./manage, migrate]}")),
        ("", "engine: {codedeploy: shop-web/production}\n".into(), "write `codedeploy: {application: shop-web, group: production}`".into(), String::new(), "engine: {codedeploy: {application: shop-web, group: production}}\n".into()),
        ("", "engine: {codedeploy: shop-web}\n".into(), "like `codedeploy: {application: shop-web, group: production}`".into(), String::new(), "engine: {codedeploy: {application: shop-web, group: production}}\n".into()),
        ("", "containers: [{name: app, image: x}]\n".into(), "write `app` alone".into(), String::new(), "containers: [app]\n".into()),
        ("", "containers: {app: {image: x}}\n".into(), "write `containers: [app]`".into(), String::new(), "containers: [app]\n".into()),
        (slack, "approval: {slack: [{id: U0123456789}]}\n".into(), "write `U0123456789` alone".into(), slack.into(), approval("U0123456789")),
        (
            "repository: shop@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n",
            String::new(),
            "`repository: shop`".into(),
            "repository: shop\n".into(),
            String::new(),
        ),
        ("", "environment: {app: \"=b\"}\n".into(), "write keys with values".into(), String::new(), "environment: {app: {A: b}}\n".into()),
        (slack, approval("S0123456789"), "that is a group's".into(), slack.into(), approval("U0123456789")),
        (slack, approval("C0123456789"), "that is a channel's".into(), slack.into(), approval("U0123456789")),
        (slack, approval("u0123456789"), "write `U0123456789`".into(), slack.into(), approval("U0123456789")),
        (slack, approval("\"<@U0123456789>\""), "write `U0123456789`".into(), slack.into(), approval("U0123456789")),
        (slack, approval("U01234"), "such as U0123456789".into(), slack.into(), approval("U0123456789")),
        ("notify: {slack: D0123456789}\n", String::new(), "that is a direct message's".into(), slack.into(), String::new()),
        ("notify: {slack: U0123456789}\n", String::new(), "that is a person's".into(), slack.into(), String::new()),
        ("notify: {slack: \"<#C0123456789|deploys>\"}\n", String::new(), "write `C0123456789`".into(), slack.into(), String::new()),
        ("repository: shop:latest\n", String::new(), "`repository: shop`".into(), "repository: shop\n".into(), String::new()),
        ("repository: localhost:5000/team/shop\n", String::new(), "`repository: shop`".into(), "repository: shop\n".into(), String::new()),
        (
            "repository: 111111111111.dkr.ecr.eu-west-1.amazonaws.com/team/shop:v1\n",
            String::new(),
            format!("`repository: team/shop`, and `registry: {ecr}`"),
            format!("repository: team/shop\nregistry: {ecr}\n"),
            String::new(),
        ),
        (
            "",
            "checks: [{name: a, at: before_install, alarm: {names: [\"arn:aws:cloudwatch:eu-west-1:111111111111:alarm:shop-5xx\"]}}]\n".into(),
            "write its name: `shop-5xx`".into(),
            String::new(),
            "checks: [{name: a, at: before_install, alarm: {names: [shop-5xx]}}]\n".into(),
        ),
        (
            "",
            "engine: {codedeploy: {application: \"arn:aws:codedeploy:eu-west-1:111111111111:application:shop\", group: g}}\n".into(),
            "write its name: `shop`".into(),
            String::new(),
            "engine: {codedeploy: {application: shop, group: g}}\n".into(),
        ),
        (
            "",
            "base: {parameter: /towpath//templates/shop/}\n".into(),
            "/towpath/templates/shop".into(),
            String::new(),
            "base: {parameter: /towpath/templates/shop}\n".into(),
        ),
        ("tags: {regex: /v.*/}\n", String::new(), "leave the slashes out: `v.*`".into(), "tags: {regex: v.*}\n".into(), String::new()),
    ] {
        let (taken, before) = linted(&pipeline(keys, &stage));
        if taken || !before.contains(&says) {
            wrong.push(format!("{says}: {keys}{stage}{before}"));
        }
        let (taken, after) = linted(&pipeline(&keys_after, &stage_after));
        if !taken {
            wrong.push(format!("{keys_after}{stage_after}{after}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn stages_that_are_only_names_are_shown_whole() {
    let (taken, shown) =
        linted("pipeline: shop\nrepository: shop\nstages: [staging, production]\n");
    let written = shown.split("write it with its keys, like `").skip(1);
    let written: Vec<_> = written.filter_map(|rest| rest.split('`').next()).collect();
    assert!(!taken && written.len() == 2, "{shown}");
    assert!(written[1].starts_with("{name: production, "), "{shown}");
    let stages = written.join(", ");
    let (taken, shown) = linted(&format!(
        "pipeline: shop\nrepository: shop\nstages: [{stages}]\n"
    ));
    assert!(taken, "{stages}\n{shown}");
}

#[test]
fn a_name_that_is_a_number_is_told_what_a_name_is() {
    // In quotes it would be refused again.
    for (stage, help) in [
        (
            "account: 12345\nrole: {arn: \"arn:aws:iam::222222222222:role/towpath\"}\n",
            "use 12 digits, in quotes",
        ),
        ("region: 1\n", "use a region code such as eu-west-1"),
    ] {
        let (taken, told) = linted(&pipeline("", stage));
        assert!(!taken && told.contains(help), "{told}");
    }
}

/// Lints bytes under a name.
fn file(name: &str, bytes: &[u8]) -> String {
    let folder = std::env::temp_dir().join(format!("towpath-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("written");
    let output = Command::new(env!("CARGO_BIN_EXE_towpath"))
        .arg("lint")
        .arg(&path)
        .output()
        .expect("towpath runs");
    std::fs::remove_dir_all(&folder).expect("removed");
    let told = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(output.status.code(), Some(1), "{name}: {told}");
    told
}

#[test]
fn a_file_that_is_something_else_is_told_as_what_it_is() {
    let good = pipeline("", "");
    let wide = |mark: &[u8], units: &dyn Fn(char) -> Vec<u8>| {
        let mut bytes = mark.to_vec();
        bytes.extend(good.chars().flat_map(units));
        bytes
    };
    let of_16 = |c: char| (c as u16).to_le_bytes().to_vec();
    let of_16_be = |c: char| (c as u16).to_be_bytes().to_vec();
    let of_32 = |c: char| (c as u32).to_le_bytes().to_vec();
    let of_32_be = |c: char| (c as u32).to_be_bytes().to_vec();
    let mut wrong = Vec::new();
    for (name, bytes, problem, help) in [
        (
            "a.yaml",
            wide(&[0xff, 0xfe], &of_16),
            "the file is UTF-16",
            "iconv -f UTF-16 -t UTF-8",
        ),
        (
            "a.yaml",
            wide(&[], &of_16),
            "the file is UTF-16",
            "iconv -f UTF-16LE",
        ),
        (
            "a.yaml",
            wide(&[], &of_16_be),
            "the file is UTF-16",
            "iconv -f UTF-16BE",
        ),
        (
            "a.yaml",
            wide(&[0xff, 0xfe, 0, 0], &of_32),
            "the file is UTF-32",
            "iconv -f UTF-32 -t",
        ),
        (
            "a.json",
            wide(&[0, 0, 0xfe, 0xff], &of_32_be),
            "the file is UTF-32",
            "iconv -f UTF-32 -t",
        ),
        (
            "a.yaml",
            wide(&[], &of_32),
            "the file is UTF-32",
            "iconv -f UTF-32LE",
        ),
        (
            "a.yaml",
            wide(&[], &of_32_be),
            "the file is UTF-32",
            "iconv -f UTF-32BE",
        ),
        (
            "a.json",
            Vec::new(),
            "the file is empty",
            "describe a pipeline",
        ),
        (
            "a.json",
            b"\n \n".to_vec(),
            "the file is empty",
            "describe a pipeline",
        ),
        (
            "a.yaml",
            Vec::new(),
            "the file is empty",
            "describe a pipeline",
        ),
        (
            "a.json",
            b"{\n  // ours\n  \"pipeline\": \"a\"\n}".to_vec(),
            "2:3 `//` begins no comment",
            "named .yaml",
        ),
        (
            "a.json",
            b"{\n  # ours\n  \"pipeline\": \"a\"\n}".to_vec(),
            "`#` begins no comment",
            "named .yaml",
        ),
        (
            "a.json",
            b"{\n  \"pipeline\": /* ours */ \"a\"\n}".to_vec(),
            "`/*` begins no comment",
            "remove it",
        ),
        (
            "a.json",
            b"local name = 'a';\n{ pipeline: name }".to_vec(),
            "the file is Jsonnet",
            "jsonnet FILE | towpath lint -",
        ),
        (
            "a.jsonnet",
            b"local name = 'a';\n{ pipeline: name, }".to_vec(),
            "the file is Jsonnet",
            "jsonnet FILE",
        ),
        (
            "a.yaml",
            b"pipeline: {{ .Values.name }}\n".to_vec(),
            "`{{ .Values.name }}` is a template's",
            "fill the template in first",
        ),
        (
            "a.yaml",
            b"{% if x %}\npipeline: a\n{% endif %}\n".to_vec(),
            "`{% if x %}` is a template's",
            "fill the template in first",
        ),
        (
            "a.json",
            b"{\"pipeline\": {{ name }}}".to_vec(),
            "`{{ name }}",
            "fill the template in first",
        ),
        (
            "a.yaml",
            b"pipeline: !Ref Name\n".to_vec(),
            "tags such as `!Ref` are not read",
            "write the value itself",
        ),
        (
            "a.yaml",
            b"pipeline: !Sub \"a-${B}\"\n".to_vec(),
            "tags such as `!Sub` are not read",
            "write the value itself",
        ),
        (
            "a.yaml",
            b"stages: !include x.yaml\n".to_vec(),
            "tags such as `!include`",
            "write the value itself",
        ),
        (
            "a.yaml",
            b"pipeline: !hunter2\n".to_vec(),
            "1:11 what begins with `!` is a tag",
            "put it in single quotes if it is text",
        ),
        (
            "a.yaml",
            b"pipeline: !!str 1\n".to_vec(),
            "tags such as `!!str` are not read",
            "put text in quotes",
        ),
    ] {
        let told = file(name, &bytes);
        let shown = String::from_utf8_lossy(&bytes);
        if !told.contains(problem) || !told.contains(help) {
            wrong.push(format!("{shown}: {told}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A file of another tool gets one answer, and not a complaint about each of its keys.
#[test]
fn a_file_that_is_no_pipeline_is_told_what_it_is() {
    for (text, says, help) in [
        (
            "services:\n  web:\n    image: nginx\n    environment: [TOKEN=hunter2]\n",
            "it is a Compose file",
            "towpath init",
        ),
        (
            "Resources:\n  Web:\n    Type: AWS::ECS::Service\n    Properties: {Cluster: !Ref Cluster}\n",
            "it is CloudFormation",
            "towpath init",
        ),
        (
            "apiVersion: apps/v1\nkind: Deployment\n---\napiVersion: v1\nkind: Service\n",
            "it is a Kubernetes manifest",
            "towpath init",
        ),
        (
            "{\"family\": \"web\", \"containerDefinitions\": []}",
            "it is a task definition",
            "towpath render --check",
        ),
        (
            "resource \"aws_ecs_service\" \"web\" {\n  name = \"web\"\n}\n",
            "it is Terraform",
            "towpath init",
        ),
        (
            "on: push\njobs:\n  build:\n    runs-on: ubuntu-latest\n",
            "it is a workflow of GitHub Actions",
            "an image that is pushed starts a release",
        ),
        (
            "version: 0.2\nphases:\n  build:\n    commands: [make]\n",
            "it is a buildspec of CodeBuild",
            "an image that is pushed starts a release",
        ),
        (
            "version: 0.0\nResources:\n  - TargetService:\n      Type: AWS::ECS::Service\n",
            "it is an AppSpec file of CodeDeploy",
            "Towpath makes the AppSpec itself",
        ),
    ] {
        let (taken, told) = linted(text);
        assert!(!taken, "{text}");
        assert_eq!(told.lines().count(), 2, "{told}");
        assert!(
            told.contains(&format!("{says}, and not a pipeline")),
            "{told}"
        );
        assert!(told.contains(help), "{told}");
    }
    // Mistakes in a pipeline are told at their places.
    let (_, told) = linted("pipeline: shop\nrepository: shop\nservices:\n  web: {image: nginx}\n");
    assert!(told.contains("key `services` is not known here"), "{told}");
}

/// Text with braces, slashes and hashes that is none of that.
#[test]
fn what_only_looks_like_something_else_is_told_for_itself() {
    for (text, says) in [
        ("a: \"{{x}}\" : b\n", "not YAML"),
        ("pipeline: http://x\n", "is not a pipeline name"),
        ("# {{ x }}\npipeline: [a\n", "not YAML"),
    ] {
        let (taken, told) = linted(text);
        assert!(!taken && told.contains(says), "{text}: {told}");
    }
}
