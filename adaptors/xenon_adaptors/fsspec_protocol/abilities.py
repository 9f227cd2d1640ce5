"""What an fsspec implementation can do: there is no record of that, so it is concluded.

A class that overrides the generic method has its own way. What no class shows (appending, atomic
writes, permissions) is in tables by protocol. Nothing is tried out on the user's data.
"""

from __future__ import annotations

from dataclasses import replace

from fsspec import AbstractFileSystem
from fsspec.asyn import AsyncFileSystem
from fsspec.implementations.cached import CachingFileSystem
from fsspec.implementations.dirfs import DirFileSystem

from xenon_adaptors.descriptions import FSSPEC
from xenon_adaptors.fsspec_protocol.opening import Backend
from xenon_py.model.descriptions import FileSystemAdaptorDescription

LOCAL = frozenset({"file", "local"})
MEMORY = frozenset({"memory"})
WEB = frozenset({"http", "https"})
_OBJECTS = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "oci", "oss", "obs"})
_APPEND = LOCAL | MEMORY | {"sftp", "ssh", "hdfs", "arrow_hdfs", "smb"}
_REPLACE = LOCAL | {"sftp", "ssh"}
_READ_ONLY = WEB | {"tar", "libarchive", "git", "github", "gist", "reference", "data"}


def plain(backend: Backend) -> Backend:
    """Return the file system behind wrappers that only cache, or begin at another directory."""
    while isinstance(backend, (DirFileSystem, CachingFileSystem)):
        backend = backend.fs
    return backend


def protocols(backend: Backend) -> frozenset[str]:
    """Return the names of an implementation."""
    names = backend.protocol
    return frozenset({names} if isinstance(names, str) else names)


def overrides(backend: Backend, name: str) -> bool:
    """Tell whether an implementation has a method of its own, sync or async."""
    kind = type(backend)
    if getattr(kind, name, None) is not getattr(AbstractFileSystem, name, None):
        return True
    twin = getattr(kind, f"_{name}", None)
    return backend.async_impl and twin is not getattr(AsyncFileSystem, f"_{name}", None)


def is_thread_safe(backend: Backend) -> bool:
    """Tell whether several threads may use it at once; most have one connection and no lock."""
    return bool(backend.async_impl) or bool(protocols(backend) & (LOCAL | MEMORY))


def is_read_only(backend: Backend) -> bool:
    """Tell whether files cannot be written, which some only say in odd ways when it is tried."""
    names = protocols(backend)
    return bool(names & _READ_ONLY) or ("zip" in names and backend.mode == "r")


def describe(backend: Backend) -> FileSystemAdaptorDescription:
    """Return the description of the adaptor as far as it is true of this implementation."""
    follows, sets = hasattr(backend, "islink"), hasattr(backend, "chmod")  # not all wrappers do
    backend = plain(backend)
    names = protocols(backend)
    renames = overrides(backend, "mv") or overrides(backend, "mv_file")
    return replace(
        FSSPEC,
        can_read_symboliclinks=follows and bool(names & LOCAL),
        is_connectionless=bool(names & (LOCAL | MEMORY | WEB | _OBJECTS)),
        supports_reading_posix_permissions=bool(names & LOCAL),
        supports_setting_posix_permissions=sets and bool(names & LOCAL),
        supports_rename=renames,
        can_append=bool(names & _APPEND),
        can_copy_on_server=overrides(backend, "cp_file"),
        can_replace_by_rename=renames and bool(names & _REPLACE),
        writes_atomically=bool(names & (MEMORY | _OBJECTS)),
        creates_exclusively=bool(names & LOCAL),
        has_real_directories=overrides(backend, "mkdir") and not names & (WEB | _OBJECTS),
    )
