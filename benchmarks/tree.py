"""What did a run of kalib cost, with every process it started? Processor time, memory of all at once, and of each step.

Linux only. A process that outlives its parent falls to this one (a "subreaper"), so that none ends uncounted: the whole
is what the system counted of all that ended. Steps are looked at while they run: the function of ours that a process
was started for stands in its command, and the notebook of a kernel in the environment of the process that keeps it.
"""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

LOOK_SECONDS = 0.2
MEMORY_EVERY = 3
"""Memory of all is added up at every so many looks: it takes longer than processor time."""
TICKS = os.sysconf("SC_CLK_TCK")
PR_SET_CHILD_SUBREAPER = 36
STEPS = {
    "kalib.ledger.apart": "ledger",
    "kalib.publish.warm": "imports of the kernels",
    "": "pages, and the run itself",
}
"""By the module that a process was started for."""


@dataclass
class Step:
    """One process: what it did, its processor seconds and peak memory in GiB when last seen."""

    name: str
    seconds: float = 0.0
    memory: float = 0.0


@dataclass
class Tree:
    """A command with all it started: processor seconds, clock, GiB of all at once and of the largest process, and its steps."""

    seconds: float = 0.0
    clock: float = 0.0
    memory: float = 0.0
    largest: float = 0.0
    processes: dict[int, Step] = field(default_factory=dict)

    @property
    def steps(self) -> dict[str, Step]:
        """Return the steps by name; of several processes the seconds together and the larger peak."""
        found: dict[str, Step] = {}
        for one in self.processes.values():
            step = found.setdefault(one.name, Step(one.name))
            step.seconds, step.memory = step.seconds + one.seconds, max(step.memory, one.memory)
        seen = sum(step.seconds for step in found.values())
        return dict(sorted(found.items())) | {"not seen": Step("not seen", max(self.seconds - seen, 0.0))}


def run(command: Sequence[str | os.PathLike[str]]) -> Tree:
    """Run a command to its end, and to the end of all it started; return what they cost.

    Raises
    ------
    RuntimeError
        The command failed; its last words are in the message.
    """
    adopt = partial(ctypes.CDLL(None).prctl, PR_SET_CHILD_SUBREAPER)
    adopt(1, 0, 0, 0)
    tree, started = Tree(), time.monotonic()
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)
        ended = threading.Event()
        watcher = threading.Thread(target=_watch, args=(process.pid, tree, ended))
        watcher.start()
        try:
            process.returncode = _wait(process.pid, tree)
            tree.clock = time.monotonic() - started
            with suppress(ChildProcessError):
                while True:
                    _wait(-1, tree)
        finally:
            ended.set()
            watcher.join()
            adopt(0, 0, 0, 0)
        said.seek(0)
        if process.returncode:
            raise RuntimeError(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{said.read()[-2000:]}")
    return tree


def _wait(pid: int, tree: Tree) -> int:
    _, status, usage = os.wait4(pid, 0)
    tree.seconds += usage.ru_utime + usage.ru_stime
    tree.largest = max(tree.largest, usage.ru_maxrss / 2**20)
    return os.waitstatus_to_exitcode(status)


def _watch(root: int, tree: Tree, ended: threading.Event) -> None:
    """Look at the processes below ``root``, again and again, until ``ended``."""
    looks = 0
    while not ended.wait(LOOK_SECONDS):
        processes = _below(root)
        kernels = {}
        for pid in processes:
            name, kernel = _name(pid)
            if kernel:
                kernels[kernel], name = name, STEPS[""]
            step = tree.processes.setdefault(pid, Step(STEPS[""]))
            if name and step.name in STEPS.values():  # between its fork and its exec it looks like its parent
                step.name = name
        for pid in kernels.keys() & processes.keys():
            tree.processes[pid].name = kernels[pid]
        for pid, seconds in processes.items():
            step = tree.processes[pid]
            step.seconds = max(step.seconds, seconds)
            step.memory = max(step.memory, _kilobytes(f"/proc/{pid}/status", "VmHWM:") / 2**20)
        if looks % MEMORY_EVERY == 0:
            now = sum(_kilobytes(f"/proc/{pid}/smaps_rollup", "Pss:") for pid in processes)
            tree.memory = max(tree.memory, now / 2**20)
        looks += 1


def _below(root: int) -> dict[int, float]:
    """Return the processes below ``root`` and itself, with their processor seconds."""
    parents, seconds = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended meanwhile
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
            pid = int(stat.parent.name)
            parents[pid], seconds[pid] = int(fields[1]), sum(map(int, fields[11:13])) / TICKS
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return {pid: seconds[pid] for pid in found if pid in seconds}


def _name(pid: int) -> tuple[str, int]:
    """Return what a process does, nothing while it ends; of one that keeps a kernel, the kernel's notebook and process."""
    words, command = [], b""
    with suppress(OSError):
        words = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    notebook = next((word.partition(b"=")[2].decode() for word in words if word.startswith(b"KALIB_NOTEBOOK=")), "")
    last = command.rstrip(b"\0").rpartition(b"\0")[2].decode(errors="replace")
    if notebook and last.endswith(".json"):
        with suppress(OSError, ValueError):
            return notebook, int(Path(f"{last}.pid").read_text())
    module = re.search(rb"from (kalib[\w.]+) import", command)
    return (STEPS.get(module[1].decode() if module else "", STEPS[""]) if command else ""), 0


def _kilobytes(file: str, what: str) -> int:
    with suppress(OSError):
        for line in Path(file).read_text().splitlines():
            if line.startswith(what):
                return int(line.split()[1])
    return 0
