"""Whether each namespace gets the password, in a form that is opened there and nowhere else; and that nothing is in clear."""

from __future__ import annotations

from collections.abc import Iterator

from rediskit.checks.finding import Complaint, Subject
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
from rediskit.model.secrets import ENCRYPTED, ExternalSecrets, SealedSecrets, Sops
from rediskit.renderers.helm import values_path
from rediskit.renderers.objects import KEEP
from rediskit.renderers.secret_forms import rotation as rotation_of
from rediskit.secrecy import shapes_in
from rediskit.source.unencrypted import in_data


def ciphertext_missing(subject: Subject) -> Iterator[Complaint]:
    """Every namespace that needs the password has its encrypted Secret."""
    environment = subject.environment
    if environment.secrets.mode not in ENCRYPTED:
        return
    missing = [namespace for namespace in environment.secret_namespaces if namespace not in environment.ciphertexts]
    for namespace in missing:
        file = f"{environment.secrets_directory}/{namespace}.yaml"
        if len(missing) == len(environment.secret_namespaces):
            hint = f"rediskit secret new {environment.config_argument} makes it, for every namespace"
        else:
            hint = f"rediskit secret seal {environment.config_argument} makes it with the password that the others have"
        yield Complaint(f"there is no encrypted Secret for namespace {namespace} ({file})", hint, _source(environment, namespace))


def ciphertext_fits(subject: Subject) -> Iterator[Complaint]:
    """An encrypted Secret is of the mode of the config, for its namespace, name and key, and nothing of it is in clear."""
    for namespace, found in _found(subject.environment):
        for message in _unfit(subject.environment, namespace, found):
            yield _complaint(subject.environment, namespace, message)


def ciphertext_kept(subject: Subject) -> Iterator[Complaint]:
    """An encrypted Secret carries what keeps it from being pruned, and its Secret from going with it."""
    environment = subject.environment
    for namespace, found in _found(environment):
        lacking = [name for name, value in KEEP.items() if found.annotations.get(name) != value]
        if lacking:
            yield _complaint(environment, namespace, f"lacks the annotation {', '.join(lacking)}: a stray commit could prune it")
        yield from _owner(environment, namespace, found)


def _owner(environment: Environment, namespace: str, found: Ciphertext) -> Iterator[Complaint]:
    secrets = environment.secrets
    if not isinstance(secrets, SealedSecrets) or found.form != secrets.mode:
        return
    lacking = [name for name, value in UNOWNED.items() if found.template_annotations.get(name) != value]
    if not secrets.owner_reference and lacking:
        words = f"lacks {', '.join(lacking)} in its template: the Secret would go with it, or never get another value"
        yield _complaint(environment, namespace, words)
    if secrets.owner_reference and found.template_annotations.get(SKIP_OWNER) == "true":
        yield _complaint(environment, namespace, f"has {SKIP_OWNER} in its template, the config says ownerReference: true")


def restart(subject: Subject) -> Iterator[Complaint]:
    """The pods of Redis carry the rotation of its Secret: the chart restarts nothing when an existing Secret changes."""
    wanted = rotation_of(subject.environment)
    for role in ("master", "replica") if wanted else ():
        found = at(subject.values, role, "podAnnotations", ROTATION)
        if found != wanted:
            message = (
                f"{role}.podAnnotations has {ROTATION} {found or '(none)'}, and the Secret {wanted}: Redis would keep its old password"
            )
            yield Complaint(message, "leave the annotation to rediskit", ("redis", "values", role, "podAnnotations", ROTATION))


def rotation(subject: Subject) -> Iterator[Complaint]:
    """All namespaces have the password of one rotation: an application with another one is turned away by Redis."""
    environment = subject.environment
    first: tuple[str, str] | None = None
    for namespace, found in _found(environment):
        if not ROTATION_ID.fullmatch(found.rotation):
            yield _complaint(environment, namespace, f"has no rotation in its annotation {ROTATION}")
        elif found.template_rotation != found.rotation:
            yield _complaint(
                environment, namespace, f"has rotation {found.rotation}, and its Secret would say {found.template_rotation or 'none'}"
            )
        elif first is None:
            first = (namespace, found.rotation)
        elif found.rotation != first[1]:
            message = f"is of rotation {found.rotation}, and that of {first[0]} of {first[1]}: they are two passwords"
            yield _complaint(environment, namespace, message)


def recipients(subject: Subject) -> Iterator[Complaint]:
    """What SOPS encrypted is for the recipients of the config: for all of them, and for nobody else."""
    environment = subject.environment
    secrets = environment.secrets
    if not isinstance(secrets, Sops):
        return
    for namespace, found in _found(environment):
        lacking, strange = secrets.differences(found)
        if lacking:
            yield _complaint(environment, namespace, f"is not for {', '.join(lacking)}, which the config names")
        if strange:
            yield _complaint(environment, namespace, f"is also for {', '.join(strange)}, which the config does not name")


def ciphertext_unused(subject: Subject) -> Iterator[Complaint]:
    """Every encrypted Secret in the directory is for a namespace of the config."""
    environment = subject.environment
    for namespace, manifest in environment.ciphertexts.items():
        if namespace not in environment.secret_namespaces:
            hint = "remove the file, or add the client that it is for"
            yield Complaint(f"{manifest.path} is for no namespace of this config", hint, ("secrets",))


