"""Where the files of a step go: the repository of the config, and the checkout of the application repository."""

import os

from rediskit.errors import ConfigError, Problem
from rediskit.git.discovery import work_tree_of
from rediskit.git.publish import Checkout as Repository
from rediskit.helm import Chart
from rediskit.migrate.export import Exported, export
from rediskit.migrate.local import overlay
from rediskit.migrate.owner.files import FOLDER, Checkout, checkout_at
from rediskit.migrate.owner.in_place import config_checkout
from rediskit.migrate.status import one_client
from rediskit.model.client import Client
from rediskit.model.environment import Environment


class Places:
    """Both repositories of a step.

    Args:
        environment, client: The config.
        folder: The checkout of the application repository; None to find it.
        chart: The chart of an application that Helm installs.

    Raises:
        ConfigError: The config is not in a Git work tree.
    """

    def __init__(self, environment: Environment, client: Client, folder: str | None, chart: Chart | None = None) -> None:
        top = work_tree_of(environment.file)
        if top is None:
            raise ConfigError(Problem("the config is not in a Git work tree", "run git init, or use migrate advance", code="git-work-tree"))
        self.environment, self.client, self._folder, self.chart = environment, client, folder, chart
        self.config_repository = Repository(top)

    @property
    def exports(self) -> bool:
        """Whether the files of a step go to a checkout: not if a person makes the change, or the overlay lists the rendered folder."""
        return self.client.owner.is_exported

    def has_checkout(self) -> bool:
        """Return whether a checkout can be scanned. An application that a person changes can be deployed without one."""
        if self.client.owner.delivery != "stated" or self._folder is not None:
            return True
        try:
            overlay(self.environment, self.client, None)
        except ConfigError:
            return False
        return True

    def overlay(self) -> Checkout:
        """Return the overlay of the application. Raises ConfigError where its checkout is not known."""
        if self.client.owner.in_place:
            return config_checkout(self.environment, self.client)
        return checkout_at(overlay(self.environment, self.client, self._folder), None)

    def application_repository(self) -> Repository:
        """Return the application repository, which can be the one of the config."""
        return Repository(self.overlay().top)

    def export(self, *, dry_run: bool, environment: Environment | None = None) -> Exported:
        """Export the files of the step. environment: the config at another step. Raises RefusedError for a wrong build."""
        environment = environment or self.environment
        return export(
            environment, one_client(environment, self.client.name), str(self.overlay().to), force=False, dry_run=dry_run, chart=self.chart
        )

    def config_paths(self, output: str) -> list[str]:
        """Return the config files and the output directory, relative to the work tree."""
        files = (*self.environment.files, f"{output}/{self.environment.name}")
        return [os.path.relpath(os.path.realpath(file), self.config_repository.top) for file in files]

    def application_paths(self, exported: Exported) -> list[str]:
        """Return the exported files, relative to the work tree of the application."""
        checkout = self.overlay()
        own = [str(checkout.to / FOLDER / self.client.name)]
        if self.client.owner.delivery == "files":
            own = [os.path.realpath(file.file) for file in exported.files] or [str(checkout.to)]
        return [os.path.relpath(path, checkout.top) for path in own]
