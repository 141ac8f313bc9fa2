"""The supported charts by the name of their profile, and the images without security fixes."""

import re
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple, get_args

from rediskit.chart.profile import Profile

ProfileName = Literal["bitnami", "cloudpirates", "groundhog2k", "valkey"]


class _Profiles(Mapping[str, Profile]):
    """The profiles by name. Each is imported at its first use, because a config uses one.

    Attributes:
        loaded: The profiles that were used.
    """

    def __init__(self) -> None:
        self.loaded: dict[str, Profile] = {}

    def __getitem__(self, name: str) -> Profile:
        if name not in self.loaded:
            self.loaded[name] = _profile(name)
        return self.loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(get_args(ProfileName))

    def __len__(self) -> int:
        return len(get_args(ProfileName))


def _profile(name: str) -> Profile:
    match name:
        case "bitnami":
            from rediskit.chart.bitnami import BITNAMI

            return BITNAMI
        case "cloudpirates":
            from rediskit.chart.cloudpirates import CLOUDPIRATES

            return CLOUDPIRATES
        case "groundhog2k":
            from rediskit.chart.groundhog2k import GROUNDHOG2K

            return GROUNDHOG2K
        case "valkey":
            from rediskit.chart.valkey import VALKEY_IO

            return VALKEY_IO
    raise KeyError(name)


PROFILES = _Profiles()
DEFAULT: ProfileName = "bitnami"
"""The profile of a config that sets neither profile nor repository."""
MAINTAINED: ProfileName = "cloudpirates"
"""The profile that `init` writes."""

UPSTREAM_EXPORTER = "oliver006/redis_exporter"
"""The image of redis_exporter from its author. Only its tags with `alpine` have a shell."""


class Advisory(NamedTuple):
    """A hole in Redis.

    Attributes:
        cve: Its number.
        since: The first affected version of the series.
        fixed: The first version with the fix.
    """

    cve: str
    since: tuple[int, ...]
    fixed: str

    def affects(self, tag: str) -> bool:
        """Return whether a tag is of an affected version. Older series have fixes of their own, which a tag does not show."""
        numbers = re.match(r"v?(\d+)\.(\d+)\.(\d+)", tag)
        version = tuple(map(int, numbers.groups())) if numbers else ()
        return bool(version) and self.since <= version < tuple(map(int, self.fixed.split(".")))


FIXED_IN = (Advisory("CVE-2025-49844", (8, 2, 0), "8.2.2"), Advisory("CVE-2025-62507", (8, 2, 0), "8.2.3"))
"""Holes with remote code execution in the series 8.2 of the frozen images: advisories GHSA-4789-qfc9-5f9q and GHSA-jhjx-x4cf-4vm8 of
https://github.com/redis/redis. The second one exists since 8.2."""

FROZEN = "bitnamilegacy"
"""The part of an image repository without security fixes since 2025-08-28 (https://github.com/bitnami/charts/issues/35164)."""


def profile_of(repository: str) -> str | None:
    """Return the name of the profile of a chart repository by its last path segments, which a mirror keeps; None for an unknown one."""
    place = "/".join(repository.rstrip("/").split("/")[-2:]).lower()
    return next((name for name, profile in PROFILES.items() if place in profile.places), None)
