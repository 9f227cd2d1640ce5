"""A scheduler that runs its jobs on this machine, with a low priority."""

from __future__ import annotations

import os
import subprocess
from contextlib import ExitStack
from typing import ClassVar

from xenon_py.exceptions import NoSuchPathException, PathAlreadyExistsException
from xenon_py.model.descriptions import SchedulerAdaptorDescription
from xenon_py.model.location import LocationForm
from xenon_py.model.properties import SCHEDULER_PREFIX, PropertyDescription, PropertyType
from xenon_py.plugin.local_process import LocalProcess, popen
from xenon_py.plugin.process import Process, ProcessAdaptor, ProcessSpec
from xenon_py.plugin.target import FileSystemSpec, Target


class NiceScheduler(ProcessAdaptor):
    """Runs every job under ``nice``."""

    description = SchedulerAdaptorDescription(
        name="sample-queue",
        description="Processes of this machine that let others go first.",
        supported_locations=("(empty)", "/workdir"),
        supported_properties=(
            PropertyDescription(
                name=f"{SCHEDULER_PREFIX}sample-queue.niceness",
                description="How far the priority is lowered, 0 to 19.",
                default_value="10",
                type=PropertyType.NATURAL,
                maximum=19,
            ),
        ),
        location_form=LocationForm.PATH,
        is_embedded=True,
        supports_interactive=True,
        supports_job_arrays=True,
        supports_array_throttle=True,
        supports_hold=True,
        supports_suspend=True,
        supports_signal=True,
    )
    id_prefix: ClassVar[str] = "nice"
    inherits_environment: ClassVar[bool] = True

    def __init__(self, target: Target) -> None:
        self._directory = target.location.path or os.getcwd()
        self._niceness = target.properties.integer("sample-queue.niceness")

    def working_directory(self) -> str:
        return self._directory

    def command(self, spec: ProcessSpec) -> tuple[str, ...]:
        return ("nice", "-n", str(self._niceness), "--", *spec.argv)

    def start(self, spec: ProcessSpec) -> Process:
        if not os.path.isdir(spec.working_directory):
            raise NoSuchPathException.because(
                f"working directory does not exist: {spec.working_directory}"
            )
        with ExitStack() as files:
            stdin = stdout = stderr = subprocess.PIPE if spec.interactive else subprocess.DEVNULL
            if spec.stdin:
                stdin = _opened(files, spec.stdin, os.O_RDONLY)
            if spec.stdout:
                stdout = _opened(files, spec.stdout, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
            if spec.stderr and spec.stderr == spec.stdout:
                stderr = subprocess.STDOUT
            elif spec.stderr:
                stderr = _opened(files, spec.stderr, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
            inherited = os.environ if spec.inherit_environment else {"PATH": os.defpath}
            started = popen(
                self.command(spec),
                cwd=spec.working_directory,
                env={**inherited, **spec.environment},
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
            )
        return LocalProcess(started)

    def file_system(self) -> FileSystemSpec:
        return FileSystemSpec("file", self._directory)


def _opened(files: ExitStack, path: str, flags: int) -> int:
    try:
        descriptor = os.open(path, flags | os.O_CLOEXEC, 0o666)
    except FileExistsError as error:
        raise PathAlreadyExistsException.because(f"file exists: {path}", path=path) from error
    except FileNotFoundError as error:
        raise NoSuchPathException.because(f"file does not exist: {path}", path=path) from error
    files.callback(os.close, descriptor)
    return descriptor
