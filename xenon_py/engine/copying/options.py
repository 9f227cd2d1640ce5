"""How one copy is to be done, checked before anything is touched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from xenon_py.exceptions import IllegalArgumentException
from xenon_py.model.copying import CopyMode, ProgressCallback
from xenon_py.model.shown import shown

VERIFICATIONS = ("size", "checksum", "none")
MAX_PARALLEL = 64
_PRESERVABLE = {"mode": "mode", "mtime": "mtime", "times": "mtime"}


@dataclass(frozen=True)
class CopyOptions:
    """Options of a copy; wrong ones raise ``IllegalArgumentException`` that names the argument.

    Attributes:
        mode: what to do where the destination exists.
        recursive: whether a directory is copied with all that is in it.
        verify: what is compared after each file: ``"size"``, ``"checksum"`` (SHA-256) or
            ``"none"``.
        parallel: how many files at a time, 1 to 64; ``None`` = as many as suit both sides.
        preserve: any of ``"mode"`` (permission bits) and ``"mtime"`` (or ``"times"``).
        on_progress: called with a ``CopyStatus``, at most every 0.1 s, and once at the end.
    """

    mode: CopyMode = CopyMode.CREATE
    recursive: bool = False
    verify: str = "size"
    parallel: int | None = None
    preserve: frozenset[str] = frozenset()
    on_progress: ProgressCallback | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "mode", _checked_mode(self.mode))
        object.__setattr__(self, "preserve", _checked_preserve(self.preserve))
        if not isinstance(self.recursive, bool):
            raise _wrong("recursive", "a bool", self.recursive)
        if not isinstance(self.verify, str) or self.verify not in VERIFICATIONS:
            raise _wrong("verify", f"one of {', '.join(map(repr, VERIFICATIONS))}", self.verify)
        if self.parallel is not None and not _is_count(self.parallel):
            raise _wrong("parallel", f"an int from 1 to {MAX_PARALLEL}, or None", self.parallel)
        if self.on_progress is not None and not callable(self.on_progress):
            raise _wrong("on_progress", "callable, or None", self.on_progress)


def _wrong(argument: str, allowed: str, value: object) -> IllegalArgumentException:
    return IllegalArgumentException.because(f"{argument} must be {allowed}, not {shown(value)}")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_PARALLEL


def _checked_mode(value: object) -> CopyMode:
    if isinstance(value, int) and not isinstance(value, bool) and value in list(CopyMode):
        return CopyMode(value)
    raise _wrong("mode", "a CopyMode (CREATE, REPLACE or IGNORE)", value)


def _checked_preserve(value: object) -> frozenset[str]:
    allowed = "a collection of 'mode' and 'mtime'"
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise _wrong("preserve", allowed, value)
    names = list(value)
    if not all(isinstance(name, str) and name in _PRESERVABLE for name in names):
        raise _wrong("preserve", allowed, value)
    return frozenset(_PRESERVABLE[name] for name in names)
