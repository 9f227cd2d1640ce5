"""S3 with answers that are lost, cut, late or refused, in front of each real server."""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from typing import Any

import pytest

from services.proxy import Proxy
from services.records import S3Server
from support.s3 import client, connect, shared_bucket
from support.s3_faults import error, operation, sent, spoilt, times
from support.scripted_http import Answer, Request
from xenon_adaptors.s3_protocol import reader, wire
from xenon_py import CopyMode, FileSystem
from xenon_py import exceptions as e
from xenon_py.testing.harness import fresh_name, pattern, until

MIB = 1 << 20
LARGE = pattern(17 * MIB + 5)
HANG_UP = Answer(None)
BUSY = error(503, "SlowDown")
EXPIRED = error(400, "ExpiredToken")


@dataclasses.dataclass
class Bucket:
    """A bucket of the real server."""

    server: S3Server
    name: str
    client: Any

    def put(self, data: bytes) -> str:
        """Store an object under a fresh name, which is returned."""
        key = fresh_name()
        self.client.put_object(Bucket=self.name, Key=key, Body=data)
        return key

    def get(self, key: str) -> bytes:
        return bytes(self.client.get_object(Bucket=self.name, Key=key)["Body"].read())

    def uploads(self, key: str) -> list[str]:
        """The uploads of a key that are neither completed nor aborted."""
        found = self.client.list_multipart_uploads(Bucket=self.name).get("Uploads", [])
        return [one["UploadId"] for one in found if one["Key"] == key]

    def has(self, key: str) -> bool:
        found = self.client.list_objects_v2(Bucket=self.name, Prefix=key)
        return found["KeyCount"] > 0


@pytest.fixture(scope="module")
def bucket(s3: S3Server) -> Bucket:
    return Bucket(s3, shared_bucket(s3), client(s3))


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "_PAUSES", (0.0, 0.01, 0.02))


