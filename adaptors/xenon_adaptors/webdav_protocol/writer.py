"""A file that is being written. WebDAV has one request for that, PUT, which wants the whole body.

Up to 1 MiB is collected and sent at the end: it can be sent again if need be. A longer file goes
through a thread that sends what is written meanwhile, as PUT pulls and a stream is pushed. The
server keeps nothing of a PUT whose body does not end as announced.
"""

from __future__ import annotations

import collections
import threading
from collections.abc import Callable, Iterator

from xenon_adaptors.webdav_protocol.failures import DONE
from xenon_adaptors.webdav_protocol.transport import Demand, Repeat, Transport
from xenon_py.exceptions import NotConnectedException, XenonException
from xenon_py.plugin.filesystem import Buffer

_SMALL = 1024 * 1024  # bytes that are collected before anything is sent
_WAITING = 4  # pieces that may wait for the connection


class _GivenUpError(Exception):
    """Ends the body of a PUT so that the connection is closed."""


class Body:
    """The body of a request, while it is written by another thread.

    ``requests`` takes ``len()`` for the announced length; 0 makes it announce none.
    """

    def __init__(self, size: int | None) -> None:
        self._size = size or 0
        self._pieces: collections.deque[bytes] = collections.deque()
        self._changed = threading.Condition()
        self._ended = self._given_up = self._unwanted = False

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pieces or self._ended or self._given_up)
                if self._given_up:
                    raise _GivenUpError
                if not self._pieces:
                    return
                piece = self._pieces.popleft()
                self._changed.notify_all()
            yield piece

    def put(self, piece: bytes) -> bool:
        """Add a piece, once there is room; tell whether anybody still wants it."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._pieces) < _WAITING or self._unwanted)
            if piece:
                self._pieces.append(piece)
            self._changed.notify_all()
            return not self._unwanted

    def end(self) -> None:
        """Tell that all was put."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def give_up(self) -> None:
        """Break off."""
        with self._changed:
            self._given_up = True
            self._changed.notify_all()

    def refuse(self) -> None:
        """Tell the writer that nobody reads any more."""
        with self._changed:
            self._unwanted = True
            self._changed.notify_all()


class DavWriter:
    """Writes one file by one PUT.

    Args:
        transport: where to.
        url: of the file.
        exclusive: fail where there is a file already.
        size: number of bytes that will come, or ``None``.
        probe: sends a request without a body, so that the server need not ask who we are while
            a body that can be sent only once is under way.
        explain: makes an exception from a status.
    """

    def __init__(
        self,
        transport: Transport,
        url: str,
        *,
        exclusive: bool,
        size: int | None,
        probe: Callable[[], object],
        explain: Callable[[int], XenonException],
    ) -> None:
        self._transport = transport
        self._url = url
        self._headers = {"If-None-Match": "*"} if exclusive else {}
        self._repeat = Repeat.IF_REFUSED if exclusive else Repeat.ALWAYS
        self._size = size
        self._probe = probe
        self._explain = explain
        self._written = 0
        self._held = bytearray()
        self._body: Body | None = None
        self._thread: threading.Thread | None = None
        self._outcome: int | BaseException = 0
        self._closed = False

    def write(self, data: Buffer, /) -> None:
        """Take all of ``data``.

        Raises:
            XenonException: more than announced, the file was closed, or the server refused it.
        """
        self._written += len(data)
        if self._size is not None and self._written > self._size:
            raise XenonException.because(f"more than the announced {self._size} bytes are written")
        if self._body is None:
            if len(self._held) + len(data) <= _SMALL:
                self._held += data
                return
            self._begin()
        if self._body is not None and not self._body.put(bytes(data)):
            if self._closed:  # by another thread
                raise NotConnectedException.because("the file was closed before")
            self._finish()
            raise NotConnectedException.because("the server took only a part of the file")

    def _begin(self) -> None:
        """Begin to send what is written, in a thread."""
        authentication = self._transport.authentication
        if authentication is not None and authentication.may_be_asked_again:
            self._probe()
        self._body = Body(self._size)
        self._body.put(bytes(self._held))
        self._held = bytearray()
        thread = threading.Thread(target=self._send, args=(self._body,), daemon=True)
        thread.start()
        self._thread = thread  # not before: ``abort`` may come from another thread

    def _send(self, body: Body) -> None:
        """Send the file; the boundary of a thread, so whatever happens is kept for the writer."""
        try:
            self._outcome = self._put(body, Repeat.NEVER)
        except BaseException as error:  # noqa: BLE001 - raised again in the writer's thread
            self._outcome = error
        finally:
            body.refuse()

    def _put(self, body: Body | bytes, repeat: Repeat) -> int:
        headers = {"Content-Type": "application/octet-stream", **self._headers}
        with self._transport.answer(Demand("PUT", self._url, headers, body, repeat)) as response:
            return response.status_code

    def close(self) -> None:
        """Send the rest, and wait until the server has stored all of it."""
        if self._closed:
            return
        if self._size is not None and self._written != self._size:
            self.abort()
            raise XenonException.because(
                f"{self._size} bytes were announced, but {self._written} are written"
            )
        self._closed = True
        if self._body is None:
            self._outcome = self._put(bytes(self._held), self._repeat)
        else:
            self._body.end()
        self._finish()

    def _finish(self) -> None:
        """Wait for the answer, and raise what it tells."""
        self._closed = True
        if self._thread is not None:
            self._thread.join()
        outcome = self._outcome
        if isinstance(outcome, BaseException):
            raise outcome
        if outcome not in DONE:
            raise self._explain(outcome)

    def abort(self) -> None:
        """Break off; the server drops what it got."""
        self._closed = True
        self._held = bytearray()
        if self._body is not None:
            self._body.give_up()
        if self._thread is not None:
            self._thread.join()
