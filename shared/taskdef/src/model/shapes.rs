//! The shapes of task definitions. Made by `scripts/update-model` from botocore 1.44.5; do not edit.

use super::{BOOLEAN, INTEGER, Scalar, Shape, Structure, TEXT};

pub(crate) static CONTAINER_DEFINITION: Structure = Structure {
    name: "ContainerDefinition",
    required: &[],
    members: &[
        ("name", TEXT),
        ("image", TEXT),
        (
            "repositoryCredentials",
            Shape::Structure(&REPOSITORY_CREDENTIALS),
        ),
        ("cpu", INTEGER),
        ("memory", INTEGER),
        ("memoryReservation", INTEGER),
        ("links", Shape::List(&TEXT)),
        (
            "portMappings",
            Shape::List(&Shape::Structure(&PORT_MAPPING)),
        ),
        ("essential", BOOLEAN),
        ("restartPolicy", Shape::Structure(&CONTAINER_RESTART_POLICY)),
        ("entryPoint", Shape::List(&TEXT)),
        ("command", Shape::List(&TEXT)),
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
        ("startTimeout", INTEGER),
        ("stopTimeout", INTEGER),
        (
            "versionConsistency",
            Shape::Scalar(Scalar::OneOf(&["enabled", "disabled"])),
        ),
        ("hostname", TEXT),
        ("user", TEXT),
        ("workingDirectory", TEXT),
        ("disableNetworking", BOOLEAN),
        ("privileged", BOOLEAN),
        ("readonlyRootFilesystem", BOOLEAN),
        ("dnsServers", Shape::List(&TEXT)),
        ("dnsSearchDomains", Shape::List(&TEXT)),
        ("extraHosts", Shape::List(&Shape::Structure(&HOST_ENTRY))),
        ("dockerSecurityOptions", Shape::List(&TEXT)),
        ("interactive", BOOLEAN),
        ("pseudoTerminal", BOOLEAN),
        ("dockerLabels", Shape::Map(&TEXT)),
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
        ("credentialSpecs", Shape::List(&TEXT)),
    ],
};

pub(crate) static CONTAINER_DEPENDENCY: Structure = Structure {
    name: "ContainerDependency",
    required: &["containerName", "condition"],
    members: &[
        ("containerName", TEXT),
        (
            "condition",
            Shape::Scalar(Scalar::OneOf(&["START", "COMPLETE", "SUCCESS", "HEALTHY"])),
        ),
    ],
};

pub(crate) static CONTAINER_RESTART_POLICY: Structure = Structure {
    name: "ContainerRestartPolicy",
    required: &["enabled"],
    members: &[
        ("enabled", BOOLEAN),
        ("ignoredExitCodes", Shape::List(&INTEGER)),
        ("restartAttemptPeriod", INTEGER),
    ],
};

pub(crate) static DEVICE: Structure = Structure {
    name: "Device",
    required: &["hostPath"],
    members: &[
        ("hostPath", TEXT),
        ("containerPath", TEXT),
        (
            "permissions",
            Shape::List(&Shape::Scalar(Scalar::OneOf(&["read", "write", "mknod"]))),
        ),
    ],
};

pub(crate) static DOCKER_VOLUME_CONFIGURATION: Structure = Structure {
    name: "DockerVolumeConfiguration",
    required: &[],
    members: &[
        ("scope", Shape::Scalar(Scalar::OneOf(&["task", "shared"]))),
        ("autoprovision", BOOLEAN),
        ("driver", TEXT),
        ("driverOpts", Shape::Map(&TEXT)),
        ("labels", Shape::Map(&TEXT)),
    ],
};

pub(crate) static EFS_AUTHORIZATION_CONFIG: Structure = Structure {
    name: "EFSAuthorizationConfig",
    required: &[],
    members: &[
        ("accessPointId", TEXT),
        (
            "iam",
            Shape::Scalar(Scalar::OneOf(&["ENABLED", "DISABLED"])),
        ),
    ],
};

pub(crate) static EFS_VOLUME_CONFIGURATION: Structure = Structure {
    name: "EFSVolumeConfiguration",
    required: &["fileSystemId"],
    members: &[
        ("fileSystemId", TEXT),
        ("rootDirectory", TEXT),
        (
            "transitEncryption",
            Shape::Scalar(Scalar::OneOf(&["ENABLED", "DISABLED"])),
        ),
        ("transitEncryptionPort", INTEGER),
        (
            "authorizationConfig",
            Shape::Structure(&EFS_AUTHORIZATION_CONFIG),
        ),
    ],
};

