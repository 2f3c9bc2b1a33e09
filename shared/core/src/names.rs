//! A checked newtype for every name that configuration or an event may carry, so that hostile
//! text is refused once, at the edge, and never travels further.

use towpath_taskdef::name;
pub use towpath_taskdef::names::{AccountId, InvalidName, Partition, Region, begins};

name!(
    /// The name of a pipeline, unique among the pipelines of a deployer.
    PipelineName,
    "a pipeline name",
    "1 to 40 characters of a-z, 0-9 and -, beginning with a letter",
    |t| t.len() <= 40 && t.starts_with(|c: char| c.is_ascii_lowercase()) && all(t, lower_or_dash),
    r"^[a-z][a-z0-9-]{0,39}$"
);
name!(
    /// The name of a stage, unique in its pipeline.
    StageName,
    "a stage name",
    "1 to 24 characters of a-z, 0-9 and -, beginning with a letter",
    |t| t.len() <= 24 && t.starts_with(|c: char| c.is_ascii_lowercase()) && all(t, lower_or_dash),
    r"^[a-z][a-z0-9-]{0,23}$"
);
name!(
    /// The name of a check, unique in its stage.
    CheckName,
    "a check name",
    "1 to 40 characters of a-z, 0-9, - and _",
    |t| !t.is_empty() && t.len() <= 40 && all(t, |c| lower_or_dash(c) || c == '_'),
    r"^[a-z0-9_-]{1,40}$"
);
name!(
    /// The id of a release: `<pipeline>-<16 hexadecimal digits>`, derived by [`crate::release::release_id`].
    ReleaseId,
    "a release id",
    "the id that `towpath history` shows, such as shop-api-0123456789abcdef",
    |t| t.rsplit_once('-').is_some_and(|(pipeline, hash)| {
        pipeline.parse::<PipelineName>().is_ok()
            && hash.len() == 16
            && all(hash, |c| matches!(c, '0'..='9' | 'a'..='f'))
    }),
    r"^[a-z][a-z0-9-]{0,39}-[0-9a-f]{16}$"
);
name!(
    /// The name (not the ARN) of an ECS cluster:
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCluster.html>.
    ClusterName,
    "an ECS cluster name",
    "its name (not its ARN), 1 to 255 letters, digits, - and _",
    |t| !t.is_empty() && t.len() <= 255 && all(t, word),
    r"^[A-Za-z0-9_-]{1,255}$"
);
name!(
    /// The name (not the ARN) of an ECS service:
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html>.
    ServiceName,
    "an ECS service name",
    "its name (not its ARN), 1 to 255 letters, digits, - and _",
    |t| !t.is_empty() && t.len() <= 255 && all(t, word),
    r"^[A-Za-z0-9_-]{1,255}$"
);
name!(
    /// The name of a container in a task definition:
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html>.
    ContainerName,
    "a container name",
    "1 to 255 letters, digits, - and _",
    |t| !t.is_empty() && t.len() <= 255 && all(t, word),
    r"^[A-Za-z0-9_-]{1,255}$"
);
name!(
    /// The ARN of an IAM role.
    RoleArn,
    "the ARN of an IAM role",
    "arn:aws:iam::<12 digits>:role/<name>, where a name has at most 64 characters",
    |t| {
        let mut parts = t.splitn(6, ':');
        parts.next() == Some("arn")
            && parts.next().is_some_and(|p| p.starts_with("aws"))
            && parts.next() == Some("iam")
            && parts.next() == Some("")
            && parts.next().is_some_and(|a| a.parse::<AccountId>().is_ok())
            && parts.next().and_then(|r| r.strip_prefix("role/")).is_some_and(|r| {
                // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
                let (path, name) = r.rsplit_once('/').unwrap_or(("", r));
                path.len() <= 511 && (1..=64).contains(&name.len()) && all(r, printable)
            })
    },
    r"^arn:aws[^:]*:iam::[0-9]{12}:role/([!-~]{0,511}/)?[!-.0-~]{1,64}$"
);
name!(
    /// The name of a parameter in SSM, with its path of at most 15 levels:
    /// <https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-parameter-name-constraints.html>.
    ParameterName,
    "the name of an SSM parameter",
    "a path such as /towpath/templates/shop, of 1 to 15 levels of letters, digits and . - _, without a / at its end",
    |t| {
        let mut levels = t.split('/');
        t.len() <= MAX_PARAMETER_LEN
            && levels.next() == Some("")
            && (1..=15).contains(&levels.clone().count())
            && levels.all(|level| all(level, |c| word(c) || c == '.'))
    },
    r"^(/[A-Za-z0-9_.-]+){1,15}$"
);
name!(
    /// The name of a CodeDeploy application, deployment group or deployment configuration:
    /// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeploymentGroup.html>.
    CodeDeployName,
    "a CodeDeploy name",
    "its name (not its ARN), 1 to 100 printable characters without spaces",
    |t| t.len() <= 100 && all(t, printable) && !t.starts_with("arn:"),
    // Patterns in a schema cannot look ahead everywhere.
    r"^([!-~]{1,3}|[!-`b-~][!-~]{3,99}|a[!-qs-~][!-~]{2,98}|ar[!-mo-~][!-~]{1,97}|arn[!-9;-~][!-~]{0,96})$"
);
name!(
    /// The name or ARN of a Lambda function that CodeDeploy or ECS calls as a hook.
    FunctionName,
    "the name or ARN of a Lambda function",
    "1 to 140 characters, without spaces",
    |t| !t.is_empty() && t.len() <= 140 && all(t, |c| word(c) || c == ':' || c == '$'),
    r"^[A-Za-z0-9_:$-]{1,140}$"
);
name!(
    /// The id (not the name) of a Slack channel.
    SlackChannel,
    "the id of a Slack channel",
    "the id from the channel's details, such as C0123456789 (names change, ids do not)",
    |t| (2..=32).contains(&t.len()) && t.starts_with(['C', 'G']) && all(t, upper_or_digit),
    r"^[CG][A-Z0-9]{1,31}$"
);
name!(
    /// SNS's id of a message: <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>.
    MessageId,
    "the id of an SNS message",
    "1 to 100 letters, digits and -",
    |t| !t.is_empty() && t.len() <= 100 && all(t, |c| c.is_ascii_alphanumeric() || c == '-')
);
name!(
    /// The id (not the name) of a Slack user.
    SlackUser,
    "the id of a Slack user",
    "the id from the member's profile, such as U0123456789 (names change, ids do not)",
    |t| (2..=32).contains(&t.len()) && t.starts_with(['U', 'W']) && all(t, upper_or_digit),
    r"^[UW][A-Z0-9]{1,31}$"
);
name!(
    /// What AWS reports about by an id of its own while a rollout goes on: a CodeDeploy deployment
    /// (`d-…`), an ECS deployment (`ecs-svc/…`), the ARN of an ECS service deployment, or that of a
    /// one-off task.
    DeploymentId,
    "a deployment id",
    "d-…, ecs-svc/… or the ARN of a service deployment",
    |t| !t.is_empty() && t.len() <= 512 && all(t, printable),
    r"^[!-~]{1,512}$"
);
name!(
    /// The id of a pause of an ECS service deployment: a `PAUSE` lifecycle hook that waits to be
    /// answered.
    PauseId,
    "the id of a pause",
    "the hookId that ECS names",
    |t| !t.is_empty() && t.len() <= 512 && all(t, printable)
);
name!(
    /// The name of a CloudWatch alarm:
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html>.
    AlarmName,
    "the name of an alarm",
    "its name (not its ARN), 1 to 255 characters",
    |t| (1..=255).contains(&t.chars().count()) && !t.contains(char::is_control) && !is_arn(t)
);
name!(
    /// A SHA-256 over something canonical, in hexadecimal: of a rendered task definition, of a
    /// ledger entry, of a message.
    Fingerprint,
    "a fingerprint",
    "64 hexadecimal digits",
    |t| t.len() == 64 && all(t, |c| matches!(c, '0'..='9' | 'a'..='f'))
);
name!(
    /// The id of a request to decide, unique in its release: `<stage>-<attempt>`.
    ApprovalId,
    "an approval id",
    "the id that the request carries, such as production-1",
    |t| t.len() <= 32 && all(t, lower_or_dash)
);
name!(
    /// The id of a bulletin: its kind, and what makes it the one of its kind.
    BulletinId,
    "the id of a bulletin",
    "1 to 400 printable characters without spaces",
    |t| t.len() <= 400 && all(t, printable)
);
name!(
    /// The ARN of a task definition revision.
    TaskDefinitionArn,
    "the ARN of a task definition revision",
    "arn:aws:ecs:<region>:<account>:task-definition/<family>:<revision>",
    |t| t.starts_with("arn:")
        && t.len() <= 512
        && t.contains(":task-definition/")
        && all(t, printable)
        && t.rsplit_once(':').is_some_and(|(_, r)| !r.is_empty() && all(r, |c| c.is_ascii_digit()))
);

