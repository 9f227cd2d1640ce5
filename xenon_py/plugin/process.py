"""The contract of a process adaptor (``local``, ``ssh``).

It can start, stream, signal and wait for one process.

The engine adds to it: queues, limits on time and number, job identifiers, statuses, arrays,
interactive sessions.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from xenon_py.model.descriptions import SchedulerAdaptorDescription
from xenon_py.model.jobs import JobUsage
from xenon_py.plugin.filesystem import Buffer
from xenon_py.plugin.target import FileSystemSpec, Target


@dataclass(frozen=True)
class ProcessSpec:
    """A process to start; every value is checked and absolute.

    Attributes:
        argv: program and arguments; the program is looked up in ``PATH`` when it has no ``/``;
            a relative one with ``/`` is relative to ``working_directory``.
        working_directory: absolute; must exist.
        environment: variables to set, values literal.
        inherit_environment: whether the variables of this process are handed on (local only).
        stdin: absolute path of a file that must exist, or ``None`` for no input.
        stdout: absolute path of a file that must not exist, or ``None`` for nowhere.
        stderr: likewise.
            Where both name the same path, both go into the one file.
        interactive: the three streams are pipes; the paths are ``None``.
    """

    argv: tuple[str, ...]
    working_directory: str
    environment: Mapping[str, str] = field(default_factory=dict)
    inherit_environment: bool = True
    stdin: str | None = None
    stdout: str | None = None
    stderr: str | None = None
    interactive: bool = False


@dataclass(frozen=True)
class ProcessExit:
    """How a process ended.

    Attributes:
        exit_code: 0..255, or ``None`` when a signal ended it or nobody knows.
        signal: number of the signal that ended it, or ``None``.
        core_dumped: whether that left a core file; ``None`` = unknown.
        usage: what it used, as far as is known.
        error: why the end is not known (connection lost …); ``""`` otherwise.
    """

    exit_code: int | None
    signal: int | None = None
    core_dumped: bool | None = None
    usage: JobUsage = JobUsage()
    error: str = ""


class InputPipe(Protocol):
    """Standard input of a process."""

    def write(self, data: Buffer, /) -> object:
        """Hand all of ``data`` over; blocks while the process does not read.

        Raises:
            BrokenPipeError: the process reads no more.
        """

    def close(self) -> None:
        """Signal the end of the input; may be called again."""


class OutputPipe(Protocol):
    """Standard output or error of a process."""

    def read(self, size: int, /) -> bytes:
        """Return 1 to ``size`` bytes as soon as there are some, ``b""`` only at the end."""

    def close(self) -> None:
        """Read no more; may be called again."""


class Process(ABC):
    """A started process, in a process group of its own.

    Attributes:
        pid: number of the process on its machine, or ``None``.
        stdin: pipe of an interactive process, else ``None``.
        stdout: likewise.
        stderr: likewise.
    """

    pid: int | None = None
    stdin: InputPipe | None = None
    stdout: OutputPipe | None = None
    stderr: OutputPipe | None = None

    @abstractmethod
    def poll(self) -> ProcessExit | None:
        """Return how it ended, ``None`` while it runs; never blocks."""

    @abstractmethod
    def wait(self, timeout: float | None = None) -> ProcessExit | None:
        """Wait for the end, at most ``timeout`` seconds; ``None`` when it still runs."""

    @abstractmethod
    def on_exit(self, callback: Callable[[ProcessExit], object]) -> None:
        """Call back once it has ended (at once if it has), from any thread, without polling."""

    @abstractmethod
    def signal(self, number: int) -> None:
        """Send a signal to the whole process group; nothing happens when it has ended."""

    @abstractmethod
    def terminate(self, grace: float) -> None:
        """End the whole process group: TERM, after ``grace`` seconds KILL. Does not wait."""


class ProcessAdaptor(ABC):
    """Base of process adaptors. ``__init__`` connects; it raises when that fails.

    Attributes:
        description: the adaptor's record.
        id_prefix: of job identifiers, e.g. ``local`` for ``local-0``.
        inherits_environment: the variables of this Python process can be handed on.
        start_threads: how many starts at once are useful.
    """

    description: ClassVar[SchedulerAdaptorDescription]
    id_prefix: ClassVar[str]
    inherits_environment: ClassVar[bool] = False
    start_threads: ClassVar[int] = 4

    @abstractmethod
    def __init__(self, target: Target) -> None: ...

    @abstractmethod
    def working_directory(self) -> str:
        """Return the directory that relative working directories start from; absolute."""

    @abstractmethod
    def start(self, spec: ProcessSpec) -> Process:
        """Start a process. May be called from many threads at once.

        Raises:
            NoSuchPathException: working directory, input file or output directory is missing.
            PathAlreadyExistsException: an output file exists.
            CommandNotFoundException: the program is missing, or cannot be run (where that is seen
                at once; elsewhere the exit code is 127 or 126).
            NotConnectedException: the machine cannot be reached.
        """

    def command(self, spec: ProcessSpec) -> tuple[str, ...]:
        """Return the command that ``start`` would run, for ``render``."""
        return spec.argv

    @abstractmethod
    def file_system(self) -> FileSystemSpec:
        """Name the file system of the machine that the processes run on."""

    def close(self) -> None:  # noqa: B027
        """Release the connection; the engine has ended all processes before."""

    def is_open(self) -> bool:
        """Tell whether the machine can be reached, as far as is known."""
        return True
