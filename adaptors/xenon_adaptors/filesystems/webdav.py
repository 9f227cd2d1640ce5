"""Files on a WebDAV server (RFC 4918); the protocol is in ``xenon_adaptors.webdav_protocol``.

Paths are those of the server's URLs, decoded. A directory that is a collection ends in a slash on
the wire, and only there. What the standard lacks is lacking here: permissions, owners, links,
appending, and a way to remove a directory only if it is empty (it is looked at before).
"""

from __future__ import annotations

import contextlib
from collections.abc import Hashable, Iterable
from typing import ClassVar

import requests

from xenon_adaptors.descriptions import WEBDAV
from xenon_adaptors.webdav_protocol.addresses import Addresses, decoded, path_of
from xenon_adaptors.webdav_protocol.authentication import Authentication
from xenon_adaptors.webdav_protocol.failures import (
    DONE,
    NO_WEBDAV,
    explain_making,
    explain_taking,
    failure,
    no_webdav,
    not_empty,
)
from xenon_adaptors.webdav_protocol.multistatus import Member, UnreadableAnswerError, parse
from xenon_adaptors.webdav_protocol.reader import DavReader
from xenon_adaptors.webdav_protocol.transport import Demand, Repeat, Transport
from xenon_adaptors.webdav_protocol.writer import DavWriter
from xenon_py.exceptions import (
    InvalidPathException,
    NoSuchPathException,
    PathAlreadyExistsException,
    XenonException,
)
from xenon_py.model.credentials import PasswordCredential, credential_for
from xenon_py.model.descriptions import FileSystemAdaptorDescription
from xenon_py.model.location import Hop
from xenon_py.model.path import Path, is_below, normalise, parent
from xenon_py.plugin.filesystem import (
    FileInfo,
    FileKind,
    Progress,
    WriteMode,
)
from xenon_py.plugin.one_by_one import OneByOne
from xenon_py.plugin.target import Target
from xenon_py.plugin.trust import ca_file

_WANTED = (
    b'<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop><resourcetype/>'
    b"<getcontentlength/><getlastmodified/><creationdate/></prop></propfind>"
)
_NOT_TOLD = {403, 404, 405}  # how servers keep to themselves what is above their collections

_BELOW_FILE = {400, 403, 500}  # what servers say of paths that go through a file


