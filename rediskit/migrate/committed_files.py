"""The step whose files the checkout of an application repository has committed: an export goes at most one effect from it."""

import re
from collections.abc import Mapping, Sequence

from rediskit.errors import Problem, RefusedError
from rediskit.git.revision import Repository
from rediskit.migrate.owner.files import FOLDER, Checkout
from rediskit.migrate.scan import commit_of
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.migration import Step
from rediskit.output.index import NAME as INDEX
from rediskit.renderers.helm import release_of
from rediskit.renderers.owner.kinds import of_owner
from rediskit.renderers.tree import Tree
from rediskit.state_machine.effects import at_step, effects, steps
from rediskit.state_machine.transitions import migration_of

_Files = Mapping[str, str]
_STOPPED = re.compile(r"(?:replicas|replicaCount)\"?\s*[:=]\s*0\b|suspend\"?\s*[:=]\s*true\b", re.IGNORECASE)
_REMOVED = re.compile(r"\$patch\"?:\s*delete\s*$", re.MULTILINE)


def refuse_jump(environment: Environment, client: Client, checkout: Checkout) -> None:
    """Raise RefusedError [export-jump] if an export skips an effect that no commit of the checkout has: the cluster would never get it.

    Allowed are the files of the same effect, of the next and the previous one, and those that change nothing.
    """
    committed = _committed(client, checkout)
    step = client.migration.step if client.migration else "prepare"
    if committed is None or step in ("prepare", "complete", "rolled-back"):
        return
    ordered = _effects(client)
    target = next(index for index, names in enumerate(ordered) if step in names)
    places = _places(environment, client, ordered, committed)
    if any(abs(place - target) <= 1 for place in places):
        return
    place = max(places)
    nearest = ordered[place + 1 if place < target else place - 1][0]
    message = f"{client.name} is at {step}, but the last commit of the checkout has the files of {ordered[place][0]}"
    hint = f"go to {nearest} first, and export and commit each step: the cluster applies only what is committed"
    raise RefusedError(Problem(message, hint, code="export-jump"))


def _effects(client: Client) -> list[list[Step]]:
    """Return the steps from `prepare` to `decommission`, grouped by their effect on the application."""
    groups: list[list[Step]] = []
    last = None
    for step in steps(migration_of(client).order)[:-1]:
        effect = effects(at_step(client, step).migration)._replace(release=True)
        if effect == last:
            groups[-1].append(step)
        else:
            groups.append([step])
        last = effect
    return groups


def _committed(client: Client, checkout: Checkout) -> _Files | None:
    """Return the committed files of a client, without comments; None in a checkout without commits."""
    if not (checkout.top / ".git/HEAD").exists() and not (checkout.top / ".git").is_file():
        return None  # git would find a work tree above.
    if not commit_of(checkout.top):
        return None
    repository = Repository(str(checkout.to / FOLDER))
    commit = repository.commit("HEAD")
    blobs = repository.blobs(commit, [client.name])[client.name]
    contents = repository.contents(set(blobs.values()))
    return _plain({path: contents[blob] for path, blob in blobs.items() if path != INDEX})


def _plain(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return the texts of files without lines of comments: the first one contains the file of the config."""
    texts = ((path, content.decode(errors="replace").splitlines()) for path, content in files.items())
    return {path: "\n".join(line for line in lines if not line.startswith("#")) for path, lines in texts}


def _places(environment: Environment, client: Client, ordered: Sequence[Sequence[Step]], committed: _Files) -> list[int]:
    """Return the positions of the effects that files can have. Those of another config are compared by what they contain."""
    if not committed:
        return [0]
    trees = (Tree.of("component", "", of_owner(environment, at_step(client, names[0]))) for names in ordered)
    equal = [index for index, tree in enumerate(trees) if _plain(tree.files) == committed]
    if equal:
        return equal
    text = "\n".join(committed.values())
    marks = (bool(_STOPPED.search(text)), release_of(environment).primary_host in text, bool(_REMOVED.search(text)))
    shown = []
    for index, names in enumerate(ordered):
        effect = effects(at_step(client, names[0]).migration)
        if marks == (effect.stopped, effect.switched, effect.removed):
            shown.append(index)
    return shown or [0]
