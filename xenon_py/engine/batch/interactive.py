"""Interactive jobs of a batch system: its launcher's streams, and a marker that tells the job."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterable, Sequence

from xenon_py.engine.batch.controlling import Controller
from xenon_py.engine.batch.host import SubmitHost
from xenon_py.engine.batch.statuses import script_ids
from xenon_py.exceptions import InvalidJobDescriptionException, NoSuchJobException, XenonException
from xenon_py.plugin.batch import (
    INTERACTIVE_ERRORS,
    BatchAdaptor,
    BatchJob,
    Control,
    CouldNotAskError,
    Site,
)
from xenon_py.plugin.process import OutputPipe, Process, ProcessExit
from xenon_py.plugin.runner import CommandResult, new_marker, quote, quote_all
from xenon_py.plugin.scheduler import InteractiveJob
from xenon_py.plugin.scripts import RECORDS, render_interactive

_log = logging.getLogger(__name__)
_PIECE = 65536

_LOGIN = ("HOME", "PATH", "USER", "LOGNAME", "SHELL", "LANG")


class Interactive:
    """Starts interactive jobs, and ends them when their streams break.

    The launcher (``srun``) mixes messages of its own into standard error. So it writes the job's
    errors to another open file, and its own go to the job record, where they are looked for when a
    job does not start.
    """

    def __init__(
        self, adaptor: BatchAdaptor, host: SubmitHost, site: Site, controller: Controller
    ) -> None:
        self._adaptor = adaptor
        self._host = host
        self._site = site
        self._controller = controller
        self._lock = threading.Lock()
        self._running: set[str] = set()

    def start(self, job: BatchJob) -> InteractiveJob:
        """Start a job and wait until it runs.

        Raises:
            InvalidJobDescriptionException: the working directory does not exist.
            UnsupportedOperationException: this system has no interactive jobs.
            XenonException: it was refused, or ended before it began.
        """
        marker = new_marker()
        ids = script_ids(self._adaptor)
        script = render_interactive(
            job.description, job.token, ids, marker=marker, rank=self._adaptor.rank_text
        )
        words = ("/bin/sh", "-c", script)
        command = self._adaptor.interactive_command(job, self._site, words)
        process = self._host.runner.start(("/bin/sh", "-c", self._program(marker, job, command)))
        try:
            job_id, errors = self._beginning(process, marker, job, command)
        except BaseException:
            self._abandon(process, job.token)
            raise
        with self._lock:
            self._running.add(job_id)
        process.on_exit(lambda end: self._over(job_id, end))
        return InteractiveJob(job_id, _Begun(process, errors))

    def _program(self, marker: str, job: BatchJob, command: tuple[str, ...]) -> str:
        """Return the program for the submit host; its errors are those of the job."""
        directory = quote(str(job.description.working_directory))
        inherit = bool(job.description.inherit_environment)
        kept = (*_LOGIN, *self._adaptor.keep)
        clean = "" if inherit else f"exec env -i {_basic(kept)} "
        lines = [
            "{",
            *self._host.head,
            f'xenon_record="$HOME/{RECORDS}/{job.token}"; xenon_log="$xenon_record/launcher"',
            '(umask 077; mkdir -p -- "$xenon_record") || xenon_log=/dev/null',
            f"cd -- {directory} || {{ printf '\\n%s directory\\n' {quote(marker)} >&2; exit 1; }}",
            "exec 4>&1",
            f'(exec {INTERACTIVE_ERRORS}>&1 1>&4 4>&- 2>"$xenon_log"',
            f"{clean}{quote_all(command)}) | cat >&2",
            "}",
        ]
        return "\n".join(lines)

    def _beginning(
        self, process: Process, marker: str, job: BatchJob, command: tuple[str, ...]
    ) -> tuple[str, bytes]:
        """Wait for the marker; return the job's identifier and the errors read around it."""
        errors = b""
        pattern = re.compile(rb"\n" + re.escape(marker.encode()) + rb" (\S+)(?: (\S*))?\n")
        pipe = _required(process.stderr)
        while True:
            piece = pipe.read(_PIECE)
            errors += piece
            found = pattern.search(errors)
            if found and found.group(1) == b"directory":
                raise InvalidJobDescriptionException.because(
                    f"working_directory {str(job.description.working_directory)!r} does not exist "
                    "on the submit host"
                )
            if found:
                before = errors[: found.start()] if job.description.start_per_task else b""
                return self._identifier(found), before + errors[found.end() :]
            if not piece:
                raise self._failure(process, job, command, errors)

    def _identifier(self, found: re.Match[bytes]) -> str:
        """Return the identifier for users of the job that printed the marker."""
        number, system = (text.decode("ascii", "replace") for text in found.groups(b""))
        return self._adaptor.known_id(number, system.partition(".")[2], self._site)

    def _failure(
        self, process: Process, job: BatchJob, command: tuple[str, ...], errors: bytes
    ) -> XenonException:
        """Return why the job did not begin, in the launcher's own words."""
        end = process.wait(10.0)
        path = f"{RECORDS}/{job.token}/launcher"
        said = self._host.query(("/bin/sh", "-c", 'cat -- "$HOME/$1"', "sh", path)).stdout
        code = end.exit_code if end else None
        result = CommandResult(command, code, None, b"", said + errors, self._host.runner.host)
        return self._adaptor.interactive_failure(result, self._site)

    def _abandon(self, process: Process, token: str) -> None:
        """End what was begun and did not get as far as having streams."""
        process.terminate(1.0)
        command = self._adaptor.find_by_token_command(token, self._site)
        if command is None:
            return
        try:
            result = self._host.query(command)
            self._cancel(self._adaptor.parse_find_by_token(result, token, self._site))
        except (CouldNotAskError, XenonException) as error:
            _log.warning("an interactive job that did not begin may be left: %s", error)

    def _over(self, job_id: str, end: ProcessExit) -> None:
        """Note the end of the launcher; a job whose streams broke is cancelled."""
        with self._lock:
            open_still = job_id in self._running
            self._running.discard(job_id)
        if end.error and open_still:
            self._cancel([job_id])

    def _cancel(self, job_ids: Sequence[str]) -> None:
        for job_id, error in zip(
            job_ids, self._controller.act(Control.CANCEL, job_ids), strict=True
        ):
            if error is not None and not isinstance(error, NoSuchJobException):  # it has ended
                _log.warning("interactive job %s could not be cancelled: %s", job_id, error)

    def close(self) -> None:
        """Cancel the jobs whose streams are open."""
        with self._lock:
            running, self._running = sorted(self._running), set()
        self._cancel(running)


