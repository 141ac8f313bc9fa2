"""The parser of the command line. It imports nothing but argparse: `--help` has to be instant."""

from __future__ import annotations

import argparse

from rediskit import __version__
from rediskit.cli.migrate import arguments as migrate
from rediskit.cli.options import command
from rediskit.cli.secret import arguments as secret

_DESCRIPTION = "A shared Redis on Kubernetes under GitOps, from one short config file."
_EPILOG = (
    "Exit codes: 0 done; 1 a check failed, a write was refused, or something differs; 2 config or command line wrong; "
    "3 a program is missing or failed."
)


def parse(argv: list[str] | None) -> argparse.Namespace:
    """The command line as a namespace with `verb`, `debug`, `json` and what the verb takes. Exits with 2 when it is wrong."""
    return parser().parse_args(argv)


def parser() -> argparse.ArgumentParser:
    """The whole parser, one subparser a verb."""
    top = argparse.ArgumentParser(prog="rediskit", description=_DESCRIPTION, epilog=_EPILOG)
    top.add_argument("--version", action="version", version=f"rediskit {__version__}")
    verbs = top.add_subparsers(dest="verb", metavar="<verb>", required=True)
    _init(command(verbs, "init", "init", help="make a folder that renders at once", description=_INIT))
    _render(command(verbs, "render", "render", help="write the tree of each config", description=_RENDER))
    _check(command(verbs, "check", "check", help="check configs and trees, write nothing", description=_CHECK))
    _diff(command(verbs, "diff", "diff.command", help="show what rendering would change, object by object", description=_DIFF))
    migrate.add(verbs)
    secret.add(verbs)
    _doctor(command(verbs, "doctor", "doctor", help="look at programs, configs, trees and Git; say what comes next", description=_DOCTOR))
    _schema(command(verbs, "schema", "schema", help="print the JSON schema of the config", description=_SCHEMA))
    return top


_INIT = (
    "Make a folder with a config that renders at once. With --from, the client, its containers, variables, replicas and old Redis are read "
    "from live objects. What is not known stands in the config as a question. Nothing is overwritten, and no password is written."
)
_RENDER = "Load, render, check and write. A failure leaves what is on disk as it was."
_CHECK = "Render in memory, run all checks, compare with what is on disk. Writes nothing: for CI and pre-commit."
_DIFF = (
    "Render in memory and show, object by object, what differs from the files on disk or from a Git revision. Writes and checks nothing. "
    "Exit code 1 when something differs. Secret values are shown as <secret hmac:...>: equal values alike, with other digits in each run."
)
_DOCTOR = (
    "Look at the programs and libraries, at each config and its tree, and at Git; say what comes next. Writes nothing, asks no network. "
    "A program that is not there is no fault; one that does not run is."
)
_SCHEMA = "The JSON schema of the config, for editors. The file rediskit.schema.json is its output."


def _init(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", default=".", metavar="DIR", help="the folder (default: the current one)")
    parser.add_argument("--name", help="the name of the environment, such as that of the cluster (default: that of the folder)")
    parser.add_argument("--tool", choices=("argocd", "flux"), default="argocd", help="what carries the tree (default: argocd)")
    parser.add_argument("--repository", metavar="URL", help="the Git repository that will hold the folder (default: its remote)")
    parser.add_argument("--revision", metavar="BRANCH", help="the branch that the tool follows (default: the remote's own, else main)")
    parser.add_argument(
        "--from", dest="source", metavar="FILE", help="live objects, as kubectl get -o yaml prints them; - for standard input"
    )
    parser.add_argument("--namespace", help="the application's namespace, where the object does not say it")
    parser.add_argument("--replicas", type=int, metavar="N", help="what the application normally runs with, where it is scaled to 0")
    parser.add_argument("--dry-run", action="store_true", help="show the config and write nothing")
    _common(parser)


def _render(parser: argparse.ArgumentParser) -> None:
    _configs(parser)
    parser.add_argument("--force", action="store_true", help="overwrite and remove generated files that were edited by hand")


def _check(parser: argparse.ArgumentParser) -> None:
    _configs(parser)
    parser.add_argument("--kubeconform", action="store_true", help="also have kubeconform judge every object ($KUBECONFORM, or on PATH)")
    parser.add_argument(
        "--owner",
        metavar="DIR",
        help="also build the owner's outermost overlay there, with the files of each step; kustomize fetches its remote bases",
    )
    parser.add_argument("--offline", action="store_true", help="with --owner: refuse remote bases, and fetch nothing")
    parser.add_argument(
        "--base",
        metavar="REV",
        help="compare with a Git revision: refuse a migration that jumps, report what changes about a running Redis",
    )
    parser.add_argument("--at", metavar="TIME", help="with --owner: the time of the scan, with its offset from UTC (default: now)")


def _diff(parser: argparse.ArgumentParser) -> None:
    _inputs(parser)
    parser.add_argument(
        "--against", metavar="REV", help="compare with a Git revision: a branch, a tag, a commit (default: with the files on disk)"
    )
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--text", action="store_true", help="a unified diff of the files")
    forms.add_argument("--markdown", action="store_true", help="for a comment on a pull request")
    _json(forms)
    _debug(parser)


def _configs(parser: argparse.ArgumentParser) -> None:
    _inputs(parser)
    _common(parser)


def _inputs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("configs", nargs="*", metavar="config", help="config files (default: config/*.yaml)")
    parser.add_argument(
        "--output", default="rendered", metavar="DIR", help="the folder that holds a folder for each config (default: rendered)"
    )


def _doctor(parser: argparse.ArgumentParser) -> None:
    _inputs(parser)
    _common(parser)


def _schema(parser: argparse.ArgumentParser) -> None:
    _common(parser)


def _common(parser: argparse.ArgumentParser) -> None:
    _json(parser)
    _debug(parser)


def _json(parser: argparse._ActionsContainer) -> None:
    parser.add_argument("--json", action="store_true", help="report as one JSON document on standard output")


def _debug(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
