"""The ``ssh`` scheduler on a real server: files, ends, signals, limits, what is left behind."""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.ssh.conftest import password_of
from services.records import SshServer
from services.sshd import NOISY, ONE_SESSION, Sshd, SshdOptions
from unit.runner_contract import eventually
from xenon_py import Job, JobDescription, JobReason, JobStatus, Scheduler
from xenon_py import Path as XenonPath

NewSshd = Callable[..., Sshd]
HARD = ["!x", "a\nb", "'\"\\", "$HOME `id`", "%s", "-n", "", "ä\x01"]


def open_scheduler(server: SshServer, location: str = "", **given: str) -> Scheduler:
    properties = {"knownHostsFile": str(server.known_hosts), "loadSshConfig": "false", **given}
    return Scheduler.create(
        "ssh",
        location=location or server.location,
        properties={f"ssh.{name}": text for name, text in properties.items()},
        password_credential=password_of(server),
    )


def in_home(server: SshServer) -> str:
    """A fresh directory over there."""
    name = f"{server.home}/{secrets.token_hex(6)}"
    subprocess.run(["install", "-d", "-o", server.user, name], check=True)
    return name


@pytest.fixture
def scheduler(sshd: SshServer) -> Iterator[Scheduler]:
    location = sshd.location + in_home(sshd)
    with open_scheduler(sshd, location) as made:
        yield made


def run(scheduler: Scheduler, *words: str, **fields: object) -> JobStatus:
    description = JobDescription(executable=words[0], arguments=list(words[1:]), **fields)
    return scheduler.wait_until_done(scheduler.submit_batch_job(description), 60_000)


def content(scheduler: Scheduler, name: str) -> str:
    directory = scheduler.get_location().partition("/")[2]
    return Path(f"/{directory}/{name}").read_text()


def pids(command: str) -> list[str]:
    """Processes with a command line, which has to be unique."""
    found = subprocess.run(["pgrep", "-f", command], capture_output=True, text=True, check=False)
    return found.stdout.split()


def test_output_files_are_written_over_there(scheduler: Scheduler, sshd: SshServer) -> None:
    status = run(scheduler, "sh", "-c", "echo out; echo err >&2; id -un", stdout="o", stderr="e")
    assert (status.exit_code, status.reason) == (0, JobReason.COMPLETED)
    assert content(scheduler, "o") == f"out\n{sshd.user}\n"
    assert content(scheduler, "e") == "err\n"


def test_both_streams_into_one_file(scheduler: Scheduler) -> None:
    run(scheduler, "sh", "-c", "echo out; echo err >&2; echo out", stdout="o", stderr="o")
    assert content(scheduler, "o") == "out\nerr\nout\n"


def test_words_and_variables_are_literal(scheduler: Scheduler) -> None:
    names = ["n", "q", "_n", "d", "IFS", "UID"]
    environment = {name: f"{name} '!\n$(id)" for name in names}
    run(scheduler, "printf", "<%s>", *HARD, stdout="words")
    assert content(scheduler, "words") == "".join(f"<{word}>" for word in HARD)
    run(scheduler, "printenv", *names, stdout="variables", environment=environment)
    expected = "".join(f"{value}\n" for value in environment.values())
    assert content(scheduler, "variables") == expected


def test_directory_and_input(scheduler: Scheduler) -> None:
    run(scheduler, "sh", "-c", "mkdir 'a b'; echo text > 'a b/in'")
    status = run(scheduler, "sh", "-c", "pwd; cat", working_directory="a b", stdin="in", stdout="o")
    assert status.exit_code == 0
    assert content(scheduler, "a b/o").endswith("/a b\ntext\n")


def test_no_input_is_the_end_of_the_input(scheduler: Scheduler) -> None:
    assert run(scheduler, "cat", stdout="o").exit_code == 0
    assert content(scheduler, "o") == ""


