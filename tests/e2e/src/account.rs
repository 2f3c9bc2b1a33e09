//! An account and a region, with its administrator, who sets things up in it and looks at them.

use serde_json::{Value, json};

use crate::lab::{Error, Lab, answer, send};

/// An account, and the region in which it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The account's id.
    pub account: &'static str,
    pub region: &'static str,
}

/// Where the deployer lives, and the example's services unless they are put elsewhere.
pub const TOOLS: Place = Place {
    account: "111111111111",
    region: "eu-central-1",
};

/// An account's administrator.
#[derive(Debug, Clone, Copy)]
pub struct Account<'a> {
    lab: &'a Lab,
    /// Which account, and where.
    pub place: Place,
}

impl<'a> Account<'a> {
    pub(crate) fn new(lab: &'a Lab, place: Place) -> Self {
        Self { lab, place }
    }

    /// The lab that the account is in.
    #[must_use]
    pub fn lab(&self) -> &'a Lab {
        self.lab
    }

    /// Calls an AWS API that speaks JSON.
    ///
    /// # Errors
    /// When AWS says no.
    pub async fn aws(&self, service: &str, operation: &str, input: &Value) -> Result<Value, Error> {
        call(
            self.lab,
            self.place.account,
            self.place.region,
            (service, operation),
            input,
        )
        .await
    }

    /// Calls an AWS API that speaks the query protocol, and returns its XML.
    ///
    /// # Errors
    /// When AWS says no.
    pub async fn query(
        &self,
        service: &str,
        version: &str,
        parameters: &[(&str, &str)],
    ) -> Result<String, Error> {
        let mut form = vec![("Version", version)];
        form.extend_from_slice(parameters);
        let request = self
            .lab
            .gateway()
            .header(
                "authorization",
                authorization(self.place.account, self.place.region, service),
            )
            .form(&form);
        let (status, body) = send(request).await?;
        if status < 300 {
            Ok(body)
        } else {
            Err(Error::Refused {
                what: format!("{service} {parameters:?}"),
                status,
                body,
            })
        }
    }

    pub(crate) async fn invoke(&self, function: &str, text: &str) -> Result<String, Error> {
        let Place { account, region } = self.place;
        let request = self
            .lab
            .gateway_at(&format!("/2015-03-31/functions/{function}/invocations"))
            .header("authorization", authorization(account, region, "lambda"))
            .body(text.to_owned());
        let (_, body) = send(request).await?;
        Ok(body)
    }
}

/// A session of a role in somebody else's hands, used in the deployer's region.
#[derive(Debug)]
pub struct Stolen<'a> {
    lab: &'a Lab,
    access_key: String,
}

impl<'a> Stolen<'a> {
    /// A session of the role with that ARN.
    ///
    /// # Errors
    /// When there is no such role.
    pub async fn of(lab: &'a Lab, role: &str) -> Result<Self, Error> {
        let stolen = lab.post("credentials", &json!({ "role": role })).await?;
        let access_key = stolen["access_key"].as_str().unwrap_or_default().to_owned();
        Ok(Self { lab, access_key })
    }

    /// Calls an AWS API that speaks JSON.
    ///
    /// # Errors
    /// When AWS says no.
    pub async fn aws(&self, service: &str, operation: &str, input: &Value) -> Result<Value, Error> {
        call(
            self.lab,
            &self.access_key,
            TOOLS.region,
            (service, operation),
            input,
        )
        .await
    }
}

async fn call(
    lab: &Lab,
    access_key: &str,
    region: &str,
    (service, operation): (&str, &str),
    input: &Value,
) -> Result<Value, Error> {
    let (target, version) = match service {
        "ecs" => ("AmazonEC2ContainerServiceV20141113", "1.1"),
        "codedeploy" => ("CodeDeploy_20141006", "1.1"),
        "ecr" => ("AmazonEC2ContainerRegistry_V20150921", "1.1"),
        "application-autoscaling" => ("AnyScaleFrontendService", "1.1"),
        "ssm" => ("AmazonSSM", "1.1"),
        "events" => ("AWSEvents", "1.1"),
        "logs" => ("Logs_20140328", "1.1"),
        "sqs" => ("AmazonSQS", "1.0"),
        "dynamodb" => ("DynamoDB_20120810", "1.0"),
        "monitoring" => ("GraniteServiceVersion20100801", "1.0"),
        other => {
            return Err(Error::Story(format!(
                "the harness does not speak to {other}"
            )));
        }
    };
    let request = lab
        .gateway()
        .header("authorization", authorization(access_key, region, service))
        .header("x-amz-target", format!("{target}.{operation}"))
        .header("content-type", format!("application/x-amz-json-{version}"))
        .body(input.to_string());
    answer(format!("{service}:{operation}"), request).await
}

/// What the gateway reads of a signature: who, where and which service. It checks no signatures; an
/// access key of twelve digits is the root of that account.
fn authorization(access_key: &str, region: &str, service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={access_key}/20260101/{region}/{service}/aws4_request, \
         SignedHeaders=host, Signature=0000"
    )
}
