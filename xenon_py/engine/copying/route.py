"""The two ends of a copy, with what follows from their descriptions."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from xenon_py.plugin.filesystem import FileInfo, FileSystemAdaptor

DEFAULT_PARALLEL = 16
"""Most threads of one copy, unless the caller asks for more."""


class Item(NamedTuple):
    """One file or link to copy.

    Attributes:
        source, target: absolute paths.
        info: of the source, as its directory or ``lstat`` told.
        existing: what is at the target, or ``None``.
        exclusive: whether something that appears at the target meanwhile is an error; else it is
            replaced.
    """

    source: str
    target: str
    info: FileInfo
    existing: FileInfo | None = None
    exclusive: bool = True


@dataclass(frozen=True)
class Route:
    """The two ends of a copy.

    Attributes:
        source, destination: the adaptors, or anchored views of them.
        same: both see the same files under the same paths.
    """

    source: FileSystemAdaptor
    destination: FileSystemAdaptor
    same: bool

    @classmethod
    def between(cls, source: FileSystemAdaptor, destination: FileSystemAdaptor) -> Route:
        """Return the route between two adaptors."""
        return cls(source, destination, source.identity() == destination.identity())

    @property
    def on_server(self) -> bool:
        """Whether the data need not travel through this process."""
        return self.same and self.destination.description.can_copy_on_server

    def threads(self, wanted: int | None) -> int:
        """Return how many files are copied at a time.

        A local end bears what the other end gains from: threads that wait for a network.
        """
        if wanted is not None:
            return wanted
        ends = (self.source, self.destination)
        remote = [end for end in ends if not end.is_local]
        most = min(end.max_parallel for end in remote or ends)
        return max(1, min(most, DEFAULT_PARALLEL))

    @contextlib.contextmanager
    def anchored(self, source_root: str, target_root: str) -> Iterator[Route]:
        """Open the route on which no directory below the roots is reached through a link."""
        if self.same:
            with self.destination.anchored(source_root, target_root) as view:
                yield Route(view, view, same=True)
        else:
            with (
                self.source.anchored(source_root) as here,
                self.destination.anchored(target_root) as there,
            ):
                yield Route(here, there, same=False)
