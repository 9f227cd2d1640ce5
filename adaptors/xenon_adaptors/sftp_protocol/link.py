"""Bytes to and from an SFTP server over one channel of an SSH connection.

Two ways for what arrives. The *pump* is a thread that reads the channel through paramiko's public
interface. The *fast path* puts an object of ours in the place of the channel's input buffer, so
that paramiko's own thread hands each payload straight on: no second thread, no second buffer. The
attribute that it replaces is not documented; the fast path is therefore used only where the names
that it needs are as expected, and given up as soon as bytes arrive past it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import paramiko

_CHANNEL_DATA_AT_ONCE = 1 << 20
_WINDOW_ADJUST = bytes([93])  # RFC 4254, section 9


class Intake:
    """Stands in for ``paramiko.buffered_pipe.BufferedPipe`` as a channel's input buffer."""

    def __init__(self, on_data: Callable[[bytes], None], on_end: Callable[[], None]) -> None:
        self._on_data = on_data
        self._on_end = on_end

    def feed(self, data: bytes) -> None:
        """Hand on what arrived (called in paramiko's thread)."""
        self._on_data(data)

    def close(self) -> None:
        """Tell that nothing more will come (called at the end of file, and of the channel)."""
        self._on_end()

    def read_ready(self) -> bool:
        """Tell that nothing is kept here."""
        return False

    def read(self, nbytes: int, timeout: float | None = None) -> bytes:
        """Return the end of file: nobody reads here."""
        del nbytes, timeout
        return b""

    def empty(self) -> bytes:
        """Return what is kept: nothing."""
        return b""

    def set_event(self, event: threading.Event) -> None:
        """Take an event that would tell of readable data: there never is any."""

    def __len__(self) -> int:
        return 0


class ChannelLink:
    """One channel, as a pair of byte streams.

    Args:
        channel: an open session channel, the subsystem not yet invoked.
        on_data: takes what arrives; it is called by one thread at a time and does not block.
        on_end: is told that nothing more arrives; perhaps more than once.
        fast: whether the fast path may be used.
        patience: seconds that sending may stand still.
    """

    def __init__(
        self,
        channel: paramiko.Channel,
        on_data: Callable[[bytes], None],
        on_end: Callable[[], None],
        *,
        fast: bool,
        patience: float,
    ) -> None:
        self._channel: Any = channel
        self._on_data = on_data
        self._on_end = on_end
        self._buffer: Any = getattr(channel, "in_buffer", None)
        self._granted = int(getattr(channel, "in_window_size", 0))
        self._headroom = self._granted // 2
        channel.settimeout(patience)
        self.fast = fast and self._can_be_fast()
        if self.fast:
            intake: Any = Intake(on_data, on_end)
            self._channel.in_buffer = intake
        else:
            self._start_pump()

    def _can_be_fast(self) -> bool:
        channel = self._channel
        names = ("feed", "close", "read_ready", "read")
        return (
            all(callable(getattr(self._buffer, name, None)) for name in names)
            and callable(getattr(channel.get_transport(), "_send_user_message", None))
            and isinstance(getattr(channel, "remote_chanid", None), int)
            and self._headroom > 0
        )

    def check(self) -> None:
        """Fall back to the pump if bytes arrive past the fast path."""
        if self.fast and self._buffer.read_ready():
            self.fast = False
            self._channel.in_buffer = self._buffer
            self._start_pump()

    def _start_pump(self) -> None:
        threading.Thread(target=self._pump, name="xenon-sftp-pump", daemon=True).start()

    def _pump(self) -> None:
        while True:
            try:
                data = self._channel.recv(_CHANNEL_DATA_AT_ONCE)
            except TimeoutError:  # a quiet channel is no dead one
                continue
            except OSError:
                data = b""
            if not data:
                break
            self._on_data(data)
        self._on_end()

    def send(self, data: bytes) -> None:
        """Send all of ``data``. Callers take turns.

        Raises:
            OSError: the channel is closed, or stood still for too long (``TimeoutError``).
        """
        view = memoryview(data)
        channel = self._channel
        while view:
            sent = channel.send(view)
            if not sent:
                raise OSError("the channel is closed")
            view = view[sent:]

    def make_room(self, received: int, awaited: int) -> None:
        """See to it that the server may send all that it was asked for (fast path only).

        paramiko grants window as data are read from its buffer. Here it is granted as requests are
        made, by the thread that makes them: so paramiko's thread never has to send, which could
        stall it, and answers that nobody has fetched yet never hold up those of others.

        Args:
            received: bytes that have arrived since the beginning.
            awaited: bytes of all answers that are still to come, at most.
        """
        if not self.fast:
            return
        room = self._granted - received - awaited
        if room >= self._headroom:
            return
        import paramiko

        more = 2 * self._headroom - room
        message = paramiko.Message()
        message.add_byte(_WINDOW_ADJUST)
        message.add_int(self._channel.remote_chanid)
        message.add_int(more)
        self._channel.get_transport()._send_user_message(message)  # noqa: SLF001
        self._granted += more
