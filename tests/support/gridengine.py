"""Schedulers on the Grid Engine of the tests."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.records import GridEngineCell
from xenon_py import PasswordCredential, Scheduler

QUICK = {"gridengine.poll.delay": "200"}


@contextlib.contextmanager
def commands_of(cell: GridEngineCell) -> Iterator[None]:
    """Let commands of this machine reach the cell."""
    if not cell.local:
        pytest.skip("this machine has no commands of Grid Engine")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in cell.environment.items():
            patch.setenv(name, value)
        yield


def here(directory: Path, **properties: str) -> Scheduler:
    """A ``gridengine`` scheduler on this machine; properties by their names, ``_`` for ``.``."""
    more = {f"gridengine.{name.replace('_', '.')}": value for name, value in properties.items()}
    return Scheduler.create("gridengine", f"local://{directory}", properties={**QUICK, **more})


def over_ssh(cell: GridEngineCell, port: int | None = None, **properties: str) -> Scheduler:
    """A ``gridengine`` scheduler on the cell's login node.

    Args:
        cell: The cell.
        port: Of a relay in between; None is straight.
        properties: Further ones, by their names with ``_`` for ``.``.
    """
    server = cell.ssh
    return Scheduler.create(
        "gridengine",
        location=f"ssh://{server.host}:{port or server.port}",
        password_credential=PasswordCredential(username=server.user, password=server.password),
        properties={
            "ssh.loadSshConfig": "false",
            "ssh.knownHostsFile": str(server.known_hosts),
            **({"ssh.strictHostKeyChecking": "false"} if port else {}),  # a relay is not known
            **QUICK,
            **{f"gridengine.{name.replace('_', '.')}": value for name, value in properties.items()},
        },
    )
