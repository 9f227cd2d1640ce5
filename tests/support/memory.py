"""How much memory this process has needed so far."""

from __future__ import annotations

from pathlib import Path


def own_peak() -> int:
    """Return the most memory that this process ever had, in bytes.

    Not ``ru_maxrss``: a process begins with that of its parent (getrusage(2) of Linux keeps it over
    exec), so that a large parent would hide whatever its child needs.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise OSError("the kernel does not tell the peak of the memory")
