"""The ``local`` adaptor keeps the contract of schedulers."""

from __future__ import annotations

from xenon_py import Scheduler
from xenon_py.testing import SchedulerConformance, SchedulerMinutesConformance


class TestLocal(SchedulerConformance):
    adaptor = "local"

    def create(self) -> Scheduler:
        return Scheduler.create("local", location=str(self.scratch))


class TestLocalLimits(SchedulerMinutesConformance):
    adaptor = "local"

    def create(self) -> Scheduler:
        return Scheduler.create("local", location=str(self.scratch))
