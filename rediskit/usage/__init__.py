"""The uses of a Redis in objects: the forms of its address, the texts that can contain one, and the certainty of a use. Pure."""

# isort: off
from rediskit.usage.address import Address as Address, of_client as of_client, parse as parse
from rediskit.usage.finder import Use as Use, certain as certain, uses as uses
from rediskit.usage.hidden import Hidden as Hidden, not_visible as not_visible
from rediskit.usage.references import needed as needed
from rediskit.usage.servers import is_server as is_server, is_watcher as is_watcher
from rediskit.usage.services import backends as backends, completed as completed, reference as reference, selects as selects
