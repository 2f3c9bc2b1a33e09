//! SSM Parameter Store: pipelines and task definition templates.

use aws_sdk_ssm::operation::get_parameter::GetParameterError;
use aws_sdk_ssm::types::{ParameterTier, ParameterType};
use towpath_core::names::ParameterName;
use towpath_core::release::Place;
use towpath_deployer::ports::{CallError, Parameter, Parameters};

use crate::aws::Aws;
use crate::call::{classify, failed, present, to_the_millisecond, unreadable};
use crate::http::sent_once;

const GET: &str = "ssm:GetParameter";
const GET_BY_PATH: &str = "ssm:GetParametersByPath";
const PUT: &str = "ssm:PutParameter";

/// The most parameters that a page may have:
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html>.
const PAGE: i32 = 10;

impl Parameters for Aws {
    async fn parameters_below(&self, path: &ParameterName) -> Result<Vec<Parameter>, CallError> {
        let set = self.clients().home().await?;
        let mut found = Vec::new();
        let mut token = None;
        loop {
            let page = set
                .ssm()
                .get_parameters_by_path()
                .path(path.as_str())
                .recursive(true)
                .with_decryption(false)
                .max_results(PAGE)
                .set_next_token(token)
                .send()
                .await
                .map_err(failed(GET_BY_PATH))?;
            for parameter in page.parameters.unwrap_or_default() {
                found.push(parameter_of(GET_BY_PATH, parameter)?);
            }
            // A page may be empty and still not be the last one.
            match page.next_token {
                Some(next) if !next.is_empty() => token = Some(next),
                Some(_) | None => return Ok(found),
            }
        }
    }

    async fn parameter(
        &self,
        place: Option<&Place>,
        name: &ParameterName,
        version: Option<i64>,
    ) -> Result<Option<Parameter>, CallError> {
        let set = match place {
            Some(place) => self.clients().at(place).await?,
            None => self.clients().home().await?,
        };
        let selector = match version {
            Some(version) => format!("{name}:{version}"),
            None => name.to_string(),
        };
        let answer = set.ssm().get_parameter().name(selector).send().await;
        match answer {
            Ok(answer) => parameter_of(GET, present(GET, "parameter", answer.parameter)?).map(Some),
            Err(error) => match error.as_service_error() {
                Some(
                    GetParameterError::ParameterNotFound(_)
                    | GetParameterError::ParameterVersionNotFound(_),
                ) => Ok(None),
                Some(_) | None => Err(classify(GET, &error)),
            },
        }
    }
}

impl Aws {
    /// Writes a parameter of plain text, tried once, and returns its new version. SSM takes at most
    /// 8 KB, and chooses the tier that the size needs:
    /// <https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html>.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn put_parameter(
        &self,
        name: &ParameterName,
        value: &str,
        description: &str,
    ) -> Result<i64, CallError> {
        let set = self.clients().home().await?;
        let answer = set
            .ssm()
            .put_parameter()
            .name(name.as_str())
            .value(value)
            .description(description)
            .r#type(ParameterType::String)
            .tier(ParameterTier::IntelligentTiering)
            .overwrite(true)
            .customize()
            .config_override(sent_once!(aws_sdk_ssm, set))
            .send()
            .await
            .map_err(failed(PUT))?;
        Ok(answer.version)
    }
}

fn parameter_of(
    operation: &'static str,
    parameter: aws_sdk_ssm::types::Parameter,
) -> Result<Parameter, CallError> {
    let name = present(operation, "name", parameter.name)?;
    Ok(Parameter {
        name: name.parse().map_err(|error| unreadable(operation, error))?,
        version: parameter.version,
        value: present(operation, "value", parameter.value)?,
        modified_at: parameter.last_modified_date.and_then(to_the_millisecond),
    })
}
