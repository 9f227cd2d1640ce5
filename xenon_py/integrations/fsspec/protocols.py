"""One class for each adaptor of ours, with a protocol and a form of URLs.

================  ==============================================  ============================
protocol          URL                                             location
================  ==============================================  ============================
``xenon-file``    ``xenon-file:///dir/file``                      none
``xenon-sftp``    ``xenon-sftp://user@host:22/dir/file``          ``user@host:22``
``xenon-ftp``     ``xenon-ftp://user@host:21/dir/file``           ``user@host:21``
``xenon-webdav``  ``xenon-webdav://host/dir/file`` (https)        ``https://host``
``xenon-s3``      ``xenon-s3://bucket/key`` (Amazon)              ``https://s3.amazonaws.com/…``
================  ==============================================  ============================

A URL without a host (``xenon-sftp:///dir/file``) leaves the location to the argument of that name:
for gateways, plain http, other regions and stores.
"""

from __future__ import annotations

from typing import Any

from xenon_py.exceptions import InvalidLocationException
from xenon_py.integrations.fsspec.base import URL_PLACE
from xenon_py.integrations.fsspec.filesystem import XenonFileSystem


class _Located(XenonFileSystem):
    """A protocol whose URLs name a place."""

    location_start = ""

    @classmethod
    def _get_kwargs_from_urls(cls, path: str) -> dict[str, Any]:
        """Return the place that is in a URL, if there is one.

        Raises:
            InvalidLocationException: it holds a password.
        """
        authority = cls._split(path)[0]
        user, _, _ = authority.rpartition("@")
        if ":" in user:
            raise InvalidLocationException.because(
                "a password does not belong in a URL; give username and password_env, or credential"
            )
        return {URL_PLACE: cls.location_start + authority} if authority else {}


class XenonFileFileSystem(XenonFileSystem):
    """The file system of this machine."""

    protocol = "xenon-file"
    adaptor = "file"

    @classmethod
    def _split(cls, url: str) -> tuple[str, str]:
        authority, path = super()._split(url)  # there are no hosts here: a slash is missing
        return "", f"/{authority}{path}" if authority else path


class XenonSftpFileSystem(_Located):
    """Files on an SSH server."""

    protocol = "xenon-sftp"
    adaptor = "sftp"


class XenonFtpFileSystem(_Located):
    """Files on an FTP server."""

    protocol = "xenon-ftp"
    adaptor = "ftp"


class XenonWebdavFileSystem(_Located):
    """Files on a WebDAV server."""

    protocol = "xenon-webdav"
    adaptor = "webdav"
    location_start = "https://"


class XenonS3FileSystem(_Located):
    """A bucket of S3 or a compatible store. Paths are keys in it."""

    protocol = "xenon-s3"
    adaptor = "s3"
    location_start = "https://s3.amazonaws.com/"
