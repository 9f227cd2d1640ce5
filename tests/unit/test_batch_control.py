"""Control of many jobs by one command: whom its answer means, and what becomes of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from xenon_adaptors.schedulers.at import AtAdaptor
from xenon_adaptors.schedulers.gridengine import GridEngineAdaptor
from xenon_adaptors.schedulers.slurm import SlurmAdaptor
from xenon_adaptors.schedulers.torque import TorqueAdaptor
from xenon_py.engine.batch.controlling import CHUNK, Controller
from xenon_py.engine.batch.host import SubmitHost
from xenon_py.exceptions import (
    NoSuchJobException,
    NotConnectedException,
    PermissionDeniedException,
    XenonException,
)
from xenon_py.model.properties import resolve_properties
from xenon_py.plugin.batch import BatchAdaptor, Control, Site
from xenon_py.plugin.runner import CommandResult

PBS = Site(details={"server": "vm", "dialect": "torque"})


class Host(SubmitHost):
    """A submit host that gives prepared answers and notes the commands."""

    def __init__(self, answers: Sequence[tuple[int, str]] = ()) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.rounds = 0
        self._answers = list(answers)

    def run(
        self, commands: Sequence[Sequence[str]], *, patience: float = 0.0
    ) -> list[CommandResult]:
        assert patience >= 1
        self.rounds += 1
        results = []
        for command in commands:
            code, said = self._answers.pop(0) if self._answers else (0, "")
            if code < 0:
                raise NotConnectedException.because("away")
            self.asked.append(tuple(command))
            results.append(CommandResult(tuple(command), code, None, b"", said.encode()))
        return results


def made(kind: type[BatchAdaptor]) -> BatchAdaptor:
    name = kind.description.name
    return kind(resolve_properties(kind.description.supported_properties, {}, adaptor=name))


def kinds(outcomes: Sequence[XenonException | None]) -> list[type | None]:
    return [type(one) if one else None for one in outcomes]


SLURM = """\
scancel: Terminating job 1
scancel: Job is in transitional state, retrying
scancel: error: Kill job error on job id 4_2: Access/permission denied
scancel: error: Kill job error on job id 99999: Invalid job id specified
"""
HELD = """\
Job has already finished for job 3
Invalid job id specified for job 99999
4_2: Job has already finished
slurm_suspend error: No error
"""
GRID_ENGINE = """\
root has deleted job 1
denied: job "3" does not exist
root has deleted job-array task 4.2
root has registered the job 5 for deletion
job "4" task "9" does not exist
Modify operation can not be applied on job-array task 6.1 in pending/hold state
"""
PBS_SAID = """\
qdel: Unknown Job Id Error 9.vm
qdel: Unauthorized Request  4[2].vm
"""
GONE, DENIED = NoSuchJobException, PermissionDeniedException

CASES: Mapping[str, tuple[type[BatchAdaptor], Control, int, str, Mapping[str, type | None]]] = {
    "scancel": (
        SlurmAdaptor,
        Control.CANCEL,
        0,
        SLURM,
        {"1": None, "4_2": DENIED, "99999": GONE, "2": None},
    ),
    "scontrol": (
        SlurmAdaptor,
        Control.HOLD,
        1,
        HELD,
        {"1": None, "3": GONE, "4_2": GONE, "99999": GONE, "9": None},
    ),
    "scontrol-away": (
        SlurmAdaptor,
        Control.HOLD,
        1,
        HELD + "slurm_suspend error: Unable to contact slurm controller\n",
        {"1": XenonException, "3": GONE, "4_2": GONE, "99999": GONE},
    ),
    "qdel-ge": (
        GridEngineAdaptor,
        Control.CANCEL,
        1,
        GRID_ENGINE,
        {"1": None, "3": GONE, "4.2": None, "5": None, "4.9": GONE, "6": XenonException},
    ),
    "qdel-ge-broken": (
        GridEngineAdaptor,
        Control.CANCEL,
        1,
        'error: commlib error\nroot has deleted job 1\ndenied: job "3" does not exist\n',
        {"1": None, "3": GONE, "7": XenonException},
    ),
    "qdel-pbs": (
        TorqueAdaptor,
        Control.CANCEL,
        153,
        PBS_SAID,
        {"8.vm": None, "9.vm": GONE, "4[2].vm": DENIED, "4[3].vm": None},
    ),
    "killed": (
        SlurmAdaptor,
        Control.CANCEL,
        143,
        SLURM,
        {"1": XenonException, "4_2": DENIED, "99999": GONE},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_answer_is_told_of_whom_it_means(case: str) -> None:
    kind, control, code, said, expected = CASES[case]
    host = Host([(code, said)])
    controller = Controller(made(kind), host, PBS)
    outcomes = controller.act(control, list(expected))
    assert kinds(outcomes) == list(expected.values())
    assert len(host.asked) == 1


def test_jobs_that_nobody_can_mean_keep_no_others() -> None:
    host = Host()
    outcomes = Controller(made(SlurmAdaptor), host, Site()).act(
        Control.CANCEL, ["1", "2-9", "1", "3;b"]
    )
    assert kinds(outcomes) == [None, NoSuchJobException, None, None]
    assert host.asked == [("scancel", "-v", "1"), ("scancel", "-v", "-M", "b", "3")]
    assert host.rounds == 1


def test_a_thousand_jobs_in_a_command() -> None:
    host = Host()
    numbers = [str(number) for number in range(1, 2501)]
    assert not any(Controller(made(SlurmAdaptor), host, Site()).act(Control.HOLD, numbers))
    assert [command[-1].count(",") + 1 for command in host.asked] == [1000, 1000, 500]
    assert host.rounds == 1


def test_systems_that_do_not_name_jobs_take_one_command_each() -> None:
    host = Host([(0, ""), (153, ""), (0, "")])
    outcomes = Controller(made(TorqueAdaptor), host, PBS).act(Control.HOLD, ["1", "2", "3"])
    assert kinds(outcomes) == [None, NoSuchJobException, None]
    assert (len(host.asked), host.rounds) == (3, 1)


def test_one_number_on_two_servers_is_two_commands() -> None:
    host = Host()
    Controller(made(TorqueAdaptor), host, PBS).act(Control.CANCEL, ["1.a", "1.b"])
    assert len(host.asked) == 2


def test_a_connection_that_breaks_tells_what_was_done_before() -> None:
    numbers = [str(number) for number in range(2 * CHUNK)]
    host = Host([(0, "")] * CHUNK + [(-1, "")])
    outcomes = Controller(made(AtAdaptor), host, Site()).act(Control.CANCEL, numbers)
    assert kinds(outcomes) == [None] * CHUNK + [NotConnectedException] * CHUNK
