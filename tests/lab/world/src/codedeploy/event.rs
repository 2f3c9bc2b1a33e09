//! The lifecycle events of an ECS deployment.

use jiff::Timestamp;

/// The lifecycle events of an ECS deployment, in order.
/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    BeforeInstall,
    Install,
    AfterInstall,
    AllowTestTraffic,
    AfterAllowTestTraffic,
    BeforeAllowTraffic,
    AllowTraffic,
    AfterAllowTraffic,
}

impl Event {
    pub(super) const ALL: [Self; 8] = [
        Self::BeforeInstall,
        Self::Install,
        Self::AfterInstall,
        Self::AllowTestTraffic,
        Self::AfterAllowTestTraffic,
        Self::BeforeAllowTraffic,
        Self::AllowTraffic,
        Self::AfterAllowTraffic,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::BeforeInstall => "BeforeInstall",
            Self::Install => "Install",
            Self::AfterInstall => "AfterInstall",
            Self::AllowTestTraffic => "AllowTestTraffic",
            Self::AfterAllowTestTraffic => "AfterAllowTestTraffic",
            Self::BeforeAllowTraffic => "BeforeAllowTraffic",
            Self::AllowTraffic => "AllowTraffic",
            Self::AfterAllowTraffic => "AfterAllowTraffic",
        }
    }

    /// Whether a function may be run at it.
    fn is_hookable(self) -> bool {
        match self {
            Self::BeforeInstall
            | Self::AfterInstall
            | Self::AfterAllowTestTraffic
            | Self::BeforeAllowTraffic
            | Self::AfterAllowTraffic => true,
            Self::Install | Self::AllowTestTraffic | Self::AllowTraffic => false,
        }
    }

    /// Whether it only happens when there is a test listener.
    pub(super) fn needs_test_listener(self) -> bool {
        match self {
            Self::AllowTestTraffic | Self::AfterAllowTestTraffic => true,
            Self::BeforeInstall
            | Self::Install
            | Self::AfterInstall
            | Self::BeforeAllowTraffic
            | Self::AllowTraffic
            | Self::AfterAllowTraffic => false,
        }
    }

    /// The event of this name if a function may be run at it.
    pub(super) fn hookable(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|event| event.name() == name && event.is_hookable())
    }
}

/// `status` of a lifecycle event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EventStatus {
    Pending,
    InProgress,
    Succeeded,
    Failed,
    Skipped,
}

impl EventStatus {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::InProgress => "InProgress",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Skipped => "Skipped",
        }
    }
}

/// One lifecycle event of one deployment.
#[derive(Debug)]
pub(super) struct Lifecycle {
    pub(super) event: Event,
    pub(super) status: EventStatus,
    pub(super) started_at: Option<Timestamp>,
    pub(super) ended_at: Option<Timestamp>,
    /// Why it failed.
    pub(super) diagnostics: Option<String>,
}
