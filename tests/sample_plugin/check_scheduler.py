"""The kit on the sample scheduler, in an environment that has it: see tests/packaging."""

from __future__ import annotations

from xenon_py import Scheduler
from xenon_py.testing import SchedulerConformance


class TestNice(SchedulerConformance):
    adaptor = "sample-queue"

    def create(self) -> Scheduler:
        return Scheduler.create("sample-queue", location=str(self.scratch))
