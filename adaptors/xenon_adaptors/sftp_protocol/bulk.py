"""Many small files at a time: the requests for up to 64 of them are under way together."""

from __future__ import annotations

import enum
import functools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue
from typing import NamedTuple

from xenon_adaptors.sftp_protocol import packets as p
from xenon_adaptors.sftp_protocol.session import (
    Mailbox,
    Reply,
    Request,
    SftpSession,
    StatusError,
    read_request,
    write_request,
)

_FILES = 64  # under way at once

Outcome = StatusError | None


class Waits(enum.Enum):
    """See ``write_files``."""

    WAITS = enum.auto()


WAITS = Waits.WAITS
_NO_ATTRIBUTES = p.encode_attributes(p.Attributes())


class NewFile(NamedTuple):
    """A file to write: under ``temporary`` until it is complete.

    Attributes:
        path, temporary: both in one directory, encoded as strings.
        data: the content.
        replace: whether a file at ``path`` is replaced.
        attributes: to set, encoded; ``b""`` = none.
    """

    path: bytes
    temporary: bytes
    data: bytes
    replace: bool
    attributes: bytes


class _Pipeline:
    """Requests with a function each that takes the answer; sent in batches."""

    def __init__(self, session: SftpSession) -> None:
        self.session = session
        self._mailbox: Mailbox = SimpleQueue()
        self._new: list[tuple[Request, Callable[[Reply], None]]] = []
        self._actions: dict[int, Callable[[Reply], None]] = {}

    def add(self, request: Request, action: Callable[[Reply], None]) -> None:
        """Note a request to send with the next batch."""
        self._new.append((request, action))

    def turn(self) -> None:
        """Send what was noted, wait for an answer, and act on all answers that are there."""
        if self._new:
            new, self._new = self._new, []
            ids = self.session.submit([request for request, _ in new], self._mailbox)
            self._actions.update(zip(ids, (action for _, action in new), strict=True))
        self._act(self.session.receive(self._mailbox))
        while not self._mailbox.empty():
            self._act(self.session.receive(self._mailbox))

    def _act(self, reply: Reply) -> None:
        self._actions.pop(reply.request_id)(reply)

    def failure(self, expected: int, reply: Reply) -> Outcome:
        """Return the error status in an answer; ``None`` if it is of the expected kind."""
        try:
            self.session.expect(expected, reply)
        except StatusError as error:
            return error
        return None


class _Upload:
    """One file on its way: open, write and close, rename."""

    def __init__(self, pipeline: _Pipeline, file: NewFile) -> None:
        self._pipeline = pipeline
        self._file = file
        self._open_steps = 0
        self.error: Outcome = None
        self.waits = False
        self.done = False

    def start(self) -> None:
        flags = p.OPEN_WRITE | p.OPEN_CREATE | p.OPEN_EXCLUSIVE
        body = (self._file.temporary, p.u32(flags), _NO_ATTRIBUTES)
        self._pipeline.add(Request(p.OPEN, body), self._opened)

    def _opened(self, reply: Reply) -> None:
        self.error = self._pipeline.failure(p.HANDLE, reply)
        if self.error is not None:
            self.done = True
            return
        handle = self._pipeline.session.handle(reply)
        steps = self._writes(handle)
        if self._file.attributes:
            steps.append(Request(p.FSETSTAT, (handle, self._file.attributes)))
        steps.append(Request(p.CLOSE, (handle,)))
        self._open_steps = len(steps)
        for step in steps:
            self._pipeline.add(step, self._stored)

    def _writes(self, handle: bytes) -> list[Request]:
        data, size = self._file.data, self._pipeline.session.write_size
        if len(data) <= size:
            return [write_request(handle, 0, len(data), data)] if data else []
        view = memoryview(data)
        return [
            write_request(handle, at, len(view[at : at + size]), view[at : at + size])
            for at in range(0, len(view), size)
        ]

    def _stored(self, reply: Reply) -> None:
        self.error = self.error or self._pipeline.failure(p.STATUS, reply)
        self._open_steps -= 1
        if self._open_steps:
            return
        if self.error is None:
            self._rename()
        else:
            self._give_up()

    def _rename(self) -> None:
        names = self._file.temporary, self._file.path
        name = "posix-rename@openssh.com"
        if self._file.replace and name in self._pipeline.session.extensions:
            self._pipeline.add(Request(p.EXTENDED, (p.extended(name, *names),)), self._renamed)
        else:
            self._pipeline.add(Request(p.RENAME, names), self._renamed)

    def _renamed(self, reply: Reply) -> None:
        self.error = self._pipeline.failure(p.STATUS, reply)
        if self.error is None:
            self.done = True
        elif self._file.replace and self.error.code == p.FAILURE:
            self.waits = self.done = True  # a server without posix-rename does not replace
        else:
            self._give_up()

    def _give_up(self) -> None:
        request = Request(p.REMOVE, (self._file.temporary,))
        self._pipeline.add(request, self._cleaned)

    def _cleaned(self, reply: Reply) -> None:
        del reply  # the error that counts is the first one
        self.done = True


