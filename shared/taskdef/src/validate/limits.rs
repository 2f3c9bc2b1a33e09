//! Limits that ECS documents in words and its model does not say, each with its page.

/// Where a number lies, by structure and member, least and most.
const NUMBERS: [(&str, &str, i64, i64); 14] = [
    // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
    ("ContainerDefinition", "cpu", 0, i64::MAX),
    ("ContainerDefinition", "memory", 1, i64::MAX),
    ("ContainerDefinition", "memoryReservation", 1, i64::MAX),
    ("ContainerDefinition", "startTimeout", 0, i64::MAX),
    ("ContainerDefinition", "stopTimeout", 0, i64::MAX),
    // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html
    ("PortMapping", "containerPort", 1, 65_535),
    ("PortMapping", "hostPort", 0, 65_535),
    // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
    ("HealthCheck", "interval", 5, 300),
    ("HealthCheck", "timeout", 2, 60),
    ("HealthCheck", "retries", 1, 10),
    ("HealthCheck", "startPeriod", 0, 300),
    // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EphemeralStorage.html
    ("EphemeralStorage", "sizeInGiB", 20, 200),
    // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerRestartPolicy.html
    ("ContainerRestartPolicy", "restartAttemptPeriod", 60, 1_800),
    // https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LinuxParameters.html
    ("LinuxParameters", "swappiness", 0, 100),
];

/// Names of something else, which name nothing when they are empty.
const NAMES: [(&str, &str); 8] = [
    ("RegisterTaskDefinitionRequest", "taskRoleArn"),
    ("RegisterTaskDefinitionRequest", "executionRoleArn"),
    ("RepositoryCredentials", "credentialsParameter"),
    ("KeyValuePair", "name"),
    ("Secret", "name"),
    ("Secret", "valueFrom"),
    ("ContainerDependency", "containerName"),
    ("EnvironmentFile", "value"),
];

pub(super) fn of(structure: &str, member: &str) -> Option<(i64, i64)> {
    let known = NUMBERS.iter();
    known
        .filter(|(of, name, ..)| (*of, *name) == (structure, member))
        .map(|(_, _, least, most)| (*least, *most))
        .next()
}

pub(super) fn is_name(structure: &str, member: &str) -> bool {
    NAMES.contains(&(structure, member))
}

/// Every field that is named here.
#[cfg(test)]
pub(crate) fn named() -> impl Iterator<Item = (&'static str, &'static str)> {
    let numbers = NUMBERS
        .iter()
        .map(|(structure, member, ..)| (*structure, *member));
    numbers.chain(NAMES)
}
