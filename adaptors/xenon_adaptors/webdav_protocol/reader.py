"""A file that is being read: the body of one GET, which begins at any offset (RFC 9110, 14)."""

from __future__ import annotations

import contextlib
import re
import threading

import requests

from xenon_adaptors.webdav_protocol.transport import translated
from xenon_py.exceptions import XenonException

_RANGE = re.compile(r"bytes\s+([0-9]{1,19})-([0-9]{1,19})/([0-9]{1,19}|\*)")
_PIECE = 1024 * 1024


class DavReader:
    """The body of an answer.

    A label ``Content-Encoding`` is not acted on: no encoding was asked for, so it tells of the
    stored file, as Apache's does for ``*.gz``.

    Args:
        response: with its body unread; ``None`` for nothing behind the end of the file.
        offset: what was asked for.
        host: for messages.

    Raises:
        XenonException: the server sends another part of the file.
    """

    def __init__(self, response: requests.Response | None, offset: int, host: str) -> None:
        self._response = response
        self._host = host
        self._busy = threading.Lock()
        if response is None:
            return
        try:
            self._skip(offset - _start(response))
        except BaseException:
            self.close()
            raise

    def _skip(self, left: int) -> None:
        """Pass over what a server that knows no ranges sends before the offset."""
        if left < 0:
            raise XenonException.because("the server sends another part of the file than asked")
        while left > 0 and (piece := self.read(min(left, _PIECE))):
            left -= len(piece)

    def read(self, size: int, /) -> bytes:
        """Return 1 to ``size`` bytes, ``b""`` only at the end.

        Raises:
            ConnectionLostException: the body ends before its announced length.
        """
        with self._busy, translated(self._host):
            if self._response is None:
                return b""
            data: bytes = self._response.raw.read1(size, decode_content=False)
        return data

    def close(self) -> None:
        """Give the connection back, or close it where something is left unread.

        A read that another thread is in ends at once, as if the server had hung up.
        """
        response, self._response = self._response, None
        if response is None:
            return
        if self._busy.locked():  # closing would wait for that read: as long as the server is silent
            with contextlib.suppress(OSError, RuntimeError, ValueError):  # it has just ended
                response.raw.shutdown()
        with self._busy:
            response.close()


def _start(response: requests.Response) -> int:
    """Return the offset at which an answer begins."""
    if response.status_code != 206:
        return 0
    match = _RANGE.match(response.headers.get("Content-Range", ""))
    if not match:
        raise XenonException.because("the server sends a part of the file without telling which")
    start, end, whole = match.groups()
    if whole != "*" and int(end) + 1 != int(whole):
        raise XenonException.because("the server sends a part of the file that ends too early")
    return int(start)
