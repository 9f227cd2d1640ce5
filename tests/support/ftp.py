"""Connecting to the FTP servers of the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xenon_py import FileSystem, PasswordCredential

if TYPE_CHECKING:
    from services.records import FtpServer


def connect(server: FtpServer, tls: str = "none", **properties: str) -> FileSystem:
    """Return a file system on a server.

    Args:
        server: which.
        tls: ``none``, ``explicit`` or ``implicit``.
        properties: further properties, without ``ftp.``.
    """
    given = {f"ftp.{name.replace('__', '.')}": value for name, value in properties.items()}
    given["ftp.tls"] = tls
    given.setdefault("ftp.caFile", str(server.certificate))
    port = server.implicit_port if tls == "implicit" else server.port
    return FileSystem.create(
        "ftp",
        location=f"{server.host}:{port}{server.directory}",
        properties=given,
        password_credential=PasswordCredential(username=server.user, password=server.password),
    )
