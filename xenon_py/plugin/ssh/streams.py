"""The three streams of a command on a channel, byte for byte, without what precedes the marker."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from xenon_py.plugin.filesystem import Buffer

if TYPE_CHECKING:
    from collections.abc import Callable

    import paramiko

NOISE_LIMIT = 1_000_000  # bytes of banners and the like that are looked through for a marker
_CHUNK = 256 * 1024


class Marked:
    """Finds the line with the marker, and perhaps a word, and hands on what follows it.

    Attributes:
        word: what stood behind the marker; ``None`` until it was seen.
    """

    def __init__(self, marker: str) -> None:
        self._marker = marker.encode()
        self._seen = b""
        self.word: str | None = None

    def feed(self, data: bytes) -> bytes:
        """Take what was received; return what of it belongs to the command."""
        if self.word is not None:
            return data
        self._seen += data
        start = self._seen.find(self._marker)
        end = self._seen.find(b"\n", start)
        if start < 0 or end < 0:
            if len(self._seen) > NOISE_LIMIT:
                self._seen = self._seen[-len(self._marker) - 64 :]
            return b""
        self.word = self._seen[start + len(self._marker) : end].strip().decode("ascii", "replace")
        rest, self._seen = self._seen[end + 1 :], b""
        return rest

    @property
    def noise(self) -> bytes:
        """What came while no marker was seen."""
        return self._seen


class ChannelInput:
    """Standard input of a command."""

    def __init__(self, channel: paramiko.Channel) -> None:
        self._channel = channel
        self._closed = False

    def write(self, data: Buffer, /) -> None:
        """Hand all of ``data`` over; blocks while the command does not read.

        Raises:
            BrokenPipeError: the command reads no more, or the connection is gone.
        """
        rest = memoryview(data).cast("B")
        while rest:
            try:
                sent = self._channel.send(bytes(rest[:_CHUNK]))
            except (OSError, EOFError) as error:  # paramiko raises both
                raise BrokenPipeError("the input of the command is closed") from error
            if sent == 0:
                raise BrokenPipeError("the input of the command is closed")
            rest = rest[sent:]

    def close(self) -> None:
        """Signal the end of the input; may be called again."""
        if not self._closed:
            self._closed = True
            try:
                self._channel.shutdown_write()
            except (OSError, EOFError):  # the channel is closed already
                return


class ChannelOutput:
    """Standard output or error of a command.

    Attributes:
        done: it was read to its end, or closed.
    """

    def __init__(self, receive: Callable[[int], bytes], marked: Marked, first: bytes) -> None:
        self._receive = receive
        self._marked = marked
        self._ready = first
        self._lock = threading.Lock()
        self._closed = False
        self._done_callback: Callable[[], object] | None = None
        self.done = False

    def read(self, size: int, /) -> bytes:
        """Return 1 to ``size`` bytes as soon as there are some, ``b""`` only at the end."""
        with self._lock:
            while not self._ready and not self._closed:
                data = self._receive(min(max(size, 4096), _CHUNK))
                if not data:
                    break
                self._ready = self._marked.feed(data)
            out, self._ready = self._ready[:size], self._ready[size:]
        if not out:
            self._finish()
        return out

    def close(self) -> None:
        """Read no more; may be called again."""
        self._closed = True
        self._finish()

    def when_done(self, callback: Callable[[], object]) -> None:
        """Call back once everything was read, or nothing more will be (at once if that is so)."""
        self._done_callback = callback
        if self.done:
            callback()

    def _finish(self) -> None:
        self.done = True
        if self._done_callback is not None:
            self._done_callback()
