"""S3 without a server: locations, keys, signatures, pages, errors, sizes of parts."""

from __future__ import annotations

import datetime
from concurrent.futures import CancelledError
from types import SimpleNamespace
from unittest import mock

import boto3
import pytest
from botocore import exceptions as b
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st

from xenon_adaptors.s3_protocol import writer
from xenon_adaptors.s3_protocol.failures import failure, of_library
from xenon_adaptors.s3_protocol.listing import milliseconds, parse_page
from xenon_adaptors.s3_protocol.places import Place, encoded, key_of, place_of, prefix_of
from xenon_adaptors.s3_protocol.signing import Signer, query_text
from xenon_adaptors.s3_protocol.writer import PartBody, part_size
from xenon_py import exceptions as e
from xenon_py.model.location import LocationForm, parse_location
from xenon_py.plugin.filesystem import FileKind

MIB = 1 << 20


def place(text: str) -> Place:
    return place_of(parse_location(text, LocationForm.HTTP))


@pytest.mark.parametrize(
    ("location", "url", "directory", "region"),
    [
        ("http://127.0.0.1:8333/data", "http://127.0.0.1:8333/data", "/", ""),
        ("https://s3.example.org/data/", "https://s3.example.org/data", "/", ""),
        ("https://S3.Example.org/data/a/b", "https://s3.example.org/data", "/a/b", ""),
        ("http://[::1]:9000/data/a%20b", "http://[::1]:9000/data", "/a b", ""),
        (
            "https://s3.eu-west-1.amazonaws.com/data/a",
            "https://data.s3.eu-west-1.amazonaws.com",
            "/a",
            "eu-west-1",
        ),
        ("https://s3.amazonaws.com/data", "https://data.s3.amazonaws.com", "/", "us-east-1"),
        (
            "https://s3-us-west-2.amazonaws.com/data",
            "https://data.s3-us-west-2.amazonaws.com",
            "/",
            "us-west-2",
        ),
        (
            "https://s3.us-gov-west-1.amazonaws.com/data",
            "https://data.s3.us-gov-west-1.amazonaws.com",
            "/",
            "us-gov-west-1",
        ),
        (
            "https://s3.dualstack.eu-central-1.amazonaws.com/data",
            "https://data.s3.dualstack.eu-central-1.amazonaws.com",
            "/",
            "eu-central-1",
        ),
        (
            "https://s3-fips.us-east-2.amazonaws.com/data",
            "https://data.s3-fips.us-east-2.amazonaws.com",
            "/",
            "us-east-2",
        ),
        (
            "https://s3.cn-north-1.amazonaws.com.cn/data",
            "https://data.s3.cn-north-1.amazonaws.com.cn",
            "/",
            "cn-north-1",
        ),
        (
            "https://s3.eu-west-1.amazonaws.com/with.dots",
            "https://s3.eu-west-1.amazonaws.com/with.dots",
            "/",
            "eu-west-1",
        ),
    ],
)
def test_places(location: str, url: str, directory: str, region: str) -> None:
    found = place(location)
    assert (found.url, found.directory, found.region) == (url, directory, region)


@pytest.mark.parametrize(
    ("location", "hint"),
    [
        ("https://host", "bucket"),
        ("https://host/", "bucket"),
        ("https://host/..", "bucket"),
        ("https://key@host/data", "PasswordCredential"),
        (
            "https://data.s3.eu-west-1.amazonaws.com/a",
            "https://s3.eu-west-1.amazonaws.com/data",
        ),
    ],
)
def test_places_that_cannot_be(location: str, hint: str) -> None:
    with pytest.raises(e.InvalidLocationException, match=hint):
        place(location)


@pytest.mark.parametrize(
    "location", ["https://s3.eu-west-1.amazonaws.com/data", "https://s3.example.org/data"]
)
def test_boto3_asks_at_the_same_address(location: str) -> None:
    there = place(location)
    client = boto3.client(
        "s3",
        endpoint_url=there.endpoint,
        region_name=there.region or "us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        config=Config(s3={"addressing_style": "virtual" if there.virtual else "path"}),
    )
    urls = []

    def catch(request: AWSRequest, **_: object) -> object:
        urls.append(request.url)
        return SimpleNamespace(status_code=200, headers={}, content=b"", raw=None)

    client.meta.events.register("before-send.s3.HeadObject", catch)
    client.head_object(Bucket="data", Key="a b")
    client.close()
    assert urls == [f"{there.url}/{encoded('a b')}"]


