"""Files on an FTP server; the protocol is in ``xenon_adaptors.ftp_protocol``.

What servers tell differs much: those with MLSD tell times in seconds and UTC, others print lists
for people. No server makes links or copies files by itself.
"""

from __future__ import annotations

import contextlib
import ftplib
import logging
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import partial
from typing import ClassVar, TypeVar

from xenon_adaptors.descriptions import FTP
from xenon_adaptors.ftp_protocol import batches
from xenon_adaptors.ftp_protocol import look as looks
from xenon_adaptors.ftp_protocol.attributes import set_mode, set_time
from xenon_adaptors.ftp_protocol.clients import Account
from xenon_adaptors.ftp_protocol.connection import Connection, sendable, text, wire
from xenon_adaptors.ftp_protocol.failures import code_of, explain_making, explain_taking
from xenon_adaptors.ftp_protocol.listings import Listed
from xenon_adaptors.ftp_protocol.pool import Pool, patiently
from xenon_adaptors.ftp_protocol.streams import EmptyReader, FtpReader, FtpWriter
from xenon_py.exceptions import (
    ConnectionLostException,
    DirectoryNotEmptyException,
    InvalidPathException,
    InvalidPropertyException,
    PathAlreadyExistsException,
    XenonException,
)
from xenon_py.model.credentials import PasswordCredential, credential_for
from xenon_py.model.descriptions import FileSystemAdaptorDescription
from xenon_py.model.location import Hop
from xenon_py.plugin.filesystem import FileInfo, FileKind, SmallFile, WriteMode
from xenon_py.plugin.one_by_one import OneByOne, error_of, outcome
from xenon_py.plugin.target import Target
from xenon_py.plugin.trust import ca_file

_log = logging.getLogger("xenon_py.ftp")
_REFUSALS = (ftplib.error_perm, ftplib.error_temp)
_TLS = ("none", "explicit", "implicit")
_BEHIND_THE_END = 554
_MINUTE = 60_000  # ms

T = TypeVar("T")


