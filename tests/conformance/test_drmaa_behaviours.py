"""The behaviours that a conforming DRMAA shows, each on every scheduler.

The rows of a system run side by side, begun by the first test of its class; each test then tells
how one of them went.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from services.records import AtHost, GridEngineCell, PbsServer, SlurmCluster, SshServer
from support.drmaa.sites import Site, environment, local_files, remote_files, ssh_contact
from support.drmaa.table import ROWS

Outcomes = Mapping[str, "Future[None]"]


class Behaviours:
    """The rows; a class per system gives ``site``."""

    @pytest.fixture(scope="class")
    @classmethod
    def outcomes(cls, request: pytest.FixtureRequest, site: Site) -> Iterator[Outcomes]:
        chosen = [
            item.callspec.params["name"]
            for item in request.session.items
            if isinstance(item, pytest.Function) and item.cls is request.cls
        ]
        with ThreadPoolExecutor(len(chosen)) as pool:
            yield {name: pool.submit(ROWS[name].act, site) for name in chosen}

    @pytest.mark.parametrize("name", ROWS)
    def test_row(self, name: str, outcomes: Outcomes) -> None:
        outcomes[name].result(400)


class TestLocal(Behaviours):
    @pytest.fixture(scope="class")
    @classmethod
    def site(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
        directory = tmp_path_factory.mktemp("local")
        with local_files(directory) as (base, here):
            yield Site(
                "adaptor=local;property.local.queue.multi.maxConcurrentJobs=12",
                base,
                here,
                "local-987654",
                embedded=True,
                mails=False,
                missing_command=(False, False, "", False, True, 0),
            )


class TestSsh(Behaviours):
    @pytest.fixture(scope="class")
    @classmethod
    def site(cls, sshd: SshServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
        directory = tmp_path_factory.mktemp("ssh")
        with remote_files(sshd) as (base, there):
            yield Site(
                ssh_contact("ssh", sshd, base, directory),
                base,
                there,
                "ssh-987654",
                other_ends={130: (False, True, "SIGINT", False, False, 0)},
                embedded=True,
                mails=False,
                missing_command=(False, False, "", False, True, 0),
            )


_NEVER_IN_SLURM = {"nativeSpecification": "--dependency=afterok:FAILED --kill-on-invalid-dep=yes"}

# More slots than there are; with `-now yes` a job that cannot start at once is given up.
_NEVER_IN_GRID_ENGINE = {"nativeSpecification": "-now yes -pe smp 500"}

_NATIVE_IN_SLURM = (
    "-J 'my name' -p mypartition,otherpartition --nice=5 --comment=\"it's\"",
    "$SLURM_JOB_NAME",
    "my name",
)


class TestSlurm(Behaviours):
    @pytest.fixture(scope="class")
    @classmethod
    def site(cls, slurm: SlurmCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
        if not slurm.local:
            pytest.skip("this machine has no commands of Slurm")
        with (
            environment(slurm.environment),
            local_files(tmp_path_factory.mktemp("slurm")) as (base, here),
        ):
            contact = f"adaptor=slurm;location=local://{base};property.slurm.poll.delay=500"
            yield Site(
                contact, base, here, "4294967", never=_NEVER_IN_SLURM, native=_NATIVE_IN_SLURM
            )


class TestSlurmOverSsh(Behaviours):
    @pytest.fixture(scope="class")
    @classmethod
    def site(cls, slurm: SlurmCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
        directory = tmp_path_factory.mktemp("slurm_ssh")
        with remote_files(slurm.ssh) as (base, there):
            contact = ssh_contact("slurm", slurm.ssh, base, directory)
            yield Site(
                f"{contact};property.slurm.poll.delay=500",
                base,
                there,
                "4294967",
                never=_NEVER_IN_SLURM,
                native=_NATIVE_IN_SLURM,
                suspends=False,
            )


_NATIVE_IN_GRID_ENGINE = (
    "-v 'QV=a b' -N my_name -q default,slow -b y -j y -S /bin/bash",
    "$QV $JOB_NAME",
    "a b my_name",
)


def _parent_in_grid_engine(task: str) -> str:
    return task.split(".", maxsplit=1)[0]


class TestGridEngine(Behaviours):
    @pytest.fixture(scope="class")
    @classmethod
    def site(
        cls, gridengine: GridEngineCell, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[Site]:
        if not gridengine.local:
            pytest.skip("this machine has no commands of Grid Engine")
        with (
            environment(gridengine.environment),
            local_files(tmp_path_factory.mktemp("gridengine")) as (base, here),
        ):
            contact = f"adaptor=gridengine;location=local://{base}"
            yield Site(
                f"{contact};property.gridengine.poll.delay=500",
                base,
                here,
                "9999998",
                parent=_parent_in_grid_engine,
                never=_NEVER_IN_GRID_ENGINE,
                tells_deletion=False,
                native=_NATIVE_IN_GRID_ENGINE,
                limits_in_seconds=True,
            )


class TestGridEngineOverSsh(Behaviours):
    @pytest.fixture(scope="class")
    @classmethod
    def site(
        cls, gridengine: GridEngineCell, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[Site]:
        directory = tmp_path_factory.mktemp("gridengine_ssh")
        with remote_files(gridengine.ssh) as (base, there):
            contact = ssh_contact("gridengine", gridengine.ssh, base, directory)
            yield Site(
                f"{contact};property.gridengine.poll.delay=500",
                base,
                there,
                "9999998",
                parent=_parent_in_grid_engine,
                never=_NEVER_IN_GRID_ENGINE,
                tells_deletion=False,
                native=_NATIVE_IN_GRID_ENGINE,
                limits_in_seconds=True,
            )


def _pbs(flavour: PbsServer, directory: Path) -> Iterator[Site]:
    if not flavour.local:
        pytest.skip("this machine has no commands of PBS")
    with environment(flavour.environment), local_files(directory) as (base, here):
        yield Site(
            f"adaptor=torque;location=local://{base};property.torque.poll.delay=500",
            base,
            here,
            "9999998",
            holds_tasks=False,
            tells_deletion=False,
            parent=lambda task: f"{task.partition('[')[0]}[]{task.partition(']')[2]}",
            native=("-N my_name -l nodes=1 -j oe -S /bin/bash", "$PBS_JOBNAME", "my_name"),
            limits_in_seconds=True,
        )


class TestTorque(Behaviours):
    @pytest.fixture(scope="class")
    @classmethod
    def site(cls, torque: PbsServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
        yield from _pbs(torque, tmp_path_factory.mktemp("torque"))


class TestOpenPbs(Behaviours):
    @pytest.fixture(scope="class")
    @classmethod
    def site(cls, openpbs: PbsServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
        yield from _pbs(openpbs, tmp_path_factory.mktemp("openpbs"))


class TestAt(Behaviours):
    @pytest.fixture(scope="class")
    @classmethod
    def site(cls, atd: AtHost, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
        directory = tmp_path_factory.mktemp("at")
        with remote_files(atd.ssh) as (base, there):
            contact = ssh_contact("at", atd.ssh, base, directory)
            yield Site(
                f"{contact};property.at.poll.delay=500",
                base,
                there,
                "9999998",
                parent=lambda task: task,
                arrays=False,
                holds=False,
                suspends=None,
                native=("", "", ""),
                mails=False,
            )
