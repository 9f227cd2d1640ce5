"""The schedulers of the sessions of this process.

Sessions on one scheduler share its object. It is closed with the last of them, except where that
would end the jobs (``local``, ``ssh``): a job does not end with its session. Such jobs live as long
as the program, and the program waits for them at its end.
"""

from __future__ import annotations

import atexit
import os
import threading

from xenon_py.drmaa.contact import Contact
from xenon_py.drmaa.errors import as_drmaa, drmaa_error
from xenon_py.exceptions import NotConnectedException, XenonException
from xenon_py.scheduler import Scheduler

_lock = threading.Lock()
_Key = tuple[str, str, tuple[tuple[str, str], ...]]
_schedulers: dict[_Key, tuple[Scheduler, int]] = {}


def borrow(contact: Contact) -> Scheduler:
    """Return the scheduler that a contact names; ``give_back`` it.

    Raises:
        InvalidContactStringException: there is no such adaptor, location or property.
        DrmCommunicationException: it cannot be reached.
    """
    with _lock:
        scheduler, users = _schedulers.get(contact.scheduler) or (_create(contact), 0)
        _schedulers[contact.scheduler] = scheduler, users + 1
        return scheduler


def _create(contact: Contact) -> Scheduler:
    properties = dict(contact.properties)
    if contact.adaptor in {"local", "ssh"}:
        name = f"{contact.adaptor}.queue.multi.maxConcurrentJobs"
        properties.setdefault(name, str(max(4, os.cpu_count() or 1)))
    try:
        with as_drmaa():
            return Scheduler.create(contact.adaptor, contact.location or None, properties)
    except Exception as error:
        cause = error.__cause__
        if isinstance(cause, XenonException) and not isinstance(cause, NotConnectedException):
            raise drmaa_error(7, f"contact {str(contact)!r}: {cause}") from cause
        raise


def give_back(contact: Contact) -> None:
    """End the use of a scheduler."""
    with _lock:
        scheduler, users = _schedulers[contact.scheduler]
        if users == 1 and not is_embedded(scheduler):
            del _schedulers[contact.scheduler]
            scheduler.close()
            return
        _schedulers[contact.scheduler] = scheduler, users - 1


def is_embedded(scheduler: Scheduler) -> bool:
    """Tell whether the jobs end when the scheduler is closed."""
    return Scheduler.get_adaptor_description(scheduler.get_adaptor_name()).is_embedded


def owner() -> str:
    """Return what tells this process from all others: jobs of ``local`` are those of a process."""
    return f"{os.getpid()}.{_born}"


_born = os.urandom(8).hex()


def _wait_for_jobs() -> None:
    """Wait for jobs that would end with the program; those that are held or stopped do end."""
    for scheduler, _ in list(_schedulers.values()):
        if not scheduler.is_open() or not is_embedded(scheduler):
            continue
        statuses = scheduler.get_job_statuses(scheduler.get_jobs())
        jobs = [s.job for s in statuses if s.state not in {"HELD", "SUSPENDED"}]
        for _status in scheduler.as_completed(jobs):
            continue


atexit.register(_wait_for_jobs)
os.register_at_fork(after_in_child=_schedulers.clear)  # the jobs are those of the parent
