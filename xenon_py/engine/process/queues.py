"""Which job starts next: FIFO per queue, with a number of places each."""

from __future__ import annotations

import heapq

from xenon_py.engine.process.jobs import ProcessJob, State, Turn, turn_of

SINGLE, MULTI, UNLIMITED = "single", "multi", "unlimited"
QUEUE_NAMES = (SINGLE, MULTI, UNLIMITED)


class Queue:
    """Jobs that may start as soon as there is a place, in the order of submission."""

    def __init__(self, places: int | None) -> None:
        self.places = places
        self.used = 0
        self._heap: list[Turn] = []

    def offer(self, job: ProcessJob) -> None:
        """Let a job start when its turn comes."""
        heapq.heappush(self._heap, turn_of(job))

    def take(self) -> ProcessJob | None:
        """Return the next job to start, and take a place for it."""
        while self._heap and (self.places is None or self.used < self.places):
            job = heapq.heappop(self._heap)[-1]
            if job.offered and not job.taken:  # else it was held or cancelled meanwhile
                self.used += 1
                job.taken = True
                return job
        return None


class Queues:
    """The three queues. The scheduler's lock guards every call."""

    def __init__(self, multi: int) -> None:
        self._queues = {SINGLE: Queue(1), MULTI: Queue(multi), UNLIMITED: Queue(None)}

    def offer(self, job: ProcessJob) -> None:
        """Offer a job for a start, if nothing keeps it from starting but a place."""
        if job.state is not State.PENDING or job.offered or job.missing or job.not_before:
            return
        if job.group is not None:
            if not job.group.has_room():
                heapq.heappush(job.group.waiting, turn_of(job))
                return
            job.group.active += 1
        job.offered = True
        self._queues[job.queue].offer(job)

    def withdraw(self, job: ProcessJob) -> None:
        """Take back the offer of a job that has not been taken."""
        if job.offered and not job.taken:
            job.offered = False
            self._leave_group(job)

    def take(self) -> ProcessJob | None:
        """Return a job to start, or ``None`` when there is none or no place for it."""
        for queue in self._queues.values():
            job = queue.take()
            if job is not None:
                return job
        return None

    def release(self, job: ProcessJob) -> None:
        """Free the place of a job that was taken and has ended."""
        self._queues[job.queue].used -= 1
        job.offered = False
        self._leave_group(job)

    def places(self, queue: str) -> int | None:
        """Return how many jobs of a queue run at once; ``None`` = any number."""
        return self._queues[queue].places

    def _leave_group(self, job: ProcessJob) -> None:
        if job.group is None:
            return
        job.group.active -= 1
        while job.group.waiting and job.group.has_room():
            self.offer(heapq.heappop(job.group.waiting)[-1])
