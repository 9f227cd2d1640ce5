"""Schedulers on the Slurm of the tests."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator

import pytest

from services.records import SlurmCluster
from xenon_py import PasswordCredential, Scheduler


def over_ssh(
    cluster: SlurmCluster, port: int | None = None, path: str = "", **properties: str
) -> Scheduler:
    """A ``slurm`` scheduler on the cluster's login node, reached by SSH.

    Args:
        cluster: The cluster.
        port: Of a relay in between; None is straight.
        path: Working directory; empty is the home directory.
        properties: Further ones, by their names with ``_`` for ``.``.
    """
    server = cluster.ssh
    return Scheduler.create(
        "slurm",
        location=f"ssh://{server.host}:{port or server.port}{path}",
        password_credential=PasswordCredential(username=server.user, password=server.password),
        properties={
            "ssh.loadSshConfig": "false",
            "ssh.knownHostsFile": str(server.known_hosts),
            **({"ssh.strictHostKeyChecking": "false"} if port else {}),  # a relay is not known
            **properties,
        },
    )


@contextlib.contextmanager
def operator(cluster: SlurmCluster) -> Iterator[None]:
    """Make an operator of the user of the login node, for a while."""
    if not cluster.local:
        pytest.skip("the administrator of the cluster has to make the user an operator")
    try:
        _set_level(cluster, "Operator")
        yield
    finally:
        _set_level(cluster, "None")


def _set_level(cluster: SlurmCluster, level: str) -> None:
    command = ("sacctmgr", "-i", "modify", "user", cluster.ssh.user, "set", f"adminlevel={level}")
    environment = {**os.environ, **cluster.environment}
    subprocess.run(command, env=environment, check=True, capture_output=True)
