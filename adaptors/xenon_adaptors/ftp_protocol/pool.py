"""Control connections that wait for work. One is taken for each command or open transfer."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from xenon_adaptors.ftp_protocol.connection import (
    Connection,
    NobodyThereError,
    NoPortError,
    Opener,
)
from xenon_py.exceptions import (
    AuthenticationException,
    ConnectionLostException,
    NotConnectedException,
)
from xenon_py.plugin.forks import renew_in_children

_MOST_IDLE = 8
_FULL_HOUSE = 30.0  # seconds without any data on our connections, where no more are let in
_ALL_READ = 2.0  # likewise, where all of them wait for those who write what is read
_NOTICED = 2.0  # seconds until a server has surely noticed that we hung up
_LOOK = 0.1  # seconds until it may have
_PATIENCE = (0.1, 0.3, 1.0, 2.0, 4.0, *[5.0] * 11)  # seconds: TIME_WAIT lasts a minute
_log = logging.getLogger("xenon_py.ftp")

T = TypeVar("T")


def patiently(work: Callable[[], T]) -> T:
    """Do what opens data connections: again, as long as the server is short of ports for them."""
    for pause in _PATIENCE:
        try:
            return work()
        except NoPortError as error:
            _log.info("it is tried again after %s s: %s", pause, error)
            time.sleep(pause)
    return work()


class Pool:
    """Connections to one server as one user, made as they are needed.

    Where the server lets no more of us in, it is waited for those that are lent: as long as data
    move on one of them, and a while longer. Copies from a server to itself hold a connection that
    reads while they want one to write; so that they do not wait for each other for ever, one
    connection is kept for writing once it is known how many there can be.

    Args:
        open_connection: makes one.
    """

    def __init__(self, open_connection: Opener) -> None:
        self._open = open_connection
        self._idle: list[Connection] = []
        self._closed = False
        self._begin()
        renew_in_children(self)

    def _begin(self) -> None:
        self._lent = 0
        self._reading: set[Connection] = set()
        self._most: int | None = None  # connections that the server lets us have, once it is known
        self._moved = self._dropped = 0.0
        self._changed = threading.Condition()

    def renew(self) -> None:
        """Begin without connections in a forked child; those of the parent go on there."""
        idle, self._idle = self._idle, []
        self._begin()
        for connection in idle:
            connection.drop()

    def moved(self) -> None:
        """Note that data move on a connection that is lent."""
        self._moved = time.monotonic()

    def take(self, *, to_write: bool = False) -> Connection:
        """Return a connection that is the caller's until ``give_back``.

        Servers let in only so many of one user: where one more is refused, it is waited for one of
        those that are lent. A server that is not there at all is told at once.

        Args:
            to_write: content, which may come from a connection that is lent.

        Raises:
            ConnectionLostException: nothing moves, as who reads waits for those who would write.
        """
        begun = time.monotonic()
        while True:
            connection = self._idle_one()
            if connection is not None:
                return connection
            try:
                connection = self._open()
            except NobodyThereError:
                raise
            except NotConnectedException as error:
                refused = isinstance(error, AuthenticationException)
                if not (
                    (not refused and self._just_dropped()) or self._wait(begun, to_write=to_write)
                ):
                    raise
                _log.info("one of our own connections is waited for: %s", error)
                continue
            with self._changed:
                self._lent += 1
                if self._most is not None:
                    self._most = max(self._most, self._lent)
            return connection

    def _idle_one(self) -> Connection | None:
        while True:
            with self._changed:
                if self._closed:
                    raise NotConnectedException.because("the file system was closed")
                if not self._idle:
                    return None
                connection = self._idle.pop()
                self._lent += 1
            if connection.usable():
                return connection
            self.give_back(connection, broken=True)

    def _just_dropped(self) -> bool:
        """Wait a moment if the server may not have noticed yet that we hung up; tell whether."""
        with self._changed:
            if time.monotonic() - self._dropped < _NOTICED:
                self._changed.wait(_LOOK)
                return True
            return False

    def _wait(self, begun: float, *, to_write: bool) -> bool:
        """Wait until a lent connection comes back; tell whether that is worth another try."""
        with self._changed:
            before = self._lent
            if self._idle:
                return True
            if before:
                self._most = before
            all_read = to_write and len(self._reading) == before
            patience = _ALL_READ if all_read else _FULL_HOUSE
            while before and (left := max(begun, self._moved) + patience - time.monotonic()) > 0:
                if self._changed.wait_for(
                    lambda: bool(self._idle) or self._lent < before or self._closed, left
                ):
                    return True
            if before and all_read:
                raise ConnectionLostException.because(
                    f"the server lets in no more than {before} connections, and all of them are "
                    "being read from"
                )
            return False

    def _await_turn_to_read(self) -> None:
        """Wait until a further connection may be read from."""

        def is_free() -> bool:
            return self._most is None or len(self._reading) < max(1, self._most - 1)

        begun = time.monotonic()
        with self._changed:
            while not (is_free() or self._closed):
                left = max(begun, self._moved) + _FULL_HOUSE - time.monotonic()
                if left <= 0 or self._changed.wait_for(is_free, left):
                    return

    def begin(self, verb: str, path: str, offset: int = 0) -> tuple[Connection, socket.socket]:
        """Begin a transfer, on a connection that is the caller's until ``give_back``."""

        def begin() -> tuple[Connection, socket.socket]:
            connection = self.take(to_write=verb != "RETR")
            try:
                if verb == "RETR":
                    self._reading.add(connection)
                return connection, connection.transfer(verb, path, offset)
            except BaseException:
                self.give_back(connection)
                raise

        if verb == "RETR":
            self._await_turn_to_read()
        return patiently(begin)

    def give_back(self, connection: Connection, *, broken: bool = False) -> None:
        """Take a connection back, or close it where it is broken or too many are idle."""
        with self._changed:
            self._lent -= 1
            self._reading.discard(connection)
            broken = broken or connection.broken
            keep = not (self._closed or broken) and len(self._idle) < _MOST_IDLE
            if keep:
                self._idle.append(connection)
            else:
                self._dropped = time.monotonic()
            self._changed.notify_all()
        if not keep:
            connection.drop()

    @contextlib.contextmanager
    def use(self, verb: str = "") -> Iterator[Connection]:
        """Lend a connection for commands that are answered when the ``with`` block ends.

        Args:
            verb: RETR or STOR where whole files are transferred over it.
        """
        if verb == "RETR":
            self._await_turn_to_read()
        connection = self.take(to_write=verb == "STOR")
        try:
            if verb == "RETR":
                self._reading.add(connection)
            yield connection
        finally:
            self.give_back(connection)

    def close(self) -> None:
        """Close what is idle now, and the others when they are given back."""
        with self._changed:
            self._closed = True
            idle, self._idle = self._idle, []
            self._changed.notify_all()
        for connection in idle:
            connection.quit()
