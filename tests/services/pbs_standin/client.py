"""Makes the commands: small programs that hand their words to the daemon and print what it says."""

import os
from pathlib import Path

from services.pbs_standin.flavours import Flavour

COMMANDS = ("qsub", "qstat", "qdel", "qhold", "qrls", "qsig", "standin-admin")

_PROGRAM = """\
#!/usr/bin/python3 -IS
import _socket, os, sys  # little is imported: it is run thousands of times
PROGRAM = os.path.basename(sys.argv[0])
if sys.argv[1:] == ["--version"] and PROGRAM in {versioned!r}:
    (sys.stderr if {on_stderr} else sys.stdout).write({version!r})
    sys.exit(0)
request = {{
    "program": PROGRAM,
    "words": sys.argv[1:],
    "cwd": os.getcwd(),
    "env": dict(os.environ),
    "stdin": sys.stdin.buffer.read() if PROGRAM == "qsub" else b"",
}}
link = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
answer = b""
try:
    link.connect({socket!r})
    data = ascii(request).encode() + b"\\n"
    while data:
        data = data[link.send(data):]
    while piece := link.recv(65536):
        answer += piece
except (ConnectionError, FileNotFoundError):
    pass
link.close()
if not answer:
    sys.stderr.write({away!r}.format(program=PROGRAM))
    sys.exit({stat_code} if PROGRAM == "qstat" else {code})
head, _, rest = answer.partition(b"\\n")
code, size = map(int, head.split())
sys.stdout.buffer.write(rest[:size])
sys.stderr.buffer.write(rest[size:])
sys.exit(code)
"""


def write_commands(directory: Path, socket: Path, flavour: Flavour) -> None:
    """Write the commands of a flavour to a directory.

    TORQUE's qdel, qhold, qrls and qsig know no `--version`.
    """
    directory.mkdir(exist_ok=True)
    text, stat_code, code = flavour.away
    program = _PROGRAM.format(
        versioned=("qsub", "qstat") if flavour.version_on_stderr else COMMANDS,
        on_stderr=flavour.version_on_stderr,
        version=flavour.version,
        socket=str(socket),
        away=text,
        stat_code=stat_code,
        code=code,
    )
    for name in COMMANDS:
        path = directory / name
        path.write_text(program)
        os.chmod(path, 0o755)
