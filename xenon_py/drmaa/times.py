"""Partial timestamps and limits of time, as DRMAA writes them. Pure functions."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator

_PARTIAL = re.compile(
    r"""\s*
    (?:(?:(?:(?P<year>\d\d(?:\d\d)?)[/-])?(?P<month>\d\d?)[/-])?(?P<day>\d\d?)(?:\s+|T))?
    (?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d))?
    \s*(?:(?P<utc>Z)|(?P<sign>[+-])(?P<oh>\d\d):(?P<om>\d\d))?\s*""",
    re.VERBOSE | re.ASCII,
)
_LIMIT = re.compile(r"(?:(?P<h>\d+):(?=\d+:\d+$))?(?:(?P<m>\d+):)?(?P<s>\d+)", re.ASCII)


def parse_partial_time(text: str, now: datetime.datetime) -> datetime.datetime:
    """Return the instant that ``[[[[CC]YY/]MM/]DD] hh:mm[:ss] [{+|-}UU:uu]`` stands for.

    Missing parts are those of ``now``, moved on to the next instant that fits: an hour that has
    passed is tomorrow's, a day that has passed is next month's. A year is taken as it is, ``YY``
    in the present century. Without a zone it is that of ``now``. ``-`` between the parts of the
    date, ``T`` before the time and ``Z`` are understood as well.

    Args:
        text: the partial timestamp.
        now: the present time, with its zone.

    Raises:
        ValueError: it is of another form, or there is no such time.
    """
    match = _PARTIAL.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not of the form [[[[CC]YY/]MM/]DD] hh:mm[:ss] [+-UU:uu]")
    zone = _zone(match) or now.tzinfo
    here = now.astimezone(zone)
    clock = datetime.time(
        int(match["hour"]), int(match["minute"]), int(match["second"] or 0), tzinfo=zone
    )
    fixed = match["year"] is not None
    for date in _dates(match, here.date()):
        found = datetime.datetime.combine(date, clock)
        if fixed or found >= here.replace(microsecond=0):
            return found
    raise ValueError(f"{text!r} is no time that exists")


def _zone(match: re.Match[str]) -> datetime.timezone | None:
    if match["utc"]:
        return datetime.timezone.utc
    if not match["sign"]:
        return None
    offset = datetime.timedelta(hours=int(match["oh"]), minutes=int(match["om"]))
    return datetime.timezone(-offset if match["sign"] == "-" else offset)


def _dates(match: re.Match[str], today: datetime.date) -> Iterator[datetime.date]:
    """Yield the dates that fit, from the period of ``today`` on; those that do not exist not."""
    year, month, day = (int(match[name]) if match[name] else None for name in _DATE)
    if day is None:
        yield today
        yield today + datetime.timedelta(days=1)
    elif month is None:
        for ahead in range(3):  # no day misses in two months that follow each other
            years, months = divmod(today.month - 1 + ahead, 12)
            yield from _date(today.year + years, months + 1, day)
    elif year is None:
        for ahead in range(9):  # 29 February: at most eight years ahead
            yield from _date(today.year + ahead, month, day)
    else:
        century = 0 if len(match["year"]) == 4 else today.year // 100 * 100
        yield from _date(century + year, month, day)


_DATE = ("year", "month", "day")


def _date(year: int, month: int, day: int) -> Iterator[datetime.date]:
    try:
        yield datetime.date(year, month, day)
    except ValueError:
        return


def format_partial_time(when: datetime.datetime) -> str:
    """Return a time with zone as a complete timestamp, to the second."""
    offset = when.strftime("%z")
    return f"{when:%Y/%m/%d %H:%M:%S} {offset[:3]}:{offset[3:5]}"


def seconds_of_limit(text: str) -> int:
    """Return the seconds that ``seconds``, ``MM:SS`` or ``H:MM:SS`` stand for.

    Raises:
        ValueError: it is of another form.
    """
    match = _LIMIT.fullmatch(text.strip())
    if not match:
        raise ValueError(f"{text!r} is not a number of seconds, MM:SS or H:MM:SS")
    hours, minutes, seconds = (int(match[name] or 0) for name in "hms")
    return hours * 3600 + minutes * 60 + seconds
