"""What the scripts share that keep parts of AWS's models here: taking the newest, comparing, writing."""

import gzip
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent


def arguments():
    """Whether only to check, and the version that is named, if one is."""
    given = sys.argv[1:]
    versions = [argument for argument in given if argument != "--check"]
    return "--check" in given, versions[0] if versions else None


def download(package, version):
    """The version and the wheel of a package of PyPI: the newest unless one is named."""
    wanted = f"{package}=={version}" if version else package
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
             "--no-deps", "--dest", folder, wanted],
            check=True,
        )
        (wheel,) = pathlib.Path(folder).glob(f"{package}-*.whl")
        content = zipfile.ZipFile(wheel)
        files = {name: content.read(name) for name in content.namelist() if "/data/" in name}
        return wheel.name.split("-")[1], files


def model(files, service):
    """The newest model of a service in botocore."""
    names = [name for name in files if re.fullmatch(rf"botocore/data/{service}/[^/]+/service-2\.json\.gz", name)]
    return json.loads(gzip.decompress(files[max(names)]))


def settle(path, extract, check):
    """Writes an extract; or with `check` says how the one that is there differs, and whether it does."""
    if not check:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(extract, indent=1) + "\n")
        return True
    kept = json.loads(path.read_text()) if path.is_file() else {}
    # Where it is from is no difference by itself.
    found = list(differences({**kept, "source": ""}, {**extract, "source": ""}, ""))
    for difference in found:
        print(f"{path.relative_to(ROOT)}: {difference}")
    return not found


def differences(kept, newest, place):
    """Each difference in a line."""
    if isinstance(kept, dict) and isinstance(newest, dict):
        for key in sorted(kept.keys() | newest.keys()):
            inner = f"{place}/{key}"
            if key not in newest:
                yield f"{inner} is there no more"
            elif key not in kept:
                yield f"{inner} is new: {json.dumps(newest[key])[:200]}"
            else:
                yield from differences(kept[key], newest[key], inner)
    elif isinstance(kept, list) and isinstance(newest, list) and kept != newest:
        gone, new = [one for one in kept if one not in newest], [one for one in newest if one not in kept]
        yield f"{place}: new {json.dumps(new)}, gone {json.dumps(gone)}"
    elif kept != newest:
        yield f"{place} is {json.dumps(newest)[:200]}, and was {json.dumps(kept)[:200]}"
