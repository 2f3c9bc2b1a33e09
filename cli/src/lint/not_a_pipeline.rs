//! What a file is that is given for a pipeline and is none.

use towpath_taskdef::{Kind, kind_of};

/// What a text is that is no pipeline, where it is something else that people have; nothing where it
/// may be meant as a pipeline.
pub(super) fn not_a_pipeline(text: &str) -> Option<Kind> {
    let kind = kind_of(text)?;
    match kind {
        Kind::AppSpec
        | Kind::Buildspec
        | Kind::Ci
        | Kind::CloudFormation
        | Kind::CodePipeline
        | Kind::Compose
        | Kind::Copilot
        | Kind::Dockerrun
        | Kind::ImageDefinitions
        | Kind::Kubernetes
        | Kind::Markup
        | Kind::TaskDefinition
        | Kind::Terraform
        | Kind::Toml
        | Kind::Workflow => Some(kind),
        Kind::Capitals => Some(Kind::CloudFormation),
        Kind::Container | Kind::Containers | Kind::Definitions | Kind::NoFamily => {
            Some(Kind::TaskDefinition)
        }
        // A pipeline, or a part of one; or mistakes in one, which are told at their places.
        Kind::ArnAlone
        | Kind::CliError
        | Kind::CliTable
        | Kind::Comment
        | Kind::Compressed
        | Kind::CutOff
        | Kind::Empty
        | Kind::ErrorAnswer
        | Kind::HalfCharacter
        | Kind::Intrinsic
        | Kind::JsonInText
        | Kind::Jsonnet
        | Kind::KeyTwice
        | Kind::LineInText
        | Kind::Listing
        | Kind::MissingComma
        | Kind::NotUtf8
        | Kind::Pipeline
        | Kind::Placeholder
        | Kind::Python
        | Kind::SecondValue
        | Kind::Service
        | Kind::Skeleton
        | Kind::TrailingComma
        | Kind::TypographicQuotes
        | Kind::Utf16
        | Kind::Yaml => None,
    }
}

