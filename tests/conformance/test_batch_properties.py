"""Each documented property of ``gridengine`` and ``at`` does what it says."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.ssh.conftest import agent  # noqa: F401 - pytest finds it by its name
from services.proxy import Proxy
from services.records import AtHost, GridEngineCell, SshServer
from support.gridengine import commands_of, here
from xenon_adaptors.descriptions import AT, GRIDENGINE
from xenon_py import CertificateCredential, JobDescription, PasswordCredential, Scheduler
from xenon_py.exceptions import (
    AuthenticationException,
    IncompatibleVersionException,
    InvalidPropertyException,
    UnknownHostKeyException,
    XenonException,
)
from xenon_py.model.jobs import JobReason

EXERCISED = {
    "gridengine.ignore.version": "test_a_version_that_is_not_told",
    "gridengine.accounting.grace.timeout": "test_the_grace_of_accounting_by_each_of_its_names",
    "gridengine.poll.delay": "test_least_time_between_two_queries",
    "at.poll.delay": "test_least_time_between_two_queries",
    "ssh.strictHostKeyChecking": "test_trust",
    "ssh.loadKnownHosts": "test_trust",
    "ssh.knownHostsFile": "test_trust",
    "ssh.loadSshConfig": "test_configuration",
    "ssh.configFile": "test_configuration",
    "ssh.agent": "test_agent",
    "ssh.agentForwarding": "test_agent_forwarding",
    "ssh.timeout": "test_a_server_that_does_not_answer",
    "ssh.queue.pollingDelay": "test_properties_of_other_adaptors_are_checked",
    "ssh.queue.multi.maxConcurrentJobs": "test_properties_of_other_adaptors_are_checked",
    "local.queue.pollingDelay": "test_properties_of_other_adaptors_are_checked",
    "local.queue.multi.maxConcurrentJobs": "test_properties_of_other_adaptors_are_checked",
}
"""Documented properties, and the test in this file that shows what each of them does."""


def test_every_documented_property_is_exercised() -> None:
    documented = {
        declared.name.removeprefix("xenon.adaptors.schedulers.")
        for description in (GRIDENGINE, AT)
        for declared in description.supported_properties
    }
    assert documented == set(EXERCISED)
    assert all(callable(globals().get(name)) for name in EXERCISED.values())


Open = Callable[..., Scheduler]


@pytest.fixture(params=["gridengine", "at"])
def server(request: pytest.FixtureRequest) -> tuple[str, SshServer]:
    """An adaptor, and a host that has its system."""
    record: GridEngineCell | AtHost
    record = request.getfixturevalue("gridengine" if request.param == "gridengine" else "atd")
    return str(request.param), record.ssh


@pytest.fixture
def connect(server: tuple[str, SshServer]) -> Iterator[Open]:
    """Makes schedulers that are closed at the end; properties of ``ssh`` by their names."""
    adaptor, ssh = server
    made: list[Scheduler] = []

    def to(location: str = "", credential: object = None, **properties: str) -> Scheduler:
        values = {
            "loadSshConfig": "false",
            "knownHostsFile": str(ssh.known_hosts),
            **properties,
        }
        scheduler = Scheduler.create(
            adaptor,
            location=f"ssh://{location or ssh.location}",
            properties={f"ssh.{name}": text for name, text in values.items()},
            **_named(credential or PasswordCredential(username=ssh.user, password=ssh.password)),
        )
        made.append(scheduler)
        return scheduler

    yield to
    for scheduler in made:
        scheduler.close()


def _named(credential: object) -> dict[str, object]:
    name = "password" if isinstance(credential, PasswordCredential) else "certificate"
    return {f"{name}_credential": credential}


def test_trust(server: tuple[str, SshServer], connect: Open, tmp_path: Path) -> None:
    empty = tmp_path / "known_hosts"
    empty.touch()
    with pytest.raises(UnknownHostKeyException):
        connect(knownHostsFile=str(empty))
    with pytest.raises(UnknownHostKeyException):
        connect(loadKnownHosts="false")
    assert connect(knownHostsFile=str(empty), strictHostKeyChecking="false").get_queue_names()
    assert empty.read_text(), "not strict: it was stored"


def test_configuration(server: tuple[str, SshServer], connect: Open, tmp_path: Path) -> None:
    config = tmp_path / "config"
    ssh = server[1]
    config.write_text(f"Host by-a-name\nHostName {ssh.host}\nPort {ssh.port}\n")
    given = {"configFile": str(config), "loadSshConfig": "true"}
    assert connect("by-a-name", strictHostKeyChecking="false", **given).get_queue_names()
    with pytest.raises(XenonException, match="by-a-name"):
        connect("by-a-name", **{**given, "loadSshConfig": "false"})


@pytest.mark.usefixtures("agent")
def test_agent(server: tuple[str, SshServer], connect: Open) -> None:
    ssh = server[1]
    stranger = CertificateCredential(username=ssh.user, certfile=str(ssh.keys.stranger))
    with pytest.raises(AuthenticationException):
        connect(credential=stranger)
    assert connect(credential=stranger, agent="true").get_queue_names()


@pytest.mark.usefixtures("agent")
def test_agent_forwarding(server: tuple[str, SshServer], connect: Open) -> None:
    del server
    for forwarded in (True, False):
        scheduler = connect(agentForwarding=str(forwarded).lower())
        runner = scheduler._adaptor.host.runner  # type: ignore[attr-defined]
        listed = runner.run(["ssh-add", "-l"], timeout=20)
        assert (b"ED25519" in listed.stdout) is forwarded, listed


def test_a_server_that_does_not_answer(server: tuple[str, SshServer], connect: Open) -> None:
    with Proxy(server[1].port) as proxy:
        proxy.freeze()
        began = time.monotonic()
        with pytest.raises(XenonException):
            connect(f"127.0.0.1:{proxy.port}", timeout="500")
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("adaptor", ["gridengine", "at"])
@pytest.mark.parametrize("machine", ["ssh", "local"])
def test_properties_of_other_adaptors_are_checked(adaptor: str, machine: str) -> None:
    """They are taken, as documented, and concern the adaptors that they are named for."""
    for name, value in (("queue.pollingDelay", "99"), ("queue.multi.maxConcurrentJobs", "0")):
        with pytest.raises(InvalidPropertyException, match=name):
            Scheduler.create(adaptor, "local://", properties={f"{machine}.{name}": value})


@pytest.mark.parametrize("adaptor", ["gridengine", "at"])
def test_least_time_between_two_queries(
    request: pytest.FixtureRequest, adaptor: str, tmp_path: Path
) -> None:
    counted = {}
    if adaptor == "gridengine":
        request.getfixturevalue("at_this_cell")
    elif not request.getfixturevalue("atd").local:
        pytest.skip("at is not on this machine")
    for delay in ("100", "1000"):
        given = {f"{adaptor}.poll.delay": delay}
        with Scheduler.create(adaptor, f"local://{tmp_path}", properties=given) as scheduler:
            job = scheduler.submit_batch_job(JobDescription(executable="sleep", arguments=["60"]))
            host = scheduler._adaptor.host  # type: ignore[attr-defined]
            before = host.rounds
            job.wait(2500)
            counted[delay] = host.rounds - before
            job.cancel()
    assert counted["1000"] <= 8  # a look at a job that is not listed for a moment counts twice
    assert counted["100"] > counted["1000"] + 2


# --- Grid Engine alone ------------------------------------------------------------------------


@pytest.fixture
def at_this_cell(gridengine: GridEngineCell) -> Iterator[None]:
    with commands_of(gridengine):
        yield


@pytest.mark.usefixtures("at_this_cell")
def test_a_version_that_is_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = subprocess.check_output(["which", "qstat"], text=True).strip()
    program = tmp_path / "qstat"
    program.write_text(f'#!/bin/sh\n[ "$1" != -help ] || exit 0\nexec {real} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin:{Path(real).parent}")
    with pytest.raises(IncompatibleVersionException):
        here(tmp_path)
    with here(tmp_path, ignore_version="true") as scheduler:
        assert "default" in scheduler.get_queue_names()


@pytest.mark.usefixtures("at_this_cell")
def test_the_grace_of_accounting_by_each_of_its_names(tmp_path: Path) -> None:
    """A job that somebody deleted before it ran is known to be so after that time."""
    seconds: dict[str, float] = {}

    def measure(spelling: str, grace: int) -> None:
        given = {f"gridengine.accounting.{spelling}": str(grace), "gridengine.poll.delay": "200"}
        with Scheduler.create("gridengine", f"local://{tmp_path}", properties=given) as scheduler:
            job = scheduler.submit_batch_job(JobDescription(executable="true", hold=True))
            subprocess.run(["qdel", job.id], check=True, stdout=subprocess.DEVNULL)
            began = time.monotonic()
            assert job.wait(30_000).reason is JobReason.CANCELLED
            seconds[spelling] = time.monotonic() - began

    spellings = {"grace": 100, "grace.time": 100, "grace.timeout": 6000}
    threads = [threading.Thread(target=measure, args=pair) for pair in spellings.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seconds.keys() == spellings.keys()
    assert max(seconds["grace"], seconds["grace.time"]) < 5 < seconds["grace.timeout"]
