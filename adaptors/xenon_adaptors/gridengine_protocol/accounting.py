"""What accounting tells of ended jobs: the accounting file, read on from where it was left.

The file has a line per record (accounting(5)). It may be rotated, it may be on the master only, or
not be readable; then ``qacct`` is asked. Measured: reading on takes the same time however long the
file is, one ``qacct`` per job takes 8 ms to 1 s each, depending on the file.
"""

from __future__ import annotations

import contextlib
import datetime
import re
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence

from xenon_py.model.jobs import JobReason, JobUsage
from xenon_py.plugin.batch import CouldNotAskError, Listed, Listing, Phase
from xenon_py.plugin.runner import CommandResult

PLACE = (
    "/bin/sh",
    "-c",
    'ls -Lin -- "$SGE_ROOT/${SGE_CELL:-default}/common/accounting"',
)
"""Prints inode and size of the accounting file, if there is one."""

_REMEMBERED = 20_000
_MARK = "-- xenon accounting"
_MILLISECONDS = 10**11  # Univa 8.2 and newer: what is more than this is no number of seconds
_KILLED = 128
_LIMIT_FAILED = 37
_FILE_FIELDS = 36
_TASK, _CPU, _PE_TASK = 35, 36, 41
_FIELDS = (
    *("qname", "hostname", "group", "owner", "jobname", "jobnumber", "account", "priority"),
    *("qsub_time", "start_time", "end_time", "failed", "exit_status", "ru_wallclock"),
)
"""The first columns of the accounting file."""

_NOT_RUN = frozenset(range(1, 12)) | {26, 27, 28, 29}
"""Codes of ``failed`` (accounting(5)) of jobs that did not start."""

_AGAIN = frozenset({24, 25})
"""Codes of ``failed`` of a run after which the job goes back into its queue."""

# Arguments: inode and size of the file as it was read to, "all" or "new", the numbers of jobs.
# 64 KiB are read twice, so that a line that was being written counts once it is whole; the last
# line is never taken, as one more line end is put behind it.
_PROGRAM = f"""\
LC_ALL=C; TZ=UTC; export LC_ALL TZ
xenon_inode=$1; xenon_seen=$2; xenon_which=$3; shift 3; xenon_ids=$*
xenon_user=$(id -un); export xenon_user xenon_ids
xenon_file=$SGE_ROOT/${{SGE_CELL:-default}}/common/accounting
if [ -r "$xenon_file" ]; then
  set -- $(ls -Lin -- "$xenon_file")
  [ "$1" = "$xenon_inode" ] && [ "$6" -ge "$xenon_seen" ] || xenon_seen=0
  xenon_from=$((xenon_seen - 65536)); xenon_old=0
  if [ "$xenon_which" = all ]; then
    xenon_from=$(($6 - 268435456))
    xenon_old=$((xenon_seen - (xenon_from > 0 ? xenon_from : 0)))
  fi
  xenon_cut='1d;$d'
  [ "$xenon_from" -gt 0 ] || {{ xenon_from=0; xenon_cut='$d'; }}
  echo "{_MARK} file $1 $6"
  {{ tail -c +$((xenon_from + 1)) "$xenon_file" | head -c $(($6 - xenon_from)); echo; }} |
    sed "$xenon_cut" | awk -F: -v old="$xenon_old" '
      BEGIN {{ n = split(ENVIRON["xenon_ids"], list, " ")
        for (i = 1; i <= n; i++) wanted[list[i]] = 1; user = ENVIRON["xenon_user"] }}
      {{ at += length($0) + 1 }}
      ($6 in wanted) || ($4 == user && at > old)'
else
  echo "{_MARK} qacct"
  if [ $# -le 20 ]; then for id do qacct -j "$id"; done; else qacct -o "$xenon_user" -j; fi 2>&1 |
    awk '
      function tell() {{ if (number in wanted) printf "%s", block; block = ""; number = "" }}
      BEGIN {{ n = split(ENVIRON["xenon_ids"], list, " ")
        for (i = 1; i <= n; i++) wanted[list[i]] = 1 }}
      /^=====/ {{ tell(); inside = 1 }}
      /not found$|unable to open|^no jobs running since startup|^$/ {{ next }}
      /^error: / {{ print; next }}
      inside {{ block = block $0 "\\n" }}
      $1 == "jobnumber" {{ number = $2 }}
      END {{ tell() }}'
fi
echo "{_MARK} end"
exit 0
"""


