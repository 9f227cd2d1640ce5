"""Objects in an S3 bucket as files; the protocol is in ``xenon_adaptors.s3_protocol``.

A path is the key of an object with a slash before it. S3 has no directories; here a directory is
there as long as an object has its key with a slash behind it (a marker, which ``mkdir`` makes), or
any object lies below it. A directory without marker gets one when its last object is removed.

There is no renaming and no appending: S3 could only copy and delete for it, which takes as long as
the data are large, and leaves two halves when it fails midway.
"""

from __future__ import annotations

import contextlib
import email.utils
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import ClassVar

from xenon_adaptors.descriptions import S3
from xenon_adaptors.s3_protocol.deleting import MOST, delete, delete_many
from xenon_adaptors.s3_protocol.documents import size_of
from xenon_adaptors.s3_protocol.listing import Page, parse_page
from xenon_adaptors.s3_protocol.places import key_of, place_of, prefix_of
from xenon_adaptors.s3_protocol.reader import S3Reader, Source, read_whole
from xenon_adaptors.s3_protocol.server_copy import ServerCopy
from xenon_adaptors.s3_protocol.session import Session
from xenon_adaptors.s3_protocol.threads import Threads
from xenon_adaptors.s3_protocol.wire import is_web_page, no_s3, refusal
from xenon_adaptors.s3_protocol.writer import S3Writer, put
from xenon_py.exceptions import (
    DirectoryNotEmptyException,
    InvalidPathException,
    NoSuchPathException,
    PermissionDeniedException,
    XenonException,
)
from xenon_py.model.descriptions import FileSystemAdaptorDescription
from xenon_py.model.path import parent
from xenon_py.plugin.filesystem import (
    FileInfo,
    FileKind,
    FileSystemAdaptor,
    Progress,
    SmallFile,
    WriteMode,
)
from xenon_py.plugin.forks import renew_in_children
from xenon_py.plugin.target import Target

_THREADS = 16
_DIRECTORY = FileInfo("", FileKind.DIRECTORY, readable=True)


