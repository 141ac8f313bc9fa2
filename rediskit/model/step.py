"""The steps of a migration."""

from typing import Literal

Step = Literal["prepare", "scale-down", "deploy", "reconfigure", "scale-up", "validate", "decommission", "complete", "rolled-back"]
"""The last step that is in Git. `rolled-back` follows any step from scale-down to validate."""
