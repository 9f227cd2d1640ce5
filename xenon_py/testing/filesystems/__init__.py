"""The tests of file-system adaptors, by topic; ``FileSystemConformance`` is all of them."""

from __future__ import annotations

from xenon_py.testing.filesystems.attributes import AttributeTests, PermissionTests
from xenon_py.testing.filesystems.copying import CopyControlTests, CopyFaultTests, CopyFileTests
from xenon_py.testing.filesystems.directories import DirectoryTests, ExistsTests
from xenon_py.testing.filesystems.files import AppendTests, CreateFileTests, ReadTests, WriteTests
from xenon_py.testing.filesystems.links import LinkCycleTests, LinkTests, LinkTrapTests
from xenon_py.testing.filesystems.listing import ListTests
from xenon_py.testing.filesystems.moving import DeleteTests, RenameTests
from xenon_py.testing.filesystems.naming import NameTests
from xenon_py.testing.filesystems.promises import ArgumentTests, DescriptionTests, SecretTests
from xenon_py.testing.filesystems.several import SeveralFilesTests
from xenon_py.testing.filesystems.sharing import ClosingTests, ThreadTests
from xenon_py.testing.filesystems.streams import AbortTests, OpenTests
from xenon_py.testing.filesystems.trees import CopyTreeTests, PreserveTests, VerifyTests


class FileSystemConformance(
    DescriptionTests,
    ExistsTests,
    DirectoryTests,
    CreateFileTests,
    WriteTests,
    AppendTests,
    ReadTests,
    ListTests,
    AttributeTests,
    PermissionTests,
    RenameTests,
    DeleteTests,
    AbortTests,
    OpenTests,
    SeveralFilesTests,
    LinkTests,
    LinkCycleTests,
    LinkTrapTests,
    CopyFileTests,
    CopyFaultTests,
    CopyControlTests,
    CopyTreeTests,
    VerifyTests,
    PreserveTests,
    NameTests,
    ThreadTests,
    ClosingTests,
    SecretTests,
    ArgumentTests,
):
    """Everything that a file-system adaptor has to do. Subclass it and define ``create``."""
