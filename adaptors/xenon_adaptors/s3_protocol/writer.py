"""A file that is being written: one PUT if it is small, else parts, several of them at a time.

Nothing is seen under its key before ``close``, which completes it. Whatever ends otherwise aborts
the upload, so that the server keeps no parts, which would cost money and show nowhere.
"""

from __future__ import annotations

import base64
import collections
import hashlib
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from concurrent.futures import wait as wait_for
from typing import Any

from botocore import exceptions as b
from botocore.parsers import ResponseParserError

from xenon_adaptors.s3_protocol.failures import of_library, told, translated
from xenon_adaptors.s3_protocol.wire import Wire, refusal
from xenon_py.exceptions import PathAlreadyExistsException
from xenon_py.plugin.filesystem import Buffer

PART = 8 * 1024 * 1024
"""Bytes of a part, and of the largest file that goes by one PUT."""

AT_ONCE = 4
"""Parts of one file that are on their way at a time; with the one being filled all that is kept."""

MAX_PARTS = 10_000
_GROW_EVERY = 1000
_PIECE = 1024 * 1024  # who gives up waits until one of these is sent
_SMALL_PIECE = 64 * 1024
_log = logging.getLogger(__name__)


class PartBody:
    """What is gathered for one request, sent piece by piece without being put together.

    Args:
        given_up: tells whether sending is to stop.

    Attributes:
        pieces: what was gathered.
    """

    def __init__(self, given_up: Callable[[], bool]) -> None:
        self._given_up = given_up
        self.pieces: list[bytes | bytearray] = []
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def gather(self, data: Buffer) -> None:
        """Add bytes; small pieces are copied together."""
        self._size += len(data)
        last = self.pieces[-1] if self.pieces else b""
        if len(data) >= _SMALL_PIECE:
            self.pieces.append(bytes(data))  # no copy where it is bytes already
        elif isinstance(last, bytearray) and len(last) < _PIECE:
            last += data
        else:
            self.pieces.append(bytearray(data))

    def whole(self) -> bytes:
        """Return all of it."""
        return b"".join(self.pieces)

    def __iter__(self) -> Iterator[bytes | bytearray]:
        for piece in self.pieces:
            if self._given_up():
                raise CancelledError("the file was given up")  # botocore lets it through
            yield piece


