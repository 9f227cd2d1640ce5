"""Queues, timers and starting threads of the emulated queues, each by itself."""

from __future__ import annotations

import threading
import time

from hypothesis import given
from hypothesis import strategies as st

from unit.runner_contract import eventually
from xenon_py.engine.process.jobs import ArrayGroup, ProcessJob, State
from xenon_py.engine.process.queues import Queues
from xenon_py.engine.process.specs import process_spec
from xenon_py.engine.process.starter import Starter
from xenon_py.engine.process.timers import Timers
from xenon_py.model.jobs import JobDescription


def job(order: int, queue: str = "multi", group: ArrayGroup | None = None) -> ProcessJob:
    return ProcessJob(f"j{order}", order, JobDescription(executable="x"), queue, group=group)


def end(queues: Queues, ended: ProcessJob) -> None:
    ended.state = State.DONE
    queues.release(ended)


class TestQueues:
    def test_order_and_places(self) -> None:
        queues = Queues(multi=2)
        for order in (2, 0, 1):
            queues.offer(job(order))
        first, second = queues.take(), queues.take()
        assert first is not None
        assert second is not None
        assert (first.order, second.order) == (0, 1)
        assert queues.take() is None
        end(queues, second)
        third = queues.take()
        assert third is not None
        assert third.order == 2

    def test_a_job_offered_twice_is_taken_once(self) -> None:
        queues = Queues(multi=4)
        one = job(0)
        queues.offer(one)
        queues.withdraw(one)
        queues.offer(one)
        queues.offer(one)
        assert queues.take() is one
        assert queues.take() is None

    @given(st.data())
    def test_never_more_than_permitted(self, data: st.DataObject) -> None:
        places = data.draw(st.integers(1, 3))
        most = data.draw(st.one_of(st.none(), st.integers(1, 3)))
        queues, group = Queues(multi=places), ArrayGroup(most)
        jobs = [job(order, group=group) for order in range(8)]
        for one in jobs:
            queues.offer(one)
        running: list[ProcessJob] = []
        while any(not one.ended for one in jobs):
            while taken := queues.take():
                running.append(taken)
            assert 0 < len(running) <= min(places, most or places)
            waiting = [one for one in jobs if not one.taken and not one.ended]
            if waiting and data.draw(st.booleans()):  # cancel one that waits
                cancelled = data.draw(st.sampled_from(waiting))
                cancelled.state = State.KILLED
                queues.withdraw(cancelled)
            end(queues, running.pop(data.draw(st.integers(0, len(running) - 1))))
        assert group.active == 0


class TestTimers:
    def test_in_order_of_time(self) -> None:
        timers, seen, over = Timers(), [], threading.Event()
        timers.after(0.4, lambda: (seen.append("b"), over.set()))
        timers.after(0.01, lambda: seen.append("a"))
        assert over.wait(10)
        assert seen == ["a", "b"]

    def test_cancelled_calls_are_not_made_and_keep_no_thread(self) -> None:
        before = threading.active_count()
        timers, seen = Timers(), []
        tokens = [timers.after(delay, lambda: seen.append(1)) for delay in (0.05, 3600)]
        assert threading.active_count() == before + 1
        for token in tokens:
            timers.cancel(token)
        assert eventually(lambda: threading.active_count() <= before)
        time.sleep(0.1)
        assert seen == []


class TestStarter:
    def test_everything_is_done_by_few_threads(self) -> None:
        lock, work, done, names = threading.Lock(), 500, 0, set()

        def step() -> bool:
            nonlocal work, done
            with lock:
                if not work:
                    return False
                work -= 1
            time.sleep(0.0002)
            with lock:
                done += 1
                names.add(threading.get_ident())
            return True

        before = threading.active_count()
        starter = Starter(step, 3)
        for _ in range(500):
            starter.poke()
        assert eventually(lambda: done == 500)
        assert len(names) <= 3
        assert eventually(lambda: threading.active_count() <= before)
        work = 2
        starter.poke(2)
        assert eventually(lambda: done == 502)


class TestSpecs:
    def test_paths(self) -> None:
        description = JobDescription(
            executable="x",
            working_directory="w/../v",
            stdin="/in",
            stdout="out-%j-%a",
            stderr="../err-%a",
        )
        spec = process_spec(description, "/base", job_id="local-3_7", index=7)
        assert spec.working_directory == "/base/v"
        assert spec.stdin == "/in"
        assert spec.stdout == "/base/v/out-local-3_7-7"
        assert spec.stderr == "/base/err-7"
        assert spec.environment == {"XENON_JOB_ID": "local-3_7", "XENON_ARRAY_TASK_ID": "7"}

    def test_index_is_left_alone_without_an_array(self) -> None:
        spec = process_spec(JobDescription(executable="x", stdout="%a%j"), "/b", job_id="j")
        assert (spec.stdout, spec.stderr) == ("/b/%aj", None)
