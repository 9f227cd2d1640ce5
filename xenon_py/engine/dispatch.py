"""Makes a full scheduler of whichever contract an adaptor implements."""

from __future__ import annotations

from xenon_py.engine.process.scheduler import ProcessScheduler
from xenon_py.plugin.process import ProcessAdaptor
from xenon_py.plugin.scheduler import SchedulerAdaptor
from xenon_py.plugin.target import Target


def connect(
    kind: type[SchedulerAdaptor] | type[ProcessAdaptor], target: Target
) -> SchedulerAdaptor:
    """Connect to a scheduler.

    Args:
        kind: the adaptor's class, as the registry found it.
        target: where to, as whom; its properties are all that the adaptor declares.
    """
    if issubclass(kind, ProcessAdaptor):
        return ProcessScheduler(kind(target), multi=_multi(kind, target))
    return kind(target)


def _multi(kind: type[ProcessAdaptor], target: Target) -> int:
    """Return how many jobs of the queue ``multi`` run at once."""
    try:
        return target.properties.integer(f"{kind.description.name}.queue.multi.maxConcurrentJobs")
    except KeyError:  # an adaptor of a third party need not declare it
        return 4
