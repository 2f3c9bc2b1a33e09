"""The lab, as if it were an account of AWS."""

import copy
import datetime
import json
import os
import pathlib
import random
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "infra/tests"))

import lab  # noqa: E402
import providers  # noqa: E402
from aws import Aws  # noqa: E402

TARGET = "222222222222"
RUNNER = "smoke-runner"
# Virtual seconds per real second while everything is destroyed. Before, time moves from timer to timer, so
# that nothing depends on how busy the machine is.
SPEED = 60
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


class OnLab(Aws):
    """The same program, the same Terraform, other endpoints."""

    kind = "lab"
    patience_seconds, trail_seconds = 600, 0

    def __init__(self, chosen, folder, environment, _images):
        description = folder / "functions.json"
        described = json.loads((ROOT / "infra/functions.json").read_text())
        description.write_text(json.dumps(described | {"prefix": chosen.prefix}))
        providers.packages(folder / "packages")
        self.running = lab.Lab("--speed", "0", "--target-account", TARGET, functions_json=description, apart=True)
        self.running.__enter__()
        try:
            config = folder / "aws-config"
            config.write_text("\n".join(self.profiles()))
            environment = {name: value for name, value in environment.items() if not name.startswith("AWS_")}
            environment |= {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(config) + ".none",
                            "AWS_ENDPOINT_URL": self.running.endpoint, "AWS_EC2_METADATA_DISABLED": "true"}
            # boto3 reads them here as well.
            for name in [name for name in os.environ if name.startswith("AWS_")]:
                del os.environ[name]
            os.environ.update(environment)
            here = copy.copy(chosen)
            here.profile, here.target_profile, here.region = "tools", "elsewhere", lab.REGION
            here.packages, here.architecture = folder / "packages", "x86_64"
            super().__init__(here, folder, environment, None)
            self.infrastructure_policy_arn = self.shift_policy()
            # Listeners are ports of this machine, where another lab may have some.
            self.first_port = random.randrange(20000, 30000, 8)
        except BaseException:
            self.running.__exit__()
            raise

    def __exit__(self, *_):
        self.running.__exit__()

    def profiles(self):
        """A configuration of AWS's tools with a profile for each account, whose keys are those of a role:
        root may not decide about releases."""
        for name, account in {"tools": lab.ACCOUNT, "elsewhere": TARGET}.items():
            iam = self.running.client("iam", account)
            iam.create_role(RoleName=RUNNER, AssumeRolePolicyDocument=json.dumps(
                {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}]}))
            iam.put_role_policy(RoleName=RUNNER, PolicyName="all", PolicyDocument=json.dumps(EVERYTHING))
            key = self.running.control("credentials", {"role": f"arn:aws:iam::{account}:role/{RUNNER}"})["access_key"]
            yield from [f"[profile {name}]", f"region = {lab.REGION}", f"aws_access_key_id = {key}", "aws_secret_access_key = lab"]

    def shift_policy(self):
        """The lab has none of AWS's own policies."""
        policy = self.client("iam").create_policy(PolicyName="shift-traffic", PolicyDocument=json.dumps(EVERYTHING))
        return policy["Policy"]["Arn"]

    def install(self):
        """What Terraform made in the target account works in the lab's own hands only."""
        name = f"{self.prefix}-lifecycle-hook"
        table = f"arn:aws:dynamodb:{self.region}:{self.account}:table/{self.prefix}-ledger"
        there = {"account": TARGET, "region": self.region}
        self.running.control("functions", there | {"name": name, "like": "lifecycle-hook", "environment": {"TOWPATH_TABLE": table}})
        events = self.client("events", elsewhere=True)
        for rule in events.list_rules(NamePrefix=f"{self.prefix}-forward")["Rules"]:
            (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
            self.running.control("rules", there | {"name": rule["Name"], "pattern": json.loads(rule["EventPattern"]),
                                                   "bus": target["Arn"], "role": target["RoleArn"]})

    def push(self, repository_url, tag, behaviour):
        """The lab's registry takes images that are described."""
        repository = repository_url.partition("/")[2]
        described = {"repository": repository, "tag": tag, "behaviour": {"healthy": "healthy", "exits": "crash-loop"}[behaviour]}
        self.running.control("push", described | {"platforms": ["linux/amd64"]})

    def mark(self):
        """The lab's time, with a second on either side in which nothing is called."""
        times = [self.running.control("clock/advance", {"seconds": 1})["now"] for _ in range(2)]
        return datetime.datetime.fromisoformat(times[0][:19] + "+00:00")

    def wait(self):
        """Time moves to the next thing that happens."""
        self.running.control("idle", {})
        self.running.control("clock/next", {})

    def let_time_pass(self):
        """Services that are deleted take their time."""
        self.running.control("clock/speed", {"speed": SPEED})

    def problems(self):
        """None: the lab is empty."""
        return []

    def reserve_concurrency(self):
        """As in an account whose quota was raised."""
        return True
