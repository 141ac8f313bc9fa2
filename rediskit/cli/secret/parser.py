"""The parser of `rediskit secret`. Imports argparse alone, so that `--help` stays fast."""

from __future__ import annotations

from rediskit.cli.options import COMMON, CONFIG, CONFIGS, CONTEXT, DRY_RUN, Commands, Parser, at, command, option

_AT = at("the time at which the certificate is validated")
_WRITES = (DRY_RUN, _AT, *COMMON)
_CLIENT = option("--client", metavar="NAME", help="only the namespace of this client")
_KEY = option("--key", metavar="FILE", help="decrypt with this private key: of the sealed-secrets controller, or of age")


def add(commands: Commands) -> None:
    """Add `secret` and its subcommands."""
    secret = command(
        commands,
        "secret",
        "create, encrypt, rotate and check the password",
        "Create the password, encrypt it for each namespace, rotate and check it. The password stays in memory: no command prints it, "
        "passes it as an argument, or writes it to disk in plain text.",
        examples=("rediskit secret new", "rediskit secret check", "rediskit secret rotate"),
    )
    actions = secret.add_subparsers(dest="action", title="commands", metavar="<command>", required=True)
    for add_action in (_new, _seal, _rotate, _check, _apply, _fetch):
        add_action(actions)


def _new(actions: Commands) -> None:
    parser = command(
        actions,
        "new",
        "create the password and encrypt it for every namespace",
        "Create a password, or read one, and write it encrypted for every namespace.",
        module="secret.make",
        parents=(CONFIG, CONTEXT, *_WRITES),
        examples=("rediskit secret new", "pass show redis | rediskit secret new --from-stdin"),
    )
    _sources(parser, cluster=True)
    parser.add_argument("--force", action="store_true", help="replace the existing password")


def _seal(actions: Commands) -> None:
    parser = command(
        actions,
        "seal",
        "encrypt the current password for namespaces that lack it",
        "Encrypt the current password for the namespaces that lack it, such as that of a new client. --force encrypts it again for all, "
        "for a new certificate or other recipients. With mode sops your own key decrypts the existing files; otherwise name a source.",
        module="secret.make",
        parents=(CONFIG, _CLIENT, CONTEXT, _KEY, *_WRITES),
        examples=("rediskit secret seal --client beersystem --from-cluster", "rediskit secret seal --force --key controller.key"),
    )
    _sources(parser, cluster=True)
    parser.add_argument("--force", action="store_true", help="encrypt the same password again for every namespace")


def _rotate(actions: Commands) -> None:
    parser = command(
        actions,
        "rotate",
        "replace the password in every namespace",
        "Replace the password in every namespace and change the rotation id. The rendered manifests then restart Redis.",
        module="secret.make",
        parents=(CONFIG, *_WRITES),
        examples=("rediskit secret rotate", "rediskit secret rotate --from-file password.txt"),
    )
    _sources(parser, cluster=False)


def _check(actions: Commands) -> None:
    command(
        actions,
        "check",
        "check the encrypted files, with or without a key",
        "Check form, namespace, name, key, scope, recipients, rotation and certificate of the encrypted files. With a key, the values are "
        "decrypted and compared too, and none is printed.",
        module="secret.check",
        parents=(CONFIGS, _KEY, _AT, *COMMON),
        examples=("rediskit secret check", "rediskit secret check config/chocolandia.yaml --key controller.key"),
    )


def _apply(actions: Commands) -> None:
    parser = command(
        actions,
        "apply",
        "write the password to the cluster (mode manual)",
        "Write the password to the Secrets of the cluster with kubectl, or verify that all namespaces have the same one. For mode manual.",
        module="secret.apply",
        parents=(CONFIG, _CLIENT, CONTEXT, *COMMON),
        examples=("rediskit secret apply --dry-run", "rediskit secret apply --client beersystem --context home"),
    )
    _sources(parser, cluster=False)
    parser.add_argument("--force", action="store_true", help="replace other values by the given one, or by that of the namespace of Redis")
    parser.add_argument("--dry-run", action="store_true", help="validate with the API server, change nothing")


def _fetch(actions: Commands) -> None:
    parser = command(
        actions,
        "fetch-cert",
        "download the certificate of the sealed-secrets controller",
        "Download the certificate of the sealed-secrets controller with kubeseal, or else kubectl, to the file that the config references.",
        module="secret.fetch",
        parents=(CONFIG, CONTEXT, *_WRITES),
        examples=("rediskit secret fetch-cert", "rediskit secret fetch-cert --controller-namespace sealed-secrets --force"),
    )
    parser.add_argument("--controller-name", default="sealed-secrets-controller", metavar="NAME", help="its Service (default: %(default)s)")
    parser.add_argument("--controller-namespace", default="kube-system", metavar="NAME", help="its namespace (default: %(default)s)")
    parser.add_argument("--force", action="store_true", help="replace another certificate")


def _sources(parser: Parser, *, cluster: bool) -> None:
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--from-stdin", action="store_true", help="read the password from standard input, without one final newline")
    source.add_argument("--from-file", metavar="FILE", help="read the password from a file, without one final newline")
    if cluster:
        source.add_argument("--from-cluster", action="store_true", help="read the password from the Secret in the namespace of Redis")
