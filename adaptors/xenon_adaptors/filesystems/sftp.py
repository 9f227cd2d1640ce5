"""Files on an SSH server, by its SFTP subsystem.

The connection is shared with everybody who names the same server and user; the protocol is in
``xenon_adaptors.sftp_protocol``. What a server tells in version 3 of the protocol are whole
seconds; it tells no creation time.
"""

from __future__ import annotations

import dataclasses
import functools
import logging
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import ClassVar, TypeVar

from xenon_adaptors.descriptions import SFTP
from xenon_adaptors.sftp_protocol import bulk, listing, operations
from xenon_adaptors.sftp_protocol import packets as p
from xenon_adaptors.sftp_protocol.failures import explain
from xenon_adaptors.sftp_protocol.identities import Identities
from xenon_adaptors.sftp_protocol.look import SessionLook
from xenon_adaptors.sftp_protocol.operations import decoded, encoded, kind_of
from xenon_adaptors.sftp_protocol.pool import SessionPool
from xenon_adaptors.sftp_protocol.reader import SftpReader
from xenon_adaptors.sftp_protocol.server_copy import copy_on_server
from xenon_adaptors.sftp_protocol.session import SftpSession, StatusError
from xenon_adaptors.sftp_protocol.writer import SftpWriter
from xenon_py.exceptions import (
    BadParameterException,
    ConnectionLostException,
    InvalidPathException,
    NoSuchPathException,
    XenonException,
)
from xenon_py.model.descriptions import FileSystemAdaptorDescription
from xenon_py.plugin.filesystem import (
    FileInfo,
    FileKind,
    FileSystemAdaptor,
    Progress,
    SmallFile,
    WriteMode,
)
from xenon_py.plugin.replacing import rename_over
from xenon_py.plugin.ssh import acquire
from xenon_py.plugin.target import Target
from xenon_py.plugin.temporary import temporary_path

_log = logging.getLogger("xenon_py.sftp")
_WINDOW, _PACKET = 16 << 20, 1 << 20  # bytes; the larger, the fewer messages
_MOST_SESSIONS = 4
_LATEST = 0xFFFFFFFF  # seconds since 1970 that fit the protocol
_NO_ATTRIBUTES = p.encode_attributes(p.Attributes())
_FLAGS = {
    WriteMode.CREATE: p.OPEN_WRITE | p.OPEN_CREATE | p.OPEN_EXCLUSIVE,
    WriteMode.TRUNCATE: p.OPEN_WRITE | p.OPEN_CREATE | p.OPEN_TRUNCATE,
    WriteMode.APPEND: p.OPEN_WRITE | p.OPEN_APPEND,
}
_WRITING = {WriteMode.CREATE: "create", WriteMode.TRUNCATE: "write", WriteMode.APPEND: "append"}

T = TypeVar("T")


