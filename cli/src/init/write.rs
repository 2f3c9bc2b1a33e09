//! The pipeline file that is written: what was found, and what else could be said, as comments.

use std::fmt::{self, Write as _};

use serde_json::Map;

use super::Wish;
use super::survey::{EngineFound, StageFound, Survey};
use crate::yaml::{block, means_text};

/// The file's text.
///
/// # Errors
/// Never: writing to a string does not fail, and an engine's settings are data.
pub(crate) fn file(wish: &Wish, survey: &Survey) -> Result<String, fmt::Error> {
    let mut text = String::new();
    head(&mut text, wish, survey)?;
    let last = survey.stages.len().saturating_sub(1);
    for (place, (stage, found)) in wish.stages.iter().zip(&survey.stages).enumerate() {
        writeln!(text, "  - name: {}", stage.name)?;
        if let Some(role) = &stage.role {
            writeln!(text, "    account: \"{}\"", found.place.service.account)?;
            writeln!(text, "    role:")?;
            writeln!(text, "      arn: \"{}\"", role.arn)?;
            if let Some(id) = &role.external_id {
                writeln!(text, "      external_id: {}", quoted(id))?;
            }
        }
        if let Some(region) = &stage.region {
            writeln!(text, "    region: {region}")?;
        }
        writeln!(text, "    cluster: {}", quoted(stage.cluster.as_str()))?;
        writeln!(text, "    service: {}", quoted(stage.service.as_str()))?;
        let containers: Vec<_> = found.containers.iter().map(|name| quoted(name)).collect();
        writeln!(
            text,
            "    # The containers that get the image of a release; others stay as they are."
        )?;
        writeln!(text, "    containers: [{}]", containers.join(", "))?;
        rollout(&mut text, found)?;
        if place == last {
            approval(&mut text, wish)?;
        }
    }
    Ok(text)
}

fn head(text: &mut String, wish: &Wish, survey: &Survey) -> fmt::Result {
    writeln!(text, "# yaml-language-server: $schema=pipeline.schema.json")?;
    writeln!(
        text,
        "# (`towpath schema > pipeline.schema.json` writes it; editors complete and check with it)"
    )?;
    writeln!(text)?;
    writeln!(text, "pipeline: {}", wish.pipeline)?;
    writeln!(text, "# Its pushes are what is deployed.")?;
    writeln!(text, "repository: {}", quoted(wish.repository.as_str()))?;
    if let Some(registry) = &survey.registry {
        writeln!(text, "registry: {registry}")?;
    }
    writeln!(
        text,
        "# Tags that are a commit's hash. `semver: \">=1.4, <3\"` and others are in docs/pipelines.md."
    )?;
    writeln!(text, "tags: commit")?;
    match &wish.slack {
        Some(channel) => {
            writeln!(text, "notify:")?;
            writeln!(text, "  # The channel that gets one thread per release.")?;
            writeln!(text, "  slack: {channel}")?;
            if wish.approvers.is_empty() {
                writeln!(text, "  sns: true")?;
            }
        }
        None => {
            writeln!(text, "notify:")?;
            writeln!(
                text,
                "  # To the deployer's topic, for e-mail. `slack: C0123456789` names a channel."
            )?;
            writeln!(text, "  sns: true")?;
        }
    }
    writeln!(text)?;
    writeln!(text, "# A release passes them in this order.")?;
    writeln!(text, "stages:")
}

fn rollout(text: &mut String, found: &StageFound) -> fmt::Result {
    let EngineFound {
        settings,
        says,
        hints,
    } = &found.engine;
    writeln!(text, "    engine:")?;
    writeln!(text, "      # {says}")?;
    let value = serde_json::to_value(settings).map_err(|_| fmt::Error)?;
    let value = &value[settings.name()];
    for line in block(settings.name(), value).lines() {
        writeln!(text, "      {line}")?;
    }
    // What could be said besides stands where it would be said.
    let indent = match value.as_object().is_some_and(Map::is_empty) {
        true => "      ",
        false => "        ",
    };
    for hint in hints {
        writeln!(text, "{indent}# {hint}")?;
    }
    if settings.capabilities().has_green {
        checks(text, found)?;
    }
    Ok(())
}

