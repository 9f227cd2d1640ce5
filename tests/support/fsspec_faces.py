"""Our file systems on the servers of the tests, as fsspec objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import fsspec

from support.s3 import shared_bucket
from support.sftp import UNCHECKED
from xenon_py import PasswordCredential

if TYPE_CHECKING:
    from services.records import DavServer, FtpServer, S3Server, SshServer


def sftp_options(server: SshServer) -> dict[str, Any]:
    """Return the storage options for an SSH server."""
    return {
        "location": server.location,
        "credential": PasswordCredential(username=server.user, password=server.password),
        "properties": UNCHECKED,
    }


def sftp(server: SshServer) -> Any:
    """Return the face of an SSH server."""
    return fsspec.filesystem("xenon-sftp", **sftp_options(server))


def ftp(server: FtpServer) -> Any:
    """Return the face of an FTP server."""
    return fsspec.filesystem(
        "xenon-ftp",
        location=f"{server.host}:{server.port}",
        credential=PasswordCredential(username=server.user, password=server.password),
    )


def webdav(server: DavServer) -> Any:
    """Return the face of a WebDAV server."""
    return fsspec.filesystem(
        "xenon-webdav",
        location=f"http://{server.host}:{server.port}{server.basic}",
        credential=PasswordCredential(username=server.user, password=server.password),
    )


def s3(server: S3Server) -> Any:
    """Return the face of the shared bucket of an S3 server."""
    return fsspec.filesystem(
        "xenon-s3",
        location=f"{server.endpoint}/{shared_bucket(server)}",
        credential=PasswordCredential(username=server.access_key, password=server.secret_key),
    )