class FtpAdaptor(OneByOne):
    """A user's view of an FTP server."""

    description: ClassVar[FileSystemAdaptorDescription] = FTP
    max_parallel = 4
    piece_size = 32 * 1024

    def __init__(self, target: Target) -> None:
        """Connect and log in.

        Raises:
            NotConnectedException: the server cannot be reached, is not trusted, or refuses us.
            NoSuchPathException: there is no such working directory.
            InvalidPathException: the working directory is a file.
        """
        account = _account(target)
        self._key = ("ftp", account.host, account.port, account.user)
        self._pool = Pool(lambda: Connection(account))
        try:
            with self._pool.use() as connection:
                if not looks.has_facts(connection):
                    self.time_resolution = _MINUTE
                self._directory = self._find_directory(connection, target.location.path)
        except BaseException:
            self.close()
            raise

    def _find_directory(self, connection: Connection, wanted: str) -> str:
        if not wanted:
            return text(ftplib.parse257(connection.command("PWD"))) or "/"
        path = "/" + "/".join(name for name in wanted.split("/") if name)
        try:
            connection.command("CWD", path)
        except _REFUSALS as error:
            raise explain_taking(self.lstat, error, path, wanted=FileKind.DIRECTORY) from error
        return path

    def working_directory(self) -> str:
        """Return the directory of the location, else the one where log-ins start."""
        return self._directory

    def close(self) -> None:
        """Log out."""
        self._pool.close()

    def identity(self) -> Hashable:
        """Return a key: the same server and the same user."""
        return self._key

    def _once_more(self, work: Callable[[Connection], T]) -> T:
        """Do what does no harm when it is done twice: again, if the connection broke."""

        def once() -> T:
            with self._pool.use() as connection:
                return work(connection)

        try:
            return patiently(once)
        except ConnectionLostException as error:
            _log.info("a look is done again, as the connection was lost: %s", error)
            return patiently(once)

    # what is there

    def lstat(self, path: str) -> FileInfo:
        """Return what is known of a path, not following a link where the server shows links."""
        return self._look(path).info

    def _look(self, path: str) -> Listed:
        wire(path)
        try:
            return self._once_more(lambda connection: looks.look(connection, path))
        except _REFUSALS as error:
            raise _unclear(error, path) from error

    def scandir(self, path: str) -> Iterable[FileInfo]:
        """Yield the entries of a directory."""
        try:
            found = self._once_more(lambda connection: looks.entries(connection, path))
        except _REFUSALS as error:
            raise explain_taking(self.lstat, error, path, wanted=FileKind.DIRECTORY) from error
        return [one.info for one in found]

    def readlink(self, path: str) -> str:
        """Return the text of a symbolic link, as LIST shows it."""
        try:
            found = self._once_more(lambda connection: looks.in_parent(connection, path))
        except _REFUSALS as error:
            raise explain_taking(self.lstat, error, path) from error
        if found is None:
            raise looks.missing(path)
        if found.info.kind is not FileKind.LINK:
            raise InvalidPathException.because("it is no symbolic link", path=path)
        return found.target

    # content

    def open_read(self, path: str, offset: int = 0) -> FtpReader | EmptyReader:
        """Open a file, on a connection of its own."""

        def explain(error: ftplib.Error) -> XenonException:
            return explain_taking(self.lstat, error, path, wanted=FileKind.FILE)

        try:
            connection, data = self._pool.begin("RETR", path, offset)
        except _REFUSALS as error:
            if offset and code_of(error) == _BEHIND_THE_END:
                return EmptyReader()
            raise explain(error) from error
        return FtpReader(self._pool, connection, data, explain)

    def open_write(self, path: str, mode: WriteMode, size: int | None = None) -> FtpWriter:
        """Open a file, on a connection of its own.

        FTP cannot make a file only if there is none: it is looked at before.
        """
        del size
        if mode is WriteMode.CREATE:
            self._check_free(path)

        def explain(error: ftplib.Error) -> XenonException:
            return explain_making(self.lstat, error, path, directory=False)

        verb = "APPE" if mode is WriteMode.APPEND else "STOR"
        try:
            connection, data = self._pool.begin(verb, path)
        except _REFUSALS as error:
            raise explain(error) from error
        return FtpWriter(self._pool, connection, data, explain)

    def _check_free(self, path: str) -> None:
        if self._kind(path) is not None:
            raise PathAlreadyExistsException.because(f"path already exists: {path!r}", path=path)

    def _kind(self, path: str) -> FileKind | None:
        try:
            return self.lstat(path).kind
        except FileNotFoundError:
            return None

    # many small files: over one connection, and once more alone what is refused, which says why

    def lstat_many(self, paths: Sequence[str]) -> list[FileInfo | XenonException]:
        """Return what ``lstat`` tells of each path, or the error that it met, in order."""
        found: list[FileInfo | XenonException | None] = []
        for start in range(0, len(paths), self.bulk_size):
            part = paths[start : start + self.bulk_size]
            found += self._once_more(partial(looks.quick_look, paths=part))
        pairs = zip(paths, found, strict=True)
        return [self._lstat_or_error(path) if one is None else one for path, one in pairs]

    def write_files(self, files: Sequence[SmallFile]) -> list[XenonException | None]:
        """Write whole small files; return an error or ``None`` for each, in order."""
        jobs: dict[int, batches.Job] = {}
        try:
            with self._pool.use("STOR") as connection:
                for at, file in enumerate(files):
                    job = batches.job_for(connection, file)
                    if job is not None:
                        jobs[at] = job
                outcomes = batches.store(connection, list(jobs.values()))
        except BaseException:
            self._remove_unfinished([job.place for job in jobs.values()])
            raise
        done = {at for at, is_done in zip(jobs, outcomes, strict=True) if is_done}
        self._pool.moved()
        return [
            None if at in done else error_of(self._write_one, file) for at, file in enumerate(files)
        ]

    def _remove_unfinished(self, places: list[str]) -> None:
        with contextlib.suppress(XenonException):  # the first error counts
            if places:
                with self._pool.use() as connection:
                    batches.remove(connection, places)

    def read_files(self, paths: Sequence[tuple[str, int]]) -> Iterator[bytes | XenonException]:
        """Yield the content of each (path, size), in order, or the error that it met."""
        found: list[bytes | None] = []
        with self._pool.use("RETR") as connection:
            for content in batches.fetch(connection, paths):
                self._pool.moved()
                found.append(content)
        for (path, _), content in zip(paths, found, strict=True):
            yield outcome(self._read_one, path) if content is None else content

    def unlink_many(self, paths: Sequence[str]) -> list[XenonException | None]:
        """Remove files and links; return an error or ``None`` for each, in order."""
        places = {at: place for at, path in enumerate(paths) if (place := sendable(path))}
        with self._pool.use() as connection:
            gone = dict(zip(places, batches.remove(connection, [*places.values()]), strict=True))
        return [
            None if gone.get(at) else error_of(self.unlink, path) for at, path in enumerate(paths)
        ]

    # changes

    def mkdir(self, path: str) -> None:
        """Make a directory."""
        try:
            self._command("MKD", path)
        except _REFUSALS as error:
            raise explain_making(self.lstat, error, path, directory=True) from error

    def rmdir(self, path: str) -> None:
        """Remove an empty directory."""
        try:
            self._command("RMD", path)
        except _REFUSALS as error:
            found = explain_taking(self.lstat, error, path, wanted=FileKind.DIRECTORY)
            if isinstance(found, PermissionError) and list(self.scandir(path)):
                found = DirectoryNotEmptyException.because(
                    f"directory is not empty: {path!r}", path=path
                )
            raise found from error

    def unlink(self, path: str) -> None:
        """Remove a file, or a link itself."""
        try:
            self._command("DELE", path)
        except _REFUSALS as error:
            raise explain_taking(self.lstat, error, path, wanted=FileKind.FILE) from error

    def rename(self, source: str, target: str, *, replace: bool = False) -> None:
        """Rename. Most servers replace a file at the target in one step.

        Raises:
            PathAlreadyExistsException: there is something, which is looked at before; with
                ``replace``: there is a file, and the server refuses.
        """
        if not replace:
            self._check_free(target)
        try:
            self._move(source, target)
        except _REFUSALS as error:
            if replace and self._kind(target) in {FileKind.FILE, FileKind.LINK}:
                message = f"the server does not rename over {target!r}: {text(str(error))}"
                raise PathAlreadyExistsException.because(message, path=target) from error
            raise self._no_move(error, source, target) from error

    def _move(self, source: str, target: str) -> None:
        wire(target)
        with self._pool.use() as connection:
            connection.command("RNFR", source)
            connection.command("RNTO", target)

    def _no_move(self, error: ftplib.Error, source: str, target: str) -> XenonException:
        if self._kind(source) is None:
            return looks.missing(source)
        return explain_making(self.lstat, error, target, directory=False)

    def chmod(self, path: str, mode: int) -> None:
        """Set the permission bits.

        Raises:
            UnsupportedOperationException: the server has no SITE CHMOD.
        """
        with self._explained(path), self._pool.use() as connection:
            set_mode(connection, path, mode)

    def set_times(self, path: str, mtime: int, atime: int | None = None) -> None:
        """Set the modification time, in seconds.

        Raises:
            UnsupportedOperationException: the server sets none, or none of directories.
        """
        del atime  # FTP knows none
        with self._explained(path), self._pool.use() as connection:
            set_time(connection, path, mtime)

    @contextlib.contextmanager
    def _explained(self, path: str) -> Iterator[None]:
        try:
            yield
        except _REFUSALS as error:
            raise explain_taking(self.lstat, error, path) from error

    def _command(self, verb: str, path: str) -> None:
        with self._pool.use() as connection:
            connection.command(verb, path)


def _unclear(error: ftplib.Error, path: str) -> XenonException:
    def denied(_: str) -> FileInfo:
        raise XenonException.because(f"the server answers {text(str(error))}", path=path)

    return explain_taking(denied, error, path)


def _account(target: Target) -> Account:
    """Return what a target says about the connection."""
    properties, host = target.properties, target.location.target or Hop("")
    tls = properties.text("ftp.tls")
    if tls not in _TLS:
        raise InvalidPropertyException.because(
            f"property ftp.tls must be one of {', '.join(_TLS)}, not {tls!r}"
        )
    credential = credential_for(target.credential, host.host, host.port or 21)
    user, password = credential.username or host.user or "anonymous", ""
    if isinstance(credential, PasswordCredential):
        password = credential.password
    return Account(
        host.host,
        host.port,
        user,
        password,
        tls,
        ca_file(properties, "ftp.caFile"),
        (
            properties.integer("ftp.connection.timeout") / 1000,
            properties.integer("ftp.silence.timeout") / 1000,
        ),
    )
