//! What keeps a pipeline from ever doing anything, although every part of it is well-formed.
//!
//! These are mistakes to be told to whoever writes a pipeline. One that is stored in spite of them is
//! read as any other: it does no harm.

use super::contradiction::Found;
use super::{CodeDeployRollout, Contradiction, Pipeline, Rollout, Stage};
use crate::image::Registry;
use crate::repeated;

/// The deployment configurations that CodeDeploy has for ECS:
/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html>.
const CONFIGURATIONS: [&str; 5] = [
    "CodeDeployDefault.ECSAllAtOnce",
    "CodeDeployDefault.ECSCanary10Percent15Minutes",
    "CodeDeployDefault.ECSCanary10Percent5Minutes",
    "CodeDeployDefault.ECSLinear10PercentEvery1Minutes",
    "CodeDeployDefault.ECSLinear10PercentEvery3Minutes",
];

/// Registries that people pull from, and whose pushes nobody tells Towpath of.
const REGISTRIES: [&str; 14] = [
    "docker.io",
    "gcr.io",
    "ghcr.io",
    "hub.docker.com",
    "index.docker.io",
    "localhost",
    "mcr.microsoft.com",
    "public.ecr.aws",
    "quay.io",
    "registry-1.docker.io",
    "registry.gitlab.com",
    "registry.hub.docker.com",
    "registry.k8s.io",
    "registry.redhat.io",
];

impl Pipeline {
    /// Why no push would ever open a release, or a release never get through a stage, as far as the
    /// pipeline itself tells; in the order of the file.
    #[must_use]
    pub fn never(&self) -> Vec<Contradiction> {
        let mut found = Found::default();
        repository(self, &mut found);
        registry(self, &mut found);
        if !self.tags.takes_any() {
            found.add(
                "tags",
                "the rule takes no tag at all",
                "write one that a tag keeps (1 to 128 letters, digits and _ . -, not beginning with . or -, and never `latest`), or leave `tags` out to take commit hashes",
            );
        }
        for (index, stage) in self.stages.iter().enumerate() {
            self::stage(stage, &format!("stages.{index}"), &mut found);
        }
        found.into_inner()
    }
}

fn repository(pipeline: &Pipeline, found: &mut Found) {
    let text = pipeline.repository.as_str();
    let Some((host, rest)) = text.split_once('/') else {
        return;
    };
    let Ok(registry) = host.parse::<Registry>() else {
        return;
    };
    if registry.as_ecr().is_some() {
        let (host, rest) = (repeated(host), repeated(rest));
        found.add(
            "repository",
            format!("`{host}` is a registry, and no part of the repository's name"),
            format!(
                "write `repository: {rest}`, and `registry: {host}` if it is not the deployer's own"
            ),
        );
    } else if is_elsewhere(host) {
        let name = repeated(rest.rsplit('/').next().unwrap_or(rest));
        found.add(
            "repository",
            format!("`{host}` is a registry whose pushes are not told: only those to ECR are"),
            format!(
                "push the image to ECR, and write that repository, such as `repository: {name}`"
            ),
        );
    }
}

fn is_elsewhere(host: &str) -> bool {
    REGISTRIES.contains(&host)
        || [".gcr.io", ".pkg.dev", ".azurecr.io", ".ocir.io"]
            .iter()
            .any(|end| host.ends_with(end))
}

fn registry(pipeline: &Pipeline, found: &mut Found) {
    let Some(registry) = &pipeline.registry else {
        return;
    };
    match registry.as_ecr() {
        None => found.add(
            "registry",
            // Not repeated: in small letters, as it is kept, a secret is not known by its look.
            "this is no private registry of ECR, and only pushes to those are told",
            "write one such as `111111111111.dkr.ecr.eu-west-1.amazonaws.com`, or leave `registry` out for the deployer's own",
        ),
        Some(ecr) if !is_region(ecr.region) => found.add(
            "registry",
            format!("`{}` is no region", repeated(ecr.region)),
            "write the registry's host as ECR shows it",
        ),
        Some(_) => {}
    }
}

