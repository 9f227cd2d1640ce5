"""The systems that the rows run on: their contact, their files, and what they can do."""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from services.records import SshServer
from xenon_py import FileSystem, PasswordCredential, drmaa
from xenon_py.drmaa import IndependentSession, JobInfo, JobTemplate

PATIENCE = 150.0
"""Seconds within which a job of the rows is to end on a busy machine."""

ANY = drmaa.Session.JOB_IDS_SESSION_ANY
ALL = drmaa.Session.JOB_IDS_SESSION_ALL
ABORTED = (False, False, "", False, True, 0)


@dataclass(frozen=True)
class Site:
    """A scheduler, as the rows see it.

    Attributes:
        contact: names it.
        base: directory that its jobs see; absolute.
        files: where that directory is.
        unknown: an identifier that no job has.
        parent: gives an array's identifier for that of a task.
        arrays: bulk jobs are arrays.
        holds: jobs can be submitted on hold, held and released.
        holds_tasks: single tasks of an array can be held and released.
        suspends: jobs can be suspended; ``False`` = not by this user, ``None`` = not at all.
        embedded: jobs are processes of this program, unknown to others.
        never: attributes of a job that can never start; ``FAILED`` in them is a job that failed.
        other_ends: how jobs end whose exit codes the system takes for something else.
        tells_deletion: that a job was deleted by another program can be told from its end.
        native: native options, shell text whose value they change, and that value.
        limits_in_seconds: a limit of a few seconds ends a job in time.
        mails: e-mail can be asked for.
        missing_command: how a job ends whose command is not there.
    """

    contact: str
    base: str
    files: FileSystem
    unknown: str
    parent: Callable[[str], str] = lambda task: task.partition("_")[0]
    arrays: bool = True
    holds: bool = True
    holds_tasks: bool = True
    suspends: bool | None = True
    embedded: bool = False
    never: Mapping[str, str] = field(default_factory=lambda: {"workingDirectory": "/nonexistent"})
    other_ends: Mapping[int, tuple[object, ...]] = field(default_factory=dict)
    tells_deletion: bool = True
    native: tuple[str, str, str] = ("-q unlimited", "", "")
    limits_in_seconds: bool = False
    mails: bool = True
    missing_command: tuple[object, ...] = (True, False, "", False, False, 127)

    @property
    def adaptor(self) -> str:
        """Name of the scheduler's adaptor."""
        return self.contact.partition(";")[0].removeprefix("adaptor=")

    def box(self) -> str:
        """Make a directory that no other row uses."""
        path = f"{self.base}/{uuid.uuid4().hex[:8]}"
        self.files.create_directory(path)
        return path

    def read(self, path: str) -> bytes:
        """Return the content of a file that a job wrote."""
        return b"".join(self.files.read_from_file(path))

    def write(self, path: str, data: bytes) -> None:
        """Make a file for a job to read."""
        self.files.write_to_file(path, [data])

    @contextlib.contextmanager
    def session(self) -> Iterator[IndependentSession]:
        """Give a session; at its end its jobs are ended and reaped."""
        with IndependentSession(self.contact) as session:
            try:
                yield session
            finally:
                session.control(ALL, "terminate")
                session.synchronize([ALL], PATIENCE, dispose=True)


@contextlib.contextmanager
def local_files(base: Path) -> Iterator[tuple[str, FileSystem]]:
    """Give a directory of this machine."""
    base.chmod(0o755)
    with FileSystem.create("file") as files:
        yield str(base), files


@contextlib.contextmanager
def remote_files(server: SshServer) -> Iterator[tuple[str, FileSystem]]:
    """Give a directory of an SSH server, removed at the end."""
    with FileSystem.create(
        "sftp",
        server.location,
        password_credential=PasswordCredential(username=server.user, password=server.password),
        properties={"sftp.loadSshConfig": "false", "sftp.knownHostsFile": str(server.known_hosts)},
    ) as files:
        base = f"{files.get_working_directory()}/drmaa-{uuid.uuid4().hex[:8]}"
        files.create_directory(base)
        yield base, files
        files.delete(base, recursive=True)


def ssh_contact(adaptor: str, server: SshServer, base: str, directory: Path) -> str:
    """Return a contact that reaches a scheduler over SSH with the user's key."""
    config = directory / f"ssh_config_{adaptor}"
    config.write_text(
        f"Host {server.host}\n  User {server.user}\n  IdentityFile {server.keys.ed25519}\n"
        f"  UserKnownHostsFile {server.known_hosts}\n  IdentitiesOnly yes\n"
    )
    scheme = "" if adaptor == "ssh" else "ssh://"
    return (
        f"adaptor={adaptor};location={scheme}{server.location}{base};"
        f"property.ssh.configFile={config}"
    )


def shell(text: str, *args: object, **attributes: object) -> JobTemplate:
    """Return a template that runs a line of shell."""
    return JobTemplate(remoteCommand="/bin/sh", args=["-c", text, "sh", *args], **attributes)


def exited(code: int) -> tuple[object, ...]:
    """Return what is told of a job with this exit code."""
    return (True, False, "", False, False, code)


def outcome(info: JobInfo) -> tuple[object, ...]:
    """Return how a job ended, without its identifier and usage."""
    return tuple(info[1:7])


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.25)


def drain(session: IndependentSession) -> list[JobInfo]:
    """Wait for any job until there is none."""
    found = []
    while True:
        try:
            found.append(session.wait(ANY, PATIENCE))
        except drmaa.InvalidJobException:
            return found


@contextlib.contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables of this process."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield


def home_of(files: FileSystem) -> str:
    """Return the home directory of the user whose jobs these are."""
    if files.get_adaptor_name() == "file":
        return os.path.expanduser("~")
    return str(files.get_working_directory())
