"""Inputs of `rediskit secret`: the source of the password, the time, private keys."""

import argparse
import sys
from datetime import datetime
from pathlib import Path

from rediskit.cli.clock import refuse_later, time_of
from rediskit.errors import ConfigError, Problem, RefusedError
from rediskit.files import read_file, read_stream
from rediskit.git.discovery import work_tree_of
from rediskit.live import kubectl
from rediskit.model.environment import Environment
from rediskit.model.migration import moment
from rediskit.model.secrets import Sops
from rediskit.plaintext import LONGEST, Plaintext, without_newline
from rediskit.secrets.certificate import private_keys
from rediskit.secrets.claimed import refuse_other_cluster
from rediskit.secrets.manifests import Keys


def password_from(arguments: argparse.Namespace, environment: Environment) -> Plaintext | None:
    """Return the password from the source that an option sets; None without such an option."""
    if arguments.from_stdin:
        if sys.stdin is None or sys.stdin.isatty():
            hint = f"pass show redis | rediskit secret {arguments.action} --from-stdin"
            raise ConfigError(Problem("standard input is a terminal: nothing comes from it", hint))
        return without_newline(sys.stdin.buffer.read(LONGEST + 3))
    if arguments.from_file is not None:
        return without_newline(_bytes_of(arguments.from_file))
    return _of_cluster(arguments, environment) if getattr(arguments, "from_cluster", False) else None


def _bytes_of(name: str) -> bytes:
    """Return the content of a file or a pipe, at most three bytes more than the longest password."""
    try:
        return read_stream(name, LONGEST + 3)
    except OSError as error:
        hint = "check the path: it counts from the current folder"
        raise ConfigError(Problem(f"--from-file: {name}: {(error.strerror or str(error)).lower()}", hint)) from error


def in_clear_in_git(arguments: argparse.Namespace) -> str:
    """Return a warning about a password file inside a Git work tree; "" without one."""
    name = arguments.from_file
    if name is None or not Path(name).is_file() or work_tree_of(name) is None:
        return ""
    return f"{name} contains the password in plain text and is in a Git work tree: remove it before you commit"


def _of_cluster(arguments: argparse.Namespace, environment: Environment) -> Plaintext:
    auth, namespace = environment.redis.auth, environment.redis.namespace
    secret = kubectl.read_secret(namespace, auth.secret, auth.key, arguments.context)
    if secret is None or secret.value is None:
        problem = f"has no key {auth.key}" if secret else "is not there"
        hint = "look with kubectl config current-context whether this is the cluster that is meant"
        raise RefusedError(Problem(f"the Secret {auth.secret} in namespace {namespace} {problem}", hint))
    refuse_other_cluster(environment, arguments.context, [secret], required=False)
    return secret.value


def time_to_write_at(arguments: argparse.Namespace) -> datetime:
    """Return the time of --at for a command that writes, or the current time. Raises RefusedError for a time in the future."""
    at = time_of(arguments.at, "--at")
    refuse_later(at, "--at")
    return moment(at)


def keys_of(arguments: argparse.Namespace, environment: Environment) -> Keys:
    """Return the keys of --key; without it, mode sops uses the key of the user. Raises ConfigError."""
    if not arguments.key:
        return Keys()
    content = read_file(Path(arguments.key), arguments.key)
    if isinstance(environment.secrets, Sops):
        return Keys(age_file=arguments.key)
    return Keys(private_keys(content, arguments.key))
