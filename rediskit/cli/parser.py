"""The parser of the command line. Imports argparse alone, so that `--help` stays fast."""

import argparse
import sys
from collections.abc import Callable, Sequence

from rediskit import __version__
from rediskit.cli.migrate import parser as migrate
from rediskit.cli.options import (
    CHART,
    COMMON,
    CONFIG,
    CONFIGS,
    CONTEXT,
    DIAGNOSTICS,
    DRY_RUN,
    JOBS,
    JSON_HELP,
    OFFLINE,
    OUTPUT,
    STRICT,
    Commands,
    HelpFormatter,
    Parser,
    add_commands,
    at,
    command,
)
from rediskit.cli.secret import parser as secret

_DESCRIPTION = "Generate the manifests of a shared Redis on Kubernetes from a short config file, and move applications to it."
_EPILOG = """\
examples:
  rediskit init --name homelab
  rediskit render
  rediskit check --base origin/main
  rediskit migrate status

exit codes:
  0  success
  1  a check failed, a write was refused, or files differ
  2  the config or the command line is wrong
  3  a program (kubectl, sops and so on) or the API server is missing or failed"""


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Return the parsed command line; `module` is the module that executes it. Exits with 2 when it is wrong."""
    words = sys.argv[1:] if argv is None else argv
    arguments = parser(words).parse_args(words)
    if arguments.verb == "help":
        page = [*arguments.words, "--help"]
        parser(page).parse_args(page)
    return arguments


def parser(words: Sequence[str] | None = None) -> Parser:
    """Return the parser with every command, or with those that a command line needs."""
    top = Parser(prog="rediskit", description=_DESCRIPTION, epilog=_EPILOG, formatter_class=HelpFormatter)
    top.add_argument("--version", action="version", version=f"rediskit {__version__}")
    rest = words if words is None else words[1:]
    commands: dict[str, Callable[[Commands], None]] = {
        "init": _init,
        "render": _render,
        "check": _check,
        "diff": _diff,
        "migrate": lambda commands: migrate.add(commands, rest),
        "secret": lambda commands: secret.add(commands, rest),
        "verify": _verify,
        "upgrade": _upgrade,
        "doctor": _doctor,
        "schema": _schema,
        "completion": _completion,
        "help": _help,
    }
    add_commands(top, "verb", commands, words)
    return top


def _init(commands: Commands) -> None:
    parser = command(
        commands,
        "init",
        "create a config that renders without further edits",
        "Create a config and its JSON schema. With --from, rediskit reads the client, its containers, environment variables, replicas "
        "and the old Redis from live objects. It writes a copy of each workload with only the needed fields. If it cannot read a value, "
        "it writes a comment that begins with open:. It overwrites no file and writes no password. With --add, the "
        "applications become clients of an existing config, and nothing else in it changes.",
        module="init",
        parents=(DRY_RUN, *COMMON),
        examples=(
            "rediskit init --name homelab",
            "kubectl get deployment,service,configmap,hpa,networkpolicy -n shop -o yaml | rediskit init --name homelab --from -",
            "rediskit init clusters/home --tool flux --from live.yaml --dry-run",
            "kubectl get deployment,service -n blog -o yaml | rediskit init --add config/homelab.yaml --from -",
            "rediskit init --add config/homelab.yaml --from shop.yaml --set-policy volatile-lru",
        ),
    )
    parser.add_argument("folder", nargs="?", metavar="DIR", help="the project folder (default: the current one)")
    parser.add_argument("--name", help="the name of the config and its output directory (default: the name of the folder)")
    parser.add_argument("--tool", choices=("argocd", "flux"), help="the GitOps tool (default: argocd)")
    parser.add_argument("--repository", metavar="URL", help="the Git repository of the folder (default: the remote of Git)")
    parser.add_argument(
        "--revision",
        metavar="BRANCH",
        help="the branch that the GitOps tool follows (default: the default branch of the remote, else main or master)",
    )
    parser.add_argument("--from", dest="source", metavar="FILE", help="the output of kubectl get -o yaml; - reads standard input")
    parser.add_argument("--add", metavar="CONFIG", help="add the applications of --from to this config")
    parser.add_argument("--client", metavar="NAME", help="with --add: the name of the new client (default: from its namespace or labels)")
    parser.add_argument(
        "--set-policy",
        choices=("volatile-lru", "volatile-lfu", "volatile-ttl", "volatile-random", "noeviction"),
        metavar="POLICY",
        help="with --add: set redis.memory.policy to POLICY if the current policy would evict the queue of a new client",
    )
    parser.add_argument("--namespace", help="the namespace of objects without metadata.namespace")
    parser.add_argument("--replicas", type=int, metavar="N", help="the normal number of replicas of a workload that is scaled to 0 now")


def _render(commands: Commands) -> None:
    parser = command(
        commands,
        "render",
        "render the manifests of each config",
        "Load, render and check every config, then write the output directories. If one config has an error, no file changes. With "
        "--strict, the same applies to a warning.",
        module="render",
        parents=(CONFIGS, OUTPUT, JOBS, STRICT, *COMMON),
        examples=("rediskit render", "rediskit render config/chocolandia.yaml --output clusters"),
    )
    parser.add_argument("--force", action="store_true", help="discard manual edits of generated files; run rediskit diff --text first")


def _check(commands: Commands) -> None:
    parser = command(
        commands,
        "check",
        "validate configs and rendered manifests",
        "Render in memory, run all checks, and compare the result with the output directories. Use it in CI and pre-commit. It writes no "
        "file, with one exception: at the step validate, --owner records its scan for uses of the old Redis in the config.",
        module="check",
        parents=(CONFIGS, OUTPUT, JOBS, at("the time to record with --owner"), CHART, OFFLINE, STRICT, *COMMON),
        examples=(
            "rediskit check",
            "rediskit check --base origin/main",
            "rediskit check config/chocolandia.yaml --owner ../beersystem/deploy/overlays/prod",
        ),
    )
    parser.add_argument(
        "--kubeconform", action="store_true", help="also validate every object with kubeconform (the program in $KUBECONFORM, or on PATH)"
    )
    parser.add_argument(
        "--owner",
        metavar="DIR",
        help="test the overlay of the application repository in DIR with the files of each step; DIR is not changed",
    )
    parser.add_argument("--base", metavar="REV", help="report skipped steps and changes to a running Redis since a Git revision")


def _diff(commands: Commands) -> None:
    parser = command(
        commands,
        "diff",
        "show what a render would change, object by object",
        "Render in memory and compare with the files on disk or with a Git revision. This command writes nothing and runs no check. It "
        "exits with 1 if something differs. Secret values are masked as <secret hmac:...>; equal values have the same digits in one "
        "run.",
        module="diff.command",
        parents=(CONFIGS, OUTPUT, JOBS, *DIAGNOSTICS),
        examples=("rediskit diff", "rediskit diff --against origin/main --markdown"),
    )
    parser.add_argument("--against", metavar="REV", help="compare with a branch, a tag or a commit (default: the files on disk)")
    formats = parser.add_mutually_exclusive_group()
    formats.add_argument("--text", action="store_true", help="print a unified diff of the files")
    formats.add_argument("--markdown", action="store_true", help="print a comment for a pull request")
    formats.add_argument("--json", action="store_true", help=JSON_HELP)


def _verify(commands: Commands) -> None:
    parser = command(
        commands,
        "verify",
        "verify a running shared Redis",
        "Verify a running shared Redis: connectivity, replication, performance and monitoring. By default, kubectl creates one Job per "
        "phase in the cluster, reads its result and deletes it. A check without data is unknown, never passed. The exit code is 1 if a "
        "check failed, and 3 if a result is unknown.",
        module="verify",
        parents=(CONFIGS, CONTEXT, *DIAGNOSTICS),
        examples=(
            "rediskit verify --markdown",
            "rediskit verify --phase connectivity --client beersystem",
            "rediskit verify --from here --phase connectivity",
            "rediskit verify --from outside",
            "rediskit verify --phase replication --disruptive --yes",
        ),
    )
    phases = ("connectivity", "replication", "performance", "monitoring")
    parser.add_argument(
        "--phase", action="append", default=[], choices=phases, metavar="NAME", help=f"run only this phase: {', '.join(phases)}"
    )
    parser.add_argument(
        "--from",
        dest="vantage",
        choices=("cluster", "here", "outside"),
        default="cluster",
        metavar="PLACE",
        help="where the connections start. cluster (default): Jobs in the namespaces; here: this machine, which is in network.allow; "
        "outside: this machine, which is not in network.allow",
    )
    parser.add_argument("--expect-refused", action="store_true", help="the same as --from outside")
    parser.add_argument("--client", metavar="NAME", help="verify only this client")
    parser.add_argument(
        "--disruptive", action="store_true", help="also restart a replica, then the primary, and verify reads and data; needs --yes"
    )
    parser.add_argument("--yes", action="store_true", help="allow a load test or a restart although clients use Redis")
    parser.add_argument("--prometheus", default="", metavar="URL", help="the URL of Prometheus (default: its Service, through kubectl)")
    formats = parser.add_mutually_exclusive_group()
    formats.add_argument("--markdown", action="store_true", help="print a page for a pull request or a ticket")
    formats.add_argument("--json", action="store_true", help=JSON_HELP)


def _upgrade(commands: Commands) -> None:
    parser = command(
        commands,
        "upgrade",
        "show what another version of the chart or of Redis changes",
        "Render the values of the config with the old and the new chart, and compare the objects. The report lists changes that the API "
        "server refuses, renamed Services, values without effect, changed defaults and images, and the pods that restart. This command "
        "needs Helm, which pulls a chart if you set only its version. It writes nothing, and exits with 1 if it finds an error.",
        module="upgrade",
        parents=(CONFIG, STRICT, *DIAGNOSTICS),
        examples=(
            "rediskit upgrade config/chocolandia.yaml --chart 23.2.13",
            "rediskit upgrade --from-chart redis-0.16.4.tgz --chart redis-0.34.18.tgz --markdown",
            "rediskit upgrade --image 8.2.3",
        ),
    )
    parser.add_argument("--chart", metavar="FILE|VERSION", default="", help="the new chart: a folder, an archive, or an exact version")
    parser.add_argument(
        "--from-chart",
        metavar="FILE",
        default="",
        help="the chart of the running Redis (default: the version in the config, pulled by Helm)",
    )
    parser.add_argument("--image", metavar="IMAGE", default="", help="the new image of Redis: a tag, or repository:tag@digest")
    formats = parser.add_mutually_exclusive_group()
    formats.add_argument("--markdown", action="store_true", help="print a comment for a pull request")
    formats.add_argument("--json", action="store_true", help=JSON_HELP)


def _doctor(commands: Commands) -> None:
    command(
        commands,
        "doctor",
        "diagnose programs, configs, output directories and Git",
        "Report programs, libraries, configs, output directories and the Git work tree, and the next commands. This command writes nothing "
        "and uses no network. If you must fix something, the exit code is 1, 2 or 3. A missing program is not an error, but a program that "
        "does not start is one.",
        module="doctor",
        parents=(CONFIGS, OUTPUT, *COMMON),
        examples=("rediskit doctor", "rediskit doctor config/chocolandia.yaml --json"),
    )


def _schema(commands: Commands) -> None:
    parser = command(
        commands,
        "schema",
        "print the JSON schema of the config or of the output of a command",
        "Print the JSON schema of the config, for editors and other tools. With a command, print the schema of its output with --json.",
        module="schema",
        parents=COMMON,
        examples=("rediskit schema > rediskit.schema.json", "rediskit schema migrate status"),
    )
    parser.add_argument(
        "words", nargs="*", metavar="command", help="print the schema of the output of this command (default: of the config)"
    )


def _completion(commands: Commands) -> None:
    parser = command(
        commands,
        "completion",
        "print the completion script of a shell",
        "Print the script that completes commands, options and files in a shell.",
        module="completion",
        parents=DIAGNOSTICS,
        examples=(
            "rediskit completion bash > ~/.local/share/bash-completion/completions/rediskit",
            "rediskit completion zsh > ~/.zfunc/_rediskit",
            "rediskit completion fish > ~/.config/fish/completions/rediskit.fish",
        ),
    )
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell: bash, zsh or fish")
    parser.set_defaults(json=False)


def _help(commands: Commands) -> None:
    parser = command(
        commands,
        "help",
        "show the help page of a command",
        "Show the help page of a command, as with --help.",
        examples=("rediskit help render", "rediskit help migrate advance"),
    )
    parser.add_argument("words", nargs="*", metavar="command", help="the command (default: rediskit itself)")
