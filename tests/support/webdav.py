"""Connecting to the WebDAV servers of the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xenon_py import FileSystem, PasswordCredential

if TYPE_CHECKING:
    from services.records import DavServer


def connect(server: DavServer, path: str, *, tls: bool = False, **properties: str) -> FileSystem:
    """Return a file system on a server.

    Args:
        server: which.
        path: working directory.
        tls: by https.
        properties: further properties, without ``webdav.``.
    """
    given = {f"webdav.{name.replace('__', '.')}": value for name, value in properties.items()}
    if tls:
        given.setdefault("webdav.caFile", str(server.certificate))
    scheme, port = ("https", server.tls_port) if tls else ("http", server.port)
    return FileSystem.create(
        "webdav",
        location=f"{scheme}://{server.host}:{port}{path}",
        properties=given,
        password_credential=PasswordCredential(username=server.user, password=server.password),
    )
