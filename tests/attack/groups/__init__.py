"""The groups, by the promise that they attack."""

from __future__ import annotations

from tests.attack.attack import Group
from tests.attack.groups import (
    init_passwords,
    internal_errors,
    remote_bases,
    repositories,
    shell,
    sops_order,
    special_files,
    tree_secrets,
    trial_build,
)

_MODULES = {
    "trial-build": trial_build,
    "init-passwords": init_passwords,
    "tree-secrets": tree_secrets,
    "sops-order": sops_order,
    "shell": shell,
    "special-files": special_files,
    "internal-errors": internal_errors,
    "repositories": repositories,
    "remote-bases": remote_bases,
}
GROUPS = tuple(Group(name, module.attacks, module.revert) for name, module in _MODULES.items())
