"""The kit on the sample plugin; run in an environment that has both wheels, see tests/packaging."""

from __future__ import annotations

from xenon_py import FileSystem, Scheduler
from xenon_py.testing import FileSystemConformance, SchedulerConformance


class TestMemory(FileSystemConformance):
    adaptor = "sample-mem"

    def create(self) -> FileSystem:
        return FileSystem.create("sample-mem", location=str(self.scratch))


class TestNice(SchedulerConformance):
    adaptor = "sample-queue"

    def create(self) -> Scheduler:
        return Scheduler.create("sample-queue", location=str(self.scratch))
