"""Many small files over one control connection, with few round trips.

Commands that do not depend on each other travel together: what publishes a file, and what asks for
the port of the next one. Nothing is explained here: a file that is refused is left to its caller,
who does it once more by the single calls.
"""

from __future__ import annotations

import ftplib
import socket
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from xenon_adaptors.ftp_protocol.attributes import mode_command, time_command
from xenon_adaptors.ftp_protocol.connection import Answer, Connection, sendable, wire
from xenon_py.exceptions import InvalidPathException, UnsupportedOperationException
from xenon_py.plugin.filesystem import SmallFile
from xenon_py.plugin.one_by_one import is_private
from xenon_py.plugin.temporary import temporary_path

_MOST_COMMANDS = 32  # in one send
_LEAST = 4096  # bytes to ask for: what is empty may have grown


class Job(NamedTuple):
    """A small file as it is stored.

    Attributes:
        place: the temporary path, as it is sent.
        data: the content.
        publishing: commands that give the file its mode, its time and its name.
    """

    place: str
    data: bytes
    publishing: tuple[str, ...]


def job_for(connection: Connection, file: SmallFile) -> Job | None:
    """Return how a file is stored in a batch; ``None`` if it needs more care.

    That is so for a file that must not replace another, one that not everybody may read (its bits
    are to be set before its content is there), and one with a name that is not to be sent.
    """
    if not file.replace or is_private(file.mode):
        return None
    path = temporary_path(file.path)
    try:
        place = wire(path)
        publishing = [f"RNFR {place}", f"RNTO {wire(file.path)}"]
        if file.mtime is not None:
            publishing.insert(0, f"{time_command(connection, file.mtime)} {place}")
        if file.mode is not None:
            publishing.insert(0, f"{mode_command(path, file.mode)} {place}")
    except (InvalidPathException, UnsupportedOperationException):
        return None
    return Job(place, file.data, tuple(publishing))


class _Sent(NamedTuple):
    """A file whose transfer is over."""

    job: Job
    is_stored: bool

    @property
    def ending(self) -> tuple[str, ...]:
        """What is still to be sent for it."""
        return self.job.publishing if self.is_stored else (f"DELE {self.job.place}",)


def store(connection: Connection, jobs: Sequence[Job]) -> list[bool]:
    """Store small files; tell of each whether it is in its place now.

    No temporary file is left of one that is not. A mode or time that is refused counts as well,
    although the file has its name then.
    """
    outcomes: list[bool] = []
    left: list[str] = []
    sent: _Sent | None = None
    for job in (*jobs, None):
        ending = sent.ending if sent else ()
        answers = connection.exchange(*ending, *((connection.passive,) if job else ()))
        if sent:
            outcomes.append(sent.is_stored and not any(map(_is_refusal, answers[: len(ending)])))
            if not outcomes[-1] and sent.is_stored:
                left.append(sent.job.place)
        if job:
            sent = _Sent(job, _upload(connection, job, answers[-1]))
        if connection.broken:
            break
    remove(connection, left)
    return outcomes + [False] * (len(jobs) - len(outcomes))


def _upload(connection: Connection, job: Job, port: Answer) -> bool:
    data = connection.open_transfer(port, "STOR", job.place)
    if data is None:
        return False
    with data:
        with connection.translated():
            data.sendall(job.data)
        try:
            connection.finish(data)
        except (ftplib.error_perm, ftplib.error_temp):
            return False
    return True


def remove(connection: Connection, places: Sequence[str]) -> list[bool]:
    """Delete files by their paths as they are sent; tell of each whether it is gone."""
    gone: list[bool] = []
    for start in range(0, len(places), _MOST_COMMANDS):
        some = places[start : start + _MOST_COMMANDS]
        answers = connection.exchange(*(f"DELE {place}" for place in some))
        gone.extend(not _is_refusal(answer) for answer in answers)
    return gone


def fetch(connection: Connection, paths: Sequence[tuple[str, int]]) -> Iterator[bytes | None]:
    """Yield the content of each (path, size), ``None`` where it is refused.

    The next port is asked for when all data are there: what ends a transfer, and makes the server
    confirm it, is on its way then.
    """
    (port,) = connection.exchange(connection.passive)
    for number, (path, size) in enumerate(paths, 1):
        if connection.broken:
            yield None
            continue
        place = sendable(path)
        data = connection.open_transfer(port, "RETR", place) if place else None
        content = None if data is None else _receive(connection, data, size)
        pending = 0 if data is None else 1
        following = (connection.passive,) if number < len(paths) else ()
        answers = connection.exchange(*following, pending=pending)
        port = answers[-1] if following else port
        yield None if pending and _is_refusal(answers[0]) else content


def _receive(connection: Connection, data: socket.socket, size: int) -> bytes:
    parts = []
    with data, connection.translated():
        while piece := data.recv(max(size + 1, _LEAST)):
            parts.append(piece)
        connection.end(data)
    return b"".join(parts)


def _is_refusal(answer: Answer) -> bool:
    return isinstance(answer, ftplib.Error)
