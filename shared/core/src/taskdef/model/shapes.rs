//! The shapes of task definitions. Made by `scripts/update-model` from botocore 1.44.5; do not edit.

use super::{Shape, Structure};

pub(crate) static CONTAINER_DEFINITION: Structure = Structure {
    name: "ContainerDefinition",
    members: &[
        ("name", Shape::Scalar),
        ("image", Shape::Scalar),
        (
            "repositoryCredentials",
            Shape::Structure(&REPOSITORY_CREDENTIALS),
        ),
        ("cpu", Shape::Scalar),
        ("memory", Shape::Scalar),
        ("memoryReservation", Shape::Scalar),
        ("links", Shape::List(&Shape::Scalar)),
        (
            "portMappings",
            Shape::List(&Shape::Structure(&PORT_MAPPING)),
        ),
        ("essential", Shape::Scalar),
        ("restartPolicy", Shape::Structure(&CONTAINER_RESTART_POLICY)),
        ("entryPoint", Shape::List(&Shape::Scalar)),
        ("command", Shape::List(&Shape::Scalar)),
        (
            "environment",
            Shape::List(&Shape::Structure(&KEY_VALUE_PAIR)),
        ),
        (
            "environmentFiles",
            Shape::List(&Shape::Structure(&ENVIRONMENT_FILE)),
        ),
        ("mountPoints", Shape::List(&Shape::Structure(&MOUNT_POINT))),
        ("volumesFrom", Shape::List(&Shape::Structure(&VOLUME_FROM))),
        ("linuxParameters", Shape::Structure(&LINUX_PARAMETERS)),
        ("secrets", Shape::List(&Shape::Structure(&SECRET))),
        (
            "dependsOn",
            Shape::List(&Shape::Structure(&CONTAINER_DEPENDENCY)),
        ),
        ("startTimeout", Shape::Scalar),
        ("stopTimeout", Shape::Scalar),
        ("versionConsistency", Shape::Scalar),
        ("hostname", Shape::Scalar),
        ("user", Shape::Scalar),
        ("workingDirectory", Shape::Scalar),
        ("disableNetworking", Shape::Scalar),
        ("privileged", Shape::Scalar),
        ("readonlyRootFilesystem", Shape::Scalar),
        ("dnsServers", Shape::List(&Shape::Scalar)),
        ("dnsSearchDomains", Shape::List(&Shape::Scalar)),
        ("extraHosts", Shape::List(&Shape::Structure(&HOST_ENTRY))),
        ("dockerSecurityOptions", Shape::List(&Shape::Scalar)),
        ("interactive", Shape::Scalar),
        ("pseudoTerminal", Shape::Scalar),
        ("dockerLabels", Shape::Map(&Shape::Scalar)),
        ("ulimits", Shape::List(&Shape::Structure(&ULIMIT))),
        ("logConfiguration", Shape::Structure(&LOG_CONFIGURATION)),
        ("healthCheck", Shape::Structure(&HEALTH_CHECK)),
        (
            "systemControls",
            Shape::List(&Shape::Structure(&SYSTEM_CONTROL)),
        ),
        (
            "resourceRequirements",
            Shape::List(&Shape::Structure(&RESOURCE_REQUIREMENT)),
        ),
        (
            "firelensConfiguration",
            Shape::Structure(&FIRELENS_CONFIGURATION),
        ),
        ("credentialSpecs", Shape::List(&Shape::Scalar)),
    ],
};

pub(crate) static CONTAINER_DEPENDENCY: Structure = Structure {
    name: "ContainerDependency",
    members: &[
        ("containerName", Shape::Scalar),
        ("condition", Shape::Scalar),
    ],
};

pub(crate) static CONTAINER_RESTART_POLICY: Structure = Structure {
    name: "ContainerRestartPolicy",
    members: &[
        ("enabled", Shape::Scalar),
        ("ignoredExitCodes", Shape::List(&Shape::Scalar)),
        ("restartAttemptPeriod", Shape::Scalar),
    ],
};