class WebdavAdaptor(OneByOne):
    """A user's view of a WebDAV server."""

    description: ClassVar[FileSystemAdaptorDescription] = WEBDAV
    max_parallel = 4
    removes_trees = True
    time_resolution = 1000

    def __init__(self, target: Target) -> None:
        """Ask for the working directory.

        Raises:
            NotConnectedException: the server cannot be reached, is not trusted, or refuses us.
            NoSuchPathException: there is no such working directory.
            InvalidPathException: the working directory is a file.
        """
        location, properties = target.location, target.properties
        host = location.target or Hop("")
        authority = str(Hop(host.host, host.port))
        self._directory = normalise_url_path(location.path)
        self._user, authentication = _authentication(target, host)
        self._transport = Transport(
            Addresses(location.scheme, authority),
            authentication,
            ca_file(properties, "webdav.caFile"),
            (
                properties.integer("webdav.connection.timeout") / 1000,
                properties.integer("webdav.silence.timeout") / 1000,
            ),
        )
        self._without_body = False
        try:
            self._check_directory()
        except BaseException:
            self.close()
            raise

    def _check_directory(self) -> None:
        if self.lstat(self._directory).kind is not FileKind.DIRECTORY:
            raise InvalidPathException.because(
                "the working directory is no directory", path=self._directory
            )

    def working_directory(self) -> str:
        """Return the directory of the location, else the root."""
        return self._directory

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def identity(self) -> Hashable:
        """Return a key: the same server and the same user."""
        return ("webdav", self._transport.addresses.origin, self._user)

    def _url(self, path: str, kind: FileKind = FileKind.FILE) -> str:
        return self._transport.addresses.url(path, directory=kind is FileKind.DIRECTORY)

    # what is there

    def lstat(self, path: str) -> FileInfo:
        """Return what is known of a path.

        The root and what is above the working directory count as directories even where the
        server tells nothing of them: mostly these are its web pages.
        """
        is_start = path == self._directory
        kind = FileKind.DIRECTORY if is_start else FileKind.FILE
        status, members, seen = self._propfind(path, self._url(path, kind), 0)
        if status != 207 and is_start:  # perhaps a file
            status, members, seen = self._propfind(path, self._url(path), 0)
        if status != 207:
            if status in _NOT_TOLD and self._holds_start(path):
                return FileInfo("", FileKind.DIRECTORY, readable=True)
            if is_start and status in NO_WEBDAV:
                raise no_webdav(status, self._url(path, kind))
            raise failure(404 if self._is_below_file(status, path) else status, path)
        for member in members:
            if _trimmed(path_of(member.href)) == seen or len(members) == 1:
                if member.status >= 300:
                    raise failure(member.status, path)
                return _info("", member)
        raise XenonException.because("the server tells of other paths than asked", path=path)

    def _holds_start(self, path: str) -> bool:
        """Tell whether a path must be a directory: the root, or what is above our directory."""
        return path == "/" or (path != self._directory and is_below(self._directory, path))

    def _is_below_file(self, status: int, path: str) -> bool:
        """Tell whether an odd status only says that a file is taken for a directory."""
        if status not in _BELOW_FILE or path == "/":
            return False
        try:
            return self.lstat(parent(path)).kind is not FileKind.DIRECTORY
        except NoSuchPathException:
            return True
        except XenonException:
            return False

    def scandir(self, path: str) -> Iterable[FileInfo]:
        """Yield the entries of a directory."""
        status, members, seen = self._propfind(path, self._url(path, FileKind.DIRECTORY), 1)
        if status != 207:
            raise self._no_listing(status, path)
        start = seen if seen == "/" else seen + "/"
        for member in members:
            found = _trimmed(path_of(member.href))
            if found != seen:
                # What is not below the directory is handed on whole, for the core to refuse.
                yield _info(found.removeprefix(start), member)
            elif not member.is_collection:
                raise InvalidPathException.because("it is no directory", path=path)

    def _no_listing(self, status: int, path: str) -> XenonException:
        with contextlib.suppress(XenonException):
            if self.lstat(path).kind is not FileKind.DIRECTORY:
                return InvalidPathException.because("it is no directory", path=path)
        return explain_taking(self.lstat, status, path)

    def _propfind(self, path: str, url: str, depth: int) -> tuple[int, list[Member], str]:
        """Ask for properties; return status, members, and the decoded path that was answered.

        Raises:
            XenonException: the answer cannot be read.
        """
        # lighttpd as Debian builds it refuses every body: then all properties are asked for.
        for body in (b"",) if self._without_body else (_WANTED, b""):
            headers = {"Depth": str(depth)}
            if body:
                headers["Content-Type"] = "application/xml; charset=utf-8"
            demand = Demand("PROPFIND", url, headers, body or None, Repeat.ALWAYS, follow=True)
            with self._transport.answer(demand) as response:
                if response.status_code == 415 and body:
                    self._without_body = True
                    continue
                if response.status_code != 207:
                    return response.status_code, [], ""
                return 207, self._members(response, path), _trimmed(decoded(_sent_path(response)))
        return 415, [], ""

    def _members(self, response: requests.Response, path: str) -> list[Member]:
        try:
            return parse(self._transport.pieces(response))
        except UnreadableAnswerError as error:
            raise XenonException.because(
                f"the server's answer cannot be read: {error}", path=path
            ) from error

    # content

    def open_read(self, path: str, offset: int = 0) -> DavReader:
        """Open a file."""
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        demand = Demand("GET", self._url(path), headers, None, Repeat.ALWAYS)
        response = self._transport.open(demand)
        target = self._redirection(response)
        if target and not target.endswith("/"):
            response.close()
            response = self._transport.open(
                Demand("GET", target, headers, None, Repeat.ALWAYS, follow=True)
            )
        host = self._transport.addresses.origin
        if response.status_code in {200, 206}:
            return DavReader(response, offset, host)
        status = response.status_code
        response.close()
        if status == 416:
            return DavReader(None, offset, host)
        if self._is_directory(path):
            raise InvalidPathException.because("it is a directory", path=path)
        raise explain_taking(self.lstat, status, path)

    def _redirection(self, response: requests.Response) -> str:
        """Return where within the server a read is redirected to; a slash means a directory."""
        location = response.headers.get("Location")
        if not (response.is_redirect and location):
            return ""
        return self._transport.addresses.redirected(response.url, location) or ""

    def _is_directory(self, path: str) -> bool:
        with contextlib.suppress(XenonException):
            return self.lstat(path).kind is FileKind.DIRECTORY
        return False

    def open_write(self, path: str, mode: WriteMode, size: int | None = None) -> DavWriter:
        """Open a file that appears, or is replaced, when it is closed.

        Raises:
            UnsupportedOperationException: to append.
        """
        if mode is WriteMode.APPEND:
            raise self._unsupported("append to files")
        return DavWriter(
            self._transport,
            self._url(path),
            exclusive=mode is WriteMode.CREATE,
            size=size,
            probe=lambda: self._provoke_challenge(parent(path)),
            explain=lambda status: explain_making(self.lstat, status, path, directory=False),
        )

    def _provoke_challenge(self, directory: str) -> None:
        """Have the server ask who we are, if it asks those who write.

        Many let everybody read, so it is the one harmless change: to make what is there.
        """
        self._write(Demand("MKCOL", self._url(directory, FileKind.DIRECTORY)), directory)

    def copy_file(self, source: str, target: str, progress: Progress) -> None:
        """Copy a file within the server; it answers once all is copied."""
        info = self.lstat(source)
        if info.kind is not FileKind.FILE:
            raise InvalidPathException.because("it is no file", path=source)
        self._replace("COPY", source, target)
        try:
            progress(info.size)
        except BaseException:
            self.unlink(target)
            raise

    def rename(self, source: str, target: str, *, replace: bool = False) -> None:
        """Rename in one step. A directory is never replaced."""
        kind = self.lstat(source).kind
        if replace:
            self._replace("MOVE", source, target, kind)
        else:
            self._transfer("MOVE", source, target, kind, overwrite=False)

    def _replace(
        self, method: str, source: str, target: str, kind: FileKind = FileKind.FILE
    ) -> None:
        """Copy or move to where a file may be. The header for that would replace whole trees."""
        try:
            self._transfer(method, source, target, kind, overwrite=False)
        except PathAlreadyExistsException:
            if self._is_directory(target):
                raise InvalidPathException.because("it is a directory", path=target) from None
            self._transfer(method, source, target, kind, overwrite=True)

    def _transfer(
        self, method: str, source: str, target: str, kind: FileKind, *, overwrite: bool
    ) -> None:
        headers = {
            "Destination": self._url(target, kind),
            "Overwrite": "T" if overwrite else "F",
        }
        if method == "COPY":
            headers["Depth"] = "0"
        status = self._write(Demand(method, self._url(source, kind), headers), target)
        if status not in DONE:
            if status == 404:
                raise failure(404, source)
            raise explain_making(self.lstat, status, target, directory=not overwrite)

    # directories and removal

    def mkdir(self, path: str) -> None:
        """Make a directory."""
        status = self._write(Demand("MKCOL", self._url(path, FileKind.DIRECTORY)), path)
        if status not in DONE:
            raise explain_making(self.lstat, status, path, directory=True)

    def rmdir(self, path: str) -> None:
        """Remove a directory that was empty the moment before: the protocol removes whole trees."""
        for entry in self.scandir(path):
            if entry.name not in {".", ".."}:
                raise not_empty(path)
        self._delete(path, FileKind.DIRECTORY)

    def remove_tree(self, path: str) -> None:
        """Remove a directory with all that is in it, by one request (RFC 4918, 9.6.1)."""
        self._delete(path, FileKind.DIRECTORY)

    def unlink(self, path: str) -> None:
        """Remove a file. It is looked at before, as the protocol would remove a directory too."""
        if self.lstat(path).kind is FileKind.DIRECTORY:
            raise InvalidPathException.because("it is a directory", path=path)
        self._delete(path, FileKind.FILE)

    def _delete(self, path: str, kind: FileKind) -> None:
        demand = Demand("DELETE", self._url(path, kind), repeat=Repeat.IF_REFUSED)
        status = self._write(demand, path)
        if status not in DONE:
            raise explain_taking(self.lstat, status, path)

    def _write(self, demand: Demand, path: str) -> int:
        """Send a request that changes something; return its status.

        Where the server answers for each member (207), the first bad one counts.
        """
        with self._transport.answer(demand) as response:
            if response.status_code != 207:
                return response.status_code
            members = self._members(response, path)
        return next((one.status for one in members if one.status >= 300), 500)


def normalise_url_path(path: str) -> str:
    """Return the path of a location as an absolute, normalised path of the adaptor contract."""
    return normalise(Path(decoded(path or "/")), "/")


def _authentication(target: Target, host: Hop) -> tuple[str, Authentication | None]:
    """Return the user's name, and what answers challenges."""
    port = host.port or (443 if target.location.scheme == "https" else 80)
    credential = credential_for(target.credential, host.host, port)
    user = credential.username or host.user
    if isinstance(credential, PasswordCredential):
        return user, Authentication(user, credential.password)
    return user, None


def _trimmed(path: str) -> str:
    """Return a decoded path without the slash that marks a directory."""
    return path[:-1] if path.endswith("/") and path != "/" else path


def _sent_path(response: requests.Response) -> str:
    return response.request.path_url if response.request is not None else "/"


def _info(name: str, member: Member) -> FileInfo:
    kind = FileKind.DIRECTORY if member.is_collection else FileKind.FILE
    return FileInfo(
        name,
        kind,
        0 if member.is_collection else member.size,
        None,
        member.modified,
        member.modified,
        member.created,
        readable=True,
    )
