"""Adaptors that are broken on purpose, each in one way: the kit must notice every one.

``FILE_SYSTEMS`` and ``SCHEDULERS`` map a mutant to a test (the beginning of its name) that has to
fail for it.
"""

from __future__ import annotations

import dataclasses
import io
import os
import time
import unicodedata
from collections.abc import Iterator
from typing import Any

from sample_xenon_plugin import memory
from sample_xenon_plugin.memory import MemoryFileSystem
from sample_xenon_plugin.nice import NiceScheduler

from xenon_py.plugin.filesystem import FileInfo, WriteMode
from xenon_py.plugin.process import Process, ProcessSpec


class AppendIgnored(MemoryFileSystem):
    def open_write(self, path: str, mode: WriteMode, size: int | None = None) -> Any:
        writer = super().open_write(path, mode, size)
        if mode is WriteMode.APPEND:
            writer.write = len
        return writer


class ListDropsAnEntry(MemoryFileSystem):
    def scandir(self, path: str) -> Iterator[FileInfo]:
        return iter(list(super().scandir(path))[1:])


class ListRepeatsAnEntry(MemoryFileSystem):
    def scandir(self, path: str) -> Iterator[FileInfo]:
        found = list(super().scandir(path))
        return iter(found + found[:1])


class RenameOverwrites(MemoryFileSystem):
    def rename(self, source: str, target: str, *, replace: bool = False) -> None:
        time.sleep(0.05)  # so that all threads have seen that the target is free
        super().rename(source, target, replace=True)


class RenameLosesWhatIsBelow(MemoryFileSystem):
    def rename(self, source: str, target: str, *, replace: bool = False) -> None:
        below = [path for path in memory._nodes if path.startswith(f"{source}/")]
        super().rename(source, target, replace=replace)
        for path in below:
            del memory._nodes[target + path[len(source) :]]


class PartialFileLeft(MemoryFileSystem):
    def open_write(self, path: str, mode: WriteMode, size: int | None = None) -> Any:
        writer = super().open_write(path, mode, size)
        writer.abort = writer.close
        return writer


class LastByteLost(MemoryFileSystem):
    def open_read(self, path: str, offset: int = 0) -> io.BytesIO:
        data = super().open_read(path, offset).getvalue()
        return io.BytesIO(data[:-1] if len(data) > 64 * 1024 else data)


class OffsetIgnored(MemoryFileSystem):
    def open_read(self, path: str, offset: int = 0) -> io.BytesIO:
        return super().open_read(path)


class RmdirTakesFullDirectories(MemoryFileSystem):
    def rmdir(self, path: str) -> None:
        for one in [p for p in memory._nodes if p == path or p.startswith(f"{path}/")]:
            del memory._nodes[one]


class TimesInSeconds(MemoryFileSystem):
    def lstat(self, path: str) -> FileInfo:
        info = super().lstat(path)
        return info._replace(mtime=info.mtime // 1000)


class SizeAlwaysZero(MemoryFileSystem):
    def lstat(self, path: str) -> FileInfo:
        return super().lstat(path)._replace(size=0)


class NamesNormalised(MemoryFileSystem):
    def scandir(self, path: str) -> Iterator[FileInfo]:
        for info in super().scandir(path):
            yield info._replace(name=unicodedata.normalize("NFC", info.name))


class CreateOverwrites(MemoryFileSystem):
    def open_write(self, path: str, mode: WriteMode, size: int | None = None) -> Any:
        writer = super().open_write(path, mode, size)
        time.sleep(0.05)  # so that all threads have seen that the target is free
        writer._mode = WriteMode.TRUNCATE if mode is WriteMode.CREATE else mode
        return writer


class LinksPromised(MemoryFileSystem):
    description = dataclasses.replace(
        MemoryFileSystem.description, can_create_symboliclinks=True, can_read_symboliclinks=True
    )


class PermissionsPromised(MemoryFileSystem):
    description = dataclasses.replace(
        MemoryFileSystem.description,
        supports_setting_posix_permissions=True,
        supports_reading_posix_permissions=True,
    )


class PermissionsUndeclared(MemoryFileSystem):
    def lstat(self, path: str) -> FileInfo:
        return super().lstat(path)._replace(mode=0o644)


class WrongErrors(MemoryFileSystem):
    def unlink(self, path: str) -> None:
        raise OSError(5, "a foreign error")


class ArgumentsThroughAShell(NiceScheduler):
    def command(self, spec: ProcessSpec) -> tuple[str, ...]:
        return ("sh", "-c", " ".join(spec.argv))


class EnvironmentDropped(NiceScheduler):
    def start(self, spec: ProcessSpec) -> Process:
        return super().start(dataclasses.replace(spec, environment={}))


class DirectoryIgnored(NiceScheduler):
    def start(self, spec: ProcessSpec) -> Process:
        return super().start(dataclasses.replace(spec, working_directory=os.getcwd()))


class ErrorStreamLost(NiceScheduler):
    def start(self, spec: ProcessSpec) -> Process:
        return super().start(dataclasses.replace(spec, stderr=None))


class ExitCodeMasked(NiceScheduler):
    def command(self, spec: ProcessSpec) -> tuple[str, ...]:
        return ("sh", "-c", '"$@"; [ $? -lt 128 ]', "sh", *spec.argv)


class SignalsIgnored(NiceScheduler):
    def start(self, spec: ProcessSpec) -> Process:
        process = super().start(spec)
        process.signal = lambda number: None  # type: ignore[method-assign]
        return process


FILE_SYSTEMS: dict[type[MemoryFileSystem], str] = {
    AppendIgnored: "test_append_works_as_declared",
    ListDropsAnEntry: "test_list_gives_files_and_directories",
    ListRepeatsAnEntry: "test_list_recursive_gives_everything_once",
    RenameOverwrites: "test_one_of_many_renames_to_a_name",
    RenameLosesWhatIsBelow: "test_rename_a_directory_with_all_below",
    PartialFileLeft: "test_write_whose_data_break",
    LastByteLost: "test_write_and_read_back",
    OffsetIgnored: "test_seek_and_tell",
    RmdirTakesFullDirectories: "test_delete_a_full_directory",
    TimesInSeconds: "test_modification_time_is_now_in_ms",
    SizeAlwaysZero: "test_attributes_of_a_file",
    NamesNormalised: "test_unicode_is_not_normalised",
    CreateOverwrites: "test_one_of_many_writes_a_file",
    LinksPromised: "test_creating_links_works_as_declared",
    PermissionsPromised: "test_setting_permissions_works_as_declared",
    PermissionsUndeclared: "test_reading_permissions_works_as_declared",
    WrongErrors: "test_delete_a_file",
}
SCHEDULERS: dict[type[NiceScheduler], str] = {
    ArgumentsThroughAShell: "test_arguments",
    EnvironmentDropped: "test_environment",
    DirectoryIgnored: "test_working_directory_absolute",
    ErrorStreamLost: "test_stdout_and_stderr",
    ExitCodeMasked: "test_exit_codes",
    SignalsIgnored: "test_signal_as_declared",
}


def _name(mutant: type[MemoryFileSystem] | type[NiceScheduler]) -> None:
    mutant.description = dataclasses.replace(mutant.description, name=mutant.__name__)


for _mutant in (*FILE_SYSTEMS, *SCHEDULERS):
    _name(_mutant)
