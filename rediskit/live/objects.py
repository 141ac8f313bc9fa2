"""Checks of live objects: Secrets, the external Service and the dashboard."""

from typing import Any

from rediskit.live import kubectl
from rediskit.live.checks import Result, result
from rediskit.model.environment import Environment
from rediskit.model.nested import at, list_at, mapping_at, text_at
from rediskit.renderers.helm import release_of
from rediskit.renderers.monitoring.dashboard import LABEL, dashboard

_FROM = "kubectl"


def secrets_equal(environment: Environment, namespaces: tuple[str, ...], context: str) -> Result:
    """Compare the password in the namespaces. No value is printed."""
    auth = environment.redis.auth
    target = f"Secret {auth.secret}"
    secrets = {namespace: kubectl.read_secret(namespace, auth.secret, auth.key, context) for namespace in namespaces}
    missing = [namespace for namespace, secret in secrets.items() if secret is None or secret.value is None]
    if missing:
        return result("secrets-equal", target, _FROM, "failed", "", f"it or its key {auth.key} is missing in {', '.join(missing)}")
    values = {namespace: secret.value for namespace, secret in secrets.items() if secret}
    first = values[namespaces[0]]
    different = [namespace for namespace in namespaces if values[namespace] != first]
    if different:
        return result("secrets-equal", target, _FROM, "failed", "", f"another value than in {namespaces[0]}: {', '.join(different)}")
    return result("secrets-equal", target, _FROM, "passed", f"{len(namespaces)} namespaces")


def external_service(environment: Environment, context: str) -> Result:
    """Verify address, node port and allowed networks of the external Service."""
    release, network = release_of(environment), environment.network
    target = f"Service {release.namespace}/{release.external_service}"
    if network is None:
        return result("external-service", target, _FROM, "skipped", "", "the config has no network")
    service = kubectl.get_object("service", release.external_service, release.namespace, context)
    if service is None:
        return result("external-service", target, _FROM, "failed", "", "it does not exist")
    addresses = _addresses(service)
    ports = [port["nodePort"] for port in list_at(service, "spec", "ports") if at(port, "nodePort")]
    allowed = sorted(list_at(service, "spec", "loadBalancerSourceRanges"))
    faults = [f"its address is {', '.join(addresses) or 'missing'}, not {network.address}"] if addresses != [network.address] else []
    faults += [f"it has the node port {ports[0]}"] if ports else []
    faults += [f"it allows {', '.join(allowed) or 'every network'}"] if allowed != sorted(network.allow) else []
    return result("external-service", target, _FROM, "failed" if faults else "passed", ", ".join(addresses), "; ".join(faults))


def external_addresses(environment: Environment, context: str) -> list[str]:
    """Return the addresses of the external Service; none where it does not exist. Raise MissingToolError when kubectl fails."""
    release = release_of(environment)
    return _addresses(kubectl.get_object("service", release.external_service, release.namespace, context))


def _addresses(service: Any) -> list[str]:
    return [text_at(entry, "ip") for entry in list_at(service, "status", "loadBalancer", "ingress")]


def dashboard_label(environment: Environment, context: str) -> Result:
    """Verify the label by which the sidecar of Grafana imports the dashboard."""
    meta = dashboard(environment)["metadata"]
    target = f"ConfigMap {meta['namespace']}/{meta['name']}"
    if not environment.monitoring.dashboards:
        return result("dashboard", target, _FROM, "skipped", "", "the config has no dashboard")
    live = kubectl.get_object("configmap", meta["name"], meta["namespace"], context)
    if live is None:
        return result("dashboard", target, _FROM, "failed", "", "it does not exist")
    label = mapping_at(live, "metadata", "labels").get(LABEL)
    detail = "" if label == "1" else f'the label {LABEL} is not "1"'
    return result("dashboard", target, _FROM, "failed" if detail else "passed", f"{LABEL}={label}" if label else "", detail)
