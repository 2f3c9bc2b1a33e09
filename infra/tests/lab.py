"""A lab in which nothing is made yet, and clients for it."""

import json
import os
import pathlib
import subprocess
import tempfile
import urllib.request

import boto3

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
REGION = "eu-central-1"
ACCOUNT = "111111111111"


class Unavailable(Exception):
    """The lab cannot be started here; says why."""


class Lab:
    """`towpath-lab serve --bare` as a context manager, with more arguments of `serve`."""

    def __init__(self, *arguments, functions_json=ROOT / "infra/functions.json", apart=False):
        # Apart from its user, whom Ctrl-C reaches alone, who then ends it.
        self.apart = apart
        self.arguments = ["--functions-json", str(functions_json), *arguments]
        self.binary = os.environ.get("TOWPATH_LAB", str(ROOT / "target/debug/towpath-lab"))
        self.moto = os.environ.get("TOWPATH_LAB_MOTO", str(ROOT / ".venv/bin/moto_server"))
        for path, way_out in [(self.binary, "make build"), (self.moto, "make setup")]:
            if not pathlib.Path(path).is_file():
                raise Unavailable(f"there is no {path}: {way_out}")

    def __enter__(self):
        self.logs = tempfile.TemporaryDirectory(prefix="towpath-infra-lab-")
        self.process = subprocess.Popen(
            [self.binary, "serve", "--bare", "--port", "0", "--moto", self.moto, "--log-dir", self.logs.name, *self.arguments],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            start_new_session=self.apart,
        )
        ready = "lab ready "
        for line in self.process.stdout:
            if line.startswith(ready):
                self.endpoint = line.removeprefix(ready).strip()
                return self
        raise RuntimeError(f"the lab ended before it was ready: see {self.logs.name}")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.logs.cleanup()

    def control(self, path, body=None):
        """What a control of the lab answers."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.endpoint}/_lab/{path}", data=data)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)

    def client(self, service, account=ACCOUNT):
        """A boto3 client, as the root of an account."""
        return boto3.client(
            service, endpoint_url=self.endpoint, region_name=REGION,
            aws_access_key_id=account, aws_secret_access_key="lab",
        )
