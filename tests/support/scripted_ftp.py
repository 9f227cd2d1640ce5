"""An FTP server in this process whose replies a test scripts; it knows one file, ``/f``."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

from xenon_py import FileSystem, PasswordCredential

SECRET = "S3cret-sentinel"
Script = Callable[[str, str], "str | None"]
"""Takes verb and argument; returns the reply, ``""`` to hang up, ``None`` for the usual one."""

USUAL = {
    "USER": "331 password",
    "PASS": "230 in",
    "TYPE": "200 ok",
    "CWD": "250 ok",
    "PWD": '257 "/"',
    "FEAT": "211-Features:\r\n MLST type*;size*;\r\n UTF8\r\n211 End",
    "OPTS": "200 ok",
    "REST": "350 ok",
    "SIZE": "213 10",
    "QUIT": "221 bye",
}


class FtpServer:
    """The server, and the commands that came: one after the other, and as they came together.

    Args:
        script: answers commands.
        listing: what is sent for MLSD and LIST.
        content: of the file.
        last: reply after a transfer.
        cut: of the content, only so many bytes are sent or taken.
        passive: the reply to PASV, with ``{}`` for the port; 127.0.0.1 by default.
        most: so many connections at a time are let in.
        greeting: what it says of itself.
    """

    def __init__(
        self,
        script: Script = lambda verb, argument: None,
        listing: bytes = b"type=file;size=10; f\r\n",
        content: bytes = b"0123456789",
        last: str = "226 done",
        cut: int | None = None,
        passive: str = "227 ok (127,0,0,1,{})",
        most: int = 1000,
        greeting: str = "hello",
    ) -> None:
        self._room = threading.Semaphore(most)
        self.commands: list[str] = []
        self.sends: list[list[str]] = []
        self._greeting = greeting
        self._script, self._passive = script, passive
        self._listing, self._content, self._last, self._cut = listing, content, last, cut
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def stop_listening(self) -> None:
        """Refuse new connections; those that are there go on."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def close(self) -> None:
        """End it."""
        self.stop_listening()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                control, _ = self._listener.accept()
            except OSError:
                return
            if not self._room.acquire(blocking=False):
                with control:
                    control.sendall(b"421 There are too many connected users.\r\n")
                continue
            thread = threading.Thread(target=self._serve, args=(control,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, control: socket.socket) -> None:
        try:
            self._converse(control)
        finally:
            self._room.release()

    def _converse(self, control: socket.socket) -> None:
        with control, socket.create_server(("127.0.0.1", 0)) as data, contextlib.suppress(OSError):
            data.settimeout(5)
            control.sendall(f"220 {self._greeting}\r\n".encode())
            for line in self._lines(control):
                self.commands.append(line)
                verb, _, argument = line.partition(" ")
                reply = self._script(verb, argument)
                if reply == "":
                    return
                if reply is None:
                    reply = self._usual(verb, argument, control, data)
                control.sendall(reply.encode("latin-1") + b"\r\n")

    def _lines(self, control: socket.socket) -> Iterator[str]:
        rest = ""
        while piece := control.recv(1 << 20):
            *lines, rest = (rest + piece.decode("latin-1")).split("\r\n")
            self.sends.append(lines)
            yield from lines

    def _usual(self, verb: str, argument: str, control: socket.socket, data: socket.socket) -> str:
        if verb == "PASV":
            port = data.getsockname()[1]
            with contextlib.suppress(BlockingIOError):  # what an earlier try left
                data.setblocking(False)
                while True:
                    data.accept()[0].close()
            data.settimeout(5)
            return self._passive.format(f"{port >> 8},{port & 255}")
        if verb == "MLST":
            if argument.strip("/") in {"", "f"}:
                return f"250-\r\n type={'file' if 'f' in argument else 'dir'}; x\r\n250 End"
            return "550 none"
        if verb in {"MLSD", "LIST", "RETR", "STOR"}:
            control.sendall(b"150 now\r\n")
            connection, _ = data.accept()
            with connection:
                if verb == "STOR":
                    left = self._cut if self._cut is not None else 1 << 40
                    while left > 0 and (piece := connection.recv(65536)):
                        left -= len(piece)
                else:
                    body = self._content if verb == "RETR" else self._listing
                    connection.sendall(body[: self._cut])
            return self._last
        return USUAL.get(verb, "502 unknown")


@contextlib.contextmanager
def serving(**arguments: object) -> Iterator[FtpServer]:
    """Run a server."""
    server = FtpServer(**arguments)  # type: ignore[arg-type]
    try:
        yield server
    finally:
        server.close()


def connect(server: FtpServer, **properties: str) -> FileSystem:
    """Return a file system on it."""
    return FileSystem.create(
        "ftp",
        location=f"127.0.0.1:{server.port}/",
        properties={f"ftp.{name}": value for name, value in properties.items()},
        password_credential=PasswordCredential(username="user", password=SECRET),
    )


@contextlib.contextmanager
def connected(**arguments: object) -> Iterator[tuple[FtpServer, FileSystem]]:
    """Run a server, and a file system on it."""
    with serving(**arguments) as server, connect(server) as fs:
        yield server, fs
