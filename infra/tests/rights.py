"""What whoever applies the modules has to be allowed: docs/policies/terraform*.json allow that and no more.

Two things are compared with the policies: what each type of resource needs, by the table here, and what
Terraform asks of the lab when the modules are applied, changed and destroyed.
"""

import json
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
INFRA = ROOT / "infra"
# A policy, and the modules whose own resources it is for.
POLICIES = {
    "docs/policies/terraform.json": ["deployer", "target-account"],
    "docs/policies/terraform-services.json": ["service", "service/pipeline"],
    "docs/policies/terraform-example.json": ["example", "smoke/terraform", "smoke/terraform/network"],
}
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
LONGEST = 6144

# The actions of each type, after the service's prefix: those of hashicorp/aws 5.100 when it makes, reads,
# changes and deletes such a resource. What AWS does in the name of the caller is here as well: it passes
# roles, makes its service-linked roles, and makes alarms for scaling policies.
TAGS = "TagResource UntagResource ListTagsForResource"
NEEDS = {
    "aws_appautoscaling_policy": ["application-autoscaling: PutScalingPolicy DescribeScalingPolicies DeleteScalingPolicy",
                                  "cloudwatch: PutMetricAlarm DescribeAlarms DeleteAlarms"],
    "aws_appautoscaling_target": [f"application-autoscaling: RegisterScalableTarget DescribeScalableTargets DeregisterScalableTarget {TAGS}",
                                  "iam: CreateServiceLinkedRole"],
    "aws_cloudformation_stack": ["cloudformation: CreateStack DescribeStacks DescribeStackEvents GetTemplate UpdateStack DeleteStack TagResource",
                                 "lambda: AddPermission RemovePermission"],
    "aws_cloudwatch_event_bus_policy": ["events: DescribeEventBus PutPermission RemovePermission"],
    "aws_cloudwatch_event_rule": [f"events: PutRule DescribeRule DeleteRule {TAGS}"],
    "aws_cloudwatch_event_target": ["events: PutTargets ListTargetsByRule RemoveTargets", "iam: PassRole"],
    "aws_cloudwatch_log_group": [f"logs: CreateLogGroup DescribeLogGroups PutRetentionPolicy DeleteRetentionPolicy DeleteLogGroup AssociateKmsKey DisassociateKmsKey {TAGS}"],
    "aws_cloudwatch_metric_alarm": [f"cloudwatch: PutMetricAlarm DescribeAlarms DeleteAlarms {TAGS}"],
    "aws_codedeploy_app": [f"codedeploy: CreateApplication GetApplication DeleteApplication {TAGS}"],
    "aws_codedeploy_deployment_group": [f"codedeploy: CreateDeploymentGroup GetDeploymentGroup UpdateDeploymentGroup DeleteDeploymentGroup {TAGS}", "iam: PassRole"],
    "aws_default_security_group": ["ec2: DescribeSecurityGroups DescribeNetworkInterfaces RevokeSecurityGroupIngress RevokeSecurityGroupEgress CreateTags DeleteTags"],
    "aws_dynamodb_resource_policy": ["dynamodb: PutResourcePolicy GetResourcePolicy DeleteResourcePolicy"],
    "aws_dynamodb_table": ["dynamodb: CreateTable DescribeTable UpdateTable DeleteTable DescribeContinuousBackups UpdateContinuousBackups DescribeTimeToLive ListTagsOfResource TagResource UntagResource"],
    "aws_ecr_lifecycle_policy": ["ecr: PutLifecyclePolicy GetLifecyclePolicy DeleteLifecyclePolicy"],
    "aws_ecr_repository": [f"ecr: CreateRepository DescribeRepositories DeleteRepository PutImageTagMutability PutImageScanningConfiguration {TAGS}"],
    "aws_ecr_repository_policy": ["ecr: SetRepositoryPolicy GetRepositoryPolicy DeleteRepositoryPolicy"],
    "aws_ecs_cluster": ["ecs: CreateCluster DescribeClusters UpdateCluster DeleteCluster TagResource UntagResource", "iam: CreateServiceLinkedRole"],
    "aws_ecs_service": ["ecs: CreateService DescribeServices UpdateService DeleteService TagResource UntagResource", "iam: CreateServiceLinkedRole"],
    "aws_ecs_task_definition": ["ecs: RegisterTaskDefinition DescribeTaskDefinition TagResource UntagResource", "iam: PassRole"],
    "aws_eip": ["ec2: AllocateAddress DescribeAddresses DescribeAddressesAttribute DisassociateAddress ReleaseAddress CreateTags DeleteTags"],
    "aws_iam_role": ["iam: CreateRole GetRole UpdateRole UpdateAssumeRolePolicy PutRolePermissionsBoundary DeleteRolePermissionsBoundary ListRolePolicies ListAttachedRolePolicies ListInstanceProfilesForRole DeleteRole TagRole UntagRole"],
    "aws_iam_role_policy": ["iam: PutRolePolicy GetRolePolicy DeleteRolePolicy"],
    "aws_iam_role_policy_attachment": ["iam: AttachRolePolicy ListAttachedRolePolicies DetachRolePolicy"],
    "aws_internet_gateway": ["ec2: CreateInternetGateway AttachInternetGateway DescribeInternetGateways DetachInternetGateway DeleteInternetGateway CreateTags DeleteTags"],
    "aws_kms_key": ["kms: CreateKey DescribeKey EnableKeyRotation GetKeyPolicy PutKeyPolicy GetKeyRotationStatus UpdateKeyDescription ScheduleKeyDeletion ListResourceTags TagResource UntagResource"],
    "aws_lambda_event_source_mapping": ["lambda: CreateEventSourceMapping GetEventSourceMapping UpdateEventSourceMapping DeleteEventSourceMapping ListTags TagResource UntagResource"],
    "aws_lambda_function": ["lambda: CreateFunction GetFunction UpdateFunctionCode UpdateFunctionConfiguration DeleteFunction ListVersionsByFunction GetFunctionCodeSigningConfig PutFunctionConcurrency DeleteFunctionConcurrency ListTags TagResource UntagResource",
                            "iam: PassRole", "ec2: DescribeVpcs DescribeSubnets DescribeSecurityGroups"],
    "aws_lambda_function_event_invoke_config": ["lambda: PutFunctionEventInvokeConfig GetFunctionEventInvokeConfig DeleteFunctionEventInvokeConfig"],
    "aws_lambda_function_url": ["lambda: CreateFunctionUrlConfig GetFunctionUrlConfig UpdateFunctionUrlConfig DeleteFunctionUrlConfig AddPermission RemovePermission"],
    "aws_lambda_permission": ["lambda: AddPermission GetPolicy RemovePermission"],
    "aws_lb": ["elasticloadbalancing: CreateLoadBalancer DescribeLoadBalancers DescribeLoadBalancerAttributes ModifyLoadBalancerAttributes DescribeCapacityReservation SetSecurityGroups SetSubnets DeleteLoadBalancer DescribeTags AddTags RemoveTags",
               "iam: CreateServiceLinkedRole", "ec2: DescribeVpcs DescribeSubnets DescribeSecurityGroups DescribeInternetGateways DescribeNetworkInterfaces"],
    "aws_lb_listener": ["elasticloadbalancing: CreateListener DescribeListeners DescribeListenerAttributes ModifyListener ModifyListenerAttributes DeleteListener DescribeTags AddTags RemoveTags"],
    "aws_lb_listener_rule": ["elasticloadbalancing: CreateRule DescribeRules ModifyRule DeleteRule DescribeTags AddTags RemoveTags"],
    "aws_lb_target_group": ["elasticloadbalancing: CreateTargetGroup DescribeTargetGroups DescribeTargetGroupAttributes ModifyTargetGroup ModifyTargetGroupAttributes DeleteTargetGroup DescribeTags AddTags RemoveTags"],
    "aws_nat_gateway": ["ec2: CreateNatGateway DescribeNatGateways DeleteNatGateway CreateTags DeleteTags"],
    "aws_route_table": ["ec2: CreateRouteTable DescribeRouteTables CreateRoute ReplaceRoute DeleteRoute DisassociateRouteTable DeleteRouteTable CreateTags DeleteTags"],
    "aws_route_table_association": ["ec2: AssociateRouteTable ReplaceRouteTableAssociation DescribeRouteTables DisassociateRouteTable"],
    "aws_secretsmanager_random_password": ["secretsmanager: GetRandomPassword"],
    "aws_security_group": ["ec2: CreateSecurityGroup DescribeSecurityGroups DescribeNetworkInterfaces RevokeSecurityGroupEgress RevokeSecurityGroupIngress DeleteSecurityGroup CreateTags DeleteTags"],
    "aws_sns_topic": [f"sns: CreateTopic GetTopicAttributes SetTopicAttributes DeleteTopic {TAGS}"],
    "aws_sns_topic_policy": ["sns: SetTopicAttributes GetTopicAttributes"],
    "aws_sns_topic_subscription": ["sns: Subscribe GetSubscriptionAttributes SetSubscriptionAttributes ListSubscriptionsByTopic Unsubscribe"],
    "aws_sqs_queue": ["sqs: CreateQueue GetQueueAttributes SetQueueAttributes DeleteQueue ListQueueTags TagQueue UntagQueue"],
    "aws_sqs_queue_policy": ["sqs: SetQueueAttributes GetQueueAttributes"],
    "aws_ssm_parameter": ["ssm: PutParameter GetParameter DescribeParameters DeleteParameter ListTagsForResource AddTagsToResource RemoveTagsFromResource"],
    "aws_subnet": ["ec2: CreateSubnet DescribeSubnets ModifySubnetAttribute DeleteSubnet DescribeNetworkInterfaces CreateTags DeleteTags"],
    "aws_vpc": ["ec2: CreateVpc DescribeVpcs DescribeVpcAttribute ModifyVpcAttribute DescribeNetworkAcls DescribeRouteTables DescribeSecurityGroups DeleteVpc CreateTags DeleteTags"],
    "aws_vpc_security_group_egress_rule": ["ec2: AuthorizeSecurityGroupEgress DescribeSecurityGroupRules ModifySecurityGroupRules RevokeSecurityGroupEgress CreateTags DeleteTags"],
    "aws_vpc_security_group_ingress_rule": ["ec2: AuthorizeSecurityGroupIngress DescribeSecurityGroupRules ModifySecurityGroupRules RevokeSecurityGroupIngress CreateTags DeleteTags"],
    # Of what is only read: the role behind the session, and the zones of a region.
    "data aws_iam_session_context": ["iam: GetRole"],
    "data aws_availability_zones": ["ec2: DescribeAvailabilityZones"],
}
# What everybody may.
FREE = {"sts:GetCallerIdentity"}
# What the tests' own root modules make beside the modules: keys with an alias, a policy.
OF_THE_TESTS = ["iam: CreatePolicy GetPolicy GetPolicyVersion ListPolicyVersions DeletePolicy",
                "kms: CreateAlias ListAliases DeleteAlias"]
