"""What was applied, asked of AWS's APIs, beside what infra/functions.json says.

Each function answers with the differences, in words. What is expected is worked out here again from
the description, not taken from Terraform.
"""

import json

from lab import ACCOUNT, REGION, ROOT
from statements import described, plain, policy

TARGETS = ["222222222222", "333333333333"]
# Told beside that of ACCOUNT in REGION; one of them is ACCOUNT's own.
REGISTRIES = [("111111111111", "us-east-1"), ("222222222222", "eu-west-1"), ("222222222222", "eusc-de-east-1")]
PREFIX = "towpath"
# Who may listen to the topics, as the root module says.
ADMINISTRATORS = [f"arn:aws:iam::{ACCOUNT}:root", f"arn:aws:iam::{ACCOUNT}:role/platform-*"]
# What the root module gives.
THRESHOLDS = {"oldest-open-release": 90000}
# What whoever reads and writes what is kept has to be allowed.
KEY_ACTIONS = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]


def description(account=ACCOUNT, region=REGION):
    """functions.json with its placeholders filled in."""
    text = (ROOT / "infra/functions.json").read_text()
    for name, value in {"account": account, "region": region, "prefix": PREFIX}.items():
        text = text.replace("${" + name + "}", value)
    return json.loads(text)


class Differences(list):
    """Collects what is not as it should be."""

    def same(self, what, found, expected):
        """Notes a difference between two values, as deep inside as it is."""
        if isinstance(found, dict) and isinstance(expected, dict):
            for key in sorted(found.keys() | expected.keys(), key=str):
                self.same(f"{what}.{key}", found.get(key), expected.get(key))
        elif found != expected:
            self.append(f"{what}: {json.dumps(found, default=str)} instead of {json.dumps(expected, default=str)}")


def narrowed_at_home(statement, resource):
    """Roles elsewhere are those of the target accounts; repositories those of the registries that are
    told, and those here; roles passed are those named."""
    if ":iam::*:" in resource:
        return [resource.replace(":iam::*:", f":iam::{account}:") for account in TARGETS]
    if resource.startswith("arn:aws:ecr:"):
        return [resource] + [f"arn:aws:ecr:{region}:{account}:repository/*" for account, region in REGISTRIES]
    if "iam:PassRole" in statement["actions"]:
        return [f"arn:aws:iam::{ACCOUNT}:role/shop-*"]
    return [resource]


def deployer(lab):
    """The deployer's functions, roles, rules, queues, topics, table, secrets and alarms."""
    wanted, found = description(), Differences()
    for short, function in wanted["functions"].items():
        function_is(lab, found, wanted, short, function)
        role_is(lab, found, short, function)
    rules_are(lab, found, wanted)
    stream_is(lab, found, wanted)
    url_is(lab, found)
    table_is(lab, found, wanted)
    topics_are(lab, found, wanted)
    secrets_are(lab, found, wanted)
    installation_is(lab, found, wanted)
    alarms_are(lab, found, wanted)
    accounts_are(lab, found, wanted)
    kept_with_key(lab, found, wanted)
    return found


