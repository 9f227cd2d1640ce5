"""Time-outs as users give them."""

from __future__ import annotations

import datetime

from xenon_py.exceptions import IllegalArgumentException
from xenon_py.model.shown import shown

_LONGEST = 1e9  # 31 years; more overflows the waiting functions of the operating system

Timeout = int | datetime.timedelta | None


def seconds_of(timeout: object, argument: str = "timeout") -> float | None:
    """Return a time-out in seconds, ``None`` for ever.

    Args:
        timeout: whole milliseconds or a ``timedelta``; 0 or ``None`` = for ever.
        argument: its name, for the message.

    Raises:
        IllegalArgumentException: negative, or of another type.
    """
    if isinstance(timeout, datetime.timedelta):
        seconds = timeout.total_seconds()
    elif timeout is None:
        return None
    elif isinstance(timeout, int) and not isinstance(timeout, bool):
        seconds = min(timeout, int(_LONGEST * 1000)) / 1000 if timeout >= 0 else -1.0
    else:
        raise IllegalArgumentException.because(
            f"{argument} must be whole milliseconds or a timedelta, not {shown(timeout)}"
        )
    if seconds < 0:
        raise IllegalArgumentException.because(f"{argument} must not be negative: {shown(timeout)}")
    return min(seconds, _LONGEST) or None
