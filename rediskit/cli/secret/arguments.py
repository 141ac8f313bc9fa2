"""The arguments of `rediskit secret`, one subparser a sub-verb. Imports nothing but argparse, as the parser above it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from rediskit.cli.options import command

if TYPE_CHECKING:
    Verbs = argparse._SubParsersAction[argparse.ArgumentParser]

_SECRET = (
    "The one password: made, encrypted for each namespace, replaced and checked. It is in memory only: never on a command line, in a file "
    "in clear, in an error or in any output."
)
_NEW = "Make a password (or take one), and write it, encrypted, for every namespace."
_SEAL = (
    "Encrypt the password that is in use for namespaces that lack it: a new client. With --force all of them are made anew: another "
    "certificate, other recipients. With mode sops your own key opens what is there; else the value comes from one of the options."
)
_ROTATE = "Replace the password by another one, in every namespace, under another rotation: the tree then restarts Redis with it."
_CHECK = (
    "Look at the encrypted password: form, namespace, name, key, scope, recipients, rotation, certificate. No key is needed; with one, "
    "the values are opened and compared, and none is shown."
)
_APPLY = "With mode manual: put the password into the cluster through kubectl, or see that all namespaces have the same."
_FETCH = "Bring the certificate of the sealed-secrets controller through kubeseal, or else through kubectl, to where the config names it."


def add(verbs: Verbs) -> None:
    """Adds `secret` and its sub-verbs."""
    secret = verbs.add_parser("secret", help="make, encrypt, rotate and check the password", description=_SECRET)
    actions = secret.add_subparsers(dest="action", metavar="<action>", required=True, help="what to do")
    _new(command(actions, "new", "secret.make", help="make the password and encrypt it for every namespace", description=_NEW))
    _seal(command(actions, "seal", "secret.make", help="encrypt the password in use for namespaces that lack it", description=_SEAL))
    _rotate(command(actions, "rotate", "secret.make", help="replace the password by another one", description=_ROTATE))
    _check(command(actions, "check", "secret.check", help="look at the encrypted password, with or without a key", description=_CHECK))
    _apply(command(actions, "apply", "secret.apply", help="put the password into the cluster (mode manual)", description=_APPLY))
    _fetch(command(actions, "fetch-cert", "secret.fetch", help="bring the certificate to seal with", description=_FETCH))


def _new(parser: argparse.ArgumentParser) -> None:
    _config(parser)
    _given(parser, cluster=True)
    parser.add_argument("--force", action="store_true", help="throw away the password that is there")
    _writes(parser)


def _seal(parser: argparse.ArgumentParser) -> None:
    _config(parser)
    _client(parser)
    _given(parser, cluster=True)
    _key(parser)
    parser.add_argument("--force", action="store_true", help="make what is there anew, with the same password")
    _writes(parser)


def _rotate(parser: argparse.ArgumentParser) -> None:
    _config(parser)
    _given(parser, cluster=False)
    _writes(parser)


def _check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("configs", nargs="*", metavar="config", help="config files (default: config/*.yaml)")
    _key(parser)
    _at(parser)
    _common(parser)


def _apply(parser: argparse.ArgumentParser) -> None:
    _config(parser)
    _client(parser)
    _given(parser, cluster=False)
    parser.add_argument("--force", action="store_true", help="replace other values: by the given one, or by that of Redis' namespace")
    parser.add_argument("--dry-run", action="store_true", help="have the API server judge it, and change nothing")
    _context(parser)
    _common(parser)


def _fetch(parser: argparse.ArgumentParser) -> None:
    _config(parser)
    parser.add_argument("--controller-name", default="sealed-secrets-controller", metavar="NAME", help="its Service (default: %(default)s)")
    parser.add_argument("--controller-namespace", default="kube-system", metavar="NAME", help="its namespace (default: %(default)s)")
    parser.add_argument("--force", action="store_true", help="replace another certificate that is there")
    _context(parser)
    _writes(parser)


def _config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", nargs="?", metavar="config", help="the config file (default: the only config/*.yaml)")


def _client(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--client", metavar="NAME", help="only for the namespace of this client")


def _given(parser: argparse.ArgumentParser, *, cluster: bool) -> None:
    given = parser.add_mutually_exclusive_group()
    given.add_argument("--from-stdin", action="store_true", help="take the value from standard input, less one final newline")
    given.add_argument("--from-file", metavar="FILE", help="take the value from a file, less one final newline")
    if cluster:
        given.add_argument("--from-cluster", action="store_true", help="take the value of the Secret in the namespace of Redis, by kubectl")
        _context(parser)


def _context(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--context", default="", metavar="NAME", help="the context of kubectl (default: the current one)")


def _key(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--key", metavar="FILE", help="a private key that opens what is there: of the sealed-secrets controller, or of age")


def _at(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--at", metavar="TIME", help="the time to judge the certificate at, like 2026-03-01T22:00:00-03:00 (default: now)")


def _writes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="say what would be written, and write nothing")
    _at(parser)
    _common(parser)


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="report as one JSON document on standard output")
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