# Lambda's calls have paths, of which the lab names a few only.
# https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html
PATHS = [
    (r"POST /[\d-]+/functions", "CreateFunction"),
    (r"GET /[\d-]+/functions/[^/]+/versions", "ListVersionsByFunction"),
    (r"GET /[\d-]+/functions/[^/]+/policy", "GetPolicy"),
    (r"GET /[\d-]+/functions/[^/]+/code-signing-config", "GetFunctionCodeSigningConfig"),
    (r"PUT /[\d-]+/functions/[^/]+/code", "UpdateFunctionCode"),
    (r"PUT /[\d-]+/functions/[^/]+/configuration", "UpdateFunctionConfiguration"),
    (r"PUT /[\d-]+/functions/[^/]+/concurrency", "PutFunctionConcurrency"),
    (r"DELETE /[\d-]+/functions/[^/]+/concurrency", "DeleteFunctionConcurrency"),
    (r"(PUT|GET|DELETE) /[\d-]+/functions/[^/]+/event-invoke-config", "{}FunctionEventInvokeConfig"),
    (r"(POST|GET|PUT|DELETE) /[\d-]+/functions/[^/]+/url", "{}FunctionUrlConfig"),
    (r"(POST|GET|PUT|DELETE) /[\d-]+/event-source-mappings(?:/[^/]+)?", "{}EventSourceMapping"),
    (r"GET /[\d-]+/tags/.+", "ListTags"),
    (r"POST /[\d-]+/tags/.+", "TagResource"),
    (r"DELETE /[\d-]+/tags/.+", "UntagResource"),
]
VERBS = {"{}FunctionEventInvokeConfig": {"PUT": "Put", "GET": "Get", "DELETE": "Delete"},
         None: {"POST": "Create", "GET": "Get", "PUT": "Update", "DELETE": "Delete"}}


