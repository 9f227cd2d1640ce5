"""Connecting to the S3 servers of the tests."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from xenon_py import FileSystem, PasswordCredential

if TYPE_CHECKING:
    from services.records import S3Server


def client(server: S3Server) -> Any:
    """Return boto3's client, to look behind the scenes with."""
    return boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}),
    )


def shared_bucket(server: S3Server) -> str:
    """Return the bucket for tests that keep to names of their own; each takes SeaweedFS long."""
    with contextlib.suppress(client(server).exceptions.BucketAlreadyOwnedByYou):
        client(server).create_bucket(Bucket="xenon-tests")
    return "xenon-tests"


def connect(server: S3Server, path: str, **properties: str) -> FileSystem:
    """Return a file system on a server.

    Args:
        server: which.
        path: bucket, and perhaps a working directory.
        properties: further properties, without ``s3.``.
    """
    return FileSystem.create(
        "s3",
        location=f"{server.endpoint}/{path}",
        properties={f"s3.{name.replace('__', '.')}": text for name, text in properties.items()},
        password_credential=PasswordCredential(
            username=server.access_key, password=server.secret_key
        ),
    )
