"""What is written about the modules, and in them: that it holds, as far as that can be seen without
applying anything."""

import json
import os
import pathlib
import re
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TOWPATH = pathlib.Path(os.environ.get("TOWPATH", ROOT / "target/debug/towpath"))
# What every module asks for: infra/README.md says why.
PROVIDER_VERSION = ">= 5.100, < 6.0"
TELL_THE_VERSION = ["infra/README.md", "infra/deployer/README.md", "docs/install.md"]

# What stands in for modules in a snippet: a service whose stage a pipeline has, and a pipeline that is
# put out instead of being stored.
STANDS_IN = {
    "service": """
variable "named" { type = string }
output "stage" {
  value = { cluster = var.named, service = "api", containers = ["app"], base = "family", engine = { rolling = {} } }
}
""",
    "pipeline": """
variable "repository" { type = string }
variable "pipeline" { type = any }
output "stored" { value = jsonencode(merge(var.pipeline, { repository = var.repository })) }
""",
}


def problems():
    """What is wrong in the texts themselves."""
    yield from versions()


def versions():
    """Every root and module bounds the provider alike, and what tells of it says the same."""
    asked = 0
    for file in sorted((ROOT / "infra").rglob("*.tf")):
        if ".terraform" in file.parts:
            continue
        for version in re.findall(r'source\s*=\s*"hashicorp/aws".*?version\s*=\s*"([^"]*)"', file.read_text(), re.S):
            asked += 1
            if version != PROVIDER_VERSION:
                yield f"{file.relative_to(ROOT)} asks for hashicorp/aws {version}, and the others for {PROVIDER_VERSION}"
    if asked < 10:
        yield f"only {asked} files ask for a version of hashicorp/aws"
    for document in TELL_THE_VERSION:
        if f"`{PROVIDER_VERSION}`" not in (ROOT / document).read_text():
            yield f"{document} does not say that the modules ask for hashicorp/aws {PROVIDER_VERSION}"


def snippets():
    """Every piece of Terraform in a document: where it stands, and its text."""
    documents = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "infra").rglob("*.md"))]
    for document in documents:
        for indent, text in re.findall(r"^( *)```hcl\n(.*?)^ *```$", document.read_text(), re.M | re.S):
            yield str(document.relative_to(ROOT)), re.sub(rf"^{indent}", "", text, flags=re.M)


def pipelines(terraform):
    """What `towpath lint` says against pipelines that documents show in Terraform."""
    if not TOWPATH.is_file():
        yield f"there is no {TOWPATH}: make build"
        return
    shown = [(document, text) for document, text in snippets() if "infra/service/pipeline" in text]
    if not shown:
        yield "no document shows the module service/pipeline: this looks for nothing"
    for document, text in shown:
        run = subprocess.run([TOWPATH, "lint", "-"], input=stored(terraform, text), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if run.returncode != 0:
            yield f"the pipeline that {document} shows:\n{run.stdout}"


def stored(terraform, text):
    """The pipeline that a snippet would store, evaluated by Terraform; the modules are stood in for."""
    with tempfile.TemporaryDirectory(prefix="towpath-snippet-") as folder:
        folder = pathlib.Path(folder)
        for name, module in STANDS_IN.items():
            (folder / name).mkdir()
            (folder / name / "main.tf").write_text(module)
        text = re.sub(r'source\s*=\s*"[^"]*infra/service/pipeline[^"]*"', 'source = "./pipeline"', text)
        named = sorted(set(re.findall(r"module\.(\w+)\.stage\b", text)))
        services = "".join(f'module "{name}" {{\n  source = "./service"\n  named  = "{name}"\n}}\n' for name in named)
        output = 'output "stored" { value = module.pipeline.stored }\n'
        (folder / "main.tf").write_text(text + services + output)
        terraform(folder, "init")
        terraform(folder, "apply", "-auto-approve")
        return json.loads(terraform(folder, "output", "-json").stdout)["stored"]["value"]
