"""Checks of the password: its encrypted Secrets in each namespace, and passwords in plain text."""

from collections.abc import Iterator, Mapping

from rediskit.checks.finding import Issue, Subject
from rediskit.errors import Path, dotted
from rediskit.model.ciphertext import (
    ROTATION,
    ROTATION_ID,
    SKIP_OWNER,
    SOPS_REGEX,
    UNOWNED,
    Ciphertext,
    around_ciphertext,
    ciphertext,
    scope_annotations,
)
from rediskit.model.environment import Environment
from rediskit.model.nested import at
from rediskit.model.once import once
from rediskit.model.secrets import ENCRYPTED, ExternalSecrets, SealedSecrets, Sops
from rediskit.renderers.helm import values_path
from rediskit.renderers.objects import KEEP
from rediskit.renderers.secret_forms import rotation as rotation_of
from rediskit.secrecy import shapes_in
from rediskit.source.unencrypted import can_have_secret, in_data


def ciphertext_missing(subject: Subject) -> Iterator[Issue]:
    """Require an encrypted Secret for each namespace that needs the password."""
    environment = subject.environment
    if environment.secrets.mode not in ENCRYPTED:
        return
    missing = [namespace for namespace in environment.secret_namespaces if namespace not in environment.ciphertexts]
    for namespace in missing:
        file = f"{environment.secrets_directory}/{namespace}.yaml"
        if len(missing) == len(environment.secret_namespaces):
            hint = f"create one for each namespace: rediskit secret new {environment.config_argument}"
        else:
            hint = f"encrypt the password of the others for it: rediskit secret seal {environment.config_argument}"
        yield Issue(f"namespace {namespace} has no encrypted Secret ({file})", hint, _source(environment, namespace))


def ciphertext_content(subject: Subject) -> Iterator[Issue]:
    """Require that an encrypted Secret has the mode, namespace, name and key of the config, and no value in plain text."""
    for namespace, encrypted in _ciphertexts(subject.environment):
        for message in _content_faults(subject.environment, namespace, encrypted):
            yield _issue(subject.environment, namespace, message)


def ciphertext_kept(subject: Subject) -> Iterator[Issue]:
    """Require the annotations that prevent pruning of an encrypted Secret, and the deletion of its Secret with it."""
    environment = subject.environment
    for namespace, encrypted in _ciphertexts(environment):
        lacking = [name for name, value in KEEP.items() if encrypted.annotations.get(name) != value]
        if lacking:
            yield _issue(environment, namespace, f"lacks the annotation {', '.join(lacking)}: a wrong commit could prune it")
        yield from _owner_faults(environment, namespace, encrypted)


def _owner_faults(environment: Environment, namespace: str, encrypted: Ciphertext) -> Iterator[Issue]:
    secrets = environment.secrets
    if not isinstance(secrets, SealedSecrets) or encrypted.form != secrets.mode:
        return
    lacking = [name for name, value in UNOWNED.items() if encrypted.template_annotations.get(name) != value]
    if not secrets.owner_reference and lacking:
        message = f"lacks {', '.join(lacking)} in its template: Kubernetes would delete the Secret with it, or never update its value"
        yield _issue(environment, namespace, message)
    if secrets.owner_reference and encrypted.template_annotations.get(SKIP_OWNER) == "true":
        yield _issue(environment, namespace, f"has {SKIP_OWNER} in its template, but the config sets ownerReference: true")


def rotation_restart(subject: Subject) -> Iterator[Issue]:
    """Require the rotation of the Secret on the pods of Redis: the chart restarts nothing when an existing Secret changes."""
    rotation = rotation_of(subject.environment)
    for part in subject.profile.parts.values() if rotation else ():
        annotation = at(subject.values, *part.annotations, ROTATION)
        if annotation != rotation:
            path = ".".join(part.annotations)
            message = f"{path} has {ROTATION} {annotation or '(none)'}, but the Secret has {rotation}: Redis would keep its old password"
            hint = f"remove the annotation from redis.values.{path}"
            yield Issue(message, hint, ("redis", "values", *part.annotations, ROTATION))


