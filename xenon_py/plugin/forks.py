"""What a forked child must not share with its parent: connections, locks, threads."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class Renewable(Protocol):
    """Something with connections."""

    def renew(self) -> None:
        """Begin anew in a forked child: what is the parent's is left alone, and not waited for."""


_all: weakref.WeakSet[Renewable] = weakref.WeakSet()


def renew_in_children(one: Renewable) -> None:
    """Have ``one.renew()`` called in each forked child, as long as ``one`` is in use."""
    _all.add(one)


def _after_fork() -> None:
    for one in list(_all):
        one.renew()


os.register_at_fork(after_in_child=_after_fork)