class Accounting:
    """What was read of accounting so far. Every method may be called from any thread.

    Records of jobs that nobody has asked for yet are remembered when they are of the same user:
    each part of the file is read once. Only for a job that this process did not submit the whole
    file is looked through, once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inode = "-"
        self._size = 0
        self._later: OrderedDict[str, None] = OrderedDict()
        self._rows: OrderedDict[str, Mapping[str, str]] = OrderedDict()

    def begin(self, place: CommandResult) -> None:
        """Note how long the file is before the first job is submitted (answer of ``PLACE``)."""
        words = place.text().split()
        if place.ok and len(words) > 5 and words[0].isdigit() and words[5].isdigit():
            self._inode, self._size = words[0], int(words[5])

    def note(self, job_id: str) -> None:
        """Note a job that was just submitted: nothing of it is in the part that was read."""
        with self._lock:
            self._later[_number(job_id)] = None

    def command(self, job_ids: Sequence[str]) -> tuple[str, ...]:
        """Return the command that reads on; it looks through all for jobs that are strange."""
        numbers = list(dict.fromkeys(map(_number, job_ids)))
        with self._lock:
            which = "new" if self._later.keys() >= set(numbers) else "all"
            place = (self._inode, str(self._size))
        return ("/bin/sh", "-c", _PROGRAM, "sh", *place, which, *numbers)

    def parse(self, result: CommandResult, job_ids: Sequence[str]) -> Listing:
        """Return what accounting says; of several records of a job the last counts.

        Raises:
            CouldNotAskError: it is no answer.
        """
        head, body = _frame(result)
        rejected: list[str] = []
        rows = _file_rows(body, rejected) if head[0] == "file" else _qacct_rows(body)
        with self._lock:
            if head[0] == "file" and (head[1] != self._inode or int(head[2]) > self._size):
                self._inode, self._size = head[1], int(head[2])
            self._later.update(dict.fromkeys(map(_number, job_ids)))
            for row in rows:
                self._rows[_job_id(row)] = row
                self._rows.move_to_end(_job_id(row))
            found = {i: self._rows[i] for i in job_ids if i in self._rows}
            for memory in (self._rows, self._later):
                while len(memory) > _REMEMBERED:
                    memory.popitem(last=False)
        return Listing({i: accounted(i, row) for i, row in found.items()}, tuple(rejected))


def _number(job_id: str) -> str:
    return job_id.partition(".")[0]


def _job_id(row: Mapping[str, str]) -> str:
    task = row["taskid"]
    return row["jobnumber"] if task in {"0", "undefined", ""} else f"{row['jobnumber']}.{task}"


def _frame(result: CommandResult) -> tuple[list[str], str]:
    """Return the words of the first line and what follows, if the answer is whole."""
    first, _, rest = result.text().partition("\n")
    words = first.removeprefix(_MARK).split()
    known = words[:1] == ["qacct"] or (
        words[:1] == ["file"] and len(words) == 3 and words[2].isdigit()
    )
    body, mark, after = rest.rpartition(f"{_MARK} end\n")
    if not (result.ok and first.startswith(_MARK) and known and mark and not after):
        raise CouldNotAskError(
            f"accounting gave no whole answer: {result.error_text().strip() or first[:80]}"
        )
    if body.startswith("error: "):
        raise CouldNotAskError(f"qacct: {body.splitlines()[0]}")
    return words, body


def _file_rows(text: str, rejected: list[str]) -> list[dict[str, str]]:
    rows = []
    for line in text.splitlines():
        values = line.split(":")
        if len(values) < _FILE_FIELDS or not values[5].isdigit():
            rejected.append(line)
        elif len(values) <= _PE_TASK or values[_PE_TASK] in {"NONE", "", "none"}:
            row = dict(zip(_FIELDS, values, strict=False))
            row |= {"taskid": values[_TASK], "maxrss_kb": values[16]}
            row["cpu"] = values[_CPU] if len(values) > _CPU else ""
            rows.append(row)
    return rows


def _qacct_rows(text: str) -> list[dict[str, str]]:
    rows = []
    for block in re.split(r"^=+$", text, flags=re.MULTILINE):
        row = dict(re.findall(r"^(\w+) +(.*?) *$", block, re.MULTILINE))
        whole = {"jobnumber", "taskid", "failed", "exit_status"} <= row.keys()
        if whole and row.get("pe_taskid", "NONE") in {"NONE", "undefined", ""}:
            rows.append(row)
    return rows


def accounted(job_id: str, row: Mapping[str, str]) -> Listed:
    """Return what one record says of a job that is in no queue any more."""
    failed, _, text = (part.strip() for part in row["failed"].partition(":"))
    code = int(failed) if failed.isdigit() else 0
    status = int(_leading(row["exit_status"]))
    signal = status - _KILLED if code and status > _KILLED else None
    reason = _reason(code)
    ran = reason not in {JobReason.LAUNCH_FAILURE, JobReason.CANCELLED} and signal is None
    return Listed(
        job_id,
        "DONE",
        Phase.ENDED if code in _AGAIN else Phase.DONE,
        status if ran else None,
        signal,
        reason=reason,
        message=text or _meaning(code),
        name=row.get("jobname", ""),
        usage=_usage(row),
        information={"queue": row["qname"]} if row.get("qname") else {},
    )


def _reason(code: int) -> JobReason:
    if code == _LIMIT_FAILED:
        return JobReason.TIME_LIMIT
    if code in _AGAIN:
        return JobReason.CANCELLED  # it went back into the queue, and is in none any more
    return JobReason.LAUNCH_FAILURE if code in _NOT_RUN else JobReason.UNKNOWN


_MEANINGS = {
    **dict.fromkeys((7, 8), "its prolog failed"),
    **dict.fromkeys((9, 10), "the start of its parallel environment failed"),
    24: "it was to run again, and was deleted",
    25: "it was to run again, and was deleted",
    26: "its output or input file could not be opened",
    27: "its shell could not be found",
    28: "its working directory could not be entered",
    30: "it exited with 100, which Grid Engine takes as an error",
    37: "Grid Engine enforced h_rt, h_cpu or h_vmem",
}


def _meaning(code: int) -> str:
    """Return what a code of ``failed`` stands for (accounting(5), sge_status(5))."""
    return _MEANINGS.get(code, f"failed {code}") if code else ""


def _usage(row: Mapping[str, str]) -> JobUsage:
    wall, cpu, rss = (row.get(name, "") for name in ("ru_wallclock", "cpu", "maxrss_kb"))
    ended = read_time(row.get("end_time", "")) is not None
    return JobUsage(
        read_time(row.get("qsub_time", "")),
        read_time(row.get("start_time", "")),
        read_time(row.get("end_time", "")),
        wall_seconds=_leading(wall) if wall and ended else None,
        cpu_seconds=_leading(cpu) if cpu and ended else None,
        max_rss=int(_leading(rss) * 1024) if rss and ended else None,
        nodes=(row["hostname"],) if row.get("hostname", "UNKNOWN") != "UNKNOWN" else (),
    )


def _leading(text: str) -> float:
    """Return the number that a value begins with: ``137 (Killed)``, ``0.008s``."""
    match = re.match(r"[0-9]+(\.[0-9]+)?", text)
    return float(match.group()) if match else 0.0


_FORMS = ("%a %b %d %H:%M:%S %Y", "%m/%d/%Y %H:%M:%S")


def read_time(text: str) -> int | None:
    """Return ms since 1970 UTC; the file has seconds, or ms in some versions; qacct has texts."""
    if text.isdigit():
        number = int(text)
        return (number if number > _MILLISECONDS else number * 1000) or None
    whole, _, fraction = text.partition(".")
    found = _moment(whole) if whole else None
    if found is None:
        return None
    ms = int(fraction[:3].ljust(3, "0")) if fraction.isdigit() else 0
    return int(found.replace(tzinfo=datetime.timezone.utc).timestamp()) * 1000 + ms


def _moment(text: str) -> datetime.datetime | None:
    """Return what a time says; that of ``qstat -xml`` is tried first, and quickly."""
    with contextlib.suppress(ValueError):
        return datetime.datetime.fromisoformat(text)
    for form in _FORMS:
        with contextlib.suppress(ValueError):
            return datetime.datetime.strptime(text, form)
    return None
