"""The programs for the submit host, run by real shells against a submit command that counts."""

import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from xenon_py.engine.batch.programs import (
    Submission,
    SubmissionAnswer,
    environment_lines,
    new_token,
    parse_commands,
    parse_submissions,
    render_commands,
    render_submissions,
)
from xenon_py.plugin.runner import new_marker

SHELLS = [shell for shell in ("dash", "bash") if shutil.which(shell)]
_SUBMIT = """#!/bin/sh
sleep "${SLOW:-0}"
cat >>"$HOME/scripts"; echo >>"$HOME/count"; env >>"$HOME/env"
printf '<%s>' "$@" >>"$HOME/arguments"; umask >>"$HOME/umask"
echo "Submitted 7"; echo warning >&2
"""


class Host:
    """A home directory with a command ``submit`` in its path."""

    def __init__(self, home: Path) -> None:
        self.home = home
        (home / "bin").mkdir()
        (home / "bin/submit").write_text(_SUBMIT)
        (home / "bin/submit").chmod(0o755)

    def sh(self, program: str, shell: str = "sh", **environment: str) -> bytes:
        path = f"{self.home}/bin:/usr/bin:/bin"
        done = subprocess.run(
            [shell],
            input=program.encode(),
            env={"HOME": str(self.home), "PATH": path, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        return b"\nMessage of the day\n" + done.stdout

    def submit(
        self, jobs: list[Submission], shell: str = "sh", **environment: str
    ) -> dict[str, SubmissionAnswer]:
        marker = new_marker()
        output = self.sh(render_submissions(marker, jobs, []), shell, **environment)
        return parse_submissions(marker, jobs, output, "")

    def job(self, *words: str, script: str = "#!/bin/sh\n", directory: str = "") -> Submission:
        return Submission(new_token(), ("submit", *words), script, directory or str(self.home))

    def count(self) -> int:
        file = self.home / "count"
        return file.read_text().count("\n") if file.exists() else 0


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


@pytest.mark.parametrize("shell", SHELLS)
def test_words_and_script_arrive_as_they_are(host: Host, shell: str) -> None:
    script = "#!/bin/sh\necho 'x$y' `z` \\n \"q\"\n"
    job = host.job("--x", "a'b $x\n;`id`", script=script)
    answer = host.submit([job], shell)[job.token]
    assert answer.outcome == "done"
    assert answer.result is not None
    assert answer.result.stdout == b"Submitted 7\n"
    assert answer.result.stderr == b"warning\n"
    assert (host.home / "scripts").read_text() == script
    assert (host.home / "arguments").read_text() == "<--x><a'b $x\n;`id`>"


@pytest.mark.parametrize("shell", SHELLS)
def test_lines_that_begin_as_the_token_does_arrive_whole(host: Host, shell: str) -> None:
    job = host.job()
    script = "".join(f"{job.token[:length]}é\n" for length in range(len(job.token) + 1))
    job = Submission(job.token, job.command, f"#!/bin/sh\n#\n##\n{script}", job.directory)
    host.submit([job], shell)
    assert (host.home / "scripts").read_text() == job.script


def test_asking_again_does_not_submit_again(host: Host) -> None:
    jobs = [host.job() for _ in range(5)]
    first = host.submit(jobs)
    second = host.submit(jobs)
    assert host.count() == 5
    assert [a.outcome for a in second.values()] == ["done"] * 5
    assert first == second


def test_those_who_ask_at_the_same_time_get_the_one_result(host: Host) -> None:
    job = host.job()
    outcomes: list[str] = []

    def ask() -> None:
        outcomes.append(host.submit([job], SLOW="1")[job.token].outcome)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == ["done"] * 4
    assert host.count() == 1


def test_a_program_cut_short_runs_nothing(host: Host) -> None:
    program = render_submissions(new_marker(), [host.job()], ["true"])
    for cut in range(0, len(program) - 2, 41):
        host.sh(program[:cut])
    assert host.count() == 0


def test_an_answer_cut_short_is_no_answer(host: Host) -> None:
    jobs = [host.job(), host.job()]
    marker = new_marker()
    output = host.sh(render_submissions(marker, jobs, []))
    whole = parse_submissions(marker, jobs, output, "")
    assert len(whole) == 2
    for cut in range(len(output)):
        part = parse_submissions(marker, jobs, output[:cut], "")
        assert all(whole[token] == answer for token, answer in part.items())


def test_a_missing_directory_is_told_and_can_be_mended(host: Host) -> None:
    job = host.job(directory=str(host.home / "later"))
    assert host.submit([job])[job.token].outcome == "directory"
    assert host.count() == 0
    (host.home / "later").mkdir()
    assert host.submit([job])[job.token].outcome == "done"


def test_who_began_and_vanished_is_told_as_lost(host: Host) -> None:
    job = host.job()
    lock = host.home / ".xenon/jobs" / job.token / "lock"
    lock.parent.mkdir(parents=True)
    lock.write_text("4194999\n")
    assert host.submit([job])[job.token].outcome == "lost"
    assert host.count() == 0


def test_a_home_that_cannot_be_written_is_told(host: Host) -> None:
    (host.home / ".xenon").write_text("in the way")
    job = host.job()
    assert host.submit([job])[job.token].outcome == "record"
    assert host.count() == 0


def test_variables_that_act_as_options_are_taken_out(host: Host) -> None:
    job = host.job()
    marker = new_marker()
    head = environment_lines(["SBATCH_", "SLURM_"], {"ADDED": "it's"}, ["SLURM_CONF"])
    host.sh(
        render_submissions(marker, [job], head),
        SBATCH_PARTITION="x",
        SLURM_A="1\n2",
        SLURM_CONF="c",
    )
    environment = (host.home / "env").read_text()
    assert "SBATCH_" not in environment
    assert "SLURM_A" not in environment
    assert "SLURM_CONF=c\n" in environment
    assert "ADDED=it's\n" in environment


def test_the_umask_of_the_user_is_kept_and_records_are_private(host: Host) -> None:
    job = host.job()
    umask = os.umask(0o022)
    try:
        host.submit([job])
    finally:
        os.umask(umask)
    assert (host.home / "umask").read_text().strip() == "0022"
    assert (host.home / ".xenon/jobs" / job.token).stat().st_mode & 0o777 == 0o700


def test_commands_are_framed(host: Host) -> None:
    marker = new_marker()
    commands = [("echo", "a b"), ("sh", "-c", "echo oops >&2; printf x; exit 5"), ("nonexistent",)]
    output = host.sh(render_commands(marker, commands, []))
    results = parse_commands(marker, commands, output, "h")
    assert [r.returncode for r in results] == [0, 5, 127]
    assert [r.stdout for r in results] == [b"a b\n", b"x", b""]
    assert b"oops" in results[1].stderr
    for cut in range(0, len(output) - 1, 7):
        with pytest.raises(ValueError, match="not whole"):
            parse_commands(marker, commands, output[:cut], "h")


SLOTS = """#!/bin/sh
echo begin >>"$HOME/slots"; sleep 0.3; echo "job $1"
echo "warning $1" >&2; echo end >>"$HOME/slots"
exit "$1"
"""


@pytest.mark.parametrize("shell", SHELLS)
def test_submit_commands_run_side_by_side_and_answer_in_order(host: Host, shell: str) -> None:
    (host.home / "bin/submit").write_text(SLOTS)
    jobs = [host.job(str(number)) for number in range(10)]
    jobs[4] = host.job("4", directory="/no/such/place")
    marker = new_marker()
    output = host.sh(render_submissions(marker, jobs, [], at_once=4), shell)
    answers = parse_submissions(marker, jobs, output, "")
    assert list(answers) == [job.token for job in jobs]
    for number, job in enumerate(jobs):
        answer = answers[job.token]
        if number == 4:
            assert answer.outcome == "directory"
            continue
        assert answer.result is not None
        assert answer.result.returncode == number
        assert answer.result.stdout == f"job {number}\n".encode()
        assert answer.result.stderr == f"warning {number}\n".encode()
    running = most = 0
    for line in (host.home / "slots").read_text().split():
        running += 1 if line == "begin" else -1
        most = max(most, running)
    assert 2 <= most <= 4


@pytest.mark.parametrize("shell", SHELLS)
def test_a_full_disk_submits_nothing(host: Host, shell: str) -> None:
    """Half a script is never submitted."""
    job = host.job()
    record = host.home / ".xenon/jobs" / job.token
    record.mkdir(parents=True)
    (record / "script").symlink_to("/dev/full")
    assert host.submit([job], shell)[job.token].outcome == "record"
    assert host.count() == 0


@pytest.mark.parametrize("shell", SHELLS)
def test_cleaning_the_environment_takes_no_word_for_another(host: Host, shell: str) -> None:
    marker = new_marker()
    head = environment_lines(["SQUEUE_"], {"IFS_KEPT": "a b"}, ["SQUEUE_KEPT"])
    odd = {"SQUEUE_A": "x\nSQUEUE_$(touch bad)=1\n*", "SQUEUE_KEPT": "k", "NO_SQUEUE_B": "1\n2"}
    commands = [("env",), ("sh", "-c", 'set -- $IFS_KEPT; echo $# "$NO_SQUEUE_B"')]
    output = host.sh(render_commands(marker, commands, head), shell, **odd)
    environment, words = parse_commands(marker, commands, output, "")
    names = {line.partition("=")[0] for line in environment.text().splitlines()}
    assert {"SQUEUE_KEPT", "NO_SQUEUE_B"} <= names
    assert "SQUEUE_A" not in names
    assert words.stdout == b"2 1\n2\n"
