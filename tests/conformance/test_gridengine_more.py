"""What only Grid Engine has: parallel environments, throttled arrays, request files."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.records import GridEngineCell
from support.gridengine import commands_of, here, over_ssh
from xenon_py import JobDescription, Scheduler
from xenon_py.exceptions import NoSuchQueueException, UnsupportedJobDescriptionException
from xenon_py.model.jobs import JobReason

PATIENCE = 60_000


def sh(script: str, *arguments: str, **more: object) -> JobDescription:
    return JobDescription(executable="/bin/sh", arguments=["-c", script, "sh", *arguments], **more)


@pytest.fixture
def scheduler(gridengine: GridEngineCell, tmp_path: Path) -> Iterator[Scheduler]:
    with commands_of(gridengine), here(tmp_path) as made:
        yield made


# --- parallel environments --------------------------------------------------------------------


def test_parallel_environments_are_chosen_and_given(scheduler: Scheduler, tmp_path: Path) -> None:
    told = 'echo "$PE $NSLOTS"'
    jobs = {
        "smp 2": sh(told, cores_per_task=2, stdout="a"),
        "smp 3": sh(told, tasks=3, stdout="b"),
        "mpi 2": sh(told, tasks=2, stdout="c", scheduler_arguments=["-pe", "mpi", "2"]),
    }
    ends = [job.wait(PATIENCE) for job in scheduler.submit_batch_jobs(list(jobs.values()))]
    assert [end.exit_code for end in ends] == [0, 0, 0]
    assert [(tmp_path / d.stdout).read_text().strip() for d in jobs.values()] == list(jobs)
    with pytest.raises(UnsupportedJobDescriptionException, match="allocation rule 2"):
        scheduler.submit_batch_job(sh(told, tasks=4, tasks_per_node=2))


def test_a_program_is_started_once_per_task(scheduler: Scheduler, tmp_path: Path) -> None:
    """Two tasks on this node, two by qrsh: a host file makes the node be another one, too."""
    directory = tmp_path / "it's here"
    directory.mkdir()
    (directory / "in").write_text("input\n")
    cell = subprocess.check_output(["qconf", "-sel"], text=True).split()[0]
    (directory / "hosts").write_text(f"localhost 2 q x\n{cell} 2 q x\n")
    script = 'read -r line; printf "%s|%s|%s|%s\\0" "$line" "$1" "$VALUE" "$PWD"; [ "$line" ]'
    word, value = "a'b\n$HOME ü", "two\nlines'"
    job = sh(script, word, tasks=4, start_per_task=True, stdin="in", stdout="out")
    job.working_directory = directory
    job.environment = {"VALUE": value, "PE_HOSTFILE": f"{directory}/hosts"}
    status = scheduler.submit_batch_job(job).wait(PATIENCE)
    assert status.exit_code == 1, "that of the first task that failed"
    told = (directory / "out").read_text().split("\0")[:-1]
    rest = f"|{word}|{value}|{directory}"
    assert sorted(told) == sorted([f"input{rest}", *[rest] * 3])


# --- arrays -----------------------------------------------------------------------------------


def test_so_many_tasks_at_once(scheduler: Scheduler, tmp_path: Path) -> None:
    script = "echo + >> log; sleep 1; echo - >> log"
    for job in scheduler.submit_job_array(sh(script), 1, 5, max_parallel=2):
        assert job.wait(PATIENCE).exit_code == 0
    running = [0]
    for sign in (tmp_path / "log").read_text().split():
        running.append(running[-1] + (1 if sign == "+" else -1))
    assert max(running) == 2


def test_tasks_are_held_and_released_one_by_one(scheduler: Scheduler) -> None:
    tasks = scheduler.submit_job_array(sh("exit 0", hold=True), 2, 6, 2)
    assert [task.id.partition(".")[2] for task in tasks] == ["2", "4", "6"]
    scheduler.release_job(tasks[1])
    assert tasks[1].wait(PATIENCE).exit_code == 0
    assert [tasks[0].status().state, tasks[2].status().state] == ["hqw", "hqw"]
    tasks[0].cancel()
    assert tasks[0].wait(PATIENCE).reason is JobReason.CANCELLED
    assert not tasks[2].status().done
    scheduler.release_job(tasks[2])
    assert tasks[2].wait(PATIENCE).exit_code == 0


def test_many_are_controlled_by_one_command(scheduler: Scheduler) -> None:
    jobs = scheduler.submit_batch_jobs([sh("exit 0", hold=True)] * 4)
    tasks = scheduler.submit_job_array(sh("exit 0", hold=True), 1, 3)
    host = scheduler._adaptor.host  # type: ignore[attr-defined]
    scheduler.cancel_job(jobs[0])
    before = host.commands
    chosen = [*jobs, *tasks[:2], "99999999"]
    outcomes = scheduler.control_jobs(chosen, "cancel")
    assert host.commands - before == 1
    assert [type(one).__name__ if one else "" for one in outcomes] == [
        "NoSuchJobException", "", "", "", "", "", "NoSuchJobException",
    ]  # fmt: skip
    assert {status.reason for status in scheduler.as_completed(chosen[:-1], PATIENCE)} == {
        JobReason.CANCELLED
    }
    assert not tasks[2].status().done
    assert scheduler.control_jobs([tasks[2]], "release") == [None]
    assert tasks[2].wait(PATIENCE).exit_code == 0


def test_a_huge_array(scheduler: Scheduler) -> None:
    tasks = scheduler.submit_job_array(sh("exit 0", hold=True), 1, 5000)
    host = scheduler._adaptor.host  # type: ignore[attr-defined]
    before = host.commands
    statuses = scheduler.get_job_statuses(tasks)
    assert {status.state for status in statuses} == {"hqw"}
    assert host.commands - before <= 2
    subprocess.run(["qdel", tasks[0].id.partition(".")[0]], check=True, capture_output=True)


def test_tasks_of_an_earlier_process(scheduler: Scheduler, tmp_path: Path) -> None:
    tasks = [job.id for job in scheduler.submit_job_array(sh("exit $XENON_ARRAY_TASK_ID"), 3, 4)]
    with here(tmp_path) as later:
        assert [later.get_job(task).wait(PATIENCE).exit_code for task in tasks] == [3, 4]


# --- what else may be in the way --------------------------------------------------------------


def test_refused_by_grid_engine(gridengine: GridEngineCell) -> None:
    with over_ssh(gridengine) as remote:
        with pytest.raises(NoSuchQueueException):
            remote.submit_batch_job(sh("exit 0", queue_name="nosuch"))
        with pytest.raises(UnsupportedJobDescriptionException, match="no suitable queues"):
            verified = sh("exit 0", queue_name="closed", scheduler_arguments=["-w", "e"])
            remote.submit_batch_job(verified)
        with pytest.raises(UnsupportedJobDescriptionException, match="tmpspace"):
            remote.submit_batch_job(sh("exit 0", temp_space=5))


REQUESTS = (
    *("-b y", "-sync y", "-now y", "-j y", "-cwd", "-S /bin/bash", "-shell n"),
    *("-o /no/such/place/out", "-e /no/such/place/err", "-N other", "-wd /no/such/place"),
    *("-ac a=b", "-V", "-notify", "-terse"),
)


def test_request_files_do_not_change_a_job(scheduler: Scheduler, tmp_path: Path) -> None:
    """Grid Engine reads options from a file in the directory that a job is submitted in."""
    jobs = {}
    for number, options in enumerate(REQUESTS):
        directory = tmp_path / str(number)
        directory.mkdir()
        (directory / ".sge_request").write_text(f"{options}\n")
        job = sh('echo "$0 $1 $JOB_NAME"; exit 7', "word", stdout="out", name="mine")
        job.working_directory = directory
        jobs[options] = scheduler.submit_batch_job(job)
    ends = {options: job.wait(PATIENCE) for options, job in jobs.items()}
    assert {options: end.exit_code for options, end in ends.items()} == dict.fromkeys(REQUESTS, 7)
    for number in range(len(REQUESTS)):
        assert (tmp_path / f"{number}/out").read_text() == "sh word mine\n"


def test_an_environment_with_functions_is_handed_on(
    scheduler: Scheduler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BASH_FUNC_hello%%", "() {  echo hello\n}")
    monkeypatch.setenv("ODD", "two\nlines, 'quoted'")
    monkeypatch.setenv("SGE_DEBUG_LEVEL", "2 0 0 0 0 0 0 0")
    job = JobDescription(executable="/bin/bash", arguments=["-c", 'echo "$ODD"'], stdout="out")
    job.inherit_environment = True
    assert scheduler.submit_batch_job(job).wait(PATIENCE).exit_code == 0
    assert (tmp_path / "out").read_text() == "two\nlines, 'quoted'\n"


def test_odd_directories_and_files(scheduler: Scheduler, tmp_path: Path) -> None:
    """Such paths cannot be told to Grid Engine itself; the job script goes there."""
    directory = tmp_path / "a:b, $HOME {x} %j"
    directory.mkdir()
    job = sh("pwd; echo wrong >&2", stdout="o:$JOB_ID, 1", stderr="e %j")
    job.working_directory = directory
    submitted = scheduler.submit_batch_job(job)
    assert submitted.wait(PATIENCE).exit_code == 0
    assert (directory / "o:$JOB_ID, 1").read_text() == f"{directory}\n"
    assert (directory / f"e {submitted.id}").read_text() == "wrong\n"


def test_many_threads(scheduler: Scheduler) -> None:
    codes: list[int | None] = []

    def work(code: int) -> None:
        codes.append(scheduler.submit_batch_job(sh(f"exit {code}")).wait(PATIENCE).exit_code)

    threads = [threading.Thread(target=work, args=(code,)) for code in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == list(range(16))  # type: ignore[type-var]


def test_two_users_see_their_own_jobs(scheduler: Scheduler, gridengine: GridEngineCell) -> None:
    ours = scheduler.submit_batch_job(sh("exit 0", hold=True))
    with over_ssh(gridengine) as other:
        theirs = other.submit_batch_job(sh("exit 0", hold=True))
        assert theirs in other.get_jobs()
        assert ours not in other.get_jobs()
        assert theirs not in scheduler.get_jobs()
        other.cancel_job(theirs)
    ours.cancel()