def part_size(number: int, size: int | None, least: int = PART) -> int:
    """Return the bytes of a part, such that 10,000 parts are enough.

    Where the size is not known, the parts become twice as large every 1,000 parts: that is more
    than the 5 TiB that an object may have. Else all are alike.

    Args:
        number: of the part, from 1.
        size: of the whole file in bytes, or ``None``.
        least: bytes of the smallest part.
    """
    if size is None:
        return least << ((number - 1) // _GROW_EVERY)
    return max(least, -(-size // MAX_PARTS))


def md5_of(*pieces: Buffer) -> str:
    """Return the header ``Content-MD5``: not all servers look at the digest that is signed."""
    digest = hashlib.md5(usedforsecurity=False)
    for piece in pieces:
        digest.update(piece)
    return base64.b64encode(digest.digest()).decode()


class S3Writer:
    """Writes one object.

    Args:
        wire: sends small files and parts.
        client: returns boto3's client, which begins and ends the upload of a large one.
        bucket: its name.
        key: of the object.
        exclusive: fail where there is an object already.
        size: number of bytes that are expected, by which the parts are cut, or ``None``.
        executor: sends parts.
    """

    def __init__(
        self,
        wire: Wire,
        client: Callable[[], Any],
        bucket: str,
        key: str,
        *,
        exclusive: bool,
        size: int | None,
        executor: Executor,
    ) -> None:
        self._wire = wire
        self._client = client
        self._names = {"Bucket": bucket, "Key": key}
        self._key = key
        self._path = f"/{key}"
        self._exclusive = exclusive
        self._size = size
        self._executor = executor
        self._upload = ""
        self._given_up = False
        self._closed = False
        self._etags: list[str] = []
        self._sending: collections.deque[Future[str]] = collections.deque()
        self._numbers = 0
        self._body = PartBody(lambda: self._given_up)

    def write(self, data: Buffer, /) -> None:
        """Take all of ``data``.

        Raises:
            XenonException: a part could not be sent.
        """
        view = memoryview(data)
        while view:
            room = part_size(self._numbers + 1, self._size) - len(self._body)
            if not room:
                self._send()
                continue
            size = min(room, _PIECE)
            self._body.gather(data if len(data) == len(view) <= size else view[:size])
            view = view[size:]

    def _send(self) -> None:
        """Send what is gathered as a part, once there are few enough on their way."""
        if not self._upload:
            with translated(self._path):
                made = self._client().create_multipart_upload(**self._names)
            self._upload = told(made, "UploadId", self._path)
        while len(self._sending) >= AT_ONCE:
            self._etags.append(self._sending[0].result())
            self._sending.popleft()
        self._numbers += 1
        body, self._body = self._body, PartBody(lambda: self._given_up)
        self._sending.append(self._executor.submit(self._send_part, self._numbers, body))

    def _send_part(self, number: int, body: PartBody) -> str:
        answer = self._wire.send(
            "PUT",
            self._key,
            query={"partNumber": str(number), "uploadId": self._upload},
            headers={"content-md5": md5_of(*body.pieces)},
            body=body,
        )
        if answer.status != 200:
            raise refusal(answer, self._path)
        return answer.headers["etag"]

    def close(self) -> None:
        """Send the rest, and let the file appear."""
        if self._closed:
            return
        try:
            if self._upload:
                self._complete()
            else:
                put(self._wire, self._key, self._body.whole(), exclusive=self._exclusive)
        except BaseException:
            self.abort()
            raise
        self._closed = True

    def _complete(self) -> None:
        if len(self._body):
            self._send()
        while self._sending:
            self._etags.append(self._sending[0].result())
            self._sending.popleft()
        parts = [{"PartNumber": n, "ETag": etag} for n, etag in enumerate(self._etags, 1)]
        condition = {"IfNoneMatch": "*"} if self._exclusive else {}
        try:
            answer = self._client().complete_multipart_upload(
                **self._names,
                **condition,
                UploadId=self._upload,
                MultipartUpload={"Parts": parts},
            )
            told(answer, "ETag", self._path)
        except (b.ClientError, b.BotoCoreError, ResponseParserError) as error:
            if self._is_complete():
                return
            if _status(error) == 412:
                raise already_there(self._path) from error
            raise of_library(error, self._path) from error

    def _is_complete(self) -> bool:
        """Tell whether the upload took place although its answer was lost or came twice."""
        answer = self._wire.send("HEAD", self._key)
        try:
            digests = [bytes.fromhex(etag.strip('"')) for etag in self._etags]
        except ValueError:
            return False
        whole = hashlib.md5(b"".join(digests), usedforsecurity=False).hexdigest()
        return answer.headers.get("etag", "").strip('"') == f"{whole}-{len(digests)}"

    def abort(self) -> None:
        """Give up; the server drops what it got."""
        if self._closed:
            return
        self._closed = self._given_up = True
        for one in self._sending:
            one.cancel()
        wait_for(self._sending)  # a part that arrives after the abort would stay for ever
        self._sending.clear()
        if self._upload:
            abort_upload(self._client(), self._names, self._upload)


def abort_upload(client: Any, names: dict[str, str], upload: str) -> None:
    """Have the server drop the parts of an upload; tell in the log if that is not possible."""
    try:
        client.abort_multipart_upload(**names, UploadId=upload)
    except (b.ClientError, b.BotoCoreError) as error:
        if _status(error) != 404:
            _log.warning("the parts of %r may be left on the server: %s", names["Key"], error)


def put(wire: Wire, key: str, body: bytes, *, exclusive: bool) -> None:
    """Store a whole object by one request.

    Raises:
        PathAlreadyExistsException: ``exclusive``, and there is one.
    """
    headers = {"content-type": "application/octet-stream", "content-md5": md5_of(body)}
    if exclusive:
        headers["if-none-match"] = "*"
    answer = wire.send("PUT", key, headers=headers, body=body)
    if answer.status == 501 and exclusive:  # the server knows no conditions; it was looked before
        del headers["if-none-match"]
        answer = wire.send("PUT", key, headers=headers, body=body)
    if answer.status in {409, 412} and exclusive:
        if answer.tries > 1 and _is_ours(wire, key, body):
            return
        raise already_there(f"/{key}")
    if answer.status not in {200, 201, 204}:
        raise refusal(answer, f"/{key}")


def _is_ours(wire: Wire, key: str, body: bytes) -> bool:
    """Tell whether an earlier try, whose answer was lost, has stored the object."""
    etag = wire.send("HEAD", key).headers.get("etag", "")
    return etag.strip('"') == hashlib.md5(body, usedforsecurity=False).hexdigest()


def already_there(path: str) -> PathAlreadyExistsException:
    """Return the exception for a file that was to be a new one."""
    return PathAlreadyExistsException.because(f"path already exists: {path!r}", path=path)


def _status(error: Exception) -> int:
    if isinstance(error, b.ClientError):
        return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return 0
