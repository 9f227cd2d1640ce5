"""The one table from what fsspec implementations raise to the exceptions of this library."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from xenon_py.exceptions import (
    InvalidPathException,
    NoSuchPathException,
    PathAlreadyExistsException,
    PermissionDeniedException,
    UnsupportedOperationException,
    XenonException,
    XenonTimeoutException,
)
from xenon_py.plugin.os_errors import from_os_error

# By class, as many implementations raise without an error number.
_CLASSES: tuple[tuple[type[BaseException], type[XenonException]], ...] = (
    (NotImplementedError, UnsupportedOperationException),
    (FileNotFoundError, NoSuchPathException),
    (FileExistsError, PathAlreadyExistsException),
    (PermissionError, PermissionDeniedException),
    (IsADirectoryError, InvalidPathException),
    (NotADirectoryError, InvalidPathException),
    (TimeoutError, XenonTimeoutException),
    (asyncio.TimeoutError, XenonTimeoutException),  # another class than TimeoutError before 3.11
)


class Failures:
    """Translates exceptions, without the secrets that the implementation was given."""

    def __init__(self, secrets: tuple[str, ...] = ()) -> None:
        self._secrets = tuple(one for one in secrets if one)

    @contextmanager
    def told(self, path: str = "") -> Iterator[None]:
        """Raise whatever the block raises as an exception of this library."""
        try:
            yield
        except XenonException:
            raise
        except Exception as error:  # noqa: BLE001  # re-raised; implementations raise whatever their libraries do
            cause = None if self._leaks(error) else error
            raise self._explained(error, path) from cause

    def _explained(self, error: Exception, path: str) -> XenonException:
        for kind, cls in _CLASSES:
            if isinstance(error, kind):
                return cls.because(self._message(error, path), path=path)
        if isinstance(error, OSError) and error.errno:
            return from_os_error(error, path)
        return XenonException.because(self._message(error, path), path=path)

    def _message(self, error: Exception, path: str) -> str:
        text = str(error)
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return f"{type(error).__name__}: {text or path}"

    def _leaks(self, error: BaseException | None) -> bool:
        """Tell whether an exception, or one behind it, shows a secret."""
        while error is not None:
            shown = f"{error!r} {vars(error)!r}"
            if any(secret in shown for secret in self._secrets):
                return True
            error = error.__cause__ or error.__context__
        return False
