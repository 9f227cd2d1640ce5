"""Daemons: started detached, remembered by pid and start time, ended only if they are ours."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.errors import ServiceError

# The shell leaves the daemon to process 1 and tells its pid: no zombie and no Popen object remains
# in a test process, and `python3 -m services start` may end while the daemon lives on.
_DETACH = 'log=$1; shift; setsid "$@" </dev/null >>"$log" 2>&1 & echo $!'


@dataclass(frozen=True)
class ProcessInfo:
    """What /proc/PID/stat tells of a process."""

    pid: int
    parent: int
    command: str
    started: int


def process_info(pid: int) -> ProcessInfo | None:
    """The process `pid`, or None when it is gone or a zombie (proc(5))."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("latin-1")  # a name may be any bytes
    except (FileNotFoundError, ProcessLookupError):
        return None
    head, _, tail = text.rpartition(")")
    fields = tail.split()
    if fields[0] == "Z":
        return None
    return ProcessInfo(pid, int(fields[1]), head.partition("(")[2], int(fields[19]))


def descendants(pid: int) -> list[ProcessInfo]:
    """All living processes below `pid`, parents before children."""
    children: dict[int, list[ProcessInfo]] = {}
    for entry in Path("/proc").iterdir():
        info = process_info(int(entry.name)) if entry.name.isdigit() else None
        if info:
            children.setdefault(info.parent, []).append(info)
    found: list[ProcessInfo] = []
    queue = [pid]
    while queue:
        for info in children.get(queue.pop(0), ()):
            found.append(info)
            queue.append(info.pid)
    return found


def wait_until(condition: Callable[[], object], seconds: float, what: str, log: Path) -> None:
    """Wait for `condition`; after `seconds` raise ServiceError with the end of `log`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise ServiceError(f"{what} did not come up in {seconds} s; {log}:\n{log_end(log)}")
        time.sleep(0.02)


def log_end(log: Path, lines: int = 15) -> str:
    """The last lines of a log file, for error messages."""
    if not log.exists():
        return "(no log)"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


class Daemon:
    """A process that this project started; its record is `<directory>/<name>.own`."""

    def __init__(self, directory: Path, name: str) -> None:
        self.name = name
        self.log = directory / f"{name}.log"
        self._record = directory / f"{name}.own"

    @property
    def pid(self) -> int | None:
        """The process id while the very process that was started is alive, else None."""
        if not self._record.exists():
            return None
        pid, started = (int(word) for word in self._record.read_text().split())
        info = process_info(pid)
        return pid if info and info.started == started else None

    def spawn(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        """Start `argv`, a daemon that stays in the foreground, detached from this process."""
        started = subprocess.run(
            ["/bin/sh", "-c", _DETACH, "sh", str(self.log), *argv],
            env={**os.environ, **(env or {})},
            stdout=subprocess.PIPE,
            check=True,
        )
        info = process_info(int(started.stdout))
        if info is None:
            raise ServiceError(f"{self.name} ended at once; {self.log}:\n{log_end(self.log)}")
        self._record.write_text(f"{info.pid} {info.started}\n")

    def kill(self) -> None:
        """End the daemon at once, and leave what it started alone."""
        pid = self.pid
        if pid is not None:
            send_signal(pid, signal.SIGKILL)
            self._wait_for_end(10)

    def freeze(self) -> list[ProcessInfo]:
        """Stop the daemon and all processes below it, until `thaw`; returns those below it."""
        pid = self.pid
        if pid is None:
            return []
        send_signal(pid, signal.SIGSTOP)
        stopped: dict[int, ProcessInfo] = {}
        while fresh := [info for info in descendants(pid) if info.pid not in stopped]:
            for info in fresh:
                send_signal(info.pid, signal.SIGSTOP)
                stopped[info.pid] = info
        return list(stopped.values())

    def thaw(self) -> None:
        """Let the daemon and all processes below it go on."""
        pid = self.pid
        if pid is not None:
            for info in descendants(pid):
                send_signal(info.pid, signal.SIGCONT)
            send_signal(pid, signal.SIGCONT)

    def stop(self, seconds: float = 10) -> None:
        """End the daemon alone: TERM, and KILL after `seconds`."""
        pid = self.pid
        if pid is not None:
            send_signal(pid, signal.SIGTERM)
            send_signal(pid, signal.SIGCONT)
            if not self._wait_for_end(seconds):
                self.kill()
        self._record.unlink(missing_ok=True)

    def stop_tree(self) -> None:
        """End the daemon and all processes below it at once."""
        below = self.freeze()  # what is frozen starts nothing new meanwhile
        self.kill()
        end_all(below)
        self._record.unlink(missing_ok=True)

    def _wait_for_end(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.pid is not None and time.monotonic() < deadline:
            time.sleep(0.02)
        return self.pid is None


def end_all(processes: Sequence[ProcessInfo], seconds: float = 5) -> None:
    """Kill those of `processes` that are still the same processes, and see them gone."""
    signal_all(processes, signal.SIGKILL)
    deadline = time.monotonic() + seconds
    while any(_is_same(info) for info in processes) and time.monotonic() < deadline:
        time.sleep(0.01)


def signal_all(processes: Sequence[ProcessInfo], number: signal.Signals) -> None:
    """Send a signal to those of `processes` that are still the same processes."""
    for info in processes:
        if _is_same(info):
            send_signal(info.pid, number)


def _is_same(info: ProcessInfo) -> bool:
    now = process_info(info.pid)
    return now is not None and now.started == info.started


def send_signal(pid: int, number: signal.Signals) -> None:
    """Send a signal; a process that has just ended is no error."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
