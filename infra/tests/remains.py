"""What is in an account of the lab: nothing, after everything was destroyed."""


def left(lab, account):
    """What there is in an account, by kind and name."""
    client = lambda service: lab.client(service, account)
    listed_there = {
        "function": [function["FunctionName"] for function in client("lambda").list_functions()["Functions"]],
        "mapping": [mapping["UUID"] for mapping in client("lambda").list_event_source_mappings()["EventSourceMappings"]],
        "role": [role["RoleName"] for role in client("iam").list_roles()["Roles"]],
        "rule": [rule["Name"] for rule in client("events").list_rules()["Rules"]],
        "queue": client("sqs").list_queues().get("QueueUrls", []),
        "topic": [topic["TopicArn"] for topic in client("sns").list_topics()["Topics"]],
        "table": client("dynamodb").list_tables()["TableNames"],
        "parameter": [parameter["Name"] for parameter in client("ssm").describe_parameters()["Parameters"]],
        "alarm": [alarm["AlarmName"] for alarm in client("cloudwatch").describe_alarms()["MetricAlarms"]],
        "log": [group["logGroupName"] for group in client("logs").describe_log_groups()["logGroups"]],
        "repository": [repository["repositoryName"] for repository in client("ecr").describe_repositories()["repositories"]],
        "load balancer": [balancer["LoadBalancerName"] for balancer in client("elbv2").describe_load_balancers()["LoadBalancers"]],
        "application": client("codedeploy").list_applications()["applications"],
    }
    return [f"{kind} {name}" for kind, names in listed_there.items() for name in names]
