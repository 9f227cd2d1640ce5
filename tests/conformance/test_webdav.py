"""The ``webdav`` adaptor keeps the contract of file systems, on three real servers."""

from __future__ import annotations

from typing import ClassVar

import pytest

from services.records import DavServer
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
    server: ClassVar[DavServer]

    @pytest.fixture(autouse=True)
    def _server(self, nginx: DavServer) -> None:
        type(self).server = nginx

    def create(self) -> FileSystem:
        return connect(self.server, self.server.basic)


class TestLighttpd(FileSystemConformance):
    adaptor = "webdav"
    server: ClassVar[DavServer]

    @pytest.fixture(autouse=True)
    def _server(self, lighttpd: DavServer) -> None:
        type(self).server = lighttpd

    def create(self) -> FileSystem:
        return connect(self.server, self.server.basic)