/// The longest ARN of a parameter that SSM takes, in characters.
pub(crate) const MAX_PARAMETER_ARN: usize = 1_011;

/// Longest name of a parameter in characters. SSM takes 1011 with what stands before the name in the
/// parameter's ARN, of which this is the shortest:
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html>.
const MAX_PARAMETER_LEN: usize =
    MAX_PARAMETER_ARN - "arn:aws:ssm:us-east-1:111111111111:parameter".len();

impl Fingerprint {
    /// The SHA-256 of these bytes.
    #[must_use]
    pub fn of(bytes: impl AsRef<[u8]>) -> Self {
        use sha2::Digest as _;
        Self(hex::encode(sha2::Sha256::digest(bytes)))
    }

    /// The first digits, enough to tell two apart on a screen.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

impl TaskDefinitionArn {
    /// Family and revision alone, as people call it: `shop-api:7`.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0
            .rsplit_once('/')
            .map_or(self.0.as_str(), |(_, name)| name)
    }

    /// The family: `shop-api`.
    #[must_use]
    pub fn family(&self) -> &str {
        let name = self.short();
        name.rsplit_once(':').map_or(name, |(family, _)| family)
    }
}

impl RoleArn {
    /// The account that the role is in: 12 digits.
    #[must_use]
    pub fn account(&self) -> &str {
        self.0.split(':').nth(4).unwrap_or_default()
    }
}

fn all(text: &str, allowed: fn(char) -> bool) -> bool {
    !text.is_empty() && text.chars().all(allowed)
}

/// `arn:<partition>:<service>:<region>:<account>:<resource>`
fn is_arn(text: &str) -> bool {
    text.starts_with("arn:aws") && text.splitn(6, ':').count() == 6
}

fn lower_or_dash(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'
}

fn upper_or_digit(c: char) -> bool {
    c.is_ascii_uppercase() || c.is_ascii_digit()
}

fn word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

fn printable(c: char) -> bool {
    c.is_ascii_graphic()
}

#[cfg(test)]
mod tests;
