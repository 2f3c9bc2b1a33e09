"""What AWS answers about what runs."""

import json
import urllib.error
import urllib.request

from installed import SERVICE


def elsewhere(stage):
    """Whether a stage is in the other account."""
    return stage == "elsewhere"


def serving(place, stage):
    """The digests of the tasks of a stage's service, asked of ECS; none while they are not all there."""
    ecs, cluster = place.client("ecs", elsewhere(stage)), f"{place.prefix}-{stage}"
    tasks = ecs.list_tasks(cluster=cluster, serviceName=SERVICE, desiredStatus="RUNNING")["taskArns"]
    if not tasks:
        return set()
    tasks = ecs.describe_tasks(cluster=cluster, tasks=tasks)["tasks"]
    if any(task["lastStatus"] != "RUNNING" for task in tasks):
        return set()
    return {container.get("imageDigest") for task in tasks for container in task["containers"]}


def visited(url):
    """What somebody gets who visits a service."""
    try:
        with urllib.request.urlopen(f"{url}/", timeout=10) as answer:
            return answer.read().decode()
    except (OSError, urllib.error.URLError) as error:
        return str(error)


def described(place, stage):
    """A stage's service, as ECS describes it."""
    (service,) = place.client("ecs", elsewhere(stage)).describe_services(cluster=f"{place.prefix}-{stage}", services=[SERVICE])["services"]
    return service


def code_deployment(place, stage):
    """The newest deployment of a stage's group, asked of CodeDeploy."""
    codedeploy = place.client("codedeploy", elsewhere(stage))
    listed = codedeploy.list_deployments(applicationName=f"{place.prefix}-{stage}-{SERVICE}", deploymentGroupName=SERVICE)["deployments"]
    deployments = [codedeploy.get_deployment(deploymentId=one)["deploymentInfo"] for one in listed]
    return max(deployments, key=lambda one: one["createTime"], default=None)


def service_deployments(place, stage):
    """The deployments of a service that ECS deploys itself, the newest first."""
    listed = place.client("ecs").list_service_deployments(cluster=f"{place.prefix}-{stage}", service=SERVICE)["serviceDeployments"]
    return sorted(listed, key=lambda one: one["createdAt"], reverse=True)


def suspended(place, stage):
    """What of a service's auto scaling is suspended."""
    targets = place.client("application-autoscaling", elsewhere(stage)).describe_scalable_targets(
        ServiceNamespace="ecs", ResourceIds=[f"service/{place.prefix}-{stage}/{SERVICE}"])["ScalableTargets"]
    return sorted(name for target in targets for name, value in target.get("SuspendedState", {}).items() if value)


def dead_letters(place, queues):
    """Why something was given up, for each dead-letter queue that has any."""
    reasons = {}
    for name, url in queues.items():
        received = place.client("sqs").receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]).get("Messages", [])
        if received:
            reasons[name] = f"{len(received)} or more, such as: {reason(received[0])}"
    return reasons


def reason(letter):
    """What Lambda or EventBridge says of a dead letter."""
    body = json.loads(letter["Body"])
    said = [body.get("requestContext", {}).get("condition"), body.get("responsePayload", {}).get("errorMessage"),
            *(attribute.get("StringValue") for name, attribute in sorted(letter.get("MessageAttributes", {}).items()) if name.startswith("ERROR_"))]
    return ", ".join(one for one in said if one) or f"nothing but {', '.join(sorted(body))}"
