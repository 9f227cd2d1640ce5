"""The ``ftp`` adaptor keeps the contract of file systems: with and without MLSD, with TLS."""

from __future__ import annotations

from typing import ClassVar

import pytest

from services.records import FtpServer
from support.ftp import connect
from xenon_py import FileSystem
from xenon_py.testing import FileSystemConformance


class OnFtp(FileSystemConformance):
    adaptor = "ftp"
    unsupported_names = frozenset({"new\nline", "carriage\rreturn", "\udcff\udcfe\udc80"})
    server: ClassVar[FtpServer]
    tls = "none"

    def create(self) -> FileSystem:
        return connect(self.server, self.tls)


class TestProftpd(OnFtp):
    @pytest.fixture(autouse=True)
    def _server(self, proftpd_ftp: FtpServer) -> None:
        type(self).server = proftpd_ftp


class TestProftpdExplicitTls(TestProftpd):
    tls = "explicit"


class TestProftpdImplicitTls(TestProftpd):
    tls = "implicit"


class TestVsftpd(OnFtp):
    @pytest.fixture(autouse=True)
    def _server(self, vsftpd: FtpServer) -> None:
        type(self).server = vsftpd


class TestVsftpdExplicitTls(TestVsftpd):
    tls = "explicit"


class TestVsftpdImplicitTls(TestVsftpd):
    tls = "implicit"
