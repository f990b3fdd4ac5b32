"""Mounts that only some processes see, for tests that need a disk of their own; no root needed."""

from __future__ import annotations

import shutil
import subprocess

import pytest

UNSHARE = ("unshare", "--map-root-user", "--mount")


def has_namespaces() -> bool:
    """Whether this system lets its users make them."""
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode == 0


needs_mounts = pytest.mark.skipif(not has_namespaces(), reason="no user namespaces: cannot mount")


def has_users() -> bool:
    """Whether a process may be made another user, of which the system knows nothing."""
    if shutil.which("unshare") is None:
        return False
    stranger = ["unshare", "--map-user=12345", "--map-group=12345", "true"]
    return subprocess.run(stranger, capture_output=True, check=False).returncode == 0
