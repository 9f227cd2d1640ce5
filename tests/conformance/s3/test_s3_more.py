"""What the ``s3`` adaptor does beyond the contract, on each S3 server."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from services.proxy import Proxy
from services.records import S3Server
from support.s3 import connect
from support.s3_faults import operation, sent, spoilt
from support.scripted_http import Answer, Request
from xenon_adaptors.descriptions import S3
from xenon_adaptors.filesystems.s3 import S3Adaptor
from xenon_adaptors.s3_protocol import reader as s3_reader
from xenon_adaptors.s3_protocol.server_copy import ServerCopy
from xenon_py import DefaultCredential, FileSystem, PasswordCredential
from xenon_py import exceptions as e
from xenon_py.model.location import LocationForm, parse_location
from xenon_py.model.properties import resolve_properties
from xenon_py.plugin.filesystem import WriteMode
from xenon_py.plugin.target import Target
from xenon_py.testing.harness import SENTINEL, fresh_name, pattern

MIB = 1 << 20


def names(fs: FileSystem, path: str) -> list[str]:
    return sorted(entry.path.name for entry in fs.list(path, False))


# where, and as whom


def test_a_working_directory_in_the_location(s3: S3Server, bucket: str, top: str) -> None:
    with connect(s3, f"{bucket}{top}") as fs:
        assert str(fs.get_working_directory()) == top
        fs.write_to_file("file", [b"data"])
        assert fs.exists(f"{top}/file")
    with pytest.raises(e.NoSuchPathException, match="working directory"):
        connect(s3, f"{bucket}{top}/missing")


def test_a_missing_bucket(s3: S3Server) -> None:
    with pytest.raises(e.NoSuchPathException, match="bucket"):
        connect(s3, "no-such-bucket")


@pytest.mark.parametrize("wrong", ["id", "secret"])
def test_wrong_keys(s3: S3Server, bucket: str, wrong: str) -> None:
    user = "nobody" if wrong == "id" else s3.access_key
    with pytest.raises(e.AuthenticationException) as caught:
        FileSystem.create(
            "s3",
            f"{s3.endpoint}/{bucket}",
            password_credential=PasswordCredential(username=user, password=SENTINEL),
        )
    assert SENTINEL not in str(caught.value)


def test_who_may_only_read(s3: S3Server, bucket: str, top: str, fs: FileSystem) -> None:
    fs.write_to_file(f"{top}/file", [b"data"])
    with FileSystem.create(
        "s3",
        f"{s3.endpoint}/{bucket}",
        password_credential=PasswordCredential(username=s3.reader, password=s3.reader_secret),
    ) as reader:
        assert b"".join(reader.read_from_file(f"{top}/file")) == b"data"
        for write in (
            lambda: reader.write_to_file(f"{top}/new", [b"data"]),
            lambda: reader.write_to_file(f"{top}/new", [bytes(9 * MIB)]),
            lambda: reader.create_directory(f"{top}/new"),
            lambda: reader.delete(f"{top}/file"),
            lambda: reader.delete(top, recursive=True),
        ):
            with pytest.raises(e.PermissionDeniedException):
                write()
    assert names(fs, top) == ["file"]


def test_credentials_of_the_environment(
    s3: S3Server, bucket: str, no_configuration: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3.secret_key)
    with FileSystem.create("s3", f"{s3.endpoint}/{bucket}") as fs:
        assert fs.exists("/")


def test_credentials_of_a_profile(s3: S3Server, bucket: str, no_configuration: Path) -> None:
    no_configuration.write_text(
        f"[mine]\naws_access_key_id={s3.access_key}\naws_secret_access_key={s3.secret_key}\n"
    )
    location = f"{s3.endpoint}/{bucket}"
    with FileSystem.create(
        "s3", location, {"s3.profile": "mine"}, default_credential=DefaultCredential()
    ) as fs:
        fs.write_to_file(f"/{fresh_name()}", [bytes(9 * MIB)])
    with pytest.raises(e.CredentialNotFoundException, match="yours"):
        FileSystem.create("s3", location, {"s3.profile": "yours"})


def test_no_credentials(s3: S3Server, bucket: str, no_configuration: Path) -> None:
    with pytest.raises(e.AuthenticationException, match=r"s3\.anonymous"):
        FileSystem.create("s3", f"{s3.endpoint}/{bucket}")


def test_anonymous_access_signs_nothing(s3: S3Server, bucket: str) -> None:
    def spoil(request: Request) -> Answer | None:
        if "Authorization" in request.headers:
            return None
        if operation(request) == "Head":
            return Answer(200, b"", {"Content-Length": "11", "ETag": '"x"'})
        return Answer(200, b"open to all", {"ETag": '"x"'})

    def listed(request: Request) -> Answer | None:
        if operation(request) == "List":
            return Answer(200, b"<ListBucketResult></ListBucketResult>")
        return spoil(request)

    with spoilt(s3, bucket, listed) as (relay, _):
        location = f"http://127.0.0.1:{relay.port}/{bucket}"
        with FileSystem.create("s3", location, {"s3.anonymous": "true"}) as fs:
            begun = len(relay.requests)
            assert b"".join(fs.open("/file", "rb")) == b"open to all"
            assert not any("Authorization" in one.headers for one in relay.requests[begun:])


def test_from_url(s3: S3Server, bucket: str) -> None:
    credential = PasswordCredential(username=s3.access_key, password=s3.secret_key)
    with FileSystem.from_url(f"s3+{s3.endpoint}/{bucket}", credential=credential) as fs:
        assert fs.get_adaptor_name() == "s3"
        assert fs.exists("/")


# directories


def test_directories_of_other_programs(boto: Any, bucket: str, fs: FileSystem, top: str) -> None:
    boto.put_object(Bucket=bucket, Key=f"{top[1:]}/a/b/file", Body=b"x")
    assert fs.get_attributes(f"{top}/a/b").is_directory
    assert names(fs, f"{top}/a") == ["b"]
    fs.delete(f"{top}/a/b/file")
    assert fs.get_attributes(f"{top}/a/b").is_directory
    assert names(fs, f"{top}/a/b") == []
    fs.delete(f"{top}/a/b")
    assert names(fs, f"{top}/a") == []
    fs.delete(f"{top}/a")
    assert names(fs, top) == []


def test_markers_are_not_listed(boto: Any, bucket: str, fs: FileSystem, top: str) -> None:
    fs.create_directory(f"{top}/dir")
    found = boto.list_objects_v2(Bucket=bucket, Prefix=top[1:])["Contents"]
    assert [one["Key"] for one in found] == [f"{top[1:]}/", f"{top[1:]}/dir/"]
    assert names(fs, f"{top}/dir") == []


@pytest.mark.parametrize("key", ["a//b", "a/./b", "a/../b"])
def test_keys_that_are_no_paths(
    s3: S3Server, boto: Any, bucket: str, fs: FileSystem, top: str, tmp_path: Path, key: str
) -> None:
    if s3.keeps_a_tree:
        pytest.skip(f"{s3.program} has no such keys: it keeps a tree of directories")
    key = f"{top[1:]}/{key}"
    boto.put_object(Bucket=bucket, Key=key, Body=b"data")
    assert names(fs, top) == ["a"]
    with pytest.raises(e.InvalidPathException):
        fs.list(f"{top}/a", False)
    with FileSystem.create("file") as here:
        status = fs.copy(top, here, str(tmp_path / "copy"), recursive=True).wait()
        assert isinstance(status.error, e.InvalidPathException)
    fs.delete(top, recursive=True)
    assert not boto.list_objects_v2(Bucket=bucket, Prefix=f"{top[1:]}/").get("KeyCount")


def test_an_object_and_a_directory_of_the_same_name(s3: S3Server, bucket: str) -> None:
    page = (
        "<ListBucketResult><Contents><Key>d/a</Key><Size>1</Size></Contents>"
        "<CommonPrefixes><Prefix>d/a/</Prefix></CommonPrefixes></ListBucketResult>"
    )

    def both(request: Request) -> Answer | None:
        is_asked = operation(request) == "List" and "prefix=d%2F&" in f"{request.path}&"
        return Answer(200, page.encode()) if is_asked else None

    with spoilt(s3, bucket, both) as (_, fs):
        found = sorted((one.path.name, one.is_directory) for one in fs.list("/d", False))
    assert found == [("a", False), ("a", True)]


def test_more_entries_than_ten_pages_hold(fs: FileSystem, top: str, tmp_path: Path) -> None:
    expected = [f"{number:05}" for number in range(10_001)]
    (tmp_path / "many").mkdir()
    for name in expected:
        (tmp_path / "many" / name).touch()
    with FileSystem.create("file") as here:
        status = here.copy(str(tmp_path / "many"), fs, f"{top}/many", recursive=True).wait()
    assert not status.error
    assert names(fs, f"{top}/many") == expected
    fs.delete(f"{top}/many", recursive=True)
    assert names(fs, top) == []


def test_pages_are_followed_by_their_tokens_alone(s3: S3Server, bucket: str) -> None:
    def pages(request: Request) -> Answer | None:
        if operation(request) != "List" or "delimiter" not in request.path:
            return None
        found = re.search("continuation-token=([0-9]+)", request.path)
        start = int(found[1]) if found else 0
        keys = "".join(
            f"<Contents><Key>{number:06}</Key><Size>1</Size></Contents>"
            for number in range(start, min(start + 2500, 25_001))  # more than were asked for
        )
        more = f"<NextContinuationToken>{start + 2500}</NextContinuationToken>"
        end = f"<IsTruncated>true</IsTruncated>{more}" if start + 2500 < 25_001 else ""
        return Answer(200, f"<ListBucketResult>{keys}{end}</ListBucketResult>".encode())

    with spoilt(s3, bucket, pages) as (relay, fs):
        assert names(fs, "/") == [f"{number:06}" for number in range(25_001)]
        assert sent(relay, "List") == 1 + 11


def test_a_forked_child_can_go_on(fs: FileSystem, top: str) -> None:
    fs.write_to_file(f"{top}/parent", [bytes(9 * MIB)])
    child = os.fork()
    if not child:
        try:
            fs.write_to_file(f"{top}/child", [bytes(9 * MIB)])
            assert names(fs, top) == ["child", "parent"]
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    assert fs.get_attributes(f"{top}/child").size == 9 * MIB


# streams


def test_an_upload_of_unknown_length_keeps_little_in_memory(fs: FileSystem, top: str) -> None:
    piece = pattern(MIB)
    tracemalloc.start()
    try:
        fs.write_to_file(f"{top}/large", (piece for _ in range(96)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 56 * MIB
    stream = fs.read_from_file(f"{top}/large")
    assert all(b"".join(next(stream) for _ in range(4)) == piece for _ in range(96))
    assert not next(stream, b"")


def test_who_reads_little_fetches_little(s3: S3Server, bucket: str, fs: FileSystem) -> None:
    key = fresh_name()
    fs.write_to_file(f"/{key}", [bytes(40 * MIB)])
    with spoilt(s3, bucket) as (relay, through):
        with through.open(f"/{key}", "rb") as stream:
            assert stream.read(100) == bytes(100)
        assert sent(relay, "Get") == 1
        with through.open(f"/{key}", "rb") as stream:
            stream.seek(-10, 2)
            assert stream.read() == bytes(10)
        assert sent(relay, "Get") == 2 + 1  # the one that the seek left, and that of the end
    fs.delete(f"/{key}")


def test_a_slow_connection_gets_company(s3: S3Server, bucket: str, fs: FileSystem) -> None:
    key, data = fresh_name(), pattern(24 * MIB)
    fs.write_to_file(f"/{key}", [data])
    with Proxy(s3.port, rate=30e6) as proxy:
        slow = dataclasses.replace(s3, host="127.0.0.1", port=proxy.port)
        with connect(slow, bucket) as through:
            assert b"".join(through.read_from_file(f"/{key}")) == data
        assert proxy.accepted == 1 + 2  # one for what lies behind the first part each
    fs.delete(f"/{key}")


def test_a_fast_connection_is_enough(
    s3: S3Server, bucket: str, fs: FileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_reader, "_PATIENCE", 1000)  # however busy this machine is
    monkeypatch.setattr(s3_reader, "STREAM", 12 * MIB)
    key, data = fresh_name(), pattern(24 * MIB)
    fs.write_to_file(f"/{key}", [data])
    with Proxy(s3.port) as proxy:
        near = dataclasses.replace(s3, host="127.0.0.1", port=proxy.port)
        with connect(near, bucket) as through:
            assert b"".join(through.read_from_file(f"/{key}")) == data
        assert proxy.accepted == 1
    fs.delete(f"/{key}")


def test_a_file_may_have_grown_since_it_was_looked_at(s3: S3Server, bucket: str) -> None:
    target = Target(
        parse_location(f"{s3.endpoint}/{bucket}", LocationForm.HTTP),
        PasswordCredential(username=s3.access_key, password=s3.secret_key),
        resolve_properties(S3.supported_properties, {}, adaptor="s3"),
    )
    path = f"/{fresh_name()}"
    with contextlib.closing(S3Adaptor(target)) as adaptor:
        for data in (b"longer", bytes(9 * MIB), b"lo"):
            stream = adaptor.open_write(path, WriteMode.TRUNCATE, 4)
            stream.write(data)
            stream.close()
            assert adaptor.lstat(path).size == len(data)
        adaptor.unlink(path)


def test_what_arrives_damaged_is_refused(s3: S3Server, bucket: str) -> None:
    def flip(request: Request) -> Request:
        return request._replace(body=request.body[:-1] + b"!") if request.body else request

    for data in (b"data", bytes(9 * MIB)):
        with (
            spoilt(s3, bucket, on_the_way=flip) as (_, fs),
            pytest.raises(e.VerificationException),
        ):
            fs.write_to_file(f"/{fresh_name()}", [data])


# copies on the server


@pytest.fixture
def copies(boto: Any, bucket: str) -> Iterator[ServerCopy]:
    """Copies what is larger than 5 MiB by parts of that."""
    with ThreadPoolExecutor(4) as threads:
        yield ServerCopy(boto, bucket, threads, whole_up_to=5 * MIB, part=5 * MIB)


def test_a_copy_by_parts(boto: Any, bucket: str, copies: ServerCopy, top: str) -> None:
    key, data = f"{top[1:]}/source", pattern(12 * MIB + 3)
    boto.put_object(
        Bucket=bucket, Key=key, Body=data, ContentType="text/x-odd", Metadata={"colour": "blue"}
    )
    told: list[int] = []
    copies.copy(key, f"{key}-copy", told.append)
    assert told == [5 * MIB, 5 * MIB, 2 * MIB + 3]
    found = boto.get_object(Bucket=bucket, Key=f"{key}-copy")
    assert found["Body"].read() == data
    assert (found["ContentType"], found["Metadata"]) == ("text/x-odd", {"colour": "blue"})


def test_a_copy_by_parts_of_a_source_that_changes(
    boto: Any, bucket: str, copies: ServerCopy, top: str
) -> None:
    key = f"{top[1:]}/source"
    boto.put_object(Bucket=bucket, Key=key, Body=bytes(12 * MIB))

    def replace(_: int) -> None:
        boto.put_object(Bucket=bucket, Key=key, Body=b"!" * 12 * MIB)

    with pytest.raises(e.VerificationException):
        copies.copy(key, f"{key}-copy", replace)
    uploads = boto.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
    assert f"{key}-copy" not in [one["Key"] for one in uploads]
    with pytest.raises(boto.exceptions.ClientError, match="404"):
        boto.head_object(Bucket=bucket, Key=f"{key}-copy")


def test_a_copy_by_parts_that_is_stopped_leaves_nothing(
    boto: Any, bucket: str, copies: ServerCopy, top: str
) -> None:
    key = f"{top[1:]}/source"
    boto.put_object(Bucket=bucket, Key=key, Body=bytes(12 * MIB))

    def stop(_: int) -> None:
        raise e.CopyCancelledException.because("enough")

    with pytest.raises(e.CopyCancelledException):
        copies.copy(key, f"{key}-copy", stop)
    uploads = boto.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
    assert f"{key}-copy" not in [one["Key"] for one in uploads]
    with contextlib.suppress(boto.exceptions.ClientError):
        boto.head_object(Bucket=bucket, Key=f"{key}-copy")
        pytest.fail("there is a copy")
