"""qstat: XML of TORQUE, JSON of OpenPBS, and the text of both, laid out as recorded."""

import json
import re
import time
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from services.pbs_standin.cluster import LIMITS, QUEUES, Cluster
from services.pbs_standin.flavours import SERVER, TORQUE, Answer, Caller, Refused
from services.pbs_standin.jobs import Job

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?(e[0-9]+)?")


def qstat(cluster: Cluster, caller: Caller, words: list[str]) -> Answer:
    """Print jobs, queues or the server."""
    torque = cluster.flavour is TORQUE
    flags, names, form = "", [], ""
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "-F" and not torque:
            form = rest.pop(0)
        elif word.startswith("-"):
            flags += word[1:]
        else:
            names.append(word)
    if set(flags) - set("xtfQB1" if torque else "xtfQBw"):
        raise _usage("invalid option")
    if form and "f" not in flags:
        raise _usage("conflicting options.")
    if "Q" in flags or "B" in flags:
        return Answer(_queues(cluster) if "Q" in flags else _server(cluster, caller))
    if not torque and "x" in flags and not cluster.history:
        said = "PBS is not configured to maintain job history"
        return Answer("", "".join(f"qstat: {said} {name}\n" for name in names or [""]))
    jobs, complaints, code = _chosen(cluster, flags, names)
    if torque and "x" in flags:
        return Answer(_xml(jobs, split=bool(names)), complaints, code)
    if form == "json":
        return Answer(_json(jobs[:1] if names else jobs, caller), complaints, code)
    if "f" in flags:
        return Answer("".join(_text(job, cluster, caller) for job in jobs), complaints, code)
    return Answer(_table(jobs), complaints, code)


def _usage(what: str) -> Refused:
    return Refused(f"qstat: {what}\nusage: \nqstat [-f] [-J] [-p] [-t] [-x] [-E]\n", 2)


def _chosen(cluster: Cluster, flags: str, names: list[str]) -> tuple[list[Job], str, int]:
    torque = cluster.flavour is TORQUE
    if not names:
        jobs = [job for job in cluster.jobs.values() if job.index is None]
        if not torque and "x" not in flags:
            jobs = [job for job in jobs if not job.done]
        return _expanded(jobs, flags, torque=torque), "", 0
    found: list[Job] = []
    said, code = "", 0
    for name in names:
        if not name[:1].isdigit():
            raise Refused(f"qstat: Unknown queue destination {name}\n", 172 if torque else 170)
        job = cluster.find(name)
        full = name if "." in name else f"{name}.{SERVER}"
        if torque and "[]" in name and "t" not in flags:
            found += [each for each in cluster.jobs.values() if each.index is None]
        elif job is None:
            error = " Error" if torque else ""
            said, code = said + f"qstat: Unknown Job Id{error} {full}\n", 153
        elif job.done and not torque and "x" not in flags:
            hint = "use -x or -H to obtain historical job information"
            said, code = said + f"qstat: {full} Job has finished, {hint}\n", 35
        else:
            found += _expanded([job], flags, torque=torque)
    return found, said, code


def _expanded(jobs: list[Job], flags: str, *, torque: bool) -> list[Job]:
    if "t" not in flags:
        return jobs
    found = []
    for job in jobs:
        found += job.tasks if job.is_array and torque else [job, *job.tasks]
    return found


# --- the attributes -------------------------------------------------------------------------------


def _attributes(job: Job, *, torque: bool) -> dict[str, Any]:
    """All attributes in the order of the recordings; times are seconds."""
    row: dict[str, Any] = {"Job_Name": job.name, "Job_Owner": f"{job.owner.name}@localhost"}
    if job.ended and job.started:
        hours = time.strftime("%H:%M:%S", time.gmtime(job.ended - job.started))
        row["resources_used"] = {"cput": "00:00:00", "mem": "7248kb", "walltime": hours}
    row |= {"job_state": _state(job, torque=torque), "queue": job.queue, "server": SERVER}
    row |= {"Checkpoint": "u", "ctime": job.created}
    if job.depends_on:
        at = "" if torque else f"@{SERVER}"
        row["depend"] = ",".join(f"{kind}:{name}{at}" for kind, name in job.depends_on)
    row["Error_Path"] = job.output if job.joined else job.error
    if job.started and not job.is_array:
        row["exec_host"] = f"{SERVER}/0"
    row |= {"Hold_Types": "u" if job.held else "n", "Join_Path": "oe" if job.joined else "n"}
    row |= {"Mail_Points": "n", "mtime": job.created, "Output_Path": job.output, "Priority": 0}
    row |= {"qtime": job.created, "Rerunable": "True", "Resource_List": dict(job.resources)}
    if job.start_at:
        row["Execution_Time"] = int(job.start_at)
    if not torque:
        row |= {"stime": job.started} if job.started else {}
        row |= {"obittime": job.ended} if job.started and job.ended else {}
        row["substate"] = job.substate
    row["Variable_List"] = dict(job.variables)
    if job.comment:
        row["comment"] = job.comment
    if job.exit_status is not None:
        row["exit_status" if torque else "Exit_status"] = job.exit_status
    row["submit_args" if torque else "Submit_arguments"] = job.submitted_by
    if torque:
        row |= {"start_time": job.started} if job.started else {}
        row |= {"comp_time": job.ended} if job.started and job.ended else {}
    return row | _array_attributes(job, torque=torque)


