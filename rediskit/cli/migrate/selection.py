"""The config and the client of a command line."""

import argparse

from rediskit.cli.configs import config_file
from rediskit.migrate.status import one_client
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.source.loader import load


def selected(arguments: argparse.Namespace) -> tuple[Environment, Client]:
    """Load the config, and return it with the client of `--client`, or with its only one that has a migration."""
    environment = load(config_file(arguments))
    return environment, one_client(environment, arguments.client)
