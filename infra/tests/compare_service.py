"""What the service modules made: as Towpath needs it."""

import hashlib
import json
import os
import pathlib
import subprocess

from compare import Differences
from lab import REGION, ROOT
from statements import policy

TOWPATH = pathlib.Path(os.environ.get("TOWPATH", ROOT / "target/debug/towpath"))
ACCOUNT = "333333333333"
# Services of the same name are in clusters of the same name in both.
REGIONS = [REGION, "eu-west-1"]
# Of the service that ECS deploys itself: a name that is too long for the names of its roles.
LONG = "shop-native-of-the-platform-team-in-central-europe"


def service(lab):
    """The repository, the pipeline, and a service per engine."""
    found = Differences()
    repository_is(lab, found)
    services_are(lab, found)
    group_is(lab, found)
    pipeline_is(lab, found)
    targets_are(lab, found)
    native_is(lab, found)
    return found


def repository_is(lab, found):
    """Tags cannot move, pushes are scanned, and only very many tagged images expire."""
    ecr = lab.client("ecr", ACCOUNT)
    (repository,) = ecr.describe_repositories()["repositories"]
    found.same("repository", [repository["repositoryName"], repository["imageTagMutability"],
                              repository["imageScanningConfiguration"]["scanOnPush"]], ["shop/api", "IMMUTABLE", True])
    rules = json.loads(ecr.get_lifecycle_policy(repositoryName="shop/api")["lifecyclePolicyText"])["rules"]
    found.same("lifecycle", [(rule["selection"]["tagStatus"], rule["selection"]["countType"], rule["selection"]["countNumber"])
                             for rule in rules],
               [("untagged", "sinceImagePushed", 14), ("tagged", "imageCountMoreThan", 1000)])


def services_are(lab, found):
    """Each with the controller of its engine and behind its load balancer."""
    ecs = lab.client("ecs", ACCOUNT)
    for cluster, controller in {"shop-test": "ECS", "shop": "CODE_DEPLOY"}.items():
        (one,) = ecs.describe_services(cluster=cluster, services=["api"])["services"]
        found.same(f"{cluster} controller", one.get("deploymentController", {"type": "ECS"})["type"], controller)
        found.same(f"{cluster} status", one["status"], "ACTIVE")
        balancers = [(entry["containerName"], entry["containerPort"]) for entry in one["loadBalancers"]]
        found.same(f"{cluster} load balancer", balancers, [("app", 8080)])


def group_is(lab, found):
    """CodeDeploy knows service, listeners and both target groups, and its role no more than needed."""
    codedeploy = lab.client("codedeploy", ACCOUNT)
    group = codedeploy.get_deployment_group(applicationName="shop-api", deploymentGroupName="api")["deploymentGroupInfo"]
    found.same("platform", group.get("computePlatform"), "ECS")
    found.same("group's service", group["ecsServices"], [{"clusterName": "shop", "serviceName": "api"}])
    (pair,) = group["loadBalancerInfo"]["targetGroupPairInfoList"]
    found.same("target groups", len({entry["name"] for entry in pair["targetGroups"]}), 2)
    listeners = {entry["ListenerArn"]: entry["Port"] for balancer in lab.client("elbv2", ACCOUNT).describe_load_balancers()["LoadBalancers"]
                 for entry in lab.client("elbv2", ACCOUNT).describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]}
    routes = [[listeners[arn] for arn in pair[route]["listenerArns"]] for route in ("prodTrafficRoute", "testTrafficRoute")]
    found.same("listeners", routes, [[8082], [9002]])
    ready = group["blueGreenDeploymentConfiguration"]["deploymentReadyOption"]
    found.same("ready wait", ready, {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 60})
    for region in REGIONS:
        statements = policy(lab.client("iam", ACCOUNT), f"shop-api-codedeploy-{region}", "own")
        found.same(f"roles to pass in {region}", statements["PassTaskRoles"]["resources"],
                   [f"arn:aws:iam::{ACCOUNT}:role/shop-api-execution-{region}"])
        found.same(f"service of {region}", statements["TaskSets"]["resources"][0], f"arn:aws:ecs:{region}:{ACCOUNT}:service/shop/api")
        found.same(f"hook of {region}", statements["Checks"]["resources"],
                   [f"arn:aws:lambda:{region}:{ACCOUNT}:function:towpath-lifecycle-hook"])


