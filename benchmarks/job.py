"""What does the whole job cost? `kalib run` from the file to the published folder, beside a plain script, round after round."""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.metadata
import math
import os
import platform
import shutil
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import duckdb

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE / "plain")]

import measure  # noqa: E402  benchmarks are scripts, no package
import tree  # noqa: E402
from compare import compare  # noqa: E402
from make_log import make_log  # noqa: E402

ROOT = HERE.parent
KALIB = Path(sys.executable).with_name("kalib")
WHOLESALE = ROOT / "jobs" / "wholesale.yaml"
SMALL = {"customers": 92, "most_lines": 90, "seed": 246}
"""The small log: of the sample's customers with at most so many lines, so many by a hash of their id and the seed. 2,823 lines."""
CSV_LINES = 1_750_000
"""Eighty megabytes."""
LOGS = {"5m": (5_000_000, 200_000), "50m": (50_000_000, 2_000_000)}
EXPONENT = 1.1
"""A step may grow with the customers to this power, at most."""


@dataclass(frozen=True)
class Row:
    """One thing measured: its command, and what it may cost: processor seconds, times the plain script's, GiB, minutes by the clock."""

    name: str
    command: tuple[str | os.PathLike[str], ...]
    seconds: float | None = None
    ratio: float | None = None
    memory: float | None = None
    minutes: float | None = None


