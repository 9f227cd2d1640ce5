"""The ``s3`` adaptor keeps the contract of file systems, on SeaweedFS and on Ceph's gateway."""

from __future__ import annotations

from typing import ClassVar

import pytest

from services.records import S3Server
from support.known import expect_failure
from support.s3 import connect, shared_bucket
from xenon_py import FileSystem
from xenon_py.testing import FileSystemConformance


class OnServer(FileSystemConformance):
    adaptor = "s3"
    unsupported_names = frozenset({"caf\udce9", "\udcff\udcfe\udc80"})  # keys are UTF-8
    many_entries = 300
    server: ClassVar[S3Server]
    bucket: ClassVar[str] = ""

    def use(self, server: S3Server) -> None:
        """Run on this server."""
        cls = type(self)
        cls.server = server
        cls.bucket = cls.bucket or shared_bucket(server)

    def create(self) -> FileSystem:
        return connect(self.server, self.bucket)


class TestS3(OnServer):
    # SeaweedFS takes a backslash for a slash, so that "name\\" is "name".
    unsupported_names = OnServer.unsupported_names | {"name\\"}
    with_backslash = ("test_name_of_file[backslash]", "test_name_of_directory[backslash]")
    in_a_race = ("test_one_of_many_creates_a_directory", "test_one_of_many_writes_a_file")

    @pytest.fixture(autouse=True)
    def _server(self, seaweed: S3Server, request: pytest.FixtureRequest) -> None:
        expect_failure(request, self.with_backslash, "SeaweedFS takes a backslash for a slash")
        reason = "SeaweedFS looks for If-None-Match and writes then: several may win"
        expect_failure(request, self.in_a_race, reason, always=False)
        self.use(seaweed)


@pytest.mark.rgw
class TestS3OnCeph(OnServer):
    @pytest.fixture(autouse=True)
    def _server(self, rgw: S3Server) -> None:
        self.use(rgw)