def test_keys() -> None:
    assert key_of("/a/b c") == "a/b c"
    assert prefix_of("/") == ""
    assert prefix_of("/a/b") == "a/b/"
    assert encoded("a b/é+%?#~") == "a%20b/%C3%A9%2B%25%3F%23~"
    with pytest.raises(e.InvalidPathException, match="UTF-8"):
        key_of("/caf\udce9")


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@settings(deadline=None)
@given(
    key=texts,
    query=st.dictionaries(texts, texts, max_size=3),
    body=st.none() | st.binary(max_size=50),
)
def test_signatures_are_those_of_botocore(
    key: str, query: dict[str, str], body: bytes | None
) -> None:
    now = datetime.datetime(2026, 1, 31, 23, 59, 58, tzinfo=datetime.timezone.utc)
    keys = SimpleNamespace(access_key="AKIA", secret_key="secret/+", token="to/ken==")
    text = query_text(query)
    url = f"https://host.example:8443/bucket/{encoded(key)}" + (f"?{text}" if text else "")
    headers = {"if-none-match": "*", "content-md5": "d29ycmllcyBub2JvZHkhIQ=="}
    request = AWSRequest("PUT", url, {**headers, "host": "host.example:8443"}, body or b"")
    signs_body = Config(s3={"payload_signing_enabled": body is not None})
    request.context["client_config"] = signs_body
    with (
        mock.patch("botocore.auth.get_current_datetime", return_value=now),
        mock.patch("time.gmtime", return_value=now.timetuple()),
    ):
        S3SigV4Auth(keys, "s3", "eu-west-1").add_auth(request)
        ours = Signer(lambda: keys, "host.example:8443", "eu-west-1").sign(
            "PUT", f"/bucket/{encoded(key)}", text, headers, body
        )
    assert ours["authorization"] == request.headers["Authorization"]
    assert ours["x-amz-content-sha256"] == request.headers["X-Amz-Content-SHA256"]


def test_renewed_credentials_are_used_at_once() -> None:
    keys = SimpleNamespace(access_key="one", secret_key="1", token=None)
    signer = Signer(lambda: keys, "host", "us-east-1")
    first = signer.sign("GET", "/", "", {}, b"")["authorization"]
    keys.secret_key = "2"
    assert signer.sign("GET", "/", "", {}, b"")["authorization"] != first


HEAD = '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
ONE = (
    "<Contents><Key>{}</Key><LastModified>2026-01-31T23:59:58.123Z</LastModified>"
    "<Size>{}</Size></Contents>"
)
BELOW = "<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>"


def page(*entries: str, head: str = HEAD, more: str = "") -> bytes:
    return f"{head}{''.join(entries)}{more}</ListBucketResult>".encode()


def test_a_page() -> None:
    body = page(ONE.format("d/", 0), ONE.format("d/file", 7), BELOW.format("d/sub/"))
    found = parse_page(body, "d/")
    assert [(one.name, one.kind, one.size) for one in found.entries] == [
        ("file", FileKind.FILE, 7),
        ("sub", FileKind.DIRECTORY, 0),
    ]
    assert found.entries[0].mtime == 1769903998123
    assert found.is_there
    assert found.token == ""


def test_a_page_without_namespace_and_with_encoded_names() -> None:
    head = "<ListBucketResult><EncodingType>url</EncodingType>"
    body = page(ONE.format("a+b%2Bc%0A%01", 1), head=head)
    assert [one.name for one in parse_page(body, "").entries] == ["a b+c\n\x01"]
    plain = page(ONE.format("a+b%2B", 1), head="<ListBucketResult>")
    assert [one.name for one in parse_page(plain, "").entries] == ["a+b%2B"]


def test_what_xml_cannot_hold_beside_encoded_names() -> None:
    """Ceph repeats the prefix, and tells the token, as they are."""
    head = "<ListBucketResult><EncodingType>url</EncodingType><Prefix>d/&#x07;&#x1b;/</Prefix>"
    more = (
        "<IsTruncated>true</IsTruncated>"
        "<NextContinuationToken>d/&#x07;&#x1B;/&amp;&#x1;</NextContinuationToken>"
    )
    body = page(ONE.format("d/%07%1B/%01", 1), more=more, head=head)
    found = parse_page(body, "d/\a\x1b/")
    assert [one.name for one in found.entries] == ["\x01"]
    assert found.token == "d/\a\x1b/&\x01"
    with pytest.raises(e.XenonException, match="cannot be read"):
        parse_page(body.replace(b"<EncodingType>url</EncodingType>", b""), "d/")


def test_an_empty_page_and_further_pages() -> None:
    assert not parse_page(page(), "d/").is_there
    more = "<IsTruncated>true</IsTruncated><NextContinuationToken>t=</NextContinuationToken>"
    assert parse_page(page(more=more), "").token == "t="
    with pytest.raises(e.XenonException, match="breaks off"):
        parse_page(page(more="<IsTruncated>true</IsTruncated>"), "")


