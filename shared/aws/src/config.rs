//! Settings, read from environment variables when they are first needed: a function that never
//! talks to Slack needs none of Slack's.

use std::collections::BTreeMap;
use std::fmt;

use towpath_core::names::{AccountId, ParameterName, Region};
use towpath_core::pipeline::PARAMETER_ROOT;
use towpath_core::release::{Home, Writer};

use towpath_deployer::handlers::HandlerError;
use towpath_deployer::handlers::approval::{Senders, SetUp};
use towpath_deployer::ports::CallError;

/// The DynamoDB table that holds the ledger: its name, or its ARN where it is in another account or
/// region than the function.
pub const TABLE: &str = "TOWPATH_TABLE";
/// The deployer's own account, of 12 digits.
pub const ACCOUNT: &str = "TOWPATH_ACCOUNT";
/// The deployer's own region. Lambda sets it.
pub const REGION: &str = "AWS_REGION";
/// The function's own name. Lambda sets it.
pub const FUNCTION_NAME: &str = "AWS_LAMBDA_FUNCTION_NAME";
/// The SSM path below which the pipelines are kept; [`PARAMETER_ROOT`] when it is not set.
pub const PIPELINES_PATH: &str = "TOWPATH_PIPELINES_PATH";
/// The SNS topic to which requests and outcomes are published.
pub const REQUESTS_TOPIC_ARN: &str = "TOWPATH_REQUESTS_TOPIC_ARN";
/// The SNS topic to which people publish their decisions.
pub const REPLIES_TOPIC_ARN: &str = "TOWPATH_REPLIES_TOPIC_ARN";
/// The name of the SecureString with Slack's bot token.
pub const SLACK_BOT_TOKEN_PARAMETER: &str = "TOWPATH_SLACK_BOT_TOKEN_PARAMETER";
/// The name of the SecureString with Slack's signing secret.
pub const SLACK_SIGNING_SECRET_PARAMETER: &str = "TOWPATH_SLACK_SIGNING_SECRET_PARAMETER";
/// The name of the SecureString with the key that decision tokens and links are made with.
pub const LINK_KEY_PARAMETER: &str = "TOWPATH_LINK_KEY_PARAMETER";
/// The SSM path below which the keys are that entries are sealed with, one for each kind of writer.
pub const SEALS_PATH: &str = "TOWPATH_SEALS_PATH";
/// As which kind of writer this process seals the entries that it writes.
pub const SEAL_WRITER: &str = "TOWPATH_SEAL_WRITER";
/// The id of the Slack app whose buttons are answered; any that knows the signing secret when it
/// is not set.
pub const SLACK_APP_ID: &str = "TOWPATH_SLACK_APP_ID";
/// The id of the Slack workspace whose members are answered; any when it is not set.
pub const SLACK_TEAM_ID: &str = "TOWPATH_SLACK_TEAM_ID";
/// Addresses that HTTP checks may reach although they are local to the function, as CIDRs
/// separated by commas: for tests and labs.
pub const CHECK_ALLOW: &str = "TOWPATH_CHECK_ALLOW";
/// Where Slack's Web API is; [`DEFAULT_SLACK_API_URL`] when it is not set.
pub const SLACK_API_URL: &str = "SLACK_API_URL";
/// A file with the virtual time, in the lab.
pub const CLOCK_FILE: &str = "TOWPATH_CLOCK_FILE";
/// Where AWS is, if it is not at its usual endpoints:
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>.
pub const ENDPOINT_URL: &str = "AWS_ENDPOINT_URL";

/// Slack's Web API: <https://docs.slack.dev/apis/web-api>.
pub const DEFAULT_SLACK_API_URL: &str = "https://slack.com/api";

/// A setting that is missing or makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// It is not set.
    #[error("the environment variable {name} is not set")]
    Missing {
        /// The variable.
        name: &'static str,
    },
    /// It is set to something else than what it is for.
    #[error("the environment variable {name} is wrong: {problem}")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// What is wrong with its value.
        problem: String,
    },
}

