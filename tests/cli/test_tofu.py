"""`owner.kind: tfvars` with the real OpenTofu: it reads the variables of each step, and prints states and plans. No provider is needed."""

from __future__ import annotations

import json
import os
import re
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from rediskit import load, render
from rediskit.migrate.owner.module import without_declarations
from rediskit.model.migration import Order
from tests.cli.test_helm_owner import at, owner
from tests.conftest import Run
from tests.renderers.owner_build import Object
from tests.samples import ROOT, STEPS, config

MODULE = """\
# variable "commented" {}
variable "replicas" {
  type    = number
  default = 2
}
variable "redis" {
  type    = object({ host = string, port = string, secret = optional(string), key = optional(string) })
  default = { host = "redis", port = "6379" }
}
variable "text" {
  default = "old"
}
variable "old_redis" {
  type    = bool
  default = true
}
locals {
  env = [{ name = "REDIS_HOST", value = var.redis.host }]
}
resource "terraform_data" "application" {
  input = yamlencode({
    apiVersion = "apps/v1", kind = "Deployment", metadata = { name = "shop-web", namespace = "shop" }
    spec       = { replicas = var.replicas, template = { spec = { containers = [{ name = "web", env = local.env }] } } }
  })
}
output "shown" {
  value = { replicas = var.replicas, redis = var.redis, text = var.text, old_redis = var.old_redis }
}
"""
OLD: Object = {"host": "redis", "port": "6379", "secret": None, "key": None}
DEFAULTS: Object = {"replicas": 2, "redis": OLD, "text": "old", "old_redis": True}
VARIABLES: Object = {
    "stopped": {"replicas": 0},
    "switched": {
        "redis": {"host": "${host}", "port": "${port}", "secret": "${secret.name}", "key": "${secret.key}"},
        "text": 'redis://${address} $${literal} %{ if "quoted" } \u00e9\u2028\\n',
    },
    "removed": {"old_redis": False},
}
HOST = "redis-shared-master.redis.svc.cluster.local"
SWITCHED: Object = {
    "redis": {"host": HOST, "port": "6379", "secret": "redis-credentials", "key": "redis-password"},
    "text": f'redis://{HOST}:6379 ${{literal}} %{{ if "quoted" }} \u00e9\u2028\\n',
}


