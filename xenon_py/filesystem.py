"""File systems, as users hold them.

The class here is thin: it checks arguments, resolves paths and hands over to ``xenon_py.engine``,
where the meaning of each call is. Every call is safe to use from several threads on one object.
"""

from __future__ import annotations

import itertools
import os
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Literal, NoReturn, TypeVar, overload

from xenon_py.engine import deletion, many, operations, publishing, registry
from xenon_py.engine.arguments import (
    adaptor_label,
    checked_content,
    checked_flag,
    checked_mode,
    checked_offset,
    checked_open_mode,
    checked_pairs,
    checked_several,
    not_pickled,
)
from xenon_py.engine.context import Telling
from xenon_py.engine.copying import CopyEngine, CopyOptions
from xenon_py.engine.creation import make_target
from xenon_py.engine.session import Session
from xenon_py.engine.streams import (
    FileChunks,
    RawReader,
    RawWriter,
    buffered_reader,
    buffered_writer,
)
from xenon_py.engine.urls import parse_filesystem_url
from xenon_py.exceptions import (
    IllegalArgumentException,
    InvalidPathException,
    MissingDependencyException,
    NoSuchCopyException,
    XenonException,
)
from xenon_py.model.attributes import Is, NameList, PathAttributes, PosixFilePermission
from xenon_py.model.copying import CopyMode, CopyOperation, CopyStatus, ProgressCallback
from xenon_py.model.credentials import (
    CertificateCredential,
    Credential,
    CredentialMap,
    DefaultCredential,
    KeytabCredential,
    PasswordCredential,
    choose_credential,
    current_user,
)
from xenon_py.model.descriptions import FileSystemAdaptorDescription
from xenon_py.model.path import Path, PathLike, as_path
from xenon_py.model.shown import shown
from xenon_py.model.timeouts import Timeout, seconds_of
from xenon_py.plugin.filesystem import Buffer, FileInfo, FileSystemAdaptor, lookup
from xenon_py.plugin.target import Target

if TYPE_CHECKING:
    from concurrent.futures import Future

    from typing_extensions import Self

    from xenon_py.engine.attributes import Listing

BinaryMode = Literal["rb", "wb", "xb", "ab", "br", "bw", "bx", "ba"]
TextMode = Literal["r", "w", "x", "a", "rt", "wt", "xt", "at", "tr", "tw", "tx", "ta"]

Result = TypeVar("Result")

_numbers = itertools.count(1)
_open_ones: weakref.WeakValueDictionary[str, FileSystem] = weakref.WeakValueDictionary()


