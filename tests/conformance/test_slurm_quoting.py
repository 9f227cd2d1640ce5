"""Whatever a shell can carry arrives in a job of a real Slurm byte for byte."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.records import SlurmCluster
from xenon_py import JobDescription, Scheduler

JOBS = 125
EXAMPLES = 500

_characters = st.one_of(
    st.characters(min_codepoint=1, max_codepoint=0x10FFFF, blacklist_categories=("Cs",)),
    st.sampled_from("'\"\\$`!*?[]{}()<>|&;#~%=\n\t -"),
    st.integers(0x80, 0xFF).map(lambda byte: bytes([byte]).decode("utf-8", "surrogateescape")),
)
# Bytes that happen to form a character are that character.
_texts = st.text(_characters, max_size=40).map(
    lambda text: os.fsencode(text).decode("utf-8", "surrogateescape")
)
_lines = _texts.filter(lambda text: "\x7f" not in text and all(c >= " " for c in text))
_names = _texts.filter(
    lambda text: (
        "/" not in text
        and "%j" not in text
        and text not in {"", ".", ".."}
        and len(os.fsencode(text)) < 200
    )
)


@dataclass(frozen=True)
class Case:
    """One job: what it is given."""

    arguments: tuple[str, ...]
    value: str
    name: str
    directory: str
    output: str
    program: str


def cases() -> list[Case]:
    """Return what hypothesis makes up: each case is a job, and at least five odd texts."""
    made: list[Case] = []

    @settings(
        max_examples=JOBS,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
    @given(
        st.builds(
            Case,
            st.lists(_texts, max_size=5).map(tuple),
            _texts,
            _lines,
            _names,
            _names,
            _names,
        )
    )
    def collect(case: Case) -> None:
        made.append(case)

    collect()
    return made


SCRIPT = 'printf "%s\\0" "$SLURM_JOB_NAME" "$XENON_TEST_VALUE" "$@"'


def describe(base: Path, case: Case) -> JobDescription:
    """Make the directory and the program of a case."""
    directory = base / case.directory
    directory.mkdir(parents=True)
    program = base / ".p" / case.program
    program.parent.mkdir()
    program.symlink_to("/bin/sh")
    return JobDescription(
        executable=str(program),
        arguments=["-c", SCRIPT, "sh", *case.arguments],
        environment={"XENON_TEST_VALUE": case.value},
        working_directory=directory,
        stdout=case.output,
        name=case.name,
    )


def test_everything_arrives_byte_for_byte(
    slurm: SlurmCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not slurm.local:
        pytest.skip("this machine has no commands of Slurm")
    for name, value in slurm.environment.items():
        monkeypatch.setenv(name, value)
    all_cases = cases()
    assert sum(5 + len(case.arguments) for case in all_cases) >= EXAMPLES
    bases = [tmp_path / str(number) for number in range(len(all_cases))]
    with Scheduler.create("slurm", location=f"local://{tmp_path}") as scheduler:
        jobs = scheduler.submit_batch_jobs(map(describe, bases, all_cases))
        for status in scheduler.as_completed(jobs, 180_000):
            assert status.exit_code == 0, status
    for base, case in zip(bases, all_cases, strict=True):
        output = base / case.directory / case.output
        told = output.read_bytes().split(b"\0")[:-1]
        wanted = [case.name or "xenon", case.value, *case.arguments]
        assert told == [os.fsencode(text) for text in wanted], case
