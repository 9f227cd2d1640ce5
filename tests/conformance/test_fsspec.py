"""The ``fsspec`` adaptor keeps the contract of file systems, over several implementations."""

from __future__ import annotations

import functools
import uuid

from xenon_py import FileSystem
from xenon_py.model.descriptions import FileSystemAdaptorDescription
from xenon_py.testing import FileSystemConformance


class OverFsspec(FileSystemConformance):
    adaptor = "fsspec"

    @functools.cached_property
    def description(self) -> FileSystemAdaptorDescription:  # type: ignore[override]
        """What was found out about the implementation: it decides which tests apply."""
        with self.create() as fs:
            return fs.get_description()


class TestMemory(OverFsspec):
    directory = f"/kit-{uuid.uuid4().hex}"

    def create(self) -> FileSystem:
        with FileSystem.create("fsspec", location="memory://") as root:
            if not root.exists(self.directory):
                root.create_directory(self.directory)
        return FileSystem.create("fsspec", location=f"memory://{self.directory}")


class TestLocal(OverFsspec):
    def create(self) -> FileSystem:
        return FileSystem.create("fsspec", location=f"file://{self.scratch}")