@pytest.mark.parametrize(
    ("entry", "prefix"),
    [
        (BELOW.format("a//"), "a/"),
        (BELOW.format("a/../"), "a/"),
        (BELOW.format("a/./"), "a/"),
        (BELOW.format("/"), ""),
        (ONE.format("a/..", 1), "a/"),
        (ONE.format("..", 1), ""),
        (ONE.format("a/.", 1), "a/"),
    ],
)
def test_keys_that_are_no_paths_are_handed_on_for_refusal(entry: str, prefix: str) -> None:
    (found,) = parse_page(page(entry), prefix).entries
    assert "/" in found.name


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Log in</body></html>",
        b"{}",
        page()[:-5],
        b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + page(ONE.format("&a;", 1)),
        page(ONE.format("elsewhere/file", 1)),
        page(ONE.format("d/file", "many")),
        page(ONE.format("d/file", -1)),
    ],
)
def test_what_is_no_page(body: bytes) -> None:
    with pytest.raises(e.XenonException):
        parse_page(body, "d/")


@pytest.mark.parametrize("text", ["", "yesterday", "2026-01-31", "2026-01-31T23:59:58+01:00"])
def test_times_that_are_not_understood_are_unknown(text: str) -> None:
    assert milliseconds(text) == 0


def test_sizes_of_parts() -> None:
    assert part_size(1, None) == part_size(1000, None) == writer.PART
    assert part_size(1001, None) == 2 * writer.PART
    most = sum(1000 * part_size(1 + 1000 * n, None) for n in range(10))
    assert most >= 5 * 1024**4
    assert part_size(7, 100 * MIB) == writer.PART
    whole = 5 * 1024**4
    assert part_size(1, whole) * writer.MAX_PARTS >= whole


@settings(deadline=None)
@given(pieces=st.lists(st.binary(max_size=200_000), max_size=6))
def test_a_part_is_what_was_gathered(pieces: list[bytes]) -> None:
    body = PartBody(lambda: False)
    for piece in pieces:
        body.gather(piece)
    whole = b"".join(pieces)
    for _ in range(2):
        assert b"".join(body) == whole
    assert len(body) == len(whole)
    assert body.whole() == whole


def test_a_part_keeps_nothing_of_the_callers_buffer() -> None:
    body, data = PartBody(lambda: False), bytearray(b"x" * 100_000)
    body.gather(memoryview(data))
    data[:] = b"y" * len(data)
    assert body.whole() == b"x" * 100_000


def test_a_part_that_is_given_up_is_not_sent_on() -> None:
    given_up = False
    body = PartBody(lambda: given_up)
    for _ in range(100):
        body.gather(bytes(60_000))
    pieces = iter(body)
    assert len(next(pieces)) < 2 * MIB  # who gives up waits for no more
    given_up = True
    with pytest.raises(CancelledError):
        next(pieces)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("NoSuchKey", 404, e.NoSuchPathException),
        ("NoSuchBucket", 404, e.NoSuchPathException),
        ("404", 404, e.NoSuchPathException),
        ("AccessDenied", 403, e.PermissionDeniedException),
        ("InvalidAccessKeyId", 403, e.AuthenticationException),
        ("SignatureDoesNotMatch", 403, e.AuthenticationException),
        ("ExpiredToken", 400, e.AuthenticationException),
        ("RequestTimeTooSkewed", 403, e.AuthenticationException),
        ("SomethingNew", 403, e.PermissionDeniedException),
        ("PermanentRedirect", 301, e.InvalidLocationException),
        ("KeyTooLongError", 400, e.InvalidPathException),
        ("QuotaExceeded", 403, e.NoSpaceException),
        ("507", 507, e.NoSpaceException),
        ("BadDigest", 400, e.VerificationException),
        ("NotImplemented", 501, e.UnsupportedOperationException),
        ("SlowDown", 503, e.XenonException),
        ("NeverHeardOf", 400, e.XenonException),
    ],
)
def test_codes(code: str, status: int, kind: type[Exception]) -> None:
    found = failure(code, "/a", status=status, message="told so")
    assert type(found) is kind
    assert code in str(found)
    answer = {
        "Error": {"Code": code, "Message": "told so"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    assert type(of_library(b.ClientError(answer, "PutObject"), "/a")) is kind


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (b.ProfileNotFound(profile="p"), e.CredentialNotFoundException),
        (b.NoCredentialsError(), e.AuthenticationException),
        (b.SSLError(endpoint_url="u", error="x"), e.NotConnectedException),
        (b.EndpointConnectionError(endpoint_url="u"), e.NotConnectedException),
        (b.ConnectTimeoutError(endpoint_url="u"), e.NotConnectedException),
        (b.ReadTimeoutError(endpoint_url="u"), e.ConnectionLostException),
        (b.ConnectionClosedError(endpoint_url="u"), e.ConnectionLostException),
        (b.CredentialRetrievalError(provider="p", error_msg="x"), e.AuthenticationException),
        (b.BotoCoreError(), e.XenonException),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, Exception) else "",
)
def test_errors_of_the_library(error: Exception, kind: type[Exception]) -> None:
    assert type(of_library(error, "/a")) is kind
