"""The steps: what is done, and what AWS has to answer afterwards."""

import json
import secrets
import shlex
import time

import looks
from process import Failed, run

NO_REQUEST = "nobody was asked for approval"


class Steps:
    """Drives releases through the stages, and asks AWS what became of them."""

    def __init__(self, place, outputs, stages, towpath, say):
        self.place, self.outputs, self.stages, self.towpath_program, self.say = place, outputs, stages, towpath, say
        self.messages, self.tags, self.deployments_seen = [], {}, []

    # The steps, in their order.

    def good(self):
        """A release goes through every engine, and is approved before the last one moves traffic."""
        first = self.digest("first")
        for stage in self.stages:
            self.serves(stage, "first", first)
        tag = self.push("healthy")
        for stage in self.stages[:-1]:
            self.serves(stage, tag)
        self.decide(tag, "approve", "seen by the smoke test")
        self.ends(tag, "succeeded")
        for stage in self.stages:
            self.serves(stage, tag)
            self.concluded(stage)
        self.good_tag = tag

    def rejected(self):
        """The next one is rejected there: the last stage keeps what it has, the others have the new one."""
        tag = self.push("healthy")
        for stage in self.stages[:-1]:
            self.serves(stage, tag)
        self.decide(tag, "reject", "rejected by the smoke test")
        self.ends(tag, "refused")
        self.serves(self.stages[-1], self.good_tag)
        (newest, *_) = self.deployments_seen = looks.service_deployments(self.place, self.stages[-1])
        self.check("ECS's newest deployment of ecs", newest["status"] in ("ROLLBACK_SUCCESSFUL", "STOPPED"), newest["status"])
        self.rejected_tag = tag

    def bad(self):
        """One whose tasks exit at once: the first stage gives it up, and nobody else sees it."""
        tag = self.push("exits")
        self.ends(tag, "rolled_back")
        for stage in self.stages[:-1]:
            self.serves(stage, self.rejected_tag)
        self.serves(self.stages[-1], self.good_tag)

    def rollback(self):
        """CodeDeploy's stage is rolled back to what ran before."""
        self.towpath("rollback", "smoke", "codedeploy", "--reason", "the smoke test goes back")
        self.serves("codedeploy", self.good_tag)
        self.until("the rollback ends", lambda: not [one for one in self.releases() if one["open"]])
        self.concluded("codedeploy")
        self.serves("rolling", self.rejected_tag)

    def nothing_left_over(self):
        """What may not be there after all that."""
        for stage in self.stages:
            suspended = looks.suspended(self.place, stage)
            self.check(f"auto scaling of {stage}", not suspended, f"suspended: {', '.join(suspended)}" if suspended else "as before")
        letters = looks.dead_letters(self.place, self.outputs["dead_letters"])
        self.check("dead letters", not letters, "; ".join(f"{name}: {why}" for name, why in letters.items()) or "none")
        self.towpath("audit")
        self.say("  the ledger's chain holds: towpath audit")

    # What they are made of.

    def store(self, pipeline):
        """Stores the pipeline, as its owner does."""
        file = self.place.folder / "smoke.yaml"
        # JSON is YAML as well.
        file.write_text(json.dumps(pipeline, indent=2))
        self.towpath("apply", str(file))

    def push(self, behaviour):
        """Pushes an image under a new tag, as a commit's hash is one."""
        tag = secrets.token_hex(4)
        self.place.push(self.outputs["repository_url"], tag, behaviour)
        self.say(f"  pushed {tag} ({behaviour}), {self.digest(tag)[:19]}…")
        return tag

    def digest(self, tag):
        """The digest of a tag, asked of ECR."""
        if tag not in self.tags:
            repository = self.outputs["repository_url"].partition("/")[2]
            image = self.place.client("ecr").describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])["imageDetails"][0]
            self.tags[tag] = image["imageDigest"]
        return self.tags[tag]

    def serves(self, stage, tag, digest=None):
        """A stage runs an image and nothing else, and visitors get it."""
        digest = digest or self.digest(tag)
        self.until(f"{stage} runs {tag}", lambda: looks.serving(self.place, stage) == {digest},
                   lambda: f"ECS runs {looks.serving(self.place, stage)} there, not {digest}", ended_by=tag)
        url = self.outputs["services"][stage]["production_url"]
        self.until(f"{url} answers with {tag}", lambda: any(one in looks.visited(url) for one in (tag, digest)),
                   lambda: f"it answers {looks.visited(url)!r}")
        self.say(f"  {stage} runs {tag}, and nothing else, and {url} answers with it")

    def concluded(self, stage):
        """The engine itself says that the deployment is through."""
        engine = next(iter(self.outputs["services"][stage]["stage"]["engine"]))
        status = {"rolling": self.rolled, "codedeploy": self.code_deployed, "ecs": self.natively_deployed}[engine]
        self.until(f"the deployment of {stage} is through", lambda: status(stage)[0], lambda: status(stage)[1])
        self.say(f"  {stage}: {status(stage)[1]}")

    def rolled(self, stage):
        """Whether, and how ECS says it."""
        states = [one.get("rolloutState") for one in looks.described(self.place, stage)["deployments"]]
        return states == ["COMPLETED"], f"ECS says {', '.join(map(str, states))}"

    def code_deployed(self, stage):
        """Whether, and how CodeDeploy says it."""
        newest = looks.code_deployment(self.place, stage)
        return newest is not None and newest["status"] == "Succeeded", newest and f"CodeDeploy says {newest['status']} of {newest['deploymentId']}"

    def natively_deployed(self, stage):
        """Whether, and how ECS says it."""
        (newest, *_) = self.deployments_seen = looks.service_deployments(self.place, stage)
        return newest["status"] == "SUCCESSFUL", f"ECS says {newest['status']} of its newest deployment"

    def decide(self, tag, decision, reason):
        """Answers the request for a release's approval, as whoever reads it may."""
        message = {}

        def asked():
            message.update(self.request(tag, decision) or {})
            return message

        self.until(f"people are asked about {tag}", asked, lambda: NO_REQUEST, ended_by=tag)
        self.place.client("sns").publish(TopicArn=self.outputs["replies"], Message=json.dumps(message | {"reason": reason}))
        self.say(f"  asked about {tag} by SNS; answered: {decision}")

    def request(self, tag, decision):
        """The message that decides so about a release, if the queue has it by now."""
        sqs, queue = self.place.client("sqs"), self.outputs["requests"]["requests"]
        received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        self.messages += [one["Body"] for one in received]
        lines = [line for body in self.messages if tag in body for line in body.splitlines()]
        commands = [shlex.split(line) for line in lines if line.startswith("aws sns publish ")]
        said = [json.loads(command[command.index("--message") + 1]) for command in commands]
        return next((one for one in said if one.get("decision") == decision), None)

    def ends(self, tag, outcome):
        """A release ends as it has to."""
        self.until(f"{tag} ends", lambda: self.outcome(tag) is not None)
        found = self.outcome(tag)
        if found != outcome:
            raise Failed(f"{tag} is {found}, not {outcome}:\n{self.told(tag)}")
        self.say(f"  towpath says of {tag}: {outcome.replace('_', ' ')}")

    def outcome(self, tag):
        """How the release of a tag ended; none while it has not."""
        return next((one["outcome"] for one in self.releases() if one["tag"] == tag and one["digest"] == self.digest(tag)), None)

    def releases(self):
        """The pipeline's releases."""
        return json.loads(self.towpath("history", "smoke", "--output", "json"))["releases"]

    def told(self, tag):
        """What Towpath says happened to a release."""
        found = [one["release"] for one in self.releases() if one["tag"] == tag]
        return self.towpath("history", found[0]) if found else "there is no release of it"

    def towpath(self, *arguments):
        """Runs a command of the command line."""
        return run([self.towpath_program, *arguments], env=self.place.environment)

    def until(self, what, so, otherwise=None, ended_by=None):
        """Waits for something; a release that ended another way ends the wait."""
        end = time.monotonic() + self.place.patience_seconds
        while not so():
            # What is there already has no release.
            over = ended_by not in (None, "first") and self.outcome(ended_by) not in (None, "succeeded", "refused")
            if over or time.monotonic() > end:
                why = "the release has ended" if over else f"not within {self.place.patience_seconds / 60:.0f} minutes"
                told = f"\n{self.told(ended_by)}" if ended_by and ended_by != "first" else ""
                raise Failed(f"{what}: it did not come to that ({why})" + (f"; {otherwise()}" if otherwise else "") + told)
            self.place.wait()

    def check(self, what, holds, found):
        """Something has to be so."""
        if not holds:
            raise Failed(f"{what}: {found}")
        self.say(f"  {what}: {found}")
