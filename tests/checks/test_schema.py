"""The vendored schemas and the validator over them: what is accepted, what is refused, where and in which words."""

from __future__ import annotations

import copy
import hashlib
import json
import subprocess
import sys
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from rediskit.checks.schema import SCHEMAS, Violation, kubernetes_versions, validate
from rediskit.errors import dotted
from rediskit.model.types import KUBERNETES_VERSIONS
from scripts.vendor_schemas import pins

GOOD_YAML = """
{apiVersion: v1, kind: Namespace, metadata: {name: redis, labels: {name: redis, type: shared-service}, annotations: {note: keep}}}
---
{apiVersion: v1, kind: Secret, metadata: {name: redis-credentials, namespace: redis}, type: Opaque, data: {redis-password: c2VjcmV0}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: dashboard, namespace: monitoring}, data: {redis.json: "{}"}}
---
apiVersion: v1
kind: Service
metadata: {name: redis-shared-external, namespace: redis, annotations: {metallb.io/loadBalancerIPs: 192.168.4.203}}
spec:
  type: LoadBalancer
  allocateLoadBalancerNodePorts: false
  externalTrafficPolicy: Local
  loadBalancerSourceRanges: [192.168.4.0/24]
  selector: {app.kubernetes.io/component: master}
  ports: [{name: tcp-redis, port: 6379, protocol: TCP, targetPort: redis}, {name: http-metrics, port: 9121, targetPort: 9121}]
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: checks, namespace: redis}, automountServiceAccountToken: false}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: redis-shared, namespace: redis}
spec:
  podSelector: {matchLabels: {app.kubernetes.io/instance: redis-shared}}
  policyTypes: [Ingress]
  ingress:
  - {from: [{namespaceSelector: {}}, {ipBlock: {cidr: 192.168.4.0/24}}], ports: [{port: 6379, protocol: TCP}]}
  - {from: [{namespaceSelector: {matchExpressions: [{key: name, operator: In, values: [monitoring]}]}}], ports: [{port: metrics}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: backend, namespace: beersystem, creationTimestamp: null}
spec:
  replicas: 2
  selector: {matchLabels: {app: backend}}
  template:
    metadata: {labels: {app: backend}}
    spec:
      containers:
      - name: backend
        image: registry.example/backend:1234e56
        env:
        - {name: REDIS_PORT, value: "6379"}
        - {name: REDIS_PASSWORD, valueFrom: {secretKeyRef: {name: redis-credentials, key: redis-password}}}
        resources: {requests: {cpu: 500m, memory: 1Gi}, limits: {cpu: 1, memory: 2Gi}}
        readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 10}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: redis-shared-master, namespace: redis}
spec:
  serviceName: redis-shared-headless
  selector: {matchLabels: {app: redis}}
  template: {metadata: {labels: {app: redis}}, spec: {containers: [{name: redis, image: "redis:8"}]}}
  volumeClaimTemplates:
  - {metadata: {name: redis-data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Gi}}}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: check-connectivity, namespace: redis}
spec: {backoffLimit: 2, template: {spec: {restartPolicy: Never, containers: [{name: check, image: "redis:8", args: [redis-cli, ping]}]}}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: redis-shared, namespace: redis}
spec: {minAvailable: 1, selector: {matchLabels: {app: redis}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: redis}
rules: [{apiGroups: [""], resources: [secrets], resourceNames: [redis-credentials], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: redis}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: reader, namespace: beersystem}]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: backend, namespace: beersystem}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: backend}
  maxReplicas: 4
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: redis-shared, namespace: argocd, finalizers: [resources-finalizer.argocd.argoproj.io]}
spec:
  project: redis-shared
  destination: {server: "https://kubernetes.default.svc", namespace: redis}
  sources:
  - repoURL: registry.example/charts
    chart: redis
    targetRevision: 23.2.12
    helm: {releaseName: redis-shared, valueFiles: [$values/helm/values.yaml], valuesObject: {replica: {replicaCount: 1}}}
  - {repoURL: "https://git.example/x.git", targetRevision: main, ref: values}
  - {repoURL: "https://git.example/x.git", path: platform, kustomize: {replicas: [{name: x, count: 2}]}, directory: {recurse: false}}
  syncPolicy:
    automated: {prune: true, selfHeal: true}
    syncOptions: [ServerSideApply=true, Prune=confirm]
    retry: {limit: 5, refresh: true, backoff: {duration: 5s, factor: 2, maxDuration: 1m}}
---
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: redis-shared, namespace: argocd}
spec:
  sourceRepos: ["https://git.example/x.git"]
  destinations: [{server: "https://kubernetes.default.svc", namespace: redis}]
  clusterResourceWhitelist: [{group: "", kind: Namespace, name: redis}]
  namespaceResourceWhitelist: [{group: apps, kind: StatefulSet}]
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: platform, namespace: flux-system}
spec: {interval: 5m, url: "https://git.example/x.git", ref: {branch: main}}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: redis-chart, namespace: flux-system}
spec:
  interval: 1h
  url: oci://registry.example/charts/redis
  ref: {tag: 23.2.12}
  layerSelector: {mediaType: application/vnd.cncf.helm.chart.content.v1.tar+gzip, operation: copy}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: redis, namespace: flux-system}
spec:
  interval: 10m
  prune: true
  deletionPolicy: Orphan
  path: ./rendered/platform/redis
  sourceRef: {kind: GitRepository, name: platform}
  decryption: {provider: sops, secretRef: {name: sops-age}}
  timeout: 2m
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: redis-shared, namespace: redis}
spec:
  interval: 30m
  releaseName: redis-shared
  chartRef: {kind: OCIRepository, name: redis-chart, namespace: flux-system}
  install: {crds: Skip, strategy: {name: RetryOnFailure, retryInterval: 1m}}
  driftDetection: {mode: enabled}
  values: {architecture: replication, any: {thing: [1, two]}}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: redis-shared, namespace: monitoring, labels: {release: kube-prometheus-stack}}
spec:
  endpoints: [{interval: 15s, port: http-metrics, relabelings: [{action: replace, sourceLabels: [pod], targetLabel: instance}]}]
  namespaceSelector: {matchNames: [redis]}
  selector: {matchLabels: {app.kubernetes.io/component: metrics}}
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: redis-shared, namespace: monitoring}
spec:
  groups:
  - {name: redis, interval: 30s, rules: [{alert: Down, expr: redis_up == 0, for: 2m, labels: {severity: critical}}, {record: up, expr: 1}]}
---
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata: {name: redis-credentials, namespace: redis, creationTimestamp: null}
spec:
  encryptedData: {redis-password: AgBy3i4OJSWK}
  template: {metadata: {creationTimestamp: null, name: redis-credentials, namespace: redis, labels: {a: b}}, type: Opaque, data: null}
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: redis-credentials, namespace: redis}
spec:
  refreshPolicy: CreatedOnce
  target: {name: redis-credentials, creationPolicy: Owner, deletionPolicy: Retain, template: {metadata: {annotations: {a: b}}}}
  dataFrom: [{sourceRef: {generatorRef: {apiVersion: generators.external-secrets.io/v1alpha1, kind: Password, name: redis}}}]
---
apiVersion: external-secrets.io/v1
kind: SecretStore
metadata: {name: redis, namespace: beersystem}
spec:
  provider:
    kubernetes:
      remoteNamespace: redis
      server: {caProvider: {type: ConfigMap, name: ca, key: ca.crt}}
      auth: {serviceAccount: {name: reader}}
---
apiVersion: external-secrets.io/v1
kind: ClusterSecretStore
metadata: {name: redis}
spec: {provider: {vault: {server: "https://vault.example", path: kv}}}
---
apiVersion: generators.external-secrets.io/v1alpha1
kind: Password
metadata: {name: redis, namespace: redis}
spec: {length: 32, symbols: 0, noUpper: false, allowRepeat: true}
---
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: eero-pool, namespace: metallb-system}
spec: {addresses: [192.168.4.200-192.168.4.210], autoAssign: false}
---
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: {name: eero, namespace: metallb-system}
spec: {ipAddressPools: [eero-pool]}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: backend, namespace: beersystem}
spec: {scaleTargetRef: {name: backend}, minReplicaCount: 0, triggers: [{type: redis, metadata: {address: "redis:6379", listLength: "5"}}]}
---
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: redis
resources: [namespace-redis.yaml]
components: [../owner]
---
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
patches: [{target: {kind: Deployment, name: ^backend$}, patch: "- op: test"}, {path: delete.yaml}]
replacements:
- source: {kind: Deployment, name: backend, fieldPath: spec.template.spec.containers.0.image}
  targets: [{select: {kind: Deployment, name: ^backend$}, fieldPaths: [spec.template.spec.containers.0.image], options: {create: false}}]
"""

