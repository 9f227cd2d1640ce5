"""Files that are being read or written: each has a control connection of its own meanwhile."""

from __future__ import annotations

import ftplib
import socket
from collections.abc import Callable

from xenon_adaptors.ftp_protocol.connection import Connection
from xenon_adaptors.ftp_protocol.pool import Pool
from xenon_py.exceptions import ConnectionLostException, XenonException
from xenon_py.plugin.filesystem import Buffer

Explain = Callable[[ftplib.Error], XenonException]
_REFUSALS = (ftplib.error_perm, ftplib.error_temp)


class _Transfer:
    """What both have in common: a transfer ends by ``_finish`` or ``_break_off``."""

    def __init__(
        self, pool: Pool, connection: Connection, data: socket.socket, explain: Explain
    ) -> None:
        self._pool = pool
        self._connection = connection
        self._data: socket.socket | None = data
        self._explain = explain

    def _finish(self) -> None:
        """Close the data connection and see what the server makes of the transfer."""
        data, self._data = self._data, None
        if data is None:
            return
        try:
            self._connection.finish(data)
        except _REFUSALS as error:
            raise self._explain(error) from error
        finally:
            self._pool.give_back(self._connection)

    def _break_off(self) -> None:
        data, self._data = self._data, None
        if data is not None:
            data.close()
            self._connection.drop()
            self._pool.give_back(self._connection)


class FtpReader(_Transfer):
    """A file that is being read."""

    def read(self, size: int, /) -> bytes:
        """Return 1 to ``size`` bytes, ``b""`` only at the end, once the server confirmed it."""
        if self._data is None:
            return b""
        try:
            with self._connection.translated():
                piece = self._data.recv(size)
        except BaseException:
            self._break_off()
            raise
        self._pool.moved()
        if not piece:
            self._finish()
        return piece

    def close(self) -> None:
        """Free the connection; it is thrown away where something was left unread."""
        self._break_off()


class FtpWriter(_Transfer):
    """A file that is being written."""

    def write(self, data: Buffer, /) -> None:
        """Take all of ``data``."""
        if self._data is None:
            raise XenonException.because("the file was closed before")
        try:
            with self._connection.translated():
                self._data.sendall(data)
            self._pool.moved()
        except ConnectionLostException:
            self._ask_why()
            raise
        except BaseException:
            self._break_off()
            raise

    def _ask_why(self) -> None:
        """Raise what the server says about a data connection that it closed."""
        data, self._data = self._data, None
        try:
            if data is not None:
                self._connection.finish(data)
        except _REFUSALS as error:
            raise self._explain(error) from error
        finally:
            self._connection.drop()
            self._pool.give_back(self._connection)

    def close(self) -> None:
        """Finish: the server has confirmed the whole file when this returns."""
        self._finish()

    def abort(self) -> None:
        """Break off; what the server got so far stays there."""
        self._break_off()


class EmptyReader:
    """What is behind the end of a file."""

    def read(self, size: int, /) -> bytes:
        """Return nothing."""
        del size
        return b""

    def close(self) -> None:
        """Do nothing."""