def list_rows(folder: Path, *, size: str) -> list[Row]:
    """Return what is measured, logs made; ``size`` names a large log, or is ``sample``."""
    if size in LOGS:
        limits = {"5m": {"seconds": 240, "memory": 3}, "50m": {"minutes": 25, "memory": 8}}[size]
        return [Row(f"{size}: {LOGS[size][1]:,} customers", run(write_job(folder, size), folder / "runs"), **limits)]
    plain = (sys.executable, HERE / "plain", folder / "plain")
    out, one = folder / "runs", ("-p", "language=[en]")
    csv = make_log(folder, CSV_LINES, CSV_LINES // 10, kind="csv")
    return [
        Row("plain script", plain, seconds=40),
        Row("wholesale, one language", (*run(WHOLESALE, out), *one), seconds=50, ratio=1.5),
        Row("wholesale, two languages", run(WHOLESALE, out), seconds=60),
        Row("2,823 lines of 92 customers", (*run(write_small(folder), out), *one), seconds=20),
        Row("kalib check of wholesale", (KALIB, "check", WHOLESALE), seconds=4),
        Row("kalib init of 80 MB", (KALIB, "init", csv, "--out", folder / "init.yaml"), seconds=8),
    ]


def run(job: Path, out: Path) -> tuple[str | os.PathLike[str], ...]:
    """Return the command of a whole run."""
    return (KALIB, "run", job, "--out", out)


def write_small(folder: Path) -> Path:
    """Write the small log and its job; orders alone, with all their columns."""
    log = folder / "small.parquet"
    with duckdb.connect() as con:
        con.execute(f"""COPY (
        WITH few AS (SELECT customer_id FROM '{ROOT}/data/wholesale/orders.parquet' WHERE customer_id IS NOT NULL GROUP BY customer_id
          HAVING count(*) <= {SMALL["most_lines"]} ORDER BY md5(customer_id || '{SMALL["seed"]}') LIMIT {SMALL["customers"]})
        SELECT * FROM '{ROOT}/data/wholesale/orders.parquet' SEMI JOIN few USING (customer_id)
        ORDER BY order_date, order_id, product, quantity) TO '{log}' (FORMAT parquet)""")
    text = WHOLESALE.read_text(encoding="utf-8").replace("data/wholesale/orders.parquet", log.name)
    kept = text.partition("accounts:")[0].replace("job: wholesale", "job: small")
    return write_yaml(folder, "small", kept + "as_of: 2026-06-30\ncurrency: CNY\n")


def write_job(folder: Path, size: str) -> Path:
    """Make a large log and write its job."""
    log = make_log(folder, *LOGS[size])
    columns = ("customer_id", "order_id", "order_date", "product", "quantity", "amount")
    mapped = ", ".join(f"{name}: {name}" for name in columns)
    return write_yaml(
        folder,
        f"log{size}",
        f"job: log{size}\nsource: {log.name}\ncolumns: {{{mapped}}}\ncurrency: EUR\nlanguage: [en]\n",
    )


def write_yaml(folder: Path, name: str, text: str) -> Path:
    """Write a job file; its paths start from the folder above ``jobs``."""
    (folder / "jobs").mkdir(exist_ok=True)
    file = folder / "jobs" / f"{name}.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def measure_rounds(rows: Sequence[Row], folder: Path, rounds: int) -> dict[str, list[tree.Tree]]:
    """Run every row in turn, round after round, each from nothing: what an earlier run left is removed before."""
    costs: dict[str, list[tree.Tree]] = {row.name: [] for row in rows}
    for number in range(rounds):
        for row in rows:
            shutil.rmtree(folder / "runs", ignore_errors=True)
            (folder / "init.yaml").unlink(missing_ok=True)
            cost = tree.run(row.command)
            costs[row.name].append(cost)
            print(f"{number + 1} {row.name:32} {cost.seconds:7.1f} s, {cost.clock:7.1f} s by the clock, {cost.memory:.2f} GiB", flush=True)  # fmt: skip
            if row.name == "wholesale, one language":
                check_figures(folder)
    return costs


def check_figures(folder: Path) -> None:
    """Hold every column of every table to the plain script's, and print the largest difference of each table.

    Raises
    ------
    AssertionError
        A column differs.
    """
    run_folder = (folder / "runs" / "wholesale" / "latest").resolve()
    found = compare(folder / "plain" / "tables", run_folder / "tables")
    for table, own in found.groupby("table"):
        made = own[own["compared"]]
        lacking = ", ".join(own.loc[~own["compared"], "column"])
        print(f"  {table:20} {len(made):3} columns, largest difference {made['largest_difference'].max():.2g}" + (f"; not made: {lacking}" if lacking else ""))  # fmt: skip
    wrong = found[found["rows_off"] > 0]
    assert wrong.empty, f"the plain script and the run differ:\n{wrong.to_string(index=False)}"


def write_table(rows: Sequence[Row], costs: dict[str, list[tree.Tree]]) -> str:
    """Return the table of results: medians, beside the targets and the plain script of the same rounds."""
    lines = [
        "# What the whole job costs, beside a plain script that makes the same tables",
        "",
        f"{dt.date.today()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        + ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("duckdb", "pandas", "scikit-learn"))
        + f". Processor time of all processes; medians of {len(next(iter(costs.values())))} in turn, each from nothing. "
        "Written by `job.py`; see README.md.",
        "",
        "| what | seconds | by the clock | GiB of all at once | times the plain script | to reach | held |",
        "| --- | ---: | ---: | ---: | ---: | --- | --- |",
    ]
    plain = costs.get("plain script")
    for row in rows:
        own = costs[row.name]
        seconds, clock, memory = (statistics.median(getattr(one, name) for one in own) for name in ("seconds", "clock", "memory"))  # fmt: skip
        ratios = [one.seconds / other.seconds for one, other in zip(own, plain, strict=True)] if plain else [math.nan]
        ratio = statistics.median(ratios)
        asked = {
            "{} s": (row.seconds, seconds),
            "{} times": (row.ratio, ratio),
            "{} GiB": (row.memory, memory),
            "{} minutes": (row.minutes, clock / 60),
        }
        asked = {text.format(limit): found <= limit for text, (limit, found) in asked.items() if limit is not None}
        spread = f"{ratio:.2f} ({min(ratios):.2f} to {max(ratios):.2f})" if plain else ""
        held = "yes" if all(asked.values()) else "**no**"
        lines.append(
            f"| {row.name} | {seconds:.1f} | {clock:.1f} | {memory:.2f} | {spread} | {', '.join(asked)} | {held} |"
        )
    return "\n".join(lines) + "\n"


def write_steps(costs: dict[str, list[tree.Tree]]) -> str:
    """Return the table of steps: processor seconds, medians, and for large logs the peak memory; exponents between two sizes."""
    told = {name: own for name, own in costs.items() if "run" in name or any(len(one.steps) > 4 for one in own)}
    names = sorted({step for own in told.values() for one in own for step in one.steps})
    medians = {
        name: {
            step: statistics.median(one.steps[step].seconds if step in one.steps else 0.0 for one in own)
            for step in names
        }
        for name, own in told.items()
    }
    peaks = {
        name: {step: max((one.steps[step].memory for one in own if step in one.steps), default=0.0) for step in names}
        for name, own in told.items()
    }
    head = [f"{name}, seconds (GiB)" for name in told]
    lines = [f"| step | {' | '.join(head)} |", f"| --- |{' ---: |' * len(head)}"]
    for step in names:
        cells = [f"{medians[name][step]:.1f} ({peaks[name][step]:.2f})" for name in told]
        lines.append(f"| {step} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def write_exponents(costs: dict[str, list[tree.Tree]], sizes: Sequence[str]) -> str:
    """Return by which power of the lines each step grew from one size to the next."""
    lines = ["| step | from | to | exponent | held |", "| --- | ---: | ---: | ---: | --- |"]
    for small, large in pairwise(sizes):
        first, second = (next(own for name, own in costs.items() if name.startswith(f"{size}:"))[-1].steps for size in (small, large))  # fmt: skip
        growth = math.log(LOGS[large][0] / LOGS[small][0])
        for step in first.keys() & second.keys() - {"not seen"}:
            one, other = first[step].seconds, second[step].seconds
            if min(one, other) > 0:
                power = math.log(other / one) / growth
                lines.append(f"| {step} | {one:.1f} | {other:.1f} | {power:.2f} | {'yes' if power <= EXPONENT else '**no**'} |")  # fmt: skip
    return "\n".join([*lines[:2], *sorted(lines[2:])]) + "\n" if len(sizes) > 1 else ""


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the logs, run everything in turn, hold the figures to each other, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(tempfile.gettempdir()) / "kalib-benchmarks")
    parser.add_argument("--size", nargs="+", choices=("sample", *LOGS), default=["sample"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", help="rows whose name begins so")
    parser.add_argument("--results", type=Path, default=HERE / "results.md", help="Markdown file for the tables")
    given = parser.parse_args(arguments)
    given.folder.mkdir(parents=True, exist_ok=True)
    rows = [row for size in given.size for row in list_rows(given.folder, size=size)]
    rows = [row for row in rows if not given.only or row.name.startswith(tuple(given.only))]
    costs = measure_rounds(rows, given.folder, given.rounds)
    sizes = [size for size in given.size if size in LOGS]
    parts = [write_table(rows, costs), write_steps(costs), write_exponents(costs, sizes)]
    text = "\n".join(part for part in parts if part)
    measure.write_part(given.results, "job" if not sizes else f"job-{'-'.join(given.size)}", text)
    print("\n" + text)


if __name__ == "__main__":
    main()
