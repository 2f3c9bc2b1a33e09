"""What a run needs on this machine, looked for before anything is made."""

import json
import pathlib
import re
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TERRAFORM = (1, 11)


def missing(chosen):
    """What is not there, each with the way out. What `make smoke` builds itself is not looked for before, nor
    for destroying what only a run takes; Terraform reads the packages then, too."""
    yield from no_terraform()
    if not towpath() and not chosen.look and not chosen.destroy:
        yield "the command line is not built: make build"
    if chosen.lab:
        return
    if not chosen.destroy and not images():
        yield "neither docker nor podman answers, with which images are built and pushed: install one of them and start it"
    if chosen.look:
        return
    zips = [f"{name}.zip" for name in json.loads((ROOT / "infra/functions.json").read_text())["functions"]]
    gone = [name for name in zips if not (pathlib.Path(chosen.packages) / name).is_file()]
    if gone:
        yield f"{chosen.packages} has no {', '.join(gone)}: make package ARCHITECTURE={chosen.architecture}"


def no_terraform():
    """Terraform, and how old it is."""
    if not shutil.which("terraform"):
        yield "terraform is not installed: https://developer.hashicorp.com/terraform/install"
        return
    said = subprocess.run(["terraform", "version"], text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    version = re.search(r"Terraform v(\d+)\.(\d+)", said)
    if not version or tuple(map(int, version.groups())) < TERRAFORM:
        yield f"terraform is too old, it has to be {'.'.join(map(str, TERRAFORM))} or newer: {said.splitlines()[0] if said else 'it says nothing'}"


def towpath():
    """The command line as it was built last."""
    built = [ROOT / "target" / kind / "towpath" for kind in ("release", "debug")]
    return max((one for one in built if one.is_file()), key=lambda one: one.stat().st_mtime, default=None)


def images():
    """What builds and pushes images: docker, or podman, which takes the same arguments."""
    for program in ("docker", "podman"):
        path = shutil.which(program)
        if path and subprocess.run([path, "info"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
            return path
    return None
