"""The list of all rows; each module of rows adds its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from support.drmaa.sites import Site

Action = Callable[[Site], None]
_face = threading.Lock()


@dataclass(frozen=True)
class Row:
    """One behaviour.

    Attributes:
        name: number in the table, and what it is about.
        act: shows it, on a site.
    """

    name: str
    act: Action


ROWS: dict[str, Row] = {}


def row(name: str, *, of_process: bool = False) -> Callable[[Action], Action]:
    """Add a function to the rows.

    Args:
        name: of the row.
        of_process: it uses the session of the process, of which there is one.
    """

    def add(act: Action) -> Action:
        def alone(site: Site) -> None:
            with _face:
                act(site)

        ROWS[name] = Row(name, alone if of_process else act)
        return act

    return add
