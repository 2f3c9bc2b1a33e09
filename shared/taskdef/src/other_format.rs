//! What a file is that is given for a task definition and is none: said as people call it, with the
//! way to get one.

mod keys;
mod line;
mod text;
mod value;
mod whole;

use std::fmt;

pub(super) use self::text::{of_bytes, of_text};
pub(super) use self::value::of_value;
pub use self::whole::kind_of;

/// A file that is no task definition, and what it is instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherFormat {
    /// What it is.
    pub kind: Kind,
    /// Where that shows, as a JSON pointer or a line; empty where it is the whole.
    place: String,
}

/// What people give for a task definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(
    missing_docs,
    reason = "each name says what it is, and `what` says it in words"
)]
pub enum Kind {
    // Bytes that are no text.
    Compressed,
    NotUtf8,
    Utf16,
    // Text that is no JSON.
    ArnAlone,
    CliError,
    CliTable,
    Comment,
    CutOff,
    Empty,
    HalfCharacter,
    Jsonnet,
    KeyTwice,
    LineInText,
    Markup,
    MissingComma,
    Placeholder,
    Python,
    SecondValue,
    Toml,
    TrailingComma,
    TypographicQuotes,
    Yaml,
    // Either.
    AppSpec,
    Buildspec,
    Ci,
    CloudFormation,
    Compose,
    Copilot,
    Kubernetes,
    Pipeline,
    TaskDefinition,
    Terraform,
    Workflow,
    // JSON of something else.
    Capitals,
    CodePipeline,
    Container,
    Containers,
    Definitions,
    Dockerrun,
    ErrorAnswer,
    ImageDefinitions,
    Intrinsic,
    JsonInText,
    Listing,
    NoFamily,
    Service,
    Skeleton,
}

/// How a task definition is had from ECS, as JSON.
const DESCRIBE: &str =
    "take what ECS has: `aws ecs describe-task-definition --task-definition FAMILY --include TAGS`";

impl OtherFormat {
    fn new(kind: Kind) -> Self {
        Self::at(kind, String::new())
    }

    fn at(kind: Kind, place: String) -> Self {
        Self { kind, place }
    }
}

impl fmt::Display for OtherFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.what())?;
        if !self.place.is_empty() {
            write!(f, " ({})", self.place)?;
        }
        write!(f, ": {}", self.kind.help())
    }
}

