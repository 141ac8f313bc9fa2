"""The parser of `rediskit secret`. Imports argparse alone, so that `--help` stays fast."""

from rediskit.cli.options import COMMON, CONFIG, CONFIGS, CONTEXT, DRY_RUN, STRICT, Command, at, flag, value

_AT = at("the time at which the certificate is validated")
_WRITES = (DRY_RUN, _AT, *COMMON)
_CLIENT = value("--client", "NAME", "use only the namespace of this client")
_KEY = value("--key", "FILE", "the private key: an age key, or the key of the sealed-secrets controller")
_SOURCES = (
    flag("--from-stdin", "read the password from standard input; one trailing newline is ignored"),
    value("--from-file", "FILE", "read the password from a file outside the repository; one trailing newline is ignored"),
)
_OR_CLUSTER = (*_SOURCES, flag("--from-cluster", "read the password from the Secret in the namespace of Redis"))


def secret() -> Command:
    """Return `secret` with its subcommands."""
    return Command(
        "create the password; encrypt, rotate and check it",
        "Create the password, encrypt it for each namespace, rotate and check it. The password stays in memory: no command prints it, "
        "passes it as an argument, or writes it to disk in plain text.",
        examples=("rediskit secret apply", "rediskit secret new", "rediskit secret check", "rediskit secret rotate"),
        commands={"new": _new, "seal": _seal, "rotate": _rotate, "check": _check, "apply": _apply, "fetch-cert": _fetch},
    )


def _new() -> Command:
    return Command(
        "create the password and encrypt it for every namespace",
        "Create a password, or read one, and write one encrypted file per namespace to config/<name>/secrets/. --force discards the "
        "existing password: for a Redis that is deployed, use rediskit secret rotate.",
        module="secret.make",
        options=(CONFIG, CONTEXT, *_WRITES, _OR_CLUSTER, flag("--force", "discard the existing password in Git")),
        examples=("rediskit secret new", "pass show redis | rediskit secret new --from-stdin"),
    )


def _seal() -> Command:
    force = flag("--force", "encrypt the same password again for every namespace")
    return Command(
        "encrypt the current password for namespaces without it",
        "Encrypt the current password for the namespaces without it, such as that of a new client. Use --force after a new certificate "
        "or a change of recipients. With mode sops, rediskit decrypts the existing files with your key. With mode sealed-secrets, set "
        "one of --from-cluster, --from-stdin, --from-file or --key.",
        module="secret.make",
        options=(CONFIG, _CLIENT, CONTEXT, _KEY, *_WRITES, _OR_CLUSTER, force),
        examples=("rediskit secret seal --client beersystem --from-cluster", "rediskit secret seal --force --key controller.key"),
    )


def _rotate() -> Command:
    return Command(
        "replace the encrypted password in Git",
        "Replace the encrypted password of every namespace in Git and change the annotation rediskit/rotation. When you deploy the "
        "result, Redis restarts and rejects the old password. First read docs/rotation.md in the output directory: it describes how "
        "applications keep their access.",
        module="secret.make",
        options=(CONFIG, *_WRITES, _SOURCES),
        examples=("rediskit secret rotate", "rediskit secret rotate --from-file /run/user/1000/password"),
    )


def _check() -> Command:
    return Command(
        "check the encrypted files, with or without a key",
        "Check format, namespace, name, Secret key, scope, recipients, rotation and certificate of the encrypted files. With a private "
        "key, rediskit also decrypts and compares the passwords. It never prints them.",
        module="secret.check",
        options=(CONFIGS, _KEY, _AT, STRICT, *COMMON),
        examples=("rediskit secret check", "rediskit secret check config/chocolandia.yaml --key controller.key"),
    )


def _apply() -> Command:
    return Command(
        "create the Secret in each namespace (secrets.mode manual)",
        "Create the Secret with kubectl in each namespace that has none. The password comes from --from-stdin or --from-file, else from "
        "another namespace, else it is random. If all namespaces have the Secret, compare the passwords. Use this command with "
        "secrets.mode manual.",
        module="secret.apply",
        options=(
            *(CONFIG, _CLIENT, CONTEXT, *COMMON, _SOURCES),
            flag("--force", "overwrite a different password; pods with the old one fail until they restart"),
            flag("--dry-run", "validate with the API server; change nothing and print no password"),
        ),
        examples=("rediskit secret apply --dry-run", "rediskit secret apply --client beersystem --context home"),
    )


def _fetch() -> Command:
    return Command(
        "download the certificate of the sealed-secrets controller",
        "Download the certificate of the sealed-secrets controller to the file that the config references. rediskit runs kubeseal, or "
        "kubectl if kubeseal is missing. After a change of the certificate, run rediskit secret seal --force.",
        module="secret.fetch",
        options=(
            *(CONFIG, CONTEXT, *_WRITES),
            value("--controller-name", "NAME", "the Service of the controller (default: %(default)s)", default="sealed-secrets-controller"),
            value("--controller-namespace", "NAME", "the namespace of the controller (default: %(default)s)", default="kube-system"),
            flag("--force", "overwrite an existing certificate that differs"),
        ),
        examples=("rediskit secret fetch-cert", "rediskit secret fetch-cert --controller-namespace sealed-secrets --force"),
    )
