"""How fast is the ledger beside hand-written SQL? Side by side in one run, in turn."""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import importlib.metadata
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import measure  # noqa: E402  benchmarks are scripts, no package
from make_log import make_log  # noqa: E402

KEYS = {"days": ["customer_id", "order_date"]}
RFM = ["last_order_date", "days_since_last_order", "orders", "net_sales"]


@dataclass(frozen=True)
class Size:
    """How large a run is: lines and customers of the log for SQL, and of the CSV."""

    large: tuple[int, int]
    csv: tuple[int, int]


SIZES = {
    "full": Size((50_000_000, 2_000_000), (5_000_000, 200_000)),
    "quick": Size((5_000_000, 200_000), (1_000_000, 40_000)),
    "tiny": Size((20_000, 800), (20_000, 800)),
}


@dataclass(frozen=True)
class Side:
    """One thing measured: a script, its task, the file it reads and the one it writes."""

    script: str
    task: str
    reads: Path
    writes: Path

    @property
    def name(self) -> str:
        return f"{self.script}: {self.task}"

    @property
    def command(self) -> list[str | os.PathLike[str]]:
        return [sys.executable, HERE / f"{self.script}.py", self.task, self.reads, self.writes]


@dataclass(frozen=True)
class Target:
    """What is compared with what, by which figure, and what the ratio may be.

    ``figure`` is ``whole`` (all of the process) or ``work`` (after imports).
    """

    what: str
    ours: str
    other: str
    limit: float
    figure: str = "whole"
    memory: float | None = None


TARGETS = (
    Target("table of order days, against SQL", "ours: days", "floor: days", 1.2, memory=3.5),
    Target("six snapshots with all features, against SQL for RFM of one", "ours: snapshots", "floor: rfm", 8),
    Target("judging a CSV, against loading it strictly, typed", "ours: judge", "floor: load_csv", 3),
    Target("judging a CSV, against only counting it strictly", "ours: judge", "floor: count_csv", 3),
)  # fmt: skip


def list_rounds(folder: Path, size: Size, groups: Sequence[str]) -> dict[str, list[Side]]:
    """Make the logs and return what is run in turn, by group.

    Parameters
    ----------
    folder : for logs and results
    size : how large
    groups : of sql, csv
    """

    def side(script: str, task: str, log: Path, name: str = "") -> Side:
        return Side(script, task, log, folder / f"{script}-{name or task}.parquet")

    rounds = {}
    if "sql" in groups:
        log = make_log(folder, *size.large)
        days = side("ours", "days", log)
        rounds["sql"] = [
            side("floor", "rfm", log),
            side("floor", "days", log),
            days,
            Side("ours", "snapshots", days.writes, folder / "ours-snapshots.parquet"),
        ]
    if "csv" in groups:
        log = make_log(folder, *size.csv, kind="csv")
        tasks = [("floor", "count_csv"), ("floor", "load_csv"), ("floor", "load_text"), ("ours", "judge")]
        rounds["csv"] = [side(script, task, log) for script, task in tasks]
    return rounds


def compare(left: Path, right: Path, key: Sequence[str], columns: Sequence[str], names: dict[str, str]) -> None:
    """Hold two results to each other: the same keys, dates and counts; money and means to a hundredth of a cent's size.

    Parameters
    ----------
    left, right : Parquet files
    key : columns that tell the rows
    columns : what must agree
    names : what a column is called on the right, where it differs

    Raises
    ------
    AssertionError
        A row on one side only, or a figure that differs; says how many.
    """

    def scan(path: Path, taken: dict[str, str]) -> str:
        shown = ", ".join(f"{taken.get(name, name)} AS {name}" for name in columns)
        identity = ", ".join(f"{name}::VARCHAR AS {name}" for name in key)
        return f"(SELECT {identity}, {shown} FROM read_parquet('{str(path).replace(chr(39), chr(39) * 2)}'))"

    tests = {}
    with duckdb.connect() as con:
        con.execute("SET enable_progress_bar = false")
        kinds = {name: kind for name, kind, *_ in con.execute(f"DESCRIBE FROM {scan(left, {})}").fetchall()}
        for name in columns:
            if kinds[name] == "DATE":
                tests[name] = f"a.{name}::DATE IS DISTINCT FROM b.{name}::DATE"
            else:
                one, other = f"coalesce(a.{name}::DOUBLE, 0)", f"coalesce(b.{name}::DOUBLE, 0)"
                tests[name] = f"abs({one} - {other}) > 0.005 + 1e-9 * abs({one})"
        counts = ", ".join(f"count(*) FILTER ({test})" for test in tests.values())
        on = " AND ".join(f"a.{name} = b.{name}" for name in key)
        lonely = f"count(*) FILTER (a.{key[0]} IS NULL OR b.{key[0]} IS NULL)"
        found = con.execute(
            f"SELECT count(*), {lonely}, {counts} FROM {scan(left, {})} a FULL JOIN {scan(right, names)} b ON {on}"
        ).fetchone()
    assert found[0] > 0, f"{left.name} and {right.name} are empty"
    wrong = {name: n for name, n in zip(["key", *tests], found[1:], strict=True) if n}
    assert not wrong, f"{left.name} and {right.name} differ in {wrong} of {found[0]} rows"