def function_is(lab, found, wanted, short, function):
    """Memory, timeout, environment, concurrency, retries, dead letters, log."""
    name, client = f"{PREFIX}-{short}", lab.client("lambda")
    answer = client.get_function(FunctionName=name)
    configuration = answer["Configuration"]
    environment = wanted["environment"] | function["environment"] | {
        "approval": {"TOWPATH_SLACK_TEAM_ID": "T01234567", "TOWPATH_SLACK_APP_ID": "A01234567"},
        "advance": {"TOWPATH_LOG": "debug"},
    }.get(short, {})
    found.same(f"{name} environment", configuration["Environment"]["Variables"],
               {key: value for key, value in environment.items() if value})
    for member, expected in {
        "Description": function["description"], "MemorySize": function["memory_mb"],
        "Timeout": function["timeout_seconds"], "Runtime": "provided.al2023", "Handler": "bootstrap",
        "Architectures": ["x86_64"], "Role": f"arn:aws:iam::{ACCOUNT}:role/{name}",
    }.items():
        found.same(f"{name} {member}", configuration.get(member), expected)
    found.same(f"{name} reserved concurrency",
               answer.get("Concurrency", {}).get("ReservedConcurrentExecutions"), function["reserved_concurrency"])
    retries = client.get_function_event_invoke_config(FunctionName=name)
    found.same(f"{name} retries", retries.get("MaximumRetryAttempts"), function["async"]["maximum_retry_attempts"])
    found.same(f"{name} age", retries.get("MaximumEventAgeInSeconds"), function["async"]["maximum_event_age_seconds"])
    on_failure = retries.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    found.same(f"{name} on failure", on_failure, queue(short) if function["dead_letters"] else None)
    groups = lab.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]
    found.same(f"{name} log", [(group["logGroupName"], group.get("retentionInDays")) for group in groups],
               [(f"/aws/lambda/{name}", 30)])


