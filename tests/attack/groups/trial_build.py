"""The trial build writes in its copy only, and the export below its own folder only, whatever links the checkout contains."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import product
from pathlib import Path

from tests.attack.attack import Attack, World, broken, differences, digests, everywhere
from tests.attack.scenarios import project
from tests.cli.checkout import owner

VERBS = {
    "check": ("check", "--owner", "owner/prod"),
    "dry run": ("migrate", "export", "--to", "owner/prod", "--dry-run"),
    "export": ("migrate", "export", "--to", "owner/prod"),
    "export --force": ("migrate", "export", "--to", "owner/prod", "--force"),
}
PLACES = (
    "prod/rediskit",
    "prod/rediskit/beersystem",
    "prod/rediskit/beersystem/kustomization.yaml",
    "prod/rediskit/beersystem/deployment-beersystem-backend.yaml",
    "prod/rediskit/beersystem/.rediskit.json",
    "prod/rediskit/beersystem/.rediskit.tmp",
    "prod/rediskit/.beersystem.rediskit.tmp",
    "prod/kustomization.yaml",
    "base",
    "base/kustomization.yaml",
)


def _absolute(world: World, place: Path) -> None:
    place.symlink_to(_target(world, place))


def _relative(world: World, place: Path) -> None:
    place.symlink_to(os.path.relpath(_target(world, place), place.parent))


def _chain(world: World, place: Path) -> None:
    (world.project / "owner/step").symlink_to(_target(world, place))
    place.symlink_to(os.path.relpath(world.project / "owner/step", place.parent))


def _by_a_folder(world: World, place: Path) -> None:
    (world.project / "owner/out").symlink_to(world.outside)
    place.symlink_to(os.path.relpath(world.project / "owner/out" / _target(world, place).name, place.parent))


def _hard(world: World, place: Path) -> None:
    """Files only: a second name for a file outside."""
    target = _target(world, place)
    if target.is_dir():
        place.symlink_to(target)
    else:
        os.link(target, place)


FORMS: dict[str, Callable[[World, Path], None]] = {
    "absolute link": _absolute,
    "relative link": _relative,
    "chain of links": _chain,
    "link through a link": _by_a_folder,
    "hard link": _hard,
}


def _target(world: World, place: Path) -> Path:
    """Return what is outside: a file where a file belongs, else a folder with the names that would be written."""
    return world.outside / ("victim.yaml" if place.suffix in (".yaml", ".json") else "victim")


def _victim(world: World) -> None:
    for folder in ("victim", "victim/beersystem"):
        (world.outside / folder).mkdir()
        for name in ("kustomization.yaml", "deployment-beersystem-backend.yaml", "precious", ".rediskit.json"):
            (world.outside / folder / name).write_text("resources: []\n", encoding="utf-8")
    (world.outside / "victim.yaml").write_text("resources: [../base]\n", encoding="utf-8")


def attacks() -> Iterator[Attack]:
    """Yield each form of a link at each place, met by each verb."""
    for (form, link), place, (verb, arguments) in product(FORMS.items(), PLACES, VERBS.items()):
        yield Attack(f"{form} at {place}, {verb}", partial(_try, link=link, place=place, arguments=arguments))


def _try(world: World, link: Callable[[World, Path], None], place: str, arguments: tuple[str, ...]) -> Iterable[str]:
    project(world.folder, "scale-down")
    top = owner(world.project, listed=False)
    _victim(world)
    at = top / place
    at.parent.mkdir(parents=True, exist_ok=True)
    if at.is_dir():
        shutil.rmtree(at)
    at.unlink(missing_ok=True)
    link(world, at)
    before = digests(world.folder)
    ended = world.rediskit(*arguments)
    yield from broken(ended)
    writes = "export" in arguments and "--dry-run" not in arguments
    allowed = ("project/owner/prod/rediskit",) if writes else ()
    for path in differences(before, digests(world.folder), allowed):
        yield f"{path} changed"


def revert() -> None:
    """Copy links as they are, and write through them."""
    from rediskit.migrate.owner import copy as ownercopy
    from rediskit.migrate.owner import files as ownerfiles
    from rediskit.output import nofollow

    def copy_checkout(top: Path, copy: Path) -> tuple[str, ...]:
        shutil.copytree(top, copy, symlinks=True, ignore=shutil.ignore_patterns(".git"))
        return ()

    def write(self: nofollow.NoFollowFolder, path: Path, content: bytes) -> None:
        place = self._root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)

    def remove(self: nofollow.NoFollowFolder, path: Path) -> None:
        shutil.rmtree(self._root / path, ignore_errors=True)

    everywhere(ownercopy.copy_checkout, copy_checkout)
    everywhere(ownerfiles.link_in_the_way, lambda *_: None)
    nofollow.NoFollowFolder.write, nofollow.NoFollowFolder.remove = write, remove  # type: ignore[method-assign]
