"""Attributes of job templates: what they take, what they give."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from xenon_py import drmaa
from xenon_py.drmaa.helpers import Attribute, BoolConverter, IntConverter, VectorAttribute


def test_what_is_not_set_reads_as_neutral() -> None:
    template = drmaa.JobTemplate()
    assert (template.jobName, template.joinFiles, template.args) == ("", False, [])
    assert (template.jobEnvironment, template.hardWallclockTimeLimit) == ({}, None)


def test_round_trips() -> None:
    template = drmaa.JobTemplate(jobName="name", args=[10, "de", b"x"], unknown=3)
    template.jobEnvironment = {"A": "b=c,d", 1: 2}
    template.outputPath = f":{drmaa.PLACEHOLDER_HD}"
    template.workingDirectory = Path("/tmp")
    assert template.args == ["10", "de", "x"]
    assert template.jobEnvironment == {"A": "b=c,d", "1": "2"}
    assert template.outputPath == f":{drmaa.PLACEHOLDER_HD}"
    assert template.workingDirectory == "/tmp"
    assert template.unknown == 3  # type: ignore[attr-defined]
    assert template.jobName == "name"
    template.args = "abc"
    assert template.args == ["a", "b", "c"]


@pytest.mark.parametrize(("name", "words"), [("joinFiles", "yn"), ("blockEmail", "10")])
def test_flags(name: str, words: str) -> None:
    template = drmaa.JobTemplate()
    for value, expected in ((True, True), (False, False), ("n", True), (0, False)):
        setattr(template, name, value)
        assert getattr(template, name) is expected
    converter = vars(drmaa.JobTemplate)[name].converter
    assert converter.to_drmaa(True) + converter.to_drmaa(False) == words.encode()


@pytest.mark.parametrize(
    ("value", "seconds"), [(60, 60), ("90", 90), ("2:30", 150), ("24:00:00", 86400)]
)
def test_limits(value: object, seconds: int) -> None:
    template = drmaa.JobTemplate(hardWallclockTimeLimit=value)
    assert template.hardWallclockTimeLimit == seconds
    assert IntConverter.from_drmaa(IntConverter.to_drmaa(value)) == seconds


@pytest.mark.parametrize("value", ["x", "1:2:3:4", "-1", "1.5"])
def test_wrong_limits(value: str) -> None:
    with pytest.raises(drmaa.InvalidAttributeFormatException, match=r"^code 13: "):
        drmaa.JobTemplate(hardWallclockTimeLimit=value)


@pytest.mark.parametrize(
    ("attribute", "value", "error"),
    [
        ("jobName", None, drmaa.InvalidArgumentException),
        ("jobName", 7, drmaa.InvalidArgumentException),
        ("deadlineTime", "12:00", drmaa.InvalidArgumentException),
        ("jobSubmissionState", "later", drmaa.InvalidAttributeValueException),
        ("transferFiles", "x", drmaa.InvalidAttributeFormatException),
    ],
)
def test_refused_when_set(attribute: str, value: object, error: type[Exception]) -> None:
    template = drmaa.JobTemplate()
    with pytest.raises(error):
        setattr(template, attribute, value)
    assert issubclass(error, AttributeError)


def test_unknown_names_are_refused() -> None:
    template = drmaa.JobTemplate()
    for kind, value in ((Attribute, "x"), (VectorAttribute, ["x"])):
        with pytest.raises(drmaa.InvalidArgumentException, match=r"^code 4: "):
            kind("drmaa_nonsense").__set__(template, value)  # type: ignore[operator]
    with pytest.raises(TypeError):
        template.args = None


def test_attribute_names_and_deletion() -> None:
    with drmaa.JobTemplate() as template:
        assert "drmaa_remote_command" in template.attributeNames
        assert "drmaa_deadline_time" not in template.attributeNames
        assert len(template.attributeNames) == 17
    template.delete()


def test_undecodable_arguments_stay_what_they_are() -> None:
    assert drmaa.JobTemplate(args=[b"\xff"]).args == [os.fsdecode(b"\xff")]


def test_converters_as_drmaa_python_calls_them() -> None:
    converter = BoolConverter(true=b"1", false=b"0")
    assert (converter.to_drmaa(True), converter.from_drmaa(b"1")) == (b"1", True)