pub(crate) static ENVIRONMENT_FILE: Structure = Structure {
    name: "EnvironmentFile",
    required: &["value", "type"],
    members: &[
        ("value", TEXT),
        ("type", Shape::Scalar(Scalar::OneOf(&["s3"]))),
    ],
};

pub(crate) static EPHEMERAL_STORAGE: Structure = Structure {
    name: "EphemeralStorage",
    required: &["sizeInGiB"],
    members: &[("sizeInGiB", INTEGER)],
};

pub(crate) static F_SX_WINDOWS_FILE_SERVER_AUTHORIZATION_CONFIG: Structure = Structure {
    name: "FSxWindowsFileServerAuthorizationConfig",
    required: &["credentialsParameter", "domain"],
    members: &[("credentialsParameter", TEXT), ("domain", TEXT)],
};

pub(crate) static F_SX_WINDOWS_FILE_SERVER_VOLUME_CONFIGURATION: Structure = Structure {
    name: "FSxWindowsFileServerVolumeConfiguration",
    required: &["fileSystemId", "rootDirectory", "authorizationConfig"],
    members: &[
        ("fileSystemId", TEXT),
        ("rootDirectory", TEXT),
        (
            "authorizationConfig",
            Shape::Structure(&F_SX_WINDOWS_FILE_SERVER_AUTHORIZATION_CONFIG),
        ),
    ],
};

pub(crate) static FIRELENS_CONFIGURATION: Structure = Structure {
    name: "FirelensConfiguration",
    required: &["type"],
    members: &[
        (
            "type",
            Shape::Scalar(Scalar::OneOf(&["fluentd", "fluentbit"])),
        ),
        ("options", Shape::Map(&TEXT)),
    ],
};

pub(crate) static HEALTH_CHECK: Structure = Structure {
    name: "HealthCheck",
    required: &["command"],
    members: &[
        ("command", Shape::List(&TEXT)),
        ("interval", INTEGER),
        ("timeout", INTEGER),
        ("retries", INTEGER),
        ("startPeriod", INTEGER),
    ],
};

pub(crate) static HOST_ENTRY: Structure = Structure {
    name: "HostEntry",
    required: &["hostname", "ipAddress"],
    members: &[("hostname", TEXT), ("ipAddress", TEXT)],
};

pub(crate) static HOST_VOLUME_PROPERTIES: Structure = Structure {
    name: "HostVolumeProperties",
    required: &[],
    members: &[("sourcePath", TEXT)],
};

pub(crate) static INFERENCE_ACCELERATOR: Structure = Structure {
    name: "InferenceAccelerator",
    required: &["deviceName", "deviceType"],
    members: &[("deviceName", TEXT), ("deviceType", TEXT)],
};

pub(crate) static KERNEL_CAPABILITIES: Structure = Structure {
    name: "KernelCapabilities",
    required: &[],
    members: &[("add", Shape::List(&TEXT)), ("drop", Shape::List(&TEXT))],
};

pub(crate) static KEY_VALUE_PAIR: Structure = Structure {
    name: "KeyValuePair",
    required: &[],
    members: &[("name", TEXT), ("value", TEXT)],
};

pub(crate) static LINUX_PARAMETERS: Structure = Structure {
    name: "LinuxParameters",
    required: &[],
    members: &[
        ("capabilities", Shape::Structure(&KERNEL_CAPABILITIES)),
        ("devices", Shape::List(&Shape::Structure(&DEVICE))),
        ("initProcessEnabled", BOOLEAN),
        ("sharedMemorySize", INTEGER),
        ("tmpfs", Shape::List(&Shape::Structure(&TMPFS))),
        ("maxSwap", INTEGER),
        ("swappiness", INTEGER),
    ],
};

pub(crate) static LOG_CONFIGURATION: Structure = Structure {
    name: "LogConfiguration",
    required: &["logDriver"],
    members: &[
        (
            "logDriver",
            Shape::Scalar(Scalar::OneOf(&[
                "json-file",
                "syslog",
                "journald",
                "gelf",
                "fluentd",
                "awslogs",
                "splunk",
                "awsfirelens",
            ])),
        ),
        ("options", Shape::Map(&TEXT)),
        ("secretOptions", Shape::List(&Shape::Structure(&SECRET))),
    ],
};

