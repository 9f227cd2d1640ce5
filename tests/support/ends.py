"""The ends of the copies between all file systems: one more is one more line of ENDS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from support.sftp import UNCHECKED
from xenon_py import FileSystem, PasswordCredential

if TYPE_CHECKING:
    from services.records import DavServer, FtpServer, S3Server, SshServer


@dataclass(frozen=True)
class End:
    """How to connect to a directory for tests; as it is all text, another process can do it too."""

    adaptor: str
    location: str | None = None
    properties: dict[str, str] = field(default_factory=dict)
    user: str = ""
    password: str = field(default="", repr=False)

    def connect(self) -> FileSystem:
        """Return a file system on it."""
        credential = (
            PasswordCredential(username=self.user, password=self.password) if self.user else None
        )
        return FileSystem.create(
            self.adaptor,
            location=self.location,
            properties=self.properties,
            password_credential=credential,
        )


def _sftp(server: SshServer) -> End:
    return End("sftp", server.location + server.home, UNCHECKED, server.user, server.password)


def _ftp(server: FtpServer) -> End:
    location = f"{server.host}:{server.port}{server.directory}"
    return End("ftp", location, {}, server.user, server.password)


def _webdav(server: DavServer) -> End:
    location = f"http://{server.host}:{server.port}{server.basic}"
    return End("webdav", location, {}, server.user, server.password)


def _s3(server: S3Server) -> End:
    from support.s3 import shared_bucket

    location = f"{server.endpoint}/{shared_bucket(server)}"
    return End("s3", location, {}, server.access_key, server.secret_key)


ENDS: dict[str, tuple[str, Callable[[Any], End]]] = {
    "file": ("scratch", lambda path: End("file", str(path))),
    "sftp": ("sshd", _sftp),
    "ftp": ("proftpd_ftp", _ftp),
    "webdav": ("apache", _webdav),
    "s3": ("seaweed", _s3),
    "fsspec": ("scratch", lambda _: End("fsspec", "memory://")),
}
"""Each with the fixture of its server, and what makes an end of that."""
