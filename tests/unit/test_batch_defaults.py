"""What an adaptor of a batch system need not say, and what it tells people."""

from __future__ import annotations

import pytest

from xenon_adaptors.schedulers.slurm import SlurmAdaptor
from xenon_py.model.properties import (
    SCHEDULER_PREFIX,
    Properties,
    PropertyDescription,
    PropertyType,
)
from xenon_py.plugin.batch import Site

DELAY = PropertyDescription(
    f"{SCHEDULER_PREFIX}slurm.poll.delay", "Delay (ms).", "250", PropertyType.LONG
)


@pytest.mark.parametrize(("declared", "expected"), [((), 1.0), ((DELAY,), 0.25)])
def test_the_poll_delay_need_not_be_a_property(
    declared: tuple[PropertyDescription, ...], expected: float
) -> None:
    assert SlurmAdaptor(Properties(declared, {})).poll_delay() == expected


def test_commands_to_ask_by_hand_can_be_copied_from_a_terminal() -> None:
    site = Site(accounting=True, details={"cluster": ""})
    squeue, sacct = SlurmAdaptor(Properties((DELAY,), {})).by_hand("7", site)
    assert all(word.isprintable() for word in (*squeue, *sacct))
    assert (squeue[0], sacct[:4]) == ("squeue", ("sacct", "-X", "-n", "-P"))
    assert sacct[-2:] == ("-j", "7")


def test_a_property_that_is_not_declared_is_told_as_such() -> None:
    properties = Properties((DELAY,), {})
    for look in (properties.integer, properties.family):
        with pytest.raises(KeyError, match=r"the adaptor declares no property 'slurm\.pol"):
            look("slurm.pol")
