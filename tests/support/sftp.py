"""Connecting to the SFTP servers of the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xenon_py import FileSystem, PasswordCredential

if TYPE_CHECKING:
    from services.records import SshServer
    from support.paramiko_server import InProcessServer

UNCHECKED = {"sftp.strictHostKeyChecking": "false", "sftp.loadKnownHosts": "false"}
"""The tests of SFTP are not about host keys, and must not touch the user's known_hosts."""


def connect(
    server: SshServer | InProcessServer, path: str | None = None, **properties: str
) -> FileSystem:
    """Return a file system on a server.

    Args:
        server: which.
        path: working directory; the home directory by default.
        properties: further properties, without ``sftp.``.
    """
    given = {f"sftp.{name.replace('__', '.')}": value for name, value in properties.items()}
    return FileSystem.create(
        "sftp",
        location=f"{server.location}{server.home if path is None else path}",
        properties={**UNCHECKED, **given},
        password_credential=PasswordCredential(username=server.user, password=server.password),
    )
