"""What is in an account: nothing of that, after everything was destroyed."""

# How each kind is listed, where its names are, and what of an entry is the name.
KINDS = {
    "function": ("lambda", "list_functions", "Functions", "FunctionName"),
    "mapping": ("lambda", "list_event_source_mappings", "EventSourceMappings", "FunctionArn"),
    "role": ("iam", "list_roles", "Roles", "RoleName"),
    "rule": ("events", "list_rules", "Rules", "Name"),
    "queue": ("sqs", "list_queues", "QueueUrls", None),
    "topic": ("sns", "list_topics", "Topics", "TopicArn"),
    "table": ("dynamodb", "list_tables", "TableNames", None),
    "parameter": ("ssm", "describe_parameters", "Parameters", "Name"),
    "alarm": ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    "log": ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    "repository": ("ecr", "describe_repositories", "repositories", "repositoryName"),
    "load balancer": ("elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerName"),
    "application": ("codedeploy", "list_applications", "applications", None),
    "cluster": ("ecs", "list_clusters", "clusterArns", None),
}


def left(lab, account):
    """What there is in an account of the lab, by kind and name."""
    return everything(lambda service: lab.client(service, account))


def named(client, prefix):
    """What there is in an account whose name says that it belongs to a prefix."""
    return [one for one in everything(client) if f"{prefix}-" in one or f"{prefix}/" in one]


def everything(client):
    """What there is, asked of an account's clients."""
    found = []
    for kind, (service, operation, members, name) in KINDS.items():
        for page in client(service).get_paginator(operation).paginate():
            found += [f"{kind} {entry[name] if name else entry}" for entry in page.get(members, [])]
    return found