pub(crate) static DEVICE: Structure = Structure {
    name: "Device",
    members: &[
        ("hostPath", Shape::Scalar),
        ("containerPath", Shape::Scalar),
        ("permissions", Shape::List(&Shape::Scalar)),
    ],
};

pub(crate) static DOCKER_VOLUME_CONFIGURATION: Structure = Structure {
    name: "DockerVolumeConfiguration",
    members: &[
        ("scope", Shape::Scalar),
        ("autoprovision", Shape::Scalar),
        ("driver", Shape::Scalar),
        ("driverOpts", Shape::Map(&Shape::Scalar)),
        ("labels", Shape::Map(&Shape::Scalar)),
    ],
};

pub(crate) static EFS_AUTHORIZATION_CONFIG: Structure = Structure {
    name: "EFSAuthorizationConfig",
    members: &[("accessPointId", Shape::Scalar), ("iam", Shape::Scalar)],
};

pub(crate) static EFS_VOLUME_CONFIGURATION: Structure = Structure {
    name: "EFSVolumeConfiguration",
    members: &[
        ("fileSystemId", Shape::Scalar),
        ("rootDirectory", Shape::Scalar),
        ("transitEncryption", Shape::Scalar),
        ("transitEncryptionPort", Shape::Scalar),
        (
            "authorizationConfig",
            Shape::Structure(&EFS_AUTHORIZATION_CONFIG),
        ),
    ],
};

pub(crate) static ENVIRONMENT_FILE: Structure = Structure {
    name: "EnvironmentFile",
    members: &[("value", Shape::Scalar), ("type", Shape::Scalar)],
};

pub(crate) static EPHEMERAL_STORAGE: Structure = Structure {
    name: "EphemeralStorage",
    members: &[("sizeInGiB", Shape::Scalar)],
};

pub(crate) static F_SX_WINDOWS_FILE_SERVER_AUTHORIZATION_CONFIG: Structure = Structure {
    name: "FSxWindowsFileServerAuthorizationConfig",
    members: &[
        ("credentialsParameter", Shape::Scalar),
        ("domain", Shape::Scalar),
    ],
};

pub(crate) static F_SX_WINDOWS_FILE_SERVER_VOLUME_CONFIGURATION: Structure = Structure {
    name: "FSxWindowsFileServerVolumeConfiguration",
    members: &[
        ("fileSystemId", Shape::Scalar),
        ("rootDirectory", Shape::Scalar),
        (
            "authorizationConfig",
            Shape::Structure(&F_SX_WINDOWS_FILE_SERVER_AUTHORIZATION_CONFIG),
        ),
    ],
};

pub(crate) static FIRELENS_CONFIGURATION: Structure = Structure {
    name: "FirelensConfiguration",
    members: &[
        ("type", Shape::Scalar),
        ("options", Shape::Map(&Shape::Scalar)),
    ],
};

pub(crate) static HEALTH_CHECK: Structure = Structure {
    name: "HealthCheck",
    members: &[
        ("command", Shape::List(&Shape::Scalar)),
        ("interval", Shape::Scalar),
        ("timeout", Shape::Scalar),
        ("retries", Shape::Scalar),
        ("startPeriod", Shape::Scalar),
    ],
};

pub(crate) static HOST_ENTRY: Structure = Structure {
    name: "HostEntry",
    members: &[("hostname", Shape::Scalar), ("ipAddress", Shape::Scalar)],
};

pub(crate) static HOST_VOLUME_PROPERTIES: Structure = Structure {
    name: "HostVolumeProperties",
    members: &[("sourcePath", Shape::Scalar)],
};

pub(crate) static INFERENCE_ACCELERATOR: Structure = Structure {
    name: "InferenceAccelerator",
    members: &[("deviceName", Shape::Scalar), ("deviceType", Shape::Scalar)],
};

pub(crate) static KERNEL_CAPABILITIES: Structure = Structure {
    name: "KernelCapabilities",
    members: &[
        ("add", Shape::List(&Shape::Scalar)),
        ("drop", Shape::List(&Shape::Scalar)),
    ],
};