impl From<SettingError> for CallError {
    fn from(error: SettingError) -> Self {
        Self::Refused {
            operation: "configuration",
            code: "Configuration".into(),
            message: error.to_string(),
        }
    }
}

impl From<SettingError> for HandlerError {
    fn from(error: SettingError) -> Self {
        Self::NotSetUp(error.to_string())
    }
}

/// Settings: those given, and the environment's for the rest.
#[derive(Clone)]
pub struct Settings {
    given: BTreeMap<&'static str, String>,
    environment: bool,
}

impl Settings {
    /// The environment's.
    #[must_use]
    pub fn from_env() -> Self {
        Self {
            given: BTreeMap::new(),
            environment: true,
        }
    }

    /// These and no others.
    #[must_use]
    pub fn of(given: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        Self {
            given: given.into_iter().collect(),
            environment: false,
        }
    }

    /// With this one instead of the environment's.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.given.insert(name, value.into());
        self
    }

    /// The value of `name`, if it is set and not empty.
    #[must_use]
    pub fn get(&self, name: &'static str) -> Option<String> {
        let value = match self.given.get(name) {
            Some(value) => Some(value.clone()),
            None if self.environment => std::env::var(name).ok(),
            None => None,
        };
        value.filter(|value| !value.is_empty())
    }

    /// The value of `name`.
    ///
    /// # Errors
    /// When it is not set, by its name.
    pub fn require(&self, name: &'static str) -> Result<String, SettingError> {
        self.get(name).ok_or(SettingError::Missing { name })
    }

    /// The ledger's table.
    ///
    /// # Errors
    /// When it is not set.
    pub fn table(&self) -> Result<String, SettingError> {
        self.require(TABLE)
    }

    /// The region of the ledger's table, where the table is named by its ARN: DynamoDB answers in
    /// the table's own region only. `None` where it is named by its name, and so is in this region.
    ///
    /// # Errors
    /// When it is not set, or is an ARN of something else.
    pub fn table_region(&self) -> Result<Option<Region>, SettingError> {
        let table = self.table()?;
        if !table.starts_with("arn:") {
            return Ok(None);
        }
        let mut parts = table.splitn(6, ':').skip(2);
        match (parts.next(), parts.next()) {
            (Some("dynamodb"), Some(region)) => parse(TABLE, region).map(Some),
            (_, _) => Err(SettingError::Invalid {
                name: TABLE,
                problem: format!(
                    "`{table}` is not a table's ARN: use arn:aws:dynamodb:<region>:<account>:table/<name>"
                ),
            }),
        }
    }

    /// The deployer's own account and region.
    ///
    /// # Errors
    /// When one is not set or is none.
    pub fn home(&self) -> Result<Home, SettingError> {
        Ok(Home {
            account: self.parse::<AccountId>(ACCOUNT)?,
            region: self.region()?,
        })
    }

    /// The deployer's own region.
    ///
    /// # Errors
    /// When it is not set or is none.
    pub fn region(&self) -> Result<Region, SettingError> {
        self.parse(REGION)
    }

    /// The SSM path below which the pipelines are kept, without a slash at its end.
    ///
    /// # Errors
    /// When it is no path.
    pub fn pipelines_path(&self) -> Result<ParameterName, SettingError> {
        let path = self
            .get(PIPELINES_PATH)
            .unwrap_or_else(|| PARAMETER_ROOT.into());
        parse(PIPELINES_PATH, path.trim_end_matches('/'))
    }

    /// The name of a SecureString that `name` names.
    ///
    /// # Errors
    /// When it is not set or is no parameter's name.
    pub fn secret_name(&self, name: &'static str) -> Result<ParameterName, SettingError> {
        self.parse(name)
    }

    /// As which kind of writer entries are sealed; `None` where none are written.
    ///
    /// # Errors
    /// When it is no kind of writer.
    pub fn seal_writer(&self) -> Result<Option<Writer>, SettingError> {
        match self.get(SEAL_WRITER) {
            None => Ok(None),
            Some(name) => parse(SEAL_WRITER, &name).map(Some),
        }
    }

    /// The name of the SecureString with the key of a kind of writer.
    ///
    /// # Errors
    /// When the path of the keys is not set or is none.
    pub fn seal_name(&self, writer: Writer) -> Result<ParameterName, SettingError> {
        let path = self.require(SEALS_PATH)?;
        parse(
            SEALS_PATH,
            &format!("{}/{writer}", path.trim_end_matches('/')),
        )
    }

    /// What `approval` is set up with.
    ///
    /// # Errors
    /// When the reply topic, the pipelines' path or the function's name is not set.
    pub fn approval(&self) -> Result<SetUp, SettingError> {
        Ok(SetUp {
            senders: Senders {
                slack_app: self.get(SLACK_APP_ID),
                slack_team: self.get(SLACK_TEAM_ID),
                reply_topic: self.require(REPLIES_TOPIC_ARN)?,
            },
            pipelines_path: self.pipelines_path()?,
            function: self.require(FUNCTION_NAME)?,
        })
    }

    /// Where Slack's Web API is, without a slash at its end.
    #[must_use]
    pub fn slack_api_url(&self) -> String {
        let url = self
            .get(SLACK_API_URL)
            .unwrap_or_else(|| DEFAULT_SLACK_API_URL.into());
        url.trim_end_matches('/').to_owned()
    }

    fn parse<T>(&self, name: &'static str) -> Result<T, SettingError>
    where
        T: std::str::FromStr<Err: fmt::Display>,
    {
        parse(name, &self.require(name)?)
    }
}

