"""Our file systems as fsspec implementations, for pandas, dask, xarray, zarr and their like.

fsspec finds the classes by the entry points ``fsspec.specs``, so ``import fsspec`` is all that is
needed: ``fsspec.open("xenon-sftp://host/dir/file")``.
"""

from __future__ import annotations

from xenon_py.integrations.fsspec.filesystem import XenonFileSystem
from xenon_py.integrations.fsspec.protocols import (
    XenonFileFileSystem,
    XenonFtpFileSystem,
    XenonS3FileSystem,
    XenonSftpFileSystem,
    XenonWebdavFileSystem,
)

__all__ = [
    "XenonFileFileSystem",
    "XenonFileSystem",
    "XenonFtpFileSystem",
    "XenonS3FileSystem",
    "XenonSftpFileSystem",
    "XenonWebdavFileSystem",
]
