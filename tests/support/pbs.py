"""Schedulers on the TORQUE and OpenPBS of the tests."""

from __future__ import annotations

import pytest

from services.records import PbsServer
from xenon_py import PasswordCredential, Scheduler

QUICK = {"torque.poll.delay": "100"}


def over_ssh(pbs: PbsServer, **properties: str) -> Scheduler:
    """A ``torque`` scheduler of the user that may log in to the server."""
    server = pbs.ssh
    if server is None:
        pytest.skip("only root can start an sshd")
    return Scheduler.create(
        "torque",
        location=f"ssh://{server.location}",
        password_credential=PasswordCredential(username=server.user, password=server.password),
        properties={
            "ssh.loadSshConfig": "false",
            "ssh.knownHostsFile": str(server.known_hosts),
            **QUICK,
            **properties,
        },
    )
