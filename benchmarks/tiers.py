"""How long do tiers take beside one k-means fit on all customers? In turn, each in a fresh process."""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.metadata
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import measure  # noqa: E402  benchmarks are scripts, no package

COUNT = 4
LIMIT = 3.0
"""What the tiers of all customers, the choice of their number included, may cost, in fits of k-means."""

SIZES = {"full": 2_000_000, "quick": 200_000, "tiny": 2_000}


def make_customers(folder: Path, customers: int) -> Path:
    """Make a table of customers with an order in the year, skewed as in trade, in the order of their ids.

    Returns
    -------
    Path
        A Parquet file: customer_id, orders, and the figures of ``NEEDED``.
    """
    path = folder / f"customers-{customers}.parquet"
    if path.exists():
        return path
    random = np.random.default_rng(7)
    orders = 1 + random.poisson(random.lognormal(1, 1.2, customers))
    table = pd.DataFrame(
        {
            "customer_id": [f"C{number:08}" for number in range(customers)],
            "orders": orders + random.integers(0, 9, customers),
            "net_sales_365_days": (orders**0.8 * random.lognormal(5, 1.2, customers)).round(2),
            "orders_365_days": orders,
            "days_since_last_order": (365 * random.beta(1, 1 + orders)).astype(int),
        }
    )
    table.to_parquet(path, index=False)
    return path


def fit_kmeans(customers: pd.DataFrame) -> Callable[[], object]:
    """Return one fit of scikit-learn's k-means on all points, which are made beforehand."""
    from sklearn.cluster import KMeans

    from kalib.topics.tiers import Points
    from kalib.topics.tiers_points import FEATURES

    points = np.ascontiguousarray(Points.prepare(customers, FEATURES, count=COUNT).placed)
    return lambda: KMeans(COUNT, n_init=1, random_state=0).fit(points)


def make_tiers(customers: pd.DataFrame) -> Callable[[], object]:
    """Return all that the tiers take: figures to points, three numbers judged, one chosen, everyone assigned, how surely."""
    from kalib.topics.tiers_choice import fit_tiers

    def work() -> pd.DataFrame:
        model, _ = fit_tiers(customers)
        return model.assess(customers)

    return work


SIDES = {"kmeans": fit_kmeans, "tiers": make_tiers}


def write_table(costs: dict[str, list[measure.Cost]], walls: dict[str, list[float]], customers: int) -> str:
    """Return the result as Markdown."""
    lines = [
        "# What tiers cost, beside one k-means fit",
        "",
        f"{dt.date.today()}, {os.cpu_count()} cores, Python {platform.python_version()}, scikit-learn "
        f"{importlib.metadata.version('scikit-learn')}. Medians, in turn, each in a fresh process. Written by `tiers.py`.",
        "",
        "Tiers: figures to points, three numbers of tiers judged, one chosen, all assigned, and how surely. k-means: "
        f"`KMeans({COUNT}, n_init=1)` on all points, made beforehand.",
        "",
    ]
    lines += ["| what | ratio | least to most | runs | target | held |", "| --- | ---: | ---: | ---: | ---: | --- |"]
    for name, ours, theirs in (
        ("processor time", [c.work for c in costs["tiers"]], [c.work for c in costs["kmeans"]]),
        ("time by the clock", walls["tiers"], walls["kmeans"]),
    ):
        ratio = float(np.median(ours) / np.median(theirs))
        pairs = sorted(one / other for one, other in zip(ours, theirs, strict=True))
        held = "yes" if ratio <= LIMIT else "**no**"
        lines.append(
            f"| tiers of {customers:,} customers against one k-means fit, {name} | {ratio:.2f} | {pairs[0]:.2f} to {pairs[-1]:.2f} "
            f"| {len(pairs)} | ≤ {LIMIT:g} | {held} |"
        )
    lines += [
        "",
        "| side | processor seconds of the work | seconds by the clock | peak GiB |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, runs in costs.items():
        middle = measure.median(runs)
        lines.append(f"| {name} | {middle.work:.2f} | {np.median(walls[name]):.2f} | {middle.memory:.2f} |")
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run both sides in turn and print the table; or, given a side, run it and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(tempfile.gettempdir()) / "kalib-benchmarks")
    parser.add_argument("--size", choices=SIZES, default="full")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--results", type=Path, help="Markdown file; default: results.md beside this script")
    parser.add_argument("--side", choices=SIDES, help="run this side alone")
    given = parser.parse_args(arguments)
    given.folder.mkdir(parents=True, exist_ok=True)
    path = make_customers(given.folder, SIZES[given.size])
    if given.side:
        work = SIDES[given.side](pd.read_parquet(path))
        clock, begin = time.perf_counter(), time.process_time()
        work()
        spent = time.process_time() - begin
        (given.folder / f"{given.side}.seconds").write_text(str(time.perf_counter() - clock), encoding="utf-8")
        print(spent)
        return
    costs: dict[str, list[measure.Cost]] = {name: [] for name in SIDES}
    walls: dict[str, list[float]] = {name: [] for name in SIDES}
    for number in range(given.repetitions):
        for name in SIDES:
            command = [sys.executable, __file__, given.folder, "--size", given.size, "--side", name]
            cost = measure.run(command)
            costs[name].append(cost)
            walls[name].append(float((given.folder / f"{name}.seconds").read_text(encoding="utf-8")))
            print(
                f"{number + 1} {name:8} {cost.work:6.2f} s of work, {walls[name][-1]:6.2f} s by the clock, {cost.memory:.2f} GiB"
            )
    table = write_table(costs, walls, SIZES[given.size])
    measure.write_part(given.results or HERE / "results.md", "tiers", table)
    print("\n" + table)


if __name__ == "__main__":
    main()
