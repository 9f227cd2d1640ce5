"""Schedulers on the at daemon of the tests."""

from __future__ import annotations

from services.records import AtHost
from xenon_py import PasswordCredential, Scheduler

QUICK = {"at.poll.delay": "100"}


def over_ssh(host: AtHost, port: int | None = None) -> Scheduler:
    """An ``at`` scheduler of the user that may log in to the host.

    Args:
        host: The host.
        port: Of a relay in between; None is straight.
    """
    server = host.ssh
    return Scheduler.create(
        "at",
        location=f"ssh://{server.host}:{port or server.port}",
        password_credential=PasswordCredential(username=server.user, password=server.password),
        properties={
            "ssh.loadSshConfig": "false",
            "ssh.knownHostsFile": str(server.known_hosts),
            **({"ssh.strictHostKeyChecking": "false"} if port else {}),  # a relay is not known
            **QUICK,
        },
    )