def role_is(lab, found, short, function):
    """Exactly the described statements, and what Lambda needs for the triggers."""
    role, iam = f"{PREFIX}-{short}", lab.client("iam")
    found.same(f"{role} policies", sorted(iam.list_role_policies(RoleName=role)["PolicyNames"]), ["lambda", "own"])
    found.same(f"{role} attached", iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"], [])
    found.same(f"{role} statements", policy(iam, role, "own"), described(function["statements"], narrowed_at_home))
    lambdas = {"Log": ["logs:CreateLogStream", "logs:PutLogEvents"]}
    if function["dead_letters"]:
        lambdas["DeadLetters"] = ["sqs:SendMessage"]
    if "stream" in function["triggers"]:
        lambdas["Stream"] = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
        lambdas["Streams"] = ["dynamodb:ListStreams"]
    lambdas["Key"] = KEY_ACTIONS
    granted = policy(iam, role, "lambda")
    found.same(f"{role} for Lambda", {sid: statement["actions"] for sid, statement in granted.items()}, lambdas)
    if function["dead_letters"]:
        found.same(f"{role} dead letters", granted["DeadLetters"]["resources"], [queue(short)])
    found.same(f"{role} key", granted["Key"]["resources"], [key(lab)])
    described_role = iam.get_role(RoleName=role)["Role"]
    found.same(f"{role} boundary", described_role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
               f"arn:aws:iam::{ACCOUNT}:policy/boundary")
    trust = described_role["AssumeRolePolicyDocument"]["Statement"]
    found.same(f"{role} trust", [statement["Principal"] for statement in trust], [{"Service": "lambda.amazonaws.com"}])


def rules_are(lab, found, wanted):
    """Each described rule, and none else, with its target and the permission for it."""
    events, functions = lab.client("events"), lab.client("lambda")
    names = set()
    for short, function in wanted["functions"].items():
        permissions = permissions_of(functions, short)
        triggers = function["triggers"]
        for described_rule in triggers.get("events", []) + triggers.get("schedules", []):
            name = f"{PREFIX}-{short}-{described_rule['name']}"
            names.add(name)
            rule = events.describe_rule(Name=name)
            found.same(f"{name} state", rule["State"], "ENABLED")
            found.same(f"{name} pattern", json.loads(rule.get("EventPattern") or "null"), widened(described_rule.get("pattern")))
            found.same(f"{name} schedule", rule.get("ScheduleExpression") or None, described_rule.get("expression"))
            (target,) = events.list_targets_by_rule(Rule=name)["Targets"]
            found.same(f"{name} target", target["Arn"], f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{PREFIX}-{short}")
            found.same(f"{name} input", json.loads(target.get("Input") or "null"), described_rule["input"])
            letters = queue(short) if function["dead_letters"] else None
            found.same(f"{name} dead letters", target.get("DeadLetterConfig", {}).get("Arn"), letters)
            found.same(f"{name} retries", target["RetryPolicy"], {
                "MaximumRetryAttempts": described_rule["maximum_retry_attempts"],
                "MaximumEventAgeInSeconds": described_rule["maximum_event_age_seconds"],
            })
            found.same(f"{name} permission", permissions.get(name), permission("events", rule["Arn"]))
            if function["dead_letters"]:
                admits(lab, found, short, rule["Arn"])
    found.same("rules", {rule["Name"] for rule in events.list_rules()["Rules"]}, names)


def widened(pattern):
    """A described pattern, which takes what happened here, with the other places that were told."""
    if pattern is None:
        return None
    more = ([{"account": [account], "region": [region]} for account, region in REGISTRIES]
            if pattern["source"] == ["aws.ecr"] else [{"account": [account]} for account in TARGETS])
    here = {key: pattern[key] for key in ("account", "region")}
    assert here == {"account": [ACCOUNT], "region": [REGION]}, pattern
    return {key: value for key, value in pattern.items() if key not in here} | {"$or": [here, *more]}


def permission(service, arn):
    """A permission of a function, for one source in this account, which its ARN names: AWS:SourceAccount
    beside it keeps EventBridge out, and of SNS it is not known to name it."""
    return {"Action": "lambda:InvokeFunction", "Principal": {"Service": f"{service}.amazonaws.com"},
            "Condition": {"ArnLike": {"AWS:SourceArn": arn}}}


def permissions_of(functions, short):
    """The resource policy of a function, by statement; none for a function without one."""
    try:
        document = functions.get_policy(FunctionName=f"{PREFIX}-{short}")["Policy"]
    except functions.exceptions.ResourceNotFoundException:
        return {}
    kept = ("Action", "Principal", "Condition", "FunctionUrlAuthType", "InvokedViaFunctionUrl")
    return {statement["Sid"]: {key: value for key, value in statement.items() if key in kept}
            for statement in json.loads(document)["Statement"]}


def admits(lab, found, short, source):
    """A dead-letter queue takes messages from one source, and asks for its ARN only."""
    sqs = lab.client("sqs")
    url = sqs.get_queue_url(QueueName=f"{PREFIX}-{short}-dead-letters")["QueueUrl"]
    document = json.loads(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"])
    allowed = [statement["Condition"] for statement in document["Statement"] if statement["Effect"] == "Allow"]
    found.same(f"{short} dead letters ask for", [{operator: list(keys) for operator, keys in one.items()} for one in allowed],
               [{"ArnEquals": ["aws:SourceArn"]}] * len(allowed))
    sources = [arn for condition in allowed for arn in listed(condition["ArnEquals"]["aws:SourceArn"])]
    if source not in sources:
        found.append(f"{short} dead letters: the queue does not admit {source}")


def listed(value):
    """A policy's value, which may stand alone."""
    return [value] if isinstance(value, str) else value


def stream_is(lab, found, wanted):
    """The event source mappings, as described."""
    mappings = lab.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    stream = wanted["functions"]["advance"]["triggers"]["stream"]
    # As `towpath doctor` asks.
    named = lab.client("lambda").list_event_source_mappings(FunctionName=f"{PREFIX}-advance")["EventSourceMappings"]
    found.same("mappings of the function by its name", [one["UUID"] for one in named], [one["UUID"] for one in mappings])
    found.same("mappings", [mapping["FunctionArn"].split(":")[-1] for mapping in mappings], [f"{PREFIX}-advance"])
    for mapping in mappings:
        for member, expected in {
            "BatchSize": stream["batch_size"], "ParallelizationFactor": stream["parallelization_factor"],
            "MaximumRetryAttempts": stream["maximum_retry_attempts"],
            "MaximumRecordAgeInSeconds": stream["maximum_record_age_seconds"],
            "BisectBatchOnFunctionError": stream["bisect_on_error"],
            "FunctionResponseTypes": ["ReportBatchItemFailures"], "StartingPosition": "TRIM_HORIZON",
            "DestinationConfig": {"OnFailure": {"Destination": queue("advance")}},
        }.items():
            found.same(f"mapping {member}", mapping.get(member), expected)
        patterns = [json.loads(filtered["Pattern"]) for filtered in mapping["FilterCriteria"]["Filters"]]
        found.same("mapping filters", patterns, stream["filters"])


def url_is(lab, found):
    """The function URL needs two permissions, of which the second holds for calls through it only."""
    functions = lab.client("lambda")
    found.same("URL", functions.get_function_url_config(FunctionName=f"{PREFIX}-approval")["AuthType"], "NONE")
    public = [statement for statement in permissions_of(functions, "approval").values() if statement["Principal"] == "*"]
    through = {"Action": "lambda:InvokeFunctionUrl", "Principal": "*", "FunctionUrlAuthType": "NONE"}
    invoke = {"Action": "lambda:InvokeFunction", "Principal": "*", "InvokedViaFunctionUrl": True}
    found.same("URL permission", through in public, True)
    found.same("URL invoke permission", invoke in public, True)
    found.same("other public permissions", [other for other in public if other not in (through, invoke)], [])


def table_is(lab, found, wanted):
    """The ledger's keys, indexes, stream, recovery."""
    dynamodb, name = lab.client("dynamodb"), wanted["table"]["name"]
    table = dynamodb.describe_table(TableName=name)["Table"]
    keys = lambda schema: {key["KeyType"]: key["AttributeName"] for key in schema}
    found.same("table keys", keys(table["KeySchema"]), {"HASH": "pk", "RANGE": "sk"})
    found.same("indexes", {index["IndexName"]: keys(index["KeySchema"]) for index in table["GlobalSecondaryIndexes"]},
               {index["name"]: {"HASH": index["partition"], "RANGE": index["sort"]} for index in wanted["table"]["indexes"]})
    found.same("stream", table["StreamSpecification"], {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
    found.same("billing", table["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST")
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    found.same("recovery", backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"], "ENABLED")


def topics_are(lab, found, wanted):
    """The topics, who may publish, and who listens."""
    sns = lab.client("sns")
    arns = {name: f"arn:aws:sns:{REGION}:{ACCOUNT}:{topic}" for name, topic in wanted["topics"].items()}
    found.same("topics", {topic["TopicArn"] for topic in sns.list_topics()["Topics"]}, set(arns.values()))
    secret_queues(lab, found, wanted, arns)
    publishers = {"requests": [f"arn:aws:iam::{ACCOUNT}:role/{PREFIX}-advance"],
                  "replies": [f"arn:aws:iam::{ACCOUNT}:role/on-call"]}
    for name, arn in arns.items():
        document = json.loads(sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"])
        denied = {statement["Sid"]: statement for statement in document["Statement"] if statement["Effect"] == "Deny"}
        found.same(f"{name} denied to", listed(denied["NobodyElse"]["Condition"]["ArnNotLike"]["aws:PrincipalArn"]),
                   publishers[name])
        listening = denied["NobodyElseListens"]
        found.same(f"{name} may be listened to by", [listed(listening["Action"]), listening["Principal"], listening["Resource"],
                   listed(listening["Condition"]["ArnNotLike"]["aws:PrincipalArn"])],
                   [["sns:AddPermission", "sns:RemovePermission", "sns:SetTopicAttributes", "sns:Subscribe"], "*", arn,
                    sorted(ADMINISTRATORS)])
    listeners = {(entry["TopicArn"], entry["Protocol"], entry["Endpoint"]) for entry in sns.list_subscriptions()["Subscriptions"]}
    expected = {(arns[topic], "lambda", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{PREFIX}-{short}")
                for short, function in wanted["functions"].items() for topic in function["triggers"].get("topics", [])}
    found.same("subscriptions", sorted(listeners), sorted(expected | {(arns["requests"], "email", "team@example.com")}))
    found.same("topic permission", permissions_of(lab.client("lambda"), "approval").get("topic-replies"),
               permission("sns", arns["replies"]))


def secret_queues(lab, found, wanted, topics):
    """What may hold a token that decides reaches no queue: neither from Lambda nor from SNS."""
    queues = {url.split("/")[-1] for url in lab.client("sqs").list_queues().get("QueueUrls", [])}
    found.same("dead-letter queues", queues, {f"{PREFIX}-{short}-dead-letters"
                                              for short, function in wanted["functions"].items() if function["dead_letters"]})
    found.same("functions that keep nothing", [short for short, function in wanted["functions"].items() if not function["dead_letters"]],
               ["approval", "sweeper"])
    sns = lab.client("sns")
    for subscription in sns.list_subscriptions_by_topic(TopicArn=topics["replies"])["Subscriptions"]:
        attributes = sns.get_subscription_attributes(SubscriptionArn=subscription["SubscriptionArn"])["Attributes"]
        found.same("redrive of replies", json.loads(attributes.get("RedrivePolicy") or "{}"), {})


def secrets_are(lab, found, wanted):
    """A SecureString for each, with a value of its own that cannot be guessed."""
    ssm, values = lab.client("ssm"), set()
    for name in wanted["parameters"].values():
        parameter = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]
        found.same(f"{name} type", parameter["Type"], "SecureString")
        found.same(f"{name} length", len(parameter["Value"]) >= 32, True)
        values.add(parameter["Value"])
    found.same("different secrets", len(values), len(wanted["parameters"]))
    found.same("secrets in all", len(parameters_of(ssm, "SecureString")), len(wanted["parameters"]))


def installation_is(lab, found, wanted):
    """What the command line finds the deployer by, readable without a key."""
    ssm = lab.client("ssm")
    found.same("installation", [parameter["Name"] for parameter in parameters_of(ssm, "String")], [wanted["installation"]])


def parameters_of(ssm, kind):
    """The parameters of a type."""
    return [parameter for parameter in ssm.describe_parameters()["Parameters"] if parameter["Type"] == kind]


def alarms_are(lab, found, wanted):
    """Each described alarm of each function it is for."""
    alarms = lab.client("cloudwatch").describe_alarms(MaxRecords=100)["MetricAlarms"]
    expected = {}
    for alarm in wanted["alarms"]:
        every = [short for short, function in wanted["functions"].items() if alarm["of"] != "dead-letters" or function["dead_letters"]]
        for short in every if alarm["functions"] == ["*"] else alarm["functions"]:
            dimension = {"function": ("FunctionName", f"{PREFIX}-{short}"),
                         "topic": ("TopicName", wanted["topics"].get(alarm.get("topic"))),
                         "dead-letters": ("QueueName", f"{PREFIX}-{short}-dead-letters")}[alarm["of"]]
            namespace = alarm.get("namespace", {"function": "AWS/Lambda", "dead-letters": "AWS/SQS", "topic": "AWS/SNS"}[alarm["of"]])
            expected[f"{PREFIX}-{short}-{alarm['name']}"] = [
                namespace, alarm["metric"], [list(dimension)], THRESHOLDS.get(alarm["name"], alarm["threshold"]), alarm["comparison"], alarm["missing"],
                alarm["period_seconds"], alarm["periods"]]
    found.same("alarms", {
        alarm["AlarmName"]: [
            alarm["Namespace"], alarm["MetricName"], [[entry["Name"], entry["Value"]] for entry in alarm["Dimensions"]], alarm["Threshold"],
            alarm["ComparisonOperator"], alarm["TreatMissingData"], alarm["Period"], alarm["EvaluationPeriods"]]
        for alarm in alarms}, expected)


def accounts_are(lab, found, wanted):
    """Who else may send events and reach the ledger: exactly the target accounts."""
    bus = json.loads(lab.client("events").describe_event_bus(Name="default")["Policy"])
    statements = {statement["Sid"]: statement for statement in bus["Statement"]}
    found.same("bus", {sid: [listed(statement["Principal"]["AWS"]), statement["Condition"]] for sid, statement in statements.items()}, {
        f"{PREFIX}-stages": [[f"arn:aws:iam::{account}:root" for account in TARGETS], forwarded(["aws.codedeploy", "aws.ecs"], [
            "CodeDeploy Deployment State-change Notification", "ECS Deployment State Change", "ECS Hook State Change", "ECS Task State Change"])],
        f"{PREFIX}-registries": [["arn:aws:iam::222222222222:root"], forwarded(["aws.ecr"], ["ECR Image Action", "ECR Replication Action"])],
        "others": [["arn:aws:iam::444444444444:root"], {"StringEquals": {"events:source": "com.example"}}],
    })
    arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{wanted['table']['name']}"
    table = json.loads(lab.client("dynamodb").get_resource_policy(ResourceArn=arn)["Policy"])
    hooks = [f"arn:aws:iam::{account}:role/{PREFIX}-{role}" for account in TARGETS for role in ("lifecycle-hook", "lifecycle-hook-*")]
    hook = [statement for statement in wanted["functions"]["lifecycle-hook"]["statements"] if about_ledger(statement)]
    found.same("table's policy", {statement["Sid"]: plain(statement) for statement in table["Statement"]}, {
        sid: statement | {"resources": [arn], "conditions": statement["conditions"] | {"ArnLike": {"aws:PrincipalArn": hooks}}}
        for sid, statement in described(hook).items()})
    found.same("table's policy is about", {json.dumps(statement["Principal"]) for statement in table["Statement"]},
               {json.dumps({"AWS": [f"arn:aws:iam::{account}:root" for account in TARGETS]})})


def about_ledger(statement):
    """Whether a statement is about the ledger, which is in the tools account wherever the function is."""
    return statement["sid"].startswith("Ledger")


def forwarded(sources, kinds):
    """The condition of a rule elsewhere that sends on such events."""
    return {"Bool": {"events:eventBusInvocation": "true"}, "Null": {"events:source": "false"},
            "ForAllValues:StringEquals": {"events:source": sources}, "StringEquals": {"events:detail-type": kinds}}


def kept_with_key(lab, found, wanted, given="own"):
    """Whatever is kept is encrypted with the key that was given: nothing is left to AWS's own. A secret
    stays with the key that it was made with, and moto keeps those of a table and of functions, too."""
    own = key(lab, given=given)
    table = lab.client("dynamodb").describe_table(TableName=wanted["table"]["name"])["Table"]
    found.same("table's key", table["SSEDescription"], {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": key(lab)})
    functions, logs, sqs = lab.client("lambda"), lab.client("logs"), lab.client("sqs")
    for short in wanted["functions"]:
        name = f"{PREFIX}-{short}"
        found.same(f"{name} environment's key", functions.get_function(FunctionName=name)["Configuration"].get("KMSKeyArn"), key(lab))
        groups = logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]
        found.same(f"{name} log's key", [group.get("kmsKeyId") for group in groups], [own])
        if not wanted["functions"][short]["dead_letters"]:
            continue
        url = sqs.get_queue_url(QueueName=f"{name}-dead-letters")["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        found.same(f"{name} dead letters' key", attributes.get("KmsMasterKeyId"), own)
    sns = lab.client("sns")
    for name, topic in wanted["topics"].items():
        arn = f"arn:aws:sns:{REGION}:{ACCOUNT}:{topic}"
        attributes = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
        found.same(f"{name} topic's key", attributes.get("KmsMasterKeyId"), own)
    parameters = parameters_of(lab.client("ssm"), "SecureString")
    found.same("secrets' keys", {parameter["Name"]: parameter.get("KeyId") for parameter in parameters},
               {name: key(lab) for name in wanted["parameters"].values()})


def key(lab, account=ACCOUNT, given="own"):
    """The ARN of a key that the root module gives."""
    return lab.client("kms", account).describe_key(KeyId=f"alias/{given}")["KeyMetadata"]["Arn"]


def queue(short, account=ACCOUNT):
    """The ARN of a function's dead-letter queue."""
    return f"arn:aws:sqs:{REGION}:{account}:{PREFIX}-{short}-dead-letters"