FLUX = "Kustomization of Flux"
GOOD: dict[str, dict[str, Any]] = {
    FLUX if obj["apiVersion"].startswith("kustomize.toolkit") else obj["kind"]: obj for obj in yaml.safe_load_all(GOOD_YAML)
}
BROKEN = """
Namespace | metadata.labls | {} | unknown field labls (did you mean labels?)
Namespace | metadata.annotations.note | 5 | must be text, is a whole number
Namespace | metadata.labels.type | true | must be text, is true or false
Namespace | kind | "namespace" | must be Namespace, is "namespace"
Secret | stringdata | {} | unknown field stringdata (did you mean stringData?)
Secret | data.redis-password | 12345 | must be text, is a whole number
ConfigMap | data | [] | must be a mapping, is a list
Service | spec.ports[0].targetport | 1 | unknown field targetport (did you mean targetPort?)
Service | spec.ports[0].port | gone | missing field port
Service | spec.ports[1].port | "9121" | must be a whole number, is text
Service | spec.ports[1].targetPort | 1.5 | must be a whole number or text, is a number
Service | spec.ports | {} | must be a list, is a mapping
Service | spec.loadBalancerSourceRanges | "a" | must be a list, is text
ServiceAccount | automountServiceAccountToken | "no" | must be true or false, is text
NetworkPolicy | spec.ingress[0].form | [] | unknown field form (did you mean from?)
NetworkPolicy | spec.ingress[0].from[1].ipBlock.cidr | gone | missing field cidr
Deployment | spec.selector | gone | missing field selector
Deployment | spec.replicas | "2" | must be a whole number, is text
Deployment | spec.template.spec.containers[0].env[0].value | 6379 | must be text, is a whole number
Deployment | spec.template.spec.containers[0].env[1].valueFrom.secretKeyRef.nam | "x" | unknown field nam (did you mean name?)
StatefulSet | spec.template | gone | missing field template
StatefulSet | spec.volumeClaimTemplates[0].spec.storageClass | "local-path" | unknown field storageClass (did you mean storageClassName?)
Job | spec.template.spec.containers[0].args | "redis-cli" | must be a list, is text
PodDisruptionBudget | spec.minAvailable | [1] | must be a whole number or text, is a list
Role | rules[0].verbs | gone | missing field verbs
RoleBinding | roleRef.kind | 1 | must be text, is a whole number
HorizontalPodAutoscaler | spec.maxReplicas | gone | missing field maxReplicas
Application | spec.sources[0].helm.releasename | "x" | unknown field releasename (did you mean releaseName?)
Application | spec.sources[0].repoURL | gone | missing field repoURL
Application | spec.syncPolicy.retry.limit | "5" | must be a whole number, is text
Application | spec.syncPolicy.retry.backof | {} | unknown field backof (did you mean backoff?)
Application | specs | {} | unknown field specs (did you mean spec?)
Application | metadata | gone | missing field metadata
Application | metadata.anotations | {} | unknown field anotations (did you mean annotations?)
AppProject | spec.destinations[0].namespaces | ["redis"] | unknown field namespaces (did you mean namespace?)
AppProject | spec.clusterResourceWhitelist[0].group | gone | missing field group
GitRepository | spec.url | "git.example/x.git" | "git.example/x.git" does not have the form ^(http|https|ssh)://.*$
OCIRepository | spec.layerSelector.operation | "copies" | "copies" is not one of extract, copy (did you mean copy?)
HelmRelease | spec.timeout | 600 | must be text, is a whole number
HelmRelease | spec.install.remediations | {} | unknown field remediations (did you mean remediation?)
HelmRelease | statuss | {} | unknown field statuss (did you mean status?)
Kustomization of Flux | spec.prune | gone | missing field prune
ServiceMonitor | spec.nativeHistogramMinBucketFactor | "much" | "much" does not have the required form
HelmRelease | spec.interval | "5 min" | "5 min" does not have the form ^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$
ServiceMonitor | spec.endpoints[0].ports | "x" | unknown field ports (did you mean port?)
PrometheusRule | spec.groups[0].rules[0].expr | gone | missing field expr
PrometheusRule | spec.groups[0].rules[0].labels.severity | 1 | must be text, is a whole number
PrometheusRule | spec.groups[0].rules[0].alert | null | must be text, is null
SealedSecret | spec.template.metadata.label | {} | unknown field label (did you mean labels?)
SealedSecret | sops | {} | unknown field sops (known here: apiVersion, kind, metadata, spec, status)
SealedSecret | spec.encryptedData.redis-password | 1 | must be text, is a whole number
ExternalSecret | spec.refreshPolicy | "Once" | "Once" is not one of CreatedOnce, Periodic, OnChange
ClusterSecretStore | spec.provider.vault.server | gone | missing field server
Password | spec.noUpper | gone | missing field noUpper
IPAddressPool | spec.address | [] | unknown field address (did you mean addresses?)
L2Advertisement | spec.interfaces | "eth0" | must be a list, is text
ScaledObject | spec.triggers[0].metadata.listLength | 5 | must be text, is a whole number
Kustomization | resource | [] | unknown field resource (did you mean resources?)
Kustomization | resources[0] | {} | must be text, is a mapping
Component | patches[0].target.names | "x" | unknown field names (did you mean name?)
Component | replacements[0].targets | [] | too few entries: at least 1
"""
"""Kind, place, the value put there (or gone), and what the one violation at that place says."""

