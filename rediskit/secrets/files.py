"""Plan the files of `secrets.directory` that a command writes: their value, their rotation, and the files that do not change."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rediskit.errors import ConfigError, Problem, RefusedError
from rediskit.model.ciphertext import ciphertext
from rediskit.model.environment import Environment
from rediskit.model.secrets import ENCRYPTED, Sops
from rediskit.output.input_files import read_inputs, write_inputs
from rediskit.plaintext import Plaintext, invalid, weak
from rediskit.secrets.manifests import Keys, encrypted, file_of, new_rotation, opened, recipients_of, refuse_other_recipients
from rediskit.secrets.sops import RULES, creation_rules
from rediskit.yamlio.reader import read

Source = Callable[[], Plaintext | None]
"""Returns the value, or None without one. It is called only when the value is necessary."""
_ROTATE_HINT = "give all of them one new password: rediskit secret rotate"
_UNCOMPARED = "no key decrypts the existing ciphertexts, so that this value is not compared: use rediskit secret check --key FILE"


class PlannedFiles(NamedTuple):
    """The files to write.

    Attributes:
        replaced: The previous content of the files that exist.
        kept: The files that do not change.
        notes: Warnings about the value.
        rules: A .sops.yaml for the folder above, empty where it has one.
    """

    folder: str
    rotation: str
    files: Mapping[str, bytes]
    replaced: Mapping[str, bytes]
    kept: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    rules: bytes = b""

    @property
    def created(self) -> tuple[str, ...]:
        """The names of new files."""
        return tuple(name for name in self.files if name not in self.replaced)

    @property
    def changed(self) -> tuple[str, ...]:
        """The names of existing files."""
        return tuple(name for name in self.files if name in self.replaced)

    def write(self) -> None:
        """Write all files or none. Raise RefusedError when one cannot be written."""
        above, _, folder = self.folder.rpartition("/")
        files = {f"{folder}/{name}": content for name, content in self.files.items()}
        if self.rules:
            files[RULES] = self.rules
        if files:
            write_inputs(above or ".", files, {f"{folder}/{name}": content for name, content in self.replaced.items()})


def plan_new(environment: Environment, source: Source, *, in_use: bool = False, force: bool = False) -> PlannedFiles:
    """Plan a password for each namespace. With `in_use`, clients already have it, so that a weak one is a note and not an error.

    Raises RefusedError when ciphertexts exist, unless `force` replaces them, or the value is no valid password.
    """
    existing = _existing(environment)
    if existing and not force:
        hint = "use seal to add missing files, rotate to change the password, or new --force to discard this one"
        files = [os.path.normpath(f"{_folder(environment)}/{name}") for name in existing]
        raise RefusedError([Problem(f"{file} already exists", hint) for file in files])
    return _plan(environment, environment.secret_namespaces, existing, _valid(source(), in_use=in_use), new_rotation())


def plan_rotated(environment: Environment, source: Source) -> PlannedFiles:
    """Plan another password with another rotation for each namespace. Raise RefusedError when there is no password yet."""
    existing = _existing(environment)
    if not existing:
        hint = f"create the first one: rediskit secret new {environment.config_argument}"
        raise RefusedError(Problem(f"{environment.name} has no password yet: {_folder(environment)} is empty", hint))
    old = set(_rotations(environment, environment.ciphertexts).values())
    rotation = next(rotation for rotation in iter(new_rotation, "") if rotation not in old)
    return _plan(environment, environment.secret_namespaces, existing, _valid(source()), rotation)


def plan_sealed(
    environment: Environment, namespaces: Sequence[str], source: Source, keys: Keys, *, same: bool = False, force: bool = False
) -> PlannedFiles:
    """Plan the current password for namespaces without a ciphertext.

    Args:
        source: Returns the value. Without one, an existing ciphertext is decrypted.
        same: The value is the current one, so that the rotation does not change when all files are replaced.
        force: Also encrypt existing files again.

    Raises:
        RefusedError: There is no value, or the other files have another value, other recipients than the config, or several rotations.
    """
    existing = _existing(environment)
    selected = tuple(name for name in namespaces if force or _name(name) not in existing)
    unchanged = {name: existing[_name(name)] for name in environment.secret_namespaces if name not in selected and _name(name) in existing}
    _refuse_other_recipients(environment, unchanged)
    if not selected:
        return PlannedFiles(_folder(environment), _one_rotation(environment, unchanged), {}, {}, tuple(map(_name, unchanged)))
    plaintext = source()
    if plaintext is None:
        plaintext, same = _decrypted(environment, existing, keys), True
    value = _valid(plaintext, in_use=True)
    uncompared = () if _same_as_kept(environment, unchanged, keys, value) or same else (_UNCOMPARED,)
    rotation = _one_rotation(environment, unchanged or (environment.ciphertexts if same else ())) or new_rotation()
    planned = _plan(environment, selected, existing, value, rotation)
    return planned._replace(kept=tuple(map(_name, unchanged)), notes=(*planned.notes, *uncompared))


def namespaces_of(environment: Environment, client: str | None) -> tuple[str, ...]:
    """Return the namespace of a client, or all namespaces. Raise ConfigError when the client does not exist."""
    if client is None:
        return environment.secret_namespaces
    namespaces = {entry.name: entry.namespace for entry in environment.clients}
    if client not in namespaces:
        hint = f"use one of: {', '.join(namespaces)}" if namespaces else "the config has no clients"
        raise ConfigError(Problem(f"there is no client {client}", hint))
    return (namespaces[client],)


def require_files(environment: Environment) -> None:
    """Raise ConfigError when the mode has no ciphertexts in Git."""
    mode = environment.secrets.mode
    if mode not in ENCRYPTED:
        manual = f"set the password in the cluster: rediskit secret apply {environment.config_argument}"
        hint = manual if mode == "manual" else "change the password in the store: the operator reads it from there"
        path = ("secrets", "mode")
        message = f"with mode {mode} Git contains no encrypted password"
        raise ConfigError(Problem(message, hint, path, environment.locate(path), "secrets-mode"))


def _plan(
    environment: Environment, namespaces: Sequence[str], existing: Mapping[str, bytes], value: Plaintext, rotation: str
) -> PlannedFiles:
    contents = encrypted(environment, namespaces, value, rotation)
    files = {_name(namespace): content for namespace, content in contents.items()}
    replaced = {name: existing[name] for name in files if name in existing}
    notes = tuple(f"{problem.message}: replace it with rediskit secret rotate" for problem in weak(value))
    return PlannedFiles(_folder(environment), rotation, files, replaced, (), notes, _rules(environment))


def _rules(environment: Environment) -> bytes:
    """Return creation rules of SOPS for the folder above the ciphertexts; empty where they exist or it is outside the repository."""
    folder = Path(_folder(environment))
    if not isinstance(environment.secrets, Sops) or folder.name in ("", ".."):
        return b""
    return b"" if read_inputs(str(folder.parent), [RULES]) else creation_rules(recipients_of(environment.secrets), folder.name)


def _valid(value: Plaintext | None, *, in_use: bool = False) -> Plaintext:
    if value is None:
        hint = "use --from-cluster for that of the Secret in the namespace of Redis, or --from-stdin, --from-file FILE, --key FILE"
        raise RefusedError(Problem("no key decrypts the ciphertexts: the current value is required", hint))
    problems = invalid(value) or ([] if in_use else weak(value))
    if problems:
        raise RefusedError(problems)
    return value


def _decrypted(environment: Environment, existing: Mapping[str, bytes], keys: Keys) -> Plaintext | None:
    """Return the value of the ciphertexts that a key decrypts. Raise RefusedError when they have several values."""
    if not keys.private and not isinstance(environment.secrets, Sops):
        return None
    values = {
        name: value for name, content in existing.items() if (value := opened(environment, name.removesuffix(".yaml"), content, keys))
    }
    first = next(iter(values), "")
    others = [name for name, value in values.items() if value != values[first]]
    if others:
        raise RefusedError(Problem(f"{first} and {', '.join(others)} contain different values", _ROTATE_HINT))
    return values.get(first)


def _same_as_kept(environment: Environment, unchanged: Mapping[str, bytes], keys: Keys, value: Plaintext) -> bool:
    """Return whether each ciphertext that does not change was decrypted. Raise RefusedError when one contains another value."""
    if not keys.private and not isinstance(environment.secrets, Sops):
        return not unchanged
    values = {namespace: opened(environment, namespace, content, keys) for namespace, content in unchanged.items()}
    for namespace, other in values.items():
        if other is not None and other != value:
            raise RefusedError(Problem(f"{file_of(environment, namespace)} contains another value than the given one", _ROTATE_HINT))
    return None not in values.values()


def _refuse_other_recipients(environment: Environment, unchanged: Mapping[str, bytes]) -> None:
    """Raise RefusedError with each file that does not change and is encrypted for other recipients than the config."""
    secrets = environment.secrets
    problems: list[Problem] = []
    for namespace, content in unchanged.items() if isinstance(secrets, Sops) else ():
        assert isinstance(secrets, Sops)
        file = file_of(environment, namespace)
        try:
            refuse_other_recipients(secrets, file, read(content, file).data)
        except RefusedError as error:
            problems += error.problems
    if problems:
        raise RefusedError(problems)


def _rotations(environment: Environment, namespaces: Iterable[str]) -> dict[str, str]:
    """Return the rotation of the ciphertext of each namespace that has one."""
    manifests = {name: environment.ciphertexts[name] for name in namespaces if name in environment.ciphertexts}
    return {name: parsed.rotation for name, manifest in manifests.items() if (parsed := ciphertext(manifest.content))}


def _one_rotation(environment: Environment, namespaces: Iterable[str]) -> str:
    """Return the rotation of these ciphertexts; empty without any. Raise RefusedError when they have several."""
    rotations = _rotations(environment, namespaces)
    if len(set(rotations.values())) > 1:
        files = ", ".join(f"{file_of(environment, name)} ({rotation or 'none'})" for name, rotation in sorted(rotations.items()))
        hint = "encrypt all of them again: rediskit secret seal --force"
        raise RefusedError(Problem(f"the ciphertexts have different rotations: {files}", hint))
    return next(iter(rotations.values()), "")


def _existing(environment: Environment) -> dict[str, bytes]:
    return read_inputs(_folder(environment), map(_name, environment.secret_namespaces))


def _folder(environment: Environment) -> str:
    return os.path.normpath(Path(environment.file).parent / environment.secrets_directory)


def _name(namespace: str) -> str:
    return f"{namespace}.yaml"
