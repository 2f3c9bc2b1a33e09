"""What an account that stages live in has, beside what infra/functions.json says."""

import json

import boto3

from compare import KEY_ACTIONS, PREFIX, Differences, about_ledger, description, key, queue
from lab import ACCOUNT, REGION
from statements import described, policy

TARGET = "222222222222"
# What `advance` does at home only.
AT_HOME = {"Secrets", "Seals", "Requests", "OtherAccounts", "Images"}
# Where the account has stages, too.
ELSEWHERE = "eu-west-1"
# The ledger's key, as the root module names it.
LEDGER_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000001"


def target(lab):
    """The role that stages name, the hook function, the rules that send events home."""
    here, home, found = description(TARGET), description(ACCOUNT), Differences()
    role_is(lab, found, here)
    hook_is(lab, found, here, home)
    rules_are(lab, found, here)
    elsewhere_is(lab, found, home)
    kept_with_key(lab, found)
    alarms = lab.client("cloudwatch", TARGET).describe_alarms()["MetricAlarms"]
    found.same("alarms", sorted(alarm["AlarmName"] for alarm in alarms),
               [f"{PREFIX}-lifecycle-hook-dead-letters", f"{PREFIX}-lifecycle-hook-errors"])
    return found


def role_is(lab, found, here):
    """Trusts exactly `advance`, with the external id, and may do what `advance` does to services."""
    iam, role = lab.client("iam", TARGET), f"{PREFIX}-target"
    (trust,) = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]["Statement"]
    found.same("trust", [trust["Principal"], trust["Action"], trust["Condition"]], [
        {"AWS": f"arn:aws:iam::{ACCOUNT}:role/{PREFIX}-advance"}, "sts:AssumeRole",
        {"StringEquals": {"sts:ExternalId": "an-id-that-nobody-guesses"}}])
    statements = [statement for statement in here["functions"]["advance"]["statements"] if statement["sid"] not in AT_HOME and not about_ledger(statement)]
    named = lambda statement, resource: (
        [f"arn:aws:iam::{TARGET}:role/shop-*"] if "iam:PassRole" in statement["actions"] else [resource])
    granted = policy(iam, role, "own")
    found.same("role's statements", granted, described(statements, named))
    # Stages of every region name it.
    regions = {resource.split(":")[3] for statement in granted.values() for resource in statement["resources"] if resource != "*"}
    found.same("role's regions", sorted(regions), ["", "*"])


