"""Sends requests to one bucket, by botocore's connections; what may pass is tried again.

boto3's client takes some 2 ms of processor time for each request, most of it for finding out over
and over where the bucket is and how the answer is to be read. This is what is left without that.
Requests that are rare or complicated go through boto3's client (see ``session``).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol

from botocore import exceptions as b
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.httpsession import URLLib3Session
from urllib3.exceptions import HTTPError

from xenon_adaptors.s3_protocol.documents import document
from xenon_adaptors.s3_protocol.failures import failure, of_library
from xenon_adaptors.s3_protocol.places import Place, encoded
from xenon_adaptors.s3_protocol.signing import Signer, query_text
from xenon_py.exceptions import ConnectionLostException, InvalidLocationException, XenonException
from xenon_py.plugin.greetings import foreign_greeting

_PAUSES = (0.2, 0.5, 1.0)  # seconds, before each further try
_PASSING = {429, 500, 502, 503, 504}
_OF_OBJECTS = {"GET", "HEAD", "PUT"}
_LONGEST = 64 * 1024 * 1024  # of an answer that is not the content of an object
_LONGEST_ERROR = 64 * 1024
_NO_HEADERS: Mapping[str, str] = {}
_log = logging.getLogger(__name__)


class Pieces(Protocol):
    """The body of an answer, while it arrives."""

    def read(self, size: int, /) -> bytes: ...  # noqa: D102
    def close(self) -> None: ...  # noqa: D102


class Body(Protocol):
    """The body of a request, in pieces, which may be asked for again."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[bytes | bytearray]: ...


