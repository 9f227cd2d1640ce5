"""The stand-in answers as the recorded servers did: same exit codes, same words."""

import re
import shlex
import subprocess
from collections.abc import Iterator

import pytest

from services.pbs import Standin, private_standin
from services.records import PbsServer
from support.samples import recorded
from xenon_py.plugin.runner import CommandResult

_SENT = set("SNjomvVqlAWahtJ")
"""Options that the adaptor or its users send; about others the stand-in knows little."""

_PROGRAMS = {"qsub", "qdel", "qhold", "qrls", "qsig"}
_OTHERWISE = (
    "batch@nosuchhost",  # there is one server
    "-t -1",  # an array without a task
    "-t 1-100000",  # takes its time
    "-t 1-2,2-3",  # the server was down
    "-o otherhost:",  # names of hosts
    "-l host=",
    "-l nodes=vm",
    "-l nodes=1:ppn=1+1:ppn=1",
    "-l software=",
    "-l file=",
    "-l nice=",
    "-m n -M",
    "stagein",
    "sandbox",
    "umask",
    "group_list",
    "-W x=",
    "job_radix",
    "-W bogus",
    "afterok:1:2",
    "nosuchfile",
    "sp ace",
    "afterany:1",  # the server was down
)


@pytest.fixture(scope="module", params=["torque", "openpbs"])
def standin(request: pytest.FixtureRequest) -> Iterator[Standin]:
    with private_standin(request.param) as made:
        yield made


def _comparable(system: str) -> list[tuple[list[str], CommandResult]]:
    """Recorded submissions that the stand-in has to answer alike."""
    found = []
    for name in ("errors", "quoting-names-variables-resources"):
        for result in recorded(system, name):
            text = result.argv[0]
            if "$'" in text or not text.startswith("qsub "):
                continue
            words = shlex.split(text)[1:]
            options = re.findall(r"(?:^| )-(\w)", " ".join(words))
            plain = words[:-1] if words and words[-1].endswith(".sh") else words
            line = " ".join(words)
            if set(options) <= _SENT and not any(text in line for text in _OTHERWISE):
                found.append((plain, result))
    assert len(found) > 45
    return found


def test_submissions_end_as_recorded(standin: Standin) -> None:
    """Same exit code, and the same first line where both refuse."""
    wrong = []
    for words, result in _comparable(standin.flavour):
        done = standin.run("qsub", "-h", *words)
        first = (done.stderr + "\n").split("\n")[0].strip()
        first = re.sub("user [a-z]+@", "user xenon@", first)
        wanted = (result.error_text() + "\n").split("\n")[0].strip()
        if (done.returncode, first) != (result.returncode, wanted):
            wanted_and_got = f"{result.returncode} {wanted!r}, not {done.returncode} {first!r}"
            wrong.append(f"{shlex.join(words)}: {wanted_and_got}")
        standin.administer("away", "off")  # a reversed range crashed it
    assert not wrong, "\n".join(wrong)


def test_unknown_jobs_are_told_as_recorded(standin: Standin) -> None:
    for name in ("errors", "control-as-owner"):
        for result in recorded(standin.flavour, name):
            words = shlex.split(result.argv[0])
            if words[0] in {"qstat", *_PROGRAMS} and "99999" in words[-1]:
                if "suspend" in words or "depend=" in words[-1] or words[-1].endswith(".sh"):
                    continue
                done = standin.run(*words)
                assert (done.returncode, done.stderr) == (
                    result.returncode,
                    result.error_text(),
                ), words


def test_versions(standin: Standin) -> None:
    for result in recorded(standin.flavour, "versions"):
        words = result.argv[0].split()
        if words[0] in {"qstat", "qsub"} and words[1] == "--version":
            done = standin.run(*words)
            assert done.returncode == result.returncode
            assert bool(done.stdout) == bool(result.stdout)


def test_a_reversed_range_crashes_it_and_is_noted() -> None:
    with private_standin("torque") as standin:
        done = standin.run("qsub", "-t", "3-1")
        recording = next(
            r
            for r in recorded("torque", "quoting-dependencies-arrays")
            if r.argv[0] == "qsub -h -t 3-1 ok.sh"
        )
        assert done.returncode in {recording.returncode, 67}
        assert "End of File" in done.stderr
        away = standin.run("qstat")
        assert (away.returncode, "Connection refused" in away.stderr) == (111, True)
        assert standin.administer("violations") == ["qsub -t 3-1"]


@pytest.mark.parametrize("flavour", ["torque", "openpbs"])
def test_over_ssh(flavour: str, request: pytest.FixtureRequest) -> None:
    """The log-in node has the commands."""
    server: PbsServer = request.getfixturevalue(flavour)
    if server.ssh is None:
        pytest.skip("only root can start an sshd")
    command = (
        *("ssh", "-F", "none", "-p", str(server.ssh.port), "-i", str(server.ssh.keys.ed25519)),
        *("-o", f"UserKnownHostsFile={server.ssh.known_hosts}", "-o", "BatchMode=yes"),
        *(f"{server.ssh.user}@127.0.0.1", "qstat -Q -f"),
    )
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Queue: batch" in done.stdout
