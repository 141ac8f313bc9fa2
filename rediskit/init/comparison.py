"""Compare the settings of an old Redis with the shared one: what gets worse for the application."""

from collections.abc import Sequence

from rediskit.init.detected import DetectedClient
from rediskit.init.objects import InputObjects
from rediskit.model.redis import Redis
from rediskit.usage.lost_settings import differences
from rediskit.usage.servers import is_server
from rediskit.usage.services import reference


def compare(clients: Sequence[DetectedClient], objects: InputObjects, redis: Redis) -> None:
    """Add a remark to each client for each setting of its old Redis that the shared one does not have."""
    for client in clients:
        for obj in objects.all:
            if reference(obj) in client.gone and is_server(obj):
                client.remark("previous", *(f"{reference(obj)} {text}" for text in differences(obj, objects.all, redis, client.use)))
