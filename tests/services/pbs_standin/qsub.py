"""qsub: its options, checked as both were measured to check them."""

import getopt
import re
import shlex
import time

from services.pbs_standin.cluster import LIMITS, QUEUES, Cluster
from services.pbs_standin.flavours import OPENPBS, SERVER, TORQUE, Answer, Caller, Refused
from services.pbs_standin.jobs import Job

_OPTIONS = {
    "torque": "a:A:b:c:C:d:D:e:F:hIj:J:k:K:l:m:M:nN:o:p:P:q:r:S:t:T:u:v:Vw:W:xXz",
    "openpbs": "a:A:c:C:e:fGhIj:J:k:l:m:M:N:o:p:P:q:r:R:S:u:v:VW:Xz",
}
_USAGE = {
    "torque": "\nusage: qsub [-a date_time] [-A account_string] [-b secs]\n    [script]\n\n",
    "openpbs": "usage: qsub [-a date_time] [-A account_string] [-c interval]\n"
    "\t[script | -- command [arg1 ...]]\n       qsub --version\n",
}
_KNOWN = {
    "torque": {"nodes", "procs", "walltime", "mem", "vmem", "pmem", "ncpus", "cput", "select"},
    "openpbs": {"nodes", "select", "place", "walltime", "mem", "vmem", "pmem", "ncpus", "cput"},
}
_CHUNK = {"ncpus", "mpiprocs", "mem", "ngpus", "host", "vmem"}
_CPUS = 16  # of the one node
_TIMES = {"walltime", "cput"}
_SIZES = {"mem", "vmem", "pmem"}