class FileSystem:
    """A place with files: a directory of this machine, an SFTP server, a bucket.

    Make one with ``create`` or ``from_url``; end it with ``close`` or a ``with`` block. Two objects
    are equal if they have the same ``id``.

    Paths are ``str``, ``Path`` or ``os.PathLike``; relative ones begin at the working directory.
    ``.`` and ``a/..`` are taken out of the text before anything is sent. A missing (``None``) or
    wrong argument raises ``IllegalArgumentException`` that names it, before anything is touched;
    every call of a closed file system raises ``FileSystemClosedException``.

    Attributes:
        id: ``<adaptor>://<user>@<location>#<number>``.
    """

    def __init__(self, adaptor: FileSystemAdaptor, target: Target) -> None:
        """Hold an open adaptor; users call ``create``."""
        self._session = Session(adaptor)
        self._target = target
        self._description = adaptor.description
        self._copies = CopyEngine(self._description.name, self)
        self._arriving: dict[int, CopyOperation] = {}
        user = getattr(target.credential, "username", "") or current_user()
        name, number = self._description.name, next(_numbers)
        self.id: str = f"{name}://{user}@{target.location.text}#{number}"
        _open_ones[self.id] = self

    @classmethod
    def create(
        cls,
        adaptor: str | None = None,
        location: str | os.PathLike[str] | None = None,
        properties: Mapping[str, str] | None = None,
        certificate_credential: CertificateCredential | None = None,
        password_credential: PasswordCredential | None = None,
        default_credential: DefaultCredential | None = None,
        credential_map: CredentialMap | None = None,
        keytab_credential: KeytabCredential | None = None,
    ) -> Self:
        """Connect to a file system.

        Args:
            adaptor: name of the adaptor, e.g. ``sftp``; see ``get_adaptor_names``.
            location: where, as text or a path; its form is in the adaptor's description.
            properties: names (the prefix ``xenon.adaptors.filesystems.`` may be left out) ->
                values, all text.
            certificate_credential: this or one of the next four at most; without any the user's
                own means are used, as ``DefaultCredential()``.
            password_credential: likewise.
            default_credential: likewise.
            credential_map: likewise; for locations with gateways.
            keytab_credential: likewise; no built-in adaptor takes it.

        Raises:
            UnknownAdaptorException: there is no such adaptor; its kin
                ``MissingDependencyException`` says which package to install for it.
            InvalidLocationException: the location is not of the adaptor's form.
            InvalidCredentialException: the adaptor does not take this kind, or two are given.
            UnknownPropertyException: the adaptor has no such property.
            InvalidPropertyException: a property is out of range (``PropertyTypeException``: not
                of its type).
            NotConnectedException: the server cannot be reached, or refuses the user
                (``AuthenticationException``).
        """
        with Telling("create", adaptor_label(adaptor)):
            credential = choose_credential(
                certificate_credential=certificate_credential,
                password_credential=password_credential,
                default_credential=default_credential,
                credential_map=credential_map,
                keytab_credential=keytab_credential,
            )
            return cls._connect(adaptor, location, credential, properties)

    @classmethod
    def from_url(
        cls,
        url: str,
        *,
        credential: Credential | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> Self:
        """Connect to the file system that a URL names.

        Args:
            url: e.g. ``sftp://user@host:22/dir``, ``s3+https://host/bucket``, ``file:///dir``.
            credential: of any of the credential classes.
            properties: as for ``create``.

        Raises:
            InvalidLocationException: it is no such URL, or holds a password.
            XenonException: as ``create``.
        """
        with Telling("from_url", ""):
            adaptor, location = parse_filesystem_url(url)
            return cls._connect(adaptor, location, credential, properties)

    @classmethod
    def _connect(
        cls,
        name: Any,
        location: str | os.PathLike[str] | None,
        credential: Credential | None,
        properties: Mapping[str, str] | None,
    ) -> Self:
        kind = registry.load_filesystem(name)
        target = make_target(kind.description, location, credential, properties)
        adaptor = kind(target)
        try:
            return cls(adaptor, target)
        except BaseException:
            adaptor.close()
            raise

    @classmethod
    def get_adaptor_names(cls) -> NameList:
        """Return the names of the installed adaptors."""
        return registry.filesystem_names()

    @classmethod
    def get_adaptor_descriptions(cls) -> Sequence[FileSystemAdaptorDescription]:
        """Return what the installed adaptors are and can do."""
        return registry.filesystem_descriptions()

    @classmethod
    def get_adaptor_description(cls, name: str | None = None) -> FileSystemAdaptorDescription:
        """Return what an adaptor is and can do.

        Raises:
            UnknownAdaptorException: there is none of this name.
        """
        with Telling("get_adaptor_description", ""):
            if name is None:
                raise IllegalArgumentException.because("name is missing; it must be a str")
            return registry.filesystem_description(name)

    @classmethod
    def list_file_systems(cls) -> Iterator[FileSystem]:
        """Return the file systems of this process that are open now."""
        return iter([_open_ones[key] for key in sorted(_open_ones.keys()) if key in _open_ones])

    @classmethod
    def local_file_systems(cls) -> Iterator[FileSystem]:
        """Return new file systems for the drives of this machine: one, that begins at ``/``."""
        return iter([cls.create("file", "/")])

    def get_adaptor_name(self) -> str:
        """Return the name of the adaptor."""
        return self._description.name

    def get_description(self) -> FileSystemAdaptorDescription:
        """Return what this file system can do: where the server decides, that of this server."""
        return self._description

    def get_location(self) -> str:
        """Return the location as it was given to ``create``."""
        return self._target.location.text

    def get_properties(self) -> Mapping[str, str]:
        """Return the properties that were given, under their full names."""
        return self._target.properties

    def get_credential(self) -> Credential:
        """Return the credential in use."""
        return self._target.credential

    def get_path_separator(self) -> str:
        """Return ``/``, which separates names on all file systems here."""
        return "/"

    def is_open(self) -> Is:
        """Tell whether this was not closed, and its connection is usable or can be made again."""
        return Is(self._session.is_open())

    def get_working_directory(self) -> Path:
        """Return the directory at which relative paths begin."""
        with Telling("get_working_directory", self._description.name):
            self._session.adaptor  # noqa: B018  # raises when closed
            return Path(self._session.working_directory)

    def set_working_directory(self, path: PathLike | None = None) -> None:
        """Set the directory at which relative paths begin.

        Args:
            path: an existing directory; itself may be relative.

        Raises:
            NoSuchPathException: it does not exist.
            InvalidPathException: it is no directory.
        """
        with self._on("set_working_directory", path) as (adaptor, full):
            operations.check_directory(adaptor, full)
            self._session.working_directory = full

    def exists(self, path: PathLike | None = None) -> Is:
        """Tell whether there is something at a path; a link counts wherever it leads."""
        with self._on("exists", path) as (adaptor, full):
            return Is(lookup(adaptor, full) is not None)

    def get_attributes(self, path: PathLike | None = None) -> PathAttributes:
        """Return the attributes of a path; of a link itself.

        Raises:
            NoSuchPathException: there is none.
        """
        with self._on("get_attributes", path) as (adaptor, full):
            return operations.attributes(adaptor, full)

    def list(self, dir: PathLike | None = None, recursive: bool | None = None) -> Listing:  # noqa: A002
        """Return the entries of a directory, hidden ones too, in the server's order.

        Args:
            dir: a directory; a link to one is none.
            recursive: whether to go on with each subdirectory after all entries of a directory.
                Links are listed, never entered.

        Returns:
            A list that also answers ``next()``. Its paths are absolute.

        Raises:
            NoSuchPathException: it does not exist.
            InvalidPathException: it is no directory; or the server sent a name such as ``../x``.
        """
        with self._on("list", dir, "dir") as (adaptor, full):
            below = checked_flag(recursive, "recursive")
            return operations.list_directory(adaptor, full, recursive=below)

    def _scan(self, path: PathLike, *, recursive: bool) -> Sequence[tuple[str, Sequence[FileInfo]]]:
        """Return directories with their entries as the adaptor tells them, for the fsspec face."""
        with self._on("list", path) as (adaptor, full):
            return list(operations.scan(adaptor, full, recursive=recursive))

    def create_directory(self, path: PathLike | None = None) -> None:
        """Make a directory whose parent is there.

        Raises:
            PathAlreadyExistsException: there is something at the path.
            NoSuchPathException: the parent does not exist.
            InvalidPathException: the parent is no directory.
        """
        with self._on("create_directory", path) as (adaptor, full):
            operations.create_directory(adaptor, full)

    def create_directories(self, path: PathLike | None = None) -> None:
        """Make a directory, and its parents where they are missing.

        Raises:
            PathAlreadyExistsException: there is something at the path itself.
            InvalidPathException: one of the parents is no directory.
        """
        with self._on("create_directories", path) as (adaptor, full):
            operations.create_directories(adaptor, full)

    def create_file(self, path: PathLike | None = None) -> None:
        """Make an empty file; raises as ``create_directory``."""
        with self._on("create_file", path) as (adaptor, full):
            operations.create_file(adaptor, full)

    def create_symbolic_link(
        self, link: PathLike | None = None, target: PathLike | None = None
    ) -> None:
        """Make a symbolic link.

        Args:
            link: where; nothing may be there.
            target: what it leads to, kept as it is: it may be relative (to the link's directory)
                and need not exist.

        Raises:
            UnsupportedOperationException: the adaptor cannot do this.
            PathAlreadyExistsException: there is something at ``link``.
        """
        with self._on("create_symbolic_link", link, "link") as (adaptor, full):
            operations.create_symbolic_link(adaptor, full, _link_text(target))

    def read_symbolic_link(self, path: PathLike | None = None) -> Path:
        """Return what a symbolic link leads to, as it stands in the link.

        Raises:
            UnsupportedOperationException: the adaptor cannot do this.
            InvalidPathException: it is no link.
        """
        with self._on("read_symbolic_link", path) as (adaptor, full):
            return Path(operations.read_symbolic_link(adaptor, full))

    def delete(self, path: PathLike | None = None, recursive: bool | None = None) -> None:
        """Delete a path; of a link only the link.

        Args:
            path: what to delete; not the root.
            recursive: whether a directory is deleted with all that is in it. Links out of it are
                not followed.

        Raises:
            NoSuchPathException: it does not exist.
            DirectoryNotEmptyException: a directory with entries, and not ``recursive``.
        """
        with self._on("delete", path) as (adaptor, full):
            deletion.delete(adaptor, full, recursive=checked_flag(recursive, "recursive"))

    def rename(
        self,
        source: PathLike | None = None,
        target: PathLike | None = None,
        *,
        replace: bool = False,
    ) -> None:
        """Rename a path; to itself is no error.

        Args:
            source: what to rename.
            target: its new path.
            replace: whether a file (or link) at ``target`` is replaced: in one step where the
                adaptor ``can_replace_by_rename``; else it is set aside until the rename is done,
                and put back if that fails. A directory never is.

        Raises:
            UnsupportedOperationException: the adaptor cannot do this.
            NoSuchPathException: the source, or the target's parent, does not exist.
            PathAlreadyExistsException: the target exists.
            InvalidPathException: a directory would go into itself, or replace a file.
        """
        with self._on("rename", source, "source") as (adaptor, full):
            over = checked_flag(replace, "replace")
            there = self._session.resolve(target, "target")
            operations.rename(adaptor, full, there, replace=over)

    def set_posix_file_permissions(
        self,
        path: PathLike | None = None,
        permissions: Iterable[PosixFilePermission | int] | None = None,
    ) -> None:
        """Set the permissions of a path, or of what a link leads to.

        Args:
            path: a file or directory.
            permissions: all that are to be set; none, or ``NONE`` alone, is mode 000.

        Raises:
            UnsupportedOperationException: the adaptor cannot do this.
            NoSuchPathException: it does not exist.
        """
        with self._on("set_posix_file_permissions", path) as (adaptor, full):
            operations.set_permissions(adaptor, full, checked_mode(permissions))

    def read_from_file(self, path: PathLike | None = None, *, offset: int = 0) -> FileChunks:
        """Read a file piece by piece, whatever its size.

        Args:
            path: a regular file, or a link to one.
            offset: where to begin, in bytes; behind the end there is nothing to read.

        Returns:
            An iterator of ``bytes``; also ``.next()``, ``.close()`` and a ``with`` block.

        Raises:
            NoSuchPathException: it does not exist.
            InvalidPathException: it is no regular file, nor a link to one.
        """
        with self._on("read_from_file", path) as (adaptor, full):
            stream = operations.open_read(adaptor, full, checked_offset(offset))
            return FileChunks(stream, self._telling("read_from_file", full))

    def write_to_file(self, path: PathLike, data_stream: Iterable[Buffer]) -> None:
        """Make a file of a stream of bytes; returns when everything is stored.

        The file is not seen under its name before it is complete (where the adaptor can write
        atomically or rename). When iterating raises, nothing is left of it, and what was raised
        comes out of this call.

        Args:
            path: where to; nothing may be there.
            data_stream: any iterable of ``bytes`` (or one ``bytes``); it may block.

        Raises:
            PathAlreadyExistsException: there is something at the path.
            NoSuchPathException: the parent does not exist.
            NoSpaceException: the disk is full.
        """
        with self._on("write_to_file", path) as (adaptor, full):
            chunks = publishing.chunks_of(data_stream)
            publishing.store(operations.begin_new(adaptor, full), chunks)

    def append_to_file(self, path: PathLike, data_stream: Iterable[Buffer]) -> None:
        """Write a stream of bytes behind the content of an existing file.

        When iterating raises, what was written until then stays.

        Args:
            path: a regular file, or a link to one.
            data_stream: as for ``write_to_file``.

        Raises:
            UnsupportedOperationException: the adaptor cannot do this.
            NoSuchPathException: it does not exist.
            InvalidPathException: it is no regular file.
        """
        with self._on("append_to_file", path) as (adaptor, full):
            chunks = publishing.chunks_of(data_stream)
            publishing.store(operations.begin_appending(adaptor, full, create=False), chunks)

    @overload
    def open(
        self,
        path: PathLike,
        mode: BinaryMode = "rb",
        *,
        encoding: None = None,
        like: PathLike | None = None,
    ) -> IO[bytes]: ...

    @overload
    def open(
        self,
        path: PathLike,
        mode: TextMode,
        *,
        encoding: str | None = None,
        like: PathLike | None = None,
    ) -> IO[str]: ...

    @overload
    def open(
        self,
        path: PathLike,
        mode: str,
        *,
        encoding: str | None = None,
        like: PathLike | None = None,
    ) -> IO[Any]: ...

    def open(
        self,
        path: PathLike,
        mode: str = "rb",
        *,
        encoding: str | None = None,
        like: PathLike | None = None,
    ) -> IO[Any]:
        """Open a file, with the meanings of Python's own ``open``.

        A file that is read can seek. One that is written (``w``, ``x``) appears under its name, or
        replaces the one that is there, when it is closed; not when its ``with`` block ends in an
        exception, writing failed, or the file system is closed first. Appending, and writing
        through a link, is done in place.

        Args:
            path: the file.
            mode: ``r``, ``w``, ``x`` or ``a``, with ``b`` for bytes or ``t`` (or nothing) for text.
            encoding: of text; UTF-8 by default. Line ends are written as they are.
            like: for ``x``, a path: if that is a file, the new one gets its permission bits, where
                the server lets them be set.

        Raises:
            NoSuchPathException: it does not exist (``r``), or its parent does not.
            PathAlreadyExistsException: it exists (``x``).
            InvalidPathException: it is no regular file.
            UnsupportedOperationException: the adaptor cannot append (``a``).
        """
        with self._on("open", path) as (adaptor, full):
            action, text = checked_open_mode(mode, encoding)
            telling = self._telling("open", full)
            if action == "r":
                operations.check_file(adaptor, full)
                reader = RawReader(self._session, full, telling)
                return buffered_reader(reader, text=text, encoding=encoding)
            other = "" if like is None else self._session.resolve(like, "like")
            if other and action != "x":
                raise IllegalArgumentException.because("like goes with mode 'x' only")
            begun = operations.begin(adaptor, full, action, other)
            writer = RawWriter(begun, telling, full, mode)
            self._session.watch(writer)
            return buffered_writer(writer, text=text, encoding=encoding)

    def copy(
        self,
        source: PathLike | None = None,
        destination_filesystem: FileSystem | None = None,
        destination: PathLike | None = None,
        mode: CopyMode | int | None = None,
        recursive: bool | None = None,
        *,
        verify: str = "size",
        parallel: int | None = None,
        preserve: Iterable[str] = (),
        on_progress: ProgressCallback | None = None,
    ) -> CopyOperation:
        """Begin to copy a file, a link or a directory, also to another file system.

        Whatever goes wrong with the copy itself is in its status. A file appears under its name
        when it is complete; a copy that failed or was cancelled leaves no partial file. Links in a
        directory are copied as links.

        Args:
            source: what to copy.
            destination_filesystem: where to; may be this one.
            destination: the exact target (never "into" a directory), relative to the working
                directory of ``destination_filesystem``.
            mode: what to do where the destination exists: ``CREATE`` (the default) fails,
                ``REPLACE`` replaces files and merges directories, ``IGNORE`` does nothing.
            recursive: whether a directory is copied with all that is in it.
            verify: what is compared after each file: ``"size"``, ``"checksum"`` or ``"none"``.
            parallel: how many files at a time, 1 to 64; ``None`` = as many as suit both sides.
            preserve: any of ``"mode"`` (permission bits) and ``"mtime"``.
            on_progress: called with a ``CopyStatus`` now and then, and at the end, by a thread of
                the copy.

        Returns:
            The operation, with ``status()``, ``wait()``, ``cancel()`` and ``future()``.
        """
        with self._on("copy", source, "source") as (adaptor, full):
            options = CopyOptions(
                mode=CopyMode.CREATE if mode is None else mode,  # type: ignore[arg-type]
                recursive=checked_flag(recursive, "recursive"),
                verify=verify,
                parallel=parallel,
                preserve=preserve,  # type: ignore[arg-type]  # it is checked and converted there
                on_progress=on_progress,
            )
            there = _session_of(destination_filesystem)
            target = there.resolve(destination, "destination")
            copy_id = self._copies.start(adaptor, full, there.adaptor, target, options)
            return self._started(copy_id, destination_filesystem)  # type: ignore[arg-type]

    def copy_files(
        self,
        pairs: Iterable[tuple[PathLike, PathLike]],
        destination_filesystem: FileSystem,
        mode: CopyMode | int | None = None,
        *,
        verify: str = "size",
        parallel: int | None = None,
        preserve: Iterable[str] = (),
        on_progress: ProgressCallback | None = None,
    ) -> CopyOperation:
        """Begin to copy many files, each to a path of its own, as one operation.

        Of small files many go in one request where the servers allow it. The first error ends the
        copy. Links are followed, unlike in ``copy``; of a directory only itself is made.

        Args:
            pairs: source and exact target of each; the parents of the targets are there.
            destination_filesystem: where to; may be this one.
            mode: as for ``copy``, for each file.
            verify: likewise.
            parallel: likewise.
            preserve: likewise.
            on_progress: likewise.

        Returns:
            The operation, as of ``copy``.
        """
        with self._telling("copy_files", ""):
            options = CopyOptions(
                mode=CopyMode.CREATE if mode is None else mode,  # type: ignore[arg-type]
                verify=verify,
                parallel=parallel,
                preserve=preserve,  # type: ignore[arg-type]  # it is checked and converted there
                on_progress=on_progress,
            )
            there = _session_of(destination_filesystem)
            resolved = [
                (self._session.resolve(source, "source"), there.resolve(target, "target"))
                for source, target in checked_pairs(pairs, "pairs")
            ]
            adaptor = self._session.adaptor
            copy_id = self._copies.start_list(adaptor, there.adaptor, resolved, options)
            return self._started(copy_id, destination_filesystem)

    def read_files(self, paths: Iterable[PathLike]) -> Sequence[bytes | XenonException]:
        """Read many whole files: small ones many in one request, the others several at a time.

        Args:
            paths: regular files, or links to some.

        Returns:
            For each path its content, or the exception that it met, in order.
        """
        with self._telling("read_files", ""):
            found = many.read_files(self._session.adaptor, self._resolved(paths))
        return self._told("read_files", found)

    def write_files(
        self, contents: Mapping[Any, bytes] | Iterable[tuple[PathLike, bytes]]
    ) -> Sequence[XenonException | None]:
        """Write many whole files, likewise; files that are there are replaced.

        Each appears under its name when it is complete, as with ``open(path, "wb")``.

        Args:
            contents: path -> content, or pairs of them; the parents are there.

        Returns:
            For each ``None``, or the exception that it met, in order.
        """
        with self._telling("write_files", ""):
            given = contents.items() if isinstance(contents, Mapping) else contents
            resolved = [
                (self._session.resolve(path, "path"), checked_content(content))
                for path, content in checked_pairs(given, "contents")
            ]
            found = many.write_files(self._session.adaptor, resolved)
        return self._told("write_files", found)

    def delete_files(self, paths: Iterable[PathLike]) -> Sequence[XenonException | None]:
        """Delete many files, links or empty directories, many in one request.

        Returns:
            For each path ``None``, or the exception that it met, in order.
        """
        with self._telling("delete_files", ""):
            found = many.delete_files(self._session.adaptor, self._resolved(paths))
        return self._told("delete_files", found)

    def _resolved(self, paths: object) -> Sequence[str]:
        return [self._session.resolve(one, "path") for one in checked_several(paths, "paths")]

    def _told(self, operation: str, results: Sequence[Result]) -> Sequence[Result]:
        """Complete the exceptions among the results of many files."""
        for one in results:
            if isinstance(one, XenonException):
                one.add_context(operation=operation, adaptor=self._description.name)
        return results

    def _started(self, copy_id: str, destination: FileSystem) -> CopyOperation:
        operation = CopyOperation(copy_id, self)
        destination._expect(operation)
        return operation

    def _expect(self, operation: CopyOperation) -> None:
        """Remember a copy that arrives here until it has ended: ``close`` cancels it."""
        key = id(operation)  # operations of several sources may be equal
        self._arriving[key] = operation
        operation.future().add_done_callback(lambda _: self._arriving.pop(key, None))
        if self._session.closed:  # just now
            operation.cancel()

    def get_status(self, copy_operation: CopyOperation | None = None) -> CopyStatus:
        """Return how far a copy is; also after its end, and after ``close``.

        Raises:
            NoSuchCopyException: it is none of this file system.
        """
        with self._telling("get_status", ""):
            return self._copies.status(self._copy_id(copy_operation))

    def wait_until_done(
        self, copy_operation: CopyOperation | None = None, timeout: Timeout = None
    ) -> CopyStatus:
        """Wait for the end of a copy.

        Args:
            copy_operation: which one.
            timeout: in ms, or a ``timedelta``; 0 or ``None`` = for ever.

        Returns:
            The final status, or that of now (not ``done``) when the time is over.

        Raises:
            NoSuchCopyException: it is none of this file system.
        """
        with self._telling("wait_until_done", ""):
            return self._copies.wait(self._copy_id(copy_operation), seconds_of(timeout))

    def cancel(self, copy_operation: CopyOperation | None = None) -> CopyStatus:
        """Cancel a copy; no partial file is left. One that has ended stays as it is.

        Raises:
            NoSuchCopyException: it is none of this file system.
        """
        with self._telling("cancel", ""):
            return self._copies.cancel(self._copy_id(copy_operation))

    def copy_future(self, copy_operation: CopyOperation) -> Future[CopyStatus]:
        """Return a future of the final status of a copy.

        Raises:
            NoSuchCopyException: it is none of this file system.
        """
        with self._telling("copy_future", ""):
            return self._copies.future(self._copy_id(copy_operation))

    def _copy_id(self, copy_operation: object) -> str:
        if not isinstance(copy_operation, CopyOperation):
            raise IllegalArgumentException.because(
                f"copy_operation must be a CopyOperation, not {type(copy_operation).__name__}"
            )
        if copy_operation.owner not in {None, self}:
            raise NoSuchCopyException.because(
                f"{copy_operation.id} belongs to another file system, {copy_operation.owner!r}"
            )
        if not isinstance(copy_operation.id, str):
            raise IllegalArgumentException.because(
                f"copy_operation has no identifier but {shown(copy_operation.id)}"
            )
        return copy_operation.id

    def as_fsspec(self) -> Any:
        """Return this file system as an ``fsspec.AbstractFileSystem``, for pandas, dask and others.

        It works as long as this file system is open. Copies of it in other processes, pickled or
        forked, connect anew; it is not pickled when the credential is a secret.

        Raises:
            MissingDependencyException: fsspec is not installed.
        """
        with self._telling("as_fsspec", ""):
            return _fsspec_class(self._description.name).over(self)

    def close(self) -> None:
        """Close the file system. May be repeated.

        Running copies, from here and to here, are cancelled and waited for; files that are being
        written are dropped.
        """
        with self._telling("close", ""):
            if self._session.shut():
                _open_ones.pop(self.id, None)
                try:
                    self._copies.close()
                    for operation in list(self._arriving.values()):
                        operation.cancel()
                finally:
                    self._session.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __eq__(self, other: object) -> bool:
        return self.id == other.id if isinstance(other, FileSystem) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.id)

    def __str__(self) -> str:
        return f"{type(self).__name__}:\n    id: {self.id}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}>"

    def __reduce__(self) -> NoReturn:
        raise not_pickled(self)

    def _telling(self, operation: str, path: str) -> Telling:
        return Telling(operation, self._description.name, path)

    @contextmanager
    def _on(
        self, operation: str, path: object, argument: str = "path"
    ) -> Iterator[tuple[FileSystemAdaptor, str]]:
        """Give the adaptor and the absolute path, and complete the exceptions of the block."""
        with self._telling(operation, "") as telling:
            adaptor = self._session.adaptor
            telling.path = full = self._session.resolve(path, argument)
            yield adaptor, full


def _session_of(file_system: object) -> Session:
    if not isinstance(file_system, FileSystem):
        raise IllegalArgumentException.because(
            f"destination_filesystem must be a FileSystem, not {type(file_system).__name__}"
        )
    return file_system._session  # noqa: SLF001


def _fsspec_class(adaptor: str) -> Any:
    """Return the class of the fsspec face; fsspec finds it by its entry points."""
    try:
        import fsspec
    except ModuleNotFoundError as error:
        raise MissingDependencyException.because(
            "as_fsspec needs the package 'fsspec': pip install 'xenon-py[fsspec]'"
        ) from error
    own = f"xenon-{adaptor}"
    return fsspec.get_filesystem_class(own if own in fsspec.available_protocols() else "xenon")


def _forget_copies() -> None:
    for file_system in list(_open_ones.values()):
        file_system._arriving.clear()  # noqa: SLF001


os.register_at_fork(after_in_child=_forget_copies)  # they are those of the parent


def _link_text(target: object) -> str:
    if target is None:
        raise IllegalArgumentException.because("target is missing; it must be a path")
    path = as_path(target, "target")
    if target == "":
        raise InvalidPathException.because("target is empty; a link must lead somewhere")
    return target if isinstance(target, str) else str(path)
