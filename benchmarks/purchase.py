"""How long does a purchase model take beside other packages, and does scoring need more memory for more customers?"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.metadata
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import measure  # noqa: E402  benchmarks are scripts, no package
import peers  # noqa: E402

GROUPS = ("fit", "map", "memory")
"""BG/NBD against lifetimes on many customers, against pymc-marketing's MAP on CDNOW, and the memory of scoring."""

SIZES = {"full": 2_000_000, "quick": 200_000, "tiny": 4_000}
LIMITS = {"fit": 25.0, "map": 20.0, "memory": 1.1}
"""How many times faster than the other side a fit is to be; how many times its memory scoring four times the customers may take."""

SAME = 0.01
"""Log-likelihoods that differ by no more than this are the same."""

TRUE = {"r": 0.6, "alpha": 90.0, "a": 0.8, "b": 3.0}
ROW_GROUP = 2**16
HORIZON = 90


def make_histories(folder: Path, customers: int) -> Path:
    """Make histories of customers who order as the BG/NBD says, in days over three years; the same each time.

    Returns
    -------
    Path
        A Parquet file: customer_id, frequency, recency, age.
    """
    path = folder / f"histories-{customers}.parquet"
    if path.exists():
        return path
    random = np.random.default_rng(20260630)
    rate = random.gamma(TRUE["r"], 1 / TRUE["alpha"], customers)
    leaves = random.beta(TRUE["a"], TRUE["b"], customers)
    age = random.integers(1, 1096, customers)
    count, last, clock = np.zeros(customers, int), np.zeros(customers, int), np.zeros(customers)
    active = np.arange(customers)
    while len(active):
        clock[active] += random.exponential(1, len(active)) / rate[active]
        active = active[clock[active] <= age[active]]
        day = np.ceil(clock[active]).astype(int)
        count[active] += day > last[active]  # several orders of a day count once
        last[active] = day
        active = active[random.random(len(active)) >= leaves[active]]
    table = pd.DataFrame(
        {
            "customer_id": [f"C{number:08}" for number in range(customers)],
            "frequency": count,
            "recency": last.astype(float),
            "age": age.astype(float),
        }
    )
    table.to_parquet(path, index=False, row_group_size=ROW_GROUP)
    return path


def make_apart(folder: Path, customers: int) -> Path:
    """Make them in a process of their own: a child begins with its parent's peak of memory."""
    path = folder / f"histories-{customers}.parquet"
    measure.run([sys.executable, __file__, folder, "--side", "make", "--histories", path])
    return path


def make_cdnow(folder: Path) -> Path:
    """Make the histories of the papers' sample of CDNOW, in weeks up to 1997-09-30."""
    from kalib.topics.purchase import summarise_histories

    root = HERE.parent
    log = pd.read_csv(root / "data/cdnow/orders.csv", dtype={"customer_id": str}, parse_dates=["order_date"])
    sample = (root / "tests/reference/cdnow_sample.txt").read_text(encoding="ascii").split()
    histories = summarise_histories(log[log["customer_id"].isin(sample)], as_of=dt.date(1997, 9, 30), unit_days=7)
    path = folder / "histories-cdnow.parquet"
    histories.to_parquet(path, index=False)
    return path


def fit(histories: Path, out: Path) -> float:
    """Write the parameters of our BG/NBD; return the processor time when imports were done."""
    import pyarrow.parquet  # noqa: F401  an import is no part of the work

    from kalib.topics.purchase_models import BetaGeometric

    begin = time.process_time()
    model = BetaGeometric().fit(pd.read_parquet(histories, columns=["frequency", "recency", "age"]))
    out.write_text(json.dumps(model.params_.to_dict()), encoding="utf-8")
    return begin


