"""What a job finds: directory, streams, environment, arguments; limits that are declared."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from xenon_py.exceptions import (
    InvalidJobDescriptionException,
    UnsupportedJobDescriptionException,
    XenonException,
)
from xenon_py.filesystem import FileSystem
from xenon_py.model.jobs import JobDescription, JobErrorType, JobReason
from xenon_py.model.path import Path
from xenon_py.scheduler import Scheduler
from xenon_py.testing.schedulers.base import SchedulerCase, cancelled

NASTY = [
    "",
    " ",
    "two words",
    "it's",
    'say "x"',
    "back\\slash",
    "$HOME ${PATH} $(id) `id`",
    "a;b&c|d>e<f",
    "* ? [a-z] {a,b} ~",
    "#comment",
    "!history",
    "%j %A %h",
    "two\nlines\n",
    "tab\there",
    "-n",
    "--help",
    "äöü 日本語 🎉",
    "\\n\\0",
    "x" * 5000,
]
"""Words that a shell, a directive or a template would like to have its way with."""


class DirectoryOfJobTests(SchedulerCase):
    """``working_directory``."""

    def test_working_directory_absolute(
        self, scheduler: Scheduler, files: FileSystem, base: Path
    ) -> None:
        assert (
            self.output(scheduler, files, self.job(base, "pwd -P"))
            .strip()
            .endswith(base.name.encode())
        )

    def test_working_directory_relative(
        self, scheduler: Scheduler, files: FileSystem, base: Path
    ) -> None:
        self.succeed(scheduler, self.job(Path(base.name), "touch made"))
        self.content(files, base / "made")

    def test_working_directory_none_is_that_of_the_scheduler(
        self, scheduler: Scheduler, files: FileSystem, base: Path
    ) -> None:
        description = self.job(base, f"touch {base.name}/made")
        description.working_directory = ""
        self.succeed(scheduler, description)
        self.content(files, base / "made")

    @pytest.mark.parametrize("name", ["with blank", "it's $HOME", 'q"t', "-dash", "ümlaut"])
    def test_working_directory_with_odd_name(
        self, scheduler: Scheduler, files: FileSystem, base: Path, name: str
    ) -> None:
        files.create_directory(base / name)
        self.succeed(scheduler, self.job(base / name, "touch made"))
        self.content(files, base / name / "made")

    def test_working_directory_missing(
        self, scheduler: Scheduler, files: FileSystem, base: Path
    ) -> None:
        description = self.job(base / "missing", f"touch {shlex.quote(str(base))}/ran")
        try:
            status = self.run(scheduler, description)
        except XenonException as error:
            assert "missing" in str(error)
        else:
            assert status.reason is not JobReason.COMPLETED
            assert status.error_type != JobErrorType.NONE or status.exit_code
        assert not files.exists(base / "ran")


class StdioTests(SchedulerCase):
    """``stdin``, ``stdout``, ``stderr``."""

    def test_stdout_and_stderr(self, scheduler: Scheduler, files: FileSystem, base: Path) -> None:
        job = self.job(base, "echo out; echo err >&2", stdout="o", stderr="e")
        self.succeed(scheduler, job)
        assert self.content(files, base / "o") == b"out\n"
        assert self.content(files, base / "e") == b"err\n"

    def test_stdio_both_into_one_file(
        self, scheduler: Scheduler, files: FileSystem, base: Path
    ) -> None:
        job = self.job(base, "echo out; echo err >&2", stdout="both", stderr="both")
        self.succeed(scheduler, job)
        assert self.content(files, base / "both") == b"out\nerr\n"

    def test_stdio_absolute_paths(
        self, scheduler: Scheduler, files: FileSystem, base: Path
    ) -> None:
        files.create_directory(base / "logs")
        job = self.job(base, "echo out", stdout=str(base / "logs" / "o"))
        self.succeed(scheduler, job)
        assert self.content(files, base / "logs" / "o") == b"out\n"

    @pytest.mark.parametrize("name", ["with blank", "it's", "$HOME", "a;b", "ümlaut", "%x"])
    def test_stdio_odd_names(
        self, scheduler: Scheduler, files: FileSystem, base: Path, name: str
    ) -> None:
        files.write_to_file(base / f"in {name}", [b"data"])
        job = self.job(base, "cat", stdin=f"in {name}", stdout=f"out {name}")
        self.succeed(scheduler, job)
        assert self.content(files, base / f"out {name}") == b"data"

    def test_stdio_nowhere_by_default(
        self, scheduler: Scheduler, files: FileSystem, base: Path
    ) -> None:
        self.succeed(scheduler, self.job(base, "echo lost; echo lost >&2"))
        assert list(files.list(base, False)) == []

    def test_stdio_no_input_by_default(
        self, scheduler: Scheduler, files: FileSystem, base: Path
    ) -> None:
        assert self.output(scheduler, files, self.job(base, "cat; echo end")) == b"end\n"

    def test_stdin(self, scheduler: Scheduler, files: FileSystem, base: Path) -> None:
        data = bytes(range(256)) * 1000
        files.write_to_file(base / "input", [data])
        assert self.output(scheduler, files, self.job(base, "cat", stdin="input")) == data

    def test_stdio_job_id_in_names(
        self, scheduler: Scheduler, files: FileSystem, base: Path
    ) -> None:
        description = self.job(base, "echo out; echo err >&2", stdout="o-%j.txt", stderr="e-%j.txt")
        job = scheduler.submit_batch_job(description)
        self.finish(scheduler, job)
        assert self.content(files, base / f"o-{job.id}.txt") == b"out\n"
        assert self.content(files, base / f"e-{job.id}.txt") == b"err\n"

    def test_stdin_missing(self, scheduler: Scheduler, files: FileSystem, base: Path) -> None:
        try:
            status = self.run(scheduler, self.job(base, "touch ran", stdin="missing"))
        except XenonException as error:
            assert "missing" in str(error)
        else:
            assert status.reason is not JobReason.COMPLETED
        assert not files.exists(base / "ran")

    def test_stdout_long(self, scheduler: Scheduler, files: FileSystem, base: Path) -> None:
        script = "i=0; while [ $i -lt 20000 ]; do echo 'a line of some length'; i=$((i+1)); done"
        assert self.output(scheduler, files, self.job(base, script)) == (
            b"a line of some length\n" * 20_000
        )


class EnvironmentTests(SchedulerCase):
    """``environment`` and ``arguments`` arrive as they are."""

    def test_arguments(self, scheduler: Scheduler, files: FileSystem, base: Path) -> None:
        job = self.job(base, 'for word do printf "<%s>" "$word"; done', *NASTY)
        assert self.output(scheduler, files, job) == "".join(f"<{w}>" for w in NASTY).encode()

    def test_numbers_and_paths_as_arguments(
        self, scheduler: Scheduler, files: FileSystem, base: Path
    ) -> None:
        job = self.job(base, "echo $1 $2 $3")
        more: list[Any] = [7, 1.5, Path("/x")]
        job.arguments += more
        assert self.output(scheduler, files, job) == b"7 1.5 /x\n"

    def test_environment(self, scheduler: Scheduler, files: FileSystem, base: Path) -> None:
        values = {f"KIT_{number}": word for number, word in enumerate(NASTY)}
        script = 'printf "<%s>" ' + " ".join(f'"${name}"' for name in values)
        job = self.job(base, script, environment=values)
        assert self.output(scheduler, files, job) == "".join(f"<{w}>" for w in NASTY).encode()

    def test_environment_is_handed_on_to_children(
        self, scheduler: Scheduler, files: FileSystem, base: Path
    ) -> None:
        job = self.job(base, "env", environment={"KIT_A": "1", "_kit2": "b=c"})
        lines = self.output(scheduler, files, job).splitlines()
        assert b"KIT_A=1" in lines
        assert b"_kit2=b=c" in lines

    def test_a_path_is_there(self, scheduler: Scheduler, files: FileSystem, base: Path) -> None:
        job = self.job(base, 'echo "$PATH"; command -v sleep')
        assert self.output(scheduler, files, job).count(b"/") >= 2

    def test_a_program_found_by_path(
        self, scheduler: Scheduler, files: FileSystem, base: Path
    ) -> None:
        job = self.job(base, "")
        job.executable, job.arguments = "echo", ["hello", "there"]
        assert self.output(scheduler, files, job) == b"hello there\n"

    def test_a_program_relative_to_the_directory(
        self, scheduler: Scheduler, files: FileSystem, base: Path
    ) -> None:
        files.create_directory(base / "bin dir")
        files.write_to_file(base / "bin dir" / "it's", [b'#!/bin/sh\necho "ran $1"\n'])
        files.set_posix_file_permissions(base / "bin dir" / "it's", range(1, 10))
        job = self.job(base, "")
        job.executable, job.arguments = "bin dir/it's", ["x"]
        assert self.output(scheduler, files, job) == b"ran x\n"

    def test_no_shell_is_between(self, scheduler: Scheduler, files: FileSystem, base: Path) -> None:
        job = self.job(base, "")
        job.executable, job.arguments = "/bin/echo", ["$HOME", "*", ">", "x"]
        assert self.output(scheduler, files, job) == b"$HOME * > x\n"
        assert not files.exists(base / "x")


OPTIONAL_FIELDS = [
    ("supports_gpus", "gpus_per_task", 1),
    ("supports_accounts", "account", "kit-account"),
    ("supports_memory_limit", "max_memory", 123),
    ("supports_temp_space", "temp_space", 12),
    ("supports_scheduler_arguments", "scheduler_arguments", ["--kit-option"]),
    ("supports_multiple_tasks", "tasks", 3),
    ("supports_start_time", "start_time", "23:59"),
    ("supports_runtime_limit", "max_runtime", 17),
    ("supports_hold", "hold", True),
    ("supports_dependencies", "depends_on", ["1"]),
]


class OptionalFieldTests(SchedulerCase):
    """A field is honoured or refused, as declared; never dropped."""

    @pytest.mark.parametrize(("capability", "field", "value"), OPTIONAL_FIELDS)
    def test_field_as_declared(
        self, scheduler: Scheduler, base: Path, capability: str, field: str, value: object
    ) -> None:
        description: JobDescription = self.job(base, "touch ran")
        setattr(description, field, value)
        if getattr(self.description, capability):
            assert scheduler.render(description).command
            return
        refusals = (UnsupportedJobDescriptionException, InvalidJobDescriptionException)
        with pytest.raises(refusals) as caught:
            scheduler.submit_batch_job(description)
        assert field in str(caught.value)
        with pytest.raises(refusals):
            scheduler.render(description)

    def test_render_runs_nothing(self, scheduler: Scheduler, files: FileSystem, base: Path) -> None:
        rendered = scheduler.render(self.job(base, "touch ran", "some argument"))
        told = "\n".join([*rendered.command, rendered.script])
        assert "touch ran" in told
        assert "some argument" in told
        assert str(rendered)
        assert list(files.list(base, False)) == []

    def test_render_refuses_what_submit_refuses(self, scheduler: Scheduler, base: Path) -> None:
        with pytest.raises(InvalidJobDescriptionException):
            scheduler.render(self.job(base, "exit 0", name="two\nlines"))


class SchedulerMinutesConformance(SchedulerCase):
    """Tests that last more than a minute, because limits are given in minutes."""

    def test_runtime_limit(self, scheduler: Scheduler, base: Path) -> None:
        self.need("supports_runtime_limit")
        description = self.sleeper(base)
        description.max_runtime = 1
        job = scheduler.submit_batch_job(description)
        status = scheduler.wait_until_done(job, int((180 + self.patience) * 1000))
        assert status.done
        assert status.reason is JobReason.TIME_LIMIT
        assert status.exit_code != 0
        assert status.error_type != JobErrorType.NONE
        assert status.error_message

    def test_start_time(self, scheduler: Scheduler, base: Path) -> None:
        self.need("supports_start_time")
        job = scheduler.submit_batch_job(self.job(base, "exit 0", start_time="now"))
        assert self.finish(scheduler, job).exit_code == 0
        later = scheduler.submit_batch_job(self.job(base, "exit 0", start_time="23:59"))
        assert not scheduler.get_job_status(later).done
        scheduler.cancel_job(later)
        cancelled(self.finish(scheduler, later))
