"""The ``sftp`` adaptor keeps the contract of file systems, on a real OpenSSH server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import pytest

from services.records import SshServer
from support.paramiko_server import InProcessServer, plain_server
from support.sftp import connect
from xenon_py import FileSystem
from xenon_py.testing import FileSystemConformance


class TestSftp(FileSystemConformance):
    adaptor = "sftp"
    server: ClassVar[SshServer]
    fast = "true"

    @pytest.fixture(autouse=True)
    def _server(self, sshd: SshServer) -> None:
        type(self).server = sshd

    def create(self) -> FileSystem:
        return connect(self.server, fastPath=self.fast)


class TestSftpThroughParamikosBuffers(TestSftp):
    fast = "false"


class TestSftpWithoutExtensions(FileSystemConformance):
    """paramiko's SFTP server: no extension at all, requests of 32 KiB."""

    adaptor = "sftp"
    # paramiko's server takes every name for UTF-8
    unsupported_names = frozenset({"caf\udce9", "\udcff\udcfe\udc80"})
    server: ClassVar[InProcessServer]

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _server(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
        with plain_server(tmp_path_factory.mktemp("plain")) as cls.server:
            yield

    def create(self) -> FileSystem:
        return connect(self.server)


NOT_ON_PROFTPD = {
    "link": "mod_sftp 1.3.8 follows links in LSTAT, and changes their text in READLINK",
    "relative_target": "mod_sftp 1.3.8 makes the text of a link absolute in READLINK",
    "no_permissions_at_all": "mod_sftp 1.3.8 ignores a mode of 000",
}


class TestSftpOnProftpd(FileSystemConformance):
    """mod_sftp: some of OpenSSH's extensions, one reassembly buffer per connection."""

    adaptor = "sftp"
    server: ClassVar[SshServer]

    @pytest.fixture(autouse=True)
    def _server(self, request: pytest.FixtureRequest, proftpd_sftp: SshServer) -> None:
        type(self).server = proftpd_sftp
        for part, reason in NOT_ON_PROFTPD.items():
            if part in request.node.name:
                pytest.skip(reason)

    def create(self) -> FileSystem:
        return connect(self.server)