def _array_attributes(job: Job, *, torque: bool) -> dict[str, Any]:
    if job.is_array and torque:
        return {"job_array_request": job.array_request}
    if job.is_array:
        return {"array": "True", "array_indices_submitted": job.array_request}
    if job.index is not None and not torque:
        return {"array_id": f"{job.seq}[].{SERVER}", "array_index": job.index}
    return {}


def _state(job: Job, *, torque: bool) -> str:
    if job.is_array and not job.done:
        if job.held:
            return "H"
        if job.started:
            return "R" if torque else "B"
    return job.state


# --- the forms ------------------------------------------------------------------------------------


def _xml(jobs: list[Job], *, split: bool) -> str:
    """One document; with identifiers, one for each."""
    head = '<?xml version="1.0"?>\n<Data>'
    parts = [f"<Job><Job_Id>{job.id}</Job_Id>{_elements(job)}</Job>" for job in jobs]
    if split:
        return "".join(f"{head}{part}</Data>\n" for part in parts)
    return f"{head}{''.join(parts)}</Data>\n"


def _elements(job: Job) -> str:
    row = _attributes(job, torque=True)
    row["Variable_List"] = ",".join(f"{n}={v}" for n, v in row["Variable_List"].items())
    text = ""
    for name, value in row.items():
        if isinstance(value, Mapping):
            inner = "".join(f"<{n}>{_xml_text(v)}</{n}>" for n, v in value.items())
        else:
            inner = _xml_text(value)
        text += f"<{name}>{inner}</{name}>"
    return text


def _xml_text(value: object) -> str:
    return escape(str(value), {'"': "&quot;"})


def _date(seconds: int, caller: Caller) -> str:
    """A date as the command prints it: in its own time zone, which it does not tell."""
    utc = caller.env.get("TZ") == "UTC"
    return time.asctime(time.gmtime(seconds) if utc else time.localtime(seconds))


_TIMES = (
    "ctime",
    "mtime",
    "qtime",
    "stime",
    "obittime",
    "Execution_Time",
    "start_time",
    "comp_time",
)


def _with_dates(row: dict[str, Any], caller: Caller) -> dict[str, Any]:
    return {n: _date(v, caller) if n in _TIMES else v for n, v in row.items()}


def _json(jobs: list[Job], caller: Caller) -> str:
    """Values of variables that look like numbers or truth become such, as measured."""
    document: dict[str, Any] = {
        "timestamp": int(time.time()),
        "pbs_version": "23.06.06",
        "pbs_server": SERVER,
    }
    for job in jobs:
        row = _with_dates(_attributes(job, torque=False), caller)
        row["Variable_List"] = {n: _converted(v) for n, v in row["Variable_List"].items()}
        document.setdefault("Jobs", {})[job.id] = row
    return json.dumps(document, indent="\t", separators=(",", ":\t"), ensure_ascii=False) + "\n"


def _converted(text: str) -> object:
    if text in {"true", "false"}:
        return text == "true"
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text or "e" in text else int(text)
    return text


def _text(job: Job, cluster: Cluster, caller: Caller) -> str:
    row = _with_dates(_attributes(job, torque=cluster.flavour is TORQUE), caller)
    row["Variable_List"] = ",".join(f"{n}={v}" for n, v in row["Variable_List"].items())
    lines = [f"Job Id: {job.id}"]
    for name, value in row.items():
        if isinstance(value, Mapping):
            lines += [f"    {name}.{part} = {text}" for part, text in value.items()]
        else:
            lines.append(f"    {name} = {value}")
    return "\n".join(_wrapped(line) for line in lines) + "\n\n"


def _wrapped(line: str) -> str:
    """Long lines go on behind a tab, wherever they are cut."""
    pieces = [line[:78]] + [line[i : i + 70] for i in range(78, len(line), 70)]
    return "\n\t".join(pieces)


def _table(jobs: list[Job]) -> str:
    if not jobs:
        return ""
    head = "Job ID                    Name             User            Time Use S Queue\n"
    rows = (f"{j.id:<26} {j.name[:15]:<16} {j.owner.name:<15} 0 {j.state} {j.queue}" for j in jobs)
    return head + "-" * 74 + "\n" + "\n".join(rows) + "\n"


def _queues(cluster: Cluster) -> str:
    text = ""
    for name in QUEUES:
        live = [j for j in cluster.jobs.values() if j.queue == name and not j.done]
        count = "Transit:0 Queued:0 Held:0 Waiting:0 Running:0 Exiting:0"
        rows = {"queue_type": "Execution", "total_jobs": len(live), "state_count": count}
        rows |= {"resources_max.walltime": "02:00:00"} if name in LIMITS else {}
        rows |= {"enabled": name != "off", "started": True}
        text += f"Queue: {name}\n"
        text += "".join(_wrapped(f"    {key} = {value}") + "\n" for key, value in rows.items())
        text += "\n"
    return text


def _server(cluster: Cluster, caller: Caller) -> str:
    del caller
    rows = {"server_state": "Active", "scheduling": "True", "default_queue": QUEUES[0]}
    if cluster.flavour is TORQUE:
        rows |= {"keep_completed": f"{cluster.keep_completed:.0f}", "pbs_version": "6.1.2"}
    else:
        rows |= {"job_history_enable": str(cluster.history), "pbs_version": "23.06.06"}
    return f"Server: {SERVER}\n" + "".join(f"    {k} = {v}\n" for k, v in rows.items()) + "\n"