class Module:
    """A module of OpenTofu in a checkout."""

    def __init__(self, folder: Path, program: Path) -> None:
        self.folder = folder
        self.program = program
        configuration = folder / ".tofurc"
        configuration.touch()
        own = {"HOME": str(folder), "TF_CLI_CONFIG_FILE": str(configuration), "CHECKPOINT_DISABLE": "1"}
        self.environment = {"PATH": os.environ["PATH"], **own}

    def run(self, *arguments: str, stdin: str = "") -> str:
        done = subprocess.run(
            [self.program, *arguments], cwd=self.folder, env=self.environment, input=stdin, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def evaluated(self, expression: str) -> Any:
        """Return the value of an expression, as the module has it now."""
        return json.loads(json.loads(self.run("console", stdin=f"jsonencode({expression})\n")))


@pytest.fixture
def run(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Return the command in this process, in a folder with a config beside the checkout `owner`."""
    monkeypatch.chdir(tmp_path)
    return partial(run)


@pytest.fixture
def module(tmp_path: Path, tofu: Path) -> Module:
    """Return a module that links the file of a step."""
    top = owner(tmp_path)
    (top / "prod/main.tf").write_text(MODULE)
    (top / "prod/shop.auto.tfvars.json").symlink_to("rediskit/shop/shop.auto.tfvars.json")
    return Module(top / "prod", tofu)


def by_variables(folder: Path, step: str, **more: Any) -> str:
    return at(folder, step, client={"owner": {"kind": "tfvars", "variables": VARIABLES}, **more})


def wanted(stopped: bool, switched: bool, removed: bool) -> Object:
    """Return the variables of a step, without the renderer."""
    return {
        **DEFAULTS,
        **({"replicas": 0} if stopped else {}),
        **(SWITCHED if switched else {}),
        **({"old_redis": False} if removed else {}),
    }


EFFECTS = {
    "scale-down": (True, False, False),
    "reconfigure": (True, True, False),
    "scale-up": (False, True, False),
    "validate": (False, True, False),
    "decommission": (False, True, True),
}


@pytest.mark.parametrize("order", ["scale-down-first", "deploy-first"])
def test_opentofu_reads_the_variables_of_each_step(tmp_path: Path, run: Run, module: Module, order: Order) -> None:
    """Forward, back and rolled back: a step without variables restores the defaults, which are the old values."""
    forward = [step for step in STEPS if step != "rolled-back"]
    for step in (*forward, *reversed(forward), "rolled-back"):
        effects = EFFECTS.get(step, (step == "deploy" and order == "scale-down-first", False, False))
        file = by_variables(tmp_path, step, migration=config(step, order)["clients"][0]["migration"])
        code, output, errors = run("migrate", "export", file, "--to", "owner/prod")
        assert code == 0, errors
        assert "link the file" not in output
        shown = module.evaluated("{ replicas = var.replicas, redis = var.redis, text = var.text, old_redis = var.old_redis }")
        assert shown == (DEFAULTS if step == "complete" else wanted(*effects)), step


def test_a_state_after_apply_and_a_plan(tmp_path: Path, run: Run, module: Module) -> None:
    """The outputs of the state have the variables. A resource that runs commands proves nothing, and a plan is a preview."""
    file = by_variables(tmp_path, "scale-down")
    assert run("migrate", "export", file, "--to", "owner/prod")[0] == 0
    module.run("init", "-input=false")
    module.run("apply", "-auto-approve", "-input=false")
    state = module.run("show", "-json")
    assert json.loads(state)["values"]["outputs"]["shown"]["value"] == wanted(True, False, False)
    (tmp_path / "state.json").write_text(state)
    before = (tmp_path / file).read_bytes()
    code, output, errors = run("migrate", "verify", file, "--from", "state.json", "--record")
    assert (code, errors) == (1, "")
    assert "Deployment/shop-web: wanted exists, actual not in state.json" in output
    assert "help: terraform_data.application can contain it" in output
    module.run("plan", "-out=plan", "-input=false")
    (tmp_path / "plan.json").write_text(module.run("show", "-json", "plan"))
    code, output, errors = run("migrate", "verify", file, "--from", "plan.json", "--record")
    assert (code, output, "plan.json is a plan: planned_values are a preview" in errors) == (2, "", True)
    assert (tmp_path / file).read_bytes() == before


def test_a_variable_that_the_module_does_not_declare_is_refused(tmp_path: Path, run: Run, module: Module) -> None:
    """OpenTofu only warns, and the step would have no effect."""
    (module.folder / "main.tf").write_text(MODULE.replace('"replicas"', '"number_of_pods"').replace("var.replicas", "var.number_of_pods"))
    code, output, errors = run("migrate", "export", by_variables(tmp_path, "scale-down"), "--to", "owner/prod")
    assert (code, output) == (1, "")
    assert "[variable-undeclared]: owner/prod does not declare the variable replicas of owner.variables" in errors
    assert not (module.folder / "rediskit").exists()
    (module.folder / "rediskit/shop").mkdir(parents=True)
    (module.folder / "rediskit/shop/shop.auto.tfvars.json").write_text('{"replicas": 0}')
    done = subprocess.run([module.program, "plan", "-no-color"], cwd=module.folder, env=module.environment, capture_output=True, text=True)
    assert "Value for undeclared variable" in done.stdout, "the reason of the rule"
    (module.folder / "more.tf.json").write_text('{"variable": {"replicas": {"default": 2}}}')
    (module.folder / "rediskit/shop/shop.auto.tfvars.json").unlink()
    assert run("migrate", "export", by_variables(tmp_path, "scale-down"), "--to", "owner/prod")[0] == 0


def test_the_defaults_are_no_use_and_have_to_be_new_before_complete(tmp_path: Path, run: Run, module: Module) -> None:
    """A rollback needs the old values as defaults. At complete the file is empty, so a default that is still old would be applied."""
    file = by_variables(tmp_path, "validate")
    assert run("migrate", "export", file, "--to", "owner/prod")[0] == 0
    source = (module.folder / "main.tf").read_text()
    (module.folder / "main.tf").write_text(f'{source}locals {{ cache = "redis.shop.svc" }}\n')
    code, _, errors = run("migrate", "export", file, "--to", "owner/prod")
    assert (code, "[old-redis-in-use]: File/owner/prod/main.tf" in errors) == (1, True), errors
    code, _, errors = run("migrate", "advance", by_variables(tmp_path, "decommission"), "--to", "complete")
    assert (code, "[fold-missing]" in errors) == (1, True), errors


@pytest.mark.parametrize(
    ("name", "text", "left"),
    [
        ("a.tf", 'x = 1\nvariable "redis" {\n default = { a = "}{\\" }" } # }\n /* } */ }\ny = 2\n', "x = 1\n\ny = 2\n"),
        ("a.tofu", "variable redis {}\nvariable other {}\n", "\nvariable other {}\n"),
        ("a.tf", 'variable "redis" { default = "redis"', ' default = "redis"'),
        ("a.tf", '# variable "redis" {}\n', '# variable "redis" {}\n'),
        ("a.tf.json", '{"variable": {"redis": {"default": "x"}, "other": {}}}', '{"variable": {"other": {}}}'),
        ("a.tf.json", "[1]", "[1]"),
        ("a.tf.json", "{", "{"),
        ("a.tfvars", 'redis = "x"\n', 'redis = "x"\n'),
    ],
)
def test_the_declarations_of_switched_variables_are_left_out(name: str, text: str, left: str) -> None:
    shown = without_declarations(name, text, {"redis"})
    assert shown == left


def hcl(page: str) -> list[str]:
    """Return the blocks of a page in the language of OpenTofu."""
    return re.findall(r"^```hcl\n(.*?)^```$", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def test_the_blocks_of_the_page_are_valid_and_read_every_rendered_object(tmp_path: Path, tofu: Path) -> None:
    """`tofu fmt` parses each block. Its locals are evaluated over the rendered folder of this repository."""
    blocks = hcl("docs/owners.md")
    assert len(blocks) == 1
    module = Module(tmp_path, tofu)
    for block in blocks:
        assert module.run("fmt", "-", stdin=block) == block
        assert '"helm_release"' in block
    (local_values,) = re.findall(r"^locals \{\n.*?^\}\n", blocks[0], re.DOTALL | re.MULTILINE)
    (values,) = re.findall(r"values += (\[file\(.*\)\])", blocks[0])
    (tmp_path / "rendered").symlink_to(ROOT / "rendered")
    (tmp_path / "main.tf").write_text(f'{local_values}output "values" {{\n  value = {values}\n}}\n')
    tree = render(load(ROOT / "config/chocolandia.yaml"))
    shown = module.evaluated(f"{{ values = {values}, objects = local.objects }}")
    assert [text.encode() for text in shown["values"]] == [tree.files["helm/redis-shared/values.yaml"]]
    expected = {
        path: yaml.safe_load(text)
        for path, text in tree.files.items()
        if path.startswith("platform/") and path.endswith(".yaml") and not path.endswith("/kustomization.yaml")
    }
    assert expected
    assert {f"platform/{path}": content for path, content in shown["objects"].items()} == expected