def problems():
    """Where a policy and the modules do not fit."""
    for policy, modules in POLICIES.items():
        types = {kind for module in modules for kind in used(INFRA / module)}
        for kind in sorted(types - NEEDS.keys()):
            yield f"infra/tests/rights.py does not say what {kind} needs"
        needed = {action for kind in types & NEEDS.keys() for action in actions_of(NEEDS[kind])}
        allowed = allows(policy)
        yield from (f"{policy} does not allow {action}, which the modules need" for action in sorted(needed - allowed))
        yield from (f"{policy} allows {action}, which no module needs" for action in sorted(allowed - needed))
        length = len(re.sub(r"\s", "", (ROOT / policy).read_text()))
        if length > LONGEST:
            yield f"{policy} has {length} characters, and IAM takes {LONGEST} without white space"


def used(folder):
    """The types of a module's own resources, and those of its data that need a right."""
    for file in folder.glob("*.tf"):
        text = file.read_text()
        yield from re.findall(r'^(?:resource|ephemeral) "(\w+)"', text, re.M)
        yield from (f"data {kind}" for kind in re.findall(r'^data "(\w+)"', text, re.M) if f"data {kind}" in NEEDS)


def actions_of(lines):
    """The actions of each line, with their services."""
    for line in lines:
        service, _, names = line.partition(":")
        yield from (f"{service}:{name}" for name in names.split())


def allows(policy):
    """The actions that a policy allows."""
    statements = json.loads((ROOT / policy).read_text())["Statement"]
    lists = [[action] if isinstance(action, str) else action for action in (one["Action"] for one in statements)]
    return {action for actions in lists for action in actions}


def asked(entries, accounts):
    """What Terraform asked of the lab that no policy allows."""
    allowed = FREE.union(actions_of(OF_THE_TESTS), *map(allows, POLICIES))
    wanted = {action(entry) for entry in entries if entry["account"] in accounts and entry["caller"] == "root"}
    return [f"Terraform needs {one}, which no policy of docs/policies/terraform*.json allows" for one in sorted(wanted - allowed)]


def action(entry):
    """The action that allows a call."""
    service, operation = entry["service"].replace("monitoring", "cloudwatch"), entry["operation"]
    for pattern, name in PATHS if service == "lambda" else []:
        if found := re.fullmatch(pattern, operation.rstrip("/")):
            verbs = VERBS.get(name, VERBS[None])
            return f"lambda:{name.format(verbs[found[1]]) if found.groups() else name}"
    return f"{service}:{operation}"
