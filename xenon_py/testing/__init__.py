"""The conformance kit: what every adaptor has to do, as tests to subclass.

The author of an adaptor writes one short file and runs it with pytest::

    from xenon_py import FileSystem
    from xenon_py.testing import FileSystemConformance

    class TestMine(FileSystemConformance):
        adaptor = "mine"

        def create(self):
            return FileSystem.create("mine", location=str(self.scratch))

Tests select themselves by the adaptor's declared capabilities. A capability that is declared and
does not work is a failure, and so is one that works and is not declared. See
``docs/write-an-adaptor.md``. Needs pytest.
"""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("xenon_py.testing.filesystems", "xenon_py.testing.schedulers")

from xenon_py.testing.filesystems import FileSystemConformance  # noqa: E402
from xenon_py.testing.schedulers import (  # noqa: E402
    SchedulerConformance,
    SchedulerMinutesConformance,
)

__all__ = ["FileSystemConformance", "SchedulerConformance", "SchedulerMinutesConformance"]
