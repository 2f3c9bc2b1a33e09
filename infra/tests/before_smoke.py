"""What `make smoke` needs is looked for before anything is built, and all of it is told at once."""

import contextlib
import datetime
import os
import pathlib
import subprocess
import sys
import tempfile
import types

import botocore.credentials

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.append(str(ROOT / "infra/smoke"))

import credentials
import machine

NOW = datetime.datetime(2026, 11, 1, 12, tzinfo=datetime.timezone.utc)


def problems():
    """What does not hold of that."""
    yield from all_at_once()
    yield from before_it_builds()
    yield from how_long_they_last()
    yield from destroying_is_not_put_off()
    yield from the_region_is_the_first_accounts()


def all_at_once():
    """On a machine that has nothing."""
    with tempfile.TemporaryDirectory(prefix="towpath-nothing-") as home:
        # Nothing but what Python needs; no service of the machine is asked for credentials.
        bare = {"PATH": home, "HOME": home, "AWS_EC2_METADATA_DISABLED": "true"}
        run = subprocess.run([sys.executable, ROOT / "infra/smoke/run", "--look"], env=bare, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if run.returncode == 0:
        yield "--look takes a machine that has nothing"
    for said in ("terraform is not installed", "neither docker nor podman answers", "no region is chosen", "no credentials of AWS"):
        if said not in run.stdout:
            yield f"--look does not say \"{said}\":\n{run.stdout}"


def before_it_builds():
    """What takes a quarter of an hour comes after what may end it; so with `make deploy`."""
    for target, looks in {"smoke": "infra/smoke/run --look", "deploy": "command -v terraform"}.items():
        inherited = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL")}
        plan = subprocess.run(["make", "--dry-run", target, "DIR=infra/example"], cwd=ROOT, env=inherited, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout
        look, package = plan.find(looks), plan.find("scripts/package")
        if look < 0 or package < 0 or look > package:
            yield f"make {target} does not look before it builds:\n{plan}"


def how_long_they_last():
    """Of credentials in the environment that say when they end; of others it is told that nobody knows."""
    for minutes in (119, 121):
        ends = NOW + datetime.timedelta(minutes=minutes)
        found = botocore.credentials.RefreshableCredentials("a", "b", "c", ends, refresh_using=None, method="env")
        left, told = credentials.remaining(found, NOW)
        if left != datetime.timedelta(minutes=minutes) or told != f"end in {minutes} minutes":
            yield f"credentials that end in {minutes} minutes: {left}, {told}"
    renewed = botocore.credentials.RefreshableCredentials("a", "b", "c", NOW, refresh_using=None, method="sso")
    temporary = botocore.credentials.Credentials("a", "b", "c")
    lasting = botocore.credentials.Credentials("a", "b")
    for found, says in ((renewed, "are renewed"), (temporary, "do not say until when"), (lasting, "have no end")):
        left, told = credentials.remaining(found, NOW)
        if left is not None or says not in told:
            yield f"credentials of which to say that they {says}: {left}, {told}"


def destroying_is_not_put_off():
    """What a run left costs money: hours, images and the command line are for runs alone."""
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=30)
    ends = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_SESSION_TOKEN": "c", "AWS_CREDENTIAL_EXPIRATION": soon.isoformat()}
    for destroy in (None, "smoke-1a2b"):
        with tempfile.TemporaryDirectory(prefix="towpath-nothing-") as home, environment(home, ends):
            missing = [*machine.missing(chosen(destroy=destroy)), *credentials.look(chosen(destroy=destroy))[0]]
        for said in ("neither docker nor podman answers", "a run needs 2 hours"):
            if (said in "\n".join(missing)) is bool(destroy):
                yield f"with --destroy {destroy}, of what says \"{said}\" is missing: {missing}"


def the_region_is_the_first_accounts():
    """The one that a run is in is not that of the profile of --target-profile."""
    with tempfile.TemporaryDirectory(prefix="towpath-profiles-") as home:
        (pathlib.Path(home) / "config").write_text("[profile first]\n[profile there]\nregion = eu-west-1\n")
        keys = "aws_access_key_id = a\naws_secret_access_key = b\n"
        (pathlib.Path(home) / "credentials").write_text(f"[first]\n{keys}[there]\n{keys}")
        for profile, target, is_missing in (("first", "there", True), ("there", "first", False)):
            with environment(home, {}):
                missing = credentials.look(chosen(profile=profile, target_profile=target))[0]
            if any("no region is chosen" in one for one in missing) is not is_missing:
                yield f"with the region of {profile} and another account's {target}, this is missing: {missing}"


def chosen(**options):
    """What was asked for."""
    defaults = {"look": False, "lab": False, "destroy": None, "profile": None, "target_profile": None, "region": None,
                "packages": "target/packages", "architecture": "arm64"}
    return types.SimpleNamespace(**defaults | options)


@contextlib.contextmanager
def environment(home, variables):
    """Only this one, meanwhile; nobody answers as AWS there."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update({"PATH": home, "HOME": home, "AWS_CONFIG_FILE": f"{home}/config", "AWS_SHARED_CREDENTIALS_FILE": f"{home}/credentials",
                       "AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9"} | variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
