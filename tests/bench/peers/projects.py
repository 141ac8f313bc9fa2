"""The project of each generator: the files of one environment as its templates, with the name of the environment as the only variable."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import yaml

HERE = Path(__file__).parent
NAME = "env0000"
"""The name of the environment in the files of a Sample."""
Command = list[str | Path]


class Project(NamedTuple):
    """A command that runs in a folder, and its output folder there."""

    command: Command
    output: str = "rendered"


class Sample(NamedTuple):
    """The files of an environment by path: YAML as objects, the others as text."""

    objects: dict[str, Any]
    texts: dict[str, str]

    def contents(self, name: str) -> list[str]:
        """Return the contents of an environment, sorted and without regard to the style of YAML."""
        objects = [json.dumps(content, sort_keys=True) for content in self.objects.values()]
        return sorted(text.replace(NAME, name) for text in (*objects, *(text.strip() for text in self.texts.values())))

    def templates(self) -> dict[str, str]:
        """Return all files as text."""
        return {path: yaml.dump(content, sort_keys=False) for path, content in self.objects.items()} | self.texts


def sample(folder: Path) -> Sample:
    """Read the files of the rendered environment NAME."""
    files = {str(file.relative_to(folder)): file.read_text(encoding="utf-8") for file in sorted(folder.rglob("*")) if file.is_file()}
    objects = {path: yaml.safe_load(text) for path, text in files.items() if path.endswith(".yaml")}
    return Sample(objects, {path: text for path, text in files.items() if path not in objects})


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def gojsonnet(folder: Path, files: Sample, count: int) -> Project:
    """Jsonnet: each object is one of Jsonnet, each text is imported."""
    objects = json.dumps(files.objects).replace(NAME, '" + name + "')
    write(folder / "objects.libsonnet", f"function(name) {objects}")
    imports = [f"{json.dumps(path)}: importstr {json.dumps(f'texts/{path}')}" for path in files.texts]
    write(folder / "texts.libsonnet", "{" + ", ".join(imports) + "}")
    for path, text in files.texts.items():
        write(folder / "texts" / path, text)
    shutil.copy(HERE / "main.jsonnet", folder)
    return Project(["gojsonnet-python", HERE / "gojsonnet_app.py", str(count)])


def makejinja(folder: Path, files: Sample, count: int) -> Project:
    """Jinja2: a template for each file of each environment, because makejinja renders a template once. With `include` it is slower."""
    for path, text in files.templates().items():
        for number in range(count):
            template = f"{{% set name = 'env{number:04}' %}}" + text.replace(NAME, "{{ name }}")
            write(folder / f"input/env{number:04}/{path}.jinja", template)
    return Project(["makejinja", "--input", "input", "--output", "rendered"])


def kapitan(folder: Path, files: Sample, count: int) -> Project:
    """Jinja2: a template for each file, and a target for each environment. kapitan skips templates whose name starts with a dot."""
    for path, text in files.templates().items():
        write(folder / "templates" / path.removeprefix("."), text.replace(NAME, "{{ inventory.parameters.name }}"))
    compile_ = [{"output_path": ".", "input_type": "jinja2", "input_paths": ["templates"]}]
    write(folder / "inventory/classes/common.yml", yaml.dump({"parameters": {"kapitan": {"compile": compile_}}}))
    for number in range(count):
        name = f"env{number:04}"
        target = {"classes": ["common"], "parameters": {"name": name, "kapitan": {"vars": {"target": name}}}}
        write(folder / f"inventory/targets/{name}.yml", yaml.dump(target))
    return Project(["kapitan", "compile"], "compiled")


def cdk8s(folder: Path, files: Sample, count: int) -> Project:
    """JavaScript: a chart for each folder of an environment. `cdk8s synth` would start the same app from one more process."""
    write(folder / "files.json", json.dumps(files._asdict()))
    return Project(["cdk8s-node", HERE / "cdk8s_app.js", str(count)])


PROJECTS: dict[str, Callable[[Path, Sample, int], Project]] = {
    "gojsonnet": gojsonnet,
    "makejinja": makejinja,
    "kapitan": kapitan,
    "cdk8s": cdk8s,
}
"""Functions that write the project of a generator for a number of environments."""
