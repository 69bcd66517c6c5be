"""What did a process cost? Processor time and peak memory of a finished child, as the operating system counted them."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """What a process cost: processor seconds of the whole, of its work after imports, and its peak memory in GiB."""

    whole: float
    work: float
    memory: float


def run(command: Sequence[str | os.PathLike[str]]) -> Cost:
    """Run a command to its end and return its cost. It prints the processor time of its work as its last line.

    Raises
    ------
    RuntimeError
        The command failed; its last words are in the message.
    """
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as complained:
        process = subprocess.Popen(command, stdout=said, stderr=complained)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        complained.seek(0)
        if process.returncode:
            raise RuntimeError(
                f"{' '.join(map(str, command))} ended with {process.returncode}:\n{complained.read()[-2000:]}"
            )
        work = float(said.read().split()[-1])
    unit = 2**30 if sys.platform == "darwin" else 2**20
    return Cost(whole=usage.ru_utime + usage.ru_stime, work=work, memory=usage.ru_maxrss / unit)


def write_part(results: Path, name: str, table: str) -> None:
    """Write a script's table into the file of results, in the place of its earlier one; what other scripts wrote stays.

    Parameters
    ----------
    results : Markdown file
    name : of the script, which marks its part
    table : Markdown
    """
    begin, end = f"<!-- {name}.py -->", f"<!-- /{name}.py -->"
    text = results.read_text(encoding="utf-8") if results.exists() else ""
    before, _, rest = text.partition(begin)
    after = rest.partition(end)[2]
    parts = [before.strip(), f"{begin}\n{table.strip()}\n{end}", after.strip()]
    results.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")


def median(costs: Sequence[Cost]) -> Cost:
    """Return the median of each figure."""
    return Cost(*(statistics.median(getattr(cost, name) for cost in costs) for name in ("whole", "work", "memory")))
