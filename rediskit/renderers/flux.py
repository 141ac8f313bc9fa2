"""The tree as Flux consumes it: sources, one Kustomization a unit, the HelmRelease, and the root that a person applies once.

Each choice was seen on real controllers (source 1.9.1, kustomize 1.9.4, helm 1.6.4; facts: gitops).
"""

from __future__ import annotations

from collections.abc import Iterator

from rediskit.model.environment import Environment
from rediskit.model.secrets import Sops
from rediskit.renderers.claims import carriers_claim
from rediskit.renderers.helm import merged_values
from rediskit.renderers.objects import KEEP, kustomization, labels, metadata, object_file
from rediskit.renderers.platform import Unit
from rediskit.renderers.tree import File, Object
from rediskit.state_machine.effects import release_is_deployed

_SECRET_CONDITIONS = {"ExternalSecret": "Ready", "SealedSecret": "Synced"}
"""The condition by which an object says that its Secret is there (facts: gitops, Flux 11)."""
RELEASE_TIMEOUT = "2m"
"""How long the release, and the Kustomization that carries it, wait for Redis to become ready.

helm-controller and kustomize-controller take a newer commit up only when that wait has ended (seen with both: with 10 minutes a
mended config stays out as long). What takes longer to start is not harmed: the release is tried again after a minute, and stays.
"""
_HELM_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"


def flux(environment: Environment, units: tuple[Unit, ...]) -> Iterator[File]:
    """`flux/`, `flux/release/` and `bootstrap/`."""
    claim = carriers_claim(environment, kustomization_name(environment, "claim"), environment.gitops.tool_namespace)
    objects = [claim, *(unit_kustomization(environment, unit) for unit in units)]
    if release_is_deployed(environment):
        objects += [chart_repository(environment), release_kustomization(environment)]
        yield object_file("flux/release", helm_release(environment), ("redis",))
        yield kustomization("flux/release", [f"helmrelease-{environment.redis.release}.yaml"])
    files = [object_file("flux", content, ("gitops",)) for content in objects]
    yield from files
    yield kustomization("flux", [file.path.removeprefix("flux/") for file in files])
    yield from (object_file("bootstrap", content, ("gitops",)) for content in bootstrap(environment))


def kustomization_name(environment: Environment, unit: str) -> str:
    """Return the name of the Flux Kustomization of a unit."""
    return f"{environment.object_prefix}-{unit}"


def unit_kustomization(environment: Environment, unit: Unit) -> Object:
    """The Kustomization of one folder. Short timeouts: a newer commit is looked at only when a running health check has ended.

    Orphan: renaming or deleting the Kustomization leaves namespaces and Secrets where they are.
    """
    after = "release" if unit.removable else ""
    policy = "MirrorPrune" if unit.removable else "Orphan"
    made = _kustomization(environment, unit.name, unit.folder, policy=policy, after=after)
    if isinstance(environment.secrets, Sops) and any("sops" in content for content in unit.objects):
        made["spec"]["decryption"] = {"provider": "sops", "secretRef": {"name": environment.secrets.decryption_secret}}
    checks = {(content["apiVersion"], content["kind"]): check for content in unit.objects if (check := _health(content))}
    if checks:
        made["spec"]["healthCheckExprs"] = [
            {"apiVersion": version, "kind": kind, **check} for (version, kind), check in sorted(checks.items())
        ]
    return made


def _health(content: Object) -> Object:
    """When an object is healthy, where Flux would call it so as soon as it is there: an address is given, the Secret is made.

    What failed before the last change of a SealedSecret does not count.
    """
    if content["kind"] == "Service" and content["spec"].get("type") == "LoadBalancer":
        return {"current": "has(status.loadBalancer.ingress) && size(status.loadBalancer.ingress) > 0"}
    word = _SECRET_CONDITIONS.get(content["kind"])
    if word is None:
        return {}
    said = f"status.conditions.exists(c, c.type == '{word}' && c.status == '%s')"
    known = "has(status.conditions)"
    if content["kind"] == "SealedSecret":
        known += " && has(status.observedGeneration) && status.observedGeneration == metadata.generation"
    return {"failed": f"{known} && {said % 'False'}", "current": f"{known} && {said % 'True'}"}


def release_kustomization(environment: Environment) -> Object:
    """The Kustomization of `flux/release/`: apart from the sources, else a missing namespace would be a deadlock."""
    return _kustomization(environment, "release", "flux/release", policy="Orphan", after="redis", timeout=RELEASE_TIMEOUT)


def chart_repository(environment: Environment) -> Object:
    """The chart, as the OCI artifact that Helm pushes."""
    chart = environment.redis.chart
    return {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "OCIRepository",
        "metadata": metadata(kustomization_name(environment, "chart"), environment.gitops.tool_namespace, labels(environment)),
        "spec": {
            "interval": "12h",
            "url": chart.repository,
            "ref": {"tag": chart.version},
            "layerSelector": {"mediaType": _HELM_LAYER, "operation": "copy"},
        },
    }


def helm_release(environment: Environment) -> Object:
    """The release with inline values equal to `helm/<release>/values.yaml`.

    RetryOnFailure, never remediation: that uninstalls a stateful release. `prune: disabled`: others use this Redis, so no
    stray commit removes it.
    """
    redis, settings = environment.redis, environment.gitops.flux
    strategy = {"crds": "Skip", "strategy": {"name": "RetryOnFailure", "retryInterval": "1m"}}
    keep = {key: value for key, value in KEEP.items() if key.startswith("kustomize.")}
    return {
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": metadata(redis.release, redis.namespace, labels(environment), keep),
        "spec": {
            "interval": str(settings.interval),
            "timeout": RELEASE_TIMEOUT,
            "releaseName": redis.release,
            "chartRef": {"kind": "OCIRepository", "name": kustomization_name(environment, "chart"), "namespace": settings.namespace},
            "install": strategy,
            "upgrade": strategy,
            "driftDetection": {"mode": "enabled"},
            "values": merged_values(environment),
        },
    }


def bootstrap(environment: Environment) -> Iterator[Object]:
    """The root Kustomization, and the GitRepository it reads from where the cluster has none yet."""
    settings, gitops = environment.gitops.flux, environment.gitops
    if settings.source is None:
        yield {
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "GitRepository",
            "metadata": metadata(environment.redis.release, settings.namespace, labels(environment)),
            "spec": {"interval": "1m", "url": gitops.repository, "ref": {"branch": gitops.revision}},
        }
    yield _kustomization(environment, "root", "flux", policy="Orphan", wait=False)


def _kustomization(
    environment: Environment, name: str, folder: str, *, policy: str, after: str = "", timeout: str = "1m", wait: bool = True
) -> Object:
    settings = environment.gitops.flux
    source = settings.source
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": metadata(kustomization_name(environment, name), settings.namespace, labels(environment)),
        "spec": {
            **({"dependsOn": [{"name": kustomization_name(environment, after)}]} if after else {}),
            "interval": str(settings.interval),
            "retryInterval": "1m",
            "timeout": timeout,
            "path": f"./{environment.path}/{folder}",
            "sourceRef": {"kind": source.kind if source else "GitRepository", "name": source.name if source else environment.redis.release},
            "prune": True,
            "deletionPolicy": policy,
            **({"wait": True} if wait else {}),
        },
    }