def native_is(lab, found):
    """Around a service that ECS deploys itself: a rule on each listener, and roles that ECS assumes."""
    elbv2, iam = lab.client("elbv2", ACCOUNT), lab.client("iam", ACCOUNT)
    listeners = {entry["Port"]: entry["ListenerArn"] for balancer in elbv2.describe_load_balancers()["LoadBalancers"]
                 for entry in elbv2.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]}
    for port in (8083, 9003):
        rules = [rule for rule in elbv2.describe_rules(ListenerArn=listeners[port])["Rules"] if not rule["IsDefault"]]
        groups = [len(rule["Actions"][0]["ForwardConfig"]["TargetGroups"]) for rule in rules]
        found.same(f"native rules of {port}", groups, [2])
    for region in REGIONS:
        for kind in ("infrastructure", "hooks"):
            role = shortened(kind, region)
            found.same(f"{role}'s length", len(role), 64)
            (trust,) = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]["Statement"]
            found.same(f"native {role}", [trust["Principal"], trust.get("Condition")], [{"Service": "ecs.amazonaws.com"}, None])
        found.same(f"native hook of {region}", policy(iam, shortened("hooks", region), "own")["Checks"]["resources"],
                   [f"arn:aws:lambda:{region}:{ACCOUNT}:function:towpath-lifecycle-hook"])
    # With a cluster's name first, one could begin with "sg-", which EC2 refuses.
    groups = [group["GroupName"] for group in lab.client("ec2", ACCOUNT).describe_security_groups()["SecurityGroups"]]
    found.same("native security groups", sorted(name for name in groups if LONG in name), [f"ecs-{LONG}-api-load-balancer", f"ecs-{LONG}-api-tasks"])
    services = lab.client("ecs", ACCOUNT).list_services(cluster=LONG)["serviceArns"]
    found.same("native services", services, [])


def shortened(kind, region):
    """The name of a role of the service with the long name: it has no room for the whole cluster's."""
    rest = f"-{hashlib.sha256(LONG.encode()).hexdigest()[:6]}-api-{kind}-{region}"
    return LONG[:64 - len(rest)] + rest


def pipeline_is(lab, found):
    """The pipeline is where the deployer looks for it, and says what was made."""
    name = "/towpath/pipelines/shop/api/shop-api"
    pipeline = json.loads(lab.client("ssm", ACCOUNT).get_parameter(Name=name)["Parameter"]["Value"])
    stage = {"service": "api", "containers": ["app"], "base": "family"}
    found.same("pipeline", pipeline, {"pipeline": "shop-api", "repository": "shop/api", "notify": {"slack": "C0123456789"}, "stages": [
        stage | {"name": "test", "cluster": "shop-test", "engine": {"rolling": {}}},
        stage | {"name": "production", "cluster": "shop", "approval": {"slack": ["U0123456789"]}, "engine": {
            "codedeploy": {"application": "shop-api", "group": "api", "hook": "towpath-lifecycle-hook"}}},
    ]})
    found.extend(lint(pipeline))


def lint(pipeline):
    """What `towpath lint` says about a pipeline; nothing where it is not built."""
    if not TOWPATH.is_file():
        return []
    run = subprocess.run([TOWPATH, "lint", "/dev/stdin"], input=json.dumps(pipeline), text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return [f"towpath lint: {run.stdout}"] if run.returncode != 0 else []


def example(lab):
    """The example's pipeline passes three stages, and its services are there."""
    account, found = "444444444444", Differences()
    name = "/towpath/pipelines/shop/api/shop-api"
    pipeline = json.loads(lab.client("ssm", account).get_parameter(Name=name)["Parameter"]["Value"])
    found.same("stages", [(stage["name"], list(stage["engine"])) for stage in pipeline["stages"]],
               [("test", ["rolling"]), ("staging", ["codedeploy"]), ("production", ["codedeploy"])])
    found.extend(lint(pipeline))
    for stage in pipeline["stages"]:
        answer = lab.client("ecs", account).describe_services(cluster=stage["cluster"], services=[stage["service"]])
        found.same(f"{stage['name']} service", [one["status"] for one in answer["services"]], ["ACTIVE"])
    passed = policy(lab.client("iam", account), "towpath-advance", "own")["PassTaskRoles"]["resources"]
    for stage in pipeline["stages"]:
        role = lab.client("iam", account).get_role(RoleName=f"{stage['cluster']}-api-execution-{REGION}")["Role"]["Arn"]
        found.same(f"{role} may be passed", role in passed, True)
    return found


def targets_are(lab, found):
    """Both services scale."""
    scaling = lab.client("application-autoscaling", ACCOUNT)
    targets = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    found.same("scalable targets", sorted((target["ResourceId"], target["MinCapacity"], target["MaxCapacity"]) for target in targets),
               [("service/shop-test/api", 2, 6), ("service/shop/api", 2, 6)])
