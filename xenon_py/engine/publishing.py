"""Writes files so that nobody sees them under their name before they are complete."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator

from xenon_py.engine.names import temporary_path
from xenon_py.exceptions import (
    IllegalArgumentException,
    NoSuchPathException,
    PermissionDeniedException,
    UnsupportedOperationException,
    XenonException,
)
from xenon_py.plugin.filesystem import Buffer, FileSystemAdaptor, WriteMode, WriteStream
from xenon_py.plugin.replacing import rename_over, settled_rename

_log = logging.getLogger(__name__)


class Publication:
    """A file in the making. Exactly one of ``commit`` and ``abort`` ends it; both may be repeated.

    Where the adaptor writes atomically, or cannot rename, the file is written in its place;
    else under a temporary name beside it, which ``commit`` renames.

    Args:
        adaptor: where to.
        path: the final path.
        replace: whether a file that is there is replaced; else that is an error.
        mode: permission bits of the file, or ``None`` for the server's default.
    """

    def __init__(
        self,
        adaptor: FileSystemAdaptor,
        path: str,
        *,
        replace: bool = False,
        mode: int | None = None,
    ) -> None:
        self._adaptor = adaptor
        self._path = path
        self._replace = replace
        self._process = os.getpid()
        record = adaptor.description
        in_place = record.writes_atomically or not record.supports_rename
        self._written = path if in_place else temporary_path(path)
        truncate = replace and in_place
        self._stream: WriteStream | None = adaptor.open_write(
            self._written, WriteMode.TRUNCATE if truncate else WriteMode.CREATE
        )
        if mode is not None:
            self._set_mode(mode)

    def _set_mode(self, mode: int) -> None:
        """Set the bits before there is any content: what was private stays so.

        Where the server refuses to (a mounted FAT disk, an FTP server without SITE CHMOD), the
        file gets the bits of a new one: that is no reason to lose what is written.
        """
        try:
            self._adaptor.chmod(self._written, mode)
        except (UnsupportedOperationException, PermissionDeniedException) as error:
            _log.info("the bits of %r could not be kept: %s", self._path, error)
        except BaseException:
            self.abort()
            raise

    def write(self, data: Buffer) -> None:
        """Take all of ``data``."""
        if self._stream is None:
            raise XenonException.because("the file was closed before", path=self._path)
        self._stream.write(data)

    def commit(self) -> None:
        """Make the file appear under its name; when that fails nothing is left of it.

        Raises:
            PathAlreadyExistsException: somebody else made the file meanwhile (no ``replace``).
        """
        stream, self._stream = self._stream, None
        if stream is None or self._is_of_parent():
            return
        try:
            stream.close()
            if self._written != self._path:
                self._rename()
        except BaseException:
            self._remove()
            raise

    def _rename(self) -> None:
        if self._replace:
            rename_over(self._adaptor, self._written, self._path)
        else:
            settled_rename(self._adaptor, self._written, self._path)

    def abort(self) -> None:
        """Give up; nothing is left of the file."""
        stream, self._stream = self._stream, None
        if stream is not None and not self._is_of_parent():
            stream.abort()
            self._remove()

    def _is_of_parent(self) -> bool:
        """Tell whether this is a forked child, where the file is not ours to end."""
        return os.getpid() != self._process

    def _remove(self) -> None:
        if self._written == self._path and self._adaptor.description.writes_atomically:
            return  # what was not closed is not there
        try:
            self._adaptor.unlink(self._written)
        except NoSuchPathException:
            _log.debug("nothing was left of %r", self._written)
        except XenonException as error:
            _log.warning("could not remove the unfinished file %r: %s", self._written, error)


class InPlace:
    """The same face for writing that cannot be taken back: appending, or through a link."""

    def __init__(self, stream: WriteStream) -> None:
        self._stream = stream
        self._ended = False

    def write(self, data: Buffer) -> None:
        """Take all of ``data``."""
        self._stream.write(data)

    def commit(self) -> None:
        """Finish."""
        if not self._ended:
            self._ended = True
            self._stream.close()

    def abort(self) -> None:
        """Free what is held; what was stored stays."""
        if not self._ended:
            self._ended = True
            self._stream.abort()


def store(publication: Publication | InPlace, chunks: Iterable[Buffer]) -> None:
    """Write all chunks and commit; abort when anything, the iteration too, raises."""
    try:
        for chunk in chunks:
            publication.write(chunk)
    except BaseException:
        publication.abort()
        raise
    publication.commit()


def chunks_of(data_stream: object) -> Iterator[Buffer]:
    """Return the chunks of what a user passed as ``data_stream``, each checked as it comes.

    ``bytes`` themselves count as one chunk.

    Raises:
        IllegalArgumentException: at once for what cannot be iterated or is text; while iterating
            for a chunk that is not bytes.
    """
    if isinstance(data_stream, (bytes, bytearray, memoryview)):
        data_stream = (data_stream,)
    if isinstance(data_stream, str) or not isinstance(data_stream, Iterable):
        raise IllegalArgumentException.because(
            f"data_stream must be an iterable of bytes, not {type(data_stream).__name__}"
        )
    return _checked(iter(data_stream))


def _checked(chunks: Iterator[object]) -> Iterator[Buffer]:
    for chunk in chunks:
        if not isinstance(chunk, (bytes, bytearray, memoryview)):
            raise IllegalArgumentException.because(
                f"data_stream must yield bytes, but it yielded a {type(chunk).__name__}"
            )
        yield contiguous(chunk)


def contiguous(data: Buffer) -> Buffer:
    """Return the same bytes in one piece: a strided ``memoryview`` cannot be cut or written."""
    return bytes(data) if isinstance(data, memoryview) and not data.c_contiguous else data
