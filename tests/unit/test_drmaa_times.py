"""Partial timestamps and limits of time."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenon_py.drmaa.times import format_partial_time, parse_partial_time, seconds_of_limit

ZONE = datetime.timezone(datetime.timedelta(hours=2))
NOW = datetime.datetime(2026, 1, 31, 12, 30, 15, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12:31", "2026-01-31T12:31:00+02:00"),
        ("12:30", "2026-02-01T12:30:00+02:00"),
        ("12:30:15", "2026-01-31T12:30:15+02:00"),
        ("31 09:00", "2026-03-31T09:00:00+02:00"),
        ("30 09:00", "2026-03-30T09:00:00+02:00"),
        ("01/30 09:00", "2027-01-30T09:00:00+02:00"),
        ("02/29 09:00", "2028-02-29T09:00:00+02:00"),
        ("25/01/30 09:00", "2025-01-30T09:00:00+02:00"),
        ("2030/01/30 09:00:59 +00:00", "2030-01-30T09:00:59+00:00"),
        ("2030-01-30T09:00Z", "2030-01-30T09:00:00+00:00"),
        ("10:31 -00:30", "2026-01-31T10:31:00-00:30"),
    ],
)
def test_partial_times(text: str, expected: str) -> None:
    assert parse_partial_time(text, NOW) == datetime.datetime.fromisoformat(expected)


@pytest.mark.parametrize("text", ["", "noon", "25:00", "12", "13/01 1:00", "2026/02/30 01:00"])
def test_wrong_times(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_partial_time(text, NOW)


_MOMENTS = st.datetimes(
    datetime.datetime(1970, 1, 1),
    datetime.datetime(2199, 1, 1),
    timezones=st.integers(-840, 840).map(
        lambda minutes: datetime.timezone(datetime.timedelta(minutes=minutes))
    ),
)


@given(_MOMENTS, _MOMENTS)
def test_whole_timestamps_come_back(when: datetime.datetime, now: datetime.datetime) -> None:
    when = when.replace(microsecond=0)
    assert parse_partial_time(format_partial_time(when), now) == when


@given(_MOMENTS, st.times())
def test_a_time_of_day_is_within_a_day(now: datetime.datetime, clock: datetime.time) -> None:
    found = parse_partial_time(f"{clock:%H:%M:%S}", now)
    ahead = found - now.replace(microsecond=0)
    assert datetime.timedelta(0) <= ahead < datetime.timedelta(days=1)
    assert (found.hour, found.minute, found.second) == (clock.hour, clock.minute, clock.second)


@given(st.integers(0, 999), st.integers(0, 59), st.integers(0, 59))
def test_limits(hours: int, minutes: int, seconds: int) -> None:
    text = f"{hours}:{minutes:02}:{seconds:02}"
    assert seconds_of_limit(text) == hours * 3600 + minutes * 60 + seconds