ELSEWHERE = [
    (
        "Application",
        "metadata.annotations",
        '{"argocd.argoproj.io/sync-wave": 1}',
        'metadata.annotations["argocd.argoproj.io/sync-wave"]',
        "must be text, is a whole number",
    ),
    ("Kustomization of Flux", "spec.decryption.secretRef", "{}", "spec.decryption.secretRef.name", "missing field name"),
    ("SecretStore", "spec.provider.vault", '{"server": "s", "path": "p"}', "spec.provider", "too many fields: at most 1"),
    ("Component", "patches[0].path", '"a.yaml"', "patches[0]", "needs exactly one of patch, path"),
    ("Component", "patches[1].path", "gone", "patches[1]", "needs exactly one of patch, path"),
    (
        "Component",
        "apiVersion",
        '"kustomize.config.k8s.io/v1beta1"',
        "",
        "no schema for kustomize.config.k8s.io/v1beta1 Component: rediskit can't validate it",
    ),
]
"""The same, with the place of the violation as fourth."""


def changed(kind: str, place: str, value: str) -> dict[str, Any]:
    """A good object with a value, written as YAML, put in at a place such as `spec.ports[0].port`, or taken away there ("gone")."""
    obj = copy.deepcopy(GOOD[kind])
    *way, last = place.replace("[", ".").replace("]", "").split(".")
    parent: Any = obj
    for step in way:
        parent = parent[int(step) if isinstance(parent, list) else step]
    key: Any = int(last) if isinstance(parent, list) else last
    if value == "gone":
        del parent[key]
    else:
        parent[key] = yaml.safe_load(value)
    return obj


