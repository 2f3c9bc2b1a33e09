"""Statements of IAM policies, as functions.json writes them and as IAM gives them back."""

import json
import urllib.parse


def policy(iam, role, name):
    """The statements of an inline policy by their names."""
    document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    if isinstance(document, str):
        document = json.loads(urllib.parse.unquote(document))
    return {statement["Sid"]: plain(statement) for statement in document["Statement"]}


def plain(statement):
    """A statement as functions.json writes it."""
    listed = lambda value: sorted([value] if isinstance(value, str) else value)
    return {
        "effect": statement["Effect"],
        "actions": listed(statement["Action"]),
        "resources": listed(statement["Resource"]),
        "conditions": statement.get("Condition", {}),
    }


def described(statements, narrowed=lambda _statement, resource: [resource]):
    """The statements of functions.json, with resources replaced by `narrowed`."""
    return {
        statement["sid"]: {
            "effect": "Allow",
            "actions": sorted(statement["actions"]),
            "resources": sorted(new for old in statement["resources"] for new in narrowed(statement, old)),
            "conditions": statement["conditions"],
        }
        for statement in statements
    }
