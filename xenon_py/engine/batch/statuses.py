"""Statuses of jobs from all sources: the listing, accounting, and the job records."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from xenon_py.engine.batch.host import SubmitHost
from xenon_py.engine.batch.records import Record, parse_records, read_command
from xenon_py.engine.batch.verdict import CLOCK_SKEW, Evidence, conclude, not_found, stale
from xenon_py.exceptions import XenonException
from xenon_py.model.jobs import JobReason, JobStatus, JobUsage
from xenon_py.plugin.batch import (
    BatchAdaptor,
    Control,
    CouldNotAskError,
    Listed,
    Listing,
    Phase,
    Site,
)
from xenon_py.plugin.runner import CommandResult, new_marker, quote_all
from xenon_py.plugin.scripts import JobEnd, JobStart, ScriptIds

_log = logging.getLogger(__name__)

CLOCKS_APART = 300.0
"""Seconds by which they never differ: authentication between the hosts would fail."""

NUMBERS_RETURN = 3600.0
"""Seconds after which, at the earliest, a system gives a number again. More than clocks differ."""

REMEMBERED = 20_000
"""So many jobs are remembered; of the others the records on the submit host tell."""


@dataclass
class Tracked:
    """What this process remembers of a job that it submitted, or was asked for.

    Attributes:
        token: names its record; ``""`` = not known.
        index: of a task of an array.
        name: of the job, as it was submitted.
        seen: when it was last seen anywhere (``time.monotonic``).
        known: it exists or existed.
        searched: its record was looked for, or need not be.
        cancelled: this process cancelled it.
        submitted: ms since 1970 UTC; ``None`` = not by this process.
        suspended: this process suspended it, and did not resume it.
        last: the status told last.
        told: when that was found out (``time.monotonic``).
        settled: it has ended and left the listing, so nothing can make it run again.
        end: what its record says of the end that was told.
        past: the same of a run before it was requeued.
    """

    token: str = ""
    index: str = ""
    name: str = ""
    seen: float = field(default_factory=time.monotonic)
    known: bool = False
    searched: bool = False
    cancelled: bool = False
    submitted: int | None = None
    suspended: bool = False
    last: JobStatus | None = None
    told: float = 0.0
    settled: bool = False
    end: JobEnd | None = None
    past: JobEnd | None = None

    @property
    def ended(self) -> JobStatus | None:
        """The last status, if it is a final one."""
        return self.last if self.last is not None and self.last.done else None


@dataclass(frozen=True)
class _SecondLook:
    """What was told of jobs that the listing does not have, or has as ended.

    Attributes:
        accounting: what accounting says.
        asked: it gave an answer, or there is none to ask.
        records: by token.
    """

    accounting: Listing = Listing({})
    asked: bool = True
    records: dict[str, Record] = field(default_factory=dict)


def system_name(adaptor: BatchAdaptor, system: str) -> str:
    """Return how a job record names the system that gave the identifier."""
    return f"{adaptor.description.name}.{system}"


def script_ids(adaptor: BatchAdaptor, *, array: bool = False) -> ScriptIds:
    """Return how a job of this system finds out who it is."""
    system = system_name(adaptor, adaptor.system_text)
    if array:
        return ScriptIds(adaptor.task_id_text, adaptor.array_index_text, system)
    return ScriptIds(adaptor.job_id_text, system=system)


def _agree(noted: int, usage: JobUsage) -> bool:
    """Tell whether a job that noted its start (in s) can be the one that the system tells of."""
    begun, ended = usage.start_time, usage.end_time
    after = begun is None or noted >= begun / 1000 - CLOCK_SKEW
    return after and (ended is None or noted <= ended / 1000 + CLOCK_SKEW)


def is_earlier_job(usage: JobUsage, submitted: int | None, start: JobStart | None) -> bool:
    """Tell whether accounting means an earlier job of the same number: numbers come again.

    Args:
        usage: what accounting says.
        submitted: ms since 1970 UTC, by the clock of this machine; ``None`` = not known.
        start: what the job itself noted.
    """
    if usage.end_time is None:
        return False
    if start is not None and start.time and usage.end_time / 1000 < start.time - CLOCKS_APART:
        return True
    return submitted is not None and usage.end_time < submitted - NUMBERS_RETURN * 1000


_MAY_COME_BACK = frozenset({JobReason.NODE_FAILURE, JobReason.PREEMPTED})
"""Ends of a run, told by accounting, after which the listing may show the job pending again."""


def _stands(tracked: Tracked, job_id: str, listing: Listing) -> bool:
    """Tell whether the final status of a job holds still; once it is out of the listing, for good.

    What is known of a LOST job may always become more.
    """
    assert tracked.last is not None
    seen = listing.jobs.get(job_id)
    if seen is None:
        proven = _proven(tracked.last)
        tracked.settled = proven and not listing.rejected and job_id not in listing.unasked
        return proven
    if seen.phase is Phase.ENDED:
        return _proven(tracked.last)
    return seen.phase is Phase.DONE and seen.usage.end_time == tracked.last.usage.end_time


def _proven(status: JobStatus) -> bool:
    return status.reason is not JobReason.LOST


class Statuses:
    """Asks for statuses, and remembers what was told. Every method may be called from any thread.

    Args:
        adaptor: commands and parsers.
        host: where to ask.
        site: what is known of the system.
    """

    def __init__(self, adaptor: BatchAdaptor, host: SubmitHost, site: Site) -> None:
        self._adaptor = adaptor
        self._name = adaptor.description.name
        self._host = host
        self._site = site
        self._jobs: OrderedDict[str, Tracked] = OrderedDict()
        self._lock = threading.Lock()
        self._pause = adaptor.poll_delay()

    def remember(self, job_id: str, token: str, index: str = "", name: str = "") -> None:
        """Note a job that was just submitted."""
        with self._lock:
            self._jobs[job_id] = Tracked(
                token, index, name, known=True, searched=True, submitted=int(time.time() * 1000)
            )
            self._forget()

    def tracked(self, job_id: str) -> Tracked:
        """Return what is remembered of a job; anew, if nothing is."""
        with self._lock:
            found = self._jobs.get(job_id)
            if found is None:
                found = self._jobs[job_id] = Tracked()
                self._forget()
            return found

    def controlled(self, job_id: str, control: Control) -> None:
        """Note what this process did to a job."""
        if control is Control.CANCEL:
            self.tracked(job_id).cancelled = True
        elif control in {Control.SUSPEND, Control.RESUME}:
            self.tracked(job_id).suspended = control is Control.SUSPEND

    def _forget(self) -> None:
        while len(self._jobs) > REMEMBERED:
            self._jobs.popitem(last=False)

    def of(self, job_ids: Sequence[str]) -> list[JobStatus]:
        """Ask once for all: a listing, then accounting and records for what it does not have.

        A job that has ended is asked for again as long as it is listed, though no more often than
        the poll delay says: it may have been requeued.
        """
        found: dict[str, JobStatus] = {}
        wanted: dict[str, Tracked] = {}
        for job_id in dict.fromkeys(job_ids):
            if not self._adaptor.id_pattern.fullmatch(job_id):
                found[job_id] = not_found(
                    job_id, f"{job_id!r} is no job identifier of {self._name}"
                )
                continue
            tracked = self.tracked(job_id)
            if tracked.ended and (tracked.settled or time.monotonic() < tracked.told + self._pause):
                found[job_id] = tracked.ended
            else:
                wanted[job_id] = tracked
        ids = list(wanted)
        for begin in range(0, len(ids), self._adaptor.max_ids):
            chunk = ids[begin : begin + self._adaptor.max_ids]
            found.update(self._round({job_id: wanted[job_id] for job_id in chunk}))
        return [found[job_id] for job_id in job_ids]

    def _round(self, jobs: dict[str, Tracked]) -> dict[str, JobStatus]:
        job_ids = list(jobs)
        begun = time.monotonic()
        try:
            result = self._host.query(self._adaptor.listing_command(job_ids, self._site))
            listing = self._noted(self._adaptor.parse_listing(result, job_ids, self._site))
        except (CouldNotAskError, XenonException) as error:
            _log.warning("%s could not be asked: %s", self._name, error)
            return {i: jobs[i].ended or stale(i, jobs[i].last, str(error)) for i in job_ids}
        told = {i: t.ended for i, t in jobs.items() if t.ended and _stands(t, i, listing)}
        told |= {
            i: jobs[i].ended or stale(i, jobs[i].last, "its part of the system is away")
            for i in listing.unasked
        }
        asked = {i: jobs[i] for i in job_ids if i not in told}
        second = self._second_look(asked, listing)
        return told | {i: self._verdict(i, asked[i], listing, second, begun) for i in asked}

    def _noted(self, listing: Listing) -> Listing:
        for line in listing.rejected:
            _log.warning("%s printed a line that is not understood: %r", self._name, line)
        return listing

    def _second_look(self, jobs: dict[str, Tracked], listing: Listing) -> _SecondLook:
        """Ask accounting and the job records, in one round trip."""
        untold = {i for i, seen in listing.jobs.items() if seen.phase is Phase.ENDED}
        unlisted = [i for i in jobs if i not in listing.jobs or i in untold]
        ended = [i for i, seen in listing.jobs.items() if i in jobs and seen.phase is Phase.DONE]
        look = {i: jobs[i] for i in (*unlisted, *ended)}
        tokens = sorted({tracked.token for tracked in look.values() if tracked.token})
        strange = [i for i in look if not look[i].searched]
        marker = new_marker()
        account = self._adaptor.accounting_command(unlisted, self._site) if unlisted else None
        reading = (
            read_command(marker, tokens, [self._adaptor.record_id(i, self._site) for i in strange])
            if tokens or strange
            else None
        )
        commands = [command for command in (account, reading) if command]
        if not commands:
            return _SecondLook()
        try:
            results = self._host.run(commands)
        except XenonException as error:
            _log.warning("%s could not be asked: %s", self._name, error)
            return _SecondLook(asked=False)
        records = parse_records(marker, results[-1].text()) if reading else {}
        second = (
            self._accounted(unlisted, results[0], records)
            if account
            else _SecondLook(records=records)
        )
        self._recognise({i: jobs[i] for i in strange}, records, (listing, second.accounting))
        return second

    def _accounted(
        self, job_ids: list[str], result: CommandResult, records: dict[str, Record]
    ) -> _SecondLook:
        try:
            listed = self._adaptor.parse_accounting(result, job_ids, self._site)
        except CouldNotAskError as error:
            _log.warning("accounting of %s could not be asked: %s", self._name, error)
            return _SecondLook(asked=False, records=records)
        return _SecondLook(self._noted(listed), records=records)

    def _recognise(
        self, strange: dict[str, Tracked], records: dict[str, Record], listings: Sequence[Listing]
    ) -> None:
        """Note which record belongs to which job of an earlier process; the latest one counts.

        Numbers come again, on other clusters that share the home directory and after years: the
        record has to name the system, and to have begun when the system says.
        """
        for job_id, tracked in strange.items():
            number = self._adaptor.record_id(job_id, self._site)
            system = self._adaptor.system_of(job_id, self._site)
            named = None if system is None else system_name(self._adaptor, system)
            seen = next((one.jobs[job_id] for one in listings if job_id in one.jobs), None)
            usage = seen.usage if seen else JobUsage()
            found = [
                (start.time, token, index)
                for token, record in records.items()
                for index, start in record.starts.items()
                if start.job_id == number
                and named in {start.system, None}
                and _agree(start.time, usage)
            ]
            if found:
                _, tracked.token, tracked.index = max(found)
            tracked.searched = True

    def _verdict(
        self, job_id: str, tracked: Tracked, listing: Listing, second: _SecondLook, begun: float
    ) -> JobStatus:
        record = second.records.get(tracked.token, Record())
        end = record.ends.get(tracked.index)
        now = time.monotonic()
        listed, accounted = listing.jobs.get(job_id), second.accounting.jobs.get(job_id)
        listed = self._suspended(tracked, listed)
        start = record.starts.get(tracked.index)
        if accounted is not None and is_earlier_job(accounted.usage, tracked.submitted, start):
            accounted = None
        for seen in (listed, accounted):
            if seen is not None:
                tracked.known = True
                tracked.seen = tracked.seen if seen.phase is Phase.ENDED else now
        doubtful = listing.rejected and accounted and accounted.reason in _MAY_COME_BACK
        status = conclude(
            Evidence(
                job_id,
                listed,
                None if doubtful else accounted,
                second.asked and not doubtful,
                start,
                end if end != tracked.past else None,
                tracked.cancelled,
                tracked.known,
                tracked.last,
                now - tracked.seen,
                int(time.time() * 1000),
            ),
            self._adaptor.grace(),
        )
        if tracked.name:  # systems shorten names, and replace what they do not like in them
            status = replace(status, name=tracked.name)
        with self._lock:  # another thread may have been faster
            if tracked.ended is None or begun > tracked.told:
                if tracked.ended and not status.done:
                    tracked.cancelled, tracked.past = False, tracked.end
                tracked.last, tracked.told, tracked.end = status, now, end
                tracked.settled = status.done and listed is None and _proven(status)
            assert tracked.last is not None
            return tracked.last

    def _suspended(self, tracked: Tracked, listed: Listed | None) -> Listed | None:
        """Return what is listed of a job, corrected where systems do not see that it stands."""
        state = self._adaptor.suspended_state
        if not (listed and state and tracked.suspended and listed.phase is Phase.RUNNING):
            return listed
        return replace(listed, state=state, phase=Phase.SUSPENDED)

    def explain(self, job_id: str) -> str:
        """Return what is known of a job, from where, and how to ask by hand."""
        status = self.of([job_id])[0]
        tracked = self.tracked(job_id)
        asking = self._adaptor.by_hand(job_id, self._site)
        lines = [str(status), *(f"ask by hand: {quote_all(command)}" for command in asking)]
        lines.append(f"site: {self._site.version}, accounting: {self._site.accounting}")
        if tracked.token:
            lines.append(f"job record: ~/.xenon/jobs/{tracked.token}")
        return "\n".join(lines)
