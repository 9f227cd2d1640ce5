"""The ``gridengine`` adaptor keeps the contract of schedulers, here and over SSH, on a real one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import pytest

from services.records import GridEngineCell
from support.gridengine import commands_of, here, over_ssh
from xenon_py import Scheduler
from xenon_py.testing import SchedulerConformance, SchedulerMinutesConformance


class _OnGridEngine:
    adaptor = "gridengine"
    patience = 90.0  # a task that is deleted while it starts may take a minute to go
    queue = "default"
    unknown_job = "9999998"


class TestGridEngineLocal(_OnGridEngine, SchedulerConformance):
    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _cell(cls, gridengine: GridEngineCell) -> Iterator[None]:
        with commands_of(gridengine):
            yield

    def create(self) -> Scheduler:
        return here(self.scratch)


class TestGridEngineSsh(_OnGridEngine, SchedulerConformance):
    cell: ClassVar[GridEngineCell]

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _cell(cls, gridengine: GridEngineCell) -> None:
        cls.cell = gridengine

    def create(self) -> Scheduler:
        return over_ssh(self.cell)


class TestGridEngineMinutes(_OnGridEngine, SchedulerMinutesConformance):
    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _cell(cls, gridengine: GridEngineCell) -> Iterator[None]:
        with commands_of(gridengine):
            yield

    def create(self) -> Scheduler:
        return here(self.scratch)
