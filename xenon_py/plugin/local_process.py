"""Starts processes on this machine, for the local command runner and for ``local`` jobs.

Each process leads a session and process group of its own. Its end is noticed by the kernel's
notification, its exit status is taken with ``wait4(2)`` (which tells what it used).
"""

from __future__ import annotations

import errno
import logging
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

from xenon_py.exceptions import (
    CommandNotFoundException,
    IllegalArgumentException,
    NoSuchPathException,
    XenonException,
)
from xenon_py.model.jobs import JobUsage
from xenon_py.plugin.clock import now_ms
from xenon_py.plugin.ending import GroupProcess
from xenon_py.plugin.local_exits import watch_exit
from xenon_py.plugin.local_groups import end_group, signal_group
from xenon_py.plugin.local_pipes import LocalInputPipe, LocalOutputPipe
from xenon_py.plugin.os_errors import reason_of
from xenon_py.plugin.process import ProcessExit

_log = logging.getLogger("xenon_py.plugin.local_process")
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # getrusage(2): bytes there, KiB on Linux
_CANNOT_RUN = {errno.EACCES, errno.ENOEXEC, errno.EISDIR, errno.ENOTDIR, errno.ELOOP}


def popen(
    argv: Sequence[str],
    *,
    cwd: str | None,
    env: Mapping[str, str] | Mapping[bytes, bytes] | None,
    stdin: int,
    stdout: int,
    stderr: int,
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own.

    Args:
        argv: program (looked up in the ``PATH`` of ``env`` when it has no ``/``) and arguments.
        cwd: directory to run in; ``None`` = that of this process.
        env: its whole environment; ``None`` = that of this process.
        stdin: a descriptor, ``subprocess.PIPE`` or ``subprocess.DEVNULL``.
        stdout: likewise.
        stderr: likewise, or ``subprocess.STDOUT``.

    Raises:
        CommandNotFoundException: no such program, or it cannot be run.
        NoSuchPathException: ``cwd`` is no directory.
        IllegalArgumentException: a word or variable cannot be handed to a process.
        XenonException: the operating system refused for another reason.
    """
    try:
        return subprocess.Popen(
            list(argv),
            bufsize=0,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            cwd=cwd,
            env=env,
            start_new_session=True,
        )
    except OSError as error:
        raise _start_error(error, argv, cwd) from error
    except (ValueError, TypeError, IndexError) as error:
        raise IllegalArgumentException.because(
            f"this cannot be handed to a process: {error}", command=list(map(str, argv))
        ) from error


def _start_error(error: OSError, argv: Sequence[str], cwd: str | None) -> XenonException:
    if cwd is not None and not os.path.isdir(cwd):
        return NoSuchPathException.because(
            f"the working directory {cwd!r} is not a directory that exists", path=cwd
        )
    program = argv[0]
    if error.errno == errno.ENOENT:
        return CommandNotFoundException.because(
            _why_missing(program, cwd), command=argv, exit_code=127
        )
    if error.errno in _CANNOT_RUN:
        hint = "; a script begins with a line such as #!/bin/sh" * (error.errno == errno.ENOEXEC)
        return CommandNotFoundException.because(
            f"{program!r} cannot be run: {error.strerror}{hint}", command=argv, exit_code=126
        )
    if error.errno == errno.E2BIG:
        return IllegalArgumentException.because(
            f"arguments and environment of {program!r} are larger than the system permits"
        )
    return XenonException.because(
        f"the system could not start {program!r}: {reason_of(error)}", command=argv
    )


def _why_missing(program: str, cwd: str | None) -> str:
    if "/" in program and os.path.exists(os.path.join(cwd or "", program)):
        return f"{program!r} cannot be run: the interpreter in its first line does not exist"
    hint = "; arguments do not belong in the executable" if " " in program else ""
    return f"there is no program {program!r}{hint}"


def exit_of(status: int, usage: JobUsage) -> ProcessExit:
    """Return what a wait status (``wait(2)``) says."""
    if os.WIFSIGNALED(status):
        return ProcessExit(None, os.WTERMSIG(status), os.WCOREDUMP(status), usage)
    return ProcessExit(os.WEXITSTATUS(status), None, False, usage)


class LocalProcess(GroupProcess):
    """A process of this machine that ``popen`` started and nobody else waits for."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        super().__init__()
        self._popen = process
        self.child_pid = self.pid = process.pid
        self._start_time = now_ms()
        self._start_clock = time.monotonic()
        self._floor = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        self._reaped = False
        if process.stdin is not None:
            self.stdin = LocalInputPipe(process.stdin)
        if process.stdout is not None:
            self.stdout = LocalOutputPipe(process.stdout)
        if process.stderr is not None:
            self.stderr = LocalOutputPipe(process.stderr)
        watch_exit(self)

    def signal(self, number: int) -> None:
        """Send a signal to the whole process group; nothing happens when it has ended."""
        with self._lock:
            if not self._reaped:
                signal_group(self.child_pid, number)

    def terminate(self, grace: float) -> None:
        """End the whole process group: TERM, after ``grace`` seconds KILL. Does not wait.

        The process counts as ended when no member of its group is left.
        """
        with self._lock:
            if self._reaped or self._ending:
                return
            self._ending = True
            end_group(self.child_pid, grace, self._group_gone)

    def reap(self) -> None:
        """Take the exit status; called by the watcher once the process has ended."""
        with self._lock:  # no signal is sent between the taking and the mark that it is taken
            ended = self._take_status()
            self._reaped = True
        self._exited(ended)

    def _take_status(self) -> ProcessExit:
        try:
            _, status, used = os.wait4(self.child_pid, 0)
        except ChildProcessError:
            self._popen.returncode = 0  # or the destructor of Popen would look for it
            return ProcessExit(None, error="another part of this program took its exit status")
        self._popen.returncode = os.waitstatus_to_exitcode(status)
        usage = JobUsage(
            start_time=self._start_time,
            end_time=now_ms(),
            wall_seconds=time.monotonic() - self._start_clock,
            cpu_seconds=used.ru_utime + used.ru_stime,
            # The kernel counts in what the process was before exec(): a copy of this one.
            max_rss=used.ru_maxrss * _RSS_UNIT if used.ru_maxrss > self._floor else None,
        )
        return exit_of(status, usage)
