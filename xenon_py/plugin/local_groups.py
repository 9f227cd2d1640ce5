"""Ends process groups of this machine: TERM, then, after a grace time, KILL.

One thread attends to all groups that are being ended, and exists only meanwhile.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

_LOOK_EVERY = 0.02
_AFTER_KILL = 1.0
"""Seconds to wait for a killed group: members may be stuck in the kernel, or never reaped."""


def signal_group(group: int, number: int) -> bool:
    """Send a signal to a process group; tell whether the group has members (0 only asks)."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # there are members, of another user by now
    return True


@dataclass
class _Ending:
    group: int
    deadline: float
    gone: Callable[[], object]
    killed: bool = False


class GroupEnder:
    """Ends groups and calls back when no member is left."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._endings: list[_Ending] = []

    def end(self, group: int, grace: float, gone: Callable[[], object]) -> None:
        """Send TERM now and KILL after ``grace`` seconds; call ``gone`` when the group is empty.

        As long as a group has members the kernel does not hand its number to another one, so the
        later KILL cannot hit a stranger.
        """
        signal_group(group, signal.SIGTERM)
        signal_group(group, signal.SIGCONT)  # a stopped process gets its TERM only when it goes on
        with self._lock:
            start = not self._endings
            self._endings.append(_Ending(group, time.monotonic() + grace, gone))
        if start:
            threading.Thread(target=self._run, name="xenon-group-ender", daemon=True).start()

    def _run(self) -> None:
        while True:
            with self._lock:
                endings = list(self._endings)
            live = live_groups()
            over = [ending for ending in endings if not _is_alive(ending, live)]
            for ending in over:
                ending.gone()
            with self._lock:
                self._endings = [e for e in self._endings if e not in over]
                if not self._endings:
                    return
            time.sleep(_LOOK_EVERY)


def _is_alive(ending: _Ending, live: frozenset[int] | None) -> bool:
    """Tell whether the group still has to be attended to; kills it when its time is over."""
    if not signal_group(ending.group, 0):
        return False
    if live is not None and ending.group not in live:
        signal_group(ending.group, signal.SIGKILL)  # for a member that was just being born
        return False
    now = time.monotonic()
    if now < ending.deadline:
        return True
    if not ending.killed:
        signal_group(ending.group, signal.SIGKILL)
        ending.killed = True
    return now < ending.deadline + _AFTER_KILL


def live_groups() -> frozenset[int] | None:
    """Return the process groups with members that are no zombies; ``None`` where nobody tells.

    Without it a group of which only zombies are left looks alive, for ever where the first process
    of a container takes no exit statuses (``proc(5)``).
    """
    try:
        pids = [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return None
    groups = set()
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                state, _, group = file.read().rpartition(b")")[2].split()[:3]
        except (OSError, ValueError):
            continue  # it has ended meanwhile
        if state not in {b"Z", b"X"}:
            groups.add(int(group))
    return frozenset(groups) if groups else None


class _Shared:
    """The ender of this Python process; a forked child gets a fresh one."""

    ender = GroupEnder()


def _renew() -> None:
    _Shared.ender = GroupEnder()


os.register_at_fork(after_in_child=_renew)


def end_group(group: int, grace: float, gone: Callable[[], object]) -> None:
    """End a process group, see ``GroupEnder.end``."""
    _Shared.ender.end(group, grace, gone)
