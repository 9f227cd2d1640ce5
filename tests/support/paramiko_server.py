"""SSH servers inside of the test process: paramiko's own SFTP server, and scripted hostile ones."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import paramiko

USER, PASSWORD = "xenon", "javagat"

Handler = Callable[[paramiko.Channel], None]
"""Plays the server's part on a channel on which the sftp subsystem was asked for."""


@dataclass(frozen=True)
class InProcessServer:
    """Where a server of this process listens; has what `support.sftp.connect` needs."""

    port: int
    home: str
    host: str = "127.0.0.1"
    user: str = USER
    password: str = field(default=PASSWORD, repr=False)

    @property
    def location(self) -> str:
        """The server as a location string."""
        return f"{self.host}:{self.port}"


class _Door(paramiko.ServerInterface):
    """Lets the one user in and grants what is asked for."""

    def check_auth_password(self, username: str, password: str) -> int:
        good = (username, password) == (USER, PASSWORD)
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def get_allowed_auths(self, username: str) -> str:
        return "password"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED


class _Scripted(paramiko.SubsystemHandler):
    """A subsystem whose whole conversation is a function."""

    def __init__(self, channel: Any, name: str, server: Any, handler: Handler) -> None:
        super().__init__(channel, name, server)
        self._handler = handler

    def start_subsystem(self, name: str, transport: Any, channel: paramiko.Channel) -> None:
        with contextlib.suppress(OSError, EOFError):  # the client may hang up at any time
            self._handler(channel)


@contextlib.contextmanager
def _listening(home: str, subsystem: Callable[..., Any]) -> Iterator[InProcessServer]:
    key = paramiko.ECDSAKey.generate()
    transports: list[paramiko.Transport] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:  # closed: the test is over
                    return
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                transport = paramiko.Transport(connection)
                transports.append(transport)
                transport.add_server_key(key)
                transport.set_subsystem_handler("sftp", subsystem)
                with contextlib.suppress(paramiko.SSHException, EOFError, OSError):
                    transport.start_server(server=_Door())

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield InProcessServer(listener.getsockname()[1], home)
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            for transport in transports:
                transport.close()


@contextlib.contextmanager
def scripted_server(handler: Handler) -> Iterator[InProcessServer]:
    """Run a server whose side of every SFTP conversation is `handler`."""
    with _listening("/", partial(_Scripted, handler=handler)) as server:
        yield server


@contextlib.contextmanager
def plain_server(
    home: Path, rename: Callable[[str, str], None] = os.rename
) -> Iterator[InProcessServer]:
    """Run paramiko's SFTP server, which has no extension, on the files of this machine."""
    handler = partial(paramiko.SFTPServer, sftp_si=_Files, rename=rename)
    with _listening(str(home), handler) as server:
        yield server


class _Handle(paramiko.SFTPHandle):
    """An open file, by its descriptor."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor

    def close(self) -> None:
        os.close(self._descriptor)

    def read(self, offset: int, length: int) -> Any:
        try:
            return os.pread(self._descriptor, length, offset)
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)

    def write(self, offset: int, data: bytes) -> Any:
        try:
            os.pwrite(self._descriptor, data, offset)
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)
        return paramiko.SFTP_OK

    def stat(self) -> Any:
        return paramiko.SFTPAttributes.from_stat(os.fstat(self._descriptor))

    def chattr(self, attr: Any) -> int:
        paramiko.SFTPServer.set_file_attr(f"/proc/self/fd/{self._descriptor}", attr)
        return int(paramiko.SFTP_OK)


def _answered(work: Callable[..., Any]) -> Callable[..., Any]:
    """Let a method answer with the SFTP code of the OSError that it meets."""

    def answer(self: Any, *arguments: Any) -> Any:
        try:
            result = work(self, *arguments)
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)
        return paramiko.SFTP_OK if result is None else result

    return answer


class _Files(paramiko.SFTPServerInterface):
    """The file system of this machine, much as in paramiko's demonstration server."""

    def __init__(self, server: Any, rename: Callable[[str, str], None]) -> None:
        super().__init__(server)
        self._rename = rename

    @_answered
    def list_folder(self, path: str) -> Any:
        found = []
        for name in os.listdir(path):
            attributes = paramiko.SFTPAttributes.from_stat(os.lstat(os.path.join(path, name)))
            attributes.filename = name
            found.append(attributes)
        return found

    @_answered
    def stat(self, path: str) -> Any:
        return paramiko.SFTPAttributes.from_stat(os.stat(path))

    @_answered
    def lstat(self, path: str) -> Any:
        return paramiko.SFTPAttributes.from_stat(os.lstat(path))

    @_answered
    def open(self, path: str, flags: int, attr: Any) -> Any:
        return _Handle(os.open(path, flags, 0o666))

    @_answered
    def remove(self, path: str) -> Any:
        os.remove(path)

    @_answered
    def rename(self, oldpath: str, newpath: str) -> Any:
        if os.path.lexists(newpath):
            raise FileExistsError(errno.EEXIST, "exists", newpath)
        self._rename(oldpath, newpath)

    @_answered
    def mkdir(self, path: str, attr: Any) -> Any:
        os.mkdir(path)

    @_answered
    def rmdir(self, path: str) -> Any:
        os.rmdir(path)

    @_answered
    def chattr(self, path: str, attr: Any) -> Any:
        paramiko.SFTPServer.set_file_attr(path, attr)

    @_answered
    def symlink(self, target_path: str, path: str) -> Any:
        os.symlink(target_path, path)

    def canonicalize(self, path: str) -> str:
        return os.path.realpath(path)

    @_answered
    def readlink(self, path: str) -> Any:
        return os.readlink(path)
