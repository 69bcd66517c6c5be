"""What did a run of kalib cost, with every process it started? Processor time, memory of all at once, and of each notebook.

Linux only. A process that outlives its parent falls to this one (it is a "subreaper"), so that none ends uncounted:
what `wait4` says of the whole tree is complete. Which kernel runs which notebook, the process that keeps it says in its
environment (kalib.publish.kernels).
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

LOOK_SECONDS = 0.1
MEMORY_EVERY = 5
"""Memory is added up at every so many looks: it costs more than processor time."""
TICKS = os.sysconf("SC_CLK_TCK")
PR_SET_CHILD_SUBREAPER = 36


@dataclass
class Part:
    """One kernel: its notebook, processor seconds and peak memory in GiB when last seen."""

    notebook: str
    seconds: float = 0.0
    memory: float = 0.0


@dataclass
class Tree:
    """A command with all it started: processor seconds, clock, GiB of all at once and of the largest process, kernels in turn."""

    seconds: float = 0.0
    clock: float = 0.0
    memory: float = 0.0
    largest: float = 0.0
    kernels: dict[int, Part] = field(default_factory=dict)

    def notebooks(self, edition: int = 0) -> dict[str, Part]:
        """Return the kernels by notebook: of the first language, or of the ``edition``-th after it."""
        turns: dict[str, list[Part]] = {}
        for part in self.kernels.values():
            turns.setdefault(part.notebook, []).append(part)
        return {name: parts[edition] for name, parts in sorted(turns.items()) if edition < len(parts)}


def run(command: Sequence[str | os.PathLike[str]], *, nice: int = 0) -> Tree:
    """Run a command to its end, and to the end of all it started; return what they cost.

    Raises
    ------
    RuntimeError
        The command failed; its last words are in the message.
    """
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    tree, started = Tree(), time.monotonic()
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, preexec_fn=lambda: os.nice(nice))
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
    looks, keepers = 0, {}
    while not ended.wait(LOOK_SECONDS):
        processes = _below(root)
        for pid in processes.keys() - keepers.keys():
            if kept := _kept(pid):  # between its fork and its exec a keeper looks like its parent: asked again
                keepers[pid] = kept
        for name, mark in (keepers[pid] for pid in processes.keys() & keepers.keys()):
            with suppress(OSError, ValueError, KeyError):
                kernel = int(mark.read_text())
                part = tree.kernels.setdefault(kernel, Part(name))
                part.seconds = max(part.seconds, processes[kernel])
                part.memory = max(part.memory, _kilobytes(f"/proc/{kernel}/status", "VmHWM:") / 2**20)
        if looks % MEMORY_EVERY == 0:
            now = sum(_kilobytes(f"/proc/{pid}/smaps_rollup", "Pss:") for pid in processes)
            tree.memory = max(tree.memory, now / 2**20)
        looks += 1


def _below(root: int) -> dict[int, float]:
    """Return the processes below ``root`` and itself with their processor seconds, children that ended included."""
    parents, seconds = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended meanwhile
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
            pid = int(stat.parent.name)
            parents[pid], seconds[pid] = int(fields[1]), sum(map(int, fields[11:15])) / TICKS
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return {pid: seconds[pid] for pid in found if pid in seconds}


def _kept(pid: int) -> tuple[str, Path] | None:
    """Return the notebook and the file that names the kernel, if this process keeps one."""
    with suppress(OSError):
        words = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        name = next((word.partition(b"=")[2].decode() for word in words if word.startswith(b"KALIB_NOTEBOOK=")), "")
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if name and arguments[-2].endswith(b".json"):
            return name, Path(f"{arguments[-2].decode()}.pid")
    return None


def _kilobytes(file: str, what: str) -> int:
    with suppress(OSError):
        for line in Path(file).read_text().splitlines():
            if line.startswith(what):
                return int(line.split()[1])
    return 0
