"""Ways to a bucket: names of hosts, roles, nobody in particular; and clocks that are wrong."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from services.records import S3Server
from support.s3 import client, connect
from support.scripted_http import Answer, Request, serving
from xenon_adaptors.s3_protocol import signing
from xenon_py import DefaultCredential, FileSystem, PasswordCredential
from xenon_py import exceptions as e
from xenon_py.testing.harness import fresh_name, pattern

MIB = 1 << 20
LARGE = pattern(9 * MIB)


def uses_all(fs: FileSystem, directory: str) -> None:
    """Send each kind of request: those that are signed here, and those of boto3's client."""
    fs.create_directory(directory)
    fs.write_to_file(f"{directory}/large", [LARGE])
    status = fs.copy(f"{directory}/large", fs, f"{directory}/copy").wait()
    assert not status.error
    assert b"".join(fs.read_from_file(f"{directory}/copy")) == LARGE
    assert len(list(fs.list(directory, False))) == 2
    fs.delete(directory, recursive=True)
    assert not fs.exists(directory)


@pytest.fixture
def hosts(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names in Amazon's domain lead to the server; what was asked for is gathered."""
    asked: list[str] = []
    look_up = socket.getaddrinfo

    def lead(host: Any, *arguments: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if not name.endswith(s3.domain):
            return look_up(host, *arguments, **options)
        asked.append(name)
        return look_up(s3.host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", lead)
    return asked


def test_the_host_of_a_region_of_amazon(s3: S3Server, bucket: str, hosts: list[str]) -> None:
    credential = PasswordCredential(username=s3.access_key, password=s3.secret_key)
    location = f"http://{s3.domain}:{s3.port}/{bucket}"
    with FileSystem.create("s3", location, password_credential=credential) as fs:
        uses_all(fs, f"/{fresh_name()}")
    assert set(hosts) == {f"{bucket}.{s3.domain}"}


def test_the_role_of_a_machine(
    s3: S3Server, bucket: str, no_configuration: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service that hands out its keys is a stub; the keys are those of the real server."""
    del no_configuration
    minutes = iter([5, 60])  # the first ones are about to expire

    def keys(_: Request) -> Answer:
        end = datetime.now(timezone.utc) + timedelta(minutes=next(minutes))
        found = {"AccessKeyId": s3.access_key, "SecretAccessKey": s3.secret_key, "Token": None}
        return Answer(200, json.dumps({**found, "Expiration": end.isoformat()}).encode())

    with serving(keys) as machine:
        url = f"http://127.0.0.1:{machine.port}/role"
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)
        with FileSystem.create(
            "s3", f"{s3.endpoint}/{bucket}", default_credential=DefaultCredential()
        ) as fs:
            uses_all(fs, f"/{fresh_name()}")
        assert len(machine.requests) == 2


@pytest.fixture
def role(rgw: S3Server) -> Iterator[str]:
    """The ARN of a role that the test user may take, and that may do everything."""
    iam = boto3.client(
        "iam",
        endpoint_url=rgw.endpoint,
        aws_access_key_id=rgw.access_key,
        aws_secret_access_key=rgw.secret_key,
        region_name="us-east-1",
    )
    name = fresh_name()
    who = {"AWS": [f"arn:aws:iam:::user/{rgw.access_key}"]}
    may_take = {"Effect": "Allow", "Principal": who, "Action": ["sts:AssumeRole"]}
    may_do = {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::*"}
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(may_take))
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=policy(may_do))
    yield made["Role"]["Arn"]
    iam.delete_role_policy(RoleName=name, PolicyName="all")
    iam.delete_role(RoleName=name)


def policy(*statements: dict[str, Any]) -> str:
    document = {"Version": "2012-10-17", "Statement": statements}
    return json.dumps(document, separators=(",", ":"))  # Ceph takes a blank, sent as +, for a plus


@pytest.mark.rgw
def test_a_role_that_a_profile_takes(
    rgw: S3Server, role: str, no_configuration: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its keys are temporary ones of the server's own token service, with a session token."""
    no_configuration.write_text(
        f"[mine]\naws_access_key_id={rgw.access_key}\naws_secret_access_key={rgw.secret_key}\n"
    )
    no_configuration.with_name("config").write_text(
        f"[profile role]\nrole_arn={role}\nsource_profile=mine\nregion=us-east-1\n"
    )
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", rgw.endpoint)
    name = fresh_name()
    client(rgw).create_bucket(Bucket=name)
    with FileSystem.create("s3", f"{rgw.endpoint}/{name}", {"s3.profile": "role"}) as fs:
        uses_all(fs, f"/{fresh_name()}")
    client(rgw).delete_bucket(Bucket=name)


def test_a_bucket_that_is_open_to_all(s3: S3Server, boto: Any, no_configuration: Path) -> None:
    del no_configuration
    bucket = fresh_name()
    boto.create_bucket(Bucket=bucket)
    open_to_all = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
    }
    boto.put_bucket_policy(Bucket=bucket, Policy=policy(open_to_all))
    with connect(s3, bucket) as fs:
        fs.write_to_file("/file", [LARGE])
        location = f"{s3.endpoint}/{bucket}"
        with FileSystem.create("s3", location, {"s3.anonymous": "true"}) as anybody:
            assert [entry.path.name for entry in anybody.list("/", False)] == ["file"]
            assert b"".join(anybody.read_from_file("/file")) == LARGE
            with pytest.raises(e.PermissionDeniedException):
                anybody.write_to_file("/new", [b"data"])
            with pytest.raises(e.PermissionDeniedException):
                anybody.write_to_file("/new", [LARGE])
            with pytest.raises(e.PermissionDeniedException):
                anybody.delete("/file")
        fs.delete("/file")
    boto.delete_bucket(Bucket=bucket)


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_wrong(
    s3: S3Server, bucket: str, hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = SimpleNamespace(
        gmtime=lambda: time.gmtime(time.time() + hours * 3600), strftime=time.strftime
    )
    monkeypatch.setattr(signing, "time", wrong)
    with pytest.raises(e.AuthenticationException, match="clocks"):
        connect(s3, bucket)
