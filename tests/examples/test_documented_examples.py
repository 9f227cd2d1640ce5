"""The examples of PyXenon's documentation are what it prints, but for the lines named here.

``documented/`` holds the code of its chapters 1 and 2 (release 2.2.0, Apache License 2.0), in the
order of the pages; indentation that a page break swallowed is put back.
"""

import difflib
import itertools
from pathlib import Path

import pytest

DOCUMENTED = Path(__file__).parent / "documented"
EXAMPLES = Path(__file__).parents[2] / "docs/examples"

# What may differ: imports, adaptors, locations. Anything else is told with its reason.
QUICK_START = """\
-import xenon
+import tempfile
+import xenon_py as xenon
-from xenon import PasswordCredential, FileSystem
+from xenon_py import PasswordCredential, FileSystem
+location = tempfile.mkdtemp(prefix='xenon-quickstart-')
-    'sftp', location='localhost:10022',
-    password_credential=credential)
+    'file', location=location)
-from xenon import Path
+from xenon_py import Path
-from xenon import Scheduler, JobDescription
+from xenon_py import Scheduler, JobDescription
-    adaptor='slurm',
-    location='ssh://localhost:10022',
-    password_credential=credential)
+    adaptor='local',
+    location=location)
"""
# The page imports after the first use, and a fresh Debian has python3 only.
STREAMING = """\
+import xenon_py as xenon
-    executable='python',
+    executable='python3',
-import xenon
"""


def code(path: Path) -> list[str]:
    """Return the lines that are not blank, without the comment that heads our file."""
    lines = path.read_text().splitlines()
    if path.suffix == ".py":
        lines = list(itertools.dropwhile(lambda line: line.startswith("#"), lines))
    return [line for line in lines if line.strip()]


@pytest.mark.parametrize(
    ("name", "expected"), [("quickstart", QUICK_START), ("streaming", STREAMING), ("rot13", "")]
)
def test_only_these_lines_differ(name: str, expected: str) -> None:
    ours, theirs = code(EXAMPLES / f"{name}.py"), code(DOCUMENTED / f"{name}.txt")
    lines = list(difflib.unified_diff(theirs, ours, n=0, lineterm=""))
    changed = [line for line in lines[2:] if not line.startswith("@@")]
    assert sorted(changed) == sorted(expected.splitlines())
