"""The commands that verify a step. They are read-only and print no password."""

from collections.abc import Iterator

from rediskit.chart.names import Release
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.migration import Step
from rediskit.model.workload import Workload
from rediskit.renderers.helm import release_of
from rediskit.state_machine.effects import removes


def verify_commands(environment: Environment, client: Client, step: Step) -> Iterator[str]:
    """Yield the commands that verify a step."""
    release = release_of(environment)
    if step == "prepare":
        yield from _same_secret(environment, client)
    elif step == "deploy":
        yield from _redis(environment, release)
    elif step == "decommission" and client.previous and client.previous.remove:
        yield f"kubectl -n {client.namespace} get {' '.join(client.previous.remove)} --ignore-not-found"
    for workload in () if step == "decommission" and not removes(client) else client.workloads:
        yield from _verify_workload(client, workload, step)
    if step == "scale-up":
        yield f"kubectl -n {client.namespace} get pods -o wide"
        yield f"{_cli(release, release.primary_pod, release.container_port)} CLIENT LIST' | grep -oE ' addr=[^ ]+' | sort"


def _verify_workload(client: Client, workload: Workload, step: Step) -> Iterator[str]:
    """Yield the commands that verify a step at one workload."""
    name, in_client = _resource(workload), f"kubectl -n {client.namespace}"
    containers = [container for listed, container, _ in workload.switched if listed == "containers"]
    if step == "scale-down" and workload.kind == "CronJob":
        yield f"{in_client} get {name} -o jsonpath='suspend: {{.spec.suspend}}, running: {{.status.active[*].name}}{{\"\\n\"}}'"
    elif step == "scale-down":
        replicas = "{.spec.replicas} desired, {.status.replicas} running"
        yield f"{in_client} get {name} -o jsonpath='{replicas}{{\"\\n\"}}'   # Expected: `0 desired,  running`, without a second number"
        if workload.selector:
            yield f"{in_client} get pods -l {workload.selector}   # Expected: No resources found. Wait for pods that terminate"
    elif step == "reconfigure":
        yield from _variables(in_client, name, workload)
    elif step in ("scale-up", "rolled-back", "complete", "decommission"):
        yield from _running(in_client, name, workload)
        if step == "decommission":
            return
        if workload.kind in ("Deployment", "StatefulSet"):
            problems = "grep -iE 'error|NOAUTH|WRONGPASS|ECONN' || echo no errors"
            yield from (f"{in_client} logs {name} -c {container} --since=5m | {problems}" for container in containers)
        if step == "rolled-back":
            yield from _variables(in_client, name, workload)


def _resource(workload: Workload) -> str:
    """Return a workload as kubectl takes it: `deployment/web`, `rollouts.argoproj.io/web`."""
    return f"{'rollouts.argoproj.io' if workload.kind == 'Rollout' else str(workload.kind).lower()}/{workload.name}"


def _running(in_client: str, name: str, workload: Workload) -> Iterator[str]:
    """Yield the command that waits until a workload runs as it normally does."""
    if workload.kind == "CronJob":
        yield f"{in_client} get {name} -o jsonpath='suspend: {{.spec.suspend}}{{\"\\n\"}}'"
    elif workload.kind == "Rollout":
        yield f"{in_client} wait --for=jsonpath='{{.status.phase}}'=Healthy {name} --timeout=5m"
    else:
        yield f"{in_client} rollout status {name} --timeout=5m"


def _same_secret(environment: Environment, client: Client) -> Iterator[str]:
    auth = environment.redis.auth
    key = auth.key.replace(".", "\\.")
    of_redis, of_client = (
        f"kubectl -n {namespace} get secret {auth.secret} -o jsonpath='{{.data.{key}}}'"
        for namespace in (environment.redis.namespace, client.namespace)
    )
    yield f"{of_redis} | grep -q . && cmp <({of_redis}) <({of_client}) && echo the Secrets are equal"


def _redis(environment: Environment, release: Release) -> Iterator[str]:
    in_redis = f"kubectl -n {release.namespace}"
    instances = [f"statefulset/{name}" for name in release.statefulsets]
    yield f"{in_redis} wait --for=create {' '.join(instances)} --timeout=5m"
    yield from (f"{in_redis} rollout status {name} --timeout=5m" for name in instances)
    for pod in release.replica_pods[:1]:
        yield f"{_cli(release, pod, release.replicas_container_port)} INFO replication' | grep master_link_status"
    if environment.network:
        address = "{.status.loadBalancer.ingress[0].ip}"
        expected = f"# Expected: {environment.network.address}"
        yield f"{in_redis} get service {release.external_service} -o jsonpath='{address}{{\"\\n\"}}'   {expected}"


def _cli(release: Release, pod: str, port: int) -> str:
    """Return the start of a redis-cli command in a pod. The caller adds the Redis command and the closing quote.

    The password is on no command line.
    """
    shell = f"-c {release.container} -- {release.shell} -c '{release.authenticated_client}"
    return f"kubectl -n {release.namespace} exec {pod} {shell} -p {port}"


def _variables(in_client: str, name: str, workload: Workload) -> Iterator[str]:
    """Yield the commands that print the switched variables. For a value from a Secret, kubectl prints the reference only.

    kubectl does not list the variables of a Rollout.
    """
    for kind, container, content in workload.switched:
        if kind == "containers" and workload.kind != "Rollout" and content.names:
            yield f"{in_client} set env {name} -c {container} --list | grep -E -A1 '{'|'.join(content.names)}'"
