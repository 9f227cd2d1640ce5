"""Many whole files in one call: small ones in the bulk forms of the adaptor, the rest in threads.

What a bulk form refuses is done once more as a single file: that has all the care of the single
calls (links, other kinds, servers that refuse permission bits), and says exactly what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

from xenon_py.engine import operations
from xenon_py.engine.copying.bulk import SMALL
from xenon_py.engine.deletion import delete
from xenon_py.engine.publishing import store
from xenon_py.engine.streams import CHUNK_SIZE
from xenon_py.exceptions import ConnectionLostException, NoSuchPathException, XenonException
from xenon_py.model.path import parent
from xenon_py.plugin.filesystem import FileInfo, FileKind, FileSystemAdaptor, SmallFile

Job = TypeVar("Job")
Result = TypeVar("Result")
Content = tuple[str, bytes]


def read_files(adaptor: FileSystemAdaptor, paths: Sequence[str]) -> list[bytes | XenonException]:
    """Return the content of each file, or the error that it met, in order."""

    def several(part: Sequence[str]) -> list[bytes | XenonException | None]:
        found = adaptor.lstat_many(part)
        results: list[bytes | XenonException | None] = [_missing(one) for one in found]
        small = [
            (at, (part[at], one.size))
            for at, one in enumerate(found)
            if isinstance(one, FileInfo) and one.kind is FileKind.FILE and one.size <= SMALL
        ]
        contents = adaptor.read_files([item for _, item in small]) if small else iter(())
        for (at, _), content in zip(small, contents, strict=True):
            results[at] = content if isinstance(content, bytes) else None
        return results

    return _all_of(adaptor, paths, several, lambda path: _read_one(adaptor, path))


def _missing(found: FileInfo | XenonException) -> NoSuchPathException | None:
    return found if isinstance(found, NoSuchPathException) else None


def _read_one(adaptor: FileSystemAdaptor, path: str) -> bytes:
    with closing(operations.open_read(adaptor, path)) as stream:
        return b"".join(iter(lambda: stream.read(CHUNK_SIZE), b""))


def write_files(
    adaptor: FileSystemAdaptor, contents: Sequence[Content]
) -> list[XenonException | None]:
    """Write each (path, content), over a file that may be there; return the error of each.

    As in single calls the bits of a replaced file are kept, and a link is written through.
    """
    keep = adaptor.description.supports_setting_posix_permissions

    def several(part: Sequence[Content]) -> list[bool | None]:
        found = adaptor.lstat_many([path for path, _ in part])
        missing = operations.without_parent(adaptor, [path for path, _ in part])
        results: list[bool | None] = [None] * len(part)
        small: list[tuple[int, SmallFile]] = []
        for at, ((path, data), one) in enumerate(zip(part, found, strict=True)):
            if len(data) <= SMALL and _may_be_written(one) and parent(path) not in missing:
                mode = one.mode if keep and isinstance(one, FileInfo) else None
                small.append((at, SmallFile(path, data, replace=True, mode=mode)))
        errors = adaptor.write_files([file for _, file in small]) if small else []
        for (at, _), error in zip(small, errors, strict=True):
            results[at] = True if error is None else None
        return results

    def one(content: Content) -> bool:
        path, data = content
        store(operations.begin_replacing(adaptor, path), (data,))
        return True

    results = _all_of(adaptor, contents, several, one)
    return [result if isinstance(result, XenonException) else None for result in results]


def _may_be_written(found: FileInfo | XenonException) -> bool:
    if isinstance(found, FileInfo):
        return found.kind is FileKind.FILE
    return isinstance(found, NoSuchPathException)


def delete_files(adaptor: FileSystemAdaptor, paths: Sequence[str]) -> list[XenonException | None]:
    """Delete files, links and empty directories; return the error of each, in order."""

    def several(part: Sequence[str]) -> list[XenonException | bool | None]:
        found = adaptor.lstat_many(part)
        results: list[XenonException | bool | None] = [_missing(one) for one in found]
        plain = [
            (at, part[at])
            for at, one in enumerate(found)
            if isinstance(one, FileInfo) and one.kind is not FileKind.DIRECTORY
        ]
        errors = adaptor.unlink_many([path for _, path in plain]) if plain else []
        for (at, _), error in zip(plain, errors, strict=True):
            results[at] = True if error is None else None
        return results

    def one(path: str) -> bool:
        delete(adaptor, path, recursive=False)
        return True

    results = _all_of(adaptor, paths, several, one)
    return [result if isinstance(result, XenonException) else None for result in results]


def _all_of(
    adaptor: FileSystemAdaptor,
    jobs: Sequence[Job],
    several: Callable[[Sequence[Job]], Sequence[Result | XenonException | None]],
    one: Callable[[Job], Result],
) -> list[Result | XenonException]:
    """Do all jobs: batches by ``several``, and by ``one`` what that leaves undone (``None``)."""

    def batch(part: Sequence[Job]) -> Sequence[Result | XenonException | None]:
        try:
            return several(part)
        except ConnectionLostException:
            return [None] * len(part)  # it is made anew for each of them

    def single(job: Job) -> Result | XenonException:
        try:
            return one(job)
        except XenonException as error:
            return error

    with ThreadPoolExecutor(adaptor.max_parallel, "xenon-many") as threads:
        results: list[Result | XenonException | None] = [None] * len(jobs)
        if adaptor.bulk_size and len(jobs) > 1:
            results = [r for part in threads.map(batch, _parts(adaptor, jobs)) for r in part]
        left = [at for at, result in enumerate(results) if result is None]
        for at, result in zip(left, threads.map(single, [jobs[at] for at in left]), strict=True):
            results[at] = result
    return [result for result in results if result is not None]


def _parts(adaptor: FileSystemAdaptor, jobs: Sequence[Job]) -> Iterator[Sequence[Job]]:
    """Cut the jobs into batches: for each thread one at least, as far as that is of use."""
    size = min(adaptor.bulk_size, -(-len(jobs) // adaptor.max_parallel))
    return (jobs[at : at + size] for at in range(0, len(jobs), size))