fn parse<T>(name: &'static str, text: &str) -> Result<T, SettingError>
where
    T: std::str::FromStr<Err: fmt::Display>,
{
    text.parse().map_err(|error: T::Err| SettingError::Invalid {
        name,
        problem: error.to_string(),
    })
}

impl fmt::Debug for Settings {
    /// Names only: credentials may be among the values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("given", &self.given.keys())
            .field("environment", &self.environment)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_setting_is_named() {
        let error = Settings::of([]).table().unwrap_err();
        assert_eq!(
            error.to_string(),
            "the environment variable TOWPATH_TABLE is not set"
        );
    }

    #[test]
    fn an_empty_setting_counts_as_missing() {
        let settings = Settings::of([(TABLE, String::new())]);
        assert_eq!(settings.table(), Err(SettingError::Missing { name: TABLE }));
    }

    #[test]
    fn a_wrong_setting_says_what_is_wrong() {
        let settings = Settings::of([(ACCOUNT, "12".into()), (REGION, "eu-west-1".into())]);
        let message = settings.home().unwrap_err().to_string();
        assert!(
            message.starts_with("the environment variable TOWPATH_ACCOUNT is wrong: `12` is not"),
            "{message}"
        );
    }

    #[test]
    fn a_table_in_another_account_says_in_which_region_it_is() {
        let region = |table: &str| Settings::of([(TABLE, table.into())]).table_region();
        assert_eq!(region("towpath-ledger"), Ok(None));
        let arn = "arn:aws:dynamodb:eu-central-1:111111111111:table/towpath-ledger";
        assert_eq!(region(arn), Ok(Some("eu-central-1".parse().unwrap())));
        let wrong = region("arn:aws:sqs:eu-central-1:111111111111:queue").unwrap_err();
        assert!(
            wrong.to_string().contains("is not a table's ARN"),
            "{wrong}"
        );
    }

    #[test]
    fn what_has_a_default_need_not_be_set() {
        let settings = Settings::of([]);
        assert_eq!(
            settings.pipelines_path().unwrap().as_str(),
            "/towpath/pipelines"
        );
        assert_eq!(settings.slack_api_url(), "https://slack.com/api");
        let settings = settings
            .with(SLACK_API_URL, "http://127.0.0.1:9/api/")
            .with(PIPELINES_PATH, "/team/pipelines/");
        assert_eq!(settings.slack_api_url(), "http://127.0.0.1:9/api");
        assert_eq!(
            settings.pipelines_path().unwrap().as_str(),
            "/team/pipelines"
        );
    }

    #[test]
    fn debug_shows_no_values() {
        let settings = Settings::of([(TABLE, "hidden".into())]);
        assert!(!format!("{settings:?}").contains("hidden"));
    }
}
