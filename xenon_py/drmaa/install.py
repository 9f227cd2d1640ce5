"""Makes ``import drmaa`` find this package."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

_SUBMODULES = ("const", "errors", "helpers", "session", "version")

FOLDER = str(Path(__file__).with_name("substitute"))
"""In ``PYTHONPATH``, this folder makes ``import drmaa`` find this package in any program."""


def install() -> None:
    """Make ``import drmaa``, and of its submodules, give ``xenon_py.drmaa`` in this process.

    It is so in processes that ``multiprocessing`` starts as well.
    """
    sys.modules["drmaa"] = importlib.import_module("xenon_py.drmaa")
    for name in _SUBMODULES:
        sys.modules[f"drmaa.{name}"] = importlib.import_module(f"xenon_py.drmaa.{name}")
    if FOLDER not in sys.path:
        sys.path.insert(1, FOLDER)  # 0 is the script's own