@pytest.fixture(params=["stream", "parts"])
def _both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read by a connection that is taken for fast, and by one that is taken for slow."""
    monkeypatch.setattr(reader, "_PATIENCE", 1000 if request.param == "stream" else 0)
    monkeypatch.setattr(reader, "_FAST", float("inf"))


BOTH_WAYS = pytest.mark.usefixtures("_both_ways")


def content(fs: FileSystem, key: str) -> bytes:
    return b"".join(fs.read_from_file(f"/{key}"))


PASSING = pytest.mark.parametrize(
    "answer",
    [BUSY, error(500, "InternalError"), Answer(502), HANG_UP],
    ids=["503", "500", "502", "hung-up"],
)


@PASSING
@pytest.mark.parametrize("what", ["Head", "List", "Get", "Put", "Delete", "DeleteMany"])
def test_a_passing_error_is_overcome(bucket: Bucket, what: str, answer: Answer) -> None:
    with spoilt(bucket.server, bucket.name, times(2, what, answer)) as (_, fs):
        directory = f"/{fresh_name()}"
        fs.create_directory(directory)
        fs.write_to_file(f"{directory}/file", [b"data"])
        assert content(fs, f"{directory}/file"[1:]) == b"data"
        assert [one.path.name for one in fs.list(directory, False)] == ["file"]
        fs.delete(directory, recursive=True)
        assert not fs.exists(directory)


@PASSING
@pytest.mark.parametrize("what", ["Create", "UploadPart", "Complete"])
def test_a_passing_error_within_an_upload_is_overcome(
    bucket: Bucket, what: str, answer: Answer
) -> None:
    key = fresh_name()
    with spoilt(bucket.server, bucket.name, times(1, what, answer)) as (_, fs):
        fs.write_to_file(f"/{key}", [LARGE])
    assert bucket.get(key) == LARGE
    assert bucket.uploads(key) == []


def test_it_is_not_tried_for_ever(bucket: Bucket) -> None:
    key = bucket.put(b"data")
    with spoilt(bucket.server, bucket.name, times(99, "Get", BUSY)) as (relay, fs):
        with pytest.raises(e.XenonException, match="overloaded"):
            content(fs, key)
        assert sent(relay, "Get") == 4


@BOTH_WAYS
@pytest.mark.parametrize("data", [b"small but cut", LARGE], ids=["small", "large"])
def test_a_body_that_breaks_off_is_continued(bucket: Bucket, data: bytes) -> None:
    key = bucket.put(data)
    left = [3]

    def cut(request: Request, answer: Answer) -> Answer:
        if operation(request) == "Get" and left[0]:
            left[0] -= 1
            answer.cut = len(answer.body) // 3
        return answer

    with spoilt(bucket.server, bucket.name, damage=cut) as (_, fs):
        assert content(fs, key) == data
    assert left == [0]


@BOTH_WAYS
@pytest.mark.parametrize("data", [b"small but cut", LARGE], ids=["small", "large"])
def test_a_body_that_always_breaks_off_is_no_file(
    bucket: Bucket, data: bytes, tmp_path: Any
) -> None:
    key = bucket.put(data)

    def cut(request: Request, answer: Answer) -> Answer:
        if operation(request) == "Get":
            answer.cut = 0
        return answer

    with spoilt(bucket.server, bucket.name, damage=cut) as (_, fs):
        with pytest.raises(e.ConnectionLostException):
            content(fs, key)
        with FileSystem.create("file") as here:
            status = fs.copy(f"/{key}", here, str(tmp_path / "copy")).wait()
            assert isinstance(status.error, e.ConnectionLostException)
    assert list(tmp_path.iterdir()) == []


@BOTH_WAYS
def test_an_object_that_is_replaced_meanwhile_is_an_error(bucket: Bucket) -> None:
    key = bucket.put(LARGE)
    with spoilt(bucket.server, bucket.name) as (_, fs), fs.open(f"/{key}", "rb") as stream:
        assert stream.read(1000) == LARGE[:1000]
        bucket.client.put_object(Bucket=bucket.name, Key=key, Body=LARGE[::-1])
        with pytest.raises(e.VerificationException, match="replaced"):
            stream.read()


@BOTH_WAYS
def test_an_object_that_is_removed_meanwhile_is_an_error(bucket: Bucket) -> None:
    key = bucket.put(LARGE)
    with spoilt(bucket.server, bucket.name) as (_, fs), fs.open(f"/{key}", "rb") as stream:
        assert stream.read(1000) == LARGE[:1000]
        bucket.client.delete_object(Bucket=bucket.name, Key=key)
        with pytest.raises((e.VerificationException, e.NoSuchPathException)):
            stream.read()


@BOTH_WAYS
def test_another_version_is_noticed_by_its_etag(bucket: Bucket) -> None:
    key = bucket.put(LARGE)
    count = [0]

    def other(request: Request, answer: Answer) -> Answer:
        if operation(request) == "Get":
            count[0] += 1
            if count[0] == 2:
                names = [name for name in answer.headers if name.lower() == "etag"]
                answer.headers[names[0]] = '"another"'
        return answer

    with (
        spoilt(bucket.server, bucket.name, damage=other) as (_, fs),
        pytest.raises(e.VerificationException),
    ):
        content(fs, key)


@pytest.mark.parametrize("what", ["UploadPart", "Complete"])
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(403, "AccessDenied"), e.PermissionDeniedException),
        (error(400, "InvalidPart"), e.XenonException),
        (error(507, "InsufficientStorage"), e.NoSpaceException),
    ],
    ids=["denied", "invalid", "full"],
)
def test_a_refused_upload_leaves_nothing(
    bucket: Bucket, what: str, answer: Answer, kind: type[Exception]
) -> None:
    key = fresh_name()
    with (
        spoilt(bucket.server, bucket.name, times(99, what, answer)) as (relay, fs),
        pytest.raises(kind),
    ):
        fs.write_to_file(f"/{key}", [LARGE])
    assert sent(relay, "Abort") == 1
    assert bucket.uploads(key) == []
    assert not bucket.has(key)


def test_an_error_within_a_good_answer_is_an_error(bucket: Bucket) -> None:
    key = fresh_name()
    late = Answer(200, error(500, "InvalidPart").body, {"Content-Type": "application/xml"})
    with (
        spoilt(bucket.server, bucket.name, times(99, "Complete", late)) as (_, fs),
        pytest.raises(e.XenonException),
    ):
        fs.write_to_file(f"/{key}", [LARGE])
    assert bucket.uploads(key) == []
    assert not bucket.has(key)


def test_an_iterator_that_raises_leaves_nothing(bucket: Bucket) -> None:
    key = fresh_name()

    def broken() -> Any:
        yield LARGE
        raise KeyError("the caller's own")

    with spoilt(bucket.server, bucket.name) as (relay, fs):
        with pytest.raises(KeyError):
            fs.write_to_file(f"/{key}", broken())
        with pytest.raises(KeyError), fs.open(f"/{key}", "wb") as stream:
            stream.write(LARGE)
            raise KeyError("the caller's own")
    assert sent(relay, "Create") == sent(relay, "Abort") == 2
    assert bucket.uploads(key) == []
    assert not bucket.has(key)


def test_closing_the_file_system_drops_what_is_being_written(bucket: Bucket) -> None:
    key = fresh_name()
    with spoilt(bucket.server, bucket.name) as (_, fs):
        stream = fs.open(f"/{key}", "wb")
        stream.write(LARGE)
        fs.close()
        with pytest.raises(e.FileSystemClosedException):
            stream.close()
    assert bucket.uploads(key) == []
    assert not bucket.has(key)


@pytest.mark.parametrize("where", ["into", "within"])
def test_a_cancelled_copy_leaves_nothing(bucket: Bucket, where: str, tmp_path: Any) -> None:
    key, source = fresh_name(), tmp_path / "large"
    source.write_bytes(LARGE)
    begun, go_on = threading.Event(), threading.Event()

    def hold(request: Request) -> Answer | None:
        if operation(request) in {"UploadPart", "Copy"}:
            begun.set()
            assert go_on.wait(20)
        return None

    with (
        spoilt(bucket.server, bucket.name, hold) as (_, fs),
        FileSystem.create("file") as here,
    ):
        if where == "into":
            copy = here.copy(str(source), fs, f"/{key}")
        else:
            copy = fs.copy(f"/{bucket.put(LARGE)}", fs, f"/{key}")
        assert begun.wait(20)
        threading.Timer(0.3, go_on.set).start()
        status = copy.cancel()
    assert isinstance(status.error, e.CopyCancelledException)
    assert bucket.uploads(key) == []
    assert not bucket.has(key)


def test_giving_up_does_not_wait_until_a_part_is_sent(bucket: Bucket) -> None:
    key = fresh_name()

    def broken() -> Any:
        yield LARGE
        raise KeyError("the caller's own")

    with Proxy(bucket.server.port, rate=5e5) as proxy:
        slow = dataclasses.replace(bucket.server, host="127.0.0.1", port=proxy.port)
        with connect(slow, bucket.name) as fs:
            begun = time.monotonic()
            with pytest.raises(KeyError):
                fs.write_to_file(f"/{key}", broken())
            assert time.monotonic() - begun < 12  # a part takes more than 16
    assert bucket.uploads(key) == []
    assert not bucket.has(key)


def test_credentials_that_expire_within_an_upload(
    bucket: Bucket, caplog: pytest.LogCaptureFixture
) -> None:
    key = fresh_name()
    expired = threading.Event()

    def spoil(request: Request) -> Answer | None:
        if operation(request) == "UploadPart" and "partNumber=2" in request.path:
            expired.set()
        return EXPIRED if expired.is_set() else None

    with (
        caplog.at_level(logging.WARNING),
        spoilt(bucket.server, bucket.name, spoil) as (_, fs),
        pytest.raises(e.AuthenticationException, match="expired"),
    ):
        fs.write_to_file(f"/{key}", [LARGE])
    assert f"the parts of '{key}' may be left on the server" in caplog.text
    for upload in bucket.uploads(key):
        bucket.client.abort_multipart_upload(Bucket=bucket.name, Key=key, UploadId=upload)


@BOTH_WAYS
def test_credentials_that_expire_within_a_download(bucket: Bucket) -> None:
    key = bucket.put(LARGE)
    with (
        spoilt(bucket.server, bucket.name, times(99, "Get", EXPIRED, after=1)) as (_, fs),
        pytest.raises(e.AuthenticationException, match="expired"),
    ):
        content(fs, key)


@pytest.mark.parametrize("data", [b"small", LARGE], ids=["small", "large"])
def test_a_new_file_whose_answer_was_lost_is_known_for_ours(bucket: Bucket, data: bytes) -> None:
    key = fresh_name()
    lost = [1]

    def lose(request: Request, answer: Answer) -> Answer:
        if operation(request) in {"Put", "Complete"} and lost[0]:
            lost[0] -= 1
            return HANG_UP
        return answer

    with spoilt(bucket.server, bucket.name, damage=lose) as (_, fs):
        fs.write_to_file(f"/{key}", [data])
    assert lost == [0]
    assert bucket.get(key) == data


def test_a_server_that_knows_no_conditions_is_written_to_without(bucket: Bucket) -> None:
    key = fresh_name()

    def spoil(request: Request) -> Answer | None:
        has_condition = "if-none-match" in {name.lower() for name in request.headers}
        return error(501, "NotImplemented") if has_condition else None

    with spoilt(bucket.server, bucket.name, spoil) as (_, fs):
        fs.write_to_file(f"/{key}", [b"data"])
    assert bucket.get(key) == b"data"


@BOTH_WAYS
def test_a_server_that_knows_no_ranges_is_read_all_the_same(bucket: Bucket) -> None:
    key = bucket.put(LARGE)

    def whole(request: Request) -> Answer | None:
        return Answer(200, LARGE, {"ETag": '"x"'}) if operation(request) == "Get" else None

    with spoilt(bucket.server, bucket.name, whole) as (_, fs):
        assert content(fs, key) == LARGE
        with fs.open(f"/{key}", "rb") as stream:
            stream.seek(10 * MIB)
            assert stream.read(100) == LARGE[10 * MIB : 10 * MIB + 100]


def test_a_server_that_refuses_ranges_without_a_word(bucket: Bucket) -> None:
    """As Ceph does for those behind the end, and so for every range of an empty object."""
    refused = times(99, "Get", error(416, "InvalidRange"))
    with spoilt(bucket.server, bucket.name, refused) as (_, fs):
        assert content(fs, bucket.put(b"")) == b""
        key = bucket.put(b"data")
        assert list(fs.read_from_file(f"/{key}", offset=4)) == []
        with pytest.raises(e.XenonException, match="416"):
            content(fs, key)


def test_a_server_that_deletes_one_by_one_only(bucket: Bucket) -> None:
    unknown = times(99, "DeleteMany", error(501, "NotImplemented"))
    with spoilt(bucket.server, bucket.name, unknown) as (_, fs):
        directory = f"/{fresh_name()}"
        fs.create_directory(directory)
        for name in ("one", "two", "with\x01control"):
            fs.write_to_file(f"{directory}/{name}", [b""])
        fs.delete(directory, recursive=True)
        assert not fs.exists(directory)


def test_one_object_of_many_that_may_not_be_deleted(bucket: Bucket) -> None:
    with spoilt(bucket.server, bucket.name) as (_, plain):
        directory = f"/{fresh_name()}"
        plain.create_directory(directory)
        plain.write_to_file(f"{directory}/kept", [b""])
    body = (
        f"<DeleteResult><Error><Key>{directory[1:]}/kept</Key><Code>AccessDenied</Code>"
        "<Message>no</Message></Error></DeleteResult>"
    )
    denied = times(2, "DeleteMany", Answer(200, body.encode()))  # the tree, then one by one
    with spoilt(bucket.server, bucket.name, denied) as (_, fs):
        with pytest.raises(e.PermissionDeniedException, match="kept"):
            fs.delete(directory, recursive=True)
        assert fs.exists(f"{directory}/kept")


def test_a_copy_of_a_source_that_changes_is_an_error(bucket: Bucket) -> None:
    key = bucket.put(b"before")

    def change(request: Request) -> None:
        if operation(request) == "Copy":
            bucket.client.put_object(Bucket=bucket.name, Key=key, Body=b"behind")

    with spoilt(bucket.server, bucket.name, change) as (_, fs):
        status = fs.copy(f"/{key}", fs, f"/{key}-copy", CopyMode.REPLACE).wait()
        assert isinstance(status.error, e.VerificationException)
        assert not fs.exists(f"/{key}-copy")


def test_parts_are_on_their_way_side_by_side(bucket: Bucket) -> None:
    key = fresh_name()
    together = threading.Barrier(3)

    def hold(request: Request) -> None:
        if operation(request) == "UploadPart":
            together.wait(20)

    with spoilt(bucket.server, bucket.name, hold) as (_, fs):
        fs.write_to_file(f"/{key}", [LARGE])
    assert bucket.get(key) == LARGE


def test_a_part_that_is_cut_on_its_way_is_sent_again(bucket: Bucket) -> None:
    """The server gets parts that are shorter than announced, and must not keep them."""
    key = fresh_name()
    with (
        Proxy(bucket.server.port) as proxy,
        connect(dataclasses.replace(bucket.server, port=proxy.port), bucket.name) as fs,
        fs.open(f"/{key}", "wb") as stream,
    ):
        proxy.cut_after = 3 * MIB
        proxy.cut()  # connections that are there know no limit
        begun = proxy.accepted
        stream.write(LARGE[: 8 * MIB])
        stream.write(LARGE[8 * MIB : 9 * MIB])  # the first part is sent
        until(lambda: proxy.accepted >= begun + 3, "the first part is cut, and sent again")
        proxy.cut_after = None
        stream.write(LARGE[9 * MIB :])
    assert bucket.get(key) == LARGE
    assert bucket.uploads(key) == []


@pytest.mark.rgw
def test_a_quota_that_is_used_up(rgw: S3Server) -> None:
    """The server itself refuses: a small file, and an upload in the midst of its parts."""
    assert rgw.limited
    user, secret = rgw.limited
    limited = dataclasses.replace(rgw, access_key=user, secret_key=secret)
    bucket = Bucket(limited, fresh_name(), client(limited))
    bucket.client.create_bucket(Bucket=bucket.name)
    with connect(limited, bucket.name) as fs:
        fs.write_to_file("/fits", [bytes(9 * MIB)])
        for key, size in (("small", 8 * MIB), ("large", 30 * MIB)):
            with pytest.raises(e.NoSpaceException):
                fs.write_to_file(f"/{key}", [bytes(size)])
            assert bucket.uploads(key) == []
            assert not bucket.has(key)
        fs.delete("/fits")
    bucket.client.delete_bucket(Bucket=bucket.name)
