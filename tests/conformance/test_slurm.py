"""The ``slurm`` adaptor keeps the contract of schedulers, here and over SSH, on a real Slurm."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import pytest

from services.records import SlurmCluster
from support.slurm import operator, over_ssh
from xenon_py import Scheduler
from xenon_py.testing import SchedulerConformance

QUICK = {"slurm.poll.delay": "200"}


class TestSlurmLocal(SchedulerConformance):
    adaptor = "slurm"

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _cluster(cls, slurm: SlurmCluster) -> Iterator[None]:
        if not slurm.local:
            pytest.skip("this machine has no commands of Slurm")
        with pytest.MonkeyPatch.context() as patch:
            for name, value in slurm.environment.items():
                patch.setenv(name, value)
            yield

    def create(self) -> Scheduler:
        return Scheduler.create("slurm", location=f"local://{self.scratch}", properties=QUICK)


class TestSlurmSsh(SchedulerConformance):
    adaptor = "slurm"
    cluster: ClassVar[SlurmCluster]

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _cluster(cls, slurm: SlurmCluster) -> Iterator[None]:
        cls.cluster = slurm
        with operator(slurm):  # nobody else may suspend jobs
            yield

    def create(self) -> Scheduler:
        return over_ssh(self.cluster, **QUICK)
