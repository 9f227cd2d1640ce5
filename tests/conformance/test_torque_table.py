"""What was measured of TORQUE and OpenPBS, row by row: what the adaptor makes of it.

Sections and rows bear the names of what was measured. The stand-in answers as the real ones did.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from services.fixtures import Services
from services.pbs import Standin, private_standin
from support.pbs import PATIENCE, here, sh, told, with_environment
from xenon_py import Job, JobDescription, Scheduler
from xenon_py.exceptions import (
    IllegalArgumentException,
    InvalidJobDescriptionException,
    NoSuchJobException,
    NoSuchQueueException,
    PermissionDeniedException,
    UnsupportedJobDescriptionException,
    UnsupportedOperationException,
    XenonException,
)
from xenon_py.model.jobs import JobReason, JobStatus
from xenon_py.testing.harness import until

BOTH = ("torque", "openpbs")


@dataclass(frozen=True)
class Ground:
    """What a row is tried on."""

    standin: Standin
    scheduler: Scheduler
    directory: Path

    @property
    def torque(self) -> bool:
        return self.standin.flavour == "torque"

    def submit(self, script: str = "exit 0", **fields: Any) -> Job:
        return self.scheduler.submit_batch_job(sh(script, **fields))

    def end(self, script: str = "exit 0", **fields: Any) -> JobStatus:
        return self.submit(script, **fields).wait(PATIENCE)

    def output(self, script: str, **fields: Any) -> str:
        job = self.submit(script, stdout="%j.out", **fields)
        assert job.wait(PATIENCE).exit_code == 0
        return (self.directory / f"{job.id}.out").read_text()

    def running(self, script: str = "exec sleep 600", **fields: Any) -> Job:
        job = self.submit(script, **fields)
        assert self.scheduler.wait_until_running(job, PATIENCE).running
        return job

    def listed(self, job: Job) -> str:
        """The state that the server has for a job."""
        rows = [line.split() for line in self.standin.administer("jobs")]
        return next(row[2] for row in rows if row[0] == job.id)

    def words(self, **fields: Any) -> str:
        return " ".join(self.scheduler.render(sh("exit 0", **fields)).command)


@dataclass(frozen=True)
class Row:
    """A row of a table, and what has to hold."""

    section: str
    name: str
    check: Callable[[Ground], object]
    flavours: tuple[str, ...] = BOTH


ROWS: list[Row] = []


def row(
    section: str, name: str, *flavours: str
) -> Callable[[Callable[[Ground], object]], Callable[[Ground], object]]:
    """Put a check into the table."""

    def put(check: Callable[[Ground], object]) -> Callable[[Ground], object]:
        ROWS.append(Row(section, name, check, flavours or BOTH))
        return check

    return put


# --- identifiers ----------------------------------------------------------------------------------


@row("ids", "number and server, an array with brackets")
def _(on: Ground) -> None:
    assert on.submit().id.endswith(".vm")
    tasks = on.scheduler.submit_job_array(sh("exit 0"), 1, 2)
    assert [task.id.partition("[")[2] for task in tasks] == ["1].vm", "2].vm"]


@row("ids", "short forms are filled up")
def _(on: Ground) -> None:
    job = on.submit("exit 4")
    assert job.wait(PATIENCE).exit_code == 4
    assert on.scheduler.get_job(job.id.partition(".")[0]).status().exit_code == 4


@row("ids", "-z hides the identifier")
def _(on: Ground) -> None:
    with pytest.raises(InvalidJobDescriptionException, match="-z"):
        on.submit(scheduler_arguments=["-z"])


@row("ids", "dependencies name jobs in full")
def _(on: Ground) -> None:
    first = on.submit("exit 0", hold=True)
    short = first.id.partition(".")[0]
    assert f"afterok:{first.id}" in on.words(depends_on=[short])
    on.scheduler.cancel_job(first)


# --- submission -----------------------------------------------------------------------------------


@row("submission", "arguments are not parsed again")
def _(on: Ground) -> None:
    job = JobDescription(executable="/bin/echo", arguments=["one", "two  three", "$HOME"])
    job.stdout = "args"
    assert on.scheduler.submit_batch_job(job).wait(PATIENCE).exit_code == 0
    assert (on.directory / "args").read_text() == "one two  three $HOME\n"


@row("submission", "the shell is sh, whatever the user logs in with")
def _(on: Ground) -> None:
    assert "-S /bin/sh" in on.words()
    program = on.directory / "program.py"
    program.write_text("#!/usr/bin/python3\nimport sys\nprint(sys.argv[1:])\n")
    program.chmod(0o755)
    job = JobDescription(executable=str(program), arguments=["a b"], stdout="python")
    assert on.scheduler.submit_batch_job(job).wait(PATIENCE).exit_code == 0
    assert (on.directory / "python").read_text() == "['a b']\n"


@row("submission", "the directory is not the home directory")
def _(on: Ground) -> None:
    assert on.output("pwd").strip() == str(on.directory)


@row("submission", "a directory with blanks")
def _(on: Ground) -> None:
    (on.directory / "with  blanks").mkdir(exist_ok=True)
    assert on.end("touch made", working_directory="with  blanks").exit_code == 0
    assert (on.directory / "with  blanks/made").exists()


@row("submission", "a directory that is missing")
def _(on: Ground) -> None:
    with pytest.raises(InvalidJobDescriptionException, match="does not exist"):
        on.submit(working_directory="/nonexistent")


@row("submission", "OpenPBS leaves no process behind", "openpbs")
def _(on: Ground) -> None:
    assert on.words().startswith("qsub -f ")


@row("submission", "ids and options never in the script")
def _(on: Ground) -> None:
    assert "#PBS" not in on.scheduler.render(sh("exit 0", tasks=2, name="x")).script


NAMES = ["1digit", "a/b:c[1]", "@x", "-x", "ü", "two words", 'a,"b', "x" * 236]


@row("-N", "every name is accepted, and told as it was given")
def _(on: Ground) -> None:
    jobs = on.scheduler.submit_batch_jobs([sh("exit 0", name=name) for name in NAMES])
    assert [job.wait(PATIENCE).name for job in jobs] == NAMES


@row("-N", "a job without a name has one")
def _(on: Ground) -> None:
    assert "-N xenon " in on.words()


VALUES = {
    "A": "x,y",
    "B": "line1\nline2",
    "C": "e\\f",
    "D": "a\"b'c",
    "E": "$HOME `id` ;",
    "F": "ü€",
    "G": "",
    "H": 'odd "',
}


@row("-v", "values arrive exactly: comma, newline, backslash, quotes, UTF-8")
def _(on: Ground) -> None:
    script = "printf '<%s>' " + " ".join(f'"${name}"' for name in VALUES)
    found = on.output(script, environment=VALUES)
    assert found == "".join(f"<{value}>" for value in VALUES.values())


@row("-v", "values are in no list that others see")
def _(on: Ground) -> None:
    job = on.submit(hold=True, environment={"SECRET": "sentinel-4711"})
    told_by_qstat = on.standin.run("qstat", "-f").stdout
    assert job.id in told_by_qstat
    assert "sentinel-4711" not in told_by_qstat
    on.scheduler.cancel_job(job)


@row("-V", "the whole environment, on demand")
def _(on: Ground) -> None:
    with with_environment({"XENON_TABLE": "a,b\nc", "PBS_O_QUEUE": "other"}):
        script = 'printf "%s" "$XENON_TABLE"'
        assert on.output(script) == ""
        assert on.output(script, inherit_environment=True) == "a,b\nc"


@row("-o -e", "names with colons, blanks and $PBS_JOBID are names")
def _(on: Ground) -> None:
    for name in ("col:on.out", "rel dir.out", "$PBS_JOBID.out"):
        assert on.end("echo x", stdout=name).exit_code == 0
        assert (on.directory / name).read_text() == "x\n"


@row("-o -e", "files are seen while the job runs")
def _(on: Ground) -> None:
    job = on.running("echo x; sleep 600", stdout="early")
    until((on.directory / "early").exists, "the file is there", 10)
    job.cancel()


@row("-o -e", "a directory that is missing is told")
def _(on: Ground) -> None:
    status = on.end(stdout="/nonexistent/dir/o")
    assert told(status) == (JobReason.LAUNCH_FAILURE, None, None)


@row("-o -e", "PBS delivers nothing of its own")
def _(on: Ground) -> None:
    assert on.words().count("/dev/null") == 1
    assert "-j oe" in on.words()


@row("-j", "both streams in one file")
def _(on: Ground) -> None:
    assert on.end("echo o; echo e >&2", stdout="joined", stderr="joined").exit_code == 0
    assert (on.directory / "joined").read_text() == "o\ne\n"


@row("-l", "cores of one node")
def _(on: Ground) -> None:
    expected = "nodes=1:ppn=2" if on.torque else "select=1:ncpus=2"
    assert expected in on.words(cores_per_task=2)
    assert on.end(cores_per_task=2).exit_code == 0


@row("-l", "more nodes than there are: refused by TORQUE, waiting in OpenPBS")
def _(on: Ground) -> None:
    if on.torque:
        with pytest.raises(UnsupportedJobDescriptionException, match="tasks_per_node"):
            on.submit(tasks=2, tasks_per_node=1)
        return
    job = on.submit(tasks=2, tasks_per_node=1)
    status = job.status()
    assert (status.state, status.running, status.done) == ("Q", False, False)
    assert "Can Never Run" in status.scheduler_specific_information["comment"]
    job.cancel()


@row("-l", "select is never sent to TORQUE, nor nodes to OpenPBS")
def _(on: Ground) -> None:
    words = on.words(tasks=4, tasks_per_node=2, cores_per_task=2, max_memory=100)
    assert ("select=" in words) is not on.torque
    assert ("nodes=" in words) is on.torque
    assert "ncpus" not in words or not on.torque


@row("-l", "walltime as HH:MM:SS, never with days")
def _(on: Ground) -> None:
    assert "walltime=00:01:00" in on.words(max_runtime=1)
    assert "walltime=48:00:00" in on.words(max_runtime=2880)
    assert on.end(max_runtime=2880).exit_code == 0


@row("-l", "memory with its unit")
def _(on: Ground) -> None:
    assert "mem=1000mb" in on.words(max_memory=1000)
    assert on.end(max_memory=1000).exit_code == 0
    assert on.standin.administer("violations") == []


@row("-l", "place with select only", "openpbs")
def _(on: Ground) -> None:
    words = on.words(tasks=4, tasks_per_node=2)
    assert words.index("select=") < words.index("place=scatter")
    assert "place" not in on.words(max_runtime=1)


@row("-l", "values that are wrong")
def _(on: Ground) -> None:
    for value in ("mem=1GiB", "mem=1.5gb", "walltime=abc"):
        with pytest.raises(InvalidJobDescriptionException, match="Illegal attribute"):
            on.submit(scheduler_arguments=["-l", value])


@row("-l", "unknown resources")
def _(on: Ground) -> None:
    with pytest.raises(UnsupportedJobDescriptionException, match="Unknown resource"):
        on.submit(scheduler_arguments=["-l", "nosuchres=3"])


@row("-l", "mixed forms")
def _(on: Ground) -> None:
    with pytest.raises(InvalidJobDescriptionException):
        on.submit(cores_per_task=2, scheduler_arguments=["-l", "ncpus=2"])


@row("-l", "more than the queue allows")
def _(on: Ground) -> None:
    with pytest.raises(UnsupportedJobDescriptionException, match="limits"):
        on.submit(queue_name="long", max_runtime=300)


@row("-q", "unknown, closed and disabled queues; names with digits and dashes")
def _(on: Ground) -> None:
    assert "night-2" in on.scheduler.get_queue_names()
    assert on.end(queue_name="night-2").exit_code == 0
    with pytest.raises(NoSuchQueueException):
        on.submit(queue_name="nosuch")
    with pytest.raises(NoSuchQueueException, match="Unknown queue"):
        on.submit(scheduler_arguments=["-q", "nosuch"])
    with pytest.raises(PermissionDeniedException, match="Unauthorized"):
        on.submit(queue_name="closed")
    with pytest.raises(UnsupportedJobDescriptionException, match="not enabled"):
        on.submit(queue_name="off")


@row("-a", "a time to come")
def _(on: Ground) -> None:
    job = on.submit(start_time="12:00 01.01.2037")
    status = job.status()
    assert (status.state, status.running, status.done) == ("W", False, False)
    job.cancel()
    assert job.wait(PATIENCE).reason is JobReason.CANCELLED


@row("-a", "a time that has passed")
def _(on: Ground) -> None:
    assert on.end(start_time="12:00 01.01.1999").exit_code == 0


@row("-a", "no time at all")
def _(on: Ground) -> None:
    with pytest.raises(InvalidJobDescriptionException, match="start_time"):
        on.submit(start_time="bogus")


@row("arrays", "a range from 0, a step, a single index, a limit of running tasks")
def _(on: Ground) -> None:
    for span in ((0, 2, 1, None), (1, 10, 4, None), (5, 5, 1, None), (1, 3, 1, 1), (2, 6, 2, 2)):
        begin, end, step, most = span
        description = sh("exit $XENON_ARRAY_TASK_ID")
        tasks = on.scheduler.submit_job_array(description, begin, end, step, max_parallel=most)
        codes = [task.wait(PATIENCE).exit_code for task in tasks]
        assert codes == list(range(begin, end + 1, step))


@row("arrays", "reversed ranges are never sent")
def _(on: Ground) -> None:
    with pytest.raises((IllegalArgumentException, InvalidJobDescriptionException)):
        on.scheduler.submit_job_array(sh("exit 0"), 3, 1)
    assert on.standin.administer("violations") == []


@row("arrays", "more tasks than OpenPBS takes", "openpbs")
def _(on: Ground) -> None:
    with pytest.raises(UnsupportedJobDescriptionException, match="size limit"):
        on.scheduler.submit_job_array(sh("exit 0"), 1, 10_001)


@row("-W", "a dependency on an unknown job: refused by TORQUE, ended by OpenPBS")
def _(on: Ground) -> None:
    if on.torque:
        with pytest.raises(InvalidJobDescriptionException, match="Dependency"):
            on.submit(depends_on=["99999"])
        return
    status = on.end(depends_on=["99999"])
    assert told(status) == (JobReason.DEPENDENCY, None, None)


@row("-W", "a dependency on an array")
def _(on: Ground) -> None:
    tasks = on.scheduler.submit_job_array(sh("sleep 0.1"), 1, 2)
    whole = tasks[0].id.replace("[1]", "[]")
    assert on.end(depends_on=[whole]).exit_code == 0


@row("-W", "unknown attributes")
def _(on: Ground) -> None:
    with pytest.raises(XenonException):
        on.submit(scheduler_arguments=["-W", "bogus=1"])


@row("-W", "block=true would make qsub wait")
def _(on: Ground) -> None:
    with pytest.raises(InvalidJobDescriptionException, match="block"):
        on.submit(scheduler_arguments=["-W", "block=true"])


@row("-I", "interactive jobs want a terminal")
def _(on: Ground) -> None:
    with pytest.raises(UnsupportedOperationException):
        on.scheduler.submit_interactive_job(sh("exit 0"), [])


# --- status ---------------------------------------------------------------------------------------


@row("status", "right after submission a job is seen")
def _(on: Ground) -> None:
    for _ in range(5):
        assert on.submit().status().state


@row("status", "an array in the list, task by task")
def _(on: Ground) -> None:
    tasks = on.scheduler.submit_job_array(sh("exec sleep 600"), 1, 2)
    assert set(tasks) <= set(on.scheduler.get_jobs())
    assert not any("[]" in job.id for job in on.scheduler.get_jobs())
    for task in tasks:
        task.cancel()


@row("status", "ended jobs are in no queue")
def _(on: Ground) -> None:
    job = on.submit()
    job.wait(PATIENCE)
    assert job not in on.scheduler.get_jobs()
    assert on.scheduler.get_job(job.id).status().done


@row("status", "unknown identifiers beside known ones")
def _(on: Ground) -> None:
    job = on.submit("exit 2")
    job.wait(PATIENCE)
    found = on.scheduler.get_job_statuses([Job("99999.vm"), job, Job("99998[3]")])
    assert [status.exit_code for status in found] == [None, 2, None]


@row("status", "what is no identifier is not asked for as a queue")
def _(on: Ground) -> None:
    for text in ("abc", "a b", "batch", "@vm"):
        with pytest.raises((NoSuchJobException, IllegalArgumentException)):
            on.scheduler.get_job_status(Job(text))


@row("status", "held, and by whom")
def _(on: Ground) -> None:
    job = on.submit(hold=True)
    status = job.status()
    assert status.state == "H"
    assert status.scheduler_specific_information["hold_types"] == "u"
    job.cancel()


@row("status", "times, in whatever zone")
def _(on: Ground) -> None:
    with with_environment({"TZ": "Asia/Tokyo"}), here(on.directory) as scheduler:
        job = scheduler.submit_batch_job(sh("exit 0"))
        usage = job.wait(PATIENCE).usage
    now = time.time() * 1000
    for stamp in (usage.submit_time, usage.start_time, usage.end_time):
        assert stamp is not None
        assert abs(now - stamp) < 60_000


# --- exit status ----------------------------------------------------------------------------------


def _exits(script: str, reason: JobReason, code: int | None, signal: int | None) -> None:
    @row("exit status", f"{script} in the script")
    def _(on: Ground) -> None:
        assert told(on.end(script)) == (reason, code, signal)


_exits("exit 0", JobReason.COMPLETED, 0, None)
_exits("exit 3", JobReason.FAILED, 3, None)
_exits("exit 255", JobReason.FAILED, 255, None)
_exits("kill -9 $$", JobReason.SIGNALLED, None, 9)
_exits("kill -15 $$", JobReason.SIGNALLED, None, 15)
_exits("kill -11 $$", JobReason.SIGNALLED, None, 11)


@row("exit status", "qdel of a running job")
def _(on: Ground) -> None:
    job = on.running()
    job.cancel()
    assert job.wait(PATIENCE).reason is JobReason.CANCELLED


@row("exit status", "qdel of a job that does not listen to TERM")
def _(on: Ground) -> None:
    job = on.running("trap '' TERM; echo > ready; while :; do sleep 0.1; done")
    until((on.directory / "ready").exists, "it is ready", 10)
    job.cancel()
    assert job.wait(PATIENCE).reason is JobReason.CANCELLED


@row("exit status", "qsig -s SIGTERM and KILL")
def _(on: Ground) -> None:
    for name, numbers in (("TERM", {15}), ("KILL", {9, 15})):
        job = on.running()
        on.scheduler.signal_job(job, name)
        status = job.wait(PATIENCE)
        assert (status.reason, status.exit_code) == (JobReason.SIGNALLED, None)
        assert status.signal in numbers


@row("exit status", "walltime exceeded")
def _(on: Ground) -> None:
    status = on.end("exec sleep 600", scheduler_arguments=["-l", "walltime=00:00:01"])
    assert (status.reason, status.exit_code) == (JobReason.TIME_LIMIT, None)


@row("exit status", "deleted while held")
def _(on: Ground) -> None:
    job = on.submit(hold=True)
    on.standin.run("qdel", job.id)
    assert told(job.wait(PATIENCE)) == (JobReason.CANCELLED, None, None)


@row("exit status", "dependency failed")
def _(on: Ground) -> None:
    first = on.submit("exit 1", hold=True)
    second = on.submit(depends_on=[first])
    on.scheduler.release_job(first)
    assert told(second.wait(PATIENCE)) == (JobReason.DEPENDENCY, None, None)


# --- control --------------------------------------------------------------------------------------


@row("control", "qdel twice, and of an ended job")
def _(on: Ground) -> None:
    job = on.submit()
    job.wait(PATIENCE)
    for _ in range(2):
        with pytest.raises(NoSuchJobException, match="ended"):
            on.scheduler.cancel_job(job)


@row("control", "qdel, qhold, qrls, qsig of an unknown job")
def _(on: Ground) -> None:
    job = Job("99999.vm")
    calls = (on.scheduler.cancel_job, on.scheduler.hold_job, on.scheduler.release_job)
    for call in (*calls, on.scheduler.suspend_job, on.scheduler.resume_job):
        with pytest.raises(NoSuchJobException):
            call(job)


@row("control", "qdel all is never sent")
def _(on: Ground) -> None:
    bystander = on.submit(hold=True)
    for text in ("all", "ALL"):
        with pytest.raises(NoSuchJobException):
            on.scheduler.cancel_job(Job(text))
    assert on.listed(bystander) == "H"
    assert on.standin.administer("violations") == []
    bystander.cancel()


@row("control", "qhold and qrls of a queued job")
def _(on: Ground) -> None:
    first = on.submit(hold=True)
    second = on.submit(depends_on=[first])
    on.scheduler.hold_job(second)
    on.scheduler.release_job(first)
    assert first.wait(PATIENCE).exit_code == 0
    assert second.status().state == "H"
    on.scheduler.release_job(second)
    assert second.wait(PATIENCE).exit_code == 0


@row("control", "qhold of a running job does nothing to it")
def _(on: Ground) -> None:
    job = on.running("sleep 3; exit 6")
    on.scheduler.hold_job(job)
    assert job.status().running
    assert job.wait(PATIENCE).exit_code == 6


@row("control", "suspend and resume by signal, state stays R")
def _(on: Ground) -> None:
    job = on.running()
    on.scheduler.suspend_job(job)
    assert on.listed(job) == "R"
    assert job.status().state == "S"
    on.scheduler.resume_job(job)
    assert job.status().running
    job.cancel()


@row("control", "suspend of a job that waits")
def _(on: Ground) -> None:
    job = on.submit(hold=True)
    with pytest.raises(XenonException, match="state of job"):
        on.scheduler.suspend_job(job)
    assert job.status().state == "H"
    job.cancel()


@row("control", "signals by names that nobody has")
def _(on: Ground) -> None:
    job = on.running()
    with pytest.raises(IllegalArgumentException):
        on.scheduler.signal_job(job, "NOSUCH")
    assert job.status().running
    job.cancel()


@row("control", "one task of an array")
def _(on: Ground) -> None:
    tasks = on.scheduler.submit_job_array(sh("exec sleep 600"), 1, 3)
    tasks[1].cancel()
    assert tasks[1].wait(PATIENCE).reason is JobReason.CANCELLED
    assert not tasks[0].status().done
    for task in (tasks[0], tasks[2]):
        task.cancel()
        assert task.wait(PATIENCE).reason is JobReason.CANCELLED


@row("control", "an array that is held at submission")
def _(on: Ground) -> None:
    tasks = on.scheduler.submit_job_array(sh("exit 0", hold=True), 1, 2)
    assert [task.status().state for task in tasks] == ["H", "H"]
    on.scheduler.release_job(Job(tasks[0].id.replace("[1]", "[]")))
    assert [task.wait(PATIENCE).exit_code for task in tasks] == [0, 0]


@row("control", "one task is held and released: TORQUE only")
def _(on: Ground) -> None:
    tasks = on.scheduler.submit_job_array(sh("exit 0", hold=True), 1, 2)
    if not on.torque:
        with pytest.raises(UnsupportedOperationException, match="all of it"):
            on.scheduler.release_job(tasks[0])
        tasks[0].cancel()
        tasks[1].cancel()
        return
    on.scheduler.release_job(Job(tasks[0].id.replace("[1]", "[]")))
    assert [task.wait(PATIENCE).exit_code for task in tasks] == [0, 0]
    tasks = on.scheduler.submit_job_array(sh("exec sleep 600"), 1, 2, max_parallel=1)
    on.scheduler.hold_job(tasks[1])
    tasks[0].cancel()
    assert tasks[0].wait(PATIENCE).done
    assert tasks[1].status().state == "H"
    on.scheduler.release_job(tasks[1])
    assert on.scheduler.wait_until_running(tasks[1], PATIENCE).running
    tasks[1].cancel()


# --- the tests ------------------------------------------------------------------------------------


class _Table:
    flavour: ClassVar[str]

    @pytest.fixture(scope="class")
    @classmethod
    def ground(
        cls, services: Services, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[Ground]:
        services.require_native()
        directory = tmp_path_factory.mktemp("table")
        with contextlib.ExitStack() as stack:
            standin = services.enter(stack, lambda: private_standin(cls.flavour))
            stack.enter_context(with_environment(standin.environment))
            scheduler = stack.enter_context(here(directory, poll_delay="50"))
            yield Ground(standin, scheduler, directory)
            assert standin.administer("violations") == []


def _cases(flavour: str) -> list[Any]:
    chosen = [each for each in ROWS if flavour in each.flavours]
    return [pytest.param(each, id=f"{each.section}: {each.name}") for each in chosen]


class TestTorque(_Table):
    flavour = "torque"

    @pytest.mark.parametrize("row", _cases("torque"))
    def test_row(self, ground: Ground, row: Row) -> None:
        row.check(ground)


class TestOpenPbs(_Table):
    flavour = "openpbs"

    @pytest.mark.parametrize("row", _cases("openpbs"))
    def test_row(self, ground: Ground, row: Row) -> None:
        row.check(ground)
