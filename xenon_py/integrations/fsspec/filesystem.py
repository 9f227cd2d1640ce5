"""The fsspec class over any of our file systems.

Paths are absolute; ``a/b`` means ``/a/b``. Nothing is cached: what is told is what is there.
Parents of what is written are made, as fsspec's users expect of stores.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from fsspec.callbacks import DEFAULT_CALLBACK
from fsspec.core import has_magic
from fsspec.spec import AbstractFileSystem
from fsspec.utils import isfilelike, stringify_path

from xenon_py.exceptions import (
    InvalidPathException,
    NoSuchPathException,
    PathAlreadyExistsException,
    XenonException,
)
from xenon_py.filesystem import FileSystem
from xenon_py.integrations.fsspec.connections import Connection, Login, shared_connection
from xenon_py.integrations.fsspec.files import CachedFile, ReadFile, TextFile, WriteFile
from xenon_py.integrations.fsspec.records import record, seconds_to_time
from xenon_py.model.attributes import PathAttributes, permissions_of
from xenon_py.model.copying import CopyMode
from xenon_py.model.credentials import Credential, DefaultCredential
from xenon_py.model.path import Path, join, normalise, parent
from xenon_py.model.properties import resolve_properties

if TYPE_CHECKING:
    from typing_extensions import Self

_PARALLEL = 8  # files that are read or written at a time
_POLL = 200  # ms between two looks at the progress of a copy
_MAX_LINKS = 40
_GENERAL = {  # what fsspec and its users pass to every implementation; without effect here
    *("use_listings_cache", "listings_expiry_time", "max_paths"),
    *("asynchronous", "loop", "auto_mkdir", "default_block_size"),
}


class _Uncached(type(AbstractFileSystem)):  # type: ignore[misc]
    """Keeps objects with a secret out of fsspec's cache.

    The cache knows objects by the text of their arguments, and that of a credential does not tell
    one password from another.
    """

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        credential = kwargs.get("credential")
        if credential is not None and not isinstance(credential, DefaultCredential):
            kwargs["skip_instance_cache"] = True
        return super().__call__(*args, **kwargs)


class XenonFileSystem(AbstractFileSystem, metaclass=_Uncached):  # type: ignore[misc]
    """Any adaptor as an fsspec file system; those with protocols of their own are subclasses.

    It may be pickled, and handed to forked processes: each makes its own connection when it needs
    one. Objects of equal arguments share one within a process.

    Args:
        location: location string of the adaptor. A URL with a host brings it along.
        adaptor: name of the adaptor, where the class does not tell it.
        username: name on the server.
        password_env: name of the environment variable with the password (S3: the secret key). A
            password itself is not taken, as fsspec would put it into pickles, JSON and logs.
        certfile: private key file, for SSH.
        passphrase_env: environment variable with the passphrase of that file.
        credential: any credential instead of these; objects with a secret one are not pickled.
        properties: of the adaptor.

    Raises:
        InvalidLocationException: the location is not of the adaptor's form, or holds a password.
        InvalidCredentialException: the credentials are not of a kind that the adaptor takes.
        TypeError: an unknown argument.
    """

    protocol = "xenon"
    adaptor = ""
    root_marker = "/"
    cachable = True

    def __init__(
        self,
        location: str = "",
        *,
        adaptor: str = "",
        username: str = "",
        password_env: str = "",
        certfile: str = "",
        passphrase_env: str = "",
        credential: Credential | None = None,
        properties: Mapping[str, str] | None = None,
        **general: Any,
    ) -> None:
        unknown = sorted(set(general) - _GENERAL)
        if unknown:
            raise TypeError(
                f"{type(self).__name__} has no argument {unknown[0]!r}"
                + ("; give password_env or credential" if "password" in unknown else "")
            )
        super().__init__(**general)
        self.adaptor = adaptor or self.adaptor
        self._location = location
        self._login = Login(username, password_env, certfile, passphrase_env, credential)
        self._properties = properties or {}
        self._connection = shared_connection(
            self.adaptor, location, dict(self._properties), self._login
        )

    @classmethod
    def over(cls, files: FileSystem) -> Self:
        """Return an object that works on an open file system, as long as that is open."""
        credential = files.get_credential()
        made: Self = cls(
            files.get_location(),
            adaptor=files.get_adaptor_name(),
            credential=credential,
            properties=files.get_properties(),
            skip_instance_cache=True,
        )
        made._connection = Connection(
            made.adaptor, made._location, files.get_properties(), made._login, given=files
        )
        return made

    @property
    def files(self) -> FileSystem:
        """The open file system behind this object."""
        return self._connection.get()

    def close(self) -> None:
        """Close the connection of all objects with the same arguments; it is made anew if needed.

        An object of ``FileSystem.as_fsspec`` closes that file system.
        """
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.adaptor} {self._location!r}>"

    def __reduce__(self) -> tuple[Any, ...]:
        declared = FileSystem.get_adaptor_description(self.adaptor).supported_properties
        resolve_properties(declared, self._properties, adaptor=self.adaptor).__reduce__()
        found: tuple[Any, ...] = super().__reduce__()
        return found

    def to_dict(self, *, include_password: bool = True) -> dict[str, Any]:
        """Return the arguments as JSON can hold them; raises where there are secrets."""
        self.__reduce__()
        if self._login.credential is not None:
            self._login.credential.__reduce__()
        found: dict[str, Any] = super().to_dict(include_password=include_password)
        return found

    # paths

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        if isinstance(path, (list, tuple, set)):
            return [cls._strip_protocol(one) for one in path]
        return normalise(Path(cls._split(stringify_path(path))[1]), "/")

    @classmethod
    def _split(cls, url: str) -> tuple[str, str]:
        """Return what stands between ``://`` and the next slash, and the path, of URL or path."""
        for mark in (f"{cls.protocol}://", f"{cls.protocol}::"):
            if url.startswith(mark):
                authority, slash, path = url[len(mark) :].partition("/")
                return authority, slash + path
        return "", url

    def unstrip_protocol(self, name: str) -> str:
        """Return a path as a URL, without a host: that is in the arguments of this object."""
        return f"{self.protocol}://{self._strip_protocol(name)}"

    # what is there

    def info(self, path: str, **kwargs: Any) -> dict[str, Any]:
        """Return what is known of a path, as ``os.stat`` would: links are followed.

        Keys: ``name size type mtime created mode uid gid islink``, of links ``destination``. The
        type is ``file``, ``directory``, ``link`` (one that leads nowhere) or ``other``.

        Raises:
            FileNotFoundError: there is nothing.
        """
        path = self._strip_protocol(path)
        attributes = self.files.get_attributes(path)
        if not attributes.is_symbolic_link:
            return record(path, attributes)
        return self._link_record(path, attributes)

    def _link_record(self, path: str, attributes: PathAttributes) -> dict[str, Any]:
        target, found = self._followed(path)
        told = record(path, found or attributes)
        return {**told, "islink": True, "destination": target}

    def _followed(self, path: str) -> tuple[str, PathAttributes | None]:
        """Return where a link leads to in the end, and what is there if anything is."""
        files = self.files
        for _ in range(_MAX_LINKS):
            path = normalise(files.read_symbolic_link(path), parent(path))
            try:
                found = files.get_attributes(path)
            except NoSuchPathException:
                return path, None
            if not found.is_symbolic_link:
                return path, found
        return path, None

    def _real(self, path: str) -> str:
        """Return the path itself, or where it leads to if it is a link."""
        told = self.info(path)
        return str(told.get("destination", path))

    def ls(self, path: str, detail: bool = True, **kwargs: Any) -> list[Any]:
        """Return the entries of a directory, or a file itself.

        Links to files are told as files. Links to directories are told as links, so that nothing
        that walks a tree leaves it or goes in circles.
        """
        path = self._strip_protocol(path)
        try:
            found = self._listed(path, path)
        except InvalidPathException:
            told = self.info(path)
            inside = told["type"] == "directory"  # a link to one
            found = self._listed(told["destination"], path) if inside else [told]
        return found if detail else sorted(one["name"] for one in found)

    def _listed(self, directory: str, shown: str) -> list[dict[str, Any]]:
        entries = self.files.list(directory, False)
        return [self._entry(join(shown, one.path.name), one) for one in entries]

    def _entry(self, path: str, attributes: PathAttributes) -> dict[str, Any]:
        if not attributes.is_symbolic_link:
            return record(path, attributes)
        told = self._link_record(str(attributes.path), attributes)
        kind = "link" if told["type"] == "directory" else told["type"]
        return {**told, "name": path, "type": kind}

    def exists(self, path: str, **kwargs: Any) -> bool:
        """Tell whether there is something; a failure to find out is raised, unlike elsewhere."""
        return bool(self.files.exists(self._strip_protocol(path)))

    def _type(self, path: str) -> str:
        try:
            return str(self.info(path)["type"])
        except FileNotFoundError:
            return ""

    def isdir(self, path: str) -> bool:
        """Tell whether it is a directory, or a link to one."""
        return self._type(path) == "directory"

    def isfile(self, path: str) -> bool:
        """Tell whether it is a file, or a link to one."""
        return self._type(path) == "file"

    def islink(self, path: str) -> bool:
        """Tell whether it is a symbolic link."""
        try:
            return self.files.get_attributes(self._strip_protocol(path)).is_symbolic_link
        except NoSuchPathException:
            return False

    def created(self, path: str) -> datetime.datetime:
        """Return the time of creation.

        Raises:
            NotImplementedError: the server does not tell it.
        """
        return seconds_to_time(self.info(path).get("created"), "creation")

    def modified(self, path: str) -> datetime.datetime:
        """Return the time of the last modification; raises likewise."""
        return seconds_to_time(self.info(path).get("mtime"), "modification")

    # directories, removal, names

    def mkdir(self, path: str, create_parents: bool = True, **kwargs: Any) -> None:
        """Make a directory.

        Raises:
            FileExistsError: there is something.
        """
        make = self.files.create_directories if create_parents else self.files.create_directory
        make(self._strip_protocol(path))

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        """Make a directory and its parents."""
        path = self._strip_protocol(path)
        try:
            self.files.create_directories(path)
        except PathAlreadyExistsException:
            if not (exist_ok and self.isdir(path)):
                raise

    def rmdir(self, path: str) -> None:
        """Remove an empty directory."""
        path = self._strip_protocol(path)
        if not self.files.get_attributes(path).is_directory:
            raise InvalidPathException.because(f"it is no directory: {path!r}", path=path)
        self.files.delete(path)

    def rm_file(self, path: str) -> None:
        """Remove a file, a link itself, or an empty directory."""
        self.files.delete(self._strip_protocol(path))

    _rm = rm_file

    def rm(self, path: Any, recursive: bool = False, maxdepth: int | None = None) -> None:
        """Remove paths, directories with all that is in them if ``recursive``; links only."""
        if maxdepth is not None:
            super().rm(path, recursive=recursive, maxdepth=maxdepth)
            return
        for one in reversed(self.expand_path(path, recursive=False)):
            self.files.delete(one, recursive)

    def mv(
        self,
        path1: Any,
        path2: Any,
        recursive: bool = False,
        maxdepth: int | None = None,
        **kwargs: Any,
    ) -> None:
        """Rename, over a file too; without renaming, or with patterns, copy and remove."""
        simple = isinstance(path1, str) and isinstance(path2, str) and not has_magic(path1)
        if not (simple and self.files.get_description().supports_rename) or maxdepth is not None:
            super().mv(path1, path2, recursive=recursive, maxdepth=maxdepth, **kwargs)
            return
        source, target = self._strip_protocol(path1), self._strip_protocol(path2)
        if source != target and (path2.endswith("/") or self.isdir(target)):
            target = join(target, source.rpartition("/")[2])
        self._with_parents(target, lambda: self.files.rename(source, target, replace=True))

    def chmod(self, path: str, mode: int) -> None:
        """Set the permission bits."""
        self.files.set_posix_file_permissions(self._strip_protocol(path), permissions_of(mode))

    def symlink(self, src: str, dst: str) -> None:
        """Make a symbolic link at ``dst`` with exactly the text ``src``."""
        self.files.create_symbolic_link(self._strip_protocol(dst), src)

    def _with_parents(self, path: str, action: Callable[[], Any]) -> Any:
        """Do something that makes ``path``; where its parent is missing, make that before."""
        try:
            return action()
        except NoSuchPathException:
            directory = parent(path)
            if self.files.exists(directory):
                raise
            self.makedirs(directory, exist_ok=True)
            return action()

    # content

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
            raise NotImplementedError("a file cannot be appended to within a transaction")
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
        """Return the content of a file, or of several at once by path."""
        paths = self.expand_path(path, recursive=recursive)
        if len(paths) == 1 and isinstance(path, str) and paths[0] == self._strip_protocol(path):
            return self.cat_file(paths[0], **kwargs)
        results = _in_parallel(lambda one: self.cat_file(one, **kwargs), paths, on_error)
        return {
            one: result
            for one, result in zip(paths, results, strict=True)
            if not (on_error == "omit" and isinstance(result, Exception))
        }

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
            raise NotImplementedError("max_gap")
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
        if self._intrans or len(pairs) == 1:  # a transaction is of one thread
            for one, content in pairs:
                self.pipe_file(one, content, **kwargs)
            return
        _in_parallel(lambda pair: self.pipe_file(*pair, **kwargs), pairs, "raise")

    # copies

    def cp_file(self, path1: str, path2: str, **kwargs: Any) -> None:
        """Copy a file, on the server where it can; of a directory only the directory is made."""
        path1, path2 = self._strip_protocol(path1), self._strip_protocol(path2)
        if self.isdir(path1):
            self.makedirs(path2, exist_ok=True)
            return
        source = self._real(path1)
        self.makedirs(parent(path2), exist_ok=True)
        _copied(self.files, source, self.files, path2)

    def get_file(
        self,
        rpath: str,
        lpath: Any,
        callback: Any = DEFAULT_CALLBACK,
        outfile: Any = None,
        **kwargs: Any,
    ) -> None:
        """Copy a file to this machine; it appears there when it is complete."""
        if outfile is not None or isfilelike(lpath):
            super().get_file(rpath, lpath, callback=callback, outfile=outfile, **kwargs)
            return
        rpath, lpath = self._strip_protocol(rpath), os.path.abspath(os.fspath(lpath))
        if self.isdir(rpath):
            os.makedirs(lpath, exist_ok=True)
            return
        os.makedirs(os.path.dirname(lpath), exist_ok=True)
        _copied(self.files, self._real(rpath), _this_machine(), lpath, callback)

    def put_file(
        self,
        lpath: Any,
        rpath: str,
        callback: Any = DEFAULT_CALLBACK,
        mode: str = "overwrite",
        **kwargs: Any,
    ) -> None:
        """Copy a file from this machine; it appears over there when it is complete."""
        rpath, lpath = self._strip_protocol(rpath), os.path.realpath(os.fspath(lpath))
        if mode == "create" and self.exists(rpath):
            raise PathAlreadyExistsException.because(f"path already exists: {rpath!r}", path=rpath)
        if os.path.isdir(lpath):
            self.makedirs(rpath, exist_ok=True)
            return
        self.makedirs(parent(rpath), exist_ok=True)
        _copied(_this_machine(), lpath, self.files, rpath, callback)


def _this_machine() -> FileSystem:
    return shared_connection("file", "/", {}, Login()).get()


def _copied(
    source_files: FileSystem,
    source: str,
    target_files: FileSystem,
    target: str,
    callback: Any = DEFAULT_CALLBACK,
) -> None:
    """Copy one file, and tell the progress to a callback of fsspec in this thread.

    Raises:
        XenonException: as the copy did.
    """
    operation = source_files.copy(source, target_files, target, CopyMode.REPLACE)
    try:
        while not (status := operation.wait(_POLL)).done:
            callback.set_size(status.bytes_to_copy)
            callback.absolute_update(status.bytes_copied)
    except BaseException:
        operation.cancel()
        raise
    if status.error is not None:
        raise status.error
    callback.set_size(status.bytes_to_copy)
    callback.absolute_update(status.bytes_copied)


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
