"""Tells in every exception which call, adaptor and path it belongs to."""

from __future__ import annotations

from types import TracebackType

from xenon_py.exceptions import XenonException


class Telling:
    """Fills operation, adaptor and path into the exceptions that leave its ``with`` block.

    It can be used again, and its ``path`` can be set within the block.
    """

    __slots__ = ("_adaptor", "_operation", "path")

    def __init__(self, operation: str, adaptor: str, path: str = "") -> None:
        self._operation = operation
        self._adaptor = adaptor
        self.path: str = path

    def __enter__(self) -> Telling:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(error, XenonException):
            error.add_context(operation=self._operation, adaptor=self._adaptor, path=self.path)
