"""Finding out that a peer is gone although nobody said so (frozen network, cut cable).

One thread watches all connections of the process. A connection that was silent for its interval is
asked for a sign of life; one that stays silent for ``count`` intervals is closed, which wakes
everybody who waits for it.
"""

from __future__ import annotations

import logging
import threading
import time
import weakref
from typing import TYPE_CHECKING

import paramiko

if TYPE_CHECKING:
    from xenon_py.plugin.ssh.transport import SshTransport

_log = logging.getLogger("xenon_py.ssh")
_QUESTION = "keepalive@openssh.com"


class _Watch:
    def __init__(self, transport: SshTransport, interval: float, count: int) -> None:
        self.transport = weakref.ref(transport)
        self.interval = interval
        self.limit = interval * count
        self.asked = 0.0

    def check(self, now: float) -> float | None:
        """Look after the connection; return when to look again, ``None`` = it is gone."""
        transport = self.transport()
        if transport is None or not transport.is_active():
            return None
        silence = now - transport.last_packet
        if silence >= self.limit:
            _give_up(transport, silence)
            return None
        if silence >= self.interval and now - self.asked >= self.interval:
            self.asked = now
            # In a thread of its own: sending blocks while the network is frozen.
            threading.Thread(target=_ask, args=(transport,), daemon=True).start()
        return now + self.interval / 4


def _ask(transport: SshTransport) -> None:
    message = paramiko.Message()
    message.add_byte(paramiko.common.cMSG_GLOBAL_REQUEST)
    message.add_string(_QUESTION)
    message.add_boolean(True)  # want_reply
    try:
        transport.send_now(message)
    except (paramiko.SSHException, OSError, EOFError) as error:
        _log.debug("keep-alive could not be sent: %s", error)


def _give_up(transport: SshTransport, silence: float) -> None:
    _log.info("no sign of life for %.0f s: connection closed", silence)
    transport.lost_reason = f"the server gave no sign of life for {silence:.0f} s"
    transport.close()


class Monitor:
    """The thread that watches; it ends by itself when nothing is left to watch."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._watches: list[_Watch] = []
        self._thread: threading.Thread | None = None

    def watch(self, transport: SshTransport, interval: float, count: int) -> None:
        """Watch a connection until it is closed.

        Args:
            transport: the connection.
            interval: seconds of silence after which it is asked for a sign of life.
            count: intervals of silence after which it is closed.
        """
        with self._changed:
            self._watches.append(_Watch(transport, interval, count))
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="xenon-ssh-keepalive", daemon=True
                )
                self._thread.start()
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                due = [(watch, watch.check(time.monotonic())) for watch in self._watches]
                self._watches = [watch for watch, when in due if when is not None]
                times = [when for _, when in due if when is not None]
                if not times:
                    self._thread = None
                    return
                self._changed.wait(max(0.01, min(times) - time.monotonic()))
