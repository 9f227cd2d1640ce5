"""The threads of one file system."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from xenon_py.exceptions import NotConnectedException


class Threads(ThreadPoolExecutor):
    """An executor whose refusal, once it was shut down, is an exception of this library."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have a function called.

        Raises:
            NotConnectedException: the file system was closed.
        """
        try:
            return super().submit(fn, *args, **kwargs)
        except RuntimeError as error:
            raise NotConnectedException.because("the file system was closed") from error
