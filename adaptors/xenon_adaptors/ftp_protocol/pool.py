"""Control connections that wait for work. One is taken for each command or open transfer."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from xenon_adaptors.ftp_protocol.connection import Connection, Opener
from xenon_py.exceptions import NotConnectedException

_MOST_IDLE = 8


class Pool:
    """Connections to one server as one user, made as they are needed.

    Args:
        open_connection: makes one.
    """

    def __init__(self, open_connection: Opener) -> None:
        self._open = open_connection
        self._idle: list[Connection] = []
        self._lock = threading.Lock()
        self._closed = False

    def take(self) -> Connection:
        """Return a connection that is the caller's until ``give_back``."""
        while True:
            with self._lock:
                if self._closed:
                    raise NotConnectedException.because("the file system was closed")
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                return self._open()
            if connection.usable():
                return connection
            connection.drop()

    def give_back(self, connection: Connection) -> None:
        """Take a connection back, or close it where it is broken or too many are idle."""
        with self._lock:
            keep = not (self._closed or connection.broken) and len(self._idle) < _MOST_IDLE
            if keep:
                self._idle.append(connection)
        if not keep:
            connection.drop()

    @contextlib.contextmanager
    def use(self) -> Iterator[Connection]:
        """Lend a connection for commands that are answered when the ``with`` block ends."""
        connection = self.take()
        try:
            yield connection
        finally:
            self.give_back(connection)

    def close(self) -> None:
        """Close what is idle now, and the others when they are given back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.quit()