pub(crate) static KEY_VALUE_PAIR: Structure = Structure {
    name: "KeyValuePair",
    members: &[("name", Shape::Scalar), ("value", Shape::Scalar)],
};

pub(crate) static LINUX_PARAMETERS: Structure = Structure {
    name: "LinuxParameters",
    members: &[
        ("capabilities", Shape::Structure(&KERNEL_CAPABILITIES)),
        ("devices", Shape::List(&Shape::Structure(&DEVICE))),
        ("initProcessEnabled", Shape::Scalar),
        ("sharedMemorySize", Shape::Scalar),
        ("tmpfs", Shape::List(&Shape::Structure(&TMPFS))),
        ("maxSwap", Shape::Scalar),
        ("swappiness", Shape::Scalar),
    ],
};

pub(crate) static LOG_CONFIGURATION: Structure = Structure {
    name: "LogConfiguration",
    members: &[
        ("logDriver", Shape::Scalar),
        ("options", Shape::Map(&Shape::Scalar)),
        ("secretOptions", Shape::List(&Shape::Structure(&SECRET))),
    ],
};

pub(crate) static MOUNT_POINT: Structure = Structure {
    name: "MountPoint",
    members: &[
        ("sourceVolume", Shape::Scalar),
        ("containerPath", Shape::Scalar),
        ("readOnly", Shape::Scalar),
    ],
};

pub(crate) static NVIDIA_MPS_ALLOCATION: Structure = Structure {
    name: "NvidiaMpsAllocation",
    members: &[
        ("memory", Shape::Scalar),
        ("maxComputePercent", Shape::Scalar),
    ],
};

pub(crate) static PORT_MAPPING: Structure = Structure {
    name: "PortMapping",
    members: &[
        ("containerPort", Shape::Scalar),
        ("hostPort", Shape::Scalar),
        ("protocol", Shape::Scalar),
        ("name", Shape::Scalar),
        ("appProtocol", Shape::Scalar),
        ("containerPortRange", Shape::Scalar),
    ],
};

pub(crate) static PROXY_CONFIGURATION: Structure = Structure {
    name: "ProxyConfiguration",
    members: &[
        ("type", Shape::Scalar),
        ("containerName", Shape::Scalar),
        (
            "properties",
            Shape::List(&Shape::Structure(&KEY_VALUE_PAIR)),
        ),
    ],
};

pub(crate) static REGISTER_TASK_DEFINITION_REQUEST: Structure = Structure {
    name: "RegisterTaskDefinitionRequest",
    members: &[
        ("family", Shape::Scalar),
        ("taskRoleArn", Shape::Scalar),
        ("executionRoleArn", Shape::Scalar),
        ("networkMode", Shape::Scalar),
        (
            "containerDefinitions",
            Shape::List(&Shape::Structure(&CONTAINER_DEFINITION)),
        ),
        ("volumes", Shape::List(&Shape::Structure(&VOLUME))),
        (
            "placementConstraints",
            Shape::List(&Shape::Structure(&TASK_DEFINITION_PLACEMENT_CONSTRAINT)),
        ),
        ("requiresCompatibilities", Shape::List(&Shape::Scalar)),
        ("cpu", Shape::Scalar),
        ("memory", Shape::Scalar),
        ("tags", Shape::List(&Shape::Structure(&TAG))),
        ("pidMode", Shape::Scalar),
        ("ipcMode", Shape::Scalar),
        ("proxyConfiguration", Shape::Structure(&PROXY_CONFIGURATION)),
        (
            "inferenceAccelerators",
            Shape::List(&Shape::Structure(&INFERENCE_ACCELERATOR)),
        ),
        ("ephemeralStorage", Shape::Structure(&EPHEMERAL_STORAGE)),
        ("runtimePlatform", Shape::Structure(&RUNTIME_PLATFORM)),
        ("enableFaultInjection", Shape::Scalar),
        (
            "trustedExecutionConfiguration",
            Shape::Structure(&TRUSTED_EXECUTION_CONFIGURATION),
        ),
    ],
};

