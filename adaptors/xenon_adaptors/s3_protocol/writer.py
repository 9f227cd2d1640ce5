"""A file that is being written: one PUT if it is small, else parts, several of them at a time.

Nothing is seen under its key before ``close``, which completes it. Whatever ends otherwise aborts
the upload, so that the server keeps no parts, which would cost money and show nowhere.
"""

from __future__ import annotations

import base64
import collections
import hashlib
import io
import logging
from collections.abc import Callable
from concurrent.futures import Executor, Future
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
_SMALL_PIECE = 64 * 1024
_log = logging.getLogger(__name__)


class _GivenUpError(OSError):
    """Ends a part that is being sent."""


class PartBody(io.RawIOBase):
    """What is gathered for one request, read back without being put together.

    Args:
        given_up: tells whether sending is to stop.

    Attributes:
        pieces: what was gathered.
    """

    def __init__(self, given_up: Callable[[], bool]) -> None:
        self._given_up = given_up
        self.pieces: list[bytes | bytearray] = []
        self._size = 0
        self._next = 0

    def __len__(self) -> int:
        return self._size

    def gather(self, data: Buffer) -> None:
        """Add bytes; small pieces are copied together."""
        self._size += len(data)
        if len(data) >= _SMALL_PIECE:
            self.pieces.append(bytes(data))  # no copy where it is bytes already
        elif self.pieces and isinstance(self.pieces[-1], bytearray):
            self.pieces[-1] += data
        else:
            self.pieces.append(bytearray(data))

    def whole(self) -> bytes:
        """Return all of it."""
        return b"".join(self.pieces)

    def readable(self) -> bool:
        """Tell that this can be read."""
        return True

    def seekable(self) -> bool:
        """Tell that this can seek, to its beginning."""
        return True

    def tell(self) -> int:
        """Return the offset of the next byte."""
        return sum(len(piece) for piece in self.pieces[: self._next])

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go back to the beginning, or to the end."""
        if offset or whence == io.SEEK_CUR:
            raise ValueError("only the beginning and the end can be sought")
        self._next = 0 if whence == io.SEEK_SET else len(self.pieces)
        return self.tell()

    def read(self, size: int | None = -1) -> bytes:
        """Return the next piece, of whatever size: those who send it take any."""
        if self._given_up():
            raise _GivenUpError("the file was given up")
        if size is None or size < 0:
            rest = b"".join(self.pieces[self._next :])
            self._next = len(self.pieces)
            return rest
        if self._next == len(self.pieces):
            return b""
        self._next += 1
        return bytes(self.pieces[self._next - 1])


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
        wire: sends a small file.
        client: returns boto3's client, for a large one.
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
            whole = len(view) <= room
            self._body.gather(data if whole and len(view) == len(data) else view[:room])
            view = view[room:]

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
        with translated(self._path):
            answer = self._client().upload_part(
                **self._names,
                UploadId=self._upload,
                PartNumber=number,
                Body=body,
                ContentMD5=md5_of(*body.pieces),
            )
        return told(answer, "ETag", self._path)

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
