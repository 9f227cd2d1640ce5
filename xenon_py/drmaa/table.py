"""The jobs of one session: who waits for them, who reaps them. Safe for any number of threads."""

from __future__ import annotations

import itertools
import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xenon_py.drmaa.errors import drmaa_error, no_such_job
from xenon_py.drmaa.jobinfo import LOST, JobInfo, Result
from xenon_py.drmaa.staging import Transfer
from xenon_py.drmaa.store import SessionFile

_TASK = re.compile(r"(?P<parent>[^_.\[]+)(?:_\d+|\.\d+|\[\d+\])(?P<rest>\D.*)?")
_BRACKETS = re.compile(r"\[\d+\]")


def parent_of(job_id: str) -> str:
    """Return the identifier of the array that a task is of, in the system's own form.

    ``12_3`` (Slurm) and ``local-5_3`` lose the index, as does ``12.3`` (Grid Engine);
    ``12[3].server`` (PBS) becomes ``12[].server``.
    """
    if "[" in job_id:
        return _BRACKETS.sub("[]", job_id)
    match = _TASK.fullmatch(job_id)
    return match["parent"] + (match["rest"] or "") if match else job_id


@dataclass(eq=False)
class JobRecord:
    """A job that nobody has reaped yet.

    Attributes:
        job_id: its identifier.
        parent: of its array; ``""`` = a single job.
        result: once it has ended.
        suspended: by this session.
        terminated: its end was asked for by this session.
        name: of the job, as far as it is needed for its files.
        transfer: files that are to be fetched before its end is told.
        fetching: they are being fetched.
        fetched: they were.
        failure: why it could not be watched any more.
    """

    job_id: str
    parent: str = ""
    result: Result | None = None
    suspended: bool = False
    terminated: bool = False
    name: str = ""
    transfer: Transfer | None = None
    fetching: bool = False
    fetched: bool = False
    failure: BaseException | None = None


