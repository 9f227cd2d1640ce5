"""``transferFiles``: files of a job that are on the machine of this program, or on a third one.

What a job reads is copied to the machine of the jobs before it is submitted. What it writes is
fetched once this program notices that it has ended, and then its end is told. Where both machines
are one, nothing is copied but from and to other hosts, which are reached by ``sftp``.
"""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from xenon_py.drmaa.errors import drmaa_error
from xenon_py.drmaa.mapping import HERE, HOME, INDEX, STREAMS, split_path
from xenon_py.drmaa.template import JobTemplate
from xenon_py.exceptions import NoSuchPathException, PathAlreadyExistsException
from xenon_py.filesystem import FileSystem
from xenon_py.model.attributes import PosixFilePermission
from xenon_py.model.copying import CopyMode
from xenon_py.model.jobs import JobDescription

_DIRECTORY = ".xenon/drmaa-files"
_PRIVATE = (
    PosixFilePermission.OWNER_READ,
    PosixFilePermission.OWNER_WRITE,
    PosixFilePermission.OWNER_EXECUTE,
)


@dataclass(frozen=True)
class Transfer:
    """The files of one job on the machine of the jobs.

    Attributes:
        inputs: to be removed when no job needs them any more.
        outputs: each with the host (``""`` = this machine) and path it is to be copied to.
    """

    inputs: tuple[str, ...] = ()
    outputs: tuple[tuple[str, str, str], ...] = ()

    def to_json(self) -> list[Any]:
        """Return what ``of_json`` takes."""
        return [list(self.inputs), [list(one) for one in self.outputs]]

    @classmethod
    def of_json(cls, value: list[Any]) -> Transfer:
        """Return the transfer that was written."""
        return cls(tuple(value[0]), tuple((r, h, p) for r, h, p in value[1]))


@dataclass
class Plan:
    """A job description whose streams are files over there, and what is to be copied.

    Attributes:
        description: to be submitted.
        transfers: by index; ``None`` = of a single job.
    """

    description: JobDescription
    transfers: dict[int | None, Transfer] = field(default_factory=dict)


class Stager:
    """Copies files to and from the machine of the jobs.

    Args:
        files: gives the file system over there.
        home: gives the home directory over there.
        here: that machine is this one.
    """

    def __init__(
        self, files: Callable[[], FileSystem], home: Callable[[], str], here: bool
    ) -> None:
        self._files = files
        self._home = home
        self._here = here

    def needed(self, template: JobTemplate) -> str:
        """Return the letters of the files that have to be copied."""
        letters = ""
        for letter, path in _paths_of(template).items():
            host = split_path(path)[0]
            if letter in template.transferFiles and path and not (self._here and _is_this(host)):
                letters += letter
        return letters.replace("e", "") if template.joinFiles else letters

    def plan(
        self, template: JobTemplate, description: JobDescription, indices: Iterable[int | None]
    ) -> Plan:
        """Copy what the jobs read, and say where they write.

        Args:
            template: of the jobs; its ``transferFiles`` are those ``needed``.
            description: made of it, without the streams that are to be transferred.
            indices: of the jobs.

        Raises:
            DeniedByDrmException: an input file is not there.
        """
        plan = Plan(description, dict.fromkeys(indices, Transfer()))
        paths = _paths_of(template)
        for letter in template.transferFiles:
            host, path = split_path(paths[letter])
            self._plan_stream(plan, letter, "" if _is_this(host) else host, path)
        if template.joinFiles:
            description.stderr = description.stdout
        return plan

    def _plan_stream(self, plan: Plan, letter: str, host: str, path: str) -> None:
        several = None not in plan.transfers and (letter != "i" or INDEX in path)
        remote = self._new_name(letter) + (".%a" if several else "")
        setattr(plan.description, STREAMS[letter], remote)
        for index, known in plan.transfers.items():
            name, there = remote.replace("%a", str(index)), _on_host(path, host, index)
            if letter != "i":
                changes = replace(known, outputs=(*known.outputs, (name, host, there)))
            else:
                changes = replace(known, inputs=(name,))
                if several or not any(one.inputs for one in plan.transfers.values()):
                    self._send(host, there, name)
            plan.transfers[index] = changes

    def _new_name(self, letter: str) -> str:
        directory = f"{self._home()}/{_DIRECTORY}"
        files = self._files()
        if not files.exists(directory):
            with suppress(PathAlreadyExistsException):  # another thread or program has made it
                files.create_directories(directory)
            files.set_posix_file_permissions(directory, _PRIVATE)
        return f"{directory}/{uuid.uuid4().hex}.{letter}"

    def _send(self, host: str, path: str, remote: str) -> None:
        with self._machine(host) as source:
            try:
                _copy(source, path, self._files(), remote)
            except NoSuchPathException as error:
                raise drmaa_error(17, f"inputPath: {error}") from error

    @contextmanager
    def _machine(self, host: str) -> Iterator[FileSystem]:
        """Give the file system of a host, by the SSH settings in use; ``""`` = this machine."""
        files = self._files()
        settings = files.get_properties() if files.get_adaptor_name() == "sftp" else {}
        with FileSystem.create("sftp", host, settings) if host else FileSystem.create("file") as it:
            yield it

    def fetch(self, job_id: str, name: str, transfer: Transfer) -> None:
        """Copy what a job wrote to where it belongs, and remove it over there.

        Args:
            job_id: of the job.
            name: of the job, for files in a directory.
            transfer: of the job.

        Raises:
            XenonException: a file could not be copied.
        """
        files = self._files()
        for remote, host, path in transfer.outputs:
            with self._machine(host) as target:
                letter = os.path.basename(remote).split(".")[1]
                _copy(files, remote, target, _whole(target, path, f"{name}.{letter}{job_id}"))
            files.delete(remote)

    def remove(self, paths: Iterable[str]) -> None:
        """Remove input files that no job needs any more."""
        for path in paths:
            try:
                self._files().delete(path)
            except NoSuchPathException:
                continue


def _paths_of(template: JobTemplate) -> dict[str, str]:
    return {"i": template.inputPath, "o": template.outputPath, "e": template.errorPath}


def _copy(source: FileSystem, path: str, target: FileSystem, name: str) -> None:
    error = source.copy(path, target, name, CopyMode.REPLACE).wait().error
    if error is not None:
        raise error


def _whole(target: FileSystem, path: str, name: str) -> str:
    """Return the file to write: a directory gets a name in it."""
    try:
        is_directory = target.get_attributes(path).is_directory
    except NoSuchPathException:
        is_directory = path.endswith("/")
    return f"{path.rstrip('/')}/{name}" if is_directory else path


def _is_this(host: str) -> bool:
    return host in {"", "localhost", socket.gethostname()}


def _on_host(path: str, host: str, index: int | None) -> str:
    """Return a path of a template as it is on a host; relative ones begin at its home."""
    for placeholder in (HOME, HERE):
        if path.startswith(placeholder):
            start = os.path.expanduser("~") if placeholder == HOME else os.getcwd()
            rest = path[len(placeholder) :].lstrip("/")
            path = rest or "." if host else f"{start}/{rest}"
    if index is not None:
        path = path.replace(INDEX, str(index))
    return path if host else os.path.abspath(path)
