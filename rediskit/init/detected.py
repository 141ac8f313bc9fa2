"""The applications that `init` detects in its input."""

from dataclasses import dataclass, field

from rediskit.init.autoscalers import Scaler
from rediskit.init.objects import Content, namespace_of
from rediskit.init.old_redis import service_of
from rediskit.init.roles import names_of_image
from rediskit.init.switches import ContainerSwitch, Reference
from rediskit.model.client import Use
from rediskit.model.podspec import containers_of
from rediskit.usage.services import reference

_EXAMPLE = "CONTAINER"


# A dataclass because the detection fills it step by step, and `repr=False` keeps secrets of the workload out of tracebacks.
@dataclass(slots=True)
class DetectedWorkload:
    """A workload of a client.

    Attributes:
        containers: What the migration changes in each container.
        replicas: The replicas from the command line; None if the manifest sets them.
    """

    content: Content = field(repr=False)
    containers: list[ContainerSwitch]
    replicas: int | None = None
    scaler: Scaler | None = None

    @property
    def reference(self) -> str:
        """`Kind/name`."""
        return reference(self.content)

    @property
    def references(self) -> list[Reference]:
        """The places with the address of a Redis."""
        return [reference for switch in self.containers for reference in switch.references]

    @property
    def switched(self) -> list[ContainerSwitch]:
        """The containers that refer to Redis."""
        return [switch for switch in self.containers if switch.env or switch.args or switch.external]

    @property
    def proposed(self) -> ContainerSwitch:
        """The switch to write where no container refers to Redis: that of a known image, else an example."""
        for container in containers_of(self.content):
            if container.listed == "containers" and (names := names_of_image(container.content)):
                return ContainerSwitch("containers", container.name, env=dict(names))
        return ContainerSwitch(
            "containers", "CONTAINER", env={f"REDIS_{role.upper()}": f"${{{role}}}" for role in ("host", "port", "password")}
        )

    @property
    def is_known(self) -> bool:
        """Whether a container has an image whose variables are known."""
        return self.proposed.name != _EXAMPLE

    @property
    def targets(self) -> set[tuple[str, str]]:
        """The known Redis servers that it refers to."""
        return {target(reference.address.host, namespace_of(self.content)) for reference in self.references if reference.address}

    @property
    def unseen(self) -> str:
        """The sources of variables that are not in the input."""
        return ", ".join(dict.fromkeys(name for switch in self.containers for name in switch.unseen))

    @property
    def unassigned(self) -> list[str]:
        """The variables with a name for Redis that are not switched."""
        return list(dict.fromkeys(name for switch in self.containers for name in switch.unassigned))


@dataclass(slots=True)
class DetectedClient:
    """A client in the input. Unknown texts are "".

    Attributes:
        host, port: The address of the old Redis.
        remove: The objects of the old Redis to remove, as Kind/name.
        gone: All objects of the old Redis, as Kind/name.
        databases: Name to number of the databases of the shared Redis.
        shared: The names of those that another client uses, too.
        use: What it stores.
        owner: The kind of its application repository; "" for the default.
        queue: Why it is a queue; "" if it is none.
        egress: The form of the additional egress policy; "" if it needs none.
        questions: Open questions by `namespace`, `use`, `replicas`, `containers` or `previous`.
        remarks: Comments for the sections `workload` and `previous`.
    """

    workloads: list[DetectedWorkload]
    name: str
    namespace: str
    host: str = ""
    port: int | None = None
    remove: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    databases: dict[str, int] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)
    use: tuple[Use, ...] = ()
    queue: str = ""
    egress: str = ""
    owner: str = ""
    questions: dict[str, list[str]] = field(default_factory=dict)
    remarks: dict[str, list[str]] = field(default_factory=dict)

    def target(self, host: str) -> tuple[str, str]:
        """Return the Service of a host name in its namespace."""
        return target(host, self.namespace)

    def ask(self, section: str, text: str) -> None:
        """Add an open question."""
        self.questions.setdefault(section, []).append(text)

    def remark(self, section: str, *texts: str) -> None:
        """Add remarks that are not there yet."""
        for text in texts:
            if text not in self.remarks.setdefault(section, []):
                self.remarks[section].append(text)
        if not self.remarks.get(section, True):
            del self.remarks[section]

    def is_open(self, *sections: str) -> bool:
        """Return whether one of these sections has an open question."""
        return any(section in self.questions for section in sections)


def target(host: str, namespace: str) -> tuple[str, str]:
    """Return the Service of a host name, whatever form the name has; outside the cluster the host name."""
    service = service_of(host, namespace)
    return service if service[0] else (host, "")