def score(histories: Path, out: Path) -> float:
    """Write P(alive) and expected orders of all customers, read and written as they come."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from kalib.topics.purchase_models import BetaGeometric

    begin = time.process_time()
    model = BetaGeometric()
    model.params_ = pd.Series(TRUE)
    fields = [("customer_id", pa.string()), ("p_alive", pa.float64()), ("expected_orders", pa.float64())]
    with pq.ParquetFile(histories) as source, pq.ParquetWriter(out, pa.schema(fields)) as target:
        for batch in source.iter_batches(batch_size=ROW_GROUP):
            table = batch.to_pandas()
            alive, orders = model.p_alive(table), model.expected_orders(table, HORIZON)
            target.write_table(pa.table([batch["customer_id"], alive, orders], schema=pa.schema(fields)))
    return begin


def make(histories: Path, out: Path) -> float:
    """Make the histories that ``histories`` names."""
    begin = time.process_time()
    make_histories(out, int(histories.stem.rpartition("-")[2]))
    return begin


OURS = {"fit": fit, "score": score, "make": make}


def compare_fits(histories: Path, ours: Path, theirs: Path) -> float:
    """Return by how much the other side's log-likelihood is lower, both sides' parameters put into the same formula."""
    from kalib.topics.purchase_models import BetaGeometric

    table, found = pd.read_parquet(histories), []
    for path in (ours, theirs):
        model = BetaGeometric()
        model.params_ = pd.Series(json.loads(path.read_text(encoding="utf-8")))[list(model.names)]
        found.append(model.score(table))
    if found[1] > found[0] + SAME:
        raise AssertionError(f"{theirs.name} has the higher log-likelihood: {found[1]:.4f}, ours is {found[0]:.4f}.")
    return found[0] - found[1]


def write_table(rows: Sequence[tuple[str, ...]], costs: dict[str, list[measure.Cost]], sizes: str) -> str:
    """Return the result as Markdown."""
    packages = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("numpy", "scipy", "pandas"))
    lines = [
        "# What purchase models cost, beside other packages",
        "",
        f"{dt.date.today()}, {os.cpu_count()} cores, Python {platform.python_version()}, {packages}; "
        f"{', '.join([peers.NEEDS['lifetimes'][0], peers.NEEDS['pymc-map'][0]])}. In turn, each in a fresh process; medians. "
        "Written by `purchase.py`; see README.md.",
        "",
        sizes,
        "",
        "| what | ratio | least to most | runs | target | held |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
        *("| " + " | ".join(row) + " |" for row in rows),
        "",
        "| side | processor seconds of the work | peak GiB |",
        "| --- | ---: | ---: |",
    ]
    for name, runs in costs.items():
        middle = measure.median(runs)
        lines.append(f"| {name} | {middle.work:.3f} | {middle.memory:.3f} |")
    return "\n".join(lines) + "\n"


def compare(
    what: str, ours: Sequence[measure.Cost], theirs: Sequence[measure.Cost], limit: float, *, figure: str = "work"
) -> tuple[str, ...]:
    """Return a row of the table: theirs over ours, which is to be at least the limit; of memory, at most."""
    one, other = ([getattr(cost, figure) for cost in side] for side in (ours, theirs))
    ratio = float(np.median(other) / np.median(one))
    pairs = sorted(b / a for a, b in zip(one, other, strict=True))
    held, sign = (ratio >= limit, "≥") if figure == "work" else (ratio <= limit, "≤")
    return what, f"{ratio:.2f}", f"{pairs[0]:.2f} to {pairs[-1]:.2f}", str(len(pairs)), f"{sign} {limit:g}", "yes" if held else "**no**"  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the sides of each group in turn and write the table; or, given a side, run it and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(tempfile.gettempdir()) / "kalib-benchmarks")
    parser.add_argument("--size", choices=SIZES, default="full")
    parser.add_argument("--groups", nargs="+", choices=GROUPS, default=GROUPS)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--results", type=Path, default=HERE / "results.md", help="Markdown file that gets the table")
    parser.add_argument(
        "--side", choices=OURS, help="run this side of ours alone: FOLDER is then where its result goes"
    )
    parser.add_argument("--histories", type=Path)
    given = parser.parse_args(arguments)
    if given.side:
        begun = OURS[given.side](given.histories, given.folder)
        print(time.process_time() - begun)
        return
    given.folder.mkdir(parents=True, exist_ok=True)
    customers = SIZES[given.size]
    sides: dict[str, tuple[str, Path]] = {}  # name to task and histories
    if "fit" in given.groups:
        many = make_apart(given.folder, customers)
        sides |= {"ours: fit": ("fit", many), "lifetimes: fit": ("fit-lifetimes", many)}
    if "map" in given.groups:
        cdnow = make_cdnow(given.folder)
        sides |= {"ours: fit of CDNOW": ("fit", cdnow), "pymc-marketing: MAP of CDNOW": ("fit-pymc-map", cdnow)}
    if "memory" in given.groups:
        for number in (customers // 4, customers):
            sides[f"ours: scoring of {number:,}"] = ("score", make_apart(given.folder, number))
    costs: dict[str, list[measure.Cost]] = {name: [] for name in sides}
    outputs = {name: given.folder / f"purchase-{place}.out" for place, name in enumerate(sides)}
    for turn in range(given.repetitions + 1):  # the first only warms caches, that of compiled code among them
        for name, (task, histories) in sides.items():
            if task in OURS:
                command = [sys.executable, __file__, outputs[name], "--side", task, "--histories", histories]
            else:
                command = [peers.find_python(given.folder, task), HERE / "peers.py", task, histories, outputs[name]]
            cost = measure.run(command)
            if turn:
                costs[name].append(cost)
            print(f"{turn} {name:32} {cost.work:8.3f} s, {cost.memory:.3f} GiB", file=sys.stderr)
    rows = []
    for group, ours, theirs in (
        ("fit", "ours: fit", "lifetimes: fit"),
        ("map", "ours: fit of CDNOW", "pymc-marketing: MAP of CDNOW"),
    ):
        if group in given.groups:
            short = compare_fits(sides[ours][1], outputs[ours], outputs[theirs])
            told = "the same log-likelihood" if short <= SAME else f"which falls short by {short:.3f} of log-likelihood"
            what = f"BG/NBD, times faster than {theirs.partition(':')[0]}, {told}"
            rows.append(compare(what, costs[ours], costs[theirs], LIMITS[group]))
    if "memory" in given.groups:
        few, all_ = (costs[f"ours: scoring of {number:,}"] for number in (customers // 4, customers))
        rows.append(compare("scoring, peak memory of four times the customers", few, all_, LIMITS["memory"], figure="memory"))  # fmt: skip
    sizes = f"{customers:,} simulated customers with day-grained histories of up to three years; CDNOW: the papers' sample of 2,357."
    table = write_table(rows, costs, sizes)
    measure.write_part(given.results, "purchase", table)
    print(table)


if __name__ == "__main__":
    main()
