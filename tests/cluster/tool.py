"""What scenarios ask of Argo CD and of Flux alike."""

from __future__ import annotations

import signal
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tests.cluster.kube import Kube, Object
from tests.cluster.plane import Plane
from tests.cluster.processes import FailedError, until

HEALTHY_SECONDS = 150


@dataclass(frozen=True)
class Expected:
    """What the tool has to have carried into the cluster.

    release: the label by which its objects are found. units: kind, name, namespace and Git commit of each Application, Kustomization,
    HelmRelease or source. ignored: names of units that need not be healthy, or there at all. left: names of units that are no longer in
    Git and stay until a person deletes them.
    """

    release: str
    units: tuple[tuple[str, str, str, str], ...]
    ignored: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()


class Tool(ABC):
    """Argo CD or Flux: real controllers with default settings."""

    name: ClassVar[str]
    namespace: ClassVar[str]
    """Where its own objects live."""
    versions: ClassVar[str]
    """Its controllers and their versions, for the report."""

    def __init__(self, plane: Plane, authority: Path) -> None:
        """Prepare the tool. `authority` is the certificate of the registry, which its controllers trust."""
        self.plane = plane
        self.authority = authority
        self.kube: Kube = plane.kube

    @abstractmethod
    def start(self) -> None:
        """Installs it and starts its controllers."""

    @abstractmethod
    def controllers(self) -> list[str]:
        """Return the names of its programs that read Git and the cluster."""

    @abstractmethod
    def programs(self) -> list[str]:
        """Return the names of all its programs, in the order of their start."""

    @abstractmethod
    def owner(self, name: str, repository: str, path: str, namespace: str) -> list[Object]:
        """Return the objects by which an owner has his own repository applied: with pruning, and undoing what others change."""

    @abstractmethod
    def refresh(self, expected: Expected) -> None:
        """Refresh from Git now, as a webhook does."""

    @abstractmethod
    def reconcile(self, expected: Expected) -> None:
        """Refresh everything once more, and wait until each carrier has finished."""

    @abstractmethod
    def unsettled(self, expected: Expected) -> str:
        """Return the objects that differ from Git or are not healthy; empty if there are none."""

    @abstractmethod
    def complaints(self, expected: Expected) -> list[str]:
        """Return the complaints of the tool, one per line."""

    @abstractmethod
    def said_of(self, unit: str) -> str:
        """Return the messages of the tool about one Application or Kustomization."""

    @abstractmethod
    def delete_release(self, release: str, namespace: str) -> None:
        """Delete the release, as the runbook has a person do it."""

    @abstractmethod
    def version_of(self, kind: str) -> str:
        """Return the apiVersion of a kind of its own."""

    def abandon(self, expected: Expected) -> None:
        """Delete its objects and let what they carried stay."""
        for kind, name, namespace, _ in reversed(expected.units):
            version = self.version_of(kind)
            if self.kube.get(version, kind, name, namespace):
                self.kube.patch(version, kind, name, namespace, {"metadata": {"finalizers": None}, **self.letting_go})
                self.kube.delete(version, kind, name, namespace)

    letting_go: ClassVar[Object] = {}
    """What stops it from putting its finalizer back."""

    def settled(self, expected: Expected, seconds: float = HEALTHY_SECONDS) -> None:
        """Return when everything is as in Git, and healthy. Raises FailedError with what is missing."""

        def look() -> bool | None:
            self.plane.programs.check()
            missing = self.unsettled(expected)
            if missing:
                raise FailedError(missing)
            return True

        try:
            until(f"{self.name}: everything as in Git", look, seconds, pause=0.1)
        except FailedError as error:
            raise FailedError("\n".join((str(error), *self.kube.unready_pods(), *self.kube.warnings()))) from error

    def kill(self) -> None:
        """End the controllers as a crash of their nodes does."""
        for name in self.controllers():
            self.plane.programs[name].stop(signal.SIGKILL)

    def revive(self) -> None:
        """Start them again."""
        for name in self.controllers():
            self.plane.programs[name].start()
