"""Copy a tree between two file systems, several files at a time, and show how far it is."""

import os
import tempfile

import xenon_py as xenon

workdir = os.environ.get("XENON_EXAMPLE_DIR") or tempfile.mkdtemp(prefix="xenon-copy-")


def show(status):
    """Print a line per progress report."""
    print(
        f"{status.state}: {status.files_copied} of {status.files_to_copy} files, "
        f"{status.bytes_copied} of {status.bytes_to_copy} bytes"
    )


with xenon.FileSystem.create("file", location=workdir) as files:
    files.create_directories("source/deep/er")
    for number in range(20):
        files.write_to_file(f"source/deep/file-{number}", [b"x" * 100_000])
    files.write_to_file("source/large", (bytes(1 << 20) for _ in range(50)))

    operation = files.copy(
        "source",
        files,
        "target",
        mode=xenon.CopyMode.CREATE,
        recursive=True,
        verify="checksum",
        preserve=["mode", "mtime"],
        on_progress=show,
    )
    status = operation.wait()
    print(f"{status.state}, verified by {status.verified}")
    if status.error is not None:
        raise status.error
