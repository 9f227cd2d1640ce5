"""Identifiers: ``7.server``; ``7[].server`` for an array, ``7[3].server`` for a task of it.

People leave the server out; numbers start at 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

JOB_ID = re.compile(r"[0-9]+(?:\[[0-9]*\])?(?:\.[A-Za-z0-9_.-]+)?")
_PARTS = re.compile(r"([0-9]+)(\[[0-9]*\])?(?:\.(.+))?")

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class JobId:
    """The parts of an identifier.

    Attributes:
        number: counts the jobs of a server.
        brackets: ``""`` for a job, ``[]`` for an array, ``[3]`` for a task.
        server: ``""`` = not told.
    """

    number: str
    brackets: str
    server: str

    def __str__(self) -> str:
        server = f".{self.server}" if self.server else ""
        return f"{self.number}{self.brackets}{server}"

    @property
    def index(self) -> str:
        """The index of a task; ``""`` for anything else."""
        return self.brackets.strip("[]")

    @property
    def parent(self) -> JobId:
        """The array of a task; a job is its own parent."""
        return replace(self, brackets="[]") if self.brackets else self

    @property
    def key(self) -> str:
        """What tells it from other jobs of its server."""
        return self.number + self.brackets


def parse_id(text: str) -> JobId:
    """Return the parts of an identifier.

    Raises:
        ValueError: it is none.
    """
    found = _PARTS.fullmatch(text)
    if not found or not JOB_ID.fullmatch(text):
        raise ValueError(f"{text!r} is no identifier of a job")
    return JobId(found.group(1), found.group(2) or "", found.group(3) or "")


def full_id(text: str, server: str) -> JobId:
    """Return an identifier with its server, which is ``server`` where it tells none."""
    parts = parse_id(text)
    return parts if parts.server else replace(parts, server=server)


def same_server(one: str, other: str) -> bool:
    """Tell whether two names may be of one server: with or without domain, or not told."""
    return (
        not one
        or not other
        or f"{one}.".startswith(f"{other}.")
        or f"{other}.".startswith(f"{one}.")
    )


def pick(rows: Mapping[str, _Value], wanted: Iterable[str], server: str) -> dict[str, _Value]:
    """Return what an answer says of the jobs that were asked for, under the names asked by.

    Args:
        rows: what was told, by identifier.
        wanted: identifiers, with or without server.
        server: the usual one.
    """
    by_key: dict[str, list[str]] = {}
    for name in rows:
        by_key.setdefault(parse_id(name).key, []).append(name)
    found = {}
    for asked in wanted:
        ident = full_id(asked, server)
        names = by_key.get(ident.key, [])
        same = [n for n in names if same_server(parse_id(n).server, ident.server)]
        if same:
            found[asked] = rows[str(ident) if str(ident) in same else same[0]]
    return found


def named_in(line: str) -> list[str]:
    """Return the key of the job that a line of ``qdel`` ends with."""
    word = line.rsplit(maxsplit=1)[-1]
    return [parse_id(word).key] if JOB_ID.fullmatch(word) else []
