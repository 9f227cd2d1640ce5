"""Reading and writing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from xenon_py.exceptions import (
    InvalidPathException,
    PathAlreadyExistsException,
    XenonException,
)
from xenon_py.integrations.fsspec.changing import Changing
from xenon_py.integrations.fsspec.files import CachedFile, ReadFile, TextFile, WriteFile

_PARALLEL = 8  # files that are read or written at a time


class Content(Changing):
    """The calls of fsspec that open files, or read and write whole ones."""

    def open(self, path: str, mode: str = "rb", **kwargs: Any) -> Any:
        """Open a file as fsspec does; also text is dropped where an exception ends its block."""
        if "b" in mode or "r" in mode:
            return super().open(path, mode, **kwargs)
        names = ("encoding", "errors", "newline")
        text = {name: kwargs.pop(name) for name in names if name in kwargs}
        return TextFile(self.open(path, mode.replace("t", "") + "b", **kwargs), **text)

    def _open(
        self,
        path: str,
        mode: str = "rb",
        block_size: int | None = None,
        autocommit: bool = True,
        cache_options: dict[str, Any] | None = None,
        cache_type: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """Open a file: ``rb``, ``wb``, ``xb`` or ``ab``.

        Args:
            path: the file.
            mode: as said.
            block_size: of the buffer for reading, or of the blocks of a cache.
            autocommit: give it its name on closing; else on ``commit``.
            cache_options: of the cache.
            cache_type: read ranges by this cache of fsspec; without it, one stream runs ahead.
            kwargs: what other implementations know; of no effect.
        """
        if mode not in {"rb", "wb", "xb", "ab"}:
            raise ValueError(f"mode must be one of rb, wb, xb, ab, not {mode!r}")
        try:
            if mode == "rb":
                return self._reader(path, block_size, cache_type, cache_options)
            return self._writer(path, mode, autocommit=autocommit)
        except InvalidPathException as error:
            raise self._told_as_kind(path, error) from error

    def _reader(
        self,
        path: str,
        block_size: int | None,
        cache_type: str | None,
        cache_options: dict[str, Any] | None,
    ) -> Any:
        if cache_type is None:
            return ReadFile(self, path, block_size)
        return CachedFile(
            *(self, path, "rb", block_size or "default"),
            cache_type=cache_type,
            cache_options=cache_options,
        )

    def _writer(self, path: str, mode: str, *, autocommit: bool) -> WriteFile:
        if not autocommit and mode == "ab":
            raise NotImplementedError(
                "a file cannot be appended to within a transaction: append after it"
            )
        if not autocommit and mode == "xb" and self.files.exists(path):
            raise PathAlreadyExistsException.because(f"path already exists: {path!r}", path=path)
        made: WriteFile = self._with_parents(
            path, lambda: WriteFile(self, path, mode, autocommit=autocommit)
        )
        return made

    def _told_as_kind(self, path: str, error: InvalidPathException) -> OSError:
        """Return the exception that Python has for this wrong kind of a path."""
        if self._type(path) == "directory":
            return IsADirectoryError(21, error.msg, path)
        return error

    def touch(self, path: str, truncate: bool = True, **kwargs: Any) -> None:
        """Make an empty file, also where one with content is; not so unless ``truncate``.

        Raises:
            NotImplementedError: there is a file that is not to be emptied.
        """
        if truncate:
            self.pipe_file(path, b"")
            return
        try:
            self.pipe_file(path, b"", mode="create")
        except PathAlreadyExistsException as error:
            raise NotImplementedError(
                f"the time of a file that is there is not changed; it is left as it is: {path!r}"
            ) from error

    def cat_file(
        self, path: str, start: int | None = None, end: int | None = None, **kwargs: Any
    ) -> bytes:
        """Return the content of a file, or of a range of it; negative as in slices."""
        path = self._strip_protocol(path)
        try:
            first, last = start or 0, end
            if first < 0 or (last is not None and last < 0):
                first, last, _ = slice(start, end).indices(self.info(path)["size"])
            return self._range(path, first, last)
        except InvalidPathException as error:
            raise self._told_as_kind(path, error) from error

    def _range(self, path: str, first: int, last: int | None) -> bytes:
        if last is not None and last <= first:
            return b""
        found, size = [], 0
        with self.files.read_from_file(path, offset=first) as chunks:
            for chunk in chunks:
                found.append(chunk)
                size += len(chunk)
                if last is not None and size >= last - first:
                    break
        content = b"".join(found)
        return content if last is None else content[: last - first]

    def cat(
        self, path: Any, recursive: bool = False, on_error: str = "raise", **kwargs: Any
    ) -> Any:
        """Return the content of a file, or of several at once by path.

        With ``recursive`` that is of all files below directories.
        """
        paths = self.expand_path(path, recursive=recursive)
        if len(paths) == 1 and isinstance(path, str) and paths[0] == self._strip_protocol(path):
            return self.cat_file(paths[0], **kwargs)
        if kwargs.get("start") is None and kwargs.get("end") is None:
            results = self._whole(paths)
        else:
            results = _in_parallel(lambda one: self.cat_file(one, **kwargs), paths, "return")
        found = dict(zip(paths, results, strict=True))
        if recursive:
            found = {p: one for p, one in found.items() if not isinstance(one, IsADirectoryError)}
        errors = {path: one for path, one in found.items() if isinstance(one, Exception)}
        if on_error == "raise" and errors:
            raise next(iter(errors.values()))
        return found if on_error == "return" else {p: found[p] for p in found if p not in errors}

    def _whole(self, paths: Sequence[str]) -> list[Any]:
        """Return the content of files, or the error that each met."""
        return [
            self._told_as_kind(path, one) if isinstance(one, InvalidPathException) else one
            for path, one in zip(paths, self.files.read_files(paths), strict=True)
        ]

    def cat_ranges(
        self,
        paths: Sequence[str],
        starts: Any,
        ends: Any,
        max_gap: int | None = None,
        on_error: str = "return",
        **kwargs: Any,
    ) -> list[Any]:
        """Return ranges of files, several at a time; errors are among the results.

        Args:
            paths: list of files.
            starts: where each range begins, or one number for all; ``None`` = at the beginning.
            ends: where it ends, likewise.
            max_gap: not taken.
            on_error: ``return`` or ``raise``.
            kwargs: of no effect.
        """
        if max_gap is not None:
            raise NotImplementedError("ranges are not merged here: leave max_gap out")
        starts, ends = (
            one if isinstance(one, (list, tuple)) else [one] * len(paths) for one in (starts, ends)
        )
        if not len(starts) == len(ends) == len(paths):
            raise ValueError("paths, starts and ends must be of one length")
        ranges = list(zip(paths, starts, ends, strict=True))
        return _in_parallel(lambda one: self.cat_file(*one), ranges, on_error)

    def pipe_file(self, path: str, value: Any, mode: str = "overwrite", **kwargs: Any) -> None:
        """Write a whole file; ``mode`` ``create`` fails where one is."""
        with self.open(path, "xb" if mode == "create" else "wb") as file:
            file.write(value)

    def pipe(self, path: Any, value: bytes | None = None, **kwargs: Any) -> None:
        """Write a whole file, or several at once as ``{path: bytes}``."""
        pairs = list(path.items()) if isinstance(path, dict) else [(path, value)]
        if self._intrans or len(pairs) == 1 or kwargs.get("mode", "overwrite") != "overwrite":
            for one, content in pairs:
                self.pipe_file(one, content, **kwargs)
            return
        given: list[tuple[str, Any]] = [(self._strip_protocol(one), data) for one, data in pairs]
        self._make_parents(one for one, _ in given)
        for (one, _), error in zip(given, self.files.write_files(given), strict=True):
            if isinstance(error, InvalidPathException):
                raise self._told_as_kind(one, error) from error
            if error is not None:
                raise error


def _in_parallel(work: Callable[[Any], Any], items: Sequence[Any], on_error: str) -> list[Any]:
    """Do the same with all items, some at a time; return the results, or errors, in order.

    Unless ``on_error`` is ``raise``, exceptions are among the results.
    """

    def guarded(item: Any) -> Any:
        try:
            return work(item)
        except (XenonException, OSError, ValueError) as error:
            if on_error == "raise":
                raise
            return error

    if len(items) <= 1:
        return [guarded(one) for one in items]
    with ThreadPoolExecutor(min(_PARALLEL, len(items))) as threads:
        return list(threads.map(guarded, items))