def broken() -> list[tuple[str, str, str, str, str]]:
    rows = [line.split(" | ") for line in BROKEN.strip().splitlines()]
    return [(kind, place, value, place, message) for kind, place, value, message in rows] + ELSEWHERE


def schema_files() -> list[str]:
    return sorted(file.relative_to(SCHEMAS).as_posix() for file in SCHEMAS.rglob("*.json") if file.parent != SCHEMAS)


def parts(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The schema and every schema inside it."""
    yield schema
    inner = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values(), *schema.get("oneOf", ())]
    for part in [*inner, schema.get("items"), schema.get("additionalProperties")]:
        if isinstance(part, dict):
            yield from parts(part)


@pytest.mark.parametrize("version", kubernetes_versions())
@pytest.mark.parametrize("kind", GOOD)
def test_good_objects_are_accepted_in_every_version(kind: str, version: str) -> None:
    assert validate(GOOD[kind], version) == []


@pytest.mark.parametrize(("kind", "place", "value", "path", "message"), broken())
def test_one_mistake_is_one_violation_at_its_place(kind: str, place: str, value: str, path: str, message: str) -> None:
    found = validate(changed(kind, place, value), "1.34")
    assert [(dotted(violation.path), violation.message) for violation in found] == [(path, message)]


OLDER = [("external-secrets.io/v1beta1", "ExternalSecret"), ("external-secrets.io/v1beta1", "SecretStore")]
"""Kinds that are vendored in an older version too, for clusters that serve that one."""


@pytest.mark.parametrize(("version", "kind"), OLDER)
def test_the_older_version_of_a_kind_is_judged_too(version: str, kind: str) -> None:
    older = {**GOOD[kind], "apiVersion": version}
    older["spec"] = {key: value for key, value in older["spec"].items() if key != "refreshPolicy"}
    assert validate(older, "1.34") == []
    (violation,) = validate({**older, "spec": {**older["spec"], "refreshPolicies": "x"}}, "1.34")
    assert "refreshPolicies" in f"{dotted(violation.path)}: {violation.message}"


def test_every_vendored_kind_has_a_good_object() -> None:
    """So that no schema is there that refuses everything, and each version has the same kinds."""
    kinds = [(obj["apiVersion"], obj["kind"]) for obj in GOOD.values()]
    core = [(api, kind) for api, kind in kinds if "." not in api or api in ("networking.k8s.io/v1", "rbac.authorization.k8s.io/v1")]
    vendored = [json.loads((SCHEMAS / file).read_text())["properties"] for file in schema_files()]
    expected = OLDER + [kind for kind in kinds if kind not in core] + core * len(kubernetes_versions())
    assert sorted((fields["apiVersion"]["enum"][0], fields["kind"]["enum"][0]) for fields in vendored) == sorted(expected)


def test_all_mistakes_are_reported_in_the_order_of_their_paths() -> None:
    obj = changed("Service", "spec.ports[1].port", "'9121'")
    obj["spec"]["ports"][0] = {"Port": 1, "extra": 2}
    obj["metadata"]["labels"] = {"b": 2, "a": 1}
    found = [dotted(violation.path) for violation in validate(obj, "1.34")]
    ports = ["spec.ports[0].Port", "spec.ports[0].extra", "spec.ports[0].port", "spec.ports[1].port"]
    assert found == ["metadata.labels.a", "metadata.labels.b", *ports]
    backwards = {key: obj[key] for key in reversed(obj)}
    assert validate(backwards, "1.34") == validate(obj, "1.34")


def test_a_field_is_judged_by_the_version_of_the_cluster() -> None:
    """`hostnameOverride` of a Pod came with Kubernetes 1.34."""
    obj = changed("Deployment", "spec.template.spec.hostnameOverride", "backend")
    assert validate(obj, "1.34") == []
    assert [violation.path[-1] for violation in validate(obj, "1.33")] == ["hostnameOverride"]


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [("example.com/v1", "Foo"), ("v1", "../../versions"), ("../own/v1", "Secret"), ("apps/v2", "Deployment"), ("", "Secret"), ("v1", "")],
)
def test_a_kind_without_a_schema_is_one_violation(api_version: str, kind: str) -> None:
    found = validate({"apiVersion": api_version, "kind": kind}, "1.34")
    assert found == [Violation((), f"no schema for {api_version} {kind}: rediskit can't validate it")]


def test_an_object_must_say_what_it_is() -> None:
    assert validate({"metadata": {}}, "1.34") == [
        Violation(("apiVersion",), "missing field apiVersion"),
        Violation(("kind",), "missing field kind"),
    ]
    assert validate({"apiVersion": 1, "kind": "Secret"}, "1.34") == [Violation(("apiVersion",), "must be text, is a whole number")]


def test_what_json_cannot_hold_is_named_at_its_place() -> None:
    obj = changed("Namespace", "metadata.annotations", "{day: 2026-01-01, true: x}")
    assert validate(obj, "1.34") == [
        Violation(("metadata", "annotations", "day"), "must be plain data, is a Python date"),
        Violation(("metadata", "annotations"), "the key True must be text, is true or false"),
    ]


@pytest.mark.parametrize("version", ["1.30", "1.38", "1.34.0", "v1.34", ""])
def test_an_unknown_version_is_an_error_that_names_the_known(version: str) -> None:
    with pytest.raises(ValueError, match=r"known: 1\.31, 1\.32, .*1\.37$"):
        validate(GOOD["Namespace"], version)


def test_a_wrong_secret_is_not_repeated() -> None:
    found = validate(changed("Secret", "data", "{redis-password: 987654321}"), "1.34")
    assert found
    assert "987654321" not in str(found)


def test_versions_are_those_of_the_folders_and_of_the_model() -> None:
    folders = {folder.name for folder in (SCHEMAS / "kubernetes").iterdir()}
    assert folders == {f"v{version}.0-standalone-strict" for version in kubernetes_versions()}
    assert kubernetes_versions() == KUBERNETES_VERSIONS


def test_generated_files_are_those_of_the_lock() -> None:
    lock = json.loads((SCHEMAS / "lock.json").read_text())
    present = [file for file in ["versions.json", *schema_files()] if not file.startswith("own/")]
    assert {file: hashlib.sha256((SCHEMAS / file).read_bytes()).hexdigest() for file in present} == lock["generated"]


def test_the_lock_is_of_the_pinned_packages() -> None:
    sources = json.loads((SCHEMAS / "lock.json").read_text())["sources"]
    pinned = {(module.path, module.version): set(module.crds) for module in pins.MODULES}
    assert {(source["package"], source["version"]): set(source["files"]) for source in sources[1:]} == pinned
    assert (sources[0]["package"], sources[0]["version"]) == pins.WHEEL
    assert len(sources[0]["files"]) == len(pins.KUBERNETES) * (len(pins.CORE_KINDS) + 1)


@pytest.mark.parametrize("file", schema_files())
def test_schemas_are_strict_closed_in_themselves_and_say_only_what_the_validator_words(file: str) -> None:
    worded = {"type", "enum", "pattern", "required", "properties", "additionalProperties", "items", "oneOf", "$ref", "$defs", "$schema"}
    limits = {"minimum", "maximum", *(f"{end}{what}" for end in ("min", "max") for what in ("Items", "Length", "Properties"))}
    root = json.loads((SCHEMAS / file).read_text())
    assert root["additionalProperties"] is False
    for part in parts(root):
        assert set(part) <= worded | limits | ({"$comment"} if file.startswith("own/") else set())
        if reference := part.get("$ref"):
            assert reference.removeprefix("#/$defs/") in root["$defs"]
        if "properties" in part:
            assert part.get("additionalProperties") is False
        assert all(set(branch) == {"required"} for branch in part.get("oneOf", ()))


def test_the_schemas_stay_small() -> None:
    assert sum(len(zlib.compress((SCHEMAS / file).read_bytes())) for file in schema_files()) < 400_000


def test_the_validator_is_imported_only_when_an_object_comes() -> None:
    program = "import sys; from rediskit.checks import schema; schema.kubernetes_versions(); print('jsonschema_rs' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=SCHEMAS.parents[2], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
