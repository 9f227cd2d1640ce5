"""The ``torque`` adaptor keeps the contract of schedulers, in both dialects, here and over SSH.

There is no package of TORQUE or OpenPBS: the stand-in of tests/services/pbs_standin answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import pytest

from services.records import PbsServer
from support.pbs import commands_of, here, over_ssh
from xenon_py import Scheduler
from xenon_py.testing import SchedulerConformance


class _Local(SchedulerConformance):
    adaptor = "torque"
    flavour: ClassVar[str]

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _server(cls, request: pytest.FixtureRequest) -> Iterator[None]:
        with commands_of(request.getfixturevalue(cls.flavour)):
            yield

    def create(self) -> Scheduler:
        return here(self.scratch)


class _Ssh(SchedulerConformance):
    adaptor = "torque"
    flavour: ClassVar[str]
    server: ClassVar[PbsServer]

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _server(cls, request: pytest.FixtureRequest) -> None:
        cls.server = request.getfixturevalue(cls.flavour)

    def create(self) -> Scheduler:
        return over_ssh(self.server)


class TestTorqueLocal(_Local):
    flavour = "torque"


class TestTorqueSsh(_Ssh):
    flavour = "torque"


class TestOpenPbsLocal(_Local):
    flavour = "openpbs"


class TestOpenPbsSsh(_Ssh):
    flavour = "openpbs"
