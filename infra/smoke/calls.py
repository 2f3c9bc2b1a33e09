"""The shapes of the deployer's calls, and what differs between those in the lab and those on AWS.

Compared are the kinds of calls that each function makes: service, operation, and the code of the error,
if one came; of changes the members of the answer as well, step by step. How often a call is repeated
depends on time, and is not compared.
"""

import dataclasses
import json
import pathlib

from process import Failed

RECORDED = pathlib.Path(__file__).with_name("journal.json")
# What CloudTrail shows without being told to (data events, such as those of DynamoDB, are charged for).
COMPARED = {"application-autoscaling", "codedeploy", "ecr", "ecs", "ssm"}
# Works by the clock: what it calls within a run is chance.
NOT_COMPARED = {"sweeper"}
READS = ("BatchGet", "Describe", "Get", "List")


@dataclasses.dataclass(frozen=True)
class Call:
    """A call of a function."""

    function: str
    service: str
    operation: str
    error: str | None
    answer: frozenset

    def kind(self):
        """What it is compared by."""
        return self.function, self.service, self.operation, self.error or "ok"


def shapes(calls):
    """The kinds of calls, each with the members that any answer had."""
    kinds = {}
    for call in calls:
        if call.service in COMPARED and call.function not in NOT_COMPARED:
            kinds.setdefault(call.kind(), set()).update(plain(member) for member in call.answer)
    return kinds


def plain(member):
    """A member as either writes it: CloudTrail begins every name with a small letter."""
    return ".".join(part[:1].lower() + part[1:] for part in member.split("."))


def members(value, path="", depth=2):
    """The names of an answer's members, as the lab's journal names them."""
    if isinstance(value, dict) and depth > 0:
        return {name for key, inner in value.items() for name in members(inner, f"{path}.{key}" if path else key, depth - 1)}
    return {path} if path else set()


def write(steps):
    """Keeps the kinds of calls of each step, one on a line."""
    lines = []
    if empty := [step for step, calls in steps.items() if not shapes(calls)]:
        raise Failed(f"no call is seen in {', '.join(empty)}, which is not written down")
    for step, calls in steps.items():
        kinds = [{"function": f, "service": s, "operation": o, "error": e, "answer": sorted(answer)}
                 for (f, s, o, e), answer in sorted(shapes(calls).items())]
        lines.append(f"  {json.dumps(step)}: [\n    " + ",\n    ".join(json.dumps(kind) for kind in kinds) + "\n  ]")
    RECORDED.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def recorded():
    """What the lab's journal was when it was last written down."""
    return {step: {(k["function"], k["service"], k["operation"], k["error"]): set(k["answer"]) for k in kinds}
            for step, kinds in json.loads(RECORDED.read_text()).items()}


def differences(steps):
    """What differs between calls made now and those recorded, in words: where, and what."""
    now = {step: shapes(calls) for step, calls in steps.items()}
    lab = {step: kinds for step, kinds in recorded().items() if step in now}
    for step in now:
        if not now[step]:
            yield step, "no call is seen at all, so that nothing is compared"
            return
        for what in compared(changes(now[step]), changes(lab[step])):
            yield step, what
    for what in compared(reads(now.values()), reads(lab.values())):
        yield "altogether", what


def changes(kinds):
    """The kinds of calls that change something: each has its step."""
    return {kind: answer for kind, answer in kinds.items() if not kind[2].startswith(READS)}


def reads(steps):
    """The kinds of calls that only read, of all steps together: time decides in which of them some are made."""
    return {kind: set() for kinds in steps for kind in kinds if kind[2].startswith(READS)}


def compared(now, lab):
    """The differences."""
    for kind in sorted(lab.keys() | now.keys()):
        function, service, operation, error = kind
        what = f"{function}: {service} {operation}" + ("" if error == "ok" else f" → {error}")
        if kind not in now:
            yield f"{what}: made in the lab, not here"
        elif kind not in lab:
            yield f"{what}: made here, not in the lab"
        else:
            more, less = sorted(now[kind] - lab[kind]), sorted(lab[kind] - now[kind])
            if more:
                yield f"{what}: answered here and not in the lab: {', '.join(more)}"
            if less:
                yield f"{what}: answered in the lab and not here: {', '.join(less)}"
