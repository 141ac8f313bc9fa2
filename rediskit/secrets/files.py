"""Which files of `secrets.directory` a command makes, with which value and rotation, and what it leaves alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rediskit.errors import ConfigError, Problem, RefusedError
from rediskit.model.ciphertext import ciphertext
from rediskit.model.environment import Environment
from rediskit.model.secrets import ENCRYPTED, Sops
from rediskit.output.input_files import read_inputs, write_inputs
from rediskit.secrets.manifests import Keys, encrypted, file_of, new_rotation, opened, recipients_of, refuse_other_recipients
from rediskit.secrets.plaintext import Plaintext, impossible, weak
from rediskit.secrets.sops import RULES, creation_rules
from rediskit.yamlio.reader import read

Source = Callable[[], Plaintext | None]
"""Where a value comes from; asked only once it is clear that it is needed. None: from nowhere."""


class Made(NamedTuple):
    """What is to be written: files by name, relative to `folder`; seen: what stood there. kept: files that stay as they are.

    rules: a .sops.yaml for the folder above, where there is none.
    """

    folder: str
    rotation: str
    files: Mapping[str, bytes]
    seen: Mapping[str, bytes]
    kept: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    rules: bytes = b""

    @property
    def created(self) -> tuple[str, ...]:
        return tuple(name for name in self.files if name not in self.seen)

    @property
    def changed(self) -> tuple[str, ...]:
        return tuple(name for name in self.files if name in self.seen)

    def write(self) -> None:
        """All files or none. Raises RefusedError."""
        above, _, folder = self.folder.rpartition("/")
        files = {f"{folder}/{name}": content for name, content in self.files.items()}
        if self.rules:
            files[RULES] = self.rules
        if files:
            write_inputs(above or ".", files, {f"{folder}/{name}": content for name, content in self.seen.items()})


def make_new(environment: Environment, source: Source, *, in_use: bool = False, force: bool = False) -> Made:
    """A password for every namespace. in_use: it is one that clients have already, so that a weak one is noted and not refused.

    Raises RefusedError when there are ciphertexts already (unless `force`), and for a value that can't or should not be a password.
    """
    seen = _seen(environment)
    if seen and not force:
        raise RefusedError(_is_there(environment, seen))
    return _made(environment, environment.secret_namespaces, seen, _judged(source(), in_use=in_use), new_rotation())


def make_rotated(environment: Environment, source: Source) -> Made:
    """Another password for every namespace, with another rotation. Raises RefusedError when there is none yet."""
    seen = _seen(environment)
    if not seen:
        hint = f"rediskit secret new {environment.config_argument} makes the first one"
        raise RefusedError(Problem(f"{environment.name} has no password yet: {_folder(environment)} is empty", hint))
    return _made(environment, environment.secret_namespaces, seen, _judged(source()), _another(_rotations(environment)))


def make_sealed(
    environment: Environment, namespaces: Sequence[str], source: Source, keys: Keys, *, same: bool = False, force: bool = False
) -> Made:
    """The password that is in use, for namespaces that lack it; with `force`, for all of these, anew.

    source: where the value comes from. Where it gives none, a ciphertext that is there is opened: with `keys`, or by the user's sops.
    same: the value is known to be the one in use, so that the rotation stays though all files are made anew.
    Raises RefusedError when no value can be had, or when the files that stay hold another value, are encrypted for other recipients
    than the config, or differ in their rotations.
    """
    seen = _seen(environment)
    wanted = tuple(name for name in namespaces if force or _name(name) not in seen)
    kept = {name: seen[_name(name)] for name in environment.secret_namespaces if name not in wanted and _name(name) in seen}
    _refuse_other_recipients(environment, kept)
    if not wanted:
        return Made(_folder(environment), _one_rotation(environment, kept), {}, {}, tuple(map(_name, kept)))
    value = source()
    if value is None:
        value, same = _from_files(environment, seen, keys), True
    judged = _judged(value, in_use=True)
    if not (_same_as_kept(environment, kept, keys, value) or same):
        judged = (judged[0], (*judged[1], _UNCOMPARED))
    rotation = _one_rotation(environment, kept or (seen if same else {})) or new_rotation()
    return _made(environment, wanted, seen, judged, rotation)._replace(kept=tuple(map(_name, kept)))


def namespaces_of(environment: Environment, client: str | None) -> tuple[str, ...]:
    """The namespace of a client, or all of them. Raises ConfigError when no client has this name."""
    if client is None:
        return environment.secret_namespaces
    found = [one.namespace for one in environment.clients if one.name == client]
    if not found:
        known = ", ".join(one.name for one in environment.clients)
        raise ConfigError(Problem(f"there is no client {client}", f"there is {known}" if known else "the config has no clients"))
    return (found[0],)


def needs_files(environment: Environment) -> None:
    """Raises ConfigError where the mode keeps no ciphertext in Git."""
    mode = environment.secrets.mode
    if mode not in ENCRYPTED:
        hint = (
            f"rediskit secret apply {environment.config_argument} puts it into the cluster"
            if mode == "manual"
            else "the operator brings it from its store"
        )
        path = ("secrets", "mode")
        raise ConfigError(Problem(f"with {mode} no encrypted password lies in Git", hint, path, environment.locate(path)))


def _made(
    environment: Environment, namespaces: Sequence[str], seen: Mapping[str, bytes], judged: tuple[Plaintext, tuple[str, ...]], rotation: str
) -> Made:
    value, notes = judged
    files = {_name(namespace): content for namespace, content in encrypted(environment, namespaces, value, rotation).items()}
    replaced = {name: seen[name] for name in files if name in seen}
    return Made(_folder(environment), rotation, files, replaced, (), notes, _rules(environment))


def _rules(environment: Environment) -> bytes:
    """Creation rules of SOPS, where there are none above the folder of the ciphertexts and they belong to the repository."""
    folder = Path(_folder(environment))
    if not isinstance(environment.secrets, Sops) or folder.name in ("", ".."):
        return b""
    return b"" if read_inputs(str(folder.parent), [RULES]) else creation_rules(recipients_of(environment.secrets), folder.name)


def _judged(value: Plaintext | None, *, in_use: bool = False) -> tuple[Plaintext, tuple[str, ...]]:
    """The value, and what is to be said of it. Raises RefusedError."""
    if value is None:
        hint = "--from-cluster takes that of the Secret in the namespace of Redis; or --from-stdin, --from-file FILE, --key FILE"
        raise RefusedError(Problem("no key at hand opens the ciphertexts: the value that is in use has to be given", hint))
    problems = impossible(value)
    if problems or (weak(value) and not in_use):
        raise RefusedError(problems or weak(value))
    hint = "rediskit secret rotate makes a better one"
    return value, tuple(f"{problem.message}: {hint}" for problem in weak(value))


def _from_files(environment: Environment, seen: Mapping[str, bytes], keys: Keys) -> Plaintext | None:
    """The value that the ciphertexts have, as far as a key opens them. Raises RefusedError when they have several."""
    if not keys.private and not isinstance(environment.secrets, Sops):
        return None
    found = {name: value for name, content in seen.items() if (value := opened(environment, name.removesuffix(".yaml"), content, keys))}
    first = next(iter(found), "")
    others = [name for name, value in found.items() if value != found[first]]
    if others:
        hint = "one password is for all: rediskit secret rotate gives all of them another"
        raise RefusedError(Problem(f"{first} and {', '.join(others)} hold different values", hint))
    return found.get(first)


_UNCOMPARED = (
    "no key at hand opens the ciphertexts that are there, so that nobody has seen whether they hold this value, too: "
    "rediskit secret check --key FILE compares them"
)


def _same_as_kept(environment: Environment, kept: Mapping[str, bytes], keys: Keys, value: Plaintext | None) -> bool:
    """Whether each ciphertext that stays was opened, and holds the value. Raises RefusedError when one holds another."""
    if not keys.private and not isinstance(environment.secrets, Sops):
        return not kept
    every = True
    for namespace, content in kept.items():
        there = opened(environment, namespace, content, keys)
        every = every and there is not None
        if there is not None and there != value:
            hint = "one password is for all: rediskit secret rotate gives all of them another"
            raise RefusedError(Problem(f"{file_of(environment, namespace)} holds another value than the one that is given", hint))
    return every


def _refuse_other_recipients(environment: Environment, kept: Mapping[str, bytes]) -> None:
    """Raise RefusedError with every file that stays and is encrypted for other recipients than the config."""
    secrets = environment.secrets
    problems: list[Problem] = []
    for namespace, content in kept.items() if isinstance(secrets, Sops) else ():
        assert isinstance(secrets, Sops)
        try:
            refuse_other_recipients(secrets, file_of(environment, namespace), read(content, file_of(environment, namespace)).data)
        except RefusedError as error:
            problems += error.problems
    if problems:
        raise RefusedError(problems)


def _rotations(environment: Environment) -> set[str]:
    found = (ciphertext(manifest.content) for manifest in environment.ciphertexts.values())
    return {one.rotation for one in found if one}


def _one_rotation(environment: Environment, among: Mapping[str, bytes]) -> str:
    """The rotation of ciphertexts, by namespace or file name; "" where there are none. Raises RefusedError when they differ."""
    names = {name.removesuffix(".yaml") for name in among}
    found = {
        name: one.rotation for name, manifest in environment.ciphertexts.items() if name in names and (one := ciphertext(manifest.content))
    }
    if len(set(found.values())) > 1:
        words = ", ".join(f"{file_of(environment, name)} ({rotation or 'none'})" for name, rotation in sorted(found.items()))
        raise RefusedError(
            Problem(f"the ciphertexts are of different rotations: {words}", "make all of them anew: rediskit secret seal --force")
        )
    return next(iter(found.values()), "")


def _another(old: set[str]) -> str:
    while (rotation := new_rotation()) in old:
        pass
    return rotation


def _seen(environment: Environment) -> dict[str, bytes]:
    return read_inputs(_folder(environment), map(_name, environment.secret_namespaces))


def _is_there(environment: Environment, seen: Mapping[str, bytes]) -> list[Problem]:
    hint = "seal adds what is missing, rotate changes the password, and new --force throws this one away"
    return [Problem(f"{os.path.normpath(f'{_folder(environment)}/{name}')} is there already", hint) for name in seen]


def _folder(environment: Environment) -> str:
    return os.path.normpath(Path(environment.file).parent / environment.secrets_directory)


def _name(namespace: str) -> str:
    return f"{namespace}.yaml"
