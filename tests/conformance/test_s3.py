"""The ``s3`` adaptor keeps the contract of file systems, on SeaweedFS."""

from __future__ import annotations

from typing import ClassVar

import pytest

from services.records import S3Server
from support.known import expect_failure
from support.s3 import connect, shared_bucket
from xenon_py import FileSystem
from xenon_py.testing import FileSystemConformance


class TestS3(FileSystemConformance):
    adaptor = "s3"
    # Keys are UTF-8; and SeaweedFS takes a backslash for a slash, so that "name\\" is "name".
    unsupported_names = frozenset({"caf\udce9", "\udcff\udcfe\udc80", "name\\"})
    with_backslash = ("test_name_of_file[backslash]", "test_name_of_directory[backslash]")
    in_a_race = ("test_one_of_many_creates_a_directory", "test_one_of_many_writes_a_file")
    many_entries = 300
    server: ClassVar[S3Server]
    bucket: ClassVar[str] = ""

    @pytest.fixture(autouse=True)
    def _server(self, s3: S3Server, request: pytest.FixtureRequest) -> None:
        expect_failure(request, self.with_backslash, "SeaweedFS takes a backslash for a slash")
        reason = "SeaweedFS looks for If-None-Match and writes then: several may win"
        expect_failure(request, self.in_a_race, reason, always=False)
        cls = type(self)
        cls.server = s3
        cls.bucket = cls.bucket or shared_bucket(s3)

    def create(self) -> FileSystem:
        return connect(self.server, self.bucket)
