"""Makes ``import drmaa`` find this package."""

from __future__ import annotations

import importlib
import sys

_SUBMODULES = ("const", "errors", "helpers", "session", "version")


def install() -> None:
    """Make ``import drmaa``, and of its submodules, give ``xenon_py.drmaa`` in this process."""
    sys.modules["drmaa"] = importlib.import_module("xenon_py.drmaa")
    for name in _SUBMODULES:
        sys.modules[f"drmaa.{name}"] = importlib.import_module(f"xenon_py.drmaa.{name}")