pub(crate) static REPOSITORY_CREDENTIALS: Structure = Structure {
    name: "RepositoryCredentials",
    members: &[("credentialsParameter", Shape::Scalar)],
};

pub(crate) static RESOURCE_REQUIREMENT: Structure = Structure {
    name: "ResourceRequirement",
    members: &[
        ("value", Shape::Scalar),
        ("type", Shape::Scalar),
        ("sharingStrategy", Shape::Structure(&SHARING_STRATEGY)),
    ],
};

pub(crate) static RUNTIME_PLATFORM: Structure = Structure {
    name: "RuntimePlatform",
    members: &[
        ("cpuArchitecture", Shape::Scalar),
        ("operatingSystemFamily", Shape::Scalar),
    ],
};

pub(crate) static S3_FILES_VOLUME_CONFIGURATION: Structure = Structure {
    name: "S3FilesVolumeConfiguration",
    members: &[
        ("fileSystemArn", Shape::Scalar),
        ("rootDirectory", Shape::Scalar),
        ("transitEncryptionPort", Shape::Scalar),
        ("accessPointArn", Shape::Scalar),
    ],
};

pub(crate) static SECRET: Structure = Structure {
    name: "Secret",
    members: &[("name", Shape::Scalar), ("valueFrom", Shape::Scalar)],
};

pub(crate) static SHARING_STRATEGY: Structure = Structure {
    name: "SharingStrategy",
    members: &[("nvidiaMps", Shape::Structure(&NVIDIA_MPS_ALLOCATION))],
};

pub(crate) static SYSTEM_CONTROL: Structure = Structure {
    name: "SystemControl",
    members: &[("namespace", Shape::Scalar), ("value", Shape::Scalar)],
};

pub(crate) static TAG: Structure = Structure {
    name: "Tag",
    members: &[("key", Shape::Scalar), ("value", Shape::Scalar)],
};

pub(crate) static TASK_DEFINITION_PLACEMENT_CONSTRAINT: Structure = Structure {
    name: "TaskDefinitionPlacementConstraint",
    members: &[("type", Shape::Scalar), ("expression", Shape::Scalar)],
};

pub(crate) static TMPFS: Structure = Structure {
    name: "Tmpfs",
    members: &[
        ("containerPath", Shape::Scalar),
        ("size", Shape::Scalar),
        ("mountOptions", Shape::List(&Shape::Scalar)),
    ],
};

pub(crate) static TRUSTED_EXECUTION_CONFIGURATION: Structure = Structure {
    name: "TrustedExecutionConfiguration",
    members: &[
        ("isolationMode", Shape::Scalar),
        ("attestationPolicy", Shape::Scalar),
    ],
};

pub(crate) static ULIMIT: Structure = Structure {
    name: "Ulimit",
    members: &[
        ("name", Shape::Scalar),
        ("softLimit", Shape::Scalar),
        ("hardLimit", Shape::Scalar),
    ],
};

pub(crate) static VOLUME: Structure = Structure {
    name: "Volume",
    members: &[
        ("name", Shape::Scalar),
        ("host", Shape::Structure(&HOST_VOLUME_PROPERTIES)),
        (
            "dockerVolumeConfiguration",
            Shape::Structure(&DOCKER_VOLUME_CONFIGURATION),
        ),
        (
            "efsVolumeConfiguration",
            Shape::Structure(&EFS_VOLUME_CONFIGURATION),
        ),
        (
            "s3filesVolumeConfiguration",
            Shape::Structure(&S3_FILES_VOLUME_CONFIGURATION),
        ),
        (
            "fsxWindowsFileServerVolumeConfiguration",
            Shape::Structure(&F_SX_WINDOWS_FILE_SERVER_VOLUME_CONFIGURATION),
        ),
        ("configuredAtLaunch", Shape::Scalar),
    ],
};

pub(crate) static VOLUME_FROM: Structure = Structure {
    name: "VolumeFrom",
    members: &[
        ("sourceContainer", Shape::Scalar),
        ("readOnly", Shape::Scalar),
    ],
};
