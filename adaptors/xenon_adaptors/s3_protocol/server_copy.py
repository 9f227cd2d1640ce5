"""Copies within a bucket, on the server."""

from __future__ import annotations

from concurrent.futures import Executor
from concurrent.futures import wait as wait_for
from typing import Any

from xenon_adaptors.s3_protocol.failures import told, translated
from xenon_adaptors.s3_protocol.writer import MAX_PARTS, abort_upload
from xenon_py.exceptions import VerificationException
from xenon_py.plugin.filesystem import Progress

WHOLE_UP_TO = 512 * 1024 * 1024
"""Larger objects are copied by parts: S3 copies at most 5 GB at once, and in silence."""

PART = 128 * 1024 * 1024
"""Bytes of such a part."""

_AT_ONCE = 8
_KEPT = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "Metadata",
)


class ServerCopy:
    """Copies objects; the limits can be given for tests.

    Args:
        client: of boto3.
        bucket: its name.
        executor: copies parts.
        whole_up_to: largest object that is copied at once, in bytes.
        part: bytes of a part.
    """

    def __init__(
        self,
        client: Any,
        bucket: str,
        executor: Executor,
        *,
        whole_up_to: int = WHOLE_UP_TO,
        part: int = PART,
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._executor = executor
        self._whole_up_to = whole_up_to
        self._part = part

    def copy(self, source: str, target: str, progress: Progress) -> None:
        """Copy the object with key ``source`` to key ``target``.

        The copy is of one version of the source: one that changes meanwhile is an error.

        Raises:
            XenonException: what the server says; or whatever ``progress`` raises.
        """
        path = f"/{source}"
        with translated(path):
            info = self._client.head_object(Bucket=self._bucket, Key=source)
            size, etag = info["ContentLength"], told(info, "ETag", path)
            if size > self._whole_up_to:
                return self._copy_parts(source, target, info, progress)
            answer = self._client.copy_object(
                Bucket=self._bucket, Key=target, **self._source(source, etag)
            )
            made = told(answer.get("CopyObjectResult", {}), "ETag", path)
        try:
            if made != etag:  # as it may be, where the source was uploaded by parts
                self._check_unchanged(source, etag)
            progress(size)
        except BaseException:
            self._client.delete_object(Bucket=self._bucket, Key=target)
            raise
        return None

    def _source(self, key: str, etag: str) -> dict[str, Any]:
        return {"CopySource": {"Bucket": self._bucket, "Key": key}, "CopySourceIfMatch": etag}

    def _check_unchanged(self, source: str, etag: str) -> None:
        """Look at the source again: not all servers keep to the condition (Ceph does not)."""
        with translated(f"/{source}"):
            now = self._client.head_object(Bucket=self._bucket, Key=source)
        if now.get("ETag") != etag:
            raise VerificationException.because(
                f"the object was replaced while it was copied: '/{source}'", path=f"/{source}"
            )

    def _copy_parts(
        self, source: str, target: str, info: dict[str, Any], progress: Progress
    ) -> None:
        names = {"Bucket": self._bucket, "Key": target}
        kept = {name: info[name] for name in _KEPT if info.get(name)}
        made = self._client.create_multipart_upload(**names, **kept)
        upload = told(made, "UploadId", f"/{target}")
        try:
            size = info["ContentLength"]
            step = max(self._part, -(-size // MAX_PARTS))
            starts = range(0, size, step)
            etags = []
            for first in range(0, len(starts), _AT_ONCE):
                etags += self._copy_some(
                    starts[first : first + _AT_ONCE], first, names, upload, source, info, progress
                )
            self._check_unchanged(source, info["ETag"])
            parts = [{"PartNumber": n, "ETag": etag} for n, etag in enumerate(etags, 1)]
            self._client.complete_multipart_upload(
                **names, UploadId=upload, MultipartUpload={"Parts": parts}
            )
        except BaseException:
            abort_upload(self._client, names, upload)
            raise

    def _copy_some(
        self,
        starts: range,
        before: int,
        names: dict[str, str],
        upload: str,
        source: str,
        info: dict[str, Any],
        progress: Progress,
    ) -> list[str]:
        """Copy a few parts side by side; return their ETags."""
        size = info["ContentLength"]

        def copy(number: int, start: int) -> str:
            answer = self._client.upload_part_copy(
                **names,
                **self._source(source, info["ETag"]),
                UploadId=upload,
                PartNumber=number,
                CopySourceRange=f"bytes={start}-{min(start + starts.step, size) - 1}",
            )
            return told(answer.get("CopyPartResult", {}), "ETag", f"/{source}")

        copies = [
            self._executor.submit(copy, number, start)
            for number, start in enumerate(starts, before + 1)
        ]
        try:
            etags = []
            for start, one in zip(starts, copies, strict=True):
                etags.append(one.result())
                progress(min(starts.step, size - start))
        finally:
            for one in copies:
                one.cancel()
            wait_for(copies)
        return etags
