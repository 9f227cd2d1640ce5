"""Start times of jobs."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenon_py.model.start_time import parse_start_time

NOW = datetime.datetime(2026, 3, 10, 14, 30, 20, tzinfo=datetime.timezone.utc)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("14:31", "2026-03-10 14:31"),
        ("14:30", "2026-03-10 14:30"),
        ("14:29", "2026-03-11 14:29"),
        ("00:00 11.03", "2026-03-11 00:00"),
        ("00:00 09.03", "2027-03-09 00:00"),
        ("12:00 29.02", "2028-02-29 12:00"),
        ("23:59 31.12.2030", "2030-12-31 23:59"),
        ("08:00 01.01.2020", "2020-01-01 08:00"),
    ],
)
def test_times(text: str, expected: str) -> None:
    found = parse_start_time(text, NOW)
    assert found is not None
    assert found.strftime("%Y-%m-%d %H:%M") == expected
    assert found.tzinfo is NOW.tzinfo


@pytest.mark.parametrize("text", ["", "now"])
def test_at_once(text: str) -> None:
    assert parse_start_time(text, NOW) is None


@pytest.mark.parametrize(
    "text",
    ["24:00", "12:60", "1:00", "12:00 31.02", "12:00 00.01", "12:00 1.1", "tomorrow", "12:00 "],
)
def test_no_times(text: str) -> None:
    with pytest.raises(ValueError):
        parse_start_time(text, NOW)


@given(st.text(max_size=20))
def test_nothing_but_value_errors(text: str) -> None:
    try:
        parse_start_time(text, NOW)
    except ValueError:
        return
