//! Repositories and registries whose pushes nobody tells Towpath of.

use std::net::Ipv4Addr;

use towpath_taskdef::image::Registry;
use towpath_taskdef::repeated;

use crate::names::Partition;
use crate::pipeline::Pipeline;
use crate::pipeline::finding::Found;

/// Shortest name of a repository of ECR. Its other rules are those of every registry, since its model
/// has the pattern that takes `a__b` and `a--b`:
/// <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html>.
const MIN_LEN: usize = 2;

/// Registries that people pull from, and whose pushes nobody tells Towpath of.
const REGISTRIES: [&str; 23] = [
    "cgr.dev",
    "container-registry.oracle.com",
    "docker.elastic.co",
    "docker.io",
    "gcr.io",
    "ghcr.io",
    "hub.docker.com",
    "icr.io",
    "index.docker.io",
    "localhost",
    "lscr.io",
    "mcr.microsoft.com",
    "nvcr.io",
    "public.ecr.aws",
    "quay.io",
    "registry-1.docker.io",
    "registry.access.redhat.com",
    "registry.digitalocean.com",
    "registry.gitlab.com",
    "registry.hub.docker.com",
    "registry.k8s.io",
    "registry.redhat.io",
    "xpkg.upbound.io",
];

/// How the hosts of registries end that give each customer one.
const ENDS: [&str; 9] = [
    ".azurecr.cn",
    ".azurecr.io",
    ".docker.io",
    ".gcr.io",
    ".icr.io",
    ".jfrog.io",
    ".ocir.io",
    ".pkg.dev",
    ".scw.cloud",
];

pub(super) fn find(pipeline: &Pipeline, found: &mut Found) {
    repository(pipeline.repository.as_str(), found);
    if let Some(registry) = &pipeline.registry {
        self::registry(registry, found);
    }
}

fn repository(text: &str, found: &mut Found) {
    if text.len() < MIN_LEN {
        found.add(
            "repository",
            format!("`{text}` is too short: the repositories of ECR have names of {MIN_LEN} to 256 characters"),
            "write the name that ECR shows, such as `repository: shop`",
        );
        return;
    }
    let (host, rest) = match text.split_once('/') {
        Some((host, rest)) => (host, Some(rest)),
        None => (text, None),
    };
    // The deepest part of a name alone may be too short.
    let name = rest.map(|rest| rest.rsplit('/').next().unwrap_or(rest));
    let name = name.filter(|name| name.len() >= MIN_LEN).unwrap_or("shop");
    let rest = rest.filter(|rest| rest.len() >= MIN_LEN).unwrap_or(name);
    let Ok(registry) = host.parse::<Registry>() else {
        return;
    };
    let (shown, rest, name) = (repeated(host), repeated(rest), repeated(name));
    if registry
        .as_ecr()
        .is_some_and(|ecr| Partition::has_region(ecr.region))
    {
        found.add(
            "repository",
            format!("`{shown}` is a registry, and no part of the repository's name"),
            format!(
                "write `repository: {rest}`, and `registry: {shown}` if it is not the deployer's own"
            ),
        );
    } else if let Some(problem) = no_registry(host) {
        found.add(
            "repository",
            format!("`{shown}` {problem}"),
            format!("write `repository: {rest}` alone, or the registry's host as ECR shows it under `registry`"),
        );
    } else if is_elsewhere(host) {
        found.add(
            "repository",
            format!("`{shown}` is a registry whose pushes are not told: only those to ECR are"),
            format!(
                "push the image to ECR, and write that repository, such as `repository: {name}`"
            ),
        );
    }
}

/// What is wrong with a host that is nearly one of ECR's.
fn no_registry(host: &str) -> Option<String> {
    let is_near = [
        ".amazonaws.com",
        ".amazonaws.com.cn",
        ".amazonaws.eu",
        ".on.aws",
    ]
    .iter()
    .any(|end| host.ends_with(end));
    if !is_near {
        return None;
    }
    let (account, _) = host.split_once('.')?;
    let is_number = !account.is_empty() && account.bytes().all(|byte| byte.is_ascii_digit());
    Some(match is_number && account.len() != 12 {
        true => format!(
            "is no registry of ECR: its account `{account}` has {} digits, and not 12",
            account.len()
        ),
        false => "is no private registry of ECR".to_owned(),
    })
}

/// Whether a host, in small letters, is surely that of a registry whose pushes are not told.
#[must_use]
pub fn is_elsewhere(host: &str) -> bool {
    REGISTRIES.contains(&host)
        || ENDS.iter().any(|end| host.ends_with(end))
        || host.parse::<Ipv4Addr>().is_ok()
        || host
            .strip_prefix("registry.")
            .is_some_and(|rest| rest.contains('.'))
}

fn registry(registry: &Registry, found: &mut Found) {
    let host = registry.as_str();
    match registry.as_ecr() {
        None => found.add(
            "registry",
            match no_registry(host) {
                Some(problem) => format!("`{}` {problem}", repeated(host)),
                // Not repeated: in small letters, as it is kept, a secret is not known by its look.
                None => "this is no private registry of ECR, and only pushes to those are told".to_owned(),
            },
            "write one such as `111111111111.dkr.ecr.eu-west-1.amazonaws.com`, or leave `registry` out for the deployer's own",
        ),
        Some(ecr) if !Partition::has_region(ecr.region) => found.add(
            "registry",
            format!("`{}` is no region", repeated(ecr.region)),
            "write the registry's host as ECR shows it, such as `111111111111.dkr.ecr.eu-west-1.amazonaws.com`",
        ),
        Some(_) => {}
    }
}
