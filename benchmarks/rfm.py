"""How fast is scoring beside the least that it takes: numpy.partition and searchsorted? Side by side in one run, in turn."""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.metadata
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import measure  # noqa: E402  benchmarks are scripts, no package

from kalib.topics.rfm import RfmScorer, score_rfm  # noqa: E402

LIMIT = 2.0
"""How many times the floor's processor time scoring may take."""

FIFTHS = (0.2, 0.4, 0.6, 0.8)


def make_customers(count: int) -> pd.DataFrame:
    """Make a table of customers as the ledger writes it, by customer_id: days, orders and net sales, the same each time."""
    draw = np.random.default_rng(20260630)
    orders = draw.geometric(0.2, count)
    return pd.DataFrame(
        {
            "customer_id": pd.Series([f"C{number:08}" for number in range(count)], dtype="str"),
            "days_since_last_order": pd.array(draw.integers(0, 1095, count), dtype="Int64"),
            "orders": orders,
            "net_sales": np.round(orders * draw.lognormal(4, 1.5, count), 2),
        }
    )


def score_barely(columns: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Score three columns with nothing but numpy: partition at the ranks of the quintiles, then searchsorted."""
    scores = []
    for figures in columns:
        ranks = [(len(figures) - 1) * share for share in FIFTHS]
        below = [int(rank + 1e-9) for rank in ranks]
        ordered = np.partition(figures, sorted({*below, *(rank + 1 for rank in below)}))
        edges = [ordered[b] + (ordered[b + 1] - ordered[b]) * (rank - b) for b, rank in zip(below, ranks, strict=True)]
        scores.append(1 + np.searchsorted(np.array(edges), figures))
    return scores


def check_scores(customers: pd.DataFrame, columns: Sequence[np.ndarray]) -> None:
    """Hold the scores of both sides to each other."""
    recency, frequency, money = score_barely(columns)
    ours = score_rfm(customers)
    for name, theirs in (("r_score", 6 - recency), ("f_score", frequency), ("m_score", money)):
        assert (ours[name].to_numpy() == theirs).all(), f"{name} differs"


def time_sides(sides: dict[str, Callable[[], object]], repetitions: int) -> dict[str, list[float]]:
    """Return the processor seconds of each side, run in turn, round after round."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(repetitions):
        for name, work in sides.items():
            begun = time.process_time()
            work()
            seconds[name].append(time.process_time() - begun)
    return seconds


def write_table(seconds: dict[str, list[float]], count: int, floor: str, held: Sequence[str]) -> str:
    """Return the result as Markdown; the floor is the first line."""
    packages = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("numpy", "pandas"))
    lines = [
        "# What scoring costs, beside numpy's partition and searchsorted",
        "",
        f"{dt.date.today()}, {os.cpu_count()} cores, Python {platform.python_version()}, {packages}. {count:,} customers; "
        f"medians of {len(seconds[floor])} in turn, in one process; processor time. Written by `rfm.py`; see README.md.",
        "",
        "| side | seconds | ratio | least to most | target | held |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for name, runs in seconds.items():
        ratio = statistics.median(runs) / statistics.median(seconds[floor])
        pairs = sorted(one / other for one, other in zip(runs, seconds[floor], strict=True))
        target = ("≤ " + f"{LIMIT:g}", "yes" if ratio <= LIMIT else "**no**") if name in held else ("", "")
        lines.append(
            f"| {name} | {statistics.median(runs):.2f} | {ratio:.2f} | {pairs[0]:.2f} to {pairs[-1]:.2f} | {target[0]} | {target[1]} |"
        )
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the customers, hold the scores to each other, measure both sides in turn, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=2_000_000)
    parser.add_argument("--repetitions", type=int, default=9)
    parser.add_argument("--results", type=Path, default=HERE / "results.md", help="Markdown file that gets the table")
    given = parser.parse_args(arguments)
    customers = make_customers(given.customers)
    columns = [customers[name].to_numpy(float) for name in ("days_since_last_order", "orders", "net_sales")]
    shuffled = customers.sample(frac=1, random_state=1)
    check_scores(customers, columns)
    scorer = RfmScorer().fit(customers)
    sides = {
        "numpy: partition and searchsorted of three columns": lambda: score_barely(columns),
        "ours: edges learnt, scores, both segments, ids checked": lambda: score_rfm(customers),
        "ours: the same with edges learnt before": lambda: score_rfm(customers, scorer=scorer),
        "ours: the same with customers in no order, so sorted": lambda: score_rfm(shuffled),
        "ours: scorer alone with customers in no order, ids unchecked": lambda: RfmScorer().fit_predict(shuffled),
    }
    seconds = time_sides(sides, given.repetitions)
    floor, *ours = sides
    table = write_table(seconds, given.customers, floor, [*ours[:2], ours[-1]])
    measure.write_part(given.results, "rfm", table)
    print(table)


if __name__ == "__main__":
    main()