pub(crate) static MOUNT_POINT: Structure = Structure {
    name: "MountPoint",
    required: &[],
    members: &[
        ("sourceVolume", TEXT),
        ("containerPath", TEXT),
        ("readOnly", BOOLEAN),
    ],
};

pub(crate) static NVIDIA_MPS_ALLOCATION: Structure = Structure {
    name: "NvidiaMpsAllocation",
    required: &["memory"],
    members: &[
        (
            "memory",
            Shape::Scalar(Scalar::Integer {
                least: 1,
                most: 2_147_483_647,
            }),
        ),
        (
            "maxComputePercent",
            Shape::Scalar(Scalar::Integer {
                least: 1,
                most: 100,
            }),
        ),
    ],
};

pub(crate) static PORT_MAPPING: Structure = Structure {
    name: "PortMapping",
    required: &[],
    members: &[
        ("containerPort", INTEGER),
        ("hostPort", INTEGER),
        ("protocol", Shape::Scalar(Scalar::OneOf(&["tcp", "udp"]))),
        ("name", TEXT),
        (
            "appProtocol",
            Shape::Scalar(Scalar::OneOf(&["http", "http2", "grpc"])),
        ),
        ("containerPortRange", TEXT),
    ],
};

pub(crate) static PROXY_CONFIGURATION: Structure = Structure {
    name: "ProxyConfiguration",
    required: &["containerName"],
    members: &[
        ("type", Shape::Scalar(Scalar::OneOf(&["APPMESH"]))),
        ("containerName", TEXT),
        (
            "properties",
            Shape::List(&Shape::Structure(&KEY_VALUE_PAIR)),
        ),
    ],
};

pub(crate) static REGISTER_TASK_DEFINITION_REQUEST: Structure = Structure {
    name: "RegisterTaskDefinitionRequest",
    required: &["family", "containerDefinitions"],
    members: &[
        ("family", TEXT),
        ("taskRoleArn", TEXT),
        ("executionRoleArn", TEXT),
        (
            "networkMode",
            Shape::Scalar(Scalar::OneOf(&["bridge", "host", "awsvpc", "none"])),
        ),
        (
            "containerDefinitions",
            Shape::List(&Shape::Structure(&CONTAINER_DEFINITION)),
        ),
        ("volumes", Shape::List(&Shape::Structure(&VOLUME))),
        (
            "placementConstraints",
            Shape::List(&Shape::Structure(&TASK_DEFINITION_PLACEMENT_CONSTRAINT)),
        ),
        (
            "requiresCompatibilities",
            Shape::List(&Shape::Scalar(Scalar::OneOf(&[
                "EC2",
                "FARGATE",
                "EXTERNAL",
                "MANAGED_INSTANCES",
            ]))),
        ),
        ("cpu", TEXT),
        ("memory", TEXT),
        ("tags", Shape::List(&Shape::Structure(&TAG))),
        ("pidMode", Shape::Scalar(Scalar::OneOf(&["host", "task"]))),
        (
            "ipcMode",
            Shape::Scalar(Scalar::OneOf(&["host", "task", "none"])),
        ),
        ("proxyConfiguration", Shape::Structure(&PROXY_CONFIGURATION)),
        (
            "inferenceAccelerators",
            Shape::List(&Shape::Structure(&INFERENCE_ACCELERATOR)),
        ),
        ("ephemeralStorage", Shape::Structure(&EPHEMERAL_STORAGE)),
        ("runtimePlatform", Shape::Structure(&RUNTIME_PLATFORM)),
        ("enableFaultInjection", BOOLEAN),
        (
            "trustedExecutionConfiguration",
            Shape::Structure(&TRUSTED_EXECUTION_CONFIGURATION),
        ),
    ],
};

pub(crate) static REPOSITORY_CREDENTIALS: Structure = Structure {
    name: "RepositoryCredentials",
    required: &["credentialsParameter"],
    members: &[("credentialsParameter", TEXT)],
};

pub(crate) static RESOURCE_REQUIREMENT: Structure = Structure {
    name: "ResourceRequirement",
    required: &["type"],
    members: &[
        ("value", TEXT),
        (
            "type",
            Shape::Scalar(Scalar::OneOf(&[
                "GPU",
                "InferenceAccelerator",
                "NeuronDevice",
            ])),
        ),
        ("sharingStrategy", Shape::Structure(&SHARING_STRATEGY)),
    ],
};

