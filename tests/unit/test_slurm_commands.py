"""The commands that are run for Slurm, word by word."""

from __future__ import annotations

import datetime

import pytest

from xenon_adaptors.descriptions import SLURM
from xenon_adaptors.schedulers.slurm import SlurmAdaptor
from xenon_py.model.jobs import ArrayRange, Job, JobDescription
from xenon_py.model.properties import resolve_properties
from xenon_py.plugin.batch import BatchJob, Control, Site

SITE = Site("22.05", ("a",), "a", accounting=True, details={"cluster": "here"})
ADAPTOR = SlurmAdaptor(resolve_properties(SLURM.supported_properties, {}, adaptor="slurm"))
PLAIN = (
    "sbatch",
    "--parsable",
    "--job-name=xenon",
    "--chdir=/w",
    "--output=/dev/null",
    "--error=/dev/null",
    "--comment=xenon:tok",
    "--export=NONE",
)


def sbatch(span: ArrayRange | None = None, **fields: object) -> tuple[str, ...]:
    description = JobDescription(executable="x", working_directory="/w", **fields)
    return ADAPTOR.submit_command(BatchJob(description, "tok", span), SITE)


def test_what_is_not_set_is_not_there() -> None:
    assert sbatch() == PLAIN


@pytest.mark.parametrize(
    ("fields", "options"),
    [
        ({"queue_name": "big"}, ["--partition=big"]),
        ({"tasks": 3}, ["--ntasks=3"]),
        ({"cores_per_task": 2}, ["--cpus-per-task=2"]),
        ({"tasks_per_node": 4}, ["--ntasks-per-node=4"]),
        ({"max_runtime": 15}, ["--time=15"]),
        ({"max_memory": 100}, ["--mem=100M"]),
        ({"temp_space": 7}, ["--tmp=7M"]),
        ({"account": "acc"}, ["--account=acc"]),
        ({"gpus_per_task": 1}, ["--ntasks=1", "--gpus-per-task=1"]),
        ({"gpus_per_task": 1, "tasks": 2}, ["--ntasks=2", "--gpus-per-task=1"]),
        ({"hold": True}, ["--hold"]),
        (
            {"depends_on": [Job("7"), "8_2;here"]},
            ["--dependency=afterok:7:8_2", "--kill-on-invalid-dep=yes"],
        ),
        ({"scheduler_arguments": ["-M", "b", "--qos=q"]}, ["-M", "b", "--qos=q"]),
    ],
)
def test_each_field(fields: dict[str, object], options: list[str]) -> None:
    assert sbatch(**fields) == (*PLAIN, *options)


def test_fields_that_change_an_option() -> None:
    assert "--job-name=it's\tme" in sbatch(name="it's\tme")
    assert "--export=ALL" in sbatch(inherit_environment=True)
    tomorrow = datetime.datetime.now() + datetime.timedelta(days=1)
    wanted = f"--begin={tomorrow:%Y-%m-%dT%H:%M:00}"
    assert wanted in sbatch(start_time=f"{tomorrow:%H:%M %d.%m.%Y}")


def test_arrays() -> None:
    assert sbatch(ArrayRange(1, 9)) == (*PLAIN, "--array=1-9")
    assert sbatch(ArrayRange(2, 8, 3, 4)) == (*PLAIN, "--array=2-8:3%4")


def test_one_process_per_task() -> None:
    assert ADAPTOR.launcher(JobDescription(start_per_task=True)) == ("srun", "--export=ALL")
    assert ADAPTOR.launcher(JobDescription()) == ()


def test_interactive() -> None:
    job = BatchJob(JobDescription(executable="x", tasks=2, queue_name="q"), "tok")
    assert ADAPTOR.interactive_command(job, SITE, ("sh", "-c", "script")) == (
        *("srun", "--job-name=xenon", "--comment=xenon:tok", "--error=/dev/fd/5", "--input=0"),
        *("--export=ALL", "--partition=q", "--ntasks=2", "sh", "-c", "script"),
    )


def test_a_lone_job_is_asked_for_twice() -> None:
    """Slurm reports a lone unknown identifier as an error, and leaves it out among several."""
    assert ADAPTOR.listing_command(["7"], SITE)[-2:] == ("-j", "7,7")
    assert ADAPTOR.listing_command(["7_1", "7_2", "9"], SITE)[-2:] == ("-j", "7,9")
    accounting = ADAPTOR.accounting_command(["7_1", "7_2", "9"], SITE)
    assert accounting is not None
    assert accounting[-2:] == ("-j", "7,9")


def test_several_clusters_are_asked_in_one_command() -> None:
    listing = ADAPTOR.listing_command(["7", "7;b", "8_1;b"], SITE)
    assert listing[listing.index("-M") + 1] == "here,b"
    assert listing[-1] == "7,8"
    assert "-h" not in listing, "without headings squeue does not say which cluster"


def test_no_accounting_is_not_asked() -> None:
    assert ADAPTOR.accounting_command(["7"], Site(details={"cluster": ""})) is None


@pytest.mark.parametrize(
    ("control", "job_id", "command"),
    [
        (Control.CANCEL, "7_1", "scancel -v 7_1"),
        (Control.CANCEL, "7;b", "scancel -v -M b 7"),
        (Control.SIGNAL, "7", "scancel -v --signal=10 --full 7"),
        (Control.HOLD, "7_1", "scontrol hold 7_1"),
        (Control.RELEASE, "7_1;b", "scontrol -M b release 7_1"),
        (Control.SUSPEND, "7", "scontrol suspend 7"),
        (Control.RESUME, "7", "scontrol resume 7"),
    ],
)
def test_controls(control: Control, job_id: str, command: str) -> None:
    assert ADAPTOR.control_command(control, [job_id], SITE, "10") == tuple(command.split())