class Qsub:
    """One call of qsub."""

    def __init__(self, cluster: Cluster, caller: Caller, words: list[str]) -> None:
        self._cluster, self._caller, self._words = cluster, caller, words
        self._flavour = cluster.flavour
        self._torque = cluster.flavour is TORQUE
        self._indices: list[int] = []

    def run(self) -> Answer:
        """Check everything, take the job, print its identifier."""
        if self._torque and any(word.startswith("--") for word in self._words):
            raise Refused(f"[a single - is not a valid option]\n{_USAGE['torque']}", 2)
        try:
            options, operands = getopt.getopt(self._words, _OPTIONS[self._flavour.name])
        except getopt.GetoptError as error:
            opt = error.opt if len(error.opt) == 1 else "-"
            raise self._usage(f"invalid option -- '{opt}'", plain=True) from None
        if len(operands) > 1:
            raise Refused(
                ("[index issues]\n" if self._torque else "") + _USAGE[self._flavour.name], 2
            )
        if "-I" in dict(options):
            raise Refused("qsub: standard input and output must be a terminal\n", 1)
        script = self._script(operands)
        job = Job(
            seq=self._cluster.next,
            owner=self._caller,
            name="STDIN",
            queue=QUEUES[0],
            script=script,
            submitted_by=shlex.join(self._words),
        )
        job.variables = {"PBS_O_HOME": self._caller.home, "PBS_O_WORKDIR": self._caller.cwd}
        for letter, value in options:
            handler = getattr(self, f"_option_{letter[1:]}", None)
            if handler:
                handler(job, value)
        self._check(job)
        job.is_array = bool(self._indices)
        self._cluster.next += 1
        self._cluster.add(job, self._indices)
        quiet = "-z" in dict(options)
        return Answer("" if quiet else f"{job.id}\n")

    def _script(self, operands: list[str]) -> bytes:
        if not operands or operands == ["-"]:
            script = self._caller.stdin
        else:
            raise Refused(
                f"qsub: script file '{operands[0]}' cannot be loaded - No such file or directory\n",
                1,
            )
        if b"\r\n" in script and not self._torque:
            raise Refused("qsub: script contains cr, lf\n", 1)
        head = re.match(rb"(?:(?:[ \t]*|#[^\n]*)\n)*", script)
        if head and re.search(rb"^#PBS ", head.group(), re.MULTILINE):
            raise Refused("qsub: the stand-in takes no directives: give words\n", 99)
        return script  # directives behind the first line that does something are not read

    # --- one option each ----------------------------------------------------------------------

    def _option_N(self, job: Job, value: str) -> None:
        printable = value.isascii() and " " not in value and len(value) < 236
        portable = re.fullmatch(r"[A-Za-z0-9_.-][^/:\[@,\"]*", value)
        if not printable or (not self._torque and not portable):
            raise self._usage("illegal -N value")
        job.name = value or "none"

    def _option_q(self, job: Job, value: str) -> None:
        job.queue = value

    def _option_h(self, job: Job, value: str) -> None:
        job.held = True

    def _option_j(self, job: Job, value: str) -> None:
        if value not in {"oe", "eo", "n"} or (value == "n" and not self._torque):
            raise self._usage("illegal -j value")
        job.joined = value == "oe"

    def _option_o(self, job: Job, value: str) -> None:
        job.output = self._stored(value)

    def _option_e(self, job: Job, value: str) -> None:
        job.error = self._stored(value)

    def _stored(self, value: str) -> str:
        return f"{SERVER}:{value if value.startswith('/') else f'{self._caller.cwd}/{value}'}"

    def _option_S(self, job: Job, value: str) -> None:
        if not value.startswith("/"):
            raise self._usage("illegal -S value")
        job.shell = value

    def _option_A(self, job: Job, value: str) -> None:
        job.account = value

    def _option_m(self, job: Job, value: str) -> None:
        if not re.fullmatch("n|[abej]+", value):
            raise self._usage("illegal -m value")

    def _option_p(self, job: Job, value: str) -> None:
        if not re.fullmatch(r"-?[0-9]+", value) or not -1024 <= int(value) <= 1023:
            raise self._usage("illegal -p value")

    def _option_d(self, job: Job, value: str) -> None:
        raise self._usage("illegal -d value")

    def _option_v(self, job: Job, value: str) -> None:
        for part in value.split(","):
            name, equals, text = part.partition("=")
            if not equals:
                if name not in self._caller.env and self._torque:
                    raise Refused("qsub: invalid -v syntax\n", 3)
                text = self._caller.env.get(name, "")
            if not self._torque and (text.count('"') % 2 or text.count("'") % 2):
                raise Refused("qsub: cannot send environment with the job\n", 1)
            job.variables[name] = text.split("\n")[0] if self._torque else text

    def _option_V(self, job: Job, value: str) -> None:
        job.variables |= {n: v for n, v in self._caller.env.items() if not n.startswith("PBS_")}

    def _option_a(self, job: Job, value: str) -> None:
        found = re.fullmatch(r"((?:[0-9]{2}){0,4}[0-9]{4})(?:\.([0-9]{2}))?", value)
        digits = found.group(1) if found else ""
        if len(digits) not in {4, 6, 8, 10, 12}:
            raise self._usage("illegal -a value")
        whole = time.strftime("%Y%m%d%H%M")[: 12 - len(digits)] + digits
        try:
            job.start_at = time.mktime(time.strptime(whole, "%Y%m%d%H%M"))
        except ValueError:
            raise self._usage("illegal -a value") from None

    def _option_l(self, job: Job, value: str) -> None:
        for part in value.split(","):
            name, _, text = part.partition("=")
            if name not in _KNOWN[self._flavour.name]:
                raise self._cluster.refuse("qsub", "resource", name=name)
            self._check_value(name, text)
            job.resources[name] = text
            if name == "walltime":
                job.walltime = _seconds(text)

    def _check_value(self, name: str, text: str) -> None:
        clock = re.fullmatch(r"[0-9]+(:[0-9]+){0,2}(\.[0-9]+)?", text)
        days = self._torque and re.fullmatch(r"[0-9]+(:[0-9]+){3}", text)
        size = re.fullmatch(r"[0-9]+([kmgt]?[bw]?)", text)
        if (name in _TIMES and not (clock or days)) or (name in _SIZES and not size):
            raise self._cluster.refuse("qsub", "value", name=name)
        if name in _SIZES and size and not size.group(1):
            self._cluster.violations.append(f"{name}={text} has no unit: bytes")

    def _option_W(self, job: Job, value: str) -> None:
        name, _, text = value.partition("=")
        if name != "depend":
            code = 154
            said = (
                "submit error (Undefined attribute  MSG=detected presence of an unknown attribute)"
            )
            raise Refused(
                f"qsub: {said if self._torque else 'Error (15002) submitting job'}\n", code
            )
        for part in text.split(","):
            kind, *names = part.split(":")
            if kind not in {"afterok", "afterany", "afternotok", "afterokarray"} or not names:
                raise self._usage("illegal -W value")
            for each in names:
                self._depend(job, kind, each)

    def _depend(self, job: Job, kind: str, name: str) -> None:
        other = self._cluster.find(name)
        if self._torque and (other is None or other.is_array != (kind == "afterokarray")):
            raise self._cluster.refuse("qsub", "dependency")
        if not self._torque and (kind == "afterokarray" or (other and other.index is not None)):
            raise self._usage("illegal -W value")
        job.depends_on.append((kind, other.id if other else name))

    def _option_t(self, job: Job, value: str) -> None:
        job.array_request, _, slots = value.partition("%")
        job.slots = int(slots) if slots else None
        for part in job.array_request.split(","):
            found = re.fullmatch(r"([0-9]+)(?:-([0-9]+))?", part)
            if not found:
                raise self._cluster.refuse("qsub", "array")
            first, last = int(found.group(1)), int(found.group(2) or found.group(1))
            if last < first:  # measured: this crashes pbs_server
                self._cluster.violations.append(f"qsub -t {value}")
                self._cluster.away = True
                raise Refused("qsub: submit error (End of File)\n", 67)
            self._indices += range(first, last + 1)

    def _option_J(self, job: Job, value: str) -> None:
        if self._torque:
            return
        found = re.fullmatch(r"([0-9]+)-([0-9]+)(?::([0-9]+))?(?:%([0-9]+))?", value)
        if not found or int(found.group(1)) >= int(found.group(2)):
            raise self._usage("illegal -J value")
        job.array_request = value
        step = int(found.group(3) or 1)
        job.slots = int(found.group(4)) if found.group(4) else None
        self._indices = list(range(int(found.group(1)), int(found.group(2)) + 1, step))
        if len(self._indices) > 10000:
            raise self._cluster.refuse("qsub", "array")

    # --- all together -------------------------------------------------------------------------

    def _check(self, job: Job) -> None:
        who = {"user": self._caller.name, "queue": job.queue}
        if job.queue not in QUEUES:
            raise self._cluster.refuse("qsub", "unknown queue", **who)
        if job.queue == "closed":
            raise self._cluster.refuse("qsub", "unauthorized", **who)
        if job.queue == "off":
            raise self._cluster.refuse("qsub", "disabled", **who)
        if (job.walltime or 0) > LIMITS.get(job.queue, job.walltime or 0):
            raise self._cluster.refuse("qsub", "limit", **who)
        if self._torque:
            self._check_nodes(job)
        else:
            self._check_select(job)

    def _check_nodes(self, job: Job) -> None:
        nodes = job.resources.get("nodes", "")
        if nodes and "ncpus" in job.resources:
            raise self._cluster.refuse("qsub", "mixed")
        if "select" in job.resources:
            self._cluster.violations.append("TORQUE ignores select")
        found = re.fullmatch(r"([0-9]+)(?::ppn=([0-9]+))?(?::gpus=([0-9]+))?", nodes)
        if nodes and not (found and int(found.group(1)) <= 1 and int(found.group(2) or 1) <= _CPUS):
            raise self._cluster.refuse("qsub", "feasible")

    def _check_select(self, job: Job) -> None:
        select = job.resources.get("select", "")
        if select:
            if "nodes" in job.resources:
                raise Refused("qsub: Cannot be used with select or place: nodes\n", 6)
            for name in ("ncpus", "mem"):
                if name in job.resources:
                    raise self._cluster.refuse("qsub", "mixed", name=name)
        elif "place" in job.resources:
            raise Refused('qsub: Cannot have "place" without "select"\n', 7)
        for part in re.split("[:+]", job.resources.get("nodes", "1")):
            if not re.fullmatch("[0-9]+|ppn=[0-9]+", part):
                raise Refused(f"qsub: Unknown resource: {part}\n", 187)
        count, cpus = 0, 0
        for chunk in select.split("+") if select else ():
            number, *parts = chunk.split(":")
            values = dict(part.partition("=")[::2] for part in parts)
            for name in values.keys() - _CHUNK:
                raise Refused(f"qsub: Unknown resource: {name}\n", 187)
            count += int(number)
            cpus += int(number) * int(values.get("ncpus", 1))
        scattered = job.resources.get("place") == "scatter" and count > 1
        if cpus > _CPUS or scattered:
            job.impossible = True
            job.comment = "Can Never Run: Insufficient amount of resource: ncpus"

    def _usage(self, what: str, *, plain: bool = False) -> Refused:
        usage = _USAGE[self._flavour.name]
        if self._flavour is OPENPBS or plain:
            return Refused((f"qsub: {what}\n" if what else "") + usage, 2)
        return Refused(f"[qsub: {what}]\n{usage}", 2)


def _seconds(text: str) -> int:
    total = 0
    for part in text.partition(".")[0].split(":"):
        total = total * 60 + int(part)
    return total