class S3Adaptor(FileSystemAdaptor):
    """A user's view of a bucket."""

    description: ClassVar[FileSystemAdaptorDescription] = S3
    max_parallel = 8
    bulk_size = 100
    removes_trees = True
    time_resolution = 1000

    def __init__(self, target: Target) -> None:
        """Ask for the working directory.

        Raises:
            NotConnectedException: the server cannot be reached, is not trusted, or refuses us.
            NoSuchPathException: there is no such bucket or working directory.
        """
        self._place = place_of(target.location)
        self._session = Session(target, self._place)
        self._wire = self._session.wire
        self._threads = Threads(_THREADS, "xenon-s3")
        renew_in_children(self)
        try:
            self._check_directory(self._place.directory)
        except BaseException:
            self.close()
            raise

    def _check_directory(self, path: str) -> None:
        """Check that a directory is there, where we may ask; some may only read what they know."""
        with contextlib.suppress(PermissionDeniedException):
            if not self._page(prefix_of(path), most=1).is_there and path != "/":
                raise NoSuchPathException.because(
                    f"the working directory does not exist: {path!r}", path=path
                )

    def working_directory(self) -> str:
        """Return the directory of the location, else the root of the bucket."""
        return self._place.directory

    def close(self) -> None:
        """Close the connections."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._session.close()

    def renew(self) -> None:
        """Begin with threads and connections of our own, in a forked child."""
        self._threads = Threads(_THREADS, "xenon-s3")
        self._session.renew()

    def identity(self) -> Hashable:
        """Return a key: the same bucket and the same user."""
        return ("s3", self._place.endpoint, self._place.bucket, self._session.user)

    # what is there

    def lstat(self, path: str) -> FileInfo:
        """Return what is known of a path; an object hides a directory of the same name."""
        if path == "/":
            return _DIRECTORY
        key = key_of(path)
        answer = self._wire.send("HEAD", key)
        if answer.status == 200:
            changed = _milliseconds(answer.headers.get("last-modified", ""))
            size = size_of(answer.headers.get("content-length", ""), path)
            return FileInfo("", FileKind.FILE, size, mtime=changed, readable=True)
        if answer.status == 403:  # told without a reason
            raise refusal(answer, path)
        if self._page(key + "/", most=1).is_there:
            return _DIRECTORY
        if answer.status != 404:
            raise refusal(answer, path)
        raise NoSuchPathException.because(f"path does not exist: {path!r}", path=path)

    def lstat_many(self, paths: Sequence[str]) -> list[FileInfo | XenonException]:
        """Look at many paths, several at a time."""
        return list(self._threads.map(self._lstat_or_error, paths))

    def scandir(self, path: str) -> Iterable[FileInfo]:
        """Yield the entries of a directory; the next page is on its way meanwhile."""
        prefix = prefix_of(path)
        page = self._page(prefix)
        if not page.is_there and path != "/":
            if self.lstat(path).kind is not FileKind.DIRECTORY:
                raise InvalidPathException.because(f"it is no directory: {path!r}", path=path)
            return
        while page.token:
            following = self._threads.submit(self._page, prefix, token=page.token)
            yield from page.entries
            token, page = page.token, following.result()
            if page.token == token:
                raise XenonException.because("the server lists the same page again and again")
        yield from page.entries

    def _page(self, prefix: str, *, token: str = "", most: int = 0) -> Page:
        """Return a part of a directory's listing; with ``most`` of what lies below it, deep."""
        query = {"list-type": "2", "prefix": prefix, "encoding-type": "url"}
        query |= {"max-keys": str(most)} if most else {"delimiter": "/"}
        if token:
            query["continuation-token"] = token
        answer = self._wire.send("GET", query=query)
        if is_web_page(answer):
            raise no_s3(answer, self._place.endpoint)
        self._wire.expect(answer, "/" + prefix, 200)
        return parse_page(answer.body, prefix)

    # content

    def open_read(self, path: str, offset: int = 0) -> S3Reader:
        """Open a file."""
        try:
            return S3Reader(Source(self._wire, key_of(path)), offset, self._threads)
        except NoSuchPathException:
            if self.lstat(path).kind is FileKind.DIRECTORY:
                raise InvalidPathException.because("it is a directory", path=path) from None
            raise

    def open_write(self, path: str, mode: WriteMode, size: int | None = None) -> S3Writer:
        """Open a file that appears, or is replaced, when it is closed.

        Raises:
            UnsupportedOperationException: to append.
        """
        if mode is WriteMode.APPEND:
            raise self._unsupported("append to files")
        return S3Writer(
            self._wire,
            self._session.client,
            self._place.bucket,
            key_of(path),
            exclusive=mode is WriteMode.CREATE,
            size=size,
            executor=self._threads,
        )

    def copy_file(self, source: str, target: str, progress: Progress) -> None:
        """Copy a file within the server."""
        copies = ServerCopy(self._session.client(), self._place.bucket, self._threads)
        copies.copy(key_of(source), key_of(target), progress)

    def write_files(self, files: Sequence[SmallFile]) -> list[XenonException | None]:
        """Write small files, several at a time."""
        return list(self._threads.map(self._write_file, files))

    def _write_file(self, file: SmallFile) -> XenonException | None:
        try:
            put(self._wire, key_of(file.path), file.data, exclusive=not file.replace)
        except XenonException as error:
            return error
        return None

    def read_files(self, paths: Sequence[tuple[str, int]]) -> Iterator[bytes | XenonException]:
        """Yield small files, several of them read at a time."""
        yield from self._threads.map(self._read_file, paths)

    def _read_file(self, file: tuple[str, int]) -> bytes | XenonException:
        try:
            return read_whole(self._wire, key_of(file[0]), file[1])
        except XenonException as error:
            return error

    # directories and removal

    def mkdir(self, path: str) -> None:
        """Make the marker of a directory."""
        put(self._wire, prefix_of(path), b"", exclusive=True)

    def rmdir(self, path: str) -> None:
        """Remove the marker of a directory, if there is nothing else below it."""
        prefix = prefix_of(path)
        page = self._page(prefix, most=2)
        if page.entries:
            raise DirectoryNotEmptyException.because(f"directory is not empty: {path!r}", path=path)
        if not page.is_there:
            raise NoSuchPathException.because(f"path does not exist: {path!r}", path=path)
        delete(self._wire, prefix)
        self._keep(parent(path))

    def remove_tree(self, path: str) -> None:
        """Remove all objects below a directory: a page of a listing and a request for each 1,000.

        Markers come last and from the leaves: SeaweedFS keeps one that has objects below it.

        Raises:
            XenonException: an object could not be removed, or there are new ones.
        """
        prefix = prefix_of(path)
        markers = [prefix]
        token, more = "", True
        while more:
            page = self._page(prefix, token=token, most=MOST)
            if not page.is_there and not token:
                raise NoSuchPathException.because(f"path does not exist: {path!r}", path=path)
            keys = [prefix + one.name for one in page.entries]
            markers += [key for key in keys if key.endswith("/")]
            self._remove([key for key in keys if not key.endswith("/")])
            more = page.token not in {"", token}
            token = page.token
        self._remove(sorted(markers, reverse=True))
        if self._page(prefix).is_there:
            raise XenonException.because(f"objects are left below {path!r}", path=path)
        self._keep(parent(path))

    def _remove(self, keys: Sequence[str]) -> None:
        for error in delete_many(self._wire, keys):
            if error is not None:
                raise error

    def unlink(self, path: str) -> None:
        """Remove a file."""
        delete(self._wire, key_of(path))
        self._keep(parent(path))

    def unlink_many(self, paths: Sequence[str]) -> list[XenonException | None]:
        """Remove files, many by one request."""
        errors = delete_many(self._wire, [key_of(path) for path in paths])
        for directory in {parent(path) for path in paths}:
            self._keep(directory)
        return errors

    def _keep(self, directory: str) -> None:
        """Mark a directory that would vanish, as nothing is left in it."""
        if directory == "/":
            return
        prefix = prefix_of(directory)
        with contextlib.suppress(PermissionDeniedException):  # who may delete may not see or write
            if not self._page(prefix, most=1).is_there:
                put(self._wire, prefix, b"", exclusive=False)


def _milliseconds(text: str) -> int:
    """Return the time of an HTTP header as ms since 1970; 0 = not understood."""
    try:
        return int(email.utils.parsedate_to_datetime(text).timestamp()) * 1000
    except (ValueError, OverflowError):
        return 0
