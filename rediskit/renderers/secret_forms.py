"""The form in which the password reaches a namespace: a SealedSecret, a SOPS-encrypted Secret, or External Secrets objects.

Ciphertext is an input: it is copied as it is, never made here, for encryption is random and rendering is not (facts: gitops §0.7).
"""

from __future__ import annotations

from rediskit.model.ciphertext import ROTATION_ID, ciphertext
from rediskit.model.environment import Environment
from rediskit.model.secrets import ExternalSecrets
from rediskit.renderers.objects import KEEP, labels, metadata
from rediskit.renderers.tree import Object

READER = "reader"
_GENERATORS = "generators.external-secrets.io/v1alpha1"
_LENGTH = 32


def secret_forms(environment: Environment, namespace: str) -> tuple[Object, ...]:
    """What makes the Secret in a namespace; nothing in mode manual, and nothing where the ciphertext is not there yet."""
    secrets = environment.secrets
    if isinstance(secrets, ExternalSecrets):
        return _external(environment, secrets, namespace)
    found = environment.ciphertexts.get(namespace)
    return (found.content,) if found else ()


def is_form(content: Object, name: str) -> bool:
    """Whether the Secret of this name comes of an object."""
    return content["kind"] in ("Secret", "SealedSecret", "ExternalSecret") and content["metadata"]["name"] == name


def rotation(environment: Environment) -> str:
    """Which password Redis has, as its ciphertext says; "" where Git does not say it (manual, external-secrets) or not yet."""
    found = environment.ciphertexts.get(environment.redis.namespace)
    read = ciphertext(found.content) if found else None
    return read.rotation if read and ROTATION_ID.fullmatch(read.rotation) else ""


def has_secret(environment: Environment, namespace: str) -> bool:
    """Whether the tree brings the Secret into a namespace. In mode manual it never does: a person creates it."""
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
    """The name of what reads the generated Secret: ServiceAccount and SecretStore of a client, Role and RoleBinding of Redis."""
    return f"{environment.redis.auth.secret}-{READER}"


def _external_secret(environment: Environment, secrets: ExternalSecrets, namespace: str, store: Object, remote: Object) -> Object:
    """One key of the store as the Secret. Retain: the Secret outlives its ExternalSecret and a value that is gone from the store."""
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
    """When the operator reads the store again: else only when the ExternalSecret changes, as by the annotation of the rotation page.

    v1beta1 has no refreshPolicy in older versions of the operator: an interval of 0 does the same there.
    """
    if secrets.refresh is not None or secrets.generate:
        return {"refreshInterval": str(secrets.refresh or "1h")}
    return {"refreshPolicy": "OnChange"} if secrets.api_version == "v1" else {"refreshInterval": "0s"}


def _generator(environment: Environment) -> Object:
    """Letters and digits alone: the password stands in URLs and in redis.conf without quoting."""
    return {
        "apiVersion": _GENERATORS,
        "kind": "Password",
        "metadata": _metadata(environment, environment.redis.auth.secret, environment.redis.namespace),
        "spec": {"length": _LENGTH, "digits": _LENGTH // 4, "symbols": 0, "noUpper": False, "allowRepeat": True},
    }


def _generated(environment: Environment, secrets: ExternalSecrets) -> Object:
    """CreatedOnce: the generator has no memory, each call of it is another password (External Secrets guide, "Generators")."""
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
    """Lets the clients' ServiceAccounts read that one Secret, and nothing else."""
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
    """The namespace of Redis as a store, read as the client's ServiceAccount. Every namespace has kube-root-ca.crt."""
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
