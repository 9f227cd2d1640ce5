"""The ``ftp`` adaptor keeps the contract of file systems: with and without MLSD, with TLS."""

from __future__ import annotations

from typing import ClassVar

import pytest

from services.records import FtpServer
from support.ftp import connect
from support.known import expect_failure
from xenon_py import FileSystem
from xenon_py.testing import FileSystemConformance
from xenon_py.testing.filesystems.files import (
    AppendTests,
    CreateFileTests,
    ReadTests,
    WriteTests,
)
from xenon_py.testing.filesystems.listing import ListTests


class OnFtp(FileSystemConformance):
    adaptor = "ftp"
    unsupported_names = frozenset({"new\nline", "carriage\rreturn", "\udcff\udcfe\udc80"})
    server: ClassVar[FtpServer]
    tls = "none"

    def create(self) -> FileSystem:
        return connect(self.server, self.tls)


class TestProftpd(OnFtp):
    @pytest.fixture(autouse=True)
    def _server(self, proftpd_ftp: FtpServer, request: pytest.FixtureRequest) -> None:
        type(self).server = proftpd_ftp
        star = ("test_name_of_directory[star]",)
        expect_failure(request, star, "ProFTPD makes no directories with a star in the name")


class TestVsftpd(OnFtp):
    @pytest.fixture(autouse=True)
    def _server(self, vsftpd: FtpServer) -> None:
        type(self).server = vsftpd


class TestPureFtpd(OnFtp):
    unsupported_names = OnFtp.unsupported_names | {"back\\slash", "name\\"}
    renames: ClassVar[tuple[str, ...]] = (
        "test_names_that_differ_little_are_different",
        *(f"test_name_of_file[{name}]" for name in ("trailing-blank", "tab", "control")),
        *(f"test_name_of_directory[{name}]" for name in ("trailing-blank", "tab", "control")),
        *(f"test_name_by_rename_and_link[{name}]" for name in ("trailing-blank", "tab", "control")),
    )

    @pytest.fixture(autouse=True)
    def _server(self, pureftpd: FtpServer, request: pytest.FixtureRequest) -> None:
        type(self).server = pureftpd
        expect_failure(request, self.renames, "pure-ftpd stores it under another name")
        bits = ("test_no_permissions_at_all[empty]", "test_no_permissions_at_all[NONE]")
        expect_failure(request, bits, "pure-ftpd takes no file's permissions away from its owner")


class TestVsftpdExplicitTls(TestVsftpd):
    tls = "explicit"


class Transfers(AppendTests, CreateFileTests, ListTests, ReadTests, WriteTests):
    """What goes over data connections: TLS changes nothing else."""

    adaptor = "ftp"
    server: ClassVar[FtpServer]
    tls = "explicit"

    def create(self) -> FileSystem:
        return connect(self.server, self.tls)


class TestProftpdExplicitTls(Transfers):
    @pytest.fixture(autouse=True)
    def _server(self, proftpd_ftp: FtpServer) -> None:
        type(self).server = proftpd_ftp


class TestPureFtpdExplicitTls(Transfers):
    @pytest.fixture(autouse=True)
    def _server(self, pureftpd: FtpServer) -> None:
        type(self).server = pureftpd


class TestProftpdImplicitTls(TestProftpdExplicitTls):
    tls = "implicit"


class TestVsftpdImplicitTls(Transfers):
    tls = "implicit"

    @pytest.fixture(autouse=True)
    def _server(self, vsftpd: FtpServer) -> None:
        type(self).server = vsftpd