def check_figures(folder: Path, groups: Sequence[str]) -> None:
    """Hold every side's results to ours."""

    def ours(name: str) -> Path:
        return folder / f"ours-{name}.parquet"

    if "sql" in groups:
        days = ["orders", "lines", "net_sales", "gross_sales", "gap_days"]
        compare(ours("days"), folder / "floor-days.parquet", KEYS["days"], days, {})
        last = folder / "last-snapshot.parquet"
        with duckdb.connect() as con:
            con.execute(
                f"COPY (FROM '{ours('snapshots')}' WHERE as_of = (SELECT max(as_of) FROM '{ours('snapshots')}')) TO '{last}'"
            )
        compare(last, folder / "floor-rfm.parquet", ["customer_id"], RFM, {})
    if "csv" in groups:
        for task in ("count_csv", "load_csv", "load_text"):
            compare(ours("judge"), folder / f"floor-{task}.parquet", ["lines"], ["net_sales"], {})


def run_rounds(
    rounds: dict[str, list[Side]], repetitions: int, say: Callable[[str], None]
) -> dict[str, list[measure.Cost]]:
    """Run every side in turn, round after round, each in a fresh process."""
    costs: dict[str, list[measure.Cost]] = {}
    for sides in rounds.values():
        commands = {side.name: side.command for side in sides}
        for number in range(repetitions):
            for name, command in commands.items():
                cost = measure.run(command)
                costs.setdefault(name, []).append(cost)
                say(
                    f"{number + 1} {name:32} {cost.whole:7.1f} s, {cost.work:7.1f} of them work, {cost.memory:5.2f} GiB"
                )
    return costs


def keep_costs(folder: Path, costs: dict[str, list[measure.Cost]]) -> dict[str, list[measure.Cost]]:
    """Keep what was measured beside the logs, and return it with what earlier runs measured of other groups."""
    path = folder / "costs.json"
    stored = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    stored |= {name: [dataclasses.asdict(cost) for cost in runs] for name, runs in costs.items()}
    path.write_text(json.dumps(stored, indent=1), encoding="utf-8")
    return {name: [measure.Cost(**cost) for cost in runs] for name, runs in stored.items()}


def write_table(costs: dict[str, list[measure.Cost]], size: Size) -> str:
    """Return the result as Markdown: ratios with their targets, then what each side cost."""
    medians = {name: measure.median(runs) for name, runs in costs.items()}
    lines = [
        "# What the ledger costs, beside SQL",
        "",
        f"{dt.date.today()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        + ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("duckdb", "ibis-framework", "pandas"))
        + ". Medians, in turn, each in a fresh process; processor time. Written by `ledger.py`; see README.md.",
        "",
        f"SQL: {size.large[0]:,} lines of {size.large[1]:,} customers. CSV: {size.csv[0]:,} lines.",
        "",
        "| what | ratio | least to most | runs | target | held |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for target in TARGETS:
        if target.ours not in costs or target.other not in costs:
            continue
        pairs = [
            getattr(ours, target.figure) / getattr(other, target.figure)
            for ours, other in zip(costs[target.ours], costs[target.other], strict=True)
        ]
        ours, other = (getattr(medians[name], target.figure) for name in (target.ours, target.other))
        ratio = ours / other
        pairs = sorted(pairs)
        held = ratio <= target.limit
        lines.append(
            f"| {target.what} | {ratio:.2f} | {pairs[0]:.2f} to {pairs[-1]:.2f} | {len(pairs)} | ≤ {target.limit:g} | {'yes' if held else '**no**'} |"
        )
        if target.memory:
            memory = medians[target.ours].memory
            held = memory <= target.memory
            lines.append(
                f"| its peak memory, GiB | {memory:.2f} | | | ≤ {target.memory:g} | {'yes' if held else '**no**'} |"
            )
    lines += ["", "| side | seconds, all | seconds, after imports | peak GiB |", "| --- | ---: | ---: | ---: |"]
    lines += [f"| {name} | {cost.whole:.1f} | {cost.work:.1f} | {cost.memory:.2f} |" for name, cost in medians.items()]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the logs, run all sides in turn, hold their figures to each other, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(tempfile.gettempdir()) / "kalib-benchmarks")
    parser.add_argument("--size", choices=SIZES, default="full")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--groups", nargs="+", choices=("sql", "csv"), default=["sql", "csv"])
    parser.add_argument(
        "--results", type=Path, help="Markdown file for the table; default: results.md beside this script"
    )
    given = parser.parse_args(arguments)
    given.folder.mkdir(parents=True, exist_ok=True)
    rounds = list_rounds(given.folder, SIZES[given.size], given.groups)
    costs = run_rounds(rounds, given.repetitions, print)
    check_figures(given.folder, given.groups)
    shutil.rmtree(given.folder / "spill", ignore_errors=True)
    table = write_table(keep_costs(given.folder, costs), SIZES[given.size])
    measure.write_part(given.results or HERE / "results.md", "ledger", table)
    print("\n" + table)


if __name__ == "__main__":
    main()
