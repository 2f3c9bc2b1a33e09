//! The rules of single texts: each kind of text that the schema names is judged by the type that
//! will read it.

use std::str::FromStr;

use towpath_core::names::{
    AccountId, AlarmName, CheckName, ClusterName, CodeDeployName, ContainerName, FunctionName,
    InvalidName, ParameterName, PipelineName, Region, RoleArn, ServiceName, SlackChannel,
    SlackUser, StageName,
};
use towpath_core::pipeline::{InvalidPattern, InvalidSpan, Span, TagGlob, TagRegex, VersionRange};
use towpath_taskdef::image::{ImageError, ImageRef, Registry, RepositoryName};

use crate::schema_node::Kind;

/// What is wrong with a text, and the way out.
pub(super) struct Fault {
    pub(super) problem: String,
    pub(super) help: String,
}

type Judge = fn(&str) -> Option<Fault>;

/// How each kind of text is judged. A test sees to it that no kind is missing.
const JUDGES: [(&str, Judge); 21] = [
    ("AccountId", parsed::<AccountId>),
    ("AlarmName", parsed::<AlarmName>),
    ("CheckName", parsed::<CheckName>),
    ("ClusterName", parsed::<ClusterName>),
    ("CodeDeployName", parsed::<CodeDeployName>),
    ("ContainerName", parsed::<ContainerName>),
    ("FunctionName", parsed::<FunctionName>),
    ("ParameterName", parsed::<ParameterName>),
    ("PipelineName", parsed::<PipelineName>),
    ("Region", parsed::<Region>),
    ("Registry", parsed::<Registry>),
    ("RepositoryName", parsed::<RepositoryName>),
    ("RoleArn", parsed::<RoleArn>),
    ("ServiceName", parsed::<ServiceName>),
    ("SlackChannel", parsed::<SlackChannel>),
    ("SlackUser", parsed::<SlackUser>),
    ("Span", parsed::<Span>),
    ("StageName", parsed::<StageName>),
    ("TagGlob", converted::<TagGlob>),
    ("TagRegex", converted::<TagRegex>),
    ("VersionRange", converted::<VersionRange>),
];

/// What is wrong with `text` as a text of that kind, if anything.
pub(super) fn judge(kind: &Kind, text: &str) -> Option<Fault> {
    let (_, judge) = JUDGES.iter().find(|(name, _)| *name == kind.name)?;
    let fault = judge(text)?;
    Some(match better_way_out(&kind.name, text, *judge) {
        Some(help) => Fault { help, ..fault },
        None => fault,
    })
}

/// What to do about texts that people write again and again.
fn better_way_out(kind: &str, text: &str, judge: Judge) -> Option<String> {
    if ["${", "{{", "$(", "<%"]
        .iter()
        .any(|start| text.contains(start))
    {
        return Some(
            "write it out: placeholders are filled in only in the values of `environment`, \
             `docker_labels` and `tags` of a stage"
                .to_owned(),
        );
    }
    // What may be a secret is repeated in no way out.
    let is_repeated = |text: &str| towpath_taskdef::repeated(text) == text;
    let is_taken = |name: &&str| judge(name).is_none() && is_repeated(name);
    if let Some(name) = name_in_arn(kind, text).filter(is_taken) {
        return Some(format!("write its name: `{name}`"));
    }
    if !is_repeated(text) {
        return None;
    }
    match kind {
        "SlackChannel" | "SlackUser" => in_slack(kind, text, judge),
        "RepositoryName" => of_image(text),
        _ => None,
    }
}

/// For what Slack shows or copies in place of the id that is asked for.
fn in_slack(kind: &str, text: &str, judge: Judge) -> Option<String> {
    // A mention: `<@U0123456789>`, `<#C0123456789|deploys>`.
    let inner = text.trim_matches(['<', '>', '@', '#']);
    let inner = inner.split('|').next().unwrap_or(inner);
    // An id in small letters; a name has a letter in that place.
    let id = match inner.chars().nth(1) {
        Some('0') => inner.to_ascii_uppercase(),
        Some(_) | None => inner.to_owned(),
    };
    let has_digit = id.contains(|c: char| c.is_ascii_digit());
    // No id of Slack is shorter.
    if has_digit && id.len() >= 9 && judge(&id).is_none() {
        return Some(format!("write `{id}`"));
    }
    let of_channel = "write the id from the channel's details, such as C0123456789";
    let of_user = "write the id from the member's profile, such as U0123456789";
    let is_in_id = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
    let is_id = has_digit && id == text && id.chars().all(is_in_id);
    match (kind, id.chars().next().filter(|_| is_id)?) {
        ("SlackChannel", 'U' | 'W') => Some(format!("that is a person's: {of_channel}")),
        ("SlackChannel", 'D') => Some(format!("that is a direct message's: {of_channel}")),
        ("SlackChannel", 'S') => Some(format!("that is a group's: {of_channel}")),
        ("SlackUser", 'S') => Some(format!(
            "that is a group's, and people decide one by one: for each, {of_user}"
        )),
        ("SlackUser", 'C' | 'G' | 'D') => Some(format!("that is a channel's: {of_user}")),
        (_, _) => None,
    }
}

