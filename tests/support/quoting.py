"""Texts that a shell can carry, and jobs that tell whether they arrived."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xenon_py import JobDescription

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
        and "%a" not in text
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

    @property
    def texts(self) -> int:
        """How many odd texts that are."""
        return 5 + len(self.arguments)

    def wanted(self, *first: str) -> list[bytes]:
        """What a job of the case has to print, behind what it is told by its system."""
        return [os.fsencode(text) for text in (*first, self.value, *self.arguments)]


def cases(count: int) -> list[Case]:
    """Return what hypothesis makes up, always the same."""
    made: list[Case] = []

    @settings(
        max_examples=count,
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


def describe(base: Path, case: Case, *told: str, suffix: str = "") -> JobDescription:
    """Make the directory and the program of a case, and a job that prints what it was given.

    Args:
        base: An empty directory for the case.
        case: The case.
        told: Names of variables that it prints first.
        suffix: Behind the name of its output.
    """
    directory = base / case.directory
    directory.mkdir(parents=True)
    program = base / ".p" / case.program
    program.parent.mkdir()
    program.symlink_to("/bin/sh")
    variables = " ".join(f'"${name}"' for name in (*told, "XENON_TEST_VALUE"))
    return JobDescription(
        executable=str(program),
        arguments=["-c", f'printf "%s\\0" {variables} "$@"', "sh", *case.arguments],
        environment={"XENON_TEST_VALUE": case.value},
        working_directory=directory,
        stdout=case.output + suffix,
        name=case.name,
    )


def printed(base: Path, case: Case, suffix: str = "") -> list[bytes]:
    """Return what the job of a case printed."""
    output = base / case.directory / (case.output + suffix)
    return output.read_bytes().split(b"\0")[:-1]
