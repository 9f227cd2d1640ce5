"""Time-outs: milliseconds or timedelta, 0 and None for ever."""

from __future__ import annotations

import datetime
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenon_py import exceptions as exc
from xenon_py.model.timeouts import seconds_of


@pytest.mark.parametrize(
    ("timeout", "seconds"),
    [
        (None, None),
        (0, None),
        (datetime.timedelta(0), None),
        (1, 0.001),
        (1500, 1.5),
        (datetime.timedelta(minutes=2), 120.0),
    ],
)
def test_units(timeout: object, seconds: float | None) -> None:
    assert seconds_of(timeout) == seconds


@given(st.integers(min_value=1) | st.timedeltas(min_value=datetime.timedelta(microseconds=1)))
def test_no_time_is_too_long_to_wait(timeout: object) -> None:
    seconds = seconds_of(timeout)
    assert seconds is not None
    assert 0 < seconds < threading.TIMEOUT_MAX


@pytest.mark.parametrize("timeout", [10**400, 2**64, datetime.timedelta.max])
def test_very_long(timeout: object) -> None:
    assert seconds_of(timeout) == 1e9


@pytest.mark.parametrize(
    "timeout", [-1, -(10**400), datetime.timedelta(seconds=-1), 1.5, "1", True, [], float("nan")]
)
def test_refused(timeout: object) -> None:
    with pytest.raises(exc.IllegalArgumentException, match="patience"):
        seconds_of(timeout, "patience")
