"""Accounting of Grid Engine: the file that is read on, and ``qacct``; recorded from a real one."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from support.samples import answer, recorded
from xenon_adaptors.gridengine_protocol.accounting import Accounting
from xenon_py.model.jobs import JobReason
from xenon_py.plugin.batch import CouldNotAskError, Listing, Phase
from xenon_py.plugin.runner import CommandResult

LINES = recorded("gridengine", "accounting-file")[0].text().splitlines()[4:]


def framed(text: str, head: str = "file 1 1000") -> CommandResult:
    """An answer of the program with ``text`` in it."""
    return answer(f"-- xenon accounting {head}\n{text}-- xenon accounting end\n")


def parse(text: str, *job_ids: str, head: str = "file 1 1000") -> Listing:
    return Accounting().parse(framed(text, head), job_ids)


def test_records_of_the_file() -> None:
    found = parse("\n".join(LINES) + "\n", "1", "6", "16").jobs
    assert {i: j.exit_code for i, j in found.items()} == {"1": 0, "6": 0, "16": 127}
    assert found["1"].usage.end_time == 1795293680_000
    assert found["1"].usage.nodes == ("vm",)
    assert found["1"].usage.cpu_seconds == 0.007861
    assert found["1"].usage.max_rss == 5136 * 1024


def test_milliseconds_of_other_versions() -> None:
    text = LINES[0].replace(":1795293680:", ":1795293680123:")
    assert parse(f"{text}\n", "1").jobs["1"].usage.submit_time == 1795293680123


def test_short_records_of_old_versions_and_long_ones_of_new_ones() -> None:
    values = LINES[0].split(":")
    for changed in (values[:36], [*values, "more", "/the/directory", "qsub x"]):
        assert parse(":".join(changed) + "\n", "1").jobs["1"].exit_code == 0


def test_lines_that_are_none_hurt_no_other_job() -> None:
    found = parse(f"{LINES[0][:60]}\na:b:c\n{LINES[1]}\n", "1", "6")
    assert list(found.jobs) == ["6"]
    assert len(found.rejected) == 2


def test_the_last_record_counts() -> None:
    again = LINES[2].replace(":0:127:", ":0:5:")
    assert again != LINES[2]
    assert parse(f"{LINES[2]}\n{again}\n", "16").jobs["16"].exit_code == 5


def test_records_of_parts_of_a_parallel_job_are_not_its_end() -> None:
    values = LINES[0].split(":")
    values[12], values[41] = "9", "1.vm"
    assert parse(f"{LINES[0]}\n{':'.join(values)}\n", "1").jobs["1"].exit_code == 0


def test_a_run_that_was_to_be_repeated_is_no_end() -> None:
    line = next(line for line in LINES if ":ex99:30:" in line and ":25:99:" in line)
    found = parse(f"{line}\n", "30").jobs["30"]
    assert (found.phase, found.exit_code, found.reason) == (Phase.ENDED, None, JobReason.CANCELLED)


@pytest.mark.parametrize(
    ("name", "job_id", "code", "signal", "reason"),
    [
        ("exit-3", "29", 3, None, JobReason.UNKNOWN),
        ("h_rt-exceeded", "35", None, 9, JobReason.TIME_LIMIT),
        ("killed-by-9", "34", None, 9, JobReason.UNKNOWN),
        ("bad-shell", "44", None, None, JobReason.LAUNCH_FAILURE),
        ("exit-100-error-state", "31", 100, None, JobReason.UNKNOWN),
    ],
)
def test_qacct(
    name: str, job_id: str, code: int | None, signal: int | None, reason: JobReason
) -> None:
    text = recorded("gridengine", f"qacct-{name}")[0].text()
    found = parse(text, job_id, head="qacct").jobs[job_id]
    assert (found.exit_code, found.signal, found.reason) == (code, signal, reason)


def test_tasks_in_qacct() -> None:
    text = recorded("gridengine", "qacct-array")[0].text()
    number = text.split("jobnumber")[1].split()[0]
    found = parse(text, f"{number}.1", f"{number}.2", head="qacct").jobs
    assert list(found) == [f"{number}.1", f"{number}.2"]


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("Sat Nov 21 20:42:32 2026", 1795293752_000),
        ("11/21/2026 20:42:32.707", 1795293752_707),
        ("-/-", None),
        ("yesterday", None),
    ],
)
def test_times_of_qacct(text: str, time: int | None) -> None:
    block = recorded("gridengine", "qacct-exit-3")[0].text()
    line = next(line for line in block.splitlines() if line.startswith("end_time"))
    changed = block.replace(line, f"end_time     {text}")
    assert parse(changed, "29", head="qacct").jobs["29"].usage.end_time == time


@pytest.mark.parametrize(
    "result",
    [
        answer(""),
        answer("-- xenon accounting file 1 2\n"),
        answer("-- xenon accounting file 1\n-- xenon accounting end\n"),
        answer("-- xenon accounting qacct\n-- xenon accounting end\n", code=2),
        framed("error: failed receiving gdi request\n", "qacct"),
    ],
)
def test_what_is_no_answer(result: CommandResult) -> None:
    with pytest.raises(CouldNotAskError):
        Accounting().parse(result, ["1"])


# --- the program itself, on a file of ours --------------------------------------------------------


class Site:
    """An accounting file of ours, read by the real program."""

    def __init__(self, root: Path) -> None:
        self.file = root / "default/common/accounting"
        self.file.parent.mkdir(parents=True)
        self.root = root
        self.read = 0

    def add(self, number: int, code: int, *, owner: str = "", end: str = "\n") -> None:
        owner = owner or subprocess.check_output(["id", "-un"], text=True).strip()
        values = LINES[0].split(":")
        values[3], values[5], values[12] = owner, str(number), str(code)
        with self.file.open("a") as stream:
            stream.write(":".join(values) + end)

    def ask(self, accounting: Accounting, *job_ids: str) -> dict[str, int | None]:
        done = subprocess.run(
            accounting.command(job_ids),
            capture_output=True,
            check=True,
            env={"PATH": f"{self.root}:{os.environ['PATH']}", "SGE_ROOT": str(self.root)},
        )
        self.read = len(done.stdout.splitlines()) - 2
        result = CommandResult((), done.returncode, None, done.stdout, done.stderr)
        return {i: seen.exit_code for i, seen in accounting.parse(result, job_ids).jobs.items()}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_each_part_of_the_file_is_read_once(site: Site) -> None:
    for number in range(1, 1001):
        site.add(number, 1, owner="somebody")
    accounting = Accounting()
    assert site.ask(accounting, "7") == {"7": 1}, "a strange job: all of the file"
    accounting.note("2000")
    site.add(2000, 2)
    site.add(2001, 3)
    assert site.ask(accounting, "2000") == {"2000": 2}
    for number in range(3000, 3500):
        site.add(number, 0)
    accounting.note("3499")
    assert site.ask(accounting, "3499") == {"3499": 0}
    assert site.ask(accounting, "3499") == {"3499": 0}
    assert site.read < 350, "what was read before is not read again, but for 64 KiB"
    accounting.note("2001")
    assert site.ask(accounting, "2001") == {"2001": 3}, "it was read before it was asked for"


def test_a_record_that_is_being_written_counts_once_it_is_whole(site: Site) -> None:
    site.add(1, 0)
    site.add(2, 77, end="")
    accounting = Accounting()
    assert site.ask(accounting, "1", "2") == {"1": 0}
    with site.file.open("a") as stream:
        stream.write("\n")
    assert site.ask(accounting, "2") == {"2": 77}


def test_a_rotated_file_is_read_from_its_beginning(site: Site) -> None:
    accounting = Accounting()
    accounting.note("5")
    site.add(1, 0)
    assert site.ask(accounting, "5") == {}
    site.file.rename(site.file.with_name("accounting.0"))
    site.add(5, 9)
    assert site.ask(accounting, "5") == {"5": 9}


def test_a_file_that_was_emptied_is_read_from_its_beginning(site: Site) -> None:
    accounting = Accounting()
    accounting.note("5")
    site.add(1, 0)
    site.add(2, 0)
    assert site.ask(accounting, "5") == {}
    site.file.write_text("")
    site.add(5, 9)
    assert site.ask(accounting, "5") == {"5": 9}


def test_without_the_file_qacct_is_asked(site: Site) -> None:
    text = recorded("gridengine", "qacct-exit-3")[0].text()
    program = site.root / "qacct"
    sample = site.root / "sample"
    sample.write_text(text)
    program.write_text(
        f'#!/bin/sh\n[ "$2" = 29 ] || [ "$1" = -o ] || {{ echo "error: job id $2 not found" >&2;'
        f" exit 1; }}\ncat {sample}\n"
    )
    program.chmod(0o755)
    assert site.ask(Accounting(), "29", "30") == {"29": 3}
    many = [str(number) for number in range(29, 60)]
    assert site.ask(Accounting(), *many) == {"29": 3}, "one qacct for all"


def test_without_any_accounting_nothing_is_known(site: Site) -> None:
    program = site.root / "qacct"
    program.write_text("#!/bin/sh\necho error: unable to open /x >&2\nexit 1\n")
    program.chmod(0o755)
    assert site.ask(Accounting(), "29") == {}