class Answer(NamedTuple):
    """What the server answered.

    Attributes:
        status: of HTTP.
        headers: names in any case.
        body: whole; empty where ``stream`` is given.
        stream: the body of a good answer, where that was asked for; to be closed.
        tries: how often the request was sent; above 1 an earlier one may have had its effect.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    stream: Pieces | None
    tries: int


class Wire:
    """Requests about one bucket; may be used from several threads at once.

    Args:
        place: the bucket.
        signer: signs; ``None`` = anonymous.
        http: connections.

    Attributes:
        http: as given.
    """

    def __init__(self, place: Place, signer: Signer | None, http: URLLib3Session) -> None:
        self._url = place.url
        start = self._url.find("/", self._url.index("://") + 3)
        self._path = "" if start < 0 else self._url[start:]
        self._signer = signer
        self.http = http

    def send(
        self,
        method: str,
        key: str = "",
        *,
        query: Mapping[str, str] = _NO_HEADERS,
        headers: Mapping[str, str] = _NO_HEADERS,
        body: bytes | Body = b"",
        stream: bool = False,
    ) -> Answer:
        """Send a request, up to four times, and return its answer, a bad one too.

        Args:
            method: of HTTP.
            key: of the object; empty = the bucket.
            query: names and values, not encoded.
            headers: names in small letters.
            body: whole, or in pieces; the digest of the latter is not signed.
            stream: leave the body of a good answer unread.

        Raises:
            NotConnectedException: no answer.
            XenonException: one that does not end.
        """
        for tries, pause in enumerate((*_PAUSES, None), 1):
            try:
                answer = self._send(method, key, query_text(query), headers, body, stream, tries)
            except b.HTTPClientError as error:
                if pause is None or _is_lasting(error):
                    raise of_library(error, f"/{key}") from error
                _log.info(
                    "%s /%s is sent again, as the connection was lost: %s", method, key, error
                )
            except b.BotoCoreError as error:
                raise of_library(error, f"/{key}") from error
            else:
                if pause is None or answer.status not in _PASSING:
                    return answer
                _log.info("%s /%s is sent again after status %d", method, key, answer.status)
            time.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def _send(
        self,
        method: str,
        key: str,
        query: str,
        headers: Mapping[str, str],
        body: bytes | Body,
        stream: bool,
        tries: int,
    ) -> Answer:
        path = f"{self._path}/{encoded(key)}"
        whole = body if isinstance(body, bytes) else None
        signed: dict[str, str | bytes] = {**headers}
        if self._signer is not None:
            signed.update(self._signer.sign(method, path, query, headers, whole))
        if whole is None:  # a refusal comes before the body is sent in vain
            signed |= {"Content-Length": str(len(body)), "Expect": b"100-continue"}
        url = f"{self._url}/{encoded(key)}{'?' + query if query else ''}"
        request = AWSPreparedRequest(method, url, HeadersDict(signed), body, stream_output=True)
        response: AWSResponse = self.http.send(request)
        if key and method in _OF_OBJECTS and response.status_code in {200, 206}:
            _require_object(response, key)
        if stream and response.status_code in {200, 206}:
            return Answer(response.status_code, response.headers, b"", response.raw, tries)
        content = _content(response, method)
        return Answer(response.status_code, response.headers, content, None, tries)

    def expect(self, answer: Answer, path: str, *good: int) -> Answer:
        """Return an answer that has one of the statuses.

        Raises:
            XenonException: what the answer says otherwise.
        """
        if answer.status in good:
            return answer
        if answer.stream is not None:
            answer.stream.close()
        raise refusal(answer, path)

    def close(self) -> None:
        """Close the connections."""
        self.http.close()


def _is_lasting(error: b.HTTPClientError) -> bool:
    """Tell whether another try would meet the same error."""
    known = isinstance(error, (b.SSLError, b.EndpointConnectionError))
    return known or bool(foreign_greeting(error))


def _require_object(response: AWSResponse, key: str) -> None:
    """Check that a good answer about an object is one of S3: a login page is no stored file.

    Raises:
        XenonException: it has no ETag, which every answer about an object has.
    """
    if "etag" not in response.headers:
        response.raw.close()
        raise XenonException.because(
            f"the server does not answer as S3 does, but as a web server with a page: '/{key}'",
            path=f"/{key}",
        )


def _content(response: AWSResponse, method: str) -> bytes:
    """Return the whole body.

    Raises:
        ConnectionClosedError: it is shorter than announced.
    """
    try:
        content: bytes = response.raw.read(_LONGEST + 1)
    except (HTTPError, OSError) as error:
        raise b.HTTPClientError(error=error) from error
    if len(content) > _LONGEST:
        response.raw.close()
        raise XenonException.because("the server's answer is too long to be one to this question")
    announced = response.headers.get("content-length", "")
    if method != "HEAD" and announced.isdigit() and len(content) < int(announced):
        raise b.HTTPClientError(error=f"{len(content)} of {announced} bytes arrived")
    return content


def refusal(answer: Answer, path: str) -> XenonException:
    """Return the exception for an answer that is not what was hoped for."""
    code, message = _told(answer.body)
    region = answer.headers.get("x-amz-bucket-region", "") if 300 <= answer.status < 400 else ""
    return failure(
        code or str(answer.status), path, status=answer.status, message=message, region=region
    )


def is_web_page(answer: Answer) -> bool:
    """Tell whether a web server answers that knows nothing of S3, whose documents are XML.

    What a proxy says of a server that is away is not meant.
    """
    kind = answer.headers.get("content-type", "")
    return kind.startswith("text/html") and answer.status not in _PASSING


def no_s3(answer: Answer, endpoint: str) -> XenonException:
    """Return the exception for the answer of such a server."""
    return InvalidLocationException.because(
        f"no S3 is spoken at {endpoint}: asked for a listing, the server answers with a web page "
        f"(status {answer.status}, text/html), where S3 sends XML; is the location right?"
    )


def _told(body: bytes) -> tuple[str, str]:
    """Return code and message of an error document; empty where it is none."""
    if len(body) > _LONGEST_ERROR:
        return "", ""
    try:
        root = document(body, "Error")
    except XenonException:
        return "", ""
    return (root.findtext("{*}Code") or "", root.findtext("{*}Message") or "")


def cut_short(path: str, error: object) -> ConnectionLostException:
    """Return the exception for a body that ended before its announced length."""
    return ConnectionLostException.because(
        f"the connection was lost within the object: {path!r} ({error})", path=path
    )
