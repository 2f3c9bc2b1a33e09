//! The APIs that are called so, each with what its service's model says about the wire:
//! <https://github.com/aws/api-models-aws>.

/// How an API speaks: <https://smithy.io/2.0/aws/protocols/index.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// JSON, with the operation in `X-Amz-Target`.
    Json {
        /// `1.0` or `1.1`.
        version: &'static str,
        /// What stands before the operation.
        target: &'static str,
    },
    /// A form in, XML out.
    Query {
        /// The API's version.
        version: &'static str,
    },
    /// `GET` of a path, JSON out.
    Rest {
        /// The operations and their paths, in which `{Member}` stands for a member of the input;
        /// the members that are left over go into the query.
        routes: &'static [(&'static str, &'static str)],
    },
}

/// An AWS API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Api {
    /// The name in the credential scope of a signature, which is also the first part of its host
    /// names.
    pub(super) name: &'static str,
    /// Whether there is one endpoint for all regions of a partition.
    pub(super) global: bool,
    pub(super) protocol: Protocol,
}

impl Api {
    /// The API of an operation with its service before it, such as `iam:GetRole`: none for a service
    /// that is called through its SDK crate.
    pub(crate) fn of(operation: &str) -> Option<&'static Self> {
        let (service, _) = operation.split_once(':')?;
        let mut services = SERVICES.iter();
        services.find_map(|(prefix, api)| (*prefix == service).then_some(*api))
    }

    /// Whether a request for the operation can be written.
    pub(crate) fn has(&self, operation: &str) -> bool {
        let action = operation.split_once(':').map_or(operation, |(_, it)| it);
        match self.protocol {
            Protocol::Json { .. } | Protocol::Query { .. } => true,
            Protocol::Rest { routes } => routes.iter().any(|(name, _)| *name == action),
        }
    }
}

/// The services that are called so, by what stands before their operations.
pub(crate) const SERVICES: [(&str, &Api); 8] = [
    ("cloudwatch", &CLOUDWATCH),
    ("elasticloadbalancing", &ELB),
    ("events", &EVENTBRIDGE),
    ("iam", &IAM),
    ("lambda", &LAMBDA),
    ("logs", &LOGS),
    ("secretsmanager", &SECRETS_MANAGER),
    ("sqs", &SQS),
];

const fn json(name: &'static str, version: &'static str, target: &'static str) -> Api {
    Api {
        name,
        global: false,
        protocol: Protocol::Json { version, target },
    }
}

/// Amazon CloudWatch: metrics and alarms.
pub(crate) const CLOUDWATCH: Api = json("monitoring", "1.0", "GraniteServiceVersion20100801");
/// Amazon EventBridge.
pub(super) const EVENTBRIDGE: Api = json("events", "1.1", "AWSEvents");
/// AWS Secrets Manager.
pub(super) const SECRETS_MANAGER: Api = json("secretsmanager", "1.1", "secretsmanager");
/// Amazon CloudWatch Logs.
pub(crate) const LOGS: Api = json("logs", "1.1", "Logs_20140328");
pub(super) const SQS: Api = json("sqs", "1.0", "AmazonSQS");

/// Elastic Load Balancing, version 2.
pub(super) const ELB: Api = Api {
    name: "elasticloadbalancing",
    global: false,
    protocol: Protocol::Query {
        version: "2015-12-01",
    },
};
/// AWS IAM.
pub(super) const IAM: Api = Api {
    name: "iam",
    global: true,
    protocol: Protocol::Query {
        version: "2010-05-08",
    },
};
/// AWS Lambda.
pub(super) const LAMBDA: Api = Api {
    name: "lambda",
    global: false,
    protocol: Protocol::Rest {
        routes: &[
            (
                "GetFunctionConfiguration",
                "/2015-03-31/functions/{FunctionName}/configuration",
            ),
            (
                "ListEventSourceMappings",
                "/2015-03-31/event-source-mappings",
            ),
        ],
    },
};
