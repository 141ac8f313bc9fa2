"""Checks of the HelmRelease that installs an application: settings that undo a step, and the version of its chart."""

from collections.abc import Iterator

from rediskit.checks.finding import Issue, Subject
from rediskit.model.client import Client
from rediskit.state_machine.effects import effects


def settings(subject: Subject) -> Iterator[Issue]:
    """Refuse settings of a HelmRelease that undo a step or leave it without effect: `suspend`, a remediation by rollback, `kubeConfig`."""
    for index, client in _installed(subject):
        from rediskit.model.helm_install import risks

        for message, hint in risks(client.owner.installs, client.namespace):
            yield Issue(message, hint, ("clients", index, "owner", "release"))


def chart_version(subject: Subject) -> Iterator[Issue]:
    """Require the recorded chart version of the application from `scale-down` to `validate`."""
    for index, client in _installed(subject):
        from rediskit.model.helm_install import same_version

        recorded = client.migration.installed if client.migration else None
        install, effect = client.owner.installs, effects(client.migration)
        changes = (effect.stopped or effect.switched) and not effect.removed
        if recorded and changes and install.version and not same_version(install.version, recorded.value or ""):
            message = f"{install.reference} installs chart version {install.version}, and {recorded.value} was installed before scale-down"
            hint = f"keep version {recorded.value} until the migration has passed validate"
            yield Issue(message, hint, ("clients", index, "owner", "release"))


def parameters(subject: Subject) -> Iterator[Issue]:
    """Refuse a parameter of an Application that sets a key of `owner.values`: it wins over all values."""
    for index, client in enumerate(subject.environment.clients):
        if client.owner.delivery != "values":
            continue
        from rediskit.renderers.owner.helm_values import beaten_by

        for name in beaten_by(client):
            message = f"helm.parameters of {client.owner.installs.reference} sets {name}, which wins over the values of each step"
            yield Issue(message, "remove the parameter, and set the value in a values file", ("clients", index, "owner", "values"))


def _installed(subject: Subject) -> Iterator[tuple[int, Client]]:
    """Yield each client with a migration in progress whose HelmRelease is in the config."""
    for index, client in enumerate(subject.environment.clients):
        if client.owner.is_helm_release and client.is_migrating:
            yield index, client