def hook_is(lab, found, here, home):
    """The hook works here, on a ledger that is at home."""
    function, name = here["functions"]["lifecycle-hook"], f"{PREFIX}-lifecycle-hook"
    statements = [statement for statement in function["statements"] if not about_ledger(statement)]
    statements += [statement for statement in home["functions"]["lifecycle-hook"]["statements"] if about_ledger(statement)]
    found.same("hook's statements", policy(lab.client("iam", TARGET), name, "own"), described(statements))
    configuration = lab.client("lambda", TARGET).get_function(FunctionName=name)["Configuration"]
    found.same("hook's environment", configuration["Environment"]["Variables"], {
        "TOWPATH_ACCOUNT": ACCOUNT,
        "TOWPATH_TABLE": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{home['table']['name']}"})
    found.same("hook's timeout", configuration["Timeout"], function["timeout_seconds"])


def elsewhere_is(lab, found, home):
    """In another region of the account the hook works there, and whatever has no region is named apart."""
    client = lambda service: boto3.client(service, endpoint_url=lab.endpoint, region_name=ELSEWHERE,
                                          aws_access_key_id=TARGET, aws_secret_access_key="lab")
    there, name = description(TARGET, ELSEWHERE), f"{PREFIX}-lifecycle-hook"
    configuration = client("lambda").get_function(FunctionName=name)["Configuration"]
    role = f"arn:aws:iam::{TARGET}:role/{name}-{ELSEWHERE}"
    found.same("hook elsewhere", [configuration["Role"], configuration["Environment"]["Variables"]["TOWPATH_TABLE"]],
               [role, f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{home['table']['name']}"])
    statements = [statement for statement in there["functions"]["lifecycle-hook"]["statements"] if not about_ledger(statement)]
    statements += [statement for statement in home["functions"]["lifecycle-hook"]["statements"] if about_ledger(statement)]
    found.same("statements of the hook elsewhere", policy(client("iam"), f"{name}-{ELSEWHERE}", "own"), described(statements))
    events = client("events")
    roles = {target["RoleArn"] for rule in events.list_rules()["Rules"] for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]}
    found.same("forwarding role elsewhere", roles, {f"arn:aws:iam::{TARGET}:role/{PREFIX}-forward-{ELSEWHERE}"})


def kept_with_key(lab, found, given="own"):
    """What is kept here is encrypted with this account's key, and the ledger's is used through DynamoDB only.
    A function that is there stays with its key in moto."""
    own, name = key(lab, TARGET, given), f"{PREFIX}-lifecycle-hook"
    configuration = lab.client("lambda", TARGET).get_function(FunctionName=name)["Configuration"]
    found.same("hook's environment's key", configuration.get("KMSKeyArn"), key(lab, TARGET))
    groups = lab.client("logs", TARGET).describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]
    found.same("hook's log's key", [group.get("kmsKeyId") for group in groups], [own])
    sqs = lab.client("sqs", TARGET)
    url = sqs.get_queue_url(QueueName=f"{name}-dead-letters")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    found.same("dead letters' key", attributes.get("KmsMasterKeyId"), own)
    iam = lab.client("iam", TARGET)
    granted = policy(iam, name, "lambda")
    found.same("hook's key", [granted["Key"]["actions"], granted["Key"]["resources"]],
               [["kms:Decrypt", "kms:GenerateDataKey*"], [own]])
    found.same("hook's way to the ledger's key", granted["LedgerKey"], {
        "effect": "Allow", "actions": KEY_ACTIONS, "resources": [LEDGER_KEY],
        "conditions": {"StringEquals": {"kms:ViaService": f"dynamodb.{REGION}.amazonaws.com"}}})
    for role in [name, f"{PREFIX}-target", f"{PREFIX}-forward"]:
        bounded = iam.get_role(RoleName=role)["Role"].get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        found.same(f"{role} boundary", bounded, f"arn:aws:iam::{TARGET}:policy/boundary")


def rules_are(lab, found, here):
    """Every event of the forwarded functions goes to the deployer's bus."""
    events, bus = lab.client("events", TARGET), f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
    described_rules = {f"{PREFIX}-forward-{event['name']}": event for function in ("deployment-event", "image-push")
                       for event in here["functions"][function]["triggers"]["events"]}
    rules = {rule["Name"]: json.loads(rule["EventPattern"]) for rule in events.list_rules()["Rules"]}
    found.same("rules", rules, {name: event["pattern"] for name, event in described_rules.items()})
    for name in rules:
        (entry,) = events.list_targets_by_rule(Rule=name)["Targets"]
        found.same(f"{name} target", [entry["Arn"], entry["RoleArn"], entry["DeadLetterConfig"]["Arn"]],
                   [bus, f"arn:aws:iam::{TARGET}:role/{PREFIX}-forward", queue("lifecycle-hook", TARGET)])
    # What asks for aws:SourceAccount keeps EventBridge out.
    rules_of_home = {"ArnLike": {"aws:SourceArn": f"arn:aws:events:{REGION}:{TARGET}:rule/{PREFIX}-forward-*"}}
    (trust,) = lab.client("iam", TARGET).get_role(RoleName=f"{PREFIX}-forward")["Role"]["AssumeRolePolicyDocument"]["Statement"]
    found.same("forwarding role's trust", [trust["Principal"], trust["Condition"]], [{"Service": "events.amazonaws.com"}, rules_of_home])
    sqs = lab.client("sqs", TARGET)
    url = sqs.get_queue_url(QueueName=f"{PREFIX}-lifecycle-hook-dead-letters")["QueueUrl"]
    document = json.loads(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"])
    found.same("dead letters admit", [statement["Condition"] for statement in document["Statement"] if statement["Effect"] == "Allow"],
               [rules_of_home])
    forward = policy(lab.client("iam", TARGET), f"{PREFIX}-forward", "own")
    found.same("forwarding role", [(statement["actions"], statement["resources"]) for statement in forward.values()],
               [(["events:PutEvents"], [bus])])
