"""Cut connections while jobs go to TORQUE and OpenPBS: none is lost, and none comes twice."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from services.fixtures import Services
from services.pbs import Standin, private_standin
from services.records import PbsServer
from services.sshd import Sshd, SshdOptions
from support.cuts import check_once, slow_command, submit_under_cuts
from support.pbs import here, over_ssh, sh, with_environment
from xenon_adaptors.torque_protocol.submitting import job_name
from xenon_py.exceptions import NotConnectedException, SubmissionUncertainException

ROUNDS = 2  # of each point


@pytest.fixture(params=["torque", "openpbs"])
def standin(services: Services, request: pytest.FixtureRequest) -> Iterator[Standin]:
    services.require_native()
    with contextlib.ExitStack() as stack:
        yield services.enter(stack, lambda: private_standin(request.param))


def listed(standin: Standin) -> list[list[str]]:
    """Identifier, name and state of all jobs that the server has."""
    return [line.split() for line in standin.administer("jobs")]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start an sshd")
def test_cut_at_each_point_of_a_submission(
    standin: Standin,
    new_sshd: Callable[..., Sshd],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("slow")
    path = standin.environment["PATH"]
    slow_command(folder, shutil.which("qsub", path=path) or "")
    options = SshdOptions(set_env={"PATH": f"{folder}:{path}"}, max_startups="200")
    server = PbsServer(standin.flavour, None, {}, local=False, real=False)
    login = replace(server, ssh=new_sshd(options).server)
    outcomes = submit_under_cuts(
        _port(login), lambda port: over_ssh(login, port), ROUNDS, hold=True
    )
    full = {job_name(outcome.name): outcome.name for outcome in outcomes}
    found: dict[str, list[str]] = {}
    for job_id, name, _ in listed(standin):
        found.setdefault(full[name], []).append(job_id)
    check_once(outcomes, found)


def _port(login: PbsServer) -> int:
    assert login.ssh
    return login.ssh.port


def test_a_job_is_found_by_its_token(standin: Standin, tmp_path: Path) -> None:
    with with_environment(standin.environment), here(tmp_path) as scheduler:
        adaptor = scheduler._adaptor  # type: ignore[attr-defined]
        job = scheduler.submit_batch_job(sh("exit 0", hold=True))
        tasks = scheduler.submit_job_array(sh("exit 0"), 1, 2)
        command = scheduler.render(sh("exit 0")).command
        assert any(word.startswith("XENON_SUBMISSION=x") for word in command)
        for wanted in (job.id, tasks[0].id.replace("[1]", "[]")):
            token = adaptor._statuses.tracked(job.id if wanted == job.id else tasks[0].id).token
            query = adaptor._adaptor.find_by_token_command(token, adaptor._site)
            result = adaptor.host.query(query)
            assert adaptor._adaptor.parse_find_by_token(result, token, adaptor._site) == [wanted]
        scheduler.cancel_job(job)


def test_a_server_that_is_away_takes_nothing(standin: Standin, tmp_path: Path) -> None:
    with with_environment(standin.environment), here(tmp_path) as scheduler:
        standin.administer("away", "on")
        with pytest.raises(NotConnectedException, match="away"):
            scheduler.submit_batch_job(sh("exit 0"))
        standin.administer("away", "off")
        assert listed(standin) == []
        assert scheduler.submit_batch_job(sh("exit 0")).wait(30_000).exit_code == 0


def test_a_server_that_breaks_off_may_have_taken_it(
    standin: Standin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job is there, and qsub says End of File: it is looked for, and found."""
    program = tmp_path / "bin" / "qsub"
    program.parent.mkdir()
    real = standin.commands / "qsub"
    program.write_text(
        f'#!/bin/sh\n{real} "$@" >/dev/null\n'
        "echo 'qsub: submit error (End of File)' >&2\nexit 67\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{standin.environment['PATH']}")
    with here(tmp_path) as scheduler:
        job = scheduler.submit_batch_job(sh("exit 0", hold=True))
        assert [row[0] for row in listed(standin)] == [job.id]
        real.rename(real.with_name("away"))
        with pytest.raises(SubmissionUncertainException, match="not known"):
            scheduler.submit_batch_job(sh("exit 0", hold=True))
