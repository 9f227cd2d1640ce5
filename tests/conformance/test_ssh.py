"""The ``ssh`` adaptor keeps the contract of schedulers, on real OpenSSH servers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import pytest

from conformance.ssh.test_ssh_jobs import open_scheduler
from services.records import SshServer
from services.sshd import ONE_SESSION, private_sshd
from xenon_py import Scheduler
from xenon_py.testing import SchedulerConformance, SchedulerMinutesConformance


class TestSsh(SchedulerConformance):
    adaptor = "ssh"
    server: ClassVar[SshServer]

    @pytest.fixture(autouse=True)
    def _server(self, sshd: SshServer) -> None:
        type(self).server = sshd

    def create(self) -> Scheduler:
        return open_scheduler(self.server)


class TestSshLimits(SchedulerMinutesConformance):
    adaptor = "ssh"
    server: ClassVar[SshServer]

    @pytest.fixture(autouse=True)
    def _server(self, sshd: SshServer) -> None:
        type(self).server = sshd

    def create(self) -> Scheduler:
        return open_scheduler(self.server)


class TestSshOneSession(SchedulerConformance):
    """A server that allows one channel on a connection."""

    adaptor = "ssh"
    server: ClassVar[SshServer]

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _server(cls) -> Iterator[None]:
        with private_sshd(ONE_SESSION) as sshd:
            cls.server = sshd.server
            yield

    def create(self) -> Scheduler:
        return open_scheduler(self.server)
