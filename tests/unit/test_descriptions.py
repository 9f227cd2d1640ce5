"""The descriptions against the tables of the Xenon 2.2 documentation, kept beside this file."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest

from xenon_adaptors import descriptions
from xenon_py.model.descriptions import FileSystemAdaptorDescription
from xenon_py.model.properties import (
    FILESYSTEM_PREFIX,
    SCHEDULER_PREFIX,
    PropertyType,
    resolve_properties,
)

TABLES = json.loads((Path(__file__).parent / "documented_adaptors.json").read_text())
ALL = {record.name: record for record in descriptions.ALL}
# True of these adaptors and told in the docstring of xenon_adaptors.descriptions.
DEVIATIONS = {
    ("s3", "supported_credentials"): ("PasswordCredential", "DefaultCredential"),
    ("s3", "needs_size_beforehand"): False,
    ("ftp", "supports_setting_posix_permissions"): True,
}


def test_all_names_in_order() -> None:
    file_systems = ["s3", "file", "sftp", "ftp", "webdav", "fsspec"]
    schedulers = ["local", "ssh", "at", "slurm", "gridengine", "torque"]
    assert list(ALL) == file_systems + schedulers
    assert set(TABLES) == set(ALL) - {"fsspec"}


@pytest.mark.parametrize("name", TABLES)
def test_capabilities(name: str) -> None:
    for field, documented in TABLES[name]["fields"].items():
        value = tuple(documented) if isinstance(documented, list) else documented
        assert getattr(ALL[name], field) == DEVIATIONS.get((name, field), value), field


@pytest.mark.parametrize("name", TABLES)
def test_locations(name: str) -> None:
    assert set(TABLES[name]["locations"]) <= set(ALL[name].supported_locations)


@pytest.mark.parametrize("name", TABLES)
def test_properties(name: str) -> None:
    record = ALL[name]
    prefix = (
        FILESYSTEM_PREFIX if isinstance(record, FileSystemAdaptorDescription) else SCHEDULER_PREFIX
    )
    found = {p.name: (p.type.name.lower(), p.default_value) for p in record.supported_properties}
    for short, expected in TABLES[name]["properties"].items():
        assert found[prefix + short] == tuple(expected), short


@pytest.mark.parametrize("record", ALL.values(), ids=list(ALL))
def test_every_record_is_sound(
    record: FileSystemAdaptorDescription,
) -> None:
    names = [p.name for p in record.supported_properties]
    assert len(set(names)) == len(names)
    for one in record.supported_properties:
        assert one.description.endswith(".")
        if not one.wildcard:
            one.parse(one.default_value)
    assert record.description.endswith(".")
    assert set(record.supported_credentials) <= {
        *("DefaultCredential", "CertificateCredential", "PasswordCredential", "CredentialMap"),
    }
    text = str(record)
    assert all(f"{f.name}: " in text for f in fields(record))


@pytest.mark.parametrize(
    ("adaptor", "documented"),
    [
        (descriptions.GRIDENGINE, "gridengine.accounting.grace.timeout"),
        (descriptions.TORQUE, "torque.accounting.grace"),
    ],
)
@pytest.mark.parametrize("ending", ["", ".time", ".timeout"])
@pytest.mark.parametrize("prefix", ["", SCHEDULER_PREFIX])
def test_all_spellings_of_the_accounting_grace(
    adaptor: object, documented: str, ending: str, prefix: str
) -> None:
    record = ALL[documented.partition(".")[0]]
    given = f"{prefix}{record.name}.accounting.grace{ending}"
    values = resolve_properties(record.supported_properties, {given: "5"}, adaptor=record.name)
    assert values.integer(documented) == 5
    assert dict(values) == {SCHEDULER_PREFIX + documented: "5"}


def test_shared_properties_are_the_same_objects() -> None:
    shared = {*descriptions.SSH_PROPERTIES, *descriptions.LOCAL_PROPERTIES}
    for name in ("at", "slurm", "gridengine", "torque"):
        assert shared < set(ALL[name].supported_properties)
    assert set(descriptions.LOCAL.supported_properties) == set(descriptions.LOCAL_PROPERTIES)
    assert set(descriptions.SSH.supported_properties) == set(descriptions.SSH_PROPERTIES)


def test_limits() -> None:
    for record in ALL.values():
        for one in record.supported_properties:
            if one.name.endswith("bufferSize"):
                assert (one.type, one.minimum, one.maximum) == (PropertyType.SIZE, 1, 2**31 - 2)
            if one.name.endswith("maxConcurrentJobs"):
                assert one.minimum == 1
            if one.name.endswith("pollingDelay"):
                assert (one.minimum, one.maximum) == (100, 60_000)
