//! The rules by name, and which of them a release can break.

use serde::Serialize;

/// The rules, by the name under which a finding shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(
    missing_docs,
    reason = "each name says what is wrong, and findings say it at length"
)]
pub enum Rule {
    AwsvpcField,
    AwsvpcHostPort,
    ContainerName,
    ContainerNameTwice,
    ContainerSize,
    ContainersNone,
    ContainersTooMany,
    DependencyCycle,
    DependencyEssential,
    DependencyMissing,
    DependencyWithoutHealthCheck,
    EssentialNone,
    ExecutionRole,
    FamilyName,
    FargateField,
    FargateNetworkMode,
    FargateSize,
    FieldKind,
    FieldMissing,
    FieldName,
    FieldValue,
    FirelensMissing,
    HealthCheckCommand,
    ImageCredentials,
    ImageExecutionRole,
    ImageMissing,
    ImageMutableTag,
    ImageName,
    ImageRegistry,
    LinkMode,
    LogDriver,
    LogOption,
    MemoryMissing,
    MemoryReservation,
    MountPoint,
    PortMissing,
    PortRange,
    PortTwice,
    PortsWithoutNetwork,
    SizeTooLarge,
    Tag,
    TaskSize,
    VariableName,
    VariableSource,
    VariableTwice,
    VolumeKind,
    VolumeMissing,
    VolumeName,
    VolumeNameTwice,
}

impl Rule {
    /// Whether a definition that ECS has registered can break it with what a release sets in it:
    /// images, variables, labels and tags.
    pub(super) fn is_of_what_a_release_changes(self) -> bool {
        match self {
            Self::ImageCredentials
            | Self::ImageExecutionRole
            | Self::ImageMissing
            | Self::ImageMutableTag
            | Self::ImageName
            | Self::ImageRegistry
            | Self::SizeTooLarge
            | Self::Tag
            | Self::VariableName
            | Self::VariableTwice => true,
            Self::AwsvpcField
            | Self::AwsvpcHostPort
            | Self::ContainerName
            | Self::ContainerNameTwice
            | Self::ContainerSize
            | Self::ContainersNone
            | Self::ContainersTooMany
            | Self::DependencyCycle
            | Self::DependencyEssential
            | Self::DependencyMissing
            | Self::DependencyWithoutHealthCheck
            | Self::EssentialNone
            | Self::ExecutionRole
            | Self::FamilyName
            | Self::FargateField
            | Self::FargateNetworkMode
            | Self::FargateSize
            | Self::FieldKind
            | Self::FieldMissing
            | Self::FieldName
            | Self::FieldValue
            | Self::FirelensMissing
            | Self::HealthCheckCommand
            | Self::LinkMode
            | Self::LogDriver
            | Self::LogOption
            | Self::MemoryMissing
            | Self::MemoryReservation
            | Self::MountPoint
            | Self::PortMissing
            | Self::PortRange
            | Self::PortTwice
            | Self::PortsWithoutNetwork
            | Self::TaskSize
            | Self::VariableSource
            | Self::VolumeKind
            | Self::VolumeMissing
            | Self::VolumeName
            | Self::VolumeNameTwice => false,
        }
    }
}
