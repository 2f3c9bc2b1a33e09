//! What makes no difference to ECS: the order of some lists, and the values it fills in itself.
//!
//! Each default is documented in the
//! [API reference](https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html)
//! of its structure. A list is unordered here only if no order of it can have an effect:
//! `environmentFiles`, `dnsServers`, `extraHosts`, `command` and the like stay as they are written.

use serde_json::{Map, Value};

use crate::size;

/// How the elements of a list are compared.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Order {
    /// The order means something, or nobody knows.
    AsWritten,
    /// Elements are told apart by this field.
    By(&'static str),
    /// Elements are told apart by all they are.
    Whole,
}

/// A value that is the same as nothing.
#[derive(Debug, Clone, Copy)]
enum FilledIn {
    /// There is none.
    Nothing,
    Number(u64),
    Bool(bool),
    Text(&'static str),
    /// A host port that the network mode gives a container port anyway.
    HostPort,
}

/// A size that may be written with a unit.
#[derive(Debug, Clone, Copy)]
enum Unit {
    Nothing,
    Cpu,
    Memory,
}

/// What makes no difference in one member of a structure.
#[derive(Debug, Clone, Copy)]
pub(super) struct MemberRule {
    pub(super) order: Order,
    filled_in: FilledIn,
    unit: Unit,
}

/// The rules of a structure, by member.
pub(super) type Rules = &'static [(&'static str, MemberRule)];

const NO_RULE: MemberRule = MemberRule {
    order: Order::AsWritten,
    filled_in: FilledIn::Nothing,
    unit: Unit::Nothing,
};

const fn by(field: &'static str) -> MemberRule {
    MemberRule {
        order: Order::By(field),
        ..NO_RULE
    }
}

const SET: MemberRule = MemberRule {
    order: Order::Whole,
    ..NO_RULE
};

const fn filled_in(filled_in: FilledIn) -> MemberRule {
    MemberRule {
        filled_in,
        ..NO_RULE
    }
}

const fn number(number: u64) -> MemberRule {
    filled_in(FilledIn::Number(number))
}

const fn bool(bool: bool) -> MemberRule {
    filled_in(FilledIn::Bool(bool))
}

const fn text(text: &'static str) -> MemberRule {
    filled_in(FilledIn::Text(text))
}

const fn size(unit: Unit) -> MemberRule {
    MemberRule { unit, ..NO_RULE }
}

/// All rules, by structure.
const RULES: &[(&str, Rules)] = &[
    (
        "RegisterTaskDefinitionRequest",
        &[
            ("containerDefinitions", by("name")),
            ("cpu", size(Unit::Cpu)),
            ("enableFaultInjection", bool(false)),
            ("inferenceAccelerators", by("deviceName")),
            ("memory", size(Unit::Memory)),
            ("networkMode", text("bridge")),
            ("placementConstraints", SET),
            ("requiresCompatibilities", SET),
            ("tags", by("key")),
            ("volumes", by("name")),
        ],
    ),
    (
        "ContainerDefinition",
        &[
            ("cpu", number(0)),
            ("dependsOn", by("containerName")),
            ("environment", by("name")),
            ("essential", bool(true)),
            ("mountPoints", by("containerPath")),
            ("portMappings", SET),
            ("resourceRequirements", SET),
            ("secrets", by("name")),
            ("systemControls", by("namespace")),
            ("ulimits", by("name")),
            ("versionConsistency", text("enabled")),
        ],
    ),
    (
        "ContainerRestartPolicy",
        &[
            ("ignoredExitCodes", SET),
            ("restartAttemptPeriod", number(300)),
        ],
    ),
    ("Device", &[("permissions", SET)]),
    ("EFSAuthorizationConfig", &[("iam", text("DISABLED"))]),
    (
        "EFSVolumeConfiguration",
        &[
            ("rootDirectory", text("/")),
            ("transitEncryption", text("DISABLED")),
        ],
    ),
    (
        "HealthCheck",
        &[
            ("interval", number(30)),
            ("retries", number(3)),
            ("timeout", number(5)),
        ],
    ),
    ("KernelCapabilities", &[("add", SET), ("drop", SET)]),
    (
        "LinuxParameters",
        &[
            ("devices", SET),
            ("swappiness", number(60)),
            ("tmpfs", by("containerPath")),
        ],
    ),
    ("LogConfiguration", &[("secretOptions", by("name"))]),
    ("MountPoint", &[("readOnly", bool(false))]),
    (
        "PortMapping",
        &[
            ("hostPort", filled_in(FilledIn::HostPort)),
            ("protocol", text("tcp")),
        ],
    ),
    ("ProxyConfiguration", &[("properties", by("name"))]),
    (
        "S3FilesVolumeConfiguration",
        &[("rootDirectory", text("/"))],
    ),
    ("VolumeFrom", &[("readOnly", bool(false))]),
];

/// The rules of a structure, by its name.
pub(super) fn of(structure: &str) -> Rules {
    let found = RULES.iter().find(|(name, _)| *name == structure);
    found.map_or(&[], |(_, rules)| rules)
}

/// The rule of a member.
pub(super) fn of_member(rules: Rules, member: &str) -> MemberRule {
    let found = rules.iter().find(|(name, _)| *name == member);
    found.map_or(NO_RULE, |(_, rule)| *rule)
}

/// Whether, and by what, a list is unordered.
pub(crate) fn order(structure: &str, member: &str) -> Order {
    of_member(of(structure), member).order
}

/// What a rule may need to know of the rest of the document.
pub(super) struct Surroundings<'a> {
    network_mode: Option<&'a str>,
}

impl<'a> Surroundings<'a> {
    pub(super) fn of(document: &'a Map<String, Value>) -> Self {
        Self {
            network_mode: document.get("networkMode").and_then(Value::as_str),
        }
    }
}

impl MemberRule {
    /// Whether a value says only what ECS assumes, or fills in, where there is none.
    pub(super) fn is_filled_in(
        self,
        value: &Value,
        siblings: &Map<String, Value>,
        surroundings: &Surroundings<'_>,
    ) -> bool {
        match self.filled_in {
            FilledIn::Nothing => false,
            FilledIn::Number(number) => value.as_u64() == Some(number),
            FilledIn::Bool(bool) => value.as_bool() == Some(bool),
            FilledIn::Text(text) => value.as_str() == Some(text),
            // In bridge mode 0, like nothing, is a port that Docker picks.
            FilledIn::HostPort => {
                let is_mapped = matches!(surroundings.network_mode, Some("awsvpc" | "host"));
                value.as_u64() == Some(0)
                    || (is_mapped && siblings.get("containerPort") == Some(value))
            }
        }
    }

    /// The number that ECS makes of a size: CPU units or MiB.
    pub(super) fn normalised(self, value: &Value) -> Option<u64> {
        match self.unit {
            Unit::Nothing => None,
            Unit::Cpu => size::cpu_units(value.as_str()?),
            Unit::Memory => size::mebibytes(value.as_str()?),
        }
    }
}

/// Every structure and member that a rule names, for the check against the model.
#[cfg(test)]
pub(crate) fn named() -> impl Iterator<Item = (&'static str, &'static str)> {
    RULES
        .iter()
        .flat_map(|(structure, rules)| rules.iter().map(|(member, _)| (*structure, *member)))
}
