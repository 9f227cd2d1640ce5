"""Jobs as processes of this machine.

A job leads a session and a process group of its own; with it end its children, unless they left
the group. Its end is noticed by the kernel's notification (``pidfd_open(2)``), not by polling.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from typing import ClassVar

from xenon_adaptors.descriptions import LOCAL
from xenon_py.exceptions import (
    InvalidLocationException,
    NoSuchPathException,
    PathAlreadyExistsException,
    PermissionDeniedException,
    XenonException,
)
from xenon_py.plugin.local_process import LocalProcess, popen
from xenon_py.plugin.os_errors import reason_of
from xenon_py.plugin.process import Process, ProcessAdaptor, ProcessSpec
from xenon_py.plugin.target import FileSystemSpec, Target

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
# O_NONBLOCK: opening a named pipe that nobody writes to would hang otherwise.
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC


class LocalAdaptor(ProcessAdaptor):
    """Starts processes of this machine."""

    description = LOCAL
    id_prefix: ClassVar[str] = "local"
    inherits_environment: ClassVar[bool] = True
    start_threads: ClassVar[int] = 2  # more only wait for each other: a fork holds the interpreter

    def __init__(self, target: Target) -> None:
        self._directory = target.location.path or os.getcwd()
        if not os.path.isdir(self._directory):
            raise InvalidLocationException.because(
                f"the location {target.location.text!r} is no directory of this machine; "
                "give an existing directory by its absolute path, or nothing"
            )

    def working_directory(self) -> str:
        """Return the directory of the location, else that of this process at creation."""
        return self._directory

    def start(self, spec: ProcessSpec) -> Process:
        """Start a process; its output files are made by this call, and must not be there."""
        if not os.path.isdir(spec.working_directory):
            raise NoSuchPathException.because(
                f"Working directory does not exist: {spec.working_directory}",
                path=spec.working_directory,
            )
        if spec.interactive:
            pipe = subprocess.PIPE
            return LocalProcess(_popen(spec, pipe, pipe, pipe))
        with _Files(spec) as files:
            return LocalProcess(_popen(spec, files.stdin, files.stdout, files.stderr))

    def file_system(self) -> FileSystemSpec:
        """Name the ``file`` adaptor, at the working directory."""
        return FileSystemSpec("file", self._directory)


def _popen(spec: ProcessSpec, stdin: int, stdout: int, stderr: int) -> subprocess.Popen[bytes]:
    return popen(
        spec.argv,
        cwd=spec.working_directory,
        env=environment_of(spec),
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
    )


def environment_of(spec: ProcessSpec) -> dict[bytes, bytes]:
    """Return the whole environment of a process, as bytes: nothing is decoded on the way.

    Where nothing is inherited, it is the bare one of a new login and the job's own variables.
    """
    own = {os.fsencode(name): os.fsencode(value) for name, value in spec.environment.items()}
    if spec.inherit_environment:
        return {**os.environb, **own}
    bare = {"PATH": "/usr/local/bin:/usr/bin:/bin", **_login_variables()}
    return {**{name.encode(): os.fsencode(value) for name, value in bare.items()}, **own}


def _login_variables() -> dict[str, str]:
    try:
        user = pwd.getpwuid(os.getuid())
    except KeyError:  # an account without a name, in a container say
        return {"HOME": "/", "SHELL": "/bin/sh"}
    name = user.pw_name
    return {"HOME": user.pw_dir, "SHELL": user.pw_shell, "LOGNAME": name, "USER": name}


class _Files:
    """The open files of a job; those that were made are removed again if the start fails."""

    def __init__(self, spec: ProcessSpec) -> None:
        self._spec = spec
        self._open: list[int] = []
        self._made: list[str] = []
        self.stdin = self.stdout = self.stderr = subprocess.DEVNULL

    def __enter__(self) -> _Files:
        spec = self._spec
        try:
            if spec.stdin is not None:
                self.stdin = self._opened(spec.stdin, _READ)
                os.set_blocking(self.stdin, True)
            if spec.stdout is not None:
                self.stdout = self._opened(spec.stdout, _NEW)
            if spec.stderr is not None and spec.stderr == spec.stdout:
                self.stderr = subprocess.STDOUT
            elif spec.stderr is not None:
                self.stderr = self._opened(spec.stderr, _NEW)
        except XenonException:
            self._clean(failed=True)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *details: object) -> None:
        self._clean(failed=kind is not None)

    def _opened(self, path: str, flags: int) -> int:
        try:
            fd = os.open(path, flags, 0o666)
        except OSError as error:
            raise _open_error(error, path) from error
        self._open.append(fd)
        if flags & os.O_CREAT:
            self._made.append(path)
        return fd

    def _clean(self, *, failed: bool) -> None:
        for fd in self._open:
            os.close(fd)
        if failed:
            for path in self._made:
                os.unlink(path)


def _open_error(error: OSError, path: str) -> XenonException:
    if isinstance(error, FileExistsError):
        return PathAlreadyExistsException.because(f"File already exists: {path}", path=path)
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        directory = os.path.dirname(path)
        missing = path if os.path.isdir(directory) else directory
        kind = "File" if missing == path else "Directory"
        return NoSuchPathException.because(f"{kind} does not exist: {missing}", path=path)
    if isinstance(error, PermissionError):
        return PermissionDeniedException.because(f"No permission to open {path}", path=path)
    return XenonException.because(f"{path} cannot be opened: {reason_of(error)}", path=path)