fn checks(text: &mut String, found: &StageFound) -> fmt::Result {
    if !found.has_load_balancer {
        return Ok(());
    }
    writeln!(
        text,
        "    # Verifies green at the test listener, before traffic moves:"
    )?;
    writeln!(text, "    # checks:")?;
    writeln!(text, "    #   - name: health")?;
    writeln!(
        text,
        "    #     http: {{ url: \"http://<load balancer>:<test port>/health\" }}"
    )
}

fn approval(text: &mut String, wish: &Wish) -> fmt::Result {
    writeln!(text, "    # Who must agree before the rollout starts.")?;
    writeln!(text, "    approval:")?;
    if wish.approvers.is_empty() {
        writeln!(
            text,
            "      # By e-mail. `slack: [U0123456789]` names people who decide in Slack."
        )?;
        writeln!(text, "      sns: true")?;
    } else {
        let users: Vec<_> = wish.approvers.iter().map(ToString::to_string).collect();
        writeln!(text, "      slack: [{}]", users.join(", "))?;
    }
    writeln!(text, "      expires: 24h")
}

/// Text as YAML: plain where that means the same.
fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    if means_text(text) && text.bytes().all(plain) && !text.starts_with('-') {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployer::memory::home;
    use crate::init::survey::{code_deploy_found, ecs_found, rolling_found};
    use crate::init::{role, stage};
    use crate::lint::{Format, Linter};
    use towpath_core::names::FunctionName;
    use towpath_core::pipeline::CodeDeploySettings;
    use towpath_core::release::{Place, ServiceId};

    fn found(stage: &crate::init::StageWish, engine: EngineFound) -> StageFound {
        StageFound {
            place: Place {
                service: ServiceId {
                    account: stage
                        .role
                        .as_ref()
                        .map_or(home().account, |_| "222222222222".parse().unwrap()),
                    region: home().region,
                    cluster: stage.cluster.clone(),
                    service: stage.service.clone(),
                },
                role: stage.role.clone(),
            },
            containers: vec!["app".into(), "123".into()],
            engine,
            has_load_balancer: true,
        }
    }

    fn wish(slack: Option<&str>, approvers: &[&str]) -> Wish {
        let mut production = stage("production=shop/api").unwrap();
        let arn = "arn:aws:iam::222222222222:role/towpath-target,from:us";
        production.role = Some(role(arn).unwrap());
        production.region = Some("eu-central-1".parse().unwrap());
        Wish {
            registry: None,
            pipeline: "shop-api".parse().unwrap(),
            repository: "shop/api".parse().unwrap(),
            slack: slack.map(|channel| channel.parse().unwrap()),
            approvers: approvers.iter().map(|user| user.parse().unwrap()).collect(),
            stages: vec![stage("test=007/api").unwrap(), production],
        }
    }

    #[test]
    fn what_is_written_lints_whoever_is_asked() {
        for wish in [
            wish(None, &[]),
            wish(Some("C0123456789"), &[]),
            wish(Some("C0123456789"), &["U0123456789", "U0123456780"]),
        ] {
            for hook in [
                None::<FunctionName>,
                Some("towpath-lifecycle-hook".parse().unwrap()),
            ] {
                let code_deploy = code_deploy_found(
                    CodeDeploySettings {
                        application: "shop-api".parse().unwrap(),
                        group: "production".parse().unwrap(),
                        configuration: None,
                        container: None,
                        port: None,
                        hook: hook.clone(),
                    },
                    "CodeDeployDefault.ECSAllAtOnce",
                );
                for engine in [code_deploy, ecs_found(hook.clone())] {
                    let survey = Survey {
                        registry: Some(
                            "333333333333.dkr.ecr.eu-west-1.amazonaws.com"
                                .parse()
                                .unwrap(),
                        ),
                        stages: vec![
                            found(&wish.stages[0], rolling_found()),
                            found(&wish.stages[1], engine),
                        ],
                    };
                    let text = file(&wish, &survey).unwrap();
                    let pipeline = Linter::new().unwrap().lint(&text, Format::Yaml);
                    let pipeline = pipeline.unwrap_or_else(|found| panic!("{found:?} in\n{text}"));
                    assert_eq!(pipeline.stages[0].cluster.as_str(), "007");
                    assert_eq!(pipeline.stages[0].approval, None);
                    assert!(pipeline.stages[1].approval.is_some());
                    assert_eq!(pipeline.stages[1].containers[1].as_str(), "123");
                    let written = pipeline.stages[1].engine.hook();
                    assert_eq!(written, hook.as_ref());
                }
            }
        }
    }
}
