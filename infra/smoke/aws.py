"""An account of AWS: how it is called, how images get there, and what CloudTrail saw."""

import base64
import datetime
import json
import pathlib
import re
import time

import boto3

import cloudtrail
from process import Failed, run

LOOK_SECONDS = 10
DESCRIPTION = pathlib.Path(__file__).resolve().parent.parent / "functions.json"


class Aws:
    """AWS, by profiles or the environment's credentials."""

    kind = "aws"
    # How long a release may take from one stage's end to the next one's.
    patience_seconds = 45 * 60
    # CloudTrail shows events within about 5 minutes, on average.
    # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/how-cloudtrail-works.html
    trail_seconds = 15 * 60
    infrastructure_policy_arn, first_port = None, 8080

    def __init__(self, chosen, folder, environment, images):
        self.chosen, self.folder, self.images = chosen, folder, images
        self.prefix, self.packages, self.architecture = chosen.prefix, chosen.packages, chosen.architecture
        self.environment = environment
        self.profile, self.target_profile = chosen.profile, chosen.target_profile
        self.here = boto3.Session(profile_name=self.profile, region_name=chosen.region)
        self.region = self.here.region_name
        if not self.region:
            raise Failed("no region is chosen: say --region, or set AWS_REGION")
        self.there = boto3.Session(profile_name=self.target_profile, region_name=self.region) if self.target_profile else None
        identity = self.client("sts").get_caller_identity()
        self.account, self.caller = identity["Account"], identity["Arn"]
        self.target = self.client("sts", elsewhere=True).get_caller_identity()["Account"] if self.there else None
        self.environment |= {"AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region, "TOWPATH_PREFIX": self.prefix}
        if self.profile:
            self.environment["AWS_PROFILE"] = self.profile

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if registry := getattr(self, "registry", None):
            run([self.images, "logout", registry], env=self.environment, accept=(0, 1))

    def client(self, service, elsewhere=False, config=None):
        """A client of the deployer's account, or of the other one."""
        return (self.there if elsewhere else self.here).client(service, config=config)

    def functions(self):
        """The functions' names by those of their roles; in another account `advance` has one of its own."""
        named = {f"{self.prefix}-{name}": name for name in json.loads(DESCRIPTION.read_text())["functions"]}
        return named | {f"{self.prefix}-target": "advance"}

    def install(self):
        """Nothing: Terraform makes it all."""

    def push(self, repository_url, tag, behaviour):
        """Builds an image and pushes it; docker or podman speak with the registry."""
        if not hasattr(self, "registry"):
            self.log_in(repository_url.partition("/")[0])
        name = f"{repository_url}:{tag}"
        platform = {"arm64": "linux/arm64", "x86_64": "linux/amd64"}[self.architecture]
        log = self.folder / "images.log"
        # Without an attestation beside it, which would make it an index: its digest is that of what runs.
        env = self.environment | {"BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
        run([self.images, "build", "--platform", platform, "--build-arg", f"TAG={tag}", "--build-arg", f"BEHAVIOUR={behaviour}",
             "--tag", name, str(self.chosen.image)], env=env, log=log)
        run([self.images, "push", name], env=env, log=log)

    def log_in(self, registry):
        """Lets docker or podman push, for twelve hours."""
        (token,) = self.client("ecr").get_authorization_token()["authorizationData"]
        user, _, password = base64.b64decode(token["authorizationToken"]).decode().partition(":")
        run([self.images, "login", "--username", user, "--password-stdin", registry], env=self.environment, typed=password)
        self.registry = registry

    def mark(self):
        """Now, as calls are told apart by it."""
        return datetime.datetime.now(datetime.timezone.utc)

    def calls(self, marks, say):
        """The deployer's calls between each two marks, as CloudTrail shows them, which takes minutes."""
        return cloudtrail.calls(self, marks, say)

    @staticmethod
    def wait():
        """Some time between two looks."""
        time.sleep(LOOK_SECONDS)

    def let_time_pass(self):
        """It does."""

    def problems(self):
        """Why it cannot begin in these accounts, each with a way out."""
        if re.search(r":root$", self.caller):
            yield "these are the credentials of the account's root, who may not decide about releases: use a role or a user"
        if self.target == self.account:
            yield f"--target-profile leads to {self.account} as well: it has to be another account"
        if self.target and "Policy" in self.client("events").describe_event_bus():
            yield ("the default event bus of this account has a policy, which a target account would replace, and destroying would "
                   "delete: go without --target-profile, or use an account whose bus has none")

    def reserve_concurrency(self):
        """Whether there is enough concurrency to reserve some, which Lambda wants 100 left of."""
        limit = self.client("lambda").get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
        return limit >= 116
