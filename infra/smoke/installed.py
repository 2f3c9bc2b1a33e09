"""What was installed: Terraform's part, and the service that ECS deploys itself, which is made here.

The provider describes such services from a version on that the modules do not ask for.
"""

import json
import pathlib
import shutil

from process import run

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TERRAFORM = pathlib.Path(__file__).parent / "terraform"
# The name of every service, within the cluster of its stage.
SERVICE = "web"


class Terraform:
    """The configuration beside this file, with its state in the run's folder."""

    def __init__(self, place, mirror, trust_names_source=False, external_id=None):
        self.place, self.mirror, self.log = place, mirror, place.folder / "terraform.log"
        variables = {
            "prefix": place.prefix, "region": place.region, "profile": place.profile,
            "packages": str(pathlib.Path(place.packages).resolve()), "architecture": place.architecture,
            "reserve_concurrency": place.reserve_concurrency(), "trust_names_source": trust_names_source,
            "first_port": place.first_port, "infrastructure_policy_arn": place.infrastructure_policy_arn,
            "target": place.target and {"account": place.target, "profile": place.target_profile, "external_id": external_id},
        }
        self.variables = place.folder / "smoke.tfvars.json"
        self.variables.write_text(json.dumps(variables, indent=2))
        self.env = place.environment | {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "TF_DATA_DIR": str(place.folder / "terraform")}

    def initialise(self):
        """Gets the provider."""
        plugins = [f"-plugin-dir={self.mirror}"] if self.mirror else []
        self.terraform("init", "-reconfigure", f"-backend-config=path={self.place.folder / 'terraform.tfstate'}", *plugins)

    def apply(self, *targets):
        """Makes everything, or some of it first."""
        self.terraform("apply", "-auto-approve", f"-var-file={self.variables}", *(f"-target={one}" for one in targets))

    def changes(self):
        """What the next apply would change; nothing, if it is as it should be."""
        plan = str(self.place.folder / "next.plan")
        self.terraform("plan", f"-var-file={self.variables}", f"-out={plan}")
        shown = json.loads(self.terraform("show", "-json", plan, log=None))
        return [f"{one['address']}: {'/'.join(one['change']['actions'])}" for one in shown.get("resource_changes", [])
                if one["change"]["actions"] not in (["no-op"], ["read"])]

    def outputs(self):
        """What the configuration says of what was made."""
        return {name: one["value"] for name, one in json.loads(self.terraform("output", "-json", log=None)).items()}

    def destroy(self):
        """Takes everything away."""
        self.terraform("destroy", "-auto-approve", f"-var-file={self.variables}")

    def terraform(self, *arguments, log=True):
        """Runs terraform."""
        return run([shutil.which("terraform"), f"-chdir={TERRAFORM}", *arguments, "-no-color"], env=self.env, log=log and self.log)


def make_native_service(place, native):
    """A service whose traffic ECS itself moves: green is checked, and people are asked before traffic moves."""
    place.client("ecs").create_service(
        cluster=f"{place.prefix}-ecs", serviceName=SERVICE, taskDefinition=native["task_definition_arn"], desiredCount=1,
        launchType="FARGATE", healthCheckGracePeriodSeconds=30,
        tags=[{"key": "Project", "value": place.prefix}],
        networkConfiguration={"awsvpcConfiguration": {
            "subnets": native["subnet_ids"], "securityGroups": [native["security_group_id"]], "assignPublicIp": "ENABLED"}},
        deploymentConfiguration={"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1, "lifecycleHooks": [
            {"hookTargetArn": native["hook_function_arn"], "roleArn": native["hook_role_arn"], "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"]},
            {"targetType": "PAUSE", "lifecycleStages": ["PRE_PRODUCTION_TRAFFIC_SHIFT"]},
        ]},
        loadBalancers=[{
            "targetGroupArn": native["target_group_arn"], "containerName": "app", "containerPort": 8080,
            "advancedConfiguration": {
                "alternateTargetGroupArn": native["alternate_target_group_arn"],
                "productionListenerRule": native["production_listener_rule_arn"],
                "testListenerRule": native["test_listener_rule_arn"], "roleArn": native["infrastructure_role_arn"],
            },
        }],
    )


def pipeline(place, outputs):
    """The pipeline: a stage for each engine, people asked at the last one, and green checked where there is one."""
    order = ["rolling", "codedeploy", *(["elsewhere"] if place.target else []), "ecs"]
    stages = []
    for name in order:
        service = outputs["services"][name]
        stage = service["stage"] | {"name": name, "timeout": "30m"}
        if service["test_url"]:
            stage["checks"] = [{"name": "health", "http": {"url": f"{service['test_url']}/health"}}]
        stages.append(stage)
    stages[-1]["approval"] = {"sns": True, "when": "before_traffic", "expires": "1h"}
    return {"pipeline": "smoke", "repository": f"{place.prefix}/{SERVICE}", "tags": "commit", "notify": {"sns": True}, "stages": stages}
