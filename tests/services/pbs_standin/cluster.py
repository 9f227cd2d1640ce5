"""The server: queues, jobs, and when they start."""

import threading
import time
from dataclasses import replace
from pathlib import Path

from services.pbs_standin.execution import Execution
from services.pbs_standin.flavours import TORQUE, Flavour, Refused
from services.pbs_standin.jobs import Job

QUEUES = ("batch", "long", "closed", "off", "night-2")
SLOTS = 12  # jobs that run at the same time
LIMITS = {"long": 7200}  # seconds


class Cluster:
    """All jobs. Every method is called with ``lock`` held, unless it says otherwise."""

    def __init__(self, flavour: Flavour, spool: Path) -> None:
        self.flavour, self._spool = flavour, spool
        self.lock = threading.RLock()
        self.jobs: dict[str, Job] = {}
        self.next = 0
        self.away = False
        self.keep_completed = 300.0
        self.history = True
        self.violations: list[str] = []
        self._running: dict[str, Execution] = {}
        threading.Thread(target=self._tick, daemon=True).start()

    def _tick(self) -> None:
        while True:
            time.sleep(0.1)
            with self.lock:
                self._limits()
                self._purge()
                self.schedule()

    def _limits(self) -> None:
        for name, execution in list(self._running.items()):
            job = self.jobs[name]
            if job.walltime and job.started and not job.over_limit:
                job.over_limit = time.time() - job.started > job.walltime
                if job.over_limit:
                    execution.end()

    def _purge(self) -> None:
        kept = self.keep_completed if self.flavour is TORQUE else 86400.0 if self.history else 0.0
        for name, job in list(self.jobs.items()):
            whole = job.parent or job
            if whole.done and time.time() - (whole.ended or 0) > kept:
                del self.jobs[name]

    # --- looking up ---------------------------------------------------------------------------

    def find(self, text: str) -> Job | None:
        """The job of an identifier, with or without its server."""
        return self.jobs.get(text if "." in text else f"{text}.vm")

    def add(self, job: Job, indices: list[int]) -> None:
        """Take a job, or an array."""
        self.jobs[job.id] = job
        for index in indices:
            task = replace(job, index=index, is_array=False, parent=job, tasks=[])
            task.name = f"{job.name}-{index}" if self.flavour is TORQUE else job.name
            if self.flavour is not TORQUE:
                task.state = "Q"
            job.tasks.append(task)
            self.jobs[task.id] = task
        self.schedule()

    # --- starting and ending ------------------------------------------------------------------

    def schedule(self) -> None:
        """Start what may start."""
        for job in list(self.jobs.values()):
            if not job.waits or job.is_array:
                continue
            if self._settle(job) and len(self._running) < SLOTS:
                self._start(job)

    def _settle(self, job: Job) -> bool:
        """Set the state of a job that waits; tell whether it may start."""
        torque = self.flavour is TORQUE
        if job.depends_on and self._failed_dependency(job):
            job.deleted = True
            self.finish(job, 271 if torque else None, 92)
            return False
        array_held = job.parent is not None and job.parent.held
        busy = (
            job.parent is not None
            and job.parent.slots is not None
            and self._active(job.parent) >= job.parent.slots
        )
        if job.held or self._waits_for_others(job) or (torque and (array_held or busy)):
            job.state, job.substate = "H", 20
            return False
        if job.start_at is not None and job.start_at > time.time():
            job.state, job.substate = "W", 30
            return False
        job.state, job.substate = "Q", 10
        return not (array_held or busy or job.impossible)

    def _active(self, array: Job) -> int:
        return sum(1 for task in array.tasks if task.id in self._running)

    def _waits_for_others(self, job: Job) -> bool:
        others = [self.jobs.get(name) for _, name in job.depends_on]
        return any(other is not None and not other.done for other in others)

    def _failed_dependency(self, job: Job) -> bool:
        for kind, name in job.depends_on:
            other = self.jobs.get(name)
            if other is None:
                return self.flavour is not TORQUE
            if other.done and kind.startswith("afterok"):
                ends = [task.exit_status for task in other.tasks] or [other.exit_status]
                if any(status != 0 for status in ends):
                    return True
        return False

    def _start(self, job: Job) -> None:
        job.state, job.substate, job.started = "R", 42, int(time.time())
        job.comment = (
            "Job started on Sat Nov 21 at 20:53"
            if self.flavour is TORQUE
            else "Job run at Sat Nov 21 at 20:52 on (vm:ncpus=1)"
        )
        if job.parent and job.parent.started is None:
            job.parent.started = job.started
        self._running[job.id] = Execution(job, self.flavour, self._spool, self._ended)

    def _ended(self, job: Job, status: int) -> None:
        """A job's processes are gone. Called without the lock."""
        with self.lock:
            del self._running[job.id]
            if job.over_limit:
                self.finish(job, self.flavour.walltime, 93)
            else:
                deleted = job.deleted and self.flavour is not TORQUE
                self.finish(job, status, 91 if deleted else 92 if status == 0 else 93)
            self.schedule()

    def finish(self, job: Job, status: int | None, substate: int) -> None:
        """Note the end of a job, and of its array."""
        job.exit_status, job.substate, job.ended = status, substate, int(time.time())
        whole = job.parent
        job.state = "X" if whole and self.flavour is not TORQUE else self.flavour.ended
        if whole and all(task.done for task in whole.tasks):
            whole.state, whole.ended, whole.substate = self.flavour.ended, job.ended, 92
            whole.exit_status = None if self.flavour is TORQUE else 0
            for task in whole.tasks:
                task.state = self.flavour.ended

    # --- control ------------------------------------------------------------------------------

    def delete(self, job: Job) -> None:
        """End a job, or all tasks of an array."""
        for each in job.tasks or [job]:
            if each.done:
                continue
            each.deleted = True
            if each.id in self._running:
                self._running[each.id].end()
            else:
                self.finish(each, None, 59 if self.flavour is TORQUE else 91)

    def signal(self, job: Job, number: int) -> None:
        """Signal the processes of a running job."""
        for each in job.tasks or [job]:
            if each.id in self._running:
                self._running[each.id].send(number)

    def kill_all(self) -> None:
        """End everything, at the end of the tests."""
        for execution in list(self._running.values()):
            execution.send(9)

    def refuse(self, program: str, what: str, **words: str) -> Refused:
        """The refusal of a command, in the words of this flavour."""
        text = self.flavour.texts[what].format(**words)
        return Refused(f"{program}: {text}\n", self.flavour.codes[what])
