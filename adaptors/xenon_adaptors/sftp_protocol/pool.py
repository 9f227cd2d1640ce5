"""The SFTP sessions of one adaptor: one at first, more when it is busy."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable

from xenon_adaptors.sftp_protocol.session import SftpSession
from xenon_py.exceptions import NotConnectedException

_log = logging.getLogger("xenon_py.sftp")
_BUSY = 8  # requests that wait for an answer: then another session is worth its start


class SessionPool:
    """Hands out sessions; any number of threads may share one.

    Args:
        open_session: makes one.
        most: how many there are at most.
    """

    def __init__(self, open_session: Callable[[], SftpSession], most: int) -> None:
        self._open_session = open_session
        self._most = most
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._sessions: list[SftpSession] = []

    def _drop_ended(self) -> None:
        for ended in [one for one in self._sessions if not one.is_open]:
            self._sessions.remove(ended)
            ended.close()

    def pick(self) -> SftpSession:
        """Return the session with the least to do; start one where there is none.

        Raises:
            NotConnectedException: there is none and none can be started.
        """
        if self._pid != os.getpid():  # a forked child leaves its parent's sessions alone
            self._begin()
        with self._lock:
            self._drop_ended()
            if not self._sessions:
                self._sessions.append(self._open_session())
            best = min(self._sessions, key=lambda one: one.load)
            if best.load >= _BUSY and best.robust and len(self._sessions) < self._most:
                best = self._another() or best
            return best

    def first(self) -> SftpSession:
        """Return the oldest session: what comes in large numbers is quickest over a single one."""
        session = self.pick()
        with self._lock:
            return self._sessions[0] if self._sessions else session

    def _another(self) -> SftpSession | None:
        """Start a further session; a server that does not allow it is not asked again."""
        try:
            session = self._open_session()
        except NotConnectedException as error:
            _log.debug("no further SFTP session: %s", error)
            self._most = len(self._sessions)
            return None
        self._sessions.append(session)
        return session

    def close(self) -> None:
        """End all sessions."""
        if self._pid != os.getpid():
            self._begin()
        with self._lock:
            sessions, self._sessions = self._sessions, []
        for session in sessions:
            session.close()
