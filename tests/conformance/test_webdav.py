"""The ``webdav`` adaptor keeps the contract of file systems, on three real servers."""

from __future__ import annotations

from typing import ClassVar

import pytest

from services.records import DavServer
from support.known import expect_failure
from support.webdav import connect
from xenon_py import FileSystem
from xenon_py.testing import FileSystemConformance


class OnApache(FileSystemConformance):
    adaptor = "webdav"
    server: ClassVar[DavServer]

    @pytest.fixture(autouse=True)
    def _server(self, apache: DavServer) -> None:
        type(self).server = apache


class TestApacheBasic(OnApache):
    def create(self) -> FileSystem:
        return connect(self.server, self.server.basic)


class TestApacheDigestWithoutIndexes(OnApache):
    def create(self) -> FileSystem:
        return connect(self.server, self.server.digest or "")


class TestApacheTls(OnApache):
    def create(self) -> FileSystem:
        return connect(self.server, self.server.basic, tls=True)


class TestNginx(FileSystemConformance):
    adaptor = "webdav"
    hides_dots = (
        "test_list_shows_hidden_names",
        *(
            f"test_name_{test}[{name}]"
            for test in ("of_file", "of_directory", "by_rename_and_link")
            for name in ("three-dots", "dot-dot-name")
        ),
    )
    server: ClassVar[DavServer]

    @pytest.fixture(autouse=True)
    def _server(self, nginx: DavServer, request: pytest.FixtureRequest) -> None:
        type(self).server = nginx
        expect_failure(request, self.hides_dots, "nginx lists no names with a leading dot")

    def create(self) -> FileSystem:
        return connect(self.server, self.server.basic)


class TestLighttpd(FileSystemConformance):
    adaptor = "webdav"
    # answered with 400
    unsupported_names = frozenset(
        {"new\nline", "carriage\rreturn", "tab\there", "bell\a\x01\x7f", "\udcff\udcfe\udc80"}
    )
    cannot_write = ("test_name_of_file[255-bytes]", "test_name_of_file[255-bytes-of-utf-8]")
    cannot_target = (
        "test_name_of_directory[latin-1-bytes]",
        "test_name_by_rename_and_link[latin-1-bytes]",
    )
    server: ClassVar[DavServer]

    @pytest.fixture(autouse=True)
    def _server(self, lighttpd: DavServer, request: pytest.FixtureRequest) -> None:
        type(self).server = lighttpd
        expect_failure(request, self.cannot_write, "lighttpd writes to a longer temporary name")
        expect_failure(request, self.cannot_target, "lighttpd copies and moves to UTF-8 names only")

    def create(self) -> FileSystem:
        return connect(self.server, self.server.basic)