class JobTable:
    """The jobs of a session that were not reaped, in order of submission."""

    def __init__(self, file: SessionFile, owner: str) -> None:
        """Take up what the file tells.

        Args:
            file: of the session.
            owner: the process whose jobs can still be asked for; ``""`` = any.
        """
        self._file = file
        self._owner = owner
        self._changed = threading.Condition()
        self._records: dict[str, JobRecord] = {}
        self._process = os.getpid()
        self._closed = False
        for event in file.read():
            self._take_up(event)
        # so that wait(ANY) need not look at every job; in order, without values
        self._ended = {r.job_id: None for r in self._records.values() if r.result}
        self._unwatched = {r.job_id: None for r in self._records.values() if not r.result}
        self._failed: dict[str, None] = {}

    def _take_up(self, event: dict[str, Any]) -> None:
        if "submitted" in event:
            gone = self._owner and event["owner"] != self._owner
            transfers = event.get("transfers", {})
            for job_id in event["submitted"]:
                record = JobRecord(job_id, event["parent"], LOST if gone else None)
                if job_id in transfers:
                    record.name, record.transfer = (
                        event["name"],
                        Transfer.of_json(transfers[job_id]),
                    )
                self._records[job_id] = record
        elif "reaped" in event:
            for job_id in event["reaped"]:
                self._records.pop(job_id, None)
        elif "terminated" in event:
            for job_id in event["terminated"]:
                if job_id in self._records:
                    self._records[job_id].terminated = True
        elif event["result"] in self._records:
            info = JobInfo(*event["info"]) if event["info"] else None
            self._records[event["result"]].result = Result(event["state"], info)

    @property
    def closed(self) -> bool:
        """Whether the session has ended."""
        return self._closed

    def check_open(self) -> None:
        """Raise ``NoActiveSessionException`` when the session has ended."""
        if os.getpid() != self._process:
            raise drmaa_error(5, "No active session: it is of the process that was forked")
        if self._closed:
            raise drmaa_error(5, "No active session")

    def add(
        self,
        job_ids: Sequence[str],
        parent: str = "",
        name: str = "",
        transfers: Mapping[str, Transfer] | None = None,
    ) -> None:
        """Note jobs that were submitted.

        Args:
            job_ids: which.
            parent: identifier of their array.
            name: of the jobs.
            transfers: files to be fetched.
        """
        transfers = transfers or {}
        event: dict[str, Any] = {"submitted": list(job_ids), "parent": parent}
        if transfers:
            files = {job_id: one.to_json() for job_id, one in transfers.items()}
            event |= {"name": name, "transfers": files}
        with self._changed:
            self._file.append([event | {"owner": self._owner, "time": time.time()}])
            for job_id in job_ids:
                record = JobRecord(job_id, parent, name=name, transfer=transfers.get(job_id))
                self._records[job_id] = record
                self._unwatched[job_id] = None
            self._changed.notify_all()

    def begin_to_fetch(self, job_id: str) -> JobRecord | None:
        """Return a job whose files are to be fetched now, to one caller only."""
        with self._changed:
            record = self._records.get(job_id)
            if record is None or record.transfer is None or record.fetching or record.result:
                return None
            record.fetching = True
            return record

    def fetched(self, record: JobRecord) -> list[str]:
        """Note that the files of a job were fetched; returns its input files that none needs."""
        with self._changed:
            record.fetched = True
            others = [r.transfer for r in self._records.values() if not (r.fetched or r.result)]
            needed = {path for one in others if one for path in one.inputs}
        return [p for p in (record.transfer.inputs if record.transfer else ()) if p not in needed]

    def get(self, job_id: str) -> JobRecord | None:
        """Return the job, if it is of the session and was not reaped."""
        with self._changed:
            return self._records.get(job_id)

    def find(self, name: str) -> list[str]:
        """Return the jobs that an identifier names: one, or all tasks of an array."""
        with self._changed:
            if name in self._records:
                return [name]
            return [r.job_id for r in self._records.values() if r.parent == name]

    def whole_arrays(self, job_ids: Sequence[str]) -> dict[str, str]:
        """Return the array of each job that is a task, if all its live tasks are among the jobs."""
        with self._changed:
            live = [r for r in self._records.values() if r.parent and not r.result]
            partly = {r.parent for r in live if r.job_id not in set(job_ids)}
            return {r.job_id: r.parent for r in live if r.parent not in partly}

    def job_ids(self, *, live: bool = False) -> list[str]:
        """Return all jobs, or those that are not known to have ended."""
        with self._changed:
            return [r.job_id for r in self._records.values() if not (live and r.result)]

    def unwatched(self, job_ids: Iterable[str] | None) -> list[str]:
        """Return which of these jobs (``None`` = of all) nobody watches, and mark them watched."""
        with self._changed:
            chosen = dict.fromkeys(self._unwatched if job_ids is None else job_ids)
            found = [job_id for job_id in chosen if job_id in self._unwatched]
            for job_id in found:
                del self._unwatched[job_id]
            return found

    def terminated(self, job_ids: Iterable[str]) -> None:
        """Note that the end of jobs was asked for."""
        with self._changed:
            known = [job_id for job_id in job_ids if job_id in self._records]
            for job_id in known:
                self._records[job_id].terminated = True
            if known:
                self._file.append([{"terminated": known}])

    def settle(self, job_id: str, result: Result) -> None:
        """Note the end of a job; the first note counts."""
        with self._changed:
            record = self._records.get(job_id)
            if record is not None and record.result is None:
                record.result = result
                self._ended[job_id] = None
                self._unwatched.pop(job_id, None)
                self._changed.notify_all()

    def fail(self, job_id: str, error: BaseException) -> None:
        """Note that a job could not be watched any more; who waits for it is told."""
        with self._changed:
            record = self._records.get(job_id)
            if record is not None and record.result is None:
                record.failure = error
                self._unwatched[job_id] = self._failed[job_id] = None
                self._changed.notify_all()

    def reap(self, job_ids: Iterable[str]) -> None:
        """Forget jobs."""
        with self._changed:
            known = [job_id for job_id in job_ids if self._records.pop(job_id, None)]
            for job_id in known:
                for index in (self._ended, self._unwatched, self._failed):
                    index.pop(job_id, None)
            if known:
                self._file.append([{"reaped": known}])
                self._changed.notify_all()

    def take(
        self, job_id: str | None, deadline: float | None, watch: Callable[[], None]
    ) -> tuple[str, Result]:
        """Wait until a job has ended, and reap it.

        Args:
            job_id: which; ``None`` = any.
            deadline: on the monotonic clock; ``None`` = never.
            watch: sees to it that the ends of jobs, new ones too, are told.

        Raises:
            InvalidJobException: it is not in the session, or there is none.
            ExitTimeoutException: the deadline has passed.
            NoActiveSessionException: the session was ended.
        """
        while True:
            watch()
            with self._changed:
                self.check_open()
                chosen = self._chosen(job_id)
                for record in chosen:
                    self._raise_failure(record)
                    if record.result is not None:
                        self.reap([record.job_id])
                        return record.job_id, record.result
                self._pause(deadline)

    def _chosen(self, job_id: str | None) -> list[JobRecord]:
        if not self._records or (job_id is not None and job_id not in self._records):
            raise no_such_job(job_id or "there is no job in the session")
        if job_id is not None:
            return [self._records[job_id]]
        first = [*self._failed, *itertools.islice(self._ended, 1)]
        return [self._records[one] for one in first]

    def wait_for_all(self, job_ids: Iterable[str], deadline: float | None) -> None:
        """Wait until all these jobs have ended, or were reaped by others; raises as ``take``."""
        left = set(job_ids)
        with self._changed:
            while True:
                self.check_open()
                for record in [self._records[j] for j in left if j in self._records]:
                    self._raise_failure(record)
                left = {j for j in left if j in self._records and not self._records[j].result}
                if not left:
                    return
                self._pause(deadline)

    def _pause(self, deadline: float | None) -> None:
        rest = None if deadline is None else deadline - time.monotonic()
        if rest is not None and rest <= 0:
            raise drmaa_error(23, "time-out condition")
        self._changed.wait(rest)

    def _raise_failure(self, record: JobRecord) -> None:
        failure, record.failure = record.failure, None
        self._failed.pop(record.job_id, None)
        if failure is not None:
            raise drmaa_error(1, str(failure)) from failure

    def close(self) -> None:
        """End all waiting; keep what is known of jobs that nobody has reaped."""
        with self._changed:
            if self._closed:
                raise drmaa_error(5, "")
            self._closed = True
            self._changed.notify_all()
            ended = [(r.job_id, r.result) for r in self._records.values() if r.result]
            if not self._records:
                self._file.remove()
            elif ended:
                self._file.append([_result_event(job_id, result) for job_id, result in ended])


def _result_event(job_id: str, result: Result) -> dict[str, Any]:
    info = list(result.info) if result.info else None
    return {"result": job_id, "state": result.state, "info": info}
