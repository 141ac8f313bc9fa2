"""The packages of rediskit: what each contains and what it may import. docs/architecture.md shows this table."""

from __future__ import annotations

from typing import NamedTuple


class Package(NamedTuple):
    """A row of the table.

    Attributes:
        content: What the package contains.
        imports: The packages that it may import, each listed above it.
    """

    content: str
    imports: tuple[str, ...] = ()


MAY_IMPORT = {
    "errors": Package("`Problem`, `Location`, `RediskitError` and its children"),
    "dns": Package("forms of names that the Kubernetes API accepts"),
    "secrecy": Package("what looks like a password, a key or a token"),
    "temporary": Package("temporary folders that a later run cleans up after a killed one"),
    "files": Package("opens and reads regular files; the only place that does", ("errors",)),
    "plaintext": Package("the password in memory: no text, log or file shows it", ("errors",)),
    "tools": Package("starts programs; the only place that does", ("errors",)),
    "yamlio": Package(
        "YAML reader with positions, tolerant reader for foreign manifests, scalars, in-place edits, writer", ("errors", "files")
    ),
    "helm": Package("reads charts, and renders them with the program Helm", ("errors", "temporary", "files", "tools", "yamlio")),
    "chart": Package(
        "a profile for each supported Helm chart: names, selectors, ports, values, known keys, capabilities", ("errors", "dns")
    ),
    "model": Package(
        "the configuration: frozen Pydantic models and constrained types; `podspec` walks containers", ("errors", "dns", "secrecy", "chart")
    ),
    "git": Package(
        "reads work trees, remotes, branches, and the content of revisions; `publish` commits and pushes as the user would",
        ("errors", "secrecy", "tools"),
    ),
    "state_machine": Package("steps, effects, transitions, gates and clock of a migration; pure", ("errors", "model")),
    "source": Package(
        "files to model: loader, referenced files, cleaning of manifests, messages for Pydantic errors, JSON schema",
        ("errors", "secrecy", "files", "yamlio", "model", "git"),
    ),
    "output": Package(
        "output directories and input files on disk: writer, index, lock, leftovers, diff",
        ("errors", "secrecy", "files", "yamlio", "git"),
    ),
    "renderers": Package(
        "`Environment` to `Tree`; `owner` renders for application repositories, `pages` README and docs, `monitoring` alerts and dashboard",
        ("errors", "secrecy", "yamlio", "chart", "model", "state_machine"),
    ),
    "usage": Package(
        "who uses a Redis: forms of its address, texts that can contain one, certain and possible uses",
        ("errors", "model", "state_machine", "renderers"),
    ),
    "checks": Package(
        "findings: the table `CHECKS`, JSON schema validator, kubeconform wrapper, `accept`, changes to a running Redis",
        (
            "errors",
            "dns",
            "secrecy",
            "temporary",
            "files",
            "tools",
            "yamlio",
            "chart",
            "model",
            "git",
            "state_machine",
            "source",
            "renderers",
            "usage",
        ),
    ),
    "live": Package(
        "the running platform: clients of Kubernetes (kubectl), Redis and Prometheus, and the checks of `verify`",
        ("errors", "plaintext", "tools", "model", "state_machine", "renderers"),
    ),
    "secrets": Package(
        "the password: SealedSecret, SOPS, encrypted input files and their inspection; never called by `render`",
        ("errors", "plaintext", "files", "tools", "yamlio", "model", "source", "output", "renderers", "checks", "live"),
    ),
    "migrate": Package(
        "plan, status, moves, evidence, edits of the config; `owner` builds and writes a checkout of an application repository",
        (
            "errors",
            "secrecy",
            "temporary",
            "files",
            "tools",
            "yamlio",
            "helm",
            "model",
            "git",
            "state_machine",
            "source",
            "output",
            "renderers",
            "usage",
            "checks",
            "live",
        ),
    ),
    "init": Package(
        "a new project from live objects: config text, copies of manifests without passwords, the old Redis and its users",
        (
            "errors",
            "dns",
            "secrecy",
            "temporary",
            "files",
            "yamlio",
            "chart",
            "model",
            "git",
            "source",
            "output",
            "renderers",
            "usage",
            "checks",
        ),
    ),
    "upgrade": Package(
        "what another version of the chart or of Redis changes: two renderings by Helm, compared",
        ("errors", "temporary", "yamlio", "helm", "chart", "model", "output", "renderers", "checks"),
    ),
    "doctor": Package(
        "diagnosis of programs, configs, output directories and Git",
        ("errors", "temporary", "files", "tools", "model", "git", "source", "output", "renderers", "checks"),
    ),
    "cli": Package(
        "parser, one module per command, reports, exit codes; the only package that prints",
        (
            "errors",
            "plaintext",
            "files",
            "secrecy",
            "yamlio",
            "helm",
            "model",
            "git",
            "state_machine",
            "source",
            "output",
            "renderers",
            "checks",
            "live",
            "secrets",
            "migrate",
            "init",
            "upgrade",
            "doctor",
        ),
    ),
}
"""Package to its row, lowest first."""