@pytest.mark.parametrize(
    ("script", "exit_code", "signal"),
    [
        ("exit 7", 7, None),
        ("exit 137", 137, None),
        ("kill -9 $$", None, 9),
        ("kill -TERM $$", None, 15),
        ("kill -INT $$", None, 2),
        ("kill -PIPE $$", None, 13),
        ("sh -c 'kill -9 $$'; exit $?", 137, None),
    ],
)
def test_ends_are_true(
    scheduler: Scheduler, script: str, exit_code: int | None, signal: int | None
) -> None:
    status = run(scheduler, "sh", "-c", script)
    assert (status.exit_code, status.signal) == (exit_code, signal)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"working_directory": "/nowhere"}, "/nowhere"),
        ({"stdin": "absent"}, "absent"),
        ({"stdout": "there"}, "already exists"),
        ({"stderr": "there"}, "already exists"),
        ({"stdout": "dangling"}, "already exists"),
        ({"stdout": "/etc/not-mine"}, "No permission"),
        ({"stdout": "no/such/directory"}, "no/such"),
        ({"executable": "no-such-program-4711"}, "no-such-program-4711"),
        ({"executable": "./there"}, "cannot be run"),
    ],
)
def test_what_cannot_start_says_why(scheduler: Scheduler, fields: dict[str, str], why: str) -> None:
    run(scheduler, "sh", "-c", "echo keep > there; ln -s nowhere dangling")
    description = JobDescription(**{"executable": "true", "stdout": "new", **fields})
    status = scheduler.wait_until_done(scheduler.submit_batch_job(description), 60_000)
    assert status.state == "ERROR"
    assert why in status.error_message
    assert content(scheduler, "there") == "keep\n"
    assert not scheduler.get_file_system().exists(XenonPath("new")) or "new" in description.stdout


def test_a_file_made_before_the_start_failed_is_removed(scheduler: Scheduler) -> None:
    run(scheduler, "touch", "there")
    assert run(scheduler, "true", stdout="new", stderr="there").state == "ERROR"
    assert run(scheduler, "true", stdout="new").exit_code == 0


def test_cancel_ends_the_whole_group(scheduler: Scheduler) -> None:
    mark = f"61{secrets.randbelow(10**6):06}"
    script = f"sleep {mark} & trap '' TERM; sleep {mark} & wait; sleep {mark}"
    job = scheduler.submit_batch_job(JobDescription(executable="sh", arguments=["-c", script]))
    assert eventually(lambda: len(pids(f"^sleep {mark}")) == 2)
    scheduler.cancel_job(job)
    assert scheduler.wait_until_done(job, 20_000).state == "KILLED"
    assert pids(f"sleep {mark}") == []


def test_signals_reach_the_job(scheduler: Scheduler) -> None:
    script = (
        "import signal,time; signal.signal(10, lambda *a: exit(5)); open('up','w'); time.sleep(60)"
    )
    for name, expected in (("USR1", (5, None)), ("INT", (None, 2))):
        job = scheduler.submit_batch_job(
            JobDescription(executable="python3", arguments=["-c", script])
        )
        assert eventually(lambda: scheduler.get_file_system().exists(XenonPath("up")))
        scheduler.signal_job(job, name)
        status = scheduler.wait_until_done(job, 20_000)
        assert (status.exit_code, status.signal) == expected
        scheduler.get_file_system().delete(XenonPath("up"))


def test_suspend_and_resume(scheduler: Scheduler) -> None:
    job = scheduler.submit_batch_job(JobDescription(executable="sleep", arguments=["0.5"]))
    scheduler.wait_until_running(job)
    scheduler.suspend_job(job)
    time.sleep(1)
    assert scheduler.get_job_status(job).state == "SUSPENDED"
    scheduler.resume_job(job)
    assert scheduler.wait_until_done(job, 20_000).exit_code == 0


