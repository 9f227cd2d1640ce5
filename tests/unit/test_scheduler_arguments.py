"""Wrong arguments of every public call: our exceptions, naming the argument, nothing touched."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pickle
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xenon_py.engine.job_checks import checked_description
from xenon_py.exceptions import (
    IllegalArgumentException,
    IncompleteJobDescriptionException,
    InvalidJobDescriptionException,
    UnsupportedJobDescriptionException,
    UnsupportedOperationException,
    XenonException,
)
from xenon_py.model.descriptions import SchedulerAdaptorDescription
from xenon_py.model.jobs import Job, JobDescription
from xenon_py.scheduler import Scheduler

ABLE = SchedulerAdaptorDescription(
    **{
        field.name: True
        for field in dataclasses.fields(SchedulerAdaptorDescription)
        if field.name.startswith("supports_")
    }
)
UNABLE = SchedulerAdaptorDescription(
    name="poor",
    **{
        field.name: False
        for field in dataclasses.fields(SchedulerAdaptorDescription)
        if field.name.startswith("supports_")
    },
)
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=8),
        st.binary(max_size=8),
        st.just(object()),
        st.builds(PurePosixPath, st.sampled_from(["a", "/b", "."])),
        st.builds(Job, st.sampled_from(["local-0", "", "-x", "a b"])),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=2)
    ),
    max_leaves=4,
)
FIELDS = [field.name for field in dataclasses.fields(JobDescription)]
SHARED = [HealthCheck.function_scoped_fixture]


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scheduler]:
    with Scheduler.create("local", str(tmp_path_factory.mktemp("jobs"))) as made:
        yield made


class TestCalls:
    @settings(max_examples=60, deadline=None, suppress_health_check=SHARED)
    @given(value=ANYTHING, other=ANYTHING)
    @pytest.mark.parametrize(
        "name",
        [
            *("get_job_status", "get_job_statuses", "get_job", "get_jobs", "cancel_job", "explain"),
            *("get_queue_status", "get_queue_statuses", "submit_batch_job", "submit_batch_jobs"),
            *("hold_job", "release_job", "suspend_job", "resume_job", "job_future", "render"),
            *("watch", "get_adaptor_description", "create", "from_url"),
        ],
    )
    def test_one_argument(self, scheduler: Scheduler, name: str, value: Any, other: Any) -> None:
        self.call(scheduler, name, value)

    @settings(max_examples=60, deadline=None, suppress_health_check=SHARED)
    @given(first=ANYTHING, second=ANYTHING)
    @pytest.mark.parametrize(
        "name",
        [
            *("signal_job", "wait_until_done", "wait_until_running", "wait_any", "as_completed"),
            *("submit_interactive_job", "create"),
        ],
    )
    def test_two_arguments(self, scheduler: Scheduler, name: str, first: Any, second: Any) -> None:
        self.call(scheduler, name, first, second)

    @settings(max_examples=100, deadline=None, suppress_health_check=SHARED)
    @given(arguments=st.lists(ANYTHING, min_size=4, max_size=4))
    def test_arrays(self, scheduler: Scheduler, arguments: list[Any]) -> None:
        self.call(scheduler, "submit_job_array", JobDescription(executable=""), *arguments)

    def call(self, scheduler: Scheduler, name: str, *arguments: Any) -> None:
        """Call it: whatever is wrong, only our exceptions come."""
        with contextlib.suppress(XenonException):
            result = getattr(scheduler, name)(*arguments)
            if isinstance(result, Scheduler):
                result.close()
        assert scheduler.get_jobs() == []

    @pytest.mark.parametrize("value", [None, 5, b"x", "", "a b", "-n", "a\nb", [], "x" * 2000])
    def test_jobs_are_named(self, scheduler: Scheduler, value: Any) -> None:
        for name in ("get_job_status", "cancel_job", "wait_until_done", "hold_job", "job_future"):
            with pytest.raises(IllegalArgumentException, match="job"):
                getattr(scheduler, name)(value)
        with pytest.raises(IllegalArgumentException, match="jobs"):
            scheduler.get_job_statuses([value])

    @pytest.mark.parametrize("value", ["local-0", None, 3, {"a": 1}])
    def test_no_lists_of_jobs(self, scheduler: Scheduler, value: Any) -> None:
        for name in ("get_job_statuses", "wait_any", "as_completed", "watch"):
            with pytest.raises(IllegalArgumentException, match="jobs must be a list"):
                getattr(scheduler, name)(value)

    @pytest.mark.parametrize("value", [-1, 1.5, "1", True])
    def test_time_outs(self, scheduler: Scheduler, value: Any) -> None:
        with pytest.raises(IllegalArgumentException, match="timeout"):
            scheduler.wait_until_done("local-0", value)


class TestDescriptions:
    def test_everything_may_be_left_out_but_the_executable(self) -> None:
        checked = checked_description(JobDescription(executable="x"), UNABLE)
        assert checked == JobDescription(executable="x")
        for nothing in ("", None):
            with pytest.raises(IncompleteJobDescriptionException, match="executable"):
                checked_description(JobDescription(executable=nothing), ABLE)

    def test_normalised_copy(self) -> None:
        given_one = JobDescription(
            executable=PurePosixPath("/bin/x"),
            arguments=("a", 1, 2.5, PurePosixPath("p"), ""),
            environment={"A": 3},
            working_directory=Path("/w"),
            depends_on=[Job("1"), "2", "1"],
            stdin=None,
        )
        before = repr(given_one)
        checked = checked_description(given_one, ABLE)
        assert checked.executable == "/bin/x"
        assert checked.arguments == ["a", "1", "2.5", "p", ""]
        assert checked.environment == {"A": "3"}
        assert checked.working_directory == "/w"
        assert checked.depends_on == ["1", "2"]
        assert checked.stdin == ""
        assert repr(given_one) == before

    @settings(max_examples=400, deadline=None)
    @given(name=st.sampled_from(FIELDS), value=ANYTHING)
    def test_any_value_of_any_field(self, name: str, value: Any) -> None:
        description = JobDescription(executable="x")
        setattr(description, name, value)
        message = ""
        try:
            checked = checked_description(description, ABLE)
        except (InvalidJobDescriptionException, IncompleteJobDescriptionException) as error:
            message = error.msg
        else:
            for text in (checked.executable, checked.name, checked.stdout, *checked.arguments):
                assert b"\0" not in os.fsencode(text)
        assert not message or name in message

    @pytest.mark.parametrize(
        "fields",
        [
            {"arguments": "ab"},
            {"arguments": [None]},
            {"arguments": [b"x"]},
            {"arguments": ["a\0"]},
            {"arguments": [True]},
            {"arguments": ["\ud800"]},
            {"environment": {"A-B": "1"}},
            {"environment": {"": "1"}},
            {"environment": {"1A": "1"}},
            {"environment": {"A\n": "1"}},
            {"environment": {"A": "\0"}},
            {"environment": ["A=1"]},
            {"name": "a\nb"},
            {"queue_name": "a\nb"},
            {"account": "a\rb"},
            {"scheduler_arguments": ["--x\n#SBATCH -y"]},
            {"max_runtime": -1},
            {"max_runtime": 1.5},
            {"max_runtime": True},
            {"tasks": 2**40},
            {"start_time": "25:00"},
            {"start_per_task": 1},
            {"hold": "yes"},
            {"inherit_environment": 0},
            {"depends_on": "local-1"},
            {"depends_on": ["a b"]},
            {"stdout": "a\0"},
            {"working_directory": b"/x"},
        ],
    )
    def test_wrong_values(self, fields: dict[str, Any]) -> None:
        with pytest.raises(InvalidJobDescriptionException, match=next(iter(fields))):
            checked_description(JobDescription(executable="x", **fields), ABLE)

    @pytest.mark.parametrize(
        "fields",
        [
            {"tasks": 2},
            {"cores_per_task": 2},
            {"tasks_per_node": 2},
            {"gpus_per_task": 1},
            {"account": "a"},
            {"max_memory": 1},
            {"temp_space": 1},
            {"max_runtime": 1},
            {"start_time": "12:00"},
            {"depends_on": ["1"]},
            {"hold": True},
            {"scheduler_arguments": ["-x"]},
        ],
    )
    def test_what_cannot_be_honoured_is_refused(self, fields: dict[str, Any]) -> None:
        description = JobDescription(executable="x", **fields)
        assert checked_description(description, ABLE)
        with pytest.raises(UnsupportedJobDescriptionException, match=f"poor.*{next(iter(fields))}"):
            checked_description(description, UNABLE)


def test_a_scheduler_is_not_pickled(scheduler: Scheduler) -> None:
    with pytest.raises(UnsupportedOperationException, match=r"Scheduler\.create"):
        pickle.dumps(scheduler)


class TestBytes:
    WORDS = st.text(
        st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=30
    )

    @settings(max_examples=40, deadline=None, suppress_health_check=SHARED)
    @given(words=st.lists(WORDS, max_size=4), value=WORDS)
    def test_arguments_and_variables_arrive(
        self, scheduler: Scheduler, words: list[str], value: str
    ) -> None:
        script = 'printf "%s\\0" "$@" "$XENON_VALUE"'
        description = JobDescription(
            executable="/bin/sh",
            arguments=["-c", script, "sh", *words],
            environment={"XENON_VALUE": value},
            queue_name="unlimited",
        )
        job, stream = scheduler.submit_interactive_job(description, [])
        output = b"".join(piece.stdout for piece in stream)
        assert output == b"".join(os.fsencode(word) + b"\0" for word in [*words, value])
        assert job.wait().exit_code == 0
