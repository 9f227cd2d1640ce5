"""S3 servers that lie and redirect: nothing is believed, no secret leaks."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.certificates import certificate
from services.records import S3Server
from support.s3 import shared_bucket
from support.s3_faults import operation, spoilt
from support.scripted_http import SECRET, Answer, Request, Script, serving
from xenon_py import FileSystem, PasswordCredential
from xenon_py import exceptions as e
from xenon_py.testing.harness import everything_told, fresh_name

ETAG = {"ETag": '"8d777f385d3dfec8815d20f7496026dc"'}
EMPTY = Answer(200, b"<ListBucketResult></ListBucketResult>")
CALLS: dict[str, Callable[[FileSystem], object]] = {
    "List": lambda fs: list(fs.list("/", False)),
    "Get": lambda fs: b"".join(fs.read_from_file("/file")),
    "Head": lambda fs: fs.get_attributes("/file"),
    "Put": lambda fs: fs.write_to_file("/new", [b"data"]),
    "Create": lambda fs: fs.write_to_file("/new", [bytes(9 << 20)]),
    "Delete": lambda fs: fs.delete("/file"),
}


def usual(request: Request) -> Answer:
    """A bucket that holds one file."""
    what = operation(request)
    if what == "Head":
        there = request.path.endswith("/file")
        return Answer(200, b"", {"Content-Length": "4", **ETAG}) if there else Answer(404)
    return {"List": EMPTY, "Get": Answer(200, b"data", ETAG)}.get(what, Answer(200, b"", ETAG))


def connected(port: int) -> FileSystem:
    return FileSystem.create(
        "s3",
        f"http://127.0.0.1:{port}/bucket",
        password_credential=PasswordCredential(username="key", password=SECRET),
    )


def answering(what: str, answer: Answer) -> Script:
    """Answer so, but to the question with which a file system begins."""

    def script(request: Request) -> Answer:
        is_first = "max-keys=1" in request.path and "prefix=&" in f"{request.path}&"
        return answer if operation(request) == what and not is_first else usual(request)

    return script


def redirecting(what: str, status: int, port: int) -> Script:
    headers = {
        "Location": f"http://127.0.0.1:{port}/bucket/file",
        "x-amz-bucket-region": "eu-north-1",
    }
    return answering(what, Answer(status, b"", headers))


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("what", CALLS)
def test_redirects_are_not_followed(what: str, status: int) -> None:
    with (
        serving(usual) as other,
        serving(redirecting(what, status, other.port)) as server,
        connected(server.port) as fs,
        pytest.raises(e.XenonException) as caught,
    ):
        CALLS[what](fs)
    assert operation(server.requests[-1]) in {what, "List"}  # a look for the reason
    assert SECRET not in everything_told(caught.value)
    assert other.requests == []


def test_the_region_of_a_bucket_is_told() -> None:
    answer = Answer(
        301,
        b"<Error><Code>PermanentRedirect</Code></Error>",
        {"x-amz-bucket-region": "eu-north-1"},
    )
    with (
        serving(lambda _: answer) as server,
        pytest.raises(e.InvalidLocationException, match="eu-north-1"),
    ):
        connected(server.port)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Please log in</body></html>",
        b"<ListBucketResult><Contents>",
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]><ListBucketResult>&a;</ListBucketResult>',
        b"<ListBucketResult><Contents><Key>x</Key><Size>-1</Size></Contents></ListBucketResult>",
    ],
    ids=["empty", "login-page", "cut", "entities", "negative-size"],
)
def test_what_is_no_listing_is_no_empty_directory(body: bytes) -> None:
    with serving(answering("List", Answer(200, body))) as server, connected(server.port) as fs:
        with pytest.raises(e.XenonException):
            list(fs.list("/", False))
        with pytest.raises(e.XenonException):
            fs.exists("/missing")


_ENTRY = "<ListBucketResult><Contents><Key>x</Key>{}</Contents></ListBucketResult>"
_BOMB = '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE x [<!ENTITY a "aa">]>' + _ENTRY


@pytest.mark.parametrize(
    "body",
    [
        _ENTRY.format("<Size>\u00b2</Size>").encode(),
        _ENTRY.format(f"<Size>{'9' * 5000}</Size>").encode(),
        b'<?xml version="1.0" encoding="no-such"?><ListBucketResult/>',
        _BOMB.format("<Size>1</Size>").encode("utf-16"),
    ],
    ids=["superscript", "endless-number", "encoding", "hidden-entities"],
)
def test_odd_listings_are_refused(body: bytes) -> None:
    answer = Answer(200, body)
    with (
        serving(answering("List", answer)) as server,
        connected(server.port) as fs,
        pytest.raises(e.XenonException),
    ):
        list(fs.list("/", False))


def test_times_that_cannot_be_are_unknown() -> None:
    body = _ENTRY.format("<Size>1</Size><LastModified>2026-99-01T00:00:00Z</LastModified>")
    answer = Answer(200, body.encode())
    with serving(answering("List", answer)) as server, connected(server.port) as fs:
        assert [one.last_modified_time for one in fs.list("/", False)] == [0]


def _copied(fs: FileSystem) -> None:
    status = fs.copy("/file", fs, "/new").wait(60_000)
    if status.error is not None:
        raise status.error


@pytest.mark.parametrize("what", [*CALLS, "UploadPart", "Complete", "Copy", "DeleteMany"])
def test_a_login_page_is_no_success(what: str) -> None:
    """Nothing counts as stored, read or removed because a web server sends some page."""
    page = Answer(200, b"<html><body>Please log in</body></html>", {"Content-Type": "text/html"})
    created = Answer(200, b"<R><UploadId>1</UploadId></R>")
    listed = Answer(200, _ENTRY.format("<Size>1</Size>").encode())

    def script(request: Request) -> Answer:
        if what in {"UploadPart", "Complete"} and operation(request) == "Create":
            return created
        if what == "DeleteMany" and operation(request) == "List":
            return listed
        return answering(what, page)(request)

    calls = {
        **CALLS,
        "UploadPart": CALLS["Create"],
        "Complete": CALLS["Create"],
        "Copy": _copied,
        "DeleteMany": lambda fs: fs.delete("/tree", recursive=True),
    }
    with (
        serving(script) as server,
        connected(server.port) as fs,
        pytest.raises(e.XenonException),
    ):
        calls[what](fs)


def test_a_listing_that_goes_round_in_circles() -> None:
    page = (
        b"<ListBucketResult><IsTruncated>true</IsTruncated>"
        b"<NextContinuationToken>again</NextContinuationToken></ListBucketResult>"
    )
    with (
        serving(answering("List", Answer(200, page))) as server,
        connected(server.port) as fs,
        pytest.raises(e.XenonException, match="same page"),
    ):
        list(fs.list("/", False))


KEYS = ["../evil", "..", "d//evil", "/evil", "d/../../evil", ".", "d/./evil", "d/.."]


def as_page(key: str, prefix: str) -> bytes:
    """What S3 answers when it holds that one key."""
    rest = key[len(prefix) :] if key.startswith(prefix) else None
    if rest is None:
        entry = ""
    elif "/" in rest:
        below = prefix + rest.split("/")[0] + "/"
        entry = f"<CommonPrefixes><Prefix>{below}</Prefix></CommonPrefixes>"
    else:
        entry = f"<Contents><Key>{key}</Key><Size>4</Size></Contents>"
    return f"<ListBucketResult>{entry}</ListBucketResult>".encode()


@pytest.mark.parametrize("key", KEYS)
def test_keys_that_lead_out_are_refused(key: str, tmp_path: Path) -> None:
    def script(request: Request) -> Answer:
        if operation(request) == "List" and "delimiter" in request.path:
            prefix = "d/" if "prefix=d%2F" in request.path else ""
            return Answer(200, as_page(key, prefix))
        if operation(request) == "List":
            found = b"<Contents><Key>d/</Key><Size>0</Size></Contents>"
            return Answer(200, b"<ListBucketResult>" + found + b"</ListBucketResult>")
        return Answer(404) if operation(request) == "Head" else usual(request)

    with serving(script) as server, connected(server.port) as fs:
        with pytest.raises(e.InvalidPathException):
            fs.list("/", True)
        with FileSystem.create("file") as here:
            (tmp_path / "inner").mkdir()
            status = fs.copy("/", here, str(tmp_path / "inner" / "copy"), recursive=True).wait()
            assert isinstance(status.error, e.InvalidPathException)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.fixture
def tls_relay(s3: S3Server) -> Iterator[tuple[int, str]]:
    """The real server behind a certificate that nobody vouches for; its port, and a bucket."""
    bucket = shared_bucket(s3)
    made = certificate()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    with spoilt(s3, bucket) as (relay, _):
        relay._server.socket = context.wrap_socket(relay._server.socket, server_side=True)
        yield relay.port, bucket


def test_certificates_are_verified(
    s3: S3Server, tls_relay: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    port, bucket = tls_relay
    credential = PasswordCredential(username=s3.access_key, password=s3.secret_key)
    location = f"https://127.0.0.1:{port}/{bucket}"
    with pytest.raises(e.NotConnectedException, match="certificate"):
        FileSystem.create("s3", location, password_credential=credential)
    trusting = {"s3.caFile": str(certificate().certificate)}
    with FileSystem.create("s3", location, trusting, password_credential=credential) as fs:
        path = f"/{fresh_name()}"
        fs.write_to_file(path, [bytes(9 << 20)])
        assert len(b"".join(fs.read_from_file(path))) == 9 << 20
        fs.delete(path)


def test_the_secret_is_in_no_log(s3: S3Server, caplog: pytest.LogCaptureFixture) -> None:
    path = f"/{fresh_name()}"
    with caplog.at_level(logging.DEBUG), spoilt(s3, shared_bucket(s3)) as (relay, fs):
        fs.write_to_file(path, [bytes(9 << 20)])
        fs.copy(path, fs, f"{path}-copy").wait()
        fs.delete(path)
        fs.delete(f"{path}-copy")
    assert s3.secret_key not in caplog.text
    assert not any(s3.secret_key in repr(one.headers) + one.path for one in relay.requests)
