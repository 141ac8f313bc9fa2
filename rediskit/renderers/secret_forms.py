"""The objects that create the Secret in a namespace: a SealedSecret, a SOPS-encrypted Secret, or External Secrets objects.

Ciphertext is an input and copied unchanged, because encryption is random and rendering must be deterministic.
"""

from rediskit.model.ciphertext import ROTATION_ID, ciphertext
from rediskit.model.environment import Environment
from rediskit.model.once import once
from rediskit.model.secrets import ExternalSecrets
from rediskit.renderers.objects import KEEP, labels, metadata
from rediskit.renderers.tree import Object

READER = "reader"
_GENERATORS = "generators.external-secrets.io/v1alpha1"
_LENGTH = 32


@once
def secret_forms(environment: Environment, namespace: str) -> tuple[Object, ...]:
    """Return the objects that create the Secret in a namespace; none in mode manual or while the ciphertext is missing."""
    secrets = environment.secrets
    if isinstance(secrets, ExternalSecrets):
        return _external(environment, secrets, namespace)
    encrypted = environment.ciphertexts.get(namespace)
    return (encrypted.content,) if encrypted else ()


def is_form(content: Object, name: str) -> bool:
    """Return whether an object creates the Secret of this name."""
    return content["kind"] in ("Secret", "SealedSecret", "ExternalSecret") and content["metadata"]["name"] == name


@once
def rotation(environment: Environment) -> str:
    """Return the rotation ID in the ciphertext of Redis, or "" without a ciphertext."""
    manifest = environment.ciphertexts.get(environment.redis.namespace)
    encrypted = ciphertext(manifest.content) if manifest else None
    return encrypted.rotation if encrypted and ROTATION_ID.fullmatch(encrypted.rotation) else ""


def has_secret(environment: Environment, namespace: str) -> bool:
    """Return whether the rendered manifests create the Secret in a namespace. In mode manual they never do."""
    return bool(secret_forms(environment, namespace))


def _external(environment: Environment, secrets: ExternalSecrets, namespace: str) -> tuple[Object, ...]:
    if not secrets.generate:
        remote = {"key": secrets.key, **({"property": secrets.property} if secrets.property else {})}
        assert secrets.store is not None
        store = {"kind": secrets.store.kind, "name": secrets.store.name}
        return (_external_secret(environment, secrets, namespace, store, remote),)
    if namespace == environment.redis.namespace:
        return (_generator(environment), _generated(environment, secrets), *_admission(environment))
    auth = environment.redis.auth
    store = {"kind": "SecretStore", "name": reader(environment)}
    copy = _external_secret(environment, secrets, namespace, store, {"key": auth.secret, "property": auth.key})
    return (_service_account(environment, namespace), _store(environment, secrets, namespace), copy)


def reader(environment: Environment) -> str:
    """Return the name of the objects for read access to the generated Secret: ServiceAccount, SecretStore, Role and RoleBinding."""
    return f"{environment.redis.auth.secret}-{READER}"


def _external_secret(environment: Environment, secrets: ExternalSecrets, namespace: str, store: Object, remote: Object) -> Object:
    """Return an ExternalSecret for one key of the store. `Retain` keeps the Secret when the ExternalSecret or the key is deleted."""
    auth = environment.redis.auth
    return {
        "apiVersion": f"external-secrets.io/{secrets.api_version}",
        "kind": "ExternalSecret",
        "metadata": _metadata(environment, auth.secret, namespace),
        "spec": {
            **_refresh(secrets),
            "secretStoreRef": store,
            "target": _target(environment),
            "data": [{"secretKey": auth.key, "remoteRef": remote}],
        },
    }


def _refresh(secrets: ExternalSecrets) -> Object:
    """Return when the operator reads the store again. By default, only when the ExternalSecret changes.

    Older versions of the operator have no refreshPolicy in v1beta1. An interval of 0 has the same effect there.
    """
    if secrets.refresh is not None or secrets.generate:
        return {"refreshInterval": str(secrets.refresh or "1h")}
    return {"refreshPolicy": "OnChange"} if secrets.api_version == "v1" else {"refreshInterval": "0s"}


def _generator(environment: Environment) -> Object:
    """Return a generator of letters and digits, which need no quotes in URLs and in redis.conf."""
    return {
        "apiVersion": _GENERATORS,
        "kind": "Password",
        "metadata": _metadata(environment, environment.redis.auth.secret, environment.redis.namespace),
        "spec": {"length": _LENGTH, "digits": _LENGTH // 4, "symbols": 0, "noUpper": False, "allowRepeat": True},
    }


def _generated(environment: Environment, secrets: ExternalSecrets) -> Object:
    """Return the ExternalSecret of the generator. `CreatedOnce` is needed, because each call generates another password."""
    auth = environment.redis.auth
    source = {"generatorRef": {"apiVersion": _GENERATORS, "kind": "Password", "name": auth.secret}}
    template = {"engineVersion": "v2", "data": {auth.key: "{{ .password }}"}}
    return {
        "apiVersion": f"external-secrets.io/{secrets.api_version}",
        "kind": "ExternalSecret",
        "metadata": _metadata(environment, auth.secret, environment.redis.namespace),
        "spec": {
            "refreshPolicy": "CreatedOnce",
            "target": {**_target(environment), "template": template},
            "dataFrom": [{"sourceRef": source}],
        },
    }


def _admission(environment: Environment) -> tuple[Object, ...]:
    """Return Role and RoleBinding that allow the ServiceAccounts of the clients to read only this Secret."""
    name, redis = reader(environment), environment.redis
    clients = [namespace for namespace in environment.secret_namespaces if namespace != redis.namespace]
    if not clients:
        return ()
    rule = {"apiGroups": [""], "resources": ["secrets"], "resourceNames": [redis.auth.secret], "verbs": ["get"]}
    return (
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": _metadata(environment, name, redis.namespace),
            "rules": [rule],
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": _metadata(environment, name, redis.namespace),
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace} for namespace in clients],
        },
    )


def _service_account(environment: Environment, namespace: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": _metadata(environment, reader(environment), namespace),
        "automountServiceAccountToken": False,
    }


def _store(environment: Environment, secrets: ExternalSecrets, namespace: str) -> Object:
    """Return a SecretStore that reads the namespace of Redis with the client's ServiceAccount. Every namespace has kube-root-ca.crt."""
    name = reader(environment)
    provider = {
        "remoteNamespace": environment.redis.namespace,
        "server": {"caProvider": {"type": "ConfigMap", "name": "kube-root-ca.crt", "key": "ca.crt"}},
        "auth": {"serviceAccount": {"name": name}},
    }
    return {
        "apiVersion": f"external-secrets.io/{secrets.api_version}",
        "kind": "SecretStore",
        "metadata": _metadata(environment, name, namespace),
        "spec": {"provider": {"kubernetes": provider}},
    }


def _target(environment: Environment) -> Object:
    return {"name": environment.redis.auth.secret, "creationPolicy": "Owner", "deletionPolicy": "Retain"}


def _metadata(environment: Environment, name: str, namespace: str) -> Object:
    return metadata(name, namespace, labels(environment), KEEP)
