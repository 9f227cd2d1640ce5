"""What an adaptor of a batch system need not say."""

from __future__ import annotations

import pytest

from xenon_adaptors.schedulers.slurm import SlurmAdaptor
from xenon_py.model.properties import (
    SCHEDULER_PREFIX,
    Properties,
    PropertyDescription,
    PropertyType,
)

DELAY = PropertyDescription(
    f"{SCHEDULER_PREFIX}slurm.poll.delay", "Delay (ms).", "250", PropertyType.LONG
)


@pytest.mark.parametrize(("declared", "expected"), [((), 1.0), ((DELAY,), 0.25)])
def test_the_poll_delay_need_not_be_a_property(
    declared: tuple[PropertyDescription, ...], expected: float
) -> None:
    assert SlurmAdaptor(Properties(declared, {})).poll_delay() == expected