fn stage(stage: &Stage, path: &str, found: &mut Found) {
    if let Some(region) = &stage.region
        && !is_region(region.as_str())
    {
        let zone = region
            .as_str()
            .trim_end_matches(|c: char| c.is_ascii_lowercase());
        found.add(
            format!("{path}.region"),
            format!("`{}` is no region", repeated(region.as_str())),
            if is_region(zone) {
                format!("write `{zone}`: a zone is a part of it")
            } else {
                "write its code, such as `eu-west-1`".to_owned()
            },
        );
    }
    match &stage.rollout {
        Rollout::CodeDeploy(settings) => configuration(settings, path, found),
        Rollout::Rolling(_) | Rollout::Ecs(_) => {}
    }
    hook(stage, path, found);
}

fn configuration(settings: &CodeDeployRollout, path: &str, found: &mut Found) {
    let Some(name) = &settings.configuration else {
        return;
    };
    let name = name.as_str();
    let is_default = name
        .get(..18)
        .is_some_and(|start| start.eq_ignore_ascii_case("CodeDeployDefault."));
    if !is_default || CONFIGURATIONS.contains(&name) {
        return;
    }
    let meant = CONFIGURATIONS
        .iter()
        .find(|known| known.eq_ignore_ascii_case(name));
    found.add(
        format!("{path}.rollout.codedeploy.configuration"),
        format!(
            "CodeDeploy has no configuration `{}` for ECS",
            repeated(name)
        ),
        match meant {
            Some(meant) => format!("write `{meant}`"),
            None => format!(
                "write one of {}, or one of your own",
                CONFIGURATIONS.map(|known| format!("`{known}`")).join(", ")
            ),
        },
    );
}

/// CodeDeploy and ECS call functions of their own account only.
fn hook(stage: &Stage, path: &str, found: &mut Found) {
    let hook = stage.rollout.hook().map(|hook| hook.as_str());
    let Some(hook) = hook.filter(|hook| hook.starts_with("arn:")) else {
        return;
    };
    let mut parts = hook.split(':').skip(3);
    let (region, account) = (parts.next(), parts.next());
    let differs = |part: Option<&str>, own: Option<&str>| {
        part.zip(own).is_some_and(|(part, own)| part != own)
    };
    let own_account = stage.account.as_ref().map(|account| account.as_str());
    let own_region = stage.region.as_ref().map(|region| region.as_str());
    if differs(account, own_account) || differs(region, own_region) {
        found.add(
            format!("{path}.rollout.{}.hook", stage.rollout.engine()),
            "the function is in another account or region than the stage, where it is never called",
            "name the deployer's lifecycle-hook function there, such as `towpath-lifecycle-hook`",
        );
    }
}

