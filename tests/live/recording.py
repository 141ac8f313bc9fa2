"""What was measured in a lab, and the file that it is written to."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rediskit import Environment
from tests.live.prometheus import Prometheus, folder_of_recordings


@dataclass(frozen=True)
class Outcome:
    """What a scenario cost the client. seconds: without an acknowledged write, from the first error to the next success."""

    acknowledged: int
    lost: int
    seconds: float
    errors: Mapping[str, int] = field(default_factory=dict)


class Recording:
    """The marks, figures and series of a scenario."""

    environment: Environment

    def __init__(self, name: str, version: str, profile: str) -> None:
        self.name, self.version, self.profile = name, version, profile
        self.started = time.time()
        self.marks: dict[str, float] = {}
        self.notes: dict[str, Any] = {}
        self._prometheus: Prometheus | None = None

    def mark(self, what: str) -> None:
        """Store the current time in the recording, by name."""
        self.marks[what] = round(time.time(), 3)

    def note(self, **figures: Any) -> None:
        """Store a figure for the recording and the report."""
        self.notes.update(figures)

    def record(self, outcome: Outcome | None = None) -> Path:
        """Write what was measured: build/live/<scenario>-<version>-<profile>.json."""
        folder = folder_of_recordings()
        folder.mkdir(parents=True, exist_ok=True)
        span = time.time() - self.started
        record = {
            "scenario": self.name,
            "redis": self.version,
            "profile": self.profile,
            "interval": int(self.environment.monitoring.interval.amount),
            "started": round(self.started, 3),
            "ended": round(time.time(), 3),
            "marks": self.marks,
            "outcome": asdict(outcome) if outcome else None,
            "figures": self.notes,
            "alerts": dict(self._prometheus.alert_times(span)) if self._prometheus else {},
            "series": self._prometheus.recording(span) if self._prometheus else [],
        }
        file = folder / f"{self.name}-{self.version}-{self.profile}.json"
        file.write_text(json.dumps(record, indent=1))
        return file
