"""Looking at what is there."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator
from typing import Any

from fsspec.core import has_magic

from xenon_py.exceptions import (
    InvalidPathException,
    NoSuchPathException,
    PermissionDeniedException,
)
from xenon_py.integrations.fsspec.base import Connected
from xenon_py.integrations.fsspec.records import record, records, seconds_to_time
from xenon_py.model.attributes import PathAttributes
from xenon_py.model.path import join, normalise, parent
from xenon_py.plugin.filesystem import FileKind

_MAX_LINKS = 40


class Looking(Connected):
    """The calls of fsspec that change nothing and read no content."""

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

    def ls(self, path: str, detail: bool = True, **kwargs: Any) -> list[Any]:
        """Return the entries of a directory, or a file itself.

        Links to files are told as files. Links to directories are told as links, so that nothing
        that walks a tree leaves it or goes in circles.
        """
        found = self._listing(self._strip_protocol(path))
        return found if detail else sorted(one["name"] for one in found)

    def _listing(self, path: str, *, recursive: bool = False) -> list[dict[str, Any]]:
        """Return the entries of a directory, perhaps with all below, or what is no directory."""
        try:
            return self._listed(path, path, recursive)
        except InvalidPathException:
            told = self.info(path)
            inside = told["type"] == "directory"  # a link to one
            return self._listed(told["destination"], path, recursive) if inside else [told]

    def _listed(self, directory: str, shown: str, recursive: bool) -> list[dict[str, Any]]:
        cut, top = len(directory.rstrip("/")), shown.rstrip("/")
        found: list[dict[str, Any]] = []
        for one, entries in self.files._scan(directory, recursive=recursive):  # noqa: SLF001
            told = records(top + one.rstrip("/")[cut:], entries)
            for at, entry in enumerate(entries):
                if entry.kind is FileKind.LINK:
                    told[at] = self._link_entry(join(one, entry.name), told[at])
            found += told
        return found

    def _link_entry(self, path: str, told: dict[str, Any]) -> dict[str, Any]:
        """Return what a listing tells of a link: a file, if it leads to one, else a link."""
        target, found = self._followed(path)
        if found is None or found.is_directory:
            return {**told, "destination": target}
        return {**record(told["name"], found), "islink": True, "destination": target}

    def walk(
        self,
        path: str,
        maxdepth: int | None = None,
        topdown: bool = True,
        on_error: Any = "omit",
        **kwargs: Any,
    ) -> Iterator[Any]:
        """Yield directories as ``os.walk`` does; see fsspec.

        What ``on_error="omit"`` passes over is what is missing, or may not be seen; when the server
        cannot be asked, that is raised.
        """
        told = _pass_over if on_error == "omit" else on_error
        yield from super().walk(path, maxdepth, topdown, told, **kwargs)

    def find(
        self,
        path: str,
        maxdepth: int | None = None,
        withdirs: bool = False,
        detail: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Return all files below a directory, and the directories too if ``withdirs``."""
        path = self._strip_protocol(path)
        try:
            if maxdepth not in {None, 1}:
                return super().find(path, maxdepth, withdirs, detail, **kwargs)
            entries = self._listing(path, recursive=maxdepth is None)
        except PermissionDeniedException:  # somewhere below: the rest can be told
            return super().find(path, maxdepth, withdirs, detail, **kwargs)
        except NoSuchPathException:
            return {} if detail else []
        found = {one["name"]: one for one in entries if withdirs or one["type"] != "directory"}
        if withdirs and path not in found:
            found[path] = self.info(path)
        return {name: found[name] for name in sorted(found)} if detail else sorted(found)

    def expand_path(
        self,
        path: Any,
        recursive: bool = False,
        maxdepth: int | None = None,
        assume_literal: bool = False,
        **kwargs: Any,
    ) -> list[str]:
        """Return all paths that patterns match, and with ``recursive`` all below them, sorted.

        Raises:
            FileNotFoundError: there is none.
        """
        return sorted(self.expanded(path, recursive, maxdepth, assume_literal))

    def expanded(
        self, path: Any, recursive: bool, maxdepth: int | None, assume_literal: bool = False
    ) -> dict[str, dict[str, Any]]:
        """Return the same paths with what was learnt of each on the way; ``{}`` = nothing."""
        if maxdepth is not None and maxdepth < 1:
            raise ValueError("maxdepth must be at least 1")
        found: dict[str, dict[str, Any]] = {}
        for one in [path] if isinstance(path, (str, os.PathLike)) else path:
            stripped = self._strip_protocol(one)
            if not assume_literal and has_magic(stripped):
                matched = self.glob(stripped, maxdepth=maxdepth, detail=True)
                found |= matched
                if recursive and maxdepth != 1:
                    found |= self._below(matched, maxdepth and maxdepth - 1)
            elif recursive:
                found |= self.find(stripped, maxdepth=maxdepth, withdirs=True, detail=True)
                if stripped not in found and self.exists(stripped):
                    found[stripped] = {}
            else:
                found.setdefault(stripped, {})
        if not found:
            raise NoSuchPathException.because(f"there is nothing: {path!r}", path=str(path))
        return found

    def _below(
        self, matched: dict[str, dict[str, Any]], maxdepth: int | None
    ) -> dict[str, dict[str, Any]]:
        """Return what is below the directories among paths; each is looked into once."""
        found: dict[str, dict[str, Any]] = {}
        for path in sorted(matched):
            if matched[path]["type"] == "directory" and (maxdepth or path not in found):
                found |= self.find(path, maxdepth=maxdepth, withdirs=True, detail=True)
        return found

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


def _pass_over(error: OSError) -> None:
    """Pass over a directory that is gone, or that may not be read.

    Raises:
        OSError: it is another error.
    """
    if not isinstance(
        error, (NoSuchPathException, PermissionDeniedException, InvalidPathException)
    ):
        raise error
