"""Buckets that keep the versions of their objects are used like others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from services.records import S3Server
from support.s3 import connect
from xenon_py import FileSystem
from xenon_py import exceptions as e
from xenon_py.testing.harness import fresh_name, pattern

MIB = 1 << 20
LARGE = pattern(17 * MIB + 5)


@pytest.fixture
def versioned(s3: S3Server, boto: Any) -> Iterator[tuple[str, FileSystem]]:
    """The name of a bucket, and a file system on it."""
    name = fresh_name()
    boto.create_bucket(Bucket=name)
    boto.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    with connect(s3, name) as fs:
        yield name, fs
    found = boto.list_object_versions(Bucket=name)
    for one in (*found.get("Versions", []), *found.get("DeleteMarkers", [])):
        boto.delete_object(Bucket=name, Key=one["Key"], VersionId=one["VersionId"])
    boto.delete_bucket(Bucket=name)


def versions(boto: Any, bucket: str, key: str) -> int:
    found = boto.list_object_versions(Bucket=bucket, Prefix=key).get("Versions", [])
    return sum(one["Key"] == key for one in found)


def test_the_newest_version_counts(versioned: tuple[str, FileSystem], boto: Any) -> None:
    bucket, fs = versioned
    fs.create_directory("/dir")
    fs.write_to_file("/dir/file", [b"old"])
    with fs.open("/dir/file", "wb") as stream:
        stream.write(b"newer")
    assert b"".join(fs.read_from_file("/dir/file")) == b"newer"
    assert [(one.path.name, one.size) for one in fs.list("/dir", False)] == [("file", 5)]
    assert versions(boto, bucket, "dir/file") == 2


def test_what_is_deleted_is_gone_for_us(versioned: tuple[str, FileSystem], boto: Any) -> None:
    bucket, fs = versioned
    fs.create_directory("/dir")
    fs.write_to_file("/dir/file", [b"one"])
    fs.delete("/dir/file")
    assert not fs.exists("/dir/file")
    assert list(fs.list("/dir", True)) == []
    fs.write_to_file("/dir/file", [b"another"])  # a new one, although old versions are there
    fs.write_to_file("/dir/large", [LARGE])
    fs.delete("/dir", recursive=True)
    assert not fs.exists("/dir")
    assert list(fs.list("/", True)) == []
    assert versions(boto, bucket, "dir/file") == 2  # for those who want them back


def test_a_version_that_is_replaced_while_it_is_read(
    versioned: tuple[str, FileSystem],
) -> None:
    _, fs = versioned
    fs.write_to_file("/file", [LARGE])
    with fs.open("/file", "rb") as stream:
        assert stream.read(1000) == LARGE[:1000]
        with fs.open("/file", "wb") as other:
            other.write(LARGE[::-1])
        with pytest.raises(e.VerificationException, match="replaced"):
            stream.read()
