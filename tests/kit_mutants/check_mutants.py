"""Runs, on each mutant, the topic of the kit that has to notice it."""

from __future__ import annotations

import os
from typing import Any

from mutants import FILE_SYSTEMS, SCHEDULERS

from xenon_py import FileSystem, Scheduler
from xenon_py.testing import FileSystemConformance, SchedulerConformance


def _check(kit: type, facade: Any, mutant: type, noticed_by: str) -> type:
    """Return a test class for a mutant, of the topic that has the test ``noticed_by``."""
    topic = next(c for c in kit.__mro__ if any(n.startswith(noticed_by) for n in vars(c)))
    name = mutant.__name__

    def create(self: Any) -> Any:
        return facade.create(name, location=str(self.scratch))

    return type(f"Test{name}", (topic,), {"adaptor": name, "create": create, "patience": 2.0})


_half = os.environ["MUTANTS"]
_rows = (
    [(FileSystemConformance, FileSystem, *row) for row in FILE_SYSTEMS.items()]
    if _half == "filesystems"
    else [(SchedulerConformance, Scheduler, *row) for row in SCHEDULERS.items()]
)
globals().update({f"Test{row[2].__name__}": _check(*row) for row in _rows})
