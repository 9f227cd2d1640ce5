"""Messages: attributes, permissions, answers, copies, jobs."""

from __future__ import annotations

import dataclasses
import inspect
import pickle
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

import xenon_py as xenon
from xenon_py import exceptions as exc
from xenon_py.model.attributes import mode_of, permissions_of
from xenon_py.model.jobs import ArrayRange
from xenon_py.objects import Is, NameList

P = xenon.PosixFilePermission


@given(st.integers(0, 0o7777))
def test_permissions_and_modes_are_inverse(mode: int) -> None:
    assert mode_of(permissions_of(mode)) == mode & 0o777
    assert mode_of([int(p) for p in permissions_of(mode)]) == mode & 0o777


@pytest.mark.parametrize("given_", [[], [P.NONE], (), {P.NONE}])
def test_no_permission(given_: object) -> None:
    assert mode_of(given_) == 0


def test_bits() -> None:
    assert P.OWNER_READ.bit == stat.S_IRUSR
    assert P.GROUP_WRITE.bit == stat.S_IWGRP
    assert P.OTHERS_EXECUTE.bit == stat.S_IXOTH
    assert mode_of([P.OWNER_READ, P.OWNER_READ, 1]) == 0o400


@pytest.mark.parametrize("bad", ["rwx", b"r", 7, None, [10], [-1], ["r"], [None]])
def test_what_is_no_collection_of_permissions(bad: object) -> None:
    with pytest.raises(ValueError):
        mode_of(bad)


def test_enums_are_integers_too() -> None:
    assert P.OWNER_READ == 1
    assert xenon.CopyMode.REPLACE == xenon.CopyRequest.REPLACE == 1
    assert xenon.CopyRequest.CopyMode is xenon.CopyMode
    assert xenon.CopyStatus.ErrorType.CANCELLED == 2
    assert xenon.JobStatus.ErrorType.OTHER == 6
    assert xenon.QueueStatus.ErrorType.IO == 4


def test_is() -> None:
    assert Is(True)
    assert not Is(False)
    assert Is(True) == True == Is(True)  # noqa: E712
    assert Is(False) != Is(True)
    assert Is(True).value is True
    assert {Is(True): 1}[True] == 1  # type: ignore[index]
    assert Is(True) != "true"


def test_name_list() -> None:
    names = NameList(["a", "b"])
    assert names == ["a", "b"] == names.name
    assert "a" in names
    assert pickle.loads(pickle.dumps(names)).name == ["a", "b"]


def test_messages_print_as_in_pyxenon() -> None:
    status = xenon.CopyStatus(xenon.CopyOperation("COPY-file-0"), bytes_copied=5)
    assert str(status).splitlines()[0] == "CopyStatus:"
    assert "    bytes_copied: 5" in str(status)
    assert "    path: /a" in str(xenon.PathAttributes(xenon.Path("/a")))
    assert "    executable: ls" in str(xenon.JobDescription(executable="ls"))
    assert "    name: q" in str(xenon.QueueStatus("q"))


@pytest.mark.parametrize(
    "message",
    [
        xenon.CopyStatus(xenon.CopyOperation("COPY-file-0")),
        xenon.PathAttributes(xenon.Path("/a")),
        xenon.JobStatus(xenon.Job("1")),
        xenon.QueueStatus("q"),
    ],
)
def test_messages_are_frozen_values(message: object) -> None:
    assert pickle.loads(pickle.dumps(message)) == message
    name = dataclasses.fields(message)[0].name  # type: ignore[arg-type]
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(message, name, None)


def test_jobs_are_equal_by_identifier() -> None:
    job = xenon.Job("7")
    assert job == xenon.Job("7") != xenon.Job("8")
    assert len({job, xenon.Job("7")}) == 1
    here, there = _Facade(), _Facade()
    assert xenon.Job("7", here) == job  # type: ignore[arg-type]
    assert xenon.Job("7", here) != xenon.Job("7", there)  # type: ignore[arg-type]
    assert job != "7"
    assert repr(job) == "Job('7')"


