"""The parser of the command line. Imports argparse alone, so that `--help` stays fast."""

import argparse
import sys
from collections.abc import Sequence

from rediskit import __version__
from rediskit.cli.options import (
    CHART,
    COMMENT,
    COMMON,
    CONFIG,
    CONFIGS,
    CONTEXT,
    DIAGNOSTICS,
    DRY_RUN,
    JOBS,
    JSON,
    OFFLINE,
    OUTPUT,
    STRICT,
    Command,
    Commands,
    HelpFormatter,
    Parser,
    add_commands,
    at,
    flag,
    option,
    text,
    value,
)

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

_INIT_EXAMPLES = (
    "rediskit init --name homelab",
    "kubectl get deployment,service,configmap,hpa,networkpolicy -n shop -o yaml | rediskit init --name homelab --from -",
    "rediskit init clusters/home --tool flux --from live.yaml --dry-run",
    "kubectl get deployment,service -n blog -o yaml | rediskit init --add config/homelab.yaml --from -",
    "rediskit init --add config/homelab.yaml --from shop.yaml --set-policy volatile-lru",
)


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
    commands: Commands = {
        "init": _init,
        "render": _render,
        "check": _check,
        "diff": _diff,
        "migrate": _migrate,
        "secret": _secret,
        "verify": _verify,
        "upgrade": _upgrade,
        "doctor": _doctor,
        "schema": _schema,
        "completion": _completion,
        "help": _help,
    }
    add_commands(top, "verb", commands, words)
    return top


def _migrate() -> Command:
    from rediskit.cli.migrate.parser import migrate

    return migrate()


def _secret() -> Command:
    from rediskit.cli.secret.parser import secret

    return secret()


def _init() -> Command:
    return Command(
        "create a config that renders without further edits",
        "Create a config and its JSON schema. With --from, rediskit reads the client, its containers, environment variables, replicas "
        "and the old Redis from live objects. It writes a copy of each workload with only the needed fields. If it cannot read a value, "
        "it writes a comment that begins with open:. It overwrites no file and writes no password. With --add, the applications become "
        "clients of an existing config, and nothing else in it changes.",
        module="init",
        options=(
            DRY_RUN,
            *COMMON,
            value("folder", "DIR", "the project folder (default: the current one)", nargs="?"),
            option("--name", help="the name of the config and its output directory (default: the name of the folder)"),
            option("--tool", choices=("argocd", "flux"), help="the GitOps tool (default: argocd)"),
            value("--repository", "URL", "the Git repository of the folder (default: the remote of Git)"),
            value(
                "--revision",
                "BRANCH",
                "the branch that the GitOps tool follows (default: the default branch of the remote, else main or master)",
            ),
            value("--from", "FILE", "the output of kubectl get -o yaml; - reads standard input", dest="source"),
            value("--add", "CONFIG", "add the applications of --from to this config"),
            value("--client", "NAME", "with --add: the name of the new client (default: from its namespace or labels)"),
            value(
                "--set-policy",
                "POLICY",
                "with --add: set redis.memory.policy to POLICY if the current policy would evict the queue of a new client",
                choices=("volatile-lru", "volatile-lfu", "volatile-ttl", "volatile-random", "noeviction"),
            ),
            option("--namespace", help="the namespace of objects without metadata.namespace"),
            value("--replicas", "N", "the normal number of replicas of a workload that is scaled to 0 now", type=int),
        ),
        examples=_INIT_EXAMPLES,
    )


def _render() -> Command:
    force = flag("--force", "discard manual edits of generated files; run rediskit diff --text first")
    return Command(
        "render the manifests of each config",
        "Load, render and check every config, then write the output directories. If one config has an error, no file changes. With "
        "--strict, the same applies to a warning.",
        module="render",
        options=(CONFIGS, OUTPUT, JOBS, STRICT, *COMMON, force),
        examples=("rediskit render", "rediskit render config/chocolandia.yaml --output clusters"),
    )


def _check() -> Command:
    return Command(
        "validate configs and rendered manifests",
        "Render in memory, run all checks, and compare the result with the output directories. Use it in CI and pre-commit. It writes no "
        "file, with one exception: at the step validate, --owner searches for uses of the old Redis and records the result in the config.",
        module="check",
        options=(
            *(CONFIGS, OUTPUT, JOBS, at("the time to record with --owner"), CHART, OFFLINE, STRICT, *COMMON),
            flag("--kubeconform", "also validate every object with kubeconform (the program in $KUBECONFORM, or on PATH)"),
            value(
                "--owner", "DIR", "test the overlay of the application repository in DIR with the files of each step; DIR is not changed"
            ),
            value("--base", "REV", "report skipped steps and changes to a running Redis since a Git revision"),
        ),
        examples=(
            "rediskit check",
            "rediskit check --base origin/main",
            "rediskit check config/chocolandia.yaml --owner ../beersystem/deploy/overlays/prod",
        ),
    )


