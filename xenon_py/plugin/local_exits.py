"""Notices the end of processes of this machine, by the kernel's notification.

One thread waits for all processes through their pidfds (Linux >= 5.3, ``pidfd_open(2)``). Where
there are no pidfds, or too few descriptors are left for them, a process gets a waiting thread of
its own. No thread exists for long while there is nothing to wait for.
"""

from __future__ import annotations

import contextlib
import os
import resource
import select
import threading
from typing import Protocol

_LINGER = 0.25
"""Seconds that the thread stays when there is nothing to wait for: short jobs come in rows."""


class Reapable(Protocol):
    """What the watcher needs of a process."""

    @property
    def child_pid(self) -> int:
        """Its number; a child of this process, not waited for by anyone else."""

    def reap(self) -> None:
        """Take its exit status; called once, when it has ended."""


class ExitWatcher:
    """Calls ``reap`` of each added process when it has ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watched: dict[int, Reapable] = {}
        self._epoll: select.epoll | None = None

    def add(self, process: Reapable) -> None:
        """Begin to wait for a process."""
        if not self._add_pidfd(process):
            threading.Thread(
                target=_wait_for_one, args=(process,), name="xenon-exit-of-one", daemon=True
            ).start()

    def _add_pidfd(self, process: Reapable) -> bool:
        """Register the process's pidfd; ``False`` when it cannot have one."""
        if not hasattr(os, "pidfd_open") or not hasattr(select, "epoll"):
            return False
        with self._lock:
            # Half of the descriptors are left to the pipes and files of everyone else.
            if len(self._watched) >= resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2:
                return False
            try:
                pidfd = os.pidfd_open(process.child_pid)
            except OSError:  # an older kernel, a seccomp filter, or no descriptor left
                return False
            start = self._epoll is None
            try:
                self._epoll = self._epoll or select.epoll()
            except OSError:  # that was the last descriptor
                os.close(pidfd)
                return False
            self._watched[pidfd] = process
            self._epoll.register(pidfd, select.EPOLLIN)
            if start:
                threading.Thread(
                    target=self._run, args=(self._epoll,), name="xenon-exits", daemon=True
                ).start()
        return True

    def _run(self, epoll: select.epoll) -> None:
        while self._look(epoll):
            pass

    def _look(self, epoll: select.epoll) -> bool:
        """Attend to processes that have ended; ``False`` when there is nothing left to do."""
        ended = [pidfd for pidfd, _ in epoll.poll(_LINGER if not self._watched else None)]
        processes = [self._watched[pidfd] for pidfd in ended]
        with self._lock:
            for pidfd in ended:
                epoll.unregister(pidfd)
                del self._watched[pidfd]
                os.close(pidfd)
            over = not ended and not self._watched
            if over:
                self._epoll = None
                epoll.close()
        for process in processes:
            process.reap()
        return not over


def _wait_for_one(process: Reapable) -> None:
    # When someone else took the status (ChildProcessError), reap() finds out and says so.
    with contextlib.suppress(ChildProcessError):
        # WNOWAIT: the status stays to be taken by reap(), which guards against reuse of the pid.
        os.waitid(os.P_PID, process.child_pid, os.WEXITED | os.WNOWAIT)
    process.reap()


class _Shared:
    """The watcher of this Python process; a forked child gets a fresh one."""

    watcher = ExitWatcher()


def _renew() -> None:
    _Shared.watcher = ExitWatcher()


os.register_at_fork(after_in_child=_renew)


def watch_exit(process: Reapable) -> None:
    """Have ``process.reap`` called when the process has ended."""
    _Shared.watcher.add(process)
