"""Looking at what is there."""

from __future__ import annotations

import datetime
from typing import Any

from xenon_py.exceptions import InvalidPathException, NoSuchPathException
from xenon_py.integrations.fsspec.base import Connected
from xenon_py.integrations.fsspec.records import record, seconds_to_time
from xenon_py.model.attributes import PathAttributes
from xenon_py.model.path import join, normalise, parent

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
