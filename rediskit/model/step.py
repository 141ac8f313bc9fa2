"""The steps of a migration."""

from __future__ import annotations

from typing import Literal

Step = Literal["prepare", "scale-down", "deploy", "reconfigure", "scale-up", "validate", "decommission", "complete", "rolled-back"]
"""The last step that is in Git. `rolled-back` follows any step from scale-down to validate."""