impl Kind {
    /// What it is, in words.
    #[must_use]
    pub fn what(self) -> &'static str {
        match self {
            Self::AppSpec => "it is an AppSpec file of CodeDeploy",
            Self::ArnAlone => "it is only the name of a task definition",
            Self::Buildspec => "it is a buildspec of CodeBuild",
            Self::Capitals => "its keys begin with capitals, as CloudFormation writes them",
            Self::Ci => "it is what a CI system runs",
            Self::CliError => "it is an error message of the AWS command line",
            Self::CliTable => "it is the AWS command line's answer as a table or text",
            Self::CloudFormation => "it is CloudFormation",
            Self::CodePipeline => "it is a pipeline of CodePipeline",
            Self::Comment => "it has a comment, which JSON has not",
            Self::Compose => "it is a Compose file",
            Self::Compressed => "it is compressed or an archive",
            Self::Container => "it is one container, and not the task definition around it",
            Self::Containers => {
                "it is a bare list of containers, such as Terraform's container_definitions"
            }
            Self::Copilot => "it is a manifest of AWS Copilot",
            Self::CutOff => "it ends in the middle",
            Self::Definitions => "it is a list of task definitions",
            Self::Dockerrun => "it is a Dockerrun file of Elastic Beanstalk",
            Self::Empty => "it is empty",
            Self::ErrorAnswer => "it is an error that AWS answered",
            Self::HalfCharacter => "it has half of a character written as \\u…",
            Self::ImageDefinitions => "it is an image definitions file of CodePipeline",
            Self::Intrinsic => "it has functions of CloudFormation, such as Ref and Fn::Sub",
            Self::JsonInText => "it has JSON that is written as text",
            Self::Jsonnet => "it is Jsonnet or JavaScript, and not JSON",
            Self::KeyTwice => "it has a key twice",
            Self::Kubernetes => "it is a Kubernetes manifest",
            Self::LineInText => "it has a line break or a tab inside a text",
            Self::Listing => "it is a list of names, as `aws ecs list-task-definitions` gives",
            Self::Markup => "it is HTML or XML",
            Self::MissingComma => "it has no comma between two items",
            Self::NoFamily => "it has no family",
            Self::NotUtf8 => "it is not UTF-8",
            Self::Pipeline => "it is a pipeline, and not a task definition",
            Self::Placeholder => {
                "it is a template, with a placeholder that stands outside of quotes"
            }
            Self::Python => "it is written as Python prints it, with single quotes, True or None",
            Self::SecondValue => "a second value begins after the first",
            Self::Service => "it is about services or tasks, and only names a task definition",
            Self::Skeleton => {
                "it is a skeleton of the AWS command line, with places that nobody has filled in"
            }
            Self::TaskDefinition => "it is a task definition",
            Self::Terraform => "it is Terraform",
            Self::Toml => "it is TOML, or variables of Terraform",
            Self::TrailingComma => "it has a comma after the last item",
            Self::TypographicQuotes => "its quotes are typographic",
            Self::Utf16 => "it is UTF-16, as PowerShell writes it",
            Self::Workflow => "it is a workflow of GitHub Actions",
            Self::Yaml => "it is YAML, and a task definition is read as JSON",
        }
    }

    /// What to do.
    fn help(self) -> &'static str {
        match self {
            Self::AppSpec
            | Self::ArnAlone
            | Self::CloudFormation
            | Self::Copilot
            | Self::Intrinsic
            | Self::Listing
            | Self::Service
            | Self::Terraform
            | Self::Toml => DESCRIBE,
            Self::Capitals => {
                "begin each key with a small letter, as ECS does, or take what ECS has: `aws ecs describe-task-definition --task-definition FAMILY --include TAGS`"
            }
            Self::CliError | Self::ErrorAnswer => {
                "run the command by itself and correct that first"
            }
            Self::CliTable => "add `--output json` to the command",
            Self::Comment => "remove the comments",
            Self::Buildspec
            | Self::Ci
            | Self::CodePipeline
            | Self::Compose
            | Self::Dockerrun
            | Self::ImageDefinitions
            | Self::Kubernetes
            | Self::Workflow => "name the file with the task definition",
            Self::Compressed => "unpack it first",
            Self::Container => {
                "put it where it belongs: {\"family\": \"NAME\", \"containerDefinitions\": [ … ]}"
            }
            Self::Containers => {
                "put it where it belongs, as `jq '{family: \"NAME\", containerDefinitions: .}'` does"
            }
            Self::CutOff => "look for a missing bracket or quote, or write the file anew",
            Self::Definitions => {
                "give one of them, as `jq '.[0]'` or `jq '.taskDefinitions[0]'` does"
            }
            Self::Empty => "the command that was to write it may have failed: run that by itself",
            Self::HalfCharacter => "write the character itself",
            Self::JsonInText => "unpack it, as `jq fromjson` does",
            Self::Jsonnet => "give what it makes: `jsonnet FILE` prints JSON",
            Self::KeyTwice | Self::SecondValue => "keep one",
            Self::LineInText => "write \\n or \\t there",
            Self::Markup => "it may be an error page: look into it",
            Self::MissingComma => "add it before that line or in it",
            Self::NoFamily => "add \"family\": \"NAME\"",
            Self::NotUtf8 => "save it as UTF-8",
            Self::Pipeline => "`towpath lint` checks it",
            Self::Placeholder => {
                "fill it in first, with the tool that the template is for, or put it in quotes"
            }
            Self::Python => "print it with `json.dumps`, or write double quotes, true and null",
            Self::TaskDefinition => "give it by itself",
            Self::Skeleton => "fill each in or remove it",
            Self::TrailingComma => "remove the comma",
            Self::TypographicQuotes => "write \" instead",
            Self::Utf16 => "save it as UTF-8, as `iconv -f UTF-16 -t UTF-8` does",
            Self::Yaml => "convert it, as `yq -o=json` does",
        }
    }
}
