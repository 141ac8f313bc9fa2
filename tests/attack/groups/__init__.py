"""The groups, by the promise that they attack."""

from __future__ import annotations

from tests.attack.attack import Group
from tests.attack.groups import internal_errors, sops_order, special_files, trial_build

_MODULES = {
    "trial-build": trial_build,
    "sops-order": sops_order,
    "special-files": special_files,
    "internal-errors": internal_errors,
}
GROUPS = tuple(Group(name, module.attacks, module.revert) for name, module in _MODULES.items())
