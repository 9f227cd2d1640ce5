"""A target in the making: under a temporary name where there are renames, then swapped in."""

from __future__ import annotations

import logging
from functools import partial

from xenon_py.engine.copying.route import Item, Route
from xenon_py.engine.deletion import delete_tree
from xenon_py.engine.names import temporary_path
from xenon_py.exceptions import NoSuchPathException, XenonException
from xenon_py.plugin.filesystem import FileKind, WriteMode
from xenon_py.plugin.replacing import rename_over, set_aside, settled_rename

_log = logging.getLogger(__name__)


class Making:
    """Where the content of one file or link goes before it is complete.

    Attributes:
        place: the path to write: a temporary one beside the target, or the target itself.
    """

    def __init__(self, route: Route, item: Item, *, temporary: bool) -> None:
        self._there = route.destination
        self._item = item
        self._temporary = temporary
        self._ours = temporary
        self.place = temporary_path(item.target) if temporary else item.target

    @classmethod
    def of_file(cls, route: Route, item: Item) -> Making:
        """Begin a file: under its own name only if it is not seen there, or cannot be renamed."""
        there = route.destination.description
        over_other = item.existing is not None and item.existing.kind is not FileKind.FILE
        return cls(
            route,
            item,
            temporary=there.supports_rename and (over_other or not there.writes_atomically),
        )

    @classmethod
    def of_link(cls, route: Route, item: Item) -> Making:
        """Begin a link: making one is a single step, so only replacing takes another name."""
        renames = route.destination.description.supports_rename
        return cls(route, item, temporary=renames and item.existing is not None)

    @property
    def write_mode(self) -> WriteMode:
        """How to open ``place``; a name of our own needs no check that costs a round trip."""
        if self._temporary:
            exclusive = self._there.description.creates_exclusively
        else:
            exclusive = self._item.exclusive
        return WriteMode.CREATE if exclusive else WriteMode.TRUNCATE

    def clear(self, *, keep_file: bool) -> None:
        """Make room where the target itself is written; ``keep_file``: a file is overwritten."""
        existing = self._item.existing
        if not self._temporary and existing is not None:
            if keep_file and existing.kind is FileKind.FILE:
                return
            self._remove_existing()

    def opened(self) -> None:
        """Note that there is an unfinished file of ours at ``place``."""
        self._ours = self._temporary or not self._there.description.writes_atomically

    def written(self) -> None:
        """Note that there is a finished file of ours at ``place``."""
        self._ours = True

    def publish(self) -> None:
        """Let the complete target appear under its name, in the stead of what is there.

        Raises:
            PathAlreadyExistsException: something appeared there that may not be replaced.
        """
        if not self._temporary:
            return
        there, target = self._there, self._item.target
        existing = self._item.existing
        if existing is not None and existing.kind is FileKind.DIRECTORY:
            with set_aside(there, target, partial(delete_tree, there)):
                settled_rename(there, self.place, target)
        elif self._item.exclusive:
            settled_rename(there, self.place, target)
        else:
            rename_over(there, self.place, target)

    def discard(self) -> None:
        """Remove what there is of ours at ``place``; tell in the log if that is not possible."""
        if not self._ours:
            return
        try:
            self._there.unlink(self.place)
        except NoSuchPathException:
            _log.debug("nothing was left of %r", self.place)
        except XenonException as error:
            _log.warning("could not remove the unfinished file %r: %s", self.place, error)

    def _remove_existing(self) -> None:
        existing, target = self._item.existing, self._item.target
        try:
            if existing is not None and existing.kind is FileKind.DIRECTORY:
                delete_tree(self._there, target)
            else:
                self._there.unlink(target)
        except NoSuchPathException:
            _log.debug("%r vanished before it was replaced", target)
