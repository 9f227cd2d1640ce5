"""Lists a directory with several requests under way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from queue import SimpleQueue

from xenon_adaptors.sftp_protocol import packets as p
from xenon_adaptors.sftp_protocol.session import (
    Mailbox,
    Reply,
    SftpSession,
    StatusError,
    readdir_request,
)

_BEGIN, _MOST = 2, 8  # requests under way: most directories fit one answer

Entries = list[tuple[bytes, p.Attributes]]


def read_directory(
    session: SftpSession,
    handle: bytes,
    prepare: Callable[[SftpSession, Entries], None] | None = None,
) -> Iterator[Entries]:
    """Yield the entries of an open directory in groups, as the server sends them; closes it.

    Args:
        session: where the directory was opened.
        handle: of the directory, encoded as a string.
        prepare: is shown each group before it is yielded.

    Raises:
        StatusError: the server refused; what was yielded so far is not all.
    """
    mailbox: Mailbox = SimpleQueue()
    request = readdir_request(handle)
    under_way = len(session.submit([request] * _BEGIN, mailbox))
    at_end = False
    try:
        while under_way:
            reply = session.receive(mailbox)
            under_way -= 1
            entries = _entries(session, reply)
            if entries:
                if not at_end:
                    under_way += len(session.submit([request] * (_MOST - under_way), mailbox))
                if prepare is not None:
                    prepare(session, entries)
                yield entries
            else:
                at_end = True
    finally:
        session.forget(handle)


def _entries(session: SftpSession, reply: Reply) -> Entries:
    """Return what an answer holds; nothing at the end (an empty answer is taken for that, too)."""
    try:
        return session.parsed(p.parse_names, session.expect(p.NAME, reply))
    except StatusError as error:
        if error.code == p.EOF:
            return []
        raise
