"""A bucket on each S3 server, and an environment without credentials."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.records import S3Server
from support.s3 import client, connect, shared_bucket
from xenon_py import FileSystem
from xenon_py.testing.harness import fresh_name


@pytest.fixture(scope="module")
def boto(s3: S3Server) -> Any:
    return client(s3)


@pytest.fixture(scope="module")
def bucket(s3: S3Server) -> str:
    return shared_bucket(s3)


@pytest.fixture
def fs(s3: S3Server, bucket: str) -> Iterator[FileSystem]:
    with connect(s3, bucket) as made:
        yield made


@pytest.fixture
def top(fs: FileSystem) -> Iterator[str]:
    """A directory for one test."""
    path = f"/{fresh_name()}"
    fs.create_directory(path)
    yield path
    if fs.exists(path):
        fs.delete(path, recursive=True)


@pytest.fixture
def no_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An environment without credentials; the file is where a profile may be put."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return file
