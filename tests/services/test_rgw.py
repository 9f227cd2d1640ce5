"""Ceph's gateway: got and started on request only; it leaves no process behind."""

from pathlib import Path

import boto3
import pytest

from services.__main__ import usual
from services.fixtures import Services
from services.registry import SERVICES
from services.rgw import RgwService
from services.state import private_directory


def test_it_is_left_out_where_no_names_are_given() -> None:
    assert set(SERVICES).difference(usual("install")) == {"rgw"}
    assert set(SERVICES).difference(usual("start")) == {"rgw"}
    assert usual("stop") == usual("status") == list(SERVICES)


def processes(directory: Path) -> list[str]:
    """The command lines that name a directory."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(file.read_text(errors="replace"))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return [line for line in found if str(directory) in line]


@pytest.mark.rgw
def test_nothing_is_left_of_it(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    services.require_native()
    directory = private_directory("rgw")
    monkeypatch.setenv("XENON_TEST_STATE", str(directory))
    monkeypatch.delenv("XENON_TEST_PORT_BASE", raising=False)
    service = RgwService()
    with service.use() as server:
        client = boto3.client(
            "s3",
            endpoint_url=server.endpoint,
            aws_access_key_id=server.access_key,
            aws_secret_access_key=server.secret_key,
            region_name="us-east-1",
        )
        client.create_bucket(Bucket="services-test")
        assert len(processes(directory)) == 3
        assert service.start() == server  # again, which changes nothing
        assert len(client.list_buckets()["Buckets"]) == 1
        client.close()
    assert not service.is_up()
    assert processes(directory) == []