def write_files(session: SftpSession, files: Sequence[NewFile]) -> list[Outcome | Waits]:
    """Write whole files; return the error of each, or ``None``, in order.

    A file gets its final name only after the server has confirmed all of its data. Where the
    session ends midway, temporary files are left behind, but none under a final name that is not
    complete. ``WAITS`` stands for a complete file that is still under its temporary name: what is
    at its path is to be replaced, and the server has no step for that.

    Raises:
        ConnectionLostException: the session ended.
    """
    pipeline = _Pipeline(session)
    uploads = [_Upload(pipeline, file) for file in files]
    waiting, under_way = deque(uploads), list[_Upload]()
    while waiting or under_way:
        while waiting and len(under_way) < _FILES:
            under_way.append(waiting.popleft())
            under_way[-1].start()
        pipeline.turn()
        under_way = [upload for upload in under_way if not upload.done]
    return [WAITS if upload.waits else upload.error for upload in uploads]


class _Download:
    """One file on its way: open, read and close."""

    def __init__(self, pipeline: _Pipeline, path: bytes, size: int) -> None:
        self._pipeline = pipeline
        self._path = path
        self._size = size
        self._open_steps = 0
        self._pieces: dict[int, bytes] = {}
        self.error: Outcome = None
        self.done = False

    def start(self) -> None:
        body = (self._path, p.u32(p.OPEN_READ), _NO_ATTRIBUTES)
        self._pipeline.add(Request(p.OPEN, body), self._opened)

    def _opened(self, reply: Reply) -> None:
        self.error = self._pipeline.failure(p.HANDLE, reply)
        if self.error is not None:
            self.done = True
            return
        handle, piece = self._pipeline.session.handle(reply), self._pipeline.session.read_size
        offsets = range(0, max(self._size, 1), piece)
        self._open_steps = len(offsets) + 1
        for at in offsets:
            size = min(piece, max(self._size - at, 1))
            action = functools.partial(self._read, at)
            self._pipeline.add(read_request(handle, at, size), action)
        self._pipeline.add(Request(p.CLOSE, (handle,)), self._closed)

    def _read(self, at: int, reply: Reply) -> None:
        error = self._pipeline.failure(p.DATA, reply)
        if error is None:
            self._pieces[at] = reply.body
        elif error.code != p.EOF:
            self.error = self.error or error
        self._step()

    def _closed(self, reply: Reply) -> None:
        self._pipeline.failure(p.STATUS, reply)
        self._step()

    def _step(self) -> None:
        self._open_steps -= 1
        self.done = not self._open_steps

    def content(self) -> bytes | None:
        """Return the content; ``None`` where it is not of the size that was expected."""
        pieces = [self._pieces[at] for at in sorted(self._pieces)]
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        return data if len(data) == self._size else None


def read_files(
    session: SftpSession, files: Sequence[tuple[bytes, int]]
) -> Iterator[bytes | StatusError | None]:
    """Yield the content of each (path, encoded as a string, and size), or its error, in order.

    ``None`` stands for a file that is not of this size, or came in short answers.

    Raises:
        ConnectionLostException: the session ended.
    """
    pipeline = _Pipeline(session)
    waiting = deque(_Download(pipeline, path, size) for path, size in files)
    under_way: deque[_Download] = deque()
    while waiting or under_way:
        while waiting and len(under_way) < _FILES:
            under_way.append(waiting.popleft())
            under_way[-1].start()
        while under_way and under_way[0].done:
            done = under_way.popleft()
            yield done.error or done.content()
        if under_way:
            pipeline.turn()


def unlink_files(session: SftpSession, paths: Sequence[bytes]) -> list[Outcome]:
    """Remove files (paths encoded as strings); return the error of each, or ``None``, in order.

    Raises:
        ConnectionLostException: the session ended.
    """
    answers = _all_answers(session, p.REMOVE, p.STATUS, paths)
    return [one if isinstance(one, StatusError) else None for one in answers]


def look_at(session: SftpSession, paths: Sequence[bytes]) -> list[p.Attributes | StatusError]:
    """Return the attributes of paths (encoded as strings) themselves, or the error of each.

    Raises:
        ConnectionLostException: the session ended, or does not keep to the protocol.
    """
    return [
        one if isinstance(one, StatusError) else session.parsed(p.parse_attributes, one)[0]
        for one in _all_answers(session, p.LSTAT, p.ATTRS, paths)
    ]


def _all_answers(
    session: SftpSession, kind: int, expected: int, paths: Sequence[bytes]
) -> list[bytes | StatusError]:
    """Send one kind of request for each path; return the bodies of the answers, or errors."""
    mailbox: Mailbox = SimpleQueue()
    answers: list[bytes | StatusError] = [b""] * len(paths)
    for begin in range(0, len(paths), _FILES):
        group = paths[begin : begin + _FILES]
        requests = [Request(kind, (path,)) for path in group]
        numbers = dict(
            zip(session.submit(requests, mailbox), range(begin, len(paths)), strict=False)
        )
        for _ in group:
            reply = session.receive(mailbox)
            try:
                answers[numbers[reply.request_id]] = session.expect(expected, reply)
            except StatusError as error:
                answers[numbers[reply.request_id]] = error
    return answers
