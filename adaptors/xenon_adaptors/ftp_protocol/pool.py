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
from xenon_py.exceptions import NotConnectedException
from xenon_py.plugin.forks import renew_in_children

_MOST_IDLE = 8
_FULL_HOUSE = 30.0  # seconds to wait for one of our own connections where no more are let in
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
        self._changed = threading.Condition()

    def renew(self) -> None:
        """Begin without connections in a forked child; those of the parent go on there."""
        idle, self._idle = self._idle, []
        self._begin()
        for connection in idle:
            connection.drop()

    def take(self) -> Connection:
        """Return a connection that is the caller's until ``give_back``.

        Servers let in only so many of one user: where one more is refused, it is waited for one of
        those that are lent. A server that is not there at all is told at once.
        """
        deadline = time.monotonic() + _FULL_HOUSE
        while True:
            connection = self._idle_one()
            if connection is not None:
                return connection
            try:
                connection = self._open()
            except NobodyThereError:
                raise
            except NotConnectedException as error:
                if not self._wait(deadline):
                    raise
                _log.info("one of our own connections is waited for: %s", error)
                continue
            with self._changed:
                self._lent += 1
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

    def _wait(self, deadline: float) -> bool:
        """Wait until a lent connection comes back; tell whether that is worth another try."""
        with self._changed:
            before = self._lent
            return before > 0 and self._changed.wait_for(
                lambda: bool(self._idle) or self._lent < before or self._closed,
                deadline - time.monotonic(),
            )

    def begin(self, verb: str, path: str, offset: int = 0) -> tuple[Connection, socket.socket]:
        """Begin a transfer, on a connection that is the caller's until ``give_back``."""

        def begin() -> tuple[Connection, socket.socket]:
            connection = self.take()
            try:
                return connection, connection.transfer(verb, path, offset)
            except BaseException:
                self.give_back(connection)
                raise

        return patiently(begin)

    def give_back(self, connection: Connection, *, broken: bool = False) -> None:
        """Take a connection back, or close it where it is broken or too many are idle."""
        with self._changed:
            self._lent -= 1
            broken = broken or connection.broken
            keep = not (self._closed or broken) and len(self._idle) < _MOST_IDLE
            if keep:
                self._idle.append(connection)
            self._changed.notify_all()
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
        with self._changed:
            self._closed = True
            idle, self._idle = self._idle, []
            self._changed.notify_all()
        for connection in idle:
            connection.quit()
