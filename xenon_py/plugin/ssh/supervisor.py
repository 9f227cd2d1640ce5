"""Many processes on another machine, started and watched through one channel."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable

from xenon_py.exceptions import (
    CommandNotFoundException,
    ConnectionLostException,
    NoSuchPathException,
    PathAlreadyExistsException,
    PermissionDeniedException,
    XenonException,
)
from xenon_py.model.jobs import JobUsage
from xenon_py.plugin.ending import GroupProcess
from xenon_py.plugin.process import ProcessExit, ProcessSpec
from xenon_py.plugin.runner import new_marker
from xenon_py.plugin.ssh import script
from xenon_py.plugin.ssh.channels import ChannelLease
from xenon_py.plugin.ssh.job_script import start_request, supervisor_script
from xenon_py.plugin.ssh.remote_process import request, start_failure, until_marker
from xenon_py.plugin.ssh.streams import ChannelInput, Marked

_log = logging.getLogger("xenon_py.ssh")
_CLOSE_TIMEOUT = 5.0  # seconds that the other side gets to end what still runs


class SupervisedProcess(GroupProcess):
    """A process that a supervisor started. Its state changes in the supervisor's thread."""

    def __init__(self, supervisor: Supervisor, number: int, spec: ProcessSpec) -> None:
        super().__init__()
        self.spec = spec
        self.number = number
        self.answered = threading.Event()
        self.failure: XenonException | None = None
        self._supervisor = supervisor
        self._started = (0, 0.0)

    def signal(self, number: int) -> None:
        """Send a signal to the whole process group; nothing happens when it has ended."""
        if self.pid and self._exit is None:
            self._supervisor.send(f"K {number:d} {self.pid:d}\n")

    def terminate(self, grace: float) -> None:
        """End the whole process group: TERM, after ``grace`` seconds KILL. Does not wait.

        The process counts as ended when no member of its group is left.
        """
        with self._lock:
            if self._ending or self._exit is not None or not self.pid:
                return
            self._ending = True
        with contextlib.suppress(ConnectionLostException):  # then it has ended, as lost
            tenths = script.tenths(grace)
            self._supervisor.send(f"T {self.number:d} {self.pid:d} {tenths:d}\n")

    def begun(self, pid: int) -> None:
        """Note that it was started."""
        self.pid = pid
        self._started = (time.time_ns() // 1_000_000, time.monotonic())
        self.answered.set()

    def failed(self, failure: XenonException) -> None:
        """Note that it was not started."""
        self.failure = failure
        self.answered.set()

    def exited(self, status: int, flag: int) -> None:
        """Note how its first process ended."""
        begun, clock = self._started
        usage = JobUsage(
            start_time=begun,
            end_time=time.time_ns() // 1_000_000,
            wall_seconds=time.monotonic() - clock,
        )
        self._exited(
            ProcessExit(None, status - 128, flag == 2, usage)
            if flag
            else ProcessExit(status, None, False, usage)
        )

    def group_gone(self) -> None:
        """Note that nothing of its group is left."""
        self._group_gone()

    def lost(self, reason: str) -> None:
        """Note that nobody will tell how it ends."""
        text = f"the end of the process is not known: {reason}"
        with self._lock:
            if self._exit is None:
                self._exit = ProcessExit(None, error=text)
        self.failed(ConnectionLostException.because(text))
        self._finish()


class Supervisor:
    """The near end of the shell that ``job_script`` describes.

    Args:
        lease: a fresh channel; it is released when the supervisor is closed or lost.
        host: for messages.
    """

    def __init__(self, lease: ChannelLease, host: str) -> None:
        self._lease = lease
        self._host = host
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._processes: dict[int, SupervisedProcess] = {}
        self._numbers = 0
        self._over = ""
        marker = new_marker()
        request(lease, supervisor_script(marker))
        self._input = ChannelInput(lease.channel)
        rest = self._handshake(Marked(marker))
        self._thread = threading.Thread(
            target=self._listen, args=(rest,), name="xenon-ssh-jobs", daemon=True
        )
        self._thread.start()

    def _handshake(self, marked: Marked) -> bytes:
        """Read up to the line with the marker, and check what it says."""
        rest = until_marker(self._lease.channel, marked)
        if marked.word is None:
            raise start_failure(None, None, self._lease, marked.noise, b"")
        if len(marked.word.split(maxsplit=1)) < 2:
            raise XenonException.because(
                "neither the directory for temporary files nor the home directory can be written "
                "to, so no processes can be watched there",
                host=self._host,
            )
        return rest

    @property
    def over(self) -> str:
        """Why it takes no more requests; ``""`` while it does."""
        return self._over

    def start(self, spec: ProcessSpec) -> SupervisedProcess:
        """Start a process whose streams are files, and wait until that is known to be done.

        Raises:
            NoSuchPathException, PathAlreadyExistsException, PermissionDeniedException: by a file
                or directory.
            CommandNotFoundException: no such program, or it cannot be run.
            ConnectionLostException: the connection broke; it may have been started.
        """
        with self._lock:
            self._numbers += 1
            process = SupervisedProcess(self, self._numbers, spec)
            line = start_request(process.number, spec)
            self._processes[process.number] = process
        self.send(line)
        process.answered.wait()
        if process.failure is not None:
            raise process.failure
        return process

    def watch(self, pid: int) -> Callable[[], None]:
        """End a process group, too, if the connection breaks; return what undoes that."""
        with self._lock:
            self._numbers += 1
            number = self._numbers
        self.send(f"W {number:d} {pid:d}\n")

        def undo() -> None:
            with contextlib.suppress(ConnectionLostException):
                self.send(f"U {number:d}\n")

        return undo

    def send(self, line: str) -> None:
        """Send a request.

        Raises:
            ConnectionLostException: the connection broke.
        """
        try:
            with self._sending:
                self._input.write(line.encode())
        except BrokenPipeError as error:
            self._lose()
            raise ConnectionLostException.because(
                f"the connection broke: {self._over}", host=self._host
            ) from error

    def _listen(self, rest: bytes) -> None:
        while True:
            *lines, rest = rest.split(b"\n")
            for line in lines:
                self._take(line.decode("ascii", "replace").split())
            data = self._lease.channel.recv(65536)
            if not data:
                break
            rest += data
        self._lose()

    def _take(self, words: list[str]) -> None:
        """Act on an answer; what is none is noise of the other machine."""
        if len(words) < 2 or not words[1].isdigit():
            return
        with self._lock:
            process = self._processes.get(int(words[1]))
        if process is None:
            return
        if words[0] == "S" and len(words) == 3:
            process.begun(int(words[2]))
        elif words[0] == "F":
            self._forget(process)
            process.failed(_failure(words[2:], process.spec))
        elif words[0] == "X" and len(words) == 4:
            if not process.answered.is_set():
                process.failed(XenonException.because("the process could not be started"))
            process.exited(int(words[2]), int(words[3]))
            if process.poll() is not None:
                self._forget(process)
        elif words[0] == "G":
            process.group_gone()
            if process.poll() is not None:
                self._forget(process)

    def _forget(self, process: SupervisedProcess) -> None:
        with self._lock:
            self._processes.pop(process.number, None)

    def _lose(self) -> None:
        """Note that nothing more will be heard."""
        with self._lock:
            self._over = self._over or self._lease.lost() or "its supervising shell has ended"
            left = list(self._processes.values())
            self._processes.clear()
        for process in left:
            process.lost(self._over)
        self._lease.release()

    def close(self) -> None:
        """Have everything ended that still runs, and wait for that for a moment."""
        self._input.close()
        self._thread.join(_CLOSE_TIMEOUT)
        self._lose()


def _failure(words: list[str], spec: ProcessSpec) -> XenonException:
    """Return the exception for an answer ``F``."""
    why, what = (*words, "", "")[:2]
    path = {"stdin": spec.stdin, "stdout": spec.stdout, "stderr": spec.stderr}.get(what) or ""
    program = spec.argv[0]
    if why == "cwd":
        path = spec.working_directory
        return NoSuchPathException.because(f"Working directory does not exist: {path}", path=path)
    if why == "exists":
        return PathAlreadyExistsException.because(f"File already exists: {path}", path=path)
    if why == "missing":
        return NoSuchPathException.because(f"File does not exist: {path}", path=path)
    if why == "directory":
        return NoSuchPathException.because(
            f"Directory does not exist: {path.rpartition('/')[0]}", path=path
        )
    if why == "denied":
        return PermissionDeniedException.because(f"No permission to open {path}", path=path)
    if why == "program":
        return CommandNotFoundException.because(
            f"there is no program {program!r}", command=spec.argv, exit_code=127
        )
    if why == "execute":
        return CommandNotFoundException.because(
            f"{program!r} cannot be run", command=spec.argv, exit_code=126
        )
    return XenonException.because(f"the process could not be started: {' '.join(words)}")
