//! AWS's answers in memory, for tests of the checks.

use serde_json::Value;
use towpath_aws::{Reached, is_readable};
use towpath_core::pipeline::Role;
use towpath_core::target::CheckUrl;
use towpath_deployer::ports::CallError;
use towpath_taskdef::image::{Digest, Registry, RepositoryName};

use crate::deployer::reads::{Reads, Spot};

/// What each operation answers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Replies(Vec<Answer>, Option<&'static str>);

#[derive(Debug, Clone)]
struct Answer {
    operation: &'static str,
    /// The text that the input has to have in it.
    about: String,
    answer: Result<Value, CallError>,
}

impl Replies {
    /// Everything is refused with this code.
    pub(crate) fn refuse_all(code: &'static str) -> Self {
        Self(Vec::new(), Some(code))
    }

    /// The operation answers this, whatever is asked of it.
    pub(crate) fn say(self, operation: &'static str, answer: Value) -> Self {
        self.say_about(operation, "", answer)
    }

    /// The operation answers this when its input mentions that.
    pub(crate) fn say_about(mut self, operation: &'static str, about: &str, answer: Value) -> Self {
        self.0.push(Answer {
            operation,
            about: about.into(),
            answer: Ok(answer),
        });
        self
    }

    /// The operation answers this, instead of what it answered before.
    pub(crate) fn first(mut self, operation: &'static str, answer: Value) -> Self {
        self.0.retain(|one| one.operation != operation);
        self.say(operation, answer)
    }

    /// The operation is refused with this code, instead of what it answered before.
    pub(crate) fn refuse(mut self, operation: &'static str, code: &str) -> Self {
        self.0.retain(|one| one.operation != operation);
        self.0.push(Answer {
            operation,
            about: String::new(),
            answer: Err(CallError::Refused {
                operation,
                code: code.into(),
                message: "refused".into(),
            }),
        });
        self
    }

    fn answer(&self, operation: &'static str, input: &str) -> Result<Value, CallError> {
        let mut answers = self.0.iter();
        let found = answers.find(|one| one.operation == operation && input.contains(&one.about));
        match (found, self.1) {
            (Some(one), _) => one.answer.clone(),
            (None, Some(code)) => Err(CallError::Refused {
                operation,
                code: code.into(),
                message: "refused".into(),
            }),
            (None, None) => panic!("nobody said what {operation} answers to {input}"),
        }
    }
}

impl Reads for Replies {
    async fn read(
        &self,
        _spot: &Spot,
        operation: &'static str,
        input: Value,
    ) -> Result<Value, CallError> {
        assert!(is_readable(operation), "nothing calls {operation}");
        self.answer(operation, &input.to_string())
    }

    async fn caller_arn(&self) -> Result<String, CallError> {
        let arn = self.answer("sts:GetCallerIdentity", "")?;
        Ok(arn.as_str().unwrap_or_default().to_owned())
    }

    async fn assume(&self, role: &Role) -> Result<(), CallError> {
        let arn = role.arn.as_str();
        self.answer("sts:AssumeRole", arn).map(|_session| ())
    }

    async fn slack_scopes(&self) -> Result<Vec<String>, CallError> {
        let scopes = self.answer("slack:auth.test", "")?;
        let scopes = scopes.as_array().into_iter().flatten();
        Ok(scopes
            .filter_map(|one| one.as_str().map(str::to_owned))
            .collect())
    }

    async fn slack_channel(&self, id: &str) -> Result<Value, CallError> {
        self.answer("slack:conversations.info", id)
    }

    async fn image_config(
        &self,
        _registry: &Registry,
        _repository: &RepositoryName,
        config: &Digest,
    ) -> Result<Value, CallError> {
        self.answer("ecr:GetDownloadUrlForLayer", &config.to_string())
    }

    /// `reach` answers a status; the code `Untrusted` is a connection without TLS, any other none.
    async fn reach(&self, url: &CheckUrl) -> Reached {
        let asked = format!("{}{}", url.authority(), url.target());
        match self.answer("reach", &asked) {
            Ok(status) => {
                let status = status.as_u64().and_then(|status| status.try_into().ok());
                Reached::Answered(status.unwrap_or_default())
            }
            Err(error) if error.code() == Some("Untrusted") => Reached::Untrusted("TLS".into()),
            Err(error) => Reached::Unreached(error.code().unwrap_or_default().to_owned()),
        }
    }
}
