"""The times that ``JobDescription.start_time`` takes."""

from __future__ import annotations

import datetime
import re

_FORM = re.compile(r"(\d{2}):(\d{2})(?: (\d{2})\.(\d{2})(?:\.(\d{4}))?)?", re.ASCII)


def parse_start_time(text: str, now: datetime.datetime) -> datetime.datetime | None:
    """Return when a job may start, in the time zone of ``now``; ``None`` = at once.

    Args:
        text: ``""``, ``now``, ``HH:mm``, ``HH:mm dd.MM`` or ``HH:mm dd.MM.yyyy``. Without a date
            it is the next time that the clock shows this; without a year the next such date.
        now: the present time.

    Raises:
        ValueError: the text is of none of these forms, or no such time exists.
    """
    if text in {"", "now"}:
        return None
    match = _FORM.fullmatch(text)
    if not match:
        raise ValueError("it must be now, HH:mm, HH:mm dd.MM or HH:mm dd.MM.yyyy")
    hour, minute, day, month, year = (int(part) if part else None for part in match.groups())
    clock = datetime.time(hour or 0, minute or 0, tzinfo=now.tzinfo)
    this_minute = now.replace(second=0, microsecond=0)
    if day is None or month is None:
        today = datetime.datetime.combine(now.date(), clock)
        return today if today >= this_minute else today + datetime.timedelta(days=1)
    if year is not None:
        return datetime.datetime.combine(datetime.date(year, month, day), clock)
    return _next_such_date(this_minute, clock, month, day)


def _next_such_date(
    now: datetime.datetime, clock: datetime.time, month: int, day: int
) -> datetime.datetime:
    for year in range(now.year, now.year + 9):  # 29 February: at most eight years ahead
        try:
            found = datetime.datetime.combine(datetime.date(year, month, day), clock)
        except ValueError:
            continue
        if found >= now:
            return found
    raise ValueError(f"there is no day {day:02}.{month:02}")