class _Facade:
    """Stands where a facade does; answers with what it was asked."""

    def get_job_status(self, job: xenon.Job) -> object:
        return "status", job.id

    def wait_until_done(self, one: object, timeout: object = None) -> object:
        return "wait", one.id, timeout  # type: ignore[attr-defined]

    def cancel_job(self, job: xenon.Job) -> object:
        return "cancel", job.id

    def job_future(self, job: xenon.Job) -> object:
        return "future", job.id

    get_status = get_job_status
    cancel = cancel_job
    copy_future = job_future


@pytest.mark.parametrize("kind", [xenon.Job, xenon.CopyOperation])
def test_bound_objects_ask_their_facade(kind: type[xenon.Job]) -> None:
    bound = kind("7", _Facade())  # type: ignore[arg-type]
    assert bound.status() == ("status", "7")
    assert bound.wait(5) == ("wait", "7", 5)
    assert bound.cancel() == ("cancel", "7")
    assert bound.future() == ("future", "7")
    assert bound == kind("7")
    assert "_Facade" not in repr(bound)


@pytest.mark.parametrize(
    ("plain", "error"),
    [
        (xenon.Job("7"), exc.NoSuchJobException),
        (pickle.loads(pickle.dumps(xenon.Job("7", _Facade()))), exc.NoSuchJobException),  # type: ignore[arg-type]
        (xenon.CopyOperation("7"), exc.NoSuchCopyException),
        (pickle.loads(pickle.dumps(xenon.CopyOperation("7", _Facade()))), exc.NoSuchCopyException),  # type: ignore[arg-type]
    ],
)
def test_plain_identifiers_say_that_they_are(plain: xenon.Job, error: type[Exception]) -> None:
    for call in (plain.status, plain.wait, plain.cancel, plain.future):
        with pytest.raises(error, match="7"):
            call()


def test_job_description_has_defaults_and_refuses_unknown_names() -> None:
    description = xenon.JobDescription(executable="ls", arguments=["-l"])
    description.tasks = 2
    assert (description.executable, description.tasks, description.queue_name) == ("ls", 2, "")
    assert xenon.JobDescription().arguments is not xenon.JobDescription().arguments
    for make in (
        lambda: xenon.JobDescription(exectuable="ls"),  # type: ignore[call-arg]
        lambda: setattr(description, "exectuable", "ls"),
    ):
        with pytest.raises(AttributeError, match=r"is not a valid field in .*'executable'"):
            make()
    with pytest.raises(TypeError, match=r"^JobDescription\(\) takes"):
        xenon.JobDescription("ls")  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(description)) == description
    assert next(iter(inspect.signature(xenon.JobDescription).parameters)) == "executable"


def test_array_range() -> None:
    assert list(ArrayRange(1, 7, 3).indices()) == [1, 4, 7]
    assert list(ArrayRange(2, 2).indices()) == [2]


def test_rendered_prints_command_and_script() -> None:
    text = str(xenon.Rendered(("sbatch", "-J", "a b"), "#!/bin/sh\n"))
    assert text.splitlines()[0] == "$ sbatch -J 'a b'"
    assert text.endswith("#!/bin/sh")
    assert str(xenon.Rendered(("ls",))) == "$ ls"


def test_values_of_the_environment_are_not_shown() -> None:
    description = xenon.JobDescription(
        executable="/bin/env", environment={"TOKEN": "S3CRET-SENTINEL", "EMPTY": ""}
    )
    for text in (repr(description), str(description), f"{[description]}"):
        assert "S3CRET" not in text
        assert "'TOKEN': '***', 'EMPTY': '***'" in text
        assert "/bin/env" in text
    description.environment = [("TOKEN", "S3CRET-SENTINEL")]  # type: ignore[assignment]
    assert "S3CRET" not in repr(description) + str(description)
    assert "environment={}" in repr(xenon.JobDescription())
    with pytest.raises(xenon.XenonException) as caught, xenon.Scheduler.create("local") as local:
        local.submit_batch_job(description)
    assert "S3CRET" not in repr(caught.value) + str(caught.value)
