"""The uses of a Redis in objects: the forms of its address, the texts that can contain one, and the certainty of a use. Pure."""

from rediskit.usage.address import Address, of_client, parse
from rediskit.usage.finder import Use, certain, uses
from rediskit.usage.hidden import Hidden, not_visible
from rediskit.usage.references import needed
from rediskit.usage.servers import is_server, is_watcher
from rediskit.usage.services import backends, completed, reference, selects

__all__ = [
    "Address",
    "Hidden",
    "Use",
    "backends",
    "certain",
    "completed",
    "is_server",
    "is_watcher",
    "needed",
    "not_visible",
    "of_client",
    "parse",
    "reference",
    "selects",
    "uses",
]