def rotation(subject: Subject) -> Iterator[Issue]:
    """Require the password of one rotation in all namespaces: Redis refuses an application with another password."""
    environment = subject.environment
    first: tuple[str, str] | None = None
    for namespace, encrypted in _ciphertexts(environment):
        if not ROTATION_ID.fullmatch(encrypted.rotation):
            yield _issue(environment, namespace, f"has no rotation in its annotation {ROTATION}")
        elif encrypted.template_rotation != encrypted.rotation:
            template = encrypted.template_rotation or "none"
            yield _issue(environment, namespace, f"has rotation {encrypted.rotation}, but its template has {template}")
        elif first is None:
            first = (namespace, encrypted.rotation)
        elif encrypted.rotation != first[1]:
            message = f"has rotation {encrypted.rotation}, but that of {first[0]} has {first[1]}: the passwords differ"
            yield _issue(environment, namespace, message)


def recipients(subject: Subject) -> Iterator[Issue]:
    """Require that SOPS encrypted a Secret for exactly the recipients of the config."""
    environment = subject.environment
    secrets = environment.secrets
    if not isinstance(secrets, Sops):
        return
    for namespace, encrypted in _ciphertexts(environment):
        lacking, strange = secrets.differences(encrypted)
        if lacking:
            yield _issue(environment, namespace, f"is not encrypted for {', '.join(lacking)}, which the config lists")
        if strange:
            yield _issue(environment, namespace, f"is also encrypted for {', '.join(strange)}, which the config does not list")


def ciphertext_unused(subject: Subject) -> Iterator[Issue]:
    """Warn about an encrypted Secret in the directory that is for no namespace of the config."""
    environment = subject.environment
    for namespace, manifest in environment.ciphertexts.items():
        if namespace not in environment.secret_namespaces:
            hint = "remove the file, or add the client that needs it"
            yield Issue(f"{manifest.path} is for no namespace of this config", hint, ("secrets",))


def plain_secrets(subject: Subject) -> Iterator[Issue]:
    """Refuse a Secret with a value in plain text, as a file, under `extraDeploy` or inside a text: Git keeps it permanently."""
    values_file = values_path(subject.environment)
    for file in subject.tree.contents:
        is_values = file.path == values_file
        if not (is_values or file.path in subject.tree.objects) or not can_have_secret(subject.tree.files[file.path]):
            continue
        for place in in_data(file.content):
            hint = "encrypt it: rediskit secret seal; change a password that was committed in plain text"
            source: Path = ("redis", "values", *place) if is_values else ("secrets",)
            yield Issue(f"{file.path}{f': {dotted(place)}' if place else ''} is a Secret in plain text", hint, source)


def passwords(subject: Subject) -> Iterator[Issue]:
    """Refuse a value that looks like a password, in plain text or in base64, such as in an annotation, argument or variable."""
    sources = {file.path: file.source for file in subject.tree.contents}
    for (path, *place), reason in shapes_in({path: around_ciphertext(content) for path, content in subject.tree.objects.items()}):
        hint = "reference the Secret and its key instead of the value"
        yield Issue(f"{path}: {dotted(tuple(place))} looks like {reason}", hint, sources[str(path)])


def decryption(subject: Subject) -> Iterator[Issue]:
    """Require a Flux Kustomization with decryption for each folder with a SOPS file: the cluster would get ciphertext as the password."""
    folders = {path.rpartition("/")[0] for path, content in subject.objects("Secret") if "sops" in content}
    decrypted = {
        str(at(content, "spec", "path")).removeprefix(f"./{subject.environment.path}/")
        for _, content in subject.objects("Kustomization", "flux/")
        if at(content, "spec", "decryption", "provider") == "sops"
    }
    for folder in sorted(folders - decrypted):
        yield Issue(f"nothing decrypts the SOPS file in {folder}", "use gitops.tool: flux, which decrypts SOPS files", ("secrets",))


