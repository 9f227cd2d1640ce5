"""The fsspec face passes fsspec's own suites with each adaptor on its real server."""

from __future__ import annotations

import posixpath
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import fsspec
import pytest
from fsspec.tests.abstract import (
    AbstractCopyTests,
    AbstractFixtures,
    AbstractGetTests,
    AbstractOpenTests,
    AbstractPipeTests,
    AbstractPutTests,
)

from services.records import DavServer, FtpServer, S3Server, SshServer
from support import fsspec_faces


class Suites(
    AbstractFixtures,
    AbstractCopyTests,
    AbstractGetTests,
    AbstractPutTests,
    AbstractOpenTests,
    AbstractPipeTests,
):
    """All of fsspec's suites; a subclass says where, by its fixture ``place``."""

    @pytest.fixture
    def place(self) -> tuple[Any, str]:
        """The file system, and a directory that may be written to."""
        raise NotImplementedError

    @pytest.fixture
    def fs(self, place: tuple[Any, str]) -> Any:
        return place[0]

    @pytest.fixture
    def fs_join(self) -> Callable[..., str]:
        return posixpath.join

    @pytest.fixture
    def fs_path(self, place: tuple[Any, str]) -> Iterator[str]:
        fs, directory = place
        path = f"{directory.rstrip('/')}/face-{uuid.uuid4().hex[:8]}"
        fs.mkdir(path)
        yield path
        fs.rm(path, recursive=True)


class TestFile(Suites):
    @pytest.fixture
    def place(self, tmp_path: Any) -> tuple[Any, str]:
        return fsspec.filesystem("xenon-file"), str(tmp_path)


class TestSftp(Suites):
    @pytest.fixture
    def place(self, sshd: SshServer) -> tuple[Any, str]:
        return fsspec_faces.sftp(sshd), sshd.home


class TestFtp(Suites):
    @pytest.fixture
    def place(self, proftpd_ftp: FtpServer) -> tuple[Any, str]:
        return fsspec_faces.ftp(proftpd_ftp), proftpd_ftp.directory


class TestWebdav(Suites):
    @pytest.fixture
    def place(self, apache: DavServer) -> tuple[Any, str]:
        return fsspec_faces.webdav(apache), apache.basic


def test_webdav_by_a_url_alone(apache: DavServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The root of this server is no collection and is forbidden, as with most servers."""
    monkeypatch.setenv("XENON_TEST_DAV_PASSWORD", apache.password)
    url = f"xenon-webdav://{apache.host}:{apache.tls_port}{apache.basic}/{uuid.uuid4().hex}/a"
    options = {
        "username": apache.user,
        "password_env": "XENON_TEST_DAV_PASSWORD",
        "properties": {"webdav.caFile": str(apache.certificate)},
    }
    with fsspec.open(url, "wb", **options) as file:
        file.write(b"by URL")
    with fsspec.open(url, "rb", **options) as file:
        assert file.read() == b"by URL"
    fs, path = fsspec.url_to_fs(url, **options)
    assert fs.isdir("/")
    with pytest.raises(PermissionError):
        fs.ls("/")
    with pytest.raises(PermissionError):
        fs.info("/elsewhere")
    fs.rm(posixpath.dirname(path), recursive=True)
    fs.close()


@pytest.fixture(scope="module")
def bucket(s3: S3Server) -> Any:
    return fsspec_faces.s3(s3)


class TestS3(Suites):
    @pytest.fixture
    def place(self, bucket: Any) -> tuple[Any, str]:
        return bucket, "/"
