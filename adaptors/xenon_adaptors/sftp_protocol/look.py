"""Looks at a server, to find out what an error status left open."""

from __future__ import annotations

from xenon_adaptors.sftp_protocol import operations
from xenon_adaptors.sftp_protocol.session import SftpSession, StatusError
from xenon_py.plugin.filesystem import FileKind

_NEXT_TO_NOTHING = 1 << 16  # bytes


class SessionLook:
    """Looks by means of a session; what cannot be seen counts as not there, or as no finding."""

    def __init__(self, session: SftpSession) -> None:
        self._session = session

    def kind(self, path: str) -> FileKind | None:
        """Return the kind of a path, ``None`` if it is not there (or cannot be seen)."""
        try:
            return operations.kind_of(operations.attributes(self._session, path))
        except StatusError:
            return None

    def is_empty(self, path: str) -> bool:
        """Tell whether a directory is empty; one that cannot be read counts as empty."""
        try:
            return operations.is_empty(self._session, path)
        except StatusError:
            return True

    def is_full(self, path: str) -> bool:
        """Tell whether next to nothing can be stored where a path is."""
        space = operations.space(self._session, path)
        if space is None:
            return False
        no_inodes = space.total_inodes > 0 and space.free_inodes == 0
        return space.free_bytes < _NEXT_TO_NOTHING or no_inodes