def _diff() -> Command:
    return Command(
        "show what a render would change, object by object",
        "Render in memory and compare with the files on disk or with a Git revision. This command writes nothing and runs no check. It "
        "exits with 1 if something differs. Secret values are masked as <secret hmac:...>; equal values have the same digits in one run.",
        module="diff.command",
        options=(
            *(CONFIGS, OUTPUT, JOBS, *DIAGNOSTICS),
            value("--against", "REV", "compare with a branch, a tag or a commit (default: the files on disk)"),
            (flag("--text", "print a unified diff of the files"), COMMENT, JSON),
        ),
        examples=("rediskit diff", "rediskit diff --against origin/main --markdown"),
    )


def _verify() -> Command:
    phases = ("connectivity", "replication", "performance", "monitoring")
    return Command(
        "verify a running shared Redis",
        "Verify a running shared Redis: connectivity, replication, performance and monitoring. By default, kubectl creates one Job per "
        "phase in the cluster, reads its result and deletes it. A check without data is unknown, never passed. The exit code is 1 if a "
        "check failed, and 3 if a result is unknown.",
        module="verify",
        options=(
            *(CONFIGS, CONTEXT, *DIAGNOSTICS),
            value("--phase", "NAME", f"run only this phase: {', '.join(phases)}", action="append", default=[], choices=phases),
            value(
                "--from",
                "PLACE",
                "where the connections start. cluster (default): Jobs in the namespaces; here: this machine, which is in network.allow; "
                "outside: this machine, which is not in network.allow",
                dest="vantage",
                choices=("cluster", "here", "outside"),
                default="cluster",
            ),
            flag("--expect-refused", "the same as --from outside"),
            value("--client", "NAME", "verify only this client"),
            flag("--disruptive", "also restart a replica, then the primary, and verify reads and data; needs --yes"),
            flag("--yes", "allow a load test or a restart although clients use Redis"),
            text("--prometheus", "URL", "the URL of Prometheus (default: its Service, through kubectl)"),
            (flag("--markdown", "print a page for a pull request or a ticket"), JSON),
        ),
        examples=(
            "rediskit verify --markdown",
            "rediskit verify --phase connectivity --client beersystem",
            "rediskit verify --from here --phase connectivity",
            "rediskit verify --from outside",
            "rediskit verify --phase replication --disruptive --yes",
        ),
    )


def _upgrade() -> Command:
    return Command(
        "show what another version of the chart or of Redis changes",
        "Render the values of the config with the old and the new chart, and compare the objects. The report lists changes that the API "
        "server refuses, renamed Services, values without effect, changed defaults and images, and the pods that restart. This command "
        "needs Helm, which pulls a chart if you set only its version. It writes nothing, and exits with 1 if it finds an error.",
        module="upgrade",
        options=(
            *(CONFIG, STRICT, *DIAGNOSTICS),
            text("--chart", "FILE|VERSION", "the new chart: a folder, an archive, or an exact version"),
            text("--from-chart", "FILE", "the chart of the running Redis (default: the version in the config, pulled by Helm)"),
            text("--image", "IMAGE", "the new image of Redis: a tag, or repository:tag@digest"),
            (COMMENT, JSON),
        ),
        examples=(
            "rediskit upgrade config/chocolandia.yaml --chart 23.2.13",
            "rediskit upgrade --from-chart redis-0.16.4.tgz --chart redis-0.34.18.tgz --markdown",
            "rediskit upgrade --image 8.2.3",
        ),
    )


def _doctor() -> Command:
    return Command(
        "diagnose programs, configs, output directories and Git",
        "Report programs, libraries, configs, output directories and the Git work tree, and the next commands. This command writes "
        "nothing and uses no network. If you must fix something, the exit code is 1, 2 or 3. A missing program is not an error, but a "
        "program that does not start is one.",
        module="doctor",
        options=(CONFIGS, OUTPUT, *COMMON),
        examples=("rediskit doctor", "rediskit doctor config/chocolandia.yaml --json"),
    )


def _schema() -> Command:
    words = value("words", "command", "print the schema of the output of this command (default: of the config)", nargs="*")
    return Command(
        "print the JSON schema of the config or of the output of a command",
        "Print the JSON schema of the config, for editors and other tools. With a command, print the schema of its output with --json.",
        module="schema",
        options=(*COMMON, words),
        examples=("rediskit schema > rediskit.schema.json", "rediskit schema migrate status"),
    )


def _completion() -> Command:
    return Command(
        "print the completion script of a shell",
        "Print the script that completes commands, options and files in a shell.",
        module="completion",
        options=(*DIAGNOSTICS, option("shell", choices=("bash", "zsh", "fish"), help="the shell: bash, zsh or fish")),
        examples=(
            "rediskit completion bash > ~/.local/share/bash-completion/completions/rediskit",
            "rediskit completion zsh > ~/.zfunc/_rediskit",
            "rediskit completion fish > ~/.config/fish/completions/rediskit.fish",
        ),
        json=False,
    )


def _help() -> Command:
    return Command(
        "show the help page of a command",
        "Show the help page of a command, as with --help.",
        options=(value("words", "command", "the command (default: rediskit itself)", nargs="*"),),
        examples=("rediskit help render", "rediskit help migrate advance"),
    )
