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
pub struct Api {
    /// The name in the credential scope of a signature.
    pub(super) signing_name: &'static str,
    /// The first part of its host names.
    pub(super) host: &'static str,
    /// Whether there is one endpoint for all regions of a partition.
    pub(super) global: bool,
    pub(super) protocol: Protocol,
}

const fn json(
    signing_name: &'static str,
    host: &'static str,
    version: &'static str,
    target: &'static str,
) -> Api {
    Api {
        signing_name,
        host,
        global: false,
        protocol: Protocol::Json { version, target },
    }
}

/// Application Auto Scaling.
pub const APPLICATION_AUTO_SCALING: Api = json(
    "application-autoscaling",
    "application-autoscaling",
    "1.1",
    "AnyScaleFrontendService",
);
/// Amazon CloudWatch: metrics and alarms.
pub const CLOUDWATCH: Api = json(
    "monitoring",
    "monitoring",
    "1.0",
    "GraniteServiceVersion20100801",
);
/// AWS CodeDeploy.
pub const CODEDEPLOY: Api = json("codedeploy", "codedeploy", "1.1", "CodeDeploy_20141006");
/// Amazon ECR.
pub const ECR: Api = json(
    "ecr",
    "api.ecr",
    "1.1",
    "AmazonEC2ContainerRegistry_V20150921",
);
/// Amazon ECS.
pub const ECS: Api = json("ecs", "ecs", "1.1", "AmazonEC2ContainerServiceV20141113");
/// Amazon EventBridge.
pub const EVENTBRIDGE: Api = json("events", "events", "1.1", "AWSEvents");
/// AWS Secrets Manager.
pub const SECRETS_MANAGER: Api = json("secretsmanager", "secretsmanager", "1.1", "secretsmanager");
/// Amazon CloudWatch Logs.
pub const LOGS: Api = json("logs", "logs", "1.1", "Logs_20140328");
/// Amazon SQS.
pub const SQS: Api = json("sqs", "sqs", "1.0", "AmazonSQS");
/// AWS Systems Manager.
pub const SSM: Api = json("ssm", "ssm", "1.1", "AmazonSSM");

/// Elastic Load Balancing, version 2.
pub const ELB: Api = Api {
    signing_name: "elasticloadbalancing",
    host: "elasticloadbalancing",
    global: false,
    protocol: Protocol::Query {
        version: "2015-12-01",
    },
};
/// AWS IAM.
pub const IAM: Api = Api {
    signing_name: "iam",
    host: "iam",
    global: true,
    protocol: Protocol::Query {
        version: "2010-05-08",
    },
};
/// AWS STS.
pub const STS: Api = Api {
    signing_name: "sts",
    host: "sts",
    global: false,
    protocol: Protocol::Query {
        version: "2011-06-15",
    },
};
/// AWS Lambda.
pub const LAMBDA: Api = Api {
    signing_name: "lambda",
    host: "lambda",
    global: false,
    protocol: Protocol::Rest {
        routes: &[
            (
                "GetFunctionConfiguration",
                "/2015-03-31/functions/{FunctionName}/configuration",
            ),
            ("GetPolicy", "/2015-03-31/functions/{FunctionName}/policy"),
            (
                "GetFunctionEventInvokeConfig",
                "/2019-09-25/functions/{FunctionName}/event-invoke-config",
            ),
            (
                "ListEventSourceMappings",
                "/2015-03-31/event-source-mappings",
            ),
        ],
    },
};