pub(crate) static RUNTIME_PLATFORM: Structure = Structure {
    name: "RuntimePlatform",
    required: &[],
    members: &[
        (
            "cpuArchitecture",
            Shape::Scalar(Scalar::OneOf(&["X86_64", "ARM64"])),
        ),
        (
            "operatingSystemFamily",
            Shape::Scalar(Scalar::OneOf(&[
                "WINDOWS_SERVER_2019_FULL",
                "WINDOWS_SERVER_2019_CORE",
                "WINDOWS_SERVER_2016_FULL",
                "WINDOWS_SERVER_2004_CORE",
                "WINDOWS_SERVER_2022_CORE",
                "WINDOWS_SERVER_2022_FULL",
                "WINDOWS_SERVER_2025_CORE",
                "WINDOWS_SERVER_2025_FULL",
                "WINDOWS_SERVER_20H2_CORE",
                "LINUX",
            ])),
        ),
    ],
};

pub(crate) static S3_FILES_VOLUME_CONFIGURATION: Structure = Structure {
    name: "S3FilesVolumeConfiguration",
    required: &["fileSystemArn"],
    members: &[
        ("fileSystemArn", TEXT),
        ("rootDirectory", TEXT),
        ("transitEncryptionPort", INTEGER),
        ("accessPointArn", TEXT),
    ],
};

pub(crate) static SECRET: Structure = Structure {
    name: "Secret",
    required: &["name", "valueFrom"],
    members: &[("name", TEXT), ("valueFrom", TEXT)],
};

pub(crate) static SHARING_STRATEGY: Structure = Structure {
    name: "SharingStrategy",
    required: &[],
    members: &[("nvidiaMps", Shape::Structure(&NVIDIA_MPS_ALLOCATION))],
};

pub(crate) static SYSTEM_CONTROL: Structure = Structure {
    name: "SystemControl",
    required: &[],
    members: &[("namespace", TEXT), ("value", TEXT)],
};

pub(crate) static TAG: Structure = Structure {
    name: "Tag",
    required: &[],
    members: &[("key", TEXT), ("value", TEXT)],
};

pub(crate) static TASK_DEFINITION_PLACEMENT_CONSTRAINT: Structure = Structure {
    name: "TaskDefinitionPlacementConstraint",
    required: &[],
    members: &[
        ("type", Shape::Scalar(Scalar::OneOf(&["memberOf"]))),
        ("expression", TEXT),
    ],
};

pub(crate) static TMPFS: Structure = Structure {
    name: "Tmpfs",
    required: &["containerPath", "size"],
    members: &[
        ("containerPath", TEXT),
        ("size", INTEGER),
        ("mountOptions", Shape::List(&TEXT)),
    ],
};

pub(crate) static TRUSTED_EXECUTION_CONFIGURATION: Structure = Structure {
    name: "TrustedExecutionConfiguration",
    required: &["isolationMode"],
    members: &[
        (
            "isolationMode",
            Shape::Scalar(Scalar::OneOf(&[
                "SHARED",
                "ISOLATED_SANDBOX",
                "CONFIDENTIAL_SANDBOX",
            ])),
        ),
        ("attestationPolicy", TEXT),
    ],
};

pub(crate) static ULIMIT: Structure = Structure {
    name: "Ulimit",
    required: &["name", "softLimit", "hardLimit"],
    members: &[
        (
            "name",
            Shape::Scalar(Scalar::OneOf(&[
                "core",
                "cpu",
                "data",
                "fsize",
                "locks",
                "memlock",
                "msgqueue",
                "nice",
                "nofile",
                "nproc",
                "rss",
                "rtprio",
                "rttime",
                "sigpending",
                "stack",
            ])),
        ),
        ("softLimit", INTEGER),
        ("hardLimit", INTEGER),
    ],
};

pub(crate) static VOLUME: Structure = Structure {
    name: "Volume",
    required: &[],
    members: &[
        ("name", TEXT),
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
        ("configuredAtLaunch", BOOLEAN),
    ],
};

pub(crate) static VOLUME_FROM: Structure = Structure {
    name: "VolumeFrom",
    required: &[],
    members: &[("sourceContainer", TEXT), ("readOnly", BOOLEAN)],
};
