"""What a target account's hook function can do to the ledger, tried with the session of its role."""

import boto3
import botocore.exceptions

from compare import PREFIX, Differences
from lab import REGION

TOOLS, TARGET = "555555555555", "666666666666"
TABLE = f"arn:aws:dynamodb:{REGION}:{TOOLS}:table/{PREFIX}-ledger"


def accounts(lab):
    """The hook reaches the ledger across accounts, as far as it needs to and no further."""
    found, hook = Differences(), session(lab, f"arn:aws:iam::{TARGET}:role/{PREFIX}-lifecycle-hook")
    item = lambda key: {"pk": {"S": key}, "sk": {"S": "1"}}
    # As a report is written: while the release is as it was read.
    transaction = lambda report, read: hook.transact_write_items(TransactItems=[
        {"Put": {"TableName": TABLE, "Item": item(report)}},
        {"ConditionCheck": {"TableName": TABLE, "Key": item(read), "ConditionExpression": "attribute_not_exists(pk)"}},
    ])
    calls = {
        "reads a release": lambda: hook.query(
            TableName=TABLE, KeyConditionExpression="pk = :r", ExpressionAttributeValues={":r": {"S": "RELEASE#a"}}),
        "reports": lambda: hook.put_item(TableName=TABLE, Item=item(f"HOOK#{TARGET}#a")),
        "reports for another account": lambda: hook.put_item(TableName=TABLE, Item=item(f"HOOK#{TOOLS}#a")),
        "writes a release": lambda: hook.put_item(TableName=TABLE, Item=item("RELEASE#a")),
        "reports while a release stands": lambda: transaction(f"HOOK#{TARGET}#b", "RELEASE#a"),
        "reports for another account while a release stands": lambda: transaction(f"HOOK#{TOOLS}#b", "RELEASE#a"),
        "reports while a veto stands": lambda: transaction(f"HOOK#{TARGET}#c", "VETO#a"),
        "reads everything": lambda: hook.scan(TableName=TABLE),
        "deletes": lambda: hook.delete_item(TableName=TABLE, Key=item("RELEASE#a")),
    }
    expected = {"reads a release": True, "reports": True, "reports while a release stands": True}
    found.same("hook", {what: allowed(call) for what, call in calls.items()}, {what: expected.get(what, False) for what in calls})
    return found


def session(lab, role):
    """A client of DynamoDB with a session of a role, as the lab gives it out."""
    key = lab.control("credentials", {"role": role})["access_key"]
    return boto3.client("dynamodb", endpoint_url=lab.endpoint, region_name=REGION,
                        aws_access_key_id=key, aws_secret_access_key="lab")


def allowed(call):
    """Whether AWS lets it through; any other refusal than IAM's is an error."""
    try:
        call()
        return True
    except botocore.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "AccessDeniedException":
            raise
        return False
