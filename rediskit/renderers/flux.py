"""The Flux objects: sources, one Kustomization per component, the HelmRelease, and the root Kustomization, which a person applies once.

docs/gitops.md lists the tests with real controllers (source 1.9.1, kustomize 1.9.4, helm 1.6.4) behind each setting.
"""

from collections.abc import Iterator

from rediskit.model.environment import Environment
from rediskit.model.secrets import Sops
from rediskit.renderers.claims import carriers_claim
from rediskit.renderers.helm import RELEASE_TIMEOUT, merged_values
from rediskit.renderers.objects import KEEP, kustomization, labels, metadata, object_file
from rediskit.renderers.platform import Unit
from rediskit.renderers.tree import File, Object
from rediskit.state_machine.effects import release_is_deployed

_SECRET_CONDITIONS = {"ExternalSecret": "Ready", "SealedSecret": "Synced"}
"""The condition of each kind that is true when its Secret exists."""
_HELM_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"


def flux(environment: Environment, units: tuple[Unit, ...]) -> Iterator[File]:
    """Yield the files of `flux/`, `flux/release/` and `bootstrap/`."""
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
    """Return the name of the Flux Kustomization of a component."""
    return f"{environment.object_prefix}-{unit}"


def unit_kustomization(environment: Environment, unit: Unit) -> Object:
    """Return the Kustomization of one component.

    The timeout is short, because Flux applies a newer commit only when the running health check has ended. With `Orphan`, namespaces and
    Secrets stay when the Kustomization is renamed or deleted.
    """
    after = "release" if unit.removable else ""
    policy = "MirrorPrune" if unit.removable else "Orphan"
    content = _kustomization(environment, unit.name, unit.folder, policy=policy, after=after, wait=not unit.alone)
    if isinstance(environment.secrets, Sops) and any("sops" in item for item in unit.objects):
        content["spec"]["decryption"] = {"provider": "sops", "secretRef": {"name": environment.secrets.decryption_secret}}
    checks = {(item["apiVersion"], item["kind"]): check for item in unit.objects if (check := _health(item))}
    if checks:
        content["spec"]["healthCheckExprs"] = [
            {"apiVersion": version, "kind": kind, **check} for (version, kind), check in sorted(checks.items())
        ]
    return content


def _health(content: Object) -> Object:
    """Return the health expressions of an object that Flux by default considers healthy as soon as it exists.

    A LoadBalancer Service must have an address, and the Secret of a SealedSecret or ExternalSecret must exist. The status of an older
    generation of a SealedSecret does not count.
    """
    if content["kind"] == "Service" and content["spec"].get("type") == "LoadBalancer":
        return {"current": "has(status.loadBalancer.ingress) && size(status.loadBalancer.ingress) > 0"}
    condition = _SECRET_CONDITIONS.get(content["kind"])
    if condition is None:
        return {}
    status = f"status.conditions.exists(c, c.type == '{condition}' && c.status == '%s')"
    conditions = "has(status.conditions)"
    if content["kind"] == "SealedSecret":
        conditions += " && has(status.observedGeneration) && status.observedGeneration == metadata.generation"
    return {"failed": f"{conditions} && {status % 'False'}", "current": f"{conditions} && {status % 'True'}"}


def release_kustomization(environment: Environment) -> Object:
    """Return the Kustomization of `flux/release/`. It is separate from the sources: otherwise a missing namespace is a deadlock."""
    return _kustomization(environment, "release", "flux/release", policy="Orphan", after="redis", timeout=RELEASE_TIMEOUT)


def chart_repository(environment: Environment) -> Object:
    """Return the OCIRepository of the chart, for the artifact type that `helm push` creates, or the HelmRepository of an HTTP repository.

    The index of a HelmRepository is as old as its interval: until then, a version that has just been published is not found.
    """
    chart = environment.redis.chart
    spec = {
        "interval": "12h",
        "url": chart.repository,
        "ref": {"tag": chart.version},
        "layerSelector": {"mediaType": _HELM_LAYER, "operation": "copy"},
    }
    return {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": chart_kind(environment),
        "metadata": metadata(kustomization_name(environment, "chart"), environment.gitops.tool_namespace, labels(environment)),
        "spec": {"interval": "10m", "url": chart.repository} if chart.over_http else spec,
    }


def chart_kind(environment: Environment) -> str:
    """Return the kind of the object with the repository of the chart."""
    return "HelmRepository" if environment.redis.chart.over_http else "OCIRepository"


def _chart_source(environment: Environment) -> Object:
    """Return the fields of the HelmRelease with the chart. helm-controller creates a HelmChart from `chart`, beside the HelmRepository."""
    chart = environment.redis.chart
    source = {
        "kind": chart_kind(environment),
        "name": kustomization_name(environment, "chart"),
        "namespace": environment.gitops.tool_namespace,
    }
    if not chart.over_http:
        return {"chartRef": source}
    return {"chart": {"spec": {"chart": environment.redis.profile.chart, "version": chart.version, "sourceRef": source}}}


def helm_release(environment: Environment) -> Object:
    """Return the HelmRelease, with inline values equal to `helm/<release>/values.yaml`.

    It retries after a failure, because remediation uninstalls a stateful release. `prune: disabled` protects it from an accidental
    commit.
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
            **_chart_source(environment),
            "install": strategy,
            "upgrade": strategy,
            "driftDetection": {"mode": "enabled"},
            "values": merged_values(environment),
        },
    }


def bootstrap(environment: Environment) -> Iterator[Object]:
    """Yield the root Kustomization, and its GitRepository unless the config references an existing source."""
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