def _basic(names: Iterable[str]) -> str:
    """Return words for ``env`` that hand these variables over, where they are set."""
    return " ".join(f'${{{name}+"{name}=${name}"}}' for name in names)


def _required(pipe: OutputPipe | None) -> OutputPipe:
    assert pipe is not None, "a process with pipes has all of them"
    return pipe


class _Begun(Process):
    """A process of whose errors some were read already."""

    def __init__(self, process: Process, errors: bytes) -> None:
        self._process = process
        self.pid = process.pid
        self.stdin = process.stdin
        self.stdout = process.stdout
        self.stderr = _Joined(errors, _required(process.stderr))

    def poll(self) -> ProcessExit | None:
        """Return how it ended."""
        return self._process.poll()

    def wait(self, timeout: float | None = None) -> ProcessExit | None:
        """Wait for the end."""
        return self._process.wait(timeout)

    def on_exit(self, callback: Callable[[ProcessExit], object]) -> None:
        """Call back once it has ended."""
        self._process.on_exit(callback)

    def signal(self, number: int) -> None:
        """Send a signal to the launcher."""
        self._process.signal(number)

    def terminate(self, grace: float) -> None:
        """End the launcher."""
        self._process.terminate(grace)


class _Joined:
    """Bytes that were read already, and the pipe that they were read from."""

    def __init__(self, first: bytes, pipe: OutputPipe) -> None:
        self._first = first
        self._pipe = pipe

    def read(self, size: int, /) -> bytes:
        """Return 1 to ``size`` bytes as soon as there are some, ``b""`` only at the end."""
        if self._first:
            piece, self._first = self._first[:size], self._first[size:]
            return piece
        return self._pipe.read(size)

    def close(self) -> None:
        """Read no more."""
        self._pipe.close()