/// What to do with a file of the kind where a pipeline is asked for.
pub(super) fn way_to_a_pipeline(kind: Kind) -> &'static str {
    const INIT: &str = "`towpath init` writes a pipeline for services that run on ECS, and `towpath schema --markdown` shows every key";
    match kind {
        Kind::AppSpec => {
            "Towpath makes the AppSpec itself, from the service: `towpath init` writes a pipeline for it"
        }
        Kind::Buildspec | Kind::Ci | Kind::Workflow => {
            "an image that is pushed starts a release, whatever built it: `towpath init` writes the pipeline that it goes through"
        }
        Kind::TaskDefinition => {
            "`towpath render --check --task-definition FILE` checks it, and `towpath init` writes a pipeline for services that run on ECS"
        }
        Kind::ArnAlone
        | Kind::Capitals
        | Kind::CliError
        | Kind::CliTable
        | Kind::CloudFormation
        | Kind::CodePipeline
        | Kind::Comment
        | Kind::Compose
        | Kind::Compressed
        | Kind::Container
        | Kind::Containers
        | Kind::Copilot
        | Kind::CutOff
        | Kind::Definitions
        | Kind::Dockerrun
        | Kind::Empty
        | Kind::ErrorAnswer
        | Kind::HalfCharacter
        | Kind::ImageDefinitions
        | Kind::Intrinsic
        | Kind::JsonInText
        | Kind::Jsonnet
        | Kind::KeyTwice
        | Kind::Kubernetes
        | Kind::LineInText
        | Kind::Listing
        | Kind::Markup
        | Kind::MissingComma
        | Kind::NoFamily
        | Kind::NotUtf8
        | Kind::Pipeline
        | Kind::Placeholder
        | Kind::Python
        | Kind::SecondValue
        | Kind::Service
        | Kind::Skeleton
        | Kind::Terraform
        | Kind::Toml
        | Kind::TrailingComma
        | Kind::TypographicQuotes
        | Kind::Utf16
        | Kind::Yaml => INIT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_pipeline_is_known_in_yaml_and_in_json() {
        for (kind, texts) in [
            (
                Kind::Compose,
                vec![
                    "services:\n  web:\n    image: nginx\n",
                    "version: '3.8'\nx-common: &c {a: b}\nservices:\n  web: {image: nginx}\n",
                    "name: shop\nservices: {web: {image: nginx}}\n",
                    "# first version\nweb:\n  image: nginx\nworker:\n  build: .\n",
                    "include:\n  - other.yaml\n",
                    r#"{"name": "shop", "services": {"web": {"image": "nginx"}}}"#,
                ],
            ),
            (
                Kind::CloudFormation,
                vec![
                    "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  Web:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      Family: !Ref Name\n",
                    "Transform: AWS::Serverless-2016-10-31\nResources: {}\n",
                    "Family: web\nContainerDefinitions:\n  - Name: app\n",
                    r#"{"Properties": {"Family": "web"}}"#,
                    r#"{"Web": {"Properties": {"Family": "web"}}}"#,
                    r#"{"TemplateBody": "x"}"#,
                ],
            ),
            (
                Kind::Kubernetes,
                vec![
                    "apiVersion: apps/v1\nkind: Deployment\n",
                    "apiVersion: v1\nkind: Service\n---\napiVersion: apps/v1\nkind: Deployment\n",
                    r#"{"apiVersion": "v1", "kind": "Pod"}"#,
                ],
            ),
            (
                Kind::TaskDefinition,
                vec![
                    r#"{"family": "web", "containerDefinitions": []}"#,
                    r#"{"taskDefinition": {"family": "web", "containerDefinitions": []}}"#,
                    "family: web\ncontainerDefinitions:\n  - name: app\n",
                    r#"[{"name": "app", "image": "nginx"}]"#,
                    r#"{"taskDefinitions": [{"family": "web"}]}"#,
                ],
            ),
            (
                Kind::Terraform,
                vec![
                    "resource \"aws_ecs_service\" \"web\" {\n  name = \"web\"\n}\n",
                    "# main\nprovider \"aws\" {\n  region = \"eu-west-1\"\n}\n",
                    r#"{"format_version": "1.0", "values": {}}"#,
                    r#"{"version": 4, "terraform_version": "1.9.0", "resources": []}"#,
                ],
            ),
            (
                Kind::Toml,
                vec![
                    "[web]\nimage = \"nginx\"\n",
                    "# x\nfamily = \"web\"\n",
                    "[[a.b]]\nc = 1\n",
                ],
            ),
            (
                Kind::Workflow,
                vec![
                    "name: build\non:\n  push:\njobs:\n  build:\n    runs-on: ubuntu-latest\n",
                    "on: [push]\njobs: {}\n",
                ],
            ),
            (
                Kind::Ci,
                vec![
                    "stages:\n  - build\nbuild:\n  script:\n    - make\n",
                    "version: 2.1\njobs:\n  build:\n    docker: []\n",
                    "trigger:\n  - main\npool:\n  vmImage: x\nsteps: []\n",
                    "image: node\npipelines:\n  default: []\n",
                ],
            ),
            (
                Kind::Buildspec,
                vec!["version: 0.2\nphases:\n  build:\n    commands:\n      - make\n"],
            ),
            (
                Kind::AppSpec,
                vec![
                    "version: 0.0\nResources:\n  - TargetService:\n      Type: AWS::ECS::Service\n",
                    "version: 0.0\nos: linux\nfiles: []\nhooks:\n  AfterInstall: []\n",
                ],
            ),
            (
                Kind::Copilot,
                vec![
                    "name: api\ntype: Load Balanced Web Service\nimage:\n  build: Dockerfile\n",
                    "name: shop\nversion: 1\nsource:\n  provider: GitHub\nstages:\n  - name: test\n",
                ],
            ),
            (
                Kind::CodePipeline,
                vec![
                    r#"{"pipeline": {"name": "shop", "stages": []}, "metadata": {}}"#,
                    "metadata: {}\npipeline:\n  name: shop\n  stages:\n  - name: Source\n",
                    "pipeline: {name: shop, stages: []}\n",
                ],
            ),
            (
                Kind::ImageDefinitions,
                vec![r#"[{"name": "app", "imageUri": "nginx"}]"#],
            ),
        ] {
            for text in texts {
                assert_eq!(not_a_pipeline(text), Some(kind), "{text}");
            }
        }
    }

    #[test]
    fn what_may_be_meant_as_a_pipeline_is_not_said_to_be_something_else() {
        for text in [
            "",
            "pipeline: shop\nrepository: shop\nstages: []\n",
            "pipeline: shop\nrepository: shop\nservices:\n  web:\n    image: nginx\n",
            "Pipeline: shop\nRepository: shop\nStages: []\n",
            "pipline: shop\nrepository: shop\nstages:\n  - name: test\n    cluster: AWS::x\n",
            "pipeline: shop\nstages:\n  - name: test\n    kind: x\napiVersion: x\nkind: y\n",
            r#"{"pipeline": "shop", "repository": "shop", "stages": [], "Resources": {}}"#,
            "pipeline: shop\n",
            "pipeline: {{ .Values.name }}\n",
            "pipeline: {name: shop}\n",
            "pipeline:\n  name: shop\n  repository: shop\n  stages:\n    - name: test\n",
            r#"{"pipeline": {"name": "shop"}}"#,
            "stages:\n  - name: test\n    service: api\n",
            "name: test\ncluster: shop\nservice: api\ncontainers: [app]\n",
            "just text\n",
            "<<: {a: 1}\n",
            "[]",
            "{",
        ] {
            assert_eq!(not_a_pipeline(text), None, "{text}");
        }
    }
}