def test_interactive(scheduler: Scheduler) -> None:
    description = JobDescription(
        executable="sh", arguments=["-c", 'cat; echo "$V" >&2; exit 3'], environment={"V": "!v"}
    )
    data = [b"\0\xff" * 50_000, b"end"]
    first, stream = scheduler.submit_interactive_job(description, data)
    answers = list(stream)
    assert b"".join(a.stdout for a in answers) == b"".join(data)
    assert b"".join(a.stderr for a in answers) == b"!v\n"
    assert scheduler.wait_until_done(Job(first.id), 20_000).exit_code == 3


@pytest.mark.parametrize("options", [ONE_SESSION, NOISY], ids=["one session", "noise"])
def test_odd_servers(new_sshd: NewSshd, options: SshdOptions) -> None:
    server = new_sshd(options).server
    with open_scheduler(server, server.location + in_home(server)) as scheduler:
        assert run(scheduler, "echo", "!x", stdout="o").exit_code == 0
        assert content(scheduler, "o") == "!x\n"
        job, stream = scheduler.submit_interactive_job(JobDescription(executable="cat"), [b"x"])
        assert b"".join(answer.stdout for answer in stream) == b"x"
        assert scheduler.wait_until_done(Job(job.id), 20_000).exit_code == 0


def test_many_jobs_with_output_on_multi(scheduler: Scheduler) -> None:
    jobs = [
        scheduler.submit_batch_job(
            JobDescription(
                executable="echo", arguments=[str(n)], queue_name="multi", stdout=f"o{n}"
            )
        )
        for n in range(50)
    ]
    statuses = [scheduler.wait_until_done(job, 60_000) for job in jobs]
    assert {status.exit_code for status in statuses} == {0}
    assert [content(scheduler, f"o{n}") for n in range(50)] == [f"{n}\n" for n in range(50)]


def test_a_thousand_jobs_at_once(scheduler: Scheduler) -> None:
    description = JobDescription(executable="true", queue_name="unlimited")
    jobs = [scheduler.submit_batch_job(description) for _ in range(1000)]
    statuses = [scheduler.wait_until_done(job, 120_000) for job in jobs]
    assert {(status.exit_code, status.error_message) for status in statuses} == {(0, "")}


def test_close_leaves_nothing(new_sshd: NewSshd) -> None:
    mark = f"62{secrets.randbelow(10**6):06}"
    temporary = f"/tmp/xenon-test-{secrets.token_hex(6)}"
    server = new_sshd(SshdOptions(set_env={"TMPDIR": temporary})).server
    subprocess.run(["install", "-d", "-o", server.user, temporary], check=True)
    scheduler = open_scheduler(server)
    assert len(os.listdir(temporary)) == 1
    sleeping = JobDescription(executable="sleep", arguments=[mark], queue_name="unlimited")
    scheduler.wait_until_running(scheduler.submit_batch_job(sleeping))
    scheduler.submit_interactive_job(sleeping, [])
    assert eventually(lambda: len(pids(f"^sleep {mark}")) == 2)
    scheduler.close()
    assert eventually(lambda: pids(f"^sleep {mark}") == [])
    assert eventually(lambda: os.listdir(temporary) == [])
    os.rmdir(temporary)


def test_jobs_through_gateways_and_their_file_system(ssh_chain: object) -> None:
    from conformance.ssh.test_ssh_gateways import credentials, via
    from services.records import SshChain

    assert isinstance(ssh_chain, SshChain)
    directory = in_home(ssh_chain.target)
    location = via(ssh_chain).replace(" ", f"{directory} ", 1)
    properties = {
        "ssh.knownHostsFile": str(ssh_chain.known_hosts),
        "ssh.loadSshConfig": "false",
        "ssh.timeout": "20000",
    }
    with Scheduler.create(
        "ssh", location=location, properties=properties, credential_map=credentials(ssh_chain)
    ) as scheduler:
        assert run(scheduler, "id", "-un", stdout="o").exit_code == 0
        files = scheduler.get_file_system()
        assert b"".join(files.read_from_file(XenonPath("o"))).decode().strip() == (
            ssh_chain.target.user
        )
        files.close()
