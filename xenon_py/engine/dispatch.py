"""Makes a full scheduler of whichever contract an adaptor implements."""

from __future__ import annotations

from xenon_py.engine.process.scheduler import ProcessScheduler
from xenon_py.plugin.batch import BatchAdaptor
from xenon_py.plugin.process import ProcessAdaptor
from xenon_py.plugin.scheduler import SchedulerAdaptor
from xenon_py.plugin.target import Target


def connect(
    kind: type[SchedulerAdaptor] | type[ProcessAdaptor] | type[BatchAdaptor], target: Target
) -> SchedulerAdaptor:
    """Connect to a scheduler.

    Args:
        kind: the adaptor's class, as the registry found it.
        target: where to, as whom; its properties are all that the adaptor declares.
    """
    if issubclass(kind, ProcessAdaptor):
        return ProcessScheduler(kind(target), multi=_multi(kind, target))
    if issubclass(kind, BatchAdaptor):
        return _batch(kind, target)
    return kind(target)


def _batch(kind: type[BatchAdaptor], target: Target) -> SchedulerAdaptor:
    """Return the scheduler of a submit host, which is asked at once what it has."""
    from xenon_py.engine.batch.scheduler import BatchScheduler
    from xenon_py.plugin.runners import file_system_of, open_runner

    runner = open_runner(target.location, target.credential, target.properties)
    try:
        directory = target.location.path or runner.home()
        files = file_system_of(target, directory)
        return BatchScheduler(kind(target.properties), runner, directory, files)
    except BaseException:
        runner.close()
        raise


def _multi(kind: type[ProcessAdaptor], target: Target) -> int:
    """Return how many jobs of the queue ``multi`` run at once."""
    try:
        return target.properties.integer(f"{kind.description.name}.queue.multi.maxConcurrentJobs")
    except KeyError:  # an adaptor of a third party need not declare it
        return 4
