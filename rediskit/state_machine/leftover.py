"""The gate `empty`: no keys of others or of an earlier attempt are in the databases of a client when it starts on the shared Redis."""

from collections.abc import Iterator

from rediskit.model.evidence import KEPT
from rediskit.state_machine.effects import empty_evidence, left_shared
from rediskit.state_machine.situation import Blocker, Situation
from rediskit.state_machine.subjects import last


def keys_left(situation: Situation) -> Iterator[Blocker]:
    """Yield a blocker unless the databases were empty, or their keys accepted, after the application left the shared Redis.

    Otherwise its queues run again, revoked sessions are valid, and caches are as old as the rollback. Before the first start, the keys
    are those of a removed client, a kept volume or an application that no config contains: the workers would run its tasks.
    """
    left, entry = left_shared(situation.migration), last(empty_evidence(situation.client))
    record = situation.command("record --empty")
    page = f"delete its keys (section Try again of docs/migration-{situation.client.name}.md), then "
    if left is None:
        page, unread = "", "no evidence that its databases in the shared Redis are empty: its workers run the tasks that are there"
    else:
        unread = f"the application ran on the shared Redis until {left.at}, and no later evidence shows that its databases there are empty"
    if message := situation.outdated(entry) if entry else unread:
        hint = f"{page}run {record}"
        yield Blocker("database-unread", message, hint, ("migration",))
    elif entry and (value := entry.value or "") != "0" and not value.endswith(KEPT):
        message = f"{value} keys were in its databases of the shared Redis at {entry.at}"
        hint = f"delete them, and record it again; or add --keep REASON to {record}: the application starts with them"
        yield Blocker("database-not-empty", message, hint, ("migration", "evidence"))
