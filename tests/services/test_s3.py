"""The S3 server of the tests: objects go in and out, signatures and rights are checked."""

from typing import Any

import pytest

from services.records import S3Server

boto3 = pytest.importorskip("boto3")
ClientError = pytest.importorskip("botocore.exceptions").ClientError


def client(server: S3Server, key: str, secret: str) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        region_name="us-east-1",
    )


def test_object_there_and_back(s3: S3Server) -> None:
    made = client(s3, s3.access_key, s3.secret_key)
    made.create_bucket(Bucket="services-test")
    made.put_object(Bucket="services-test", Key="a/b", Body=b"x" * 100_000)
    with made.get_object(Bucket="services-test", Key="a/b")["Body"] as body:
        assert body.read() == b"x" * 100_000
    reader = client(s3, s3.reader, s3.reader_secret)
    assert reader.list_objects_v2(Bucket="services-test")["KeyCount"] == 1
    with pytest.raises(ClientError, match="AccessDenied"):
        reader.put_object(Bucket="services-test", Key="no", Body=b"")
    made.delete_object(Bucket="services-test", Key="a/b")
    made.delete_bucket(Bucket="services-test")


def test_wrong_secret(s3: S3Server) -> None:
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        client(s3, s3.access_key, "wrong").list_buckets()
