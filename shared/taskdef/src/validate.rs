//! What ECS, or the pipeline's own rules, would refuse: found before AWS is asked.
//!
//! Only what is documented is judged, and only where the document says enough; ECS has the last
//! word. Each finding names its place and the way out.

mod containers;
mod dependencies;
mod fargate;
mod fields;
mod health;
mod images;
pub(crate) mod limits;
mod logs;
mod place;
mod ports;
mod roles;
mod rule;
mod sizes;
mod task;
mod unsupported;
mod variables;
mod volumes;

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::document::TaskDefinition;
use crate::image::{ImageError, ImageRef, Registry, RepositoryName};
use crate::repeated;

pub use rule::Rule;

/// What a definition is held against, beyond what holds for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// Containers that the pipeline names.
    pub containers: Vec<String>,
    /// Where images may come from; anywhere, if there is none.
    pub registries: Vec<AllowedRegistry>,
    /// What the service runs on, if that is known beyond `requiresCompatibilities`.
    pub capacity: Option<Capacity>,
    /// What to say of an image without a digest.
    pub mutable_tags: MutableTags,
    /// Whether ECS has registered the definition before, but for its images, variables, labels and
    /// tags: what it took then is only a warning now, whatever is known here.
    pub registered: bool,
}

/// A registry, or a part of one, that images may come from. Written `HOST[:PORT][/REPOSITORY]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedRegistry {
    registry: Registry,
    /// The repository, or what its name starts with up to a `/`.
    within: Option<RepositoryName>,
}

/// What tasks run on
/// ([launch types](https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capacity {
    /// AWS Fargate.
    Fargate,
    /// The account's own EC2 instances.
    Ec2,
    /// Machines outside AWS.
    External,
    /// EC2 instances that ECS manages.
    ManagedInstances,
}

/// What to say of an image that is named by a tag alone, which may be another one tomorrow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MutableTags {
    /// It is an error, whichever container has it.
    #[default]
    Refuse,
    /// It is an error in [`Rules::containers`] and a warning in others, such as side-cars.
    RefuseNamed,
}

/// Something that is wrong with a definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Whether it forbids a registration.
    pub severity: Severity,
    /// Which rule is broken.
    pub rule: Rule,
    /// The container, by name, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// JSON pointer of the place.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// To be known.
    Warning,
    /// Not to be registered.
    Error,
}

/// Holds a definition against `rules` and what ECS documents.
///
/// Findings of one concept stand together, in the order of the document; none means that nothing is
/// known against it.
pub fn validate(definition: &TaskDefinition, rules: &Rules) -> Vec<Finding> {
    let mut findings = Vec::new();
    fields::check(definition, &mut findings);
    task::check(definition, &mut findings);
    fargate::check(definition, rules, &mut findings);
    unsupported::check(definition, rules, &mut findings);
    volumes::check(definition, &mut findings);
    containers::check(definition, &mut findings);
    dependencies::check(definition, &mut findings);
    ports::check(definition, &mut findings);
    variables::check(definition, &mut findings);
    sizes::check(definition, rules, &mut findings);
    health::check(definition, &mut findings);
    logs::check(definition, rules, &mut findings);
    roles::check(definition, rules, &mut findings);
    images::check(definition, rules, &mut findings);
    if rules.registered {
        for finding in &mut findings {
            if !finding.rule.is_of_what_a_release_changes() {
                finding.severity = Severity::Warning;
            }
        }
    }
    findings
}

impl Finding {
    fn error(
        rule: Rule,
        path: impl Into<String>,
        message: String,
        help: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Error,
            rule,
            container: None,
            path: path.into(),
            message,
            help: help.into(),
        }
    }

    /// Of what ECS is not known to refuse, or may take some day.
    fn warning(
        rule: Rule,
        path: impl Into<String>,
        message: String,
        help: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(rule, path, message, help)
        }
    }

    fn of_container(self, name: &str) -> Self {
        Self {
            // One without a name has its place alone.
            container: (!name.is_empty()).then(|| repeated(name)),
            ..self
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.severity)?;
        if let Some(container) = &self.container {
            write!(f, "container {container:?}: ")?;
        }
        write!(f, "{}; {}", self.message, self.help)?;
        match self.path.as_str() {
            // The definition as a whole needs no pointer.
            "" => Ok(()),
            path => write!(f, " ({path})"),
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

impl AllowedRegistry {
    /// Whether an image may come from here. A repository allows those below it, at a `/`.
    pub fn allows(&self, image: &ImageRef) -> bool {
        self.registry == *image.registry()
            && self.within.as_ref().is_none_or(|within| {
                let rest = image.repository().as_str().strip_prefix(within.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
    }
}

impl FromStr for AllowedRegistry {
    type Err = ImageError;

    fn from_str(text: &str) -> Result<Self, ImageError> {
        let (registry, within) = match text.trim_end_matches('/').split_once('/') {
            Some((registry, within)) => (registry, Some(within.parse()?)),
            None => (text.trim_end_matches('/'), None),
        };
        Ok(Self {
            registry: registry.parse()?,
            within,
        })
    }
}

impl fmt::Display for AllowedRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.registry)?;
        match &self.within {
            Some(within) => write!(f, "/{within}"),
            None => Ok(()),
        }
    }
}
