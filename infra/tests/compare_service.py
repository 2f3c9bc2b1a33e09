"""What the service modules made: as Towpath needs it."""

import json

from compare import Differences, policy

ACCOUNT = "333333333333"


def service(lab):
    """The repository, the pipeline, and a service per engine."""
    found = Differences()
    repository_is(lab, found)
    services_are(lab, found)
    group_is(lab, found)
    pipeline_is(lab, found)
    targets_are(lab, found)
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
    statements = policy(lab.client("iam", ACCOUNT), "shop-api-codedeploy", "own")
    found.same("roles to pass", statements["PassTaskRoles"]["resources"], [f"arn:aws:iam::{ACCOUNT}:role/shop-api-execution"])
    found.same("hook", statements["Checks"]["resources"],
               [f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:towpath-lifecycle-hook"])


def pipeline_is(lab, found):
    """The pipeline is where the deployer looks for it, and says what was made."""
    name = "/towpath/pipelines/shop/api/shop-api"
    pipeline = json.loads(lab.client("ssm", ACCOUNT).get_parameter(Name=name)["Parameter"]["Value"])
    stage = {"service": "api", "containers": ["app"], "base": "family"}
    found.same("pipeline", pipeline, {"pipeline": "shop-api", "repository": "shop/api", "stages": [
        stage | {"name": "test", "cluster": "shop-test", "rollout": {"rolling": {}}},
        stage | {"name": "production", "cluster": "shop", "rollout": {
            "codedeploy": {"application": "shop-api", "group": "api", "hook": "towpath-lifecycle-hook"}}},
    ]})


def targets_are(lab, found):
    """Both services scale."""
    scaling = lab.client("application-autoscaling", ACCOUNT)
    targets = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    found.same("scalable targets", sorted((target["ResourceId"], target["MinCapacity"], target["MaxCapacity"]) for target in targets),
               [("service/shop-test/api", 2, 6), ("service/shop/api", 2, 6)])