def plain_secrets(subject: Subject) -> Iterator[Complaint]:
    """No Secret of the tree holds a value in plain text, be it an object, in `extraDeploy`, or in a text. Git keeps it permanently."""
    for file in subject.tree.contents:
        is_values = file.path == values_path(subject.environment)
        for place in in_data(file.content) if file.path in subject.tree.objects or is_values else ():
            hint = "encrypt it: rediskit secret seal; a password that was committed in plain text has to be changed"
            cause: Path = ("redis", "values", *place) if is_values else ("secrets",)
            yield Complaint(f"{file.path}{f': {dotted(place)}' if place else ''} is a Secret in plain text", hint, cause)


def passwords(subject: Subject) -> Iterator[Complaint]:
    """No value of an object looks like a password, in plain text or in base64: annotations, arguments and variables are no secret."""
    for file in subject.tree.contents:
        if file.path not in subject.tree.objects:
            continue
        for place, reason in shapes_in(around_ciphertext(subject.tree.objects[file.path])):
            hint = "reference the Secret and its key instead of the value"
            yield Complaint(f"{file.path}: {dotted(place)} looks like {reason}", hint, file.source)


def decryption(subject: Subject) -> Iterator[Complaint]:
    """What SOPS encrypted lies only where something decrypts it: Flux would apply the ciphertext as the password (seen with stringData)."""
    folders = {path.rpartition("/")[0] for path, content in subject.objects("Secret") if "sops" in content}
    opened = {
        str(at(content, "spec", "path")).removeprefix(f"./{subject.environment.path}/")
        for _, content in subject.objects("Kustomization", "flux/")
        if at(content, "spec", "decryption", "provider") == "sops"
    }
    for folder in sorted(folders - opened):
        yield Complaint(f"nothing decrypts what SOPS encrypted in {folder}", "only a Flux Kustomization with decryption does", ("secrets",))


def _unfit(environment: Environment, namespace: str, found: Ciphertext) -> Iterator[str]:
    """What of an encrypted Secret does not fit, in words that follow the name of its file."""
    if found.form != environment.secrets.mode:
        yield f"is made for mode {found.form}, the config says {environment.secrets.mode}"
        return
    yield from _misplaced(environment, namespace, found)
    if isinstance(environment.secrets, SealedSecrets):
        yield from _wrong_scope(environment.secrets, found)
    else:
        yield from _wrong_rule(found)


def _misplaced(environment: Environment, namespace: str, found: Ciphertext) -> Iterator[str]:
    auth = environment.redis.auth
    if found.namespace != namespace:
        yield f"is for namespace {found.namespace or '(none)'}, not for {namespace}"
    if found.name != auth.secret:
        yield f"makes the Secret {found.name}, not {auth.secret}"
    for inner, outer, what in zip(found.inner, (found.name, found.namespace), ("name", "namespace"), strict=True):
        if inner not in ("", outer):
            yield f"has the {what} {inner} in its template, and {outer} outside"
    if auth.key not in found.keys:
        yield f"has no key {auth.key} (it has: {', '.join(found.keys) or 'none'})"
    if found.plain:
        yield f"has {', '.join(found.plain)} in clear"


def _wrong_scope(secrets: SealedSecrets, found: Ciphertext) -> Iterator[str]:
    if found.scope != secrets.scope:
        yield f"has the scope {found.scope}, the config says {secrets.scope}"
    elif not scope_annotations(secrets.scope).items() <= found.template_annotations.items():
        yield f"does not say its scope {secrets.scope} in its template"


def _wrong_rule(found: Ciphertext) -> Iterator[str]:
    if found.field != "data":
        yield "is encrypted as stringData: where nothing decrypts it, the ciphertext becomes the password"
    if found.regex != SOPS_REGEX:
        yield f"is encrypted by the rule {found.regex or '(none)'}, Flux needs {SOPS_REGEX}"


def _found(environment: Environment) -> Iterator[tuple[str, Ciphertext]]:
    """Namespace and ciphertext, of those that the config needs and has."""
    for namespace in environment.secret_namespaces:
        manifest = environment.ciphertexts.get(namespace)
        found = ciphertext(manifest.content) if manifest else None
        if found is not None:
            yield namespace, found


def _complaint(environment: Environment, namespace: str, message: str) -> Complaint:
    file = environment.ciphertexts[namespace].path
    hint = f"make it anew: rediskit secret seal {environment.config_argument} --force"
    return Complaint(f"{file} {message}", hint, _source(environment, namespace))


def _source(environment: Environment, namespace: str) -> Path:
    for index, client in enumerate(environment.clients):
        if client.namespace == namespace:
            return ("clients", index, "namespace")
    return ("secrets",)


def refreshed(subject: Subject) -> Iterator[Complaint]:
    """A change of the value in the store of External Secrets reaches no running Redis unasked: Redis goes on with the old password."""
    secrets = subject.environment.secrets
    if isinstance(secrets, ExternalSecrets) and not secrets.generate and secrets.refresh is not None:
        message = (
            f"the operator reads the store every {secrets.refresh}: a new value there locks clients out of a Redis that has the old one"
        )
        hint = "leave refresh out: the rotation page then decides when the new value is read"
        yield Complaint(message, hint, ("secrets", "refresh"))