/// `eu-west-1`, `us-gov-west-1`
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let is_word = |part: &&str| part.len() >= 2 && part.bytes().all(|b| b.is_ascii_lowercase());
    match parts.split_last() {
        Some((number, words)) => {
            words.len() >= 2
                && words.iter().all(is_word)
                && (1..=2).contains(&number.len())
                && number.bytes().all(|byte| byte.is_ascii_digit())
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn never(key: &str, value: Value) -> Vec<String> {
        let mut text = json!({
            "pipeline": "shop", "repository": "shop",
            "stages": [{
                "name": "test", "cluster": "c", "service": "s", "containers": ["app"], "rollout": {"rolling": {}}
            }]
        });
        match key.strip_prefix("stage ") {
            Some(key) => text["stages"][0][key] = value,
            None => text[key] = value,
        }
        let pipeline = Pipeline::from_json(&text.to_string()).unwrap();
        let told = |one: Contradiction| format!("{}: {}", one.path, one.way_out);
        pipeline.never().into_iter().map(told).collect()
    }

    #[test]
    fn what_never_fires_is_told_with_the_way_out() {
        for (key, value, expected) in [
            (
                "repository",
                "111111111111.dkr.ecr.eu-central-1.amazonaws.com/team/shop",
                "repository: write `repository: team/shop`, and `registry: 111111111111.dkr.ecr.eu-central-1.amazonaws.com` if it is not the deployer's own",
            ),
            (
                "repository",
                "ghcr.io/team/shop",
                "such as `repository: shop`",
            ),
            (
                "repository",
                "docker.io/library/nginx",
                "such as `repository: nginx`",
            ),
            (
                "repository",
                "public.ecr.aws/team/shop",
                "such as `repository: shop`",
            ),
            (
                "repository",
                "europe-docker.pkg.dev/team/shop",
                "such as `repository: shop`",
            ),
            ("registry", "ghcr.io", "or leave `registry` out"),
            ("registry", "docker.io", "or leave `registry` out"),
            ("registry", "public.ecr.aws", "or leave `registry` out"),
            (
                "registry",
                "111111111111.dkr.ecr.eu-central-1a.amazonaws.com",
                "as ECR shows it",
            ),
            (
                "stage region",
                "eu-central-1a",
                "stages.0.region: write `eu-central-1`",
            ),
            (
                "stage region",
                "eu-central1",
                "stages.0.region: write its code",
            ),
        ] {
            let told = never(key, value.into());
            assert_eq!(told.len(), 1, "{value}: {told:?}");
            assert!(told[0].contains(expected), "{value}: {told:?}");
        }
        let told = never("tags", json!({"glob": "latest"}));
        assert!(
            told[0].starts_with("tags: write one that a tag keeps"),
            "{told:?}"
        );
        let codedeploy = |configuration: &str| json!({"codedeploy": {"application": "a", "group": "g", "configuration": configuration}});
        let told = never(
            "stage rollout",
            codedeploy("CodeDeployDefault.ECSCanary10percent5Minutes"),
        );
        assert_eq!(
            told,
            [
                "stages.0.rollout.codedeploy.configuration: write `CodeDeployDefault.ECSCanary10Percent5Minutes`"
            ]
        );
        assert_eq!(
            never("stage rollout", codedeploy("CodeDeployDefault.OneAtATime")).len(),
            1
        );
        assert_eq!(never("stage rollout", codedeploy("Own.ECSCanary")), [""; 0]);
    }

    #[test]
    fn what_can_fire_is_not_refused() {
        for (key, value) in [
            ("repository", json!("team/shop")),
            ("repository", json!("my.team/shop")),
            ("repository", json!("docker-hub/library/nginx")),
            (
                "registry",
                json!("111111111111.dkr.ecr.eu-central-1.amazonaws.com"),
            ),
            (
                "registry",
                json!("111111111111.dkr-ecr.us-gov-west-1.on.aws"),
            ),
            ("stage region", json!("us-gov-west-1")),
            ("stage region", json!("ap-southeast-4")),
            ("tags", json!({"glob": "latest-*"})),
        ] {
            assert_eq!(never(key, value), [""; 0], "{key}");
        }
    }

    #[test]
    fn a_hook_elsewhere_is_never_called() {
        let stage = |function: &str| {
            let rollout =
                json!({"codedeploy": {"application": "a", "group": "g", "hook": function}});
            let text = json!({
                "pipeline": "shop", "repository": "shop",
                "stages": [{
                    "name": "test", "cluster": "c", "service": "s", "containers": ["app"], "rollout": rollout,
                    "account": "222222222222", "role": {"arn": "arn:aws:iam::222222222222:role/towpath"},
                }]
            });
            Pipeline::from_json(&text.to_string())
                .unwrap()
                .never()
                .len()
        };
        assert_eq!(stage("towpath-lifecycle-hook"), 0);
        assert_eq!(
            stage("arn:aws:lambda:eu-west-1:222222222222:function:towpath-lifecycle-hook"),
            0
        );
        assert_eq!(
            stage("arn:aws:lambda:eu-west-1:111111111111:function:towpath-lifecycle-hook"),
            1
        );
    }
}
