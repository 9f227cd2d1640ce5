"""The ``file`` adaptor keeps the contract of file systems."""

from __future__ import annotations

from xenon_py import FileSystem
from xenon_py.testing import FileSystemConformance


class TestFile(FileSystemConformance):
    adaptor = "file"
    resists_link_swaps = True

    def create(self) -> FileSystem:
        return FileSystem.create("file", location=str(self.scratch))
