"""The kit on the sample file system, in an environment that has it: see tests/packaging."""

from __future__ import annotations

from xenon_py import FileSystem
from xenon_py.testing import FileSystemConformance


class TestMemory(FileSystemConformance):
    adaptor = "sample-mem"

    def create(self) -> FileSystem:
        return FileSystem.create("sample-mem", location=str(self.scratch))