/// For an image's whole name where that of its repository is asked for.
fn of_image(text: &str) -> Option<String> {
    let image: ImageRef = text
        .trim_start_matches("https://")
        .trim_end_matches('/')
        .parse()
        .ok()?;
    let registry = image.registry();
    let repository = image.repository();
    let own = repository.as_str().strip_prefix("library/");
    let is_long_enough = |name: &&str| name.len() >= 2;
    if registry.as_ecr().is_some() {
        return is_long_enough(&repository.as_str()).then(|| {
            format!("write `repository: {repository}`, and `registry: {registry}` if it is not the deployer's own")
        });
    }
    let last = repository
        .as_str()
        .rsplit('/')
        .next()
        .filter(is_long_enough)?;
    if registry.as_str() == "docker.io" {
        let name = own.unwrap_or(repository.as_str());
        return Some(format!(
            "write `repository: {name}`: which tags are taken, `tags` says"
        ));
    }
    Some(format!(
        "only pushes to ECR are told: push the image there, and write that repository, such as `repository: {last}`"
    ))
}

/// The name that is asked for, in an ARN of a thing of that kind: of other things it is no name.
fn name_in_arn<'a>(kind: &str, text: &'a str) -> Option<&'a str> {
    let resource = text.strip_prefix("arn:")?.splitn(5, ':').nth(4)?;
    let service = text.split(':').nth(2)?;
    let after = |wanted: &str, prefix: &str| {
        let rest = resource.strip_prefix(prefix)?;
        (service == wanted).then_some(rest)
    };
    match kind {
        "AlarmName" => after("cloudwatch", "alarm:"),
        "ClusterName" => after("ecs", "cluster/"),
        // `service/<cluster>/<name>`, and without the cluster in the old form.
        "ServiceName" => after("ecs", "service/")?.rsplit('/').next(),
        // An application, or a group: `deploymentgroup:<application>/<group>`.
        "CodeDeployName" => after("codedeploy", "application:")
            .or_else(|| after("codedeploy", "deploymentgroup:")?.rsplit('/').next()),
        "FunctionName" => after("lambda", "function:")?.split(':').next(),
        "ParameterName" => {
            let name = after("ssm", "parameter")?;
            // `parameter/name` of a parameter without a path.
            match name.matches('/').count() {
                1 => name.strip_prefix('/'),
                _ => Some(name),
            }
        }
        "RepositoryName" => after("ecr", "repository/"),
        _ => None,
    }
}

fn parsed<T: FromStr<Err: Into<Fault>>>(text: &str) -> Option<Fault> {
    text.parse::<T>().err().map(Into::into)
}

fn converted<T: TryFrom<String, Error: Into<Fault>>>(text: &str) -> Option<Fault> {
    T::try_from(text.to_owned()).err().map(Into::into)
}

impl Fault {
    fn new(problem: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
            help: help.into(),
        }
    }
}

impl From<InvalidName> for Fault {
    fn from(error: InvalidName) -> Self {
        Self::new(error.problem(), error.help())
    }
}

impl From<InvalidSpan> for Fault {
    fn from(error: InvalidSpan) -> Self {
        Self::new(error.problem(), error.help())
    }
}

impl From<InvalidPattern> for Fault {
    fn from(error: InvalidPattern) -> Self {
        Self::new(error.problem(), error.help())
    }
}

impl From<ImageError> for Fault {
    fn from(error: ImageError) -> Self {
        let help = match &error {
            ImageError::Digest(_) | ImageError::Tag(_) | ImageError::TooLong(_) => "shorten it",
            ImageError::Repository(_) => {
                "use the name that ECR shows, such as shop/api, without registry and tag"
            }
            ImageError::Registry(_) => {
                "use a host such as 111111111111.dkr.ecr.eu-west-1.amazonaws.com"
            }
        };
        Self::new(error.to_string(), help)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema_node::SchemaNode;

    fn kinds(shape: &SchemaNode, found: &mut Vec<String>) {
        match shape {
            SchemaNode::Text(kind) => found.extend(kind.as_ref().map(|kind| kind.name.clone())),
            SchemaNode::Bool
            | SchemaNode::Integer { .. }
            | SchemaNode::Number
            | SchemaNode::Any => {}
            SchemaNode::List(item) => kinds(item, found),
            SchemaNode::Map { key, value } => {
                found.extend(key.as_ref().map(|kind| kind.name.clone()));
                kinds(value, found);
            }
            SchemaNode::Struct(fields) => {
                fields
                    .fields
                    .iter()
                    .for_each(|field| kinds(&field.shape, found));
            }
            SchemaNode::Choice(choice) => {
                let contents = choice.variants.iter().filter_map(|v| v.content.as_ref());
                contents.for_each(|content| kinds(content, found));
            }
        }
    }

    #[test]
    fn every_kind_of_text_in_the_schema_has_its_judge_and_no_judge_is_idle() {
        let mut found = Vec::new();
        kinds(&SchemaNode::of_pipeline().unwrap(), &mut found);
        found.sort();
        found.dedup();
        let judges: Vec<_> = JUDGES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(found, judges);
    }
}
