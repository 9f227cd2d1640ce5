"""The tests of scheduler adaptors, by topic; ``SchedulerConformance`` is all of them."""

from __future__ import annotations

from xenon_py.testing.schedulers.closing import (
    SchedulerClosingTests,
    SchedulerCreationTests,
    SchedulerThreadTests,
)
from xenon_py.testing.schedulers.control import (
    ArrayTests,
    DependencyTests,
    HoldTests,
    InteractiveTests,
    SignalTests,
)
from xenon_py.testing.schedulers.queues import QueueTests, SchedulerDescriptionTests
from xenon_py.testing.schedulers.running import CancelTests, StatusTests, SubmitTests, WaitTests
from xenon_py.testing.schedulers.work import (
    DirectoryOfJobTests,
    EnvironmentTests,
    OptionalFieldTests,
    SchedulerMinutesConformance,
    StdioTests,
)

__all__ = ["SchedulerConformance", "SchedulerMinutesConformance"]


class SchedulerConformance(
    SchedulerDescriptionTests,
    QueueTests,
    SubmitTests,
    StatusTests,
    WaitTests,
    CancelTests,
    DirectoryOfJobTests,
    StdioTests,
    EnvironmentTests,
    OptionalFieldTests,
    ArrayTests,
    HoldTests,
    SignalTests,
    DependencyTests,
    InteractiveTests,
    SchedulerThreadTests,
    SchedulerClosingTests,
    SchedulerCreationTests,
):
    """Everything that a scheduler adaptor has to do. Subclass it and define ``create``."""
