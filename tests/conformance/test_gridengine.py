"""The ``gridengine`` adaptor keeps the contract of schedulers, here and over SSH, on a real one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import pytest

from services.records import GridEngineCell
from xenon_py import PasswordCredential, Scheduler
from xenon_py.testing import SchedulerConformance

QUICK = {"gridengine.poll.delay": "200"}


class TestGridEngineLocal(SchedulerConformance):
    adaptor = "gridengine"
    patience = 90.0  # a task that is deleted while it starts may take a minute to go
    queue = "default"
    unknown_job = "9999998"

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _cell(cls, gridengine: GridEngineCell) -> Iterator[None]:
        if not gridengine.local:
            pytest.skip("this machine has no commands of Grid Engine")
        with pytest.MonkeyPatch.context() as patch:
            for name, value in gridengine.environment.items():
                patch.setenv(name, value)
            yield

    def create(self) -> Scheduler:
        return Scheduler.create("gridengine", location=f"local://{self.scratch}", properties=QUICK)


class TestGridEngineSsh(SchedulerConformance):
    adaptor = "gridengine"
    patience = 90.0  # a task that is deleted while it starts may take a minute to go
    queue = "default"
    unknown_job = "9999998"
    cell: ClassVar[GridEngineCell]

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _cell(cls, gridengine: GridEngineCell) -> None:
        cls.cell = gridengine

    def create(self) -> Scheduler:
        server = self.cell.ssh
        return Scheduler.create(
            "gridengine",
            location=f"ssh://{server.location}",
            password_credential=PasswordCredential(username=server.user, password=server.password),
            properties={
                "ssh.loadSshConfig": "false",
                "ssh.knownHostsFile": str(server.known_hosts),
                **QUICK,
            },
        )