def refresh(subject: Subject) -> Iterator[Issue]:
    """Warn about `secrets.refresh`: a new value in the store reaches clients, but a running Redis keeps its old password."""
    secrets = subject.environment.secrets
    if isinstance(secrets, ExternalSecrets) and not secrets.generate and secrets.refresh is not None:
        message = f"the operator reads the store every {secrets.refresh}: a new value would stop clients of a Redis with the old password"
        hint = "remove refresh, and follow docs/rotation.md of the rendered manifests to read a new value"
        yield Issue(message, hint, ("secrets", "refresh"))


def _content_faults(environment: Environment, namespace: str, encrypted: Ciphertext) -> Iterator[str]:
    """Yield the faults of an encrypted Secret, as text after the name of its file."""
    if encrypted.form != environment.secrets.mode:
        yield f"has the mode {encrypted.form}, but the config sets {environment.secrets.mode}"
        return
    yield from _name_faults(environment, namespace, encrypted)
    if isinstance(environment.secrets, SealedSecrets):
        yield from _scope_faults(environment.secrets, encrypted)
    else:
        yield from _sops_faults(encrypted)


def _name_faults(environment: Environment, namespace: str, encrypted: Ciphertext) -> Iterator[str]:
    auth = environment.redis.auth
    if encrypted.namespace != namespace:
        yield f"has the namespace {encrypted.namespace or '(none)'} instead of {namespace}"
    if encrypted.name != auth.secret:
        yield f"creates the Secret {encrypted.name} instead of {auth.secret}"
    for inner, outer, field in zip(encrypted.inner, (encrypted.name, encrypted.namespace), ("name", "namespace"), strict=True):
        if inner not in ("", outer):
            yield f"has the {field} {inner} in its template, but {outer} in its metadata"
    if auth.key not in encrypted.keys:
        yield f"has no key {auth.key} (it has: {', '.join(encrypted.keys) or 'none'})"
    if encrypted.plain:
        yield f"has {', '.join(encrypted.plain)} in plain text"


def _scope_faults(secrets: SealedSecrets, encrypted: Ciphertext) -> Iterator[str]:
    if encrypted.scope != secrets.scope:
        yield f"has the scope {encrypted.scope}, but the config sets {secrets.scope}"
    elif not scope_annotations(secrets.scope).items() <= encrypted.template_annotations.items():
        yield f"lacks its scope {secrets.scope} in its template"


def _sops_faults(encrypted: Ciphertext) -> Iterator[str]:
    if encrypted.field != "data":
        yield "is encrypted as stringData: without decryption, the ciphertext becomes the password"
    if encrypted.regex != SOPS_REGEX:
        yield f"is encrypted by the rule {encrypted.regex or '(none)'}, but Flux needs {SOPS_REGEX}"


@once
def _ciphertexts(environment: Environment) -> tuple[tuple[str, Ciphertext], ...]:
    """Return namespace and ciphertext, for each namespace that needs one and has one."""
    manifests = ((namespace, environment.ciphertexts.get(namespace)) for namespace in environment.secret_namespaces)
    encrypted = ((namespace, ciphertext(manifest.content)) for namespace, manifest in manifests if manifest)
    return tuple((namespace, secret) for namespace, secret in encrypted if secret is not None)


def _issue(environment: Environment, namespace: str, message: str) -> Issue:
    file = environment.ciphertexts[namespace].path
    hint = f"encrypt it again: rediskit secret seal {environment.config_argument} --force"
    return Issue(f"{file} {message}", hint, _source(environment, namespace))


def _source(environment: Environment, namespace: str) -> Path:
    index = _first_clients(environment).get(namespace)
    return ("secrets",) if index is None else ("clients", index, "namespace")


@once
def _first_clients(environment: Environment) -> Mapping[str, int]:
    """Return the number of the first client of each namespace."""
    return {client.namespace: index for index, client in reversed([*enumerate(environment.clients)])}
