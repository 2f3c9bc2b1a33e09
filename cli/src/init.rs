//! Writing a first pipeline file from what is there: the services, the repository, CodeDeploy.

pub(crate) mod ask;
pub(crate) mod survey;
pub(crate) mod write;

use towpath_core::names::{
    ClusterName, ContainerName, Partition, PipelineName, Region, ServiceName, SlackChannel,
    SlackUser, StageName,
};
use towpath_core::pipeline::Role;
use towpath_taskdef::image::{Registry, RepositoryName};

/// What somebody wants a pipeline for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) pipeline: PipelineName,
    /// The registry, where it was named.
    pub(crate) registry: Option<Registry>,
    pub(crate) repository: RepositoryName,
    pub(crate) slack: Option<SlackChannel>,
    /// Who approves the last stage; by e-mail where nobody is named.
    pub(crate) approvers: Vec<SlackUser>,
    pub(crate) stages: Vec<StageWish>,
}

impl Wish {
    /// The flags of `towpath init` that say the same. None of the names needs quotes in a shell but an
    /// external id.
    pub(crate) fn flags(&self) -> Vec<String> {
        let registry = self.registry.as_ref();
        let registry = registry.map_or_else(String::new, |registry| format!("{registry}/"));
        let mut flags = vec![format!("--repository {registry}{}", self.repository)];
        for stage in &self.stages {
            let name = &stage.name;
            flags.push(format!(
                "--stage {name}={}/{}",
                stage.cluster, stage.service
            ));
            if let Some(role) = &stage.role {
                let id = role.external_id.as_ref();
                let id = id.map_or_else(String::new, |id| format!(",'{id}'"));
                flags.push(format!("--role {name}={}{id}", role.arn));
            }
            if let Some(region) = &stage.region {
                flags.push(format!("--region-of {name}={region}"));
            }
            let containers = stage.containers.iter();
            flags.extend(containers.map(|one| format!("--container {name}={one}")));
        }
        flags.extend(
            self.slack
                .iter()
                .map(|channel| format!("--slack {channel}")),
        );
        flags.extend(
            self.approvers
                .iter()
                .map(|user| format!("--approver {user}")),
        );
        flags
    }
}

/// A stage that somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StageWish {
    pub(crate) name: StageName,
    pub(crate) cluster: ClusterName,
    pub(crate) service: ServiceName,
    pub(crate) region: Option<Region>,
    /// The role in another account.
    pub(crate) role: Option<Role>,
    /// The containers that get the image; found by their images where none is named.
    pub(crate) containers: Vec<ContainerName>,
}

/// `NAME=CLUSTER/SERVICE`.
pub(crate) fn stage(text: &str) -> Result<StageWish, String> {
    let form = "write a stage as NAME=CLUSTER/SERVICE, such as production=shop/api";
    let (name, service) = text.split_once('=').ok_or(form)?;
    let (cluster, service) = service.split_once('/').ok_or(form)?;
    Ok(StageWish {
        name: parsed(name)?,
        cluster: parsed(cluster)?,
        service: parsed(service)?,
        region: None,
        role: None,
        containers: Vec::new(),
    })
}

/// `ARN`, or `ARN,EXTERNAL_ID`.
pub(crate) fn role(text: &str) -> Result<Role, String> {
    let (arn, external_id) = match text.split_once(',') {
        Some((arn, id)) if !id.is_empty() => (arn, Some(id.to_owned())),
        Some((arn, _)) => (arn, None),
        None => (text, None),
    };
    Ok(Role {
        arn: parsed(arn)?,
        external_id,
    })
}

/// A region that AWS may have.
pub(crate) fn region(text: &str) -> Result<Region, String> {
    let region: Region = parsed(text)?;
    if Partition::has_region(region.as_str()) {
        Ok(region)
    } else {
        Err(format!(
            "AWS has no region `{region}`: write its code, such as eu-central-1"
        ))
    }
}

/// `STAGE=VALUE`.
pub(crate) fn of_stage<T>(
    read: impl Fn(&str) -> Result<T, String>,
) -> impl Fn(&str) -> Result<(StageName, T), String> {
    move |text| {
        let form = "write STAGE=VALUE, with the name of a --stage";
        let (stage, value) = text.split_once('=').ok_or(form)?;
        Ok((parsed(stage)?, read(value)?))
    }
}

/// A name, or why the text is none.
pub(crate) fn parsed<T>(text: &str) -> Result<T, String>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    text.trim()
        .parse()
        .map_err(|error: T::Err| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ECR: &str = "111111111111.dkr.ecr.eu-west-1.amazonaws.com";

    #[test]
    fn a_region_that_aws_cannot_have_is_refused() {
        assert!(region("eu-central-1").is_ok());
        assert!(
            region("eu-cental-1")
                .unwrap_err()
                .contains("no region `eu-cental-1`")
        );
    }

    #[test]
    fn a_wish_is_told_as_flags() {
        let mut production = stage("production=shop/api").unwrap();
        let arn = "arn:aws:iam::222222222222:role/towpath-target";
        production.role = Some(role(&format!("{arn},from-us")).unwrap());
        production.region = Some("eu-west-1".parse().unwrap());
        production.containers = vec!["app".parse().unwrap()];
        let wish = Wish {
            pipeline: "shop-api".parse().unwrap(),
            registry: Some(ECR.parse().unwrap()),
            repository: "shop/api".parse().unwrap(),
            slack: Some("C0123456789".parse().unwrap()),
            approvers: vec!["U0123456789".parse().unwrap()],
            stages: vec![stage("test=shop-test/api").unwrap(), production],
        };
        assert_eq!(
            wish.flags().join(" "),
            format!(
                "--repository {ECR}/shop/api --stage test=shop-test/api --stage production=shop/api \
                 --role production={arn},'from-us' --region-of production=eu-west-1 --container \
                 production=app --slack C0123456789 --approver U0123456789"
            )
        );
    }

    #[test]
    fn stages_and_roles_are_read_from_one_word_each() {
        let production = stage("production=shop/api").unwrap();
        assert_eq!(production.cluster.as_str(), "shop");
        assert_eq!(production.service.as_str(), "api");
        assert!(
            stage("production")
                .unwrap_err()
                .contains("NAME=CLUSTER/SERVICE")
        );
        assert!(
            stage("PRODUCTION=shop/api")
                .unwrap_err()
                .contains("PRODUCTION")
        );

        let arn = "arn:aws:iam::222222222222:role/towpath-target";
        let given = role(&format!("{arn},from-us")).unwrap();
        assert_eq!(given.external_id.as_deref(), Some("from-us"));
        assert_eq!(role(arn).unwrap().external_id, None);
        let (stage, _) = of_stage(role)(&format!("production={arn}")).unwrap();
        assert_eq!(stage.as_str(), "production");
        assert!(of_stage(role)(arn).is_err());
    }
}