class SftpAdaptor(FileSystemAdaptor):
    """A user's view of an SFTP server."""

    description: ClassVar[FileSystemAdaptorDescription] = SFTP
    max_parallel = 4
    bulk_size = 256
    time_resolution = 1000

    def __init__(self, target: Target) -> None:
        """Connect, and find out where to begin.

        Raises:
            NotConnectedException: the server cannot be reached, refuses the user, or has no SFTP.
            NoSuchPathException: there is no such working directory.
        """
        properties = target.properties
        self._fast = properties.boolean("sftp.fastPath")
        self._patience = properties.integer("sftp.silence.timeout") / 1000
        self._connection = acquire(target.location, target.credential, properties)
        self._route = tuple(map(str, target.location.hops))
        self._pool = SessionPool(self._open_session, _MOST_SESSIONS)
        self._identities = Identities()
        try:
            self._directory = self._find_directory(target.location.path)
            if operations.POSIX_RENAME not in self._pool.first().extensions:
                self._narrow(dataclasses.replace(SFTP, can_replace_by_rename=False))
        except BaseException:
            self.close()
            raise

    def _open_session(self) -> SftpSession:
        lease = self._connection.open_channel(
            "sftp", window_size=_WINDOW, max_packet_size=_PACKET, timeout=self._patience
        )
        try:
            return SftpSession(
                lease.channel,
                lease.release,
                fast=self._fast,
                patience=self._patience,
                host=self._connection.host,
            )
        except BaseException:
            lease.release()
            raise

    def _find_directory(self, wanted: str) -> str:
        if not wanted:
            return self._once_more(lambda s: operations.one_name(s, p.REALPATH, "."), "lstat", ".")
        found = self._once_more(lambda s: operations.attributes(s, wanted, p.STAT), "lstat", wanted)
        if kind_of(found) is not FileKind.DIRECTORY:
            raise InvalidPathException.because("the working directory is no directory", path=wanted)
        return wanted

    # requests

    def _explain(self, operation: str, path: str, error: StatusError) -> XenonException:
        """Return the exception for an error status; looks at the server where that helps."""
        return explain(operation, path, error, SessionLook(self._pool.pick()))

    def _do(self, work: Callable[[SftpSession], T], operation: str, path: str) -> T:
        """Do something once, with its errors explained."""
        try:
            return work(self._pool.pick())
        except StatusError as error:
            raise self._explain(operation, path, error) from error

    def _once_more(self, work: Callable[[SftpSession], T], operation: str, path: str) -> T:
        """Do what does no harm when it is done twice: again, if the connection broke."""
        try:
            return self._do(work, operation, path)
        except ConnectionLostException as error:
            _log.info("%s is done again, as the connection was lost: %s", operation, error)
            return self._do(work, operation, path)

    def _command(self, operation: str, path: str, kind: int, *body: bytes) -> None:
        self._do(lambda session: session.command(kind, *body), operation, path)

    # what is there

    def working_directory(self) -> str:
        """Return the directory of the location, else the one where the server lets users begin."""
        return self._directory

    def is_open(self) -> bool:
        """Tell whether the connection is usable or can be made again."""
        return self._connection.is_open()

    def close(self) -> None:
        """End the sessions and give the connection back."""
        self._pool.close()
        self._connection.release()

    def identity(self) -> Hashable:
        """Return a key: the same server, reached in the same way, as the same user."""
        return ("sftp", self._connection.host, self._connection.user, self._route)

    def real_path(self, path: str) -> str:
        """Return a path with its links followed."""
        try:
            return self._once_more(
                lambda s: operations.one_name(s, p.REALPATH, path), "lstat", path
            )
        except NoSuchPathException:
            return path

    def lstat(self, path: str) -> FileInfo:
        """Return what is known of a path, not following a link."""

        def work(session: SftpSession) -> FileInfo:
            found = operations.attributes(session, path)
            self._identities.learn(session, (found,))
            return self._info(b"", found)

        return self._once_more(work, "lstat", path)

    def lstat_many(self, paths: Sequence[str]) -> list[FileInfo | XenonException]:
        """Look at many paths; the requests are under way together."""
        names = [encoded(path) for path in paths]

        def work(session: SftpSession) -> list[p.Attributes | StatusError]:
            found = bulk.look_at(session, names)
            self._identities.learn(session, [a for a in found if not isinstance(a, StatusError)])
            return found

        return [
            self._outcome("lstat", path, one)
            if isinstance(one, StatusError)
            else self._info(b"", one)
            for path, one in zip(paths, self._once_more(work, "lstat", ""), strict=True)
        ]

    def _info(self, name: bytes, found: p.Attributes) -> FileInfo:
        size, uid, gid, mode, atime, mtime = found
        return FileInfo(
            decoded(name),
            kind_of(found),
            size or 0,
            None if mode is None else mode & 0o777,
            1000 * (mtime or 0),
            1000 * (atime or 0),
            0,
            self._identities.user(uid),
            self._identities.group(gid),
        )

    def _infos(self, entries: listing.Entries) -> Iterator[FileInfo]:
        """Yield the same for the entries of a listing, of which neighbours are mostly alike."""
        last: tuple[object, ...] = ()
        for name, found in entries:
            size, uid, gid, mode, atime, mtime = found
            if (uid, gid, mode) != last:
                last = uid, gid, mode
                model = self._info(b"", found)
                kind, bits, user, group = model.kind, model.mode, model.owner, model.group
            changed, read = 1000 * (mtime or 0), 1000 * (atime or 0)
            yield FileInfo(decoded(name), kind, size or 0, bits, changed, read, 0, user, group)

    def scandir(self, path: str) -> Iterable[FileInfo]:
        """Yield the entries of a directory."""

        def start(session: SftpSession) -> Iterator[listing.Entries]:
            handle = session.open(p.OPENDIR, encoded(path))
            return listing.read_directory(session, handle, self._identities.learn_entries)

        groups = self._once_more(start, "scandir", path)
        try:
            for group in groups:
                yield from self._infos(group)
        except StatusError as error:
            raise self._explain("scandir", path, error) from error

    def readlink(self, path: str) -> str:
        """Return the text of a symbolic link."""
        return self._once_more(
            lambda session: operations.one_name(session, p.READLINK, path), "readlink", path
        )

    # content

    def open_read(self, path: str, offset: int = 0) -> SftpReader:
        """Open a file, with requests under way ahead of the reader."""
        explain_read = functools.partial(self._explain, "read", path)

        def start(session: SftpSession) -> SftpReader:
            handle = session.open(p.OPEN, encoded(path), p.u32(p.OPEN_READ), _NO_ATTRIBUTES)
            return SftpReader(session, handle, offset, explain_read)

        reader = self._once_more(start, "read", path)
        if kind_of(reader.attributes) is FileKind.DIRECTORY:  # OpenSSH opens them like files
            reader.close()
            raise InvalidPathException.because("it is a directory", path=path)
        return reader

    def open_write(self, path: str, mode: WriteMode, size: int | None = None) -> SftpWriter:
        """Open a file, to be written without waiting for each answer."""
        del size
        operation = _WRITING[mode]

        def start(session: SftpSession) -> SftpWriter:
            handle = session.open(p.OPEN, encoded(path), p.u32(_FLAGS[mode]), _NO_ATTRIBUTES)
            offset = 0
            if mode is WriteMode.APPEND:
                body = session.expect(p.ATTRS, session.call(p.FSTAT, handle))
                offset = session.parsed(p.parse_attributes, body)[0].size or 0
            explain_write = functools.partial(self._explain, "write", path)
            return SftpWriter(session, handle, offset, explain_write)

        return self._do(start, operation, path)

    def copy_file(self, source: str, target: str, progress: Progress) -> None:
        """Copy a file within the server (``copy-data``; OpenSSH 9.0 and later).

        Raises:
            UnsupportedOperationException: the server cannot.
        """
        session = self._pool.pick()
        try:
            copy_on_server(session, source, target, progress)
        except StatusError as error:
            raise self._explain("copy", target, error) from error

    # changes

    def mkdir(self, path: str) -> None:
        """Make a directory."""
        self._command("mkdir", path, p.MKDIR, encoded(path), _NO_ATTRIBUTES)

    def rmdir(self, path: str) -> None:
        """Remove an empty directory."""
        self._command("rmdir", path, p.RMDIR, encoded(path))

    def unlink(self, path: str) -> None:
        """Remove a file, or a link itself."""
        self._command("unlink", path, p.REMOVE, encoded(path))

    def rename(self, source: str, target: str, *, replace: bool = False) -> None:
        """Rename; replacing is possible where the server has ``posix-rename@openssh.com``."""
        self._do(
            lambda session: operations.rename(session, source, target, replace=replace),
            "rename",
            target,
        )

    def symlink(self, link: str, target: str) -> None:
        """Make a symbolic link with exactly the text ``target``."""
        # The draft has the link first. OpenSSH began with the reverse, and servers follow it.
        self._command("symlink", link, p.SYMLINK, encoded(target), encoded(link))

    def chmod(self, path: str, mode: int) -> None:
        """Set the permission bits; those of the file that a link leads to."""
        attributes = p.encode_attributes(p.Attributes(mode=mode & 0o777))
        self._once_more(
            lambda session: session.command(p.SETSTAT, encoded(path), attributes), "chmod", path
        )

    def set_times(self, path: str, mtime: int, atime: int | None = None) -> None:
        """Set times, in whole seconds; those of a link itself where the server can."""

        def work(session: SftpSession) -> None:
            accessed = atime
            if accessed is None:  # the protocol sets both or none
                accessed = 1000 * (operations.attributes(session, path).atime or 0)
            operations.set_attributes(session, path, _times(mtime, accessed))

        self._once_more(work, "set_times", path)

    # many small files

    def write_files(self, files: Sequence[SmallFile]) -> list[XenonException | None]:
        """Write whole small files, each under a temporary name until it is complete."""
        places = [temporary_path(one.path) for one in files]
        new = [_new_file(one, place) for one, place in zip(files, places, strict=True)]
        outcomes = bulk.write_files(self._pool.first(), new)
        return [
            self._written(file, place, outcome)
            for file, place, outcome in zip(files, places, outcomes, strict=True)
        ]

    def _written(
        self, file: SmallFile, temporary: str, outcome: bulk.Outcome | bulk.Waits
    ) -> XenonException | None:
        if outcome is None:
            return None
        if outcome is bulk.WAITS:
            return self._replaced(temporary, file.path)
        return self._outcome("write" if file.replace else "create", file.path, outcome)

    def _replaced(self, temporary: str, path: str) -> XenonException | None:
        """Replace a file where the server has no step for it; return why that failed."""
        try:
            rename_over(self, temporary, path)
        except ConnectionLostException:
            raise
        except XenonException as error:
            for left in filter(None, self.unlink_many([temporary])):
                _log.warning("could not remove the unfinished file %r: %s", temporary, left)
            return error
        return None

    def read_files(self, paths: Sequence[tuple[str, int]]) -> Iterator[bytes | XenonException]:
        """Yield the content of each (path, size), in order, or the error that it met."""
        names = [(encoded(path), size) for path, size in paths]
        contents = bulk.read_files(self._pool.first(), names)
        for (path, _), content in zip(paths, contents, strict=True):
            if content is None:  # not of the size that was told: read as what it is now
                yield self._read_whole(path)
            elif isinstance(content, StatusError):
                yield self._outcome("read", path, content)
            else:
                yield content

    def _read_whole(self, path: str) -> bytes | XenonException:
        try:
            reader = self.open_read(path)
            try:
                return b"".join(iter(lambda: reader.read(1 << 20), b""))
            finally:
                reader.close()
        except ConnectionLostException:
            raise
        except XenonException as error:
            return error

    def unlink_many(self, paths: Sequence[str]) -> list[XenonException | None]:
        """Remove files and links; return an error or ``None`` for each, in order."""
        names = [encoded(path) for path in paths]
        outcomes = bulk.unlink_files(self._pool.first(), names)
        return [
            None if error is None else self._outcome("unlink", path, error)
            for path, error in zip(paths, outcomes, strict=True)
        ]

    def _outcome(self, operation: str, path: str, error: StatusError) -> XenonException:
        explained = self._explain(operation, path, error)
        explained.__cause__ = error
        return explained


def _times(mtime: int, atime: int) -> p.Attributes:
    """Return times (ms since 1970) as attributes.

    Raises:
        BadParameterException: a time before 1970 or after 2106, which the protocol cannot tell.
    """
    seconds = mtime // 1000, atime // 1000
    if not all(0 <= one <= _LATEST for one in seconds):
        raise BadParameterException.because(f"SFTP cannot tell this time: {mtime} ms since 1970")
    return p.Attributes(mtime=seconds[0], atime=seconds[1])


def _new_file(file: SmallFile, temporary: str) -> bulk.NewFile:
    """Return a small file as the protocol takes it."""
    attributes = b""
    if file.mode is not None or file.mtime is not None:
        times = p.Attributes()
        if file.mtime is not None:
            times = _times(file.mtime, int(time.time()) * 1000)
        mode = None if file.mode is None else file.mode & 0o777
        attributes = p.encode_attributes(times._replace(mode=mode))
    return bulk.NewFile(
        encoded(file.path),
        encoded(temporary),
        file.data,
        file.replace,
        attributes,
    )
