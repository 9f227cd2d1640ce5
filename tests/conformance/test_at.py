"""The ``at`` adaptor keeps the contract of schedulers, here and over SSH, on a real daemon."""

from __future__ import annotations

from typing import ClassVar

import pytest

from services.records import AtHost
from support.at import QUICK, over_ssh
from xenon_py import Scheduler
from xenon_py.testing import SchedulerConformance, SchedulerMinutesConformance


class TestAtLocal(SchedulerConformance):
    adaptor = "at"

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _host(cls, atd: AtHost) -> None:
        if not atd.local:
            pytest.skip("at is not on this machine")

    def create(self) -> Scheduler:
        return Scheduler.create("at", location=f"local://{self.scratch}", properties=QUICK)


class TestAtSsh(SchedulerConformance):
    adaptor = "at"
    host: ClassVar[AtHost]

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _host(cls, atd: AtHost) -> None:
        cls.host = atd

    def create(self) -> Scheduler:
        return over_ssh(self.host)


class TestAtMinutes(SchedulerMinutesConformance):
    adaptor = "at"

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _host(cls, atd: AtHost) -> None:
        if not atd.local:
            pytest.skip("at is not on this machine")

    def create(self) -> Scheduler:
        return Scheduler.create("at", location=f"local://{self.scratch}", properties=QUICK)
