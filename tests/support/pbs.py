"""Schedulers on the TORQUE and OpenPBS of the tests."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from services.records import PbsServer
from xenon_py import JobDescription, PasswordCredential, Scheduler
from xenon_py.model.jobs import JobStatus

QUICK = {"torque.poll.delay": "100"}
PATIENCE = 60_000


@contextlib.contextmanager
def with_environment(environment: Mapping[str, str]) -> Iterator[None]:
    """Set variables for a while."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        yield


def commands_of(server: PbsServer) -> contextlib.AbstractContextManager[None]:
    """Let commands of this machine reach the server."""
    if not server.local:
        pytest.skip("this machine has no commands of PBS")
    return with_environment(server.environment)


def here(directory: Path, **properties: str) -> Scheduler:
    """A ``torque`` scheduler on this machine; properties by their names, ``_`` for ``.``."""
    more = {f"torque.{name.replace('_', '.')}": value for name, value in properties.items()}
    return Scheduler.create("torque", f"local://{directory}", properties={**QUICK, **more})


def over_ssh(pbs: PbsServer, port: int | None = None, **properties: str) -> Scheduler:
    """A ``torque`` scheduler of the user that may log in to the server.

    Args:
        pbs: The server.
        port: Of a relay in between; None is straight.
        properties: Further ones, by their names with ``_`` for ``.``.
    """
    server = pbs.ssh
    if server is None:
        pytest.skip("only root can start an sshd")
    return Scheduler.create(
        "torque",
        location=f"ssh://{server.host}:{port or server.port}",
        password_credential=PasswordCredential(username=server.user, password=server.password),
        properties={
            "ssh.loadSshConfig": "false",
            "ssh.knownHostsFile": str(server.known_hosts),
            **({"ssh.strictHostKeyChecking": "false"} if port else {}),  # a relay is not known
            **QUICK,
            **{f"torque.{name.replace('_', '.')}": value for name, value in properties.items()},
        },
    )


def sh(script: str, **more: object) -> JobDescription:
    """A job that runs a shell script."""
    return JobDescription(executable="/bin/sh", arguments=["-c", script], **more)


def told(status: JobStatus) -> tuple[object, ...]:
    """What the tests compare: reason, exit code, signal."""
    return status.reason, status.exit_code, status.signal
